package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// runTree kills the server inside of CREATE, RESET and DROP BRANCH, of the present and of the past, by the clock and at each step. After a
// restart the branches, and the rows of all of them in heap and lake tables, are those from before the statement or those from after it; who was told that it is done
// finds the latter. Now and then the data directory is checked: nothing is missing, and nothing is there that belongs to nobody.
func (t *test) runTree(rounds int, longest time.Duration) error {
	started := time.Now()
	if err := t.start(); err != nil {
		return err
	}
	ctx := context.Background()
	if err := t.on(ctx, "postgres", "create table h (id int primary key, v int, w text)", "insert into h select i, 0, repeat('h', 30) from generate_series(1, 500) i",
		"create table l (id int, v int) using delta", "insert into l select i, i from generate_series(1, 500) i", "select tarn.mirror_sync()"); err != nil {
		return err
	}
	x := &treeTest{test: t, parent: map[string]string{"main": ""}, prints: map[string]string{}, past: map[string][]pastState{}}
	print, err := x.print(ctx, "postgres")
	if err != nil {
		return err
	}
	x.prints["main"] = print
	done := map[string]int{}
	for round := range rounds {
		kind, err := x.round(ctx, round, longest)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		done[kind]++
		if round%5 == 4 || round == rounds-1 {
			if err := x.check(); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
	}
	t.server.Process.Kill()
	<-t.exited
	fmt.Printf("crash: %d kills inside of CREATE, RESET and DROP BRANCH in %v, %d checks of the data directory; %v\n", rounds, time.Since(started).Round(time.Second),
		(rounds+4)/5, done)
	return nil
}

// pastState is what a branch was at a position of its log.
type pastState struct{ lsn, print string }

// treeTest knows what each branch has.
type treeTest struct {
	*test
	made   int
	parent map[string]string
	prints map[string]string
	past   map[string][]pastState // of its own log, since it was made or reset
}

func databaseOf(branch string) string {
	if branch == "main" {
		return "postgres"
	}
	return "postgres@" + branch
}

func (x *treeTest) names() []string { return slices.Sorted(maps.Keys(x.parent)) }

func (x *treeTest) any() string { n := x.names(); return n[rand.IntN(len(n))] }

// below are a branch and its descendants.
func (x *treeTest) below(name string) []string {
	out := []string{name}
	for i := 0; i < len(out); i++ {
		for child, parent := range x.parent {
			if parent == out[i] {
				out = append(out, child)
			}
		}
	}
	return out
}

// write changes a branch's rows and notes what it is then.
func (x *treeTest) write(ctx context.Context, name string, round int) error {
	db := databaseOf(name)
	statements := []string{fmt.Sprintf("update h set v = v + %d where id %% 7 = %d", round+1, round%7), fmt.Sprintf("insert into l select %d, i from generate_series(1, 20) i", 1000+round),
		fmt.Sprintf("delete from l where id = %d", round*13%500), fmt.Sprintf("insert into h values (%d, 1, 'new')", 1000+round)}
	if rand.IntN(2) == 0 {
		statements = append(statements, "select tarn.mirror_sync()")
	}
	if err := x.on(ctx, db, statements...); err != nil {
		return err
	}
	return x.note(ctx, name)
}

func (x *treeTest) note(ctx context.Context, name string) error {
	db := databaseOf(name)
	print, err := x.print(ctx, db)
	if err != nil {
		return err
	}
	c, err := x.connect(ctx, db)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	var lsn string
	if err := c.QueryRow(ctx, "select pg_current_wal_lsn()::text").Scan(&lsn); err != nil {
		return err
	}
	x.prints[name] = print
	x.past[name] = append(x.past[name], pastState{lsn, print})
	return nil
}

// statement chooses what is to be done, and tells what the branches are after it: parents and prints.
func (x *treeTest) statement() (kind, sql string, parent, prints map[string]string) {
	parent, prints = maps.Clone(x.parent), maps.Clone(x.prints)
	name := x.any()
	past := func(of string) *pastState {
		if p := x.past[of]; len(p) > 0 {
			return &p[rand.IntN(len(p))]
		}
		return nil
	}
	switch at := past(name); {
	case len(x.parent) < 3 || len(x.parent) < 7 && rand.IntN(3) == 0:
		x.made++
		child := fmt.Sprintf("b%d", x.made)
		parent[child], prints[child] = name, x.prints[name]
		if at != nil && rand.IntN(2) == 0 {
			prints[child] = at.print
			return "create of the past", fmt.Sprintf("create branch %s from %s at lsn '%s'", child, name, at.lsn), parent, prints
		}
		return "create", fmt.Sprintf("create branch %s from %s", child, name), parent, prints
	case name == "main":
		return x.statement()
	case at != nil && rand.IntN(3) == 0:
		prints[name] = at.print
		return "reset to the past", fmt.Sprintf("alter branch %s reset to lsn '%s'", name, at.lsn), parent, prints
	case rand.IntN(2) == 0:
		prints[name] = x.prints[x.parent[name]]
		return "reset", fmt.Sprintf("alter branch %s reset", name), parent, prints
	}
	for _, gone := range x.below(name) {
		delete(parent, gone)
		delete(prints, gone)
	}
	return "drop", fmt.Sprintf("drop branch %s cascade", name), parent, prints
}

var treeSteps = []string{"branch marked", "copied store", "cloned files", "copied lakes", "restored", "restored log", "branch stored", "base linked", "base named", "tree written", "branch forgotten", "store removed"}

func (x *treeTest) round(ctx context.Context, round int, longest time.Duration) (kind string, err error) {
	if err := x.write(ctx, x.any(), round); err != nil {
		return "", err
	}
	kind, sql, parent, prints := x.statement()
	point := ""
	if round%2 == 0 {
		point = treeSteps[round/2%len(treeSteps)]
		x.server.Process.Kill()
		<-x.exited
		if err := x.start("TARN_FAILPOINT=" + point); err != nil {
			return "", fmt.Errorf("start for %s: %w", point, err)
		}
	}
	done := make(chan error, 1)
	go func() {
		err := x.on(ctx, "postgres", sql)
		if err == nil && strings.HasPrefix(point, "base") {
			x.found(ctx) // a new store has its first base made when it is opened
		}
		done <- err
	}()
	if point == "" {
		time.Sleep(time.Duration(1 + rand.Int64N(int64(longest))))
	} else {
		select { // the step may not be on the way
		case <-x.exited:
			x.exited <- nil
		case err := <-done:
			done <- err
		}
	}
	x.server.Process.Kill()
	<-x.exited
	acked := <-done == nil
	if err := x.start(); err != nil {
		return "", fmt.Errorf("%s at %q: restart: %w", sql, point, err)
	}
	found, err := x.found(ctx)
	if err != nil {
		return "", fmt.Errorf("%s at %q: %w", sql, point, err)
	}
	switch {
	case maps.Equal(found, prints):
		for name := range prints {
			if x.prints[name] != prints[name] || x.parent[name] != parent[name] || strings.HasPrefix(kind, "reset") && strings.Contains(sql, " "+name+" ") {
				x.past[name] = nil // what it was before is another branch's past, or behind a reset
			}
		}
		x.parent, x.prints = parent, prints
	case acked:
		return "", fmt.Errorf("%s at %q was acknowledged and is not there:\n%s", sql, point, differ(found, prints))
	case !maps.Equal(found, x.prints):
		return "", fmt.Errorf("%s at %q: neither before nor after\nbefore: %s\nafter: %s", sql, point, differ(found, x.prints), differ(found, prints))
	}
	return kind, nil
}

// differ says which branches are otherwise than they should be.
func differ(found, want map[string]string) string {
	var out []string
	for name, print := range want {
		if got, ok := found[name]; !ok {
			out = append(out, name+" is missing")
		} else if got != print {
			out = append(out, fmt.Sprintf("%s has\n%s\nwant\n%s", name, got, print))
		}
	}
	for name := range found {
		if _, ok := want[name]; !ok {
			out = append(out, name+" is there")
		}
	}
	return strings.Join(out, "; ")
}

// found is what the branches have.
func (x *treeTest) found(ctx context.Context) (map[string]string, error) {
	c, err := x.connect(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	var list string
	if err := c.QueryRow(ctx, "select string_agg(name, ' ') from tarn.branches").Scan(&list); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, name := range strings.Fields(list) {
		if out[name], err = x.print(ctx, databaseOf(name)); err != nil {
			return nil, fmt.Errorf("branch %s: %w", name, err)
		}
	}
	return out, nil
}

// check stops the server in peace and verifies the data directory.
func (x *treeTest) check() error {
	x.server.Process.Signal(syscall.SIGTERM)
	<-x.exited
	out, err := exec.Command(x.bin, "check", filepath.Join(x.dir, "data")).CombinedOutput()
	if err == nil && strings.Contains(string(out), "left over") {
		err = errors.New("something is left over after a restart and a stop")
	}
	if err != nil {
		return fmt.Errorf("tarn check: %w\n%s", err, out)
	}
	return x.start()
}
