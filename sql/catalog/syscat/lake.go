package syscat

import (
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
)

// withOwn adds Tarn's rows: to pg_proc its functions, and to pg_am access method delta, which a database shows once it has a table of it.
func withOwn(t *pgdata.Table, source string) *pgdata.Table {
	switch source {
	case "pg_proc":
		own := pgdata.Load("tarn_proc")
		return &pgdata.Table{Columns: t.Columns, Rows: append(t.Rows[:len(t.Rows):len(t.Rows)], own.Rows...)}
	case "pg_am":
	default:
		return t
	}
	oid, name, handler, kind := strconv.Itoa(int(deltaAM)), "delta", "3", "t"
	return &pgdata.Table{Columns: t.Columns, Rows: append(t.Rows[:len(t.Rows):len(t.Rows)], []*string{&oid, &name, &handler, &kind})}
}

func hasLake(c *catalog.Catalog) bool { return someTable(c, (*catalog.Table).Lake) }

// someTable reports whether one of the relations is so.
func someTable(c *catalog.Catalog, is func(*catalog.Table) bool) (found bool) {
	c.Tables(func(t *catalog.Table) bool {
		found = is(t)
		return !found
	})
	return found
}
