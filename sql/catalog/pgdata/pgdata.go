// Package pgdata holds the rows that PostgreSQL 15's initdb puts into its system catalogs, with their OIDs:
// types, functions, operators, casts, aggregates, operator classes, and the shape of every system relation.
// They define SQL's typing rules for Tarn; nothing here is invented. dump.sh writes data/ from a fresh cluster.
package pgdata

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/*.tsv
var files embed.FS

// Table is one catalog as text. A nil cell is NULL.
type Table struct {
	Columns []string
	Rows    [][]*string
}

// Col returns the position of a column; it panics on a name that the dump does not have (a programming error).
func (t *Table) Col(name string) int {
	for i, c := range t.Columns {
		if c == name {
			return i
		}
	}
	panic(fmt.Sprintf("pgdata: no column %q", name))
}

var (
	tablesMu sync.Mutex
	tables   = map[string]*Table{}
)

// Load returns the dumped catalog of that name ("pg_opclass", "system_columns", …), parsed on first use and kept.
// It panics on a name that is not in data/. The rows of extensions come last, in pg_description those of Tarn's own objects (tarn_description).
func Load(name string) *Table {
	tablesMu.Lock()
	defer tablesMu.Unlock()
	if t := tables[name]; t != nil {
		return t
	}
	t := withExtensions(name, parseFile(files, "data/"+name+".tsv"))
	if name == "pg_description" {
		t.Rows = append(t.Rows, parseFile(files, "data/tarn_description.tsv").Rows...)
	}
	tables[name] = t
	return t
}

func parseFile(files embed.FS, path string) *Table {
	raw, err := files.ReadFile(path)
	if err != nil {
		panic("pgdata: " + err.Error())
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	t := &Table{Columns: strings.Split(lines[0], "\t"), Rows: make([][]*string, 0, len(lines)-1)}
	cells := make([]string, (len(lines)-1)*len(t.Columns))
	for _, line := range lines[1:] {
		row := make([]*string, len(t.Columns))
		for i := range row {
			var cell string
			cell, line, _ = strings.Cut(line, "\t")
			if cell == `\N` {
				continue
			}
			c := &cells[0]
			cells = cells[1:]
			*c = unescape(cell)
			row[i] = c
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// unescape undoes COPY's text format (manual: COPY, File Formats, Text Format).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'v':
			b.WriteByte('\v')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// reader reads the cells of one row in column order.
type reader struct {
	row []*string
	i   int
}

func (r *reader) str() string {
	c := r.row[r.i]
	r.i++
	if c == nil {
		return ""
	}
	return *c
}

func (r *reader) bool() bool { return r.str() == "t" }

func (r *reader) char() byte {
	s := r.str()
	if s == "" {
		return 0
	}
	return s[0]
}

func (r *reader) int() int {
	s := r.str()
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("pgdata: " + err.Error())
	}
	return n
}

func (r *reader) oid() uint32 { return uint32(r.int()) }

// oids reads an oidvector ("23 25") or an oid[] ("{23,25}"); nil for NULL and for none.
func (r *reader) oids() []uint32 {
	var out []uint32
	for _, f := range strings.FieldsFunc(r.str(), func(c rune) bool { return c == ' ' || c == ',' || c == '{' || c == '}' }) {
		n, err := strconv.ParseUint(f, 10, 32)
		if err != nil {
			panic("pgdata: " + err.Error())
		}
		out = append(out, uint32(n))
	}
	return out
}

// texts reads a text[] whose elements hold no quotes or commas of their own.
func (r *reader) texts() []string {
	s := strings.Trim(r.str(), "{}")
	if s == "" {
		return nil
	}
	out := strings.Split(s, ",")
	for i := range out {
		out[i] = strings.Trim(out[i], `"`)
	}
	return out
}
