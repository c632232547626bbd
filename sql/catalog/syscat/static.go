package syscat

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// static holds the rows that PostgreSQL's initdb makes of one catalog, and look-ups by the columns that were asked for.
type static struct {
	once  sync.Once
	table *catalog.Table
	rows  [][]types.Datum

	mu      sync.Mutex // protects byValue
	byValue map[int16]map[string][]int32
}

// staticSources name the data behind a catalog.
var staticSources = map[string]string{
	"pg_type": "pg_type", "pg_proc": "pg_proc", "pg_operator": "pg_operator", "pg_cast": "pg_cast", "pg_aggregate": "pg_aggregate",
	"pg_am": "pg_am", "pg_amop": "pg_amop", "pg_amproc": "pg_amproc", "pg_opclass": "pg_opclass", "pg_opfamily": "pg_opfamily",
	"pg_collation": "pg_collation", "pg_conversion": "pg_conversion", "pg_language": "pg_language", "pg_range": "pg_range",
	"pg_tablespace": "pg_tablespace", "pg_description": "pg_description", "pg_ts_config": "pg_ts_config",
	"pg_ts_config_map": "pg_ts_config_map", "pg_ts_dict": "pg_ts_dict", "pg_ts_parser": "pg_ts_parser",
	"pg_ts_template": "pg_ts_template", "sql_features": "information_schema_sql",
}

// staticDefaults are columns that the data leaves out because they are the same in every row.
var staticDefaults = map[string]types.Datum{
	"proowner": oid(catalog.SuperuserOID), "typowner": oid(catalog.SuperuserOID), "oprowner": oid(catalog.SuperuserOID),
}

var (
	staticMu    sync.Mutex // protects staticByOID
	staticByOID = map[catalog.OID]*static{}
)

// staticRows returns PostgreSQL's own rows of a catalog; nil if it has none.
func staticRows(t *catalog.Table) *static {
	source, ok := staticSources[t.Name]
	if !ok {
		return nil
	}
	staticMu.Lock()
	s := staticByOID[t.OID]
	if s == nil {
		s = &static{table: t, byValue: map[int16]map[string][]int32{}}
		staticByOID[t.OID] = s
	}
	staticMu.Unlock()
	s.once.Do(func() { s.load(withOwn(pgdata.Load(source), source)) })
	return s
}

// load turns cells into values. A cell that its type cannot read is a broken data file: it panics.
func (s *static) load(data *pgdata.Table) {
	cols := s.table.Columns
	from := make([]int, len(cols))
	for i := range cols {
		from[i] = -1
		for j, name := range data.Columns {
			if name == cols[i].Name {
				from[i] = j
			}
		}
	}
	s.rows = make([][]types.Datum, len(data.Rows))
	all := make([]types.Datum, len(data.Rows)*len(cols))
	for r, cells := range data.Rows {
		row := all[:len(cols):len(cols)]
		all = all[len(cols):]
		for i := range cols {
			switch j := from[i]; {
			case j >= 0 && cells[j] != nil:
				row[i] = s.parse(&cols[i], *cells[j])
			case j < 0 && staticHas(cols[i].Name):
				row[i] = staticDefaults[cols[i].Name]
			default:
				row[i] = null
			}
		}
		s.rows[r] = row
	}
}

func staticHas(name string) bool { _, ok := staticDefaults[name]; return ok }

func (s *static) parse(c *catalog.Column, cell string) types.Datum {
	t := types.Lookup(c.Type)
	if t == nil || t.Kind == tuple.KindText {
		return text(cell) // the domains of information_schema are text, too
	}
	if t.OID == types.Char && cell == "" {
		return char(0)
	}
	d, err := t.ParseText(cell, -1, nil)
	if err != nil {
		panic(fmt.Sprintf("syscat: %s.%s: %v", s.table.Name, c.Name, err))
	}
	return d.Clone()
}

// lookups are the columns that are worth a look-up table.
var lookups = map[string]bool{
	"oid": true, "typname": true, "proname": true, "oprname": true, "castsource": true, "casttarget": true, "aggfnoid": true,
	"amname": true, "opcname": true, "opcfamily": true, "collname": true, "lanname": true, "rngtypid": true, "rngsubtype": true,
	"rngmultitypid": true, "objoid": true, "typrelid": true, "typarray": true, "typelem": true, "amopopr": true, "amopfamily": true,
	"amprocfamily": true, "spcname": true, "cfgname": true, "dictname": true,
}

// find returns the rows that the first usable condition selects.
func (s *static) find(eq []Key) [][]types.Datum {
	for _, k := range eq {
		if k.AttNum < 1 || int(k.AttNum) > len(s.table.Columns) || !lookups[s.table.Columns[k.AttNum-1].Name] {
			continue
		}
		list := s.index(k.AttNum)[valueKey(k.Val)]
		out := make([][]types.Datum, len(list))
		for i, r := range list {
			out[i] = s.rows[r]
		}
		return out
	}
	return append([][]types.Datum(nil), s.rows...)
}

func (s *static) index(att int16) map[string][]int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.byValue[att]
	if m == nil {
		m = map[string][]int32{}
		for i, r := range s.rows {
			k := valueKey(r[att-1])
			m[k] = append(m[k], int32(i))
		}
		s.byValue[att] = m
	}
	return m
}

func valueKey(d types.Datum) string {
	switch {
	case d.IsNull():
		return ""
	case d.IsScalar():
		return string(binary.BigEndian.AppendUint64([]byte{'n'}, d.Uint()))
	}
	return "t" + string(d.Bytes())
}
