package syscat

import (
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
)

// lookup is catalog.Lookup with column names. Rows below 0 are a share of all.
type lookup struct {
	cols   string
	rows   float64
	unique bool
}

// computedLookups are those that the functions of the computed relations make, PostgreSQL's own rows among them.
var computedLookups = map[string][]lookup{
	"pg_class":             {{"oid", 1, true}, {"relname relnamespace", 1, true}, {"relname", 1, false}, {"relnamespace", -0.5, false}},
	"pg_attribute":         {{"attrelid", 10, false}, {"attrelid attnum", 1, true}, {"attrelid attname", 1, true}},
	"pg_attrdef":           {{"oid", 1, true}, {"adrelid", 1, false}, {"adrelid adnum", 1, true}},
	"pg_index":             {{"indexrelid", 1, true}, {"indrelid", 2, false}},
	"pg_constraint":        {{"oid", 1, true}, {"conrelid", 2, false}, {"conrelid conname", 1, false}, {"confrelid", 2, false}, {"contypid", 1, false}, {"conname", 1, false}, {"conindid", 1, false}, {"conparentid", 1, false}, {"contype", -0.3, false}},
	"pg_type":              {{"oid", 1, true}, {"typname typnamespace", 1, true}, {"typname", 1, false}, {"typrelid", 1, false}, {"typarray", 1, false}, {"typelem", 1, false}},
	"pg_proc":              {{"oid", 1, true}, {"proname", 2, false}},
	"pg_namespace":         {{"oid", 1, true}, {"nspname", 1, true}},
	"pg_description":       {{"objoid", 1, false}, {"objoid classoid objsubid", 1, true}},
	"pg_depend":            {{"objid", 2, false}, {"refobjid", 4, false}},
	"pg_inherits":          {{"inhrelid", 1, false}, {"inhparent", 10, false}},
	"pg_trigger":           {{"oid", 1, true}, {"tgrelid", 1, false}, {"tgconstraint", 1, false}},
	"pg_sequence":          {{"seqrelid", 1, true}},
	"pg_enum":              {{"enumtypid", 5, false}},
	"pg_policy":            {{"polrelid", 1, false}},
	"pg_rewrite":           {{"oid", 1, true}, {"ev_class", 1, false}},
	"pg_partitioned_table": {{"partrelid", 1, true}},
	"pg_statistic":         {{"starelid", 10, false}},
	"pg_collation":         {{"oid", 1, true}, {"collname", 2, false}},
	"pg_ts_dict":           {{"oid", 1, true}, {"dictname", 2, false}},
	"pg_ts_config":         {{"oid", 1, true}, {"cfgname", 2, false}},
}

// Estimates tell the planner what reading the catalogs takes (opt.Computed).
type Estimates struct{ Catalog *catalog.Catalog }

// Rows is about how many rows a relation has.
func (e Estimates) Rows(t *catalog.Table) float64 {
	n := 0.0
	if s := staticRows(t); s != nil {
		n = float64(len(s.rows))
	}
	if t.Schema != catalog.PgCatalogOID {
		return n + 10
	}
	c := e.Catalog.Sizes()
	switch t.Name {
	case "pg_class":
		return float64(c.Relations + c.Indexes)
	case "pg_attribute":
		return float64(c.Columns + len(systemColumns)*c.Relations + 2*c.Indexes)
	case "pg_index":
		return float64(c.Indexes)
	case "pg_constraint":
		return float64(c.Constraints)
	case "pg_type":
		return n + float64(2*c.Relations)
	case "pg_attrdef", "pg_sequence", "pg_description":
		return n + float64(c.Relations)/2
	case "pg_depend":
		return float64(6*c.Relations + 2*c.Constraints)
	case "pg_trigger":
		return float64(c.Triggers)
	case "pg_inherits":
		return float64(c.Children)
	}
	if _, computed := relations[qualified{t.Schema, t.Name}]; computed {
		n += 10
	}
	return n
}

var lookupsByOID sync.Map // catalog.OID to []catalog.Lookup; the system's descriptors never change

// Lookups are the columns by which a relation is looked up.
func (e Estimates) Lookups(t *catalog.Table) []catalog.Lookup {
	v, ok := lookupsByOID.Load(t.OID)
	if !ok {
		v = lookupsOf(t)
		lookupsByOID.Store(t.OID, v)
	}
	list := v.([]catalog.Lookup)
	for i := range list {
		if list[i].Rows >= 0 {
			continue
		}
		out := append([]catalog.Lookup(nil), list...)
		for i := range out {
			if out[i].Rows < 0 {
				out[i].Rows *= -e.Rows(t)
			}
		}
		return out
	}
	return list
}

// fewAdded are catalogs of PostgreSQL's own rows to which a database adds few, which every look-up goes through.
var fewAdded = map[string]bool{"pg_operator": true, "pg_aggregate": true, "pg_cast": true, "pg_range": true}

func lookupsOf(t *catalog.Table) (out []catalog.Lookup) {
	if t.Schema != catalog.PgCatalogOID {
		return nil
	}
	specs, computed := computedLookups[t.Name]
	if _, has := relations[qualified{t.Schema, t.Name}]; !computed && (!has || fewAdded[t.Name]) && staticRows(t) != nil {
		for i := range t.Columns {
			if name := t.Columns[i].Name; lookups[name] {
				specs = append(specs, lookup{name, 2, name == "oid"})
			}
		}
	}
	for _, s := range specs {
		l := catalog.Lookup{Rows: s.rows, Unique: s.unique}
		for _, name := range strings.Fields(s.cols) {
			l.Atts = append(l.Atts, t.ColumnByName(name).AttNum)
		}
		out = append(out, l)
	}
	return out
}
