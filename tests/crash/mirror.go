package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarndb/tarn/tests/lake"
)

// publisher publishes the mirror without pause, so that a kill meets every step of it: files, log entries, checkpoints,
// compactions, removals.
func (t *test) publisher(ctx context.Context) error {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return nil
	}
	defer c.Close(ctx)
	for {
		if _, err := c.Exec(ctx, "select tarn.mirror_sync()"); err != nil {
			if lost(err) {
				return nil
			}
			return fmt.Errorf("mirror_sync: %w", err)
		}
	}
}

// keeper merges and removes files of tables all the time.
func (t *test) keeper(ctx context.Context) error {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return nil
	}
	defer c.Close(ctx)
	tables := []string{"branches", "tellers", "accounts", "history", "changing"}
	for {
		table := tables[rand.IntN(len(tables))]
		retain := 0
		if slices.Contains(withFeed, table) {
			retain = 1
		}
		for _, sql := range []string{"optimize " + table, fmt.Sprintf("vacuum %s retain %d hours", table, retain)} {
			// The table changing may be gone, or have no mirror, by now.
			if _, err := c.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				if lost(err) {
					return nil
				}
				if table != "changing" {
					return fmt.Errorf("%s: %w", sql, err)
				}
			}
		}
	}
}

// changer alters a table all the time and fills it.
func (t *test) changer(ctx context.Context) error {
	c, err := t.connect(ctx, "postgres")
	if err != nil {
		return nil
	}
	defer c.Close(ctx)
	for n := 0; ; n++ {
		for _, sql := range []string{
			"create table if not exists changing (id serial primary key, a int, b text)",
			"insert into changing (a, b) select i, repeat('é', i) from generate_series(1, 20) i",
			[]string{
				"alter table changing add column if not exists c numeric(8,2) default 1.5",
				"alter table changing drop column if exists c",
				"alter table changing alter column a type bigint",
				"alter table changing alter column a type text",
				"alter table changing add column if not exists d int[]",
				"begin; truncate changing; insert into changing (b) values ('after'); commit",
				"begin; drop table changing; commit",
				"update changing set b = b || '!' where id % 3 = 0",
				"delete from changing where id % 5 = 0",
				"alter table changing set (mirror = off)",
				"alter table changing set (mirror = on)",
				"alter table changing set (mirror_deletes = rewrite)",
			}[rand.IntN(12)],
		} {
			// A column may be of another type by now: an answer is an answer.
			if _, err := c.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil && lost(err) {
				return nil
			}
		}
	}
}

// verifyMirror compares the Delta table of every table with its rows.
func (t *test) verifyMirror(ctx context.Context, c *pgx.Conn) error {
	if _, err := c.Exec(ctx, "select tarn.mirror_sync()"); err != nil {
		return fmt.Errorf("mirror_sync: %w", err)
	}
	list, err := c.PgConn().Exec(ctx, `select c.oid::regclass::text, tarn.delta_path(c.oid) from pg_class c where relkind = 'r'
		and relnamespace = 'public'::regnamespace and not coalesce(reloptions @> '{mirror=off}', false)`).ReadAll()
	if err != nil {
		return err
	}
	for _, r := range list[0].Rows {
		table, dir := string(r[0]), string(r[1])
		rows, err := c.PgConn().Exec(ctx, "select * from "+table).ReadAll()
		if err != nil {
			return err
		}
		delta, err := lake.Read(dir)
		if err != nil {
			return err
		}
		var want, got []string
		for _, row := range rows[0].Rows {
			want = append(want, line(row))
		}
		for _, row := range delta.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = lake.Text(delta.Fields[i].Type, v)
			}
			got = append(got, strings.Join(cells, "|"))
		}
		if d := difference(want, got, "Delta"); d != "" {
			return fmt.Errorf("table %s, Delta version %d in %s: %d rows, the table has %d; %s", table, delta.Version, dir, len(got), len(want), d)
		}
		t.compared++
		if !slices.Contains(withFeed, table) {
			continue
		}
		if t.feeds[table] == nil {
			t.feeds[table] = newFeed()
		}
		if err := t.feeds[table].follow(ctx, c, table, delta.Version, want); err != nil {
			return err
		}
		t.replayed++
	}
	return nil
}

// verifyFeeds replays the changes of all versions once more, from the first one on.
func (t *test) verifyFeeds() error {
	if time.Since(t.loaded) > filesKept {
		fmt.Println("crash: the files of the first versions have expired, their changes were replayed as they came only")
		return nil
	}
	t.feeds = map[string]*feed{}
	return t.verify()
}

// filesKept is how long the files of a version are there at least; the mirror keeps them for 15 minutes.
const filesKept = 14 * time.Minute

// difference is the first row that two lists do not share, that of the table and another.
func difference(want, got []string, other string) string {
	sort.Strings(want)
	sort.Strings(got)
	for i := 0; i < len(want) || i < len(got); i++ {
		switch {
		case i == len(got), i < len(want) && want[i] < got[i]:
			return "only in the table: " + want[i]
		case i == len(want), want[i] > got[i]:
			return "only in " + other + ": " + got[i]
		}
	}
	return ""
}
