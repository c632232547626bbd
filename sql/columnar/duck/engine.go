package duck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// Options bound what DuckDB may use.
type Options struct {
	// Directories below which the files of snapshots are; nothing else can be read.
	Directories []string
	// TempDir takes what does not fit in memory, TempBytes (0: 10 GB) at most; "": nothing spills. A query that needs more fails, and
	// goes to the rows.
	TempDir   string
	TempBytes int64
	// MemoryBytes is DuckDB's memory_limit (0: 1 GB), Threads its threads (0: half of the processors, at least one).
	MemoryBytes int64
	Threads     int
	// Queries run at a time (0: as many as Threads, at least 2); others wait.
	Queries int
	// Nice is the niceness of DuckDB's threads, 0 to 19, or 20: the idle class of the scheduler (Linux only). Transactions keep their share
	// of the processors.
	Nice int
	// Logger hears of fragments that failed and went to the rows; nil: nobody.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = 1 << 30
	}
	if o.TempBytes <= 0 {
		o.TempBytes = 10 << 30
	}
	if o.Threads <= 0 {
		o.Threads = max(1, runtime.NumCPU()/2)
	}
	if o.Queries <= 0 {
		o.Queries = max(2, o.Threads)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Engine is the process's DuckDB; New makes one.
type Engine struct {
	opt     Options
	slots   chan struct{}
	workers *workers
	results sync.WaitGroup // that are not closed

	mu     sync.Mutex // protects what follows, while it opens and closes
	db     *instance  // the one that new connections are to; nil: not opened yet
	closed bool
	err    error // of opening the first one; it is not tried again
}

// instance is an open DuckDB. What it may read is fixed when it opens: for files elsewhere another takes its place, and it is closed with
// the last of its connections.
type instance struct {
	db    duckdb.Database
	roots []string // that it may read besides Options.Directories
	conns int      // protected by Engine.mu
	old   bool     // another has its place; protected by Engine.mu
}

// maxRoots bounds those of an instance: one that needs more begins with its own query's.
const maxRoots = 256

func (i *instance) reads(roots []string) bool {
	return !slices.ContainsFunc(roots, func(r string) bool { return !slices.Contains(i.roots, r) })
}

// New makes an engine, which opens DuckDB when it is first needed.
func New(o Options) *Engine {
	o = o.withDefaults()
	return &Engine{opt: o, slots: make(chan struct{}, o.Queries), workers: newWorkers(o.Queries, o.Nice)}
}

// Close waits for the queries and their results and closes DuckDB.
func (e *Engine) Close() {
	for range cap(e.slots) {
		e.slots <- struct{}{}
	}
	e.results.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.db != nil {
		duckdb.Close(&e.db.db)
	}
	e.db, e.closed = nil, true
	e.workers.stop()
	for range cap(e.slots) {
		<-e.slots
	}
}

// connect takes a slot and a connection that may read files below roots, too. conn.release gives the slot back, conn.close both.
func (e *Engine) connect(ctx context.Context, roots []string) (*conn, error) {
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	c, err := e.open(roots)
	if err != nil {
		<-e.slots
	}
	return c, err
}

func (e *Engine) open(roots []string) (*conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.New("columnar engine is closed")
	}
	if e.err != nil {
		return nil, e.err
	}
	if e.db == nil || !e.db.reads(roots) {
		if err := e.replaceLocked(roots); err != nil {
			return nil, err
		}
	}
	c := &conn{e: e, in: e.db, slot: true}
	if duckdb.Connect(e.db.db, &c.c) == duckdb.StateError {
		return nil, errors.New("connect to the columnar engine")
	}
	c.in.conns++
	e.results.Add(1)
	return c, nil
}

// replaceLocked opens an instance that may read below roots, besides what the one before it may.
func (e *Engine) replaceLocked(roots []string) (err error) {
	was := e.db
	next := &instance{roots: slices.Clone(roots)}
	if was != nil && len(was.roots)+len(roots) <= maxRoots {
		next.roots = append(next.roots, was.roots...)
	}
	e.workers.do(func() { err = e.start(next) }) // DuckDB's threads have the priority of the one that starts them
	if err != nil {
		if was == nil {
			e.err = err
		}
		return err
	}
	e.db = next
	if was != nil {
		was.old = true
		was.closeUnused()
	}
	return nil
}

// closeUnused closes an instance that nobody will use. Called with Engine.mu.
func (i *instance) closeUnused() {
	if i.old && i.conns == 0 {
		duckdb.Close(&i.db)
	}
}

func (e *Engine) start(in *instance) error {
	var msg string
	var cfg duckdb.Config
	if duckdb.CreateConfig(&cfg) == duckdb.StateError {
		return errors.New("configure the columnar engine")
	}
	defer duckdb.DestroyConfig(&cfg)
	if duckdb.OpenExt(":memory:", &in.db, cfg, &msg) == duckdb.StateError {
		return fmt.Errorf("open the columnar engine: %s", msg)
	}
	c := &conn{e: e}
	if duckdb.Connect(in.db, &c.c) == duckdb.StateError {
		duckdb.Close(&in.db)
		return errors.New("connect to the columnar engine")
	}
	defer duckdb.Disconnect(&c.c)
	err := registerDVKeep(c.c)
	if err == nil {
		err = registerNumeric(c.c)
	}
	var dirs []string
	for _, d := range slices.Concat(e.opt.Directories, in.roots) {
		if d, err = filepath.Abs(d); err != nil {
			break
		}
		dirs = append(dirs, quote(d+"/"))
		if real, err := filepath.EvalSymlinks(d); err == nil && real != d {
			dirs = append(dirs, quote(real+"/")) // where DuckDB says that its files are
		}
	}
	if err == nil {
		set := []string{
			fmt.Sprintf("SET memory_limit = '%dMB'", e.opt.MemoryBytes>>20),
			fmt.Sprintf("SET threads = %d", e.opt.Threads),
			"SET temp_directory = " + quote(e.opt.TempDir),
			fmt.Sprintf("SET max_temp_directory_size = '%dMB'", e.opt.TempBytes>>20),
			"SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false",
			"SET allow_community_extensions = false",
			"SET TimeZone = 'UTC'",
			"SET integer_division = true",
			"SET parquet_metadata_cache = true",
			"SET allowed_directories = [" + strings.Join(dirs, ", ") + "]",
			"SET enable_external_access = false",
			"SET lock_configuration = true",
		}
		for _, s := range set {
			if err = c.exec(s); err != nil {
				break
			}
		}
	}
	if err != nil {
		duckdb.Disconnect(&c.c)
		duckdb.Close(&in.db)
	}
	return err
}

// quote makes a string literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// ident makes a quoted identifier.
func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// conn is a connection for one query and its result.
type conn struct {
	e    *Engine
	in   *instance
	c    duckdb.Connection
	slot bool            // taken
	left <-chan struct{} // of a query that goes on after its statement; nil: none
}

// release lets another query run: the result is there as a whole.
func (c *conn) release() {
	if c.slot {
		c.slot = false
		<-c.e.slots
	}
}

func (c *conn) close() {
	duckdb.Disconnect(&c.c)
	c.e.mu.Lock()
	c.in.conns--
	c.in.closeUnused()
	c.e.mu.Unlock()
	c.release()
	c.e.results.Done()
}

func (c *conn) exec(sql string) error {
	var r duckdb.Result
	defer duckdb.DestroyResult(&r)
	if duckdb.Query(c.c, sql, &r) == duckdb.StateError {
		return errors.New(duckdb.ResultError(&r))
	}
	return nil
}

// grace is how long a cancelled statement waits for DuckDB, which looks for interrupts between some of its steps only.
var grace = 20 * time.Millisecond

// query runs sql while watching ctx. The result must be destroyed. If ctx ends and DuckDB does not soon, query returns all the same and
// c.left is closed when DuckDB does: until then nothing that sql reads may be freed.
func (c *conn) query(ctx context.Context, sql string) (duckdb.Result, error) {
	if ctx.Err() != nil {
		return duckdb.Result{}, context.Cause(ctx)
	}
	type end struct {
		r   duckdb.Result
		err error
	}
	over := make(chan end, 1)
	go func() {
		var e end
		var state duckdb.State
		c.e.workers.do(func() { state = duckdb.Query(c.c, sql, &e.r) })
		if state == duckdb.StateError {
			e.err = errors.New(duckdb.ResultError(&e.r))
			duckdb.DestroyResult(&e.r)
		}
		over <- e
	}()
	select {
	case e := <-over:
		return e.r, e.err
	case <-ctx.Done():
	}
	// An interrupt that comes before the query has begun is lost: it is repeated until the query ends.
	interrupt := func(until <-chan time.Time) (e end, ended bool) {
		t := time.NewTicker(5 * time.Millisecond)
		defer t.Stop()
		for {
			duckdb.Interrupt(c.c)
			select {
			case e = <-over:
				return e, true
			case <-until:
				return e, false
			case <-t.C:
			}
		}
	}
	if e, ended := interrupt(time.After(grace)); ended {
		if e.err != nil {
			e.err = context.Cause(ctx)
		}
		return e.r, e.err
	}
	left := make(chan struct{})
	c.left = left
	go func() {
		defer close(left)
		if e, _ := interrupt(nil); e.err == nil {
			duckdb.DestroyResult(&e.r)
		}
	}()
	return duckdb.Result{}, context.Cause(ctx)
}
