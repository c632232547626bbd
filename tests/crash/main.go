// Command crash kills a real server with SIGKILL while clients commit, again and again, and checks after each restart that
// what was acknowledged is there, once (I1), that no transaction is there in part (I2), and that the Delta table of every table
// holds its rows, each once (I4, I5): a client publishes all the time, another alters a table. Three tables have the change data
// feed: what it says of all versions from the first one on, replayed, is the table.
//
//	go run ./tests/crash -bin bin/tarn -rounds 200
//
// With -points the server kills itself instead, at each step of publishing, merging, checkpointing and removing files in turn
// (TARN_FAILPOINT, see replication/mirror.Options.Step).
//
// Each client runs pgbench's TPC-B transaction on accounts, tellers and branches and notes it in the history with a number
// of its own; the ledger on this side holds what COMMIT has answered for, and what it was not known of.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/tarndb/tarn/tests/port"
)

const (
	branches = 1
	tellers  = 10
	accounts = 1000
)

func main() {
	bin := flag.String("bin", "bin/tarn", "server to test")
	rounds := flag.Int("rounds", 200, "kills")
	clients := flag.Int("clients", 6, "connections that write")
	longest := flag.Duration("longest", 400*time.Millisecond, "longest time that the server lives under load")
	branching := flag.Bool("branches", true, "create and drop branches while writing")
	lake := flag.Bool("lake", false, "all tables but accounts are lake tables (no branches then)")
	points := flag.Bool("points", false, "the server kills itself at each step of the mirror, -rounds times each")
	large := flag.Bool("large", false, "kill under transactions that are larger than a record of the log (a longest of some seconds is wanted)")
	merges := flag.Bool("merges", false, "kill inside of MERGE BRANCH")
	tree := flag.Bool("tree", false, "kill inside of CREATE, RESET and DROP BRANCH")
	keep := flag.Bool("keep", false, "keep the data directory")
	flag.Parse()
	dir, err := os.MkdirTemp("", "tarn-crash-")
	if err != nil {
		fail(err)
	}
	t := &test{bin: *bin, dir: dir, clients: *clients, branching: *branching && !*lake, lake: *lake, ledger: map[int64]entry{}, feeds: map[string]*feed{}}
	switch {
	case *points:
		err = t.runPoints(*rounds)
	case *merges:
		err = t.runMerges(*rounds, *longest)
	case *tree:
		err = t.runTree(*rounds, *longest)
	case *large:
		err = t.runLarge(*rounds, *longest)
	default:
		err = t.run(*rounds, *longest)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "crash: %v\nthe data directory is kept: %s\n", err, dir)
		os.Exit(1)
	}
	if !*keep {
		os.RemoveAll(dir)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "crash:", err)
	os.Exit(1)
}

type entry struct {
	delta int64
	acked bool // false: the connection was lost before COMMIT answered
}

type test struct {
	bin, dir  string
	port      int
	clients   int
	branching bool
	lake      bool

	compared int // Delta tables
	replayed int // change data feeds up to some version
	loaded   time.Time
	feeds    map[string]*feed

	next   atomic.Int64
	mu     sync.Mutex
	ledger map[int64]entry

	server *exec.Cmd
	exited chan error
}

func (t *test) run(rounds int, longest time.Duration) error {
	started := time.Now()
	if err := t.start(); err != nil {
		return err
	}
	if err := t.load(); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	var slowest time.Duration
	for round := 1; round <= rounds; round++ {
		if err := t.kill(time.Duration(1 + rand.Int64N(int64(longest)))); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		at := time.Now()
		if err := t.start(); err != nil {
			return fmt.Errorf("round %d: restart: %w", round, err)
		}
		slowest = max(slowest, time.Since(at))
		if err := t.verify(); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if round%20 == 0 {
			acked, unknown := t.counts()
			fmt.Printf("round %d: %d acknowledged, %d unknown, slowest restart %v, %v\n", round, acked, unknown,
				slowest.Round(time.Millisecond), time.Since(started).Round(time.Second))
		}
	}
	if err := t.verifyFeeds(); err != nil {
		return err
	}
	t.server.Process.Kill()
	<-t.exited
	fmt.Printf("crash: %d kills, %s\n", rounds, t.summary())
	return nil
}

// steps are the places where a server can be told to kill itself, in the order of a table's life.
func (t *test) steps() []string {
	s := []string{"save", "saved", "files", "log", "linked", "committed", "feed", "checkpoint", "checkpointed", "merged", "compacted", "expire"}
	if t.lake {
		s = append(s, "adopt", "adopted")
	}
	return s
}

// pointTime is how long a server may take to reach a step under load.
const pointTime = 30 * time.Second

// runPoints has the server die at each step, rounds times, the first to the sixth time that it gets there.
func (t *test) runPoints(rounds int) error {
	started := time.Now()
	if err := t.start(); err != nil {
		return err
	}
	if err := t.load(); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	steps := t.steps()
	for _, step := range steps {
		for range rounds {
			point := fmt.Sprintf("%s:%d", step, 1+rand.IntN(6))
			t.server.Process.Kill()
			<-t.exited
			if err := t.start("TARN_FAILPOINT=" + point); err != nil && !errors.Is(err, errEnded) {
				return fmt.Errorf("at %s: %w", point, err)
			} else if err == nil {
				if err := t.until(pointTime); err != nil {
					return fmt.Errorf("at %s: %w", point, err)
				}
			}
			if err := t.start(); err != nil {
				return fmt.Errorf("after %s: restart: %w", point, err)
			}
			if err := t.verify(); err != nil {
				return fmt.Errorf("after %s: %w", point, err)
			}
		}
	}
	if err := t.verifyFeeds(); err != nil {
		return err
	}
	t.server.Process.Kill()
	<-t.exited
	fmt.Printf("crash: killed %d times at each of %d steps in %v, %s\n", rounds, len(steps), time.Since(started).Round(time.Second), t.summary())
	return nil
}

func (t *test) summary() string {
	acked, unknown := t.counts()
	return fmt.Sprintf("%d acknowledged commits all there once, %d of unknown outcome whole or absent; %d Delta tables equal to their rows, %d change data feeds too",
		acked, unknown, t.compared, t.replayed)
}

func (t *test) counts() (acked, unknown int) {
	for _, e := range t.ledger {
		if e.acked {
			acked++
		} else {
			unknown++
		}
	}
	return acked, unknown
}

// errEnded says that the server has ended before it answered.
var errEnded = errors.New("server ended (see server.log)")

func (t *test) start(env ...string) error {
	var err error
	if t.port, err = port.Free(); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(t.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	t.server = exec.Command(t.bin, "serve", "--data", filepath.Join(t.dir, "data"), "--listen", fmt.Sprintf("127.0.0.1:%d", t.port), "--http", "")
	t.server.Stdout, t.server.Stderr, t.server.Env = log, log, append(os.Environ(), env...)
	if err := t.server.Start(); err != nil {
		return err
	}
	exited, server := make(chan error, 1), t.server
	t.exited = exited
	go func() { exited <- server.Wait() }()
	deadline := time.Now().Add(30 * time.Second)
	for {
		c, err := t.connect(context.Background(), "postgres")
		if err == nil {
			return c.Close(context.Background())
		}
		select {
		case err := <-exited:
			exited <- err
			return fmt.Errorf("%w: %v", errEnded, err)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("server does not answer: %w", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (t *test) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable&connect_timeout=5", t.port, database))
}

func (t *test) load() error {
	ctx := context.Background()
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	key, using := t.tableForm()
	for _, sql := range []string{
		fmt.Sprintf("create table branches (bid int %s, bbalance bigint not null) %s", key, using),
		fmt.Sprintf("create table tellers (tid int %s, bid int not null, tbalance bigint not null) %s with (mirror_deletes = rewrite, change_data_feed = on)", key, using),
		"create table accounts (aid int primary key, bid int not null, abalance bigint not null, filler text) with (change_data_feed = on)",
		fmt.Sprintf("create table history (id bigint %s, tid int, bid int, aid int, delta bigint) %s with (change_data_feed = on)", key, using),
		fmt.Sprintf("insert into branches select i, 0 from generate_series(1, %d) i", branches),
		fmt.Sprintf("insert into tellers select i, 1, 0 from generate_series(1, %d) i", tellers),
		fmt.Sprintf("insert into accounts select i, 1, 0, repeat('x', 80) from generate_series(1, %d) i", accounts),
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	t.loaded = time.Now()
	return nil
}

// tableForm is what makes a column a key, and how a table is stored.
func (t *test) tableForm() (key, using string) {
	if t.lake {
		return "not null", "using delta"
	}
	return "primary key", ""
}

// kill lets clients work for a while and stops the server in the middle.
func (t *test) kill(after time.Duration) error {
	return t.work(func() error {
		select {
		case <-time.After(after):
		case err := <-t.exited:
			return fmt.Errorf("server ended by itself: %v", err)
		}
		if err := t.server.Process.Kill(); err != nil {
			return err
		}
		<-t.exited
		return nil
	})
}

// until lets clients work until the server has killed itself.
func (t *test) until(longest time.Duration) error {
	return t.work(func() error {
		select {
		case <-t.exited:
			return nil
		case <-time.After(longest):
			t.server.Process.Kill()
			<-t.exited
			return errors.New("the step was not reached")
		}
	})
}

// work lets clients work while end runs, after which the server is gone.
func (t *test) work(end func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	errs := make(chan error, t.clients+4)
	for range t.clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := t.client(ctx); err != nil {
				errs <- err
			}
		}()
	}
	if t.branching {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := t.brancher(ctx); err != nil {
				errs <- err
			}
		}()
	}
	for _, f := range []func(context.Context) error{t.publisher, t.changer, t.keeper} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := f(ctx); err != nil {
				errs <- err
			}
		}()
	}
	failed := end()
	wg.Wait()
	if failed != nil {
		return failed
	}
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// lost reports whether the server went away, as opposed to having answered with an error.
func lost(err error) bool {
	var answered interface{ SQLState() string }
	return !errors.As(err, &answered) || answered.SQLState() == "57P01" || answered.SQLState() == "57P02"
}

func (t *test) client(ctx context.Context) error {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return nil // killed before it could connect
	}
	defer c.Close(ctx)
	for {
		id := t.next.Add(1)
		delta := rand.Int64N(10001) - 5000
		committing, err := transaction(ctx, c, id, delta)
		if err == nil {
			t.note(id, entry{delta, true})
			continue
		}
		if !lost(err) {
			return fmt.Errorf("transaction %d: %w", id, err)
		}
		if committing {
			t.note(id, entry{delta, false})
		}
		return nil
	}
}

func (t *test) note(id int64, e entry) {
	t.mu.Lock()
	t.ledger[id] = e
	t.mu.Unlock()
}

func transaction(ctx context.Context, c *pgx.Conn, id, delta int64) (committing bool, err error) {
	aid, tid, bid := rand.IntN(accounts)+1, rand.IntN(tellers)+1, 1
	tx, err := c.Begin(ctx)
	if err != nil {
		return false, err
	}
	var balance int64
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{"update accounts set abalance = abalance + $1 where aid = $2", []any{delta, aid}},
		{"update tellers set tbalance = tbalance + $1 where tid = $2", []any{delta, tid}},
		{"update branches set bbalance = bbalance + $1 where bid = $2", []any{delta, bid}},
		{"insert into history (id, tid, bid, aid, delta) values ($1, $2, $3, $4, $5)", []any{id, tid, bid, aid, delta}},
	} {
		if _, err := tx.Exec(ctx, q.sql, q.args...); err != nil {
			return false, err
		}
	}
	if err := tx.QueryRow(ctx, "select abalance from accounts where aid = $1", aid).Scan(&balance); err != nil {
		return false, err
	}
	return true, tx.Commit(ctx)
}

// brancher makes branches and drops them; each must have sums that agree, whenever it was taken.
func (t *test) brancher(ctx context.Context) error {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return nil
	}
	defer c.Close(ctx)
	for n := 0; ; n++ {
		name := fmt.Sprintf("b%d_%d", t.next.Add(1), n) // of its own, even if no client began a transaction since the last restart
		if _, err := c.Exec(ctx, "create branch "+name); err != nil {
			if lost(err) {
				return nil
			}
			return fmt.Errorf("create branch: %w", err)
		}
		if n%4 == 0 {
			if err := t.checkBranch(ctx, name); err != nil {
				return err
			}
		}
		if n%2 == 1 {
			continue // left behind, for the restart to meet
		}
		for {
			_, err := c.Exec(ctx, "drop branch "+name)
			var state interface{ SQLState() string }
			if errors.As(err, &state) && state.SQLState() == "55006" {
				time.Sleep(time.Millisecond) // our own connection to it is still closing
				continue
			}
			if err != nil && !lost(err) {
				return fmt.Errorf("drop branch: %w", err)
			}
			if err != nil {
				return nil
			}
			break
		}
	}
}

func (t *test) checkBranch(ctx context.Context, name string) error {
	c, err := t.connect(ctx, "postgres@"+name)
	if err != nil {
		if lost(err) {
			return nil
		}
		return fmt.Errorf("connect to branch %s: %w", name, err)
	}
	defer c.Close(ctx)
	if _, err := sums(ctx, c); err != nil && !(lost(err) && !errors.Is(err, errSums)) {
		return fmt.Errorf("branch %s: %w", name, err)
	}
	return nil
}

var errSums = errors.New("sums differ")

// sums checks that the four tables agree and returns the number of history rows.
func sums(ctx context.Context, c *pgx.Conn) (rows int64, err error) {
	var a, b, te, h int64
	err = c.QueryRow(ctx, `select (select sum(abalance) from accounts)::bigint, (select sum(tbalance) from tellers)::bigint,
		(select sum(bbalance) from branches)::bigint, (select coalesce(sum(delta), 0) from history)::bigint, (select count(*) from history)`).Scan(&a, &te, &b, &h, &rows)
	if err != nil {
		return 0, err
	}
	if a != b || a != te || a != h {
		return rows, fmt.Errorf("%w: accounts %d, tellers %d, branches %d, history %d", errSums, a, te, b, h)
	}
	return rows, nil
}

// verify compares the server with the ledger.
func (t *test) verify() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if _, err := sums(ctx, c); err != nil {
		return err
	}
	rows, err := c.Query(ctx, "select id, delta from history")
	if err != nil {
		return err
	}
	found := map[int64]int64{}
	for rows.Next() {
		var id, delta int64
		if err := rows.Scan(&id, &delta); err != nil {
			return err
		}
		if _, twice := found[id]; twice {
			return fmt.Errorf("transaction %d is there twice", id)
		}
		found[id] = delta
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, e := range t.ledger {
		delta, ok := found[id]
		switch {
		case !ok && e.acked:
			return fmt.Errorf("acknowledged transaction %d is lost", id)
		case ok && delta != e.delta:
			return fmt.Errorf("transaction %d has delta %d, was %d", id, delta, e.delta)
		case ok && !e.acked:
			t.ledger[id] = entry{e.delta, true} // there now: it must stay
		case !ok:
			delete(t.ledger, id) // absent now: it must stay away, or it is unknown below
		}
		delete(found, id)
	}
	for id := range found {
		return fmt.Errorf("transaction %d is there and nobody committed it", id)
	}
	return t.verifyMirror(ctx, c)
}
