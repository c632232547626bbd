package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// withFeed are the tables whose versions say what became of their rows. Their files are not vacuumed: a version that only adds rows
// says so with them.
var withFeed = []string{"accounts", "history", "tellers"}

// feed is what the changes of a table from version 0 to version next - 1 amount to.
type feed struct {
	next int64
	rows map[string]int // as difference takes them
}

func newFeed() *feed { return &feed{rows: map[string]int{}} }

// follow replays the versions up to last and compares the result with the table's rows.
func (f *feed) follow(ctx context.Context, c *pgx.Conn, table string, last int64, want []string) error {
	if last < f.next-1 {
		return fmt.Errorf("table %s is at Delta version %d and was at %d", table, last, f.next-1)
	}
	if last >= f.next {
		if err := f.replay(ctx, c, table, last); err != nil {
			return fmt.Errorf("changes of table %s: %w", table, err)
		}
	}
	var got []string
	for row, n := range f.rows {
		for range n {
			got = append(got, row)
		}
	}
	if d := difference(slices.Clone(want), got, "the changes"); d != "" {
		return fmt.Errorf("table %s, changes of the Delta versions 0 to %d: %d rows, the table has %d; %s", table, last, len(got), len(want), d)
	}
	return nil
}

// told is what a version says: by row how many came less those that went, and how many rows were updated.
type told struct {
	rows          map[string]int
	before, after int
}

func (f *feed) replay(ctx context.Context, c *pgx.Conn, table string, last int64) error {
	versions, err := changes(ctx, c, table, f.next, last)
	if err != nil {
		return err
	}
	for v := f.next; v <= last; v++ {
		t := versions[v]
		if t == nil {
			continue
		}
		if t.before != t.after {
			return fmt.Errorf("version %d has %d rows before updates and %d after", v, t.before, t.after)
		}
		for row, n := range t.rows {
			switch n += f.rows[row]; {
			case n < 0:
				return fmt.Errorf("version %d takes out a row that is not there: %s", v, row)
			case n == 0:
				delete(f.rows, row)
			default:
				f.rows[row] = n
			}
		}
	}
	f.next = last + 1
	return nil
}

func changes(ctx context.Context, c *pgx.Conn, table string, first, last int64) (map[int64]*told, error) {
	results, err := c.PgConn().Exec(ctx, fmt.Sprintf("select * from table_changes('%s', %d, %d)", table, first, last)).ReadAll()
	if err != nil {
		return nil, err
	}
	r := results[0]
	if len(r.Rows) == 0 {
		return nil, nil // versions that moved rows between files only; pgconn tells the columns of a result with its first row
	}
	kind, version := -1, -1
	for i, d := range r.FieldDescriptions {
		switch d.Name {
		case "_change_type":
			kind = i
		case "_commit_version":
			version = i
		}
	}
	if kind < 0 || version < kind {
		return nil, fmt.Errorf("columns %v", r.FieldDescriptions)
	}
	out := map[int64]*told{}
	for _, row := range r.Rows {
		v, err := strconv.ParseInt(string(row[version]), 10, 64)
		if err != nil {
			return nil, err
		}
		t := out[v]
		if t == nil {
			t = &told{rows: map[string]int{}}
			out[v] = t
		}
		text := line(row[:kind])
		switch change := string(row[kind]); change {
		case "insert":
			t.rows[text]++
		case "delete":
			t.rows[text]--
		case "update_preimage":
			t.rows[text]--
			t.before++
		case "update_postimage":
			t.rows[text]++
			t.after++
		default:
			return nil, fmt.Errorf("version %d has the change %q", v, change)
		}
	}
	return out, nil
}

// line is a row as differences show it.
func line(row [][]byte) string {
	cells := make([]string, len(row))
	for i, v := range row {
		if cells[i] = "NULL"; v != nil {
			cells[i] = string(v)
		}
	}
	return strings.Join(cells, "|")
}
