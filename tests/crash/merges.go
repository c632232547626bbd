package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// mergedRows are in a table that a merge brings along.
const mergedRows = 3000

// runMerges kills the server inside of MERGE BRANCH: of rows, new tables with rows, new columns and indexes. A twin of the target, into
// which the same merge has run in peace, says what it makes. After a restart the target is as it was or as the twin, and once the merge
// has run again, as the twin.
func (t *test) runMerges(rounds int, longest time.Duration) error {
	started := time.Now()
	if err := t.start(); err != nil {
		return err
	}
	ctx := context.Background()
	if err := t.on(ctx, "postgres", "create table m (id int primary key, v int, w text)",
		fmt.Sprintf("insert into m select i, 0, repeat('x', 50) from generate_series(1, %d) i", mergedRows), "create table loose (a int)"); err != nil {
		return err
	}
	whole := 0
	for round := range rounds {
		there, err := t.mergeRound(ctx, round, longest)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if there {
			whole++
		}
	}
	t.server.Process.Kill()
	<-t.exited
	fmt.Printf("crash: %d kills inside of MERGE BRANCH in %v, %d merges there as a whole, the others absent, all right when merged again\n",
		rounds, time.Since(started).Round(time.Second), whole)
	return nil
}

// mergeRound reports whether the merge under which the server died is there.
func (t *test) mergeRound(ctx context.Context, round int, longest time.Duration) (there bool, err error) {
	if err := t.on(ctx, "postgres", "create branch dev"); err != nil {
		return false, err
	}
	if err := t.on(ctx, "postgres@dev", fmt.Sprintf("alter table m add column c%d int default %d", round, round), fmt.Sprintf("create index m_c%[1]d on m (c%[1]d)", round),
		fmt.Sprintf("update m set v = v + 1, c%d = id where id %% 3 = %d", round, round%3), fmt.Sprintf("insert into m (id, v) values (%d, 1)", mergedRows+round+1),
		fmt.Sprintf("create table t%[1]d as select i as id, 'r' || i as t from generate_series(1, %[2]d) i", round, mergedRows), fmt.Sprintf("alter table t%d add primary key (id)", round),
		fmt.Sprintf("insert into loose select %d from generate_series(1, 5)", round)); err != nil {
		return false, err
	}
	if round >= 2 {
		if err := t.on(ctx, "postgres@dev", fmt.Sprintf("drop table t%d", round-2)); err != nil {
			return false, err
		}
	}
	if err := t.on(ctx, "postgres", fmt.Sprintf("update m set w = 'main' where id %% 3 = %d", (round+1)%3), "delete from loose where ctid in (select ctid from loose limit 1)"); err != nil {
		return false, err
	}
	if err := t.on(ctx, "postgres", "create branch twin"); err != nil {
		return false, err
	}
	before, err := t.print(ctx, "postgres")
	if err != nil {
		return false, err
	}
	if err := t.on(ctx, "postgres@twin", "merge branch dev"); err != nil {
		return false, err
	}
	after, err := t.print(ctx, "postgres@twin")
	if err != nil {
		return false, err
	}
	done := make(chan error, 1)
	go func() { done <- t.on(ctx, "postgres", "merge branch dev") }()
	time.Sleep(time.Duration(1 + rand.Int64N(int64(longest))))
	if err := t.server.Process.Kill(); err != nil {
		return false, err
	}
	<-t.exited
	acked := <-done == nil
	if err := t.start(); err != nil {
		return false, fmt.Errorf("restart: %w", err)
	}
	now, err := t.print(ctx, "postgres")
	switch {
	case err != nil:
		return false, err
	case now != before && now != after:
		return false, fmt.Errorf("a part of the merge is there:\n%s\nbefore\n%s\nafter\n%s", now, before, after)
	case acked && now != after:
		return false, fmt.Errorf("an acknowledged merge is lost")
	}
	if err := t.on(ctx, "postgres", "merge branch dev"); err != nil {
		return false, err
	}
	again, err := t.print(ctx, "postgres")
	if err != nil {
		return false, err
	}
	if again != after {
		return false, fmt.Errorf("merged again:\n%s\nwant\n%s", again, after)
	}
	return now == after, t.on(ctx, "postgres", "drop branch twin", "drop branch dev")
}

// on runs statements on a branch, each in a transaction of its own.
func (t *test) on(ctx context.Context, database string, statements ...string) error {
	c, err := t.connect(ctx, database)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, sql := range statements {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// print is what a branch has: columns, indexes and the rows of all tables, by the heap and by an index.
func (t *test) print(ctx context.Context, database string) (string, error) {
	c, err := t.connect(ctx, database)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	var text string
	if err := c.QueryRow(ctx, `select string_agg(table_name || '.' || column_name, ' ' order by table_name, column_name) from information_schema.columns where table_schema = 'public'`).Scan(&text); err != nil {
		return "", err
	}
	var indexes string
	if err := c.QueryRow(ctx, `select coalesce(string_agg(indexname, ' ' order by indexname), '') from pg_indexes where schemaname = 'public'`).Scan(&indexes); err != nil {
		return "", err
	}
	text += "\n" + indexes
	rows, err := c.Query(ctx, "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1")
	if err != nil {
		return "", err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	for _, name := range tables {
		var sum string
		if err := c.QueryRow(ctx, fmt.Sprintf("select count(*) || ' ' || coalesce(md5(string_agg(to_jsonb(x)::text, '' order by to_jsonb(x)::text)), '') from %s x", name)).Scan(&sum); err != nil {
			return "", err
		}
		text += "\n" + name + " " + sum
	}
	return text, nil
}
