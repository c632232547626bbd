package syscat

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

type server struct{}

func (server) Databases() []Database {
	return []Database{{OID: 5, Name: "postgres", Owner: 10, AllowConn: true}}
}
func (server) Roles() *privilege.Roles {
	return privilege.NewRoles(append(privilege.Predefined(), privilege.Role{OID: 10, Name: "postgres", Super: true, ConnLimit: -1, Settings: []string{"work_mem=1MB"}}), 10)
}
func (server) Branches() ([]Branch, error)               { return []Branch{{ID: "b", Name: "main"}}, nil }
func (server) Mirrors(context.Context) ([]Mirror, error) { return []Mirror{{Name: "t"}}, nil }

func (server) Archives() []Archive {
	return []Archive{{Database: "b", Branch: "main", State: "streaming", ArchivedLSN: 16, LastError: "x"}, {Database: "a", Branch: "main", State: "starting"}}
}
func (server) MirrorWork() []MirrorWork {
	return []MirrorWork{{Kind: "copy", Table: 16384, Name: "old.t", Phase: "copying rows"}, {Kind: "optimize", Name: "t"}, {Kind: "vacuum", Name: "t"}}
}
func (server) Columnar() ColumnarStats { return ColumnarStats{Ran: 1} }
func (server) Activity() []Activity {
	return []Activity{{PID: 7, Query: "select", XID: 3, ClientPort: 5}}
}
func (server) Locks() []lock.Info {
	return []lock.Info{{Class: lock.Table, Table: 16384, Mode: lock.AccessShare, Granted: true}, {Class: lock.Row, Mode: lock.Update}, {Class: lock.Advisory, Mode: 1}}
}
func (server) TableStats(*catalog.Table) (float64, int64) { return -1, 0 }
func (server) Column(t *catalog.Table, att int16) *stats.Column {
	if t.OID != 16384 || att != 1 {
		return nil
	}
	return &stats.Column{AttNum: 1, Type: types.Int4, MCV: []types.Datum{tuple.Int(7)}, Freq: []float64{0.5}, Hist: []types.Datum{tuple.Int(1), tuple.Int(9)}}
}

// testCatalog has a table with everything that the catalogs tell, a sequence and a view.
func testCatalog() *catalog.Catalog {
	c := catalog.New()
	e := c.Edit(catalog.NewAllocator(c))
	t := &catalog.Table{OID: 16384, Schema: catalog.PublicOID, Name: "t", Kind: catalog.RelTable, Persistence: catalog.Permanent, Owner: 10,
		RowType: 16385, StorageID: 100, Comment: "a table", ColComments: map[int16]string{2: "b's comment"},
		Columns: []catalog.Column{{AttNum: 1, Name: "a", Type: types.Int4, TypMod: -1, NotNull: true, Kind: tuple.KindInt32, Default: "nextval('public.s'::regclass)"},
			{AttNum: 2, Name: "b", Type: types.Text, TypMod: -1, Collation: 100, Kind: tuple.KindText, Missing: "x", HasMissing: true},
			{AttNum: 3, Name: "........pg.dropped.3........", Type: types.Text, TypMod: -1, Kind: tuple.KindText, Dropped: true}},
		Indexes: []*catalog.Index{{OID: 16387, Name: "t_pkey", ID: 1, Unique: true, Primary: true, Method: "btree", Constraint: 16388,
			Keys: []catalog.IndexKey{{Att: 1, Type: types.Int4, Kind: tuple.KindInt32}}},
			{OID: 16389, Name: "t_lower_idx", ID: 2, Method: "hash", Include: []int16{1}, Pred: "(a > 0)",
				Keys: []catalog.IndexKey{{Expr: "lower(b)", ExprName: "lower", Type: types.Text, Kind: tuple.KindText, Collation: 100, Desc: true, NullsFirst: true}}}},
		Constraints: []*catalog.Constraint{{OID: 16388, Name: "t_pkey", Type: catalog.ConPrimary, Cols: []int16{1}, Index: 16387, Validated: true},
			{OID: 16390, Name: "t_a_fkey", Type: catalog.ConForeign, Cols: []int16{1}, Index: 16387, RefTable: 16384, RefCols: []int16{1}, Validated: true},
			{OID: 16391, Name: "t_check", Type: catalog.ConCheck, Expr: "(a > 0)", Validated: true}},
		Options: catalog.RelOptions{{Name: "mirror", Value: "off"}}}
	e.PutTable(t)
	e.PutTable(&catalog.Table{OID: 16392, Schema: catalog.PublicOID, Name: "s", Kind: catalog.RelSequence, Persistence: catalog.Permanent,
		Sequence: &catalog.Sequence{Type: types.Int8, Start: 1, Inc: 1, Min: 1, Max: 9, Cache: 1, OwnerTable: 16384, OwnerCol: 1}})
	e.PutTable(&catalog.Table{OID: 16393, Schema: catalog.PublicOID, Name: "v", Kind: catalog.RelView, Persistence: catalog.Permanent, RowType: 16394,
		View: "SELECT 1", Columns: []catalog.Column{{AttNum: 1, Name: "x", Type: types.Int4, TypMod: -1}}})
	e.PutTable(&catalog.Table{OID: 16440, Schema: catalog.PublicOID, Name: "f", Kind: catalog.RelForeign, Persistence: catalog.Permanent, RowType: 16441,
		Options: catalog.RelOptions{{Name: "location", Value: "/data/f"}}, Columns: []catalog.Column{{AttNum: 1, Name: "x", Type: types.Int4, TypMod: -1}}})
	e.Put(&catalog.Volume{Header: catalog.Header{OID: 16450, Schema: catalog.PublicOID, Name: "vol", Owner: 10}, Dir: "d"})
	e.Put(&catalog.DefaultACL{Header: catalog.Header{OID: 16395, Owner: 10, ACL: privilege.ACL{{Grantee: 10, Grantor: 10, Privs: privilege.Select}}}, For: 'r'})
	e.Put(&catalog.Type{Header: catalog.Header{OID: 16400, Schema: catalog.PublicOID, Name: "mood"}, Form: types.TypeEnum, Array: 16401,
		Labels: []catalog.Label{{OID: 16402, Sort: 1, Name: "sad"}}})
	e.Put(&catalog.Type{Header: catalog.Header{OID: 16403, Schema: catalog.PublicOID, Name: "pos"}, Form: types.TypeDomain, Array: 16404,
		Domain: &catalog.Domain{Base: types.Int4, Mod: -1, Constraints: []*catalog.DomainConstraint{{OID: 16405, Name: "c", Expr: "(VALUE > 0)"}}}})
	e.Put(&catalog.EventTrigger{Header: catalog.Header{OID: 16430, Name: "ev", Owner: 10}, Event: "sql_drop", Func: 16406, Enabled: 'O', Tags: []string{"DROP TABLE"}})
	f := &catalog.Function{Header: catalog.Header{OID: 16406, Schema: catalog.PublicOID, Name: "f", Comment: "a function", Owner: 16999,
		Deps: []catalog.Dep{{On: catalog.Address{Kind: catalog.KindType, OID: 16400}, Type: catalog.DepNormal}}}, Language: "sql"}
	f.Proc.ArgTypes, f.Proc.RetType, f.Proc.Kind, f.Proc.Volatile, f.Proc.Parallel = []types.OID{16400}, types.Int4, 'f', 'v', 'u'
	e.Put(f)
	key := catalog.IndexKey{Att: 1, Type: types.Int4, Kind: tuple.KindInt32, OpClass: 1978}
	part := []catalog.Column{{AttNum: 1, Name: "a", Type: types.Int4, TypMod: -1, Kind: tuple.KindInt32}}
	e.PutTable(&catalog.Table{OID: 16410, Schema: catalog.PublicOID, Name: "p", Kind: catalog.RelPartitioned, Persistence: catalog.Permanent, RowType: 16411,
		Columns: part, PartKey: &catalog.PartKey{Strategy: catalog.ListPartition, Keys: []catalog.IndexKey{key}}})
	e.PutTable(&catalog.Table{OID: 16413, Schema: catalog.PublicOID, Name: "p1", Kind: catalog.RelTable, Persistence: catalog.Permanent, RowType: 16414,
		StorageID: 101, Columns: part, Parents: []catalog.OID{16410}, Policies: []*catalog.Policy{{OID: 16421, Name: "p", Command: catalog.ForSelect, Roles: []catalog.OID{0}, Using: "true"}}, Triggers: []*catalog.Trigger{{OID: 16420, Name: "g", Func: 1291, Type: catalog.TriggerRow | catalog.TriggerBefore | catalog.TriggerUpdate,
			Enabled: catalog.TriggerOrigin, Cols: []int16{1}, Args: []string{"x", ""}, When: "(old.a = 1)", Comment: "a trigger", Extensions: []string{"plpgsql"}}}, Bound: &catalog.PartBound{List: []catalog.BoundDatum{{Text: "1"}, {Kind: 'n'}}}})
	return e.Catalog()
}

func scanAll(t *testing.T, c *catalog.Catalog, name string, eq ...Key) [][]types.Datum {
	t.Helper()
	schema := catalog.PgCatalogOID
	switch name {
	case "branches", "mirrors", "archive", "columnar_stats", "progress_mirror", "progress_optimize", "progress_vacuum", "volumes":
		schema = catalog.TarnSchemaOID
	}
	rel, _ := c.Relation(schema, name)
	if rel == nil {
		t.Fatalf("no relation %s", name)
	}
	cols := make([]int16, len(rel.Columns))
	for i := range cols {
		cols[i] = int16(i + 1)
	}
	r, err := Scan(context.Background(), c, server{}, nil, rel, cols, eq)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]types.Datum
	for {
		row, ok, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return out
		}
		out = append(out, append([]types.Datum(nil), row...))
	}
}

// TestRowsHaveTheirColumns prints every row of every catalog: a value of the wrong form or a wrong number of columns fails.
func TestRowsHaveTheirColumns(t *testing.T) {
	c := testCatalog()
	c.Tables(func(rel *catalog.Table) bool {
		if !rel.Virtual || rel.Schema == catalog.InformationSchemaOID {
			return true
		}
		for _, row := range scanAll(t, c, rel.Name) {
			if len(row) != len(rel.Columns) {
				t.Fatalf("%s: row of %d columns, want %d", rel.Name, len(row), len(rel.Columns))
			}
			for i, d := range row {
				col := &rel.Columns[i]
				if d.IsNull() {
					if col.NotNull && rel.OID >= 100 {
						t.Errorf("%s.%s is NULL", rel.Name, col.Name)
					}
					continue
				}
				ty := types.Lookup(col.Type)
				if d.IsScalar() != scalar(ty.Kind) {
					t.Fatalf("%s.%s: wrong form for %s", rel.Name, col.Name, ty.Name)
				}
				ty.AppendText(nil, d, nil)
			}
		}
		return true
	})
}

func scalar(k tuple.Kind) bool {
	switch k {
	case tuple.KindText, tuple.KindArray, tuple.KindBytes, tuple.KindInterval:
		return false
	}
	return true
}

// TestRowWidths makes full rows of every relation: a row of another width panics.
func TestRowWidths(t *testing.T) {
	c := testCatalog()
	for q := range relations {
		rel, _ := c.Relation(q.schema, q.name)
		s := &scan{ctx: context.Background(), cat: c, srv: server{}, table: rel}
		for i := range rel.Columns {
			s.cols = append(s.cols, rel.Columns[i].AttNum)
		}
		if err := s.fill(); err != nil {
			t.Fatal(err)
		}
		if len(s.static)+s.added == 0 && q.name != "pg_auth_members" {
			t.Errorf("%s is empty", q.name)
		}
	}
}

// TestLookupsAgreeWithScans: what equality on the columns of a look-up finds is what a scan with the condition checked finds, and no
// more than one row where it says so.
func TestLookupsAgreeWithScans(t *testing.T) {
	c := testCatalog()
	check := func(rel *catalog.Table, l catalog.Lookup) {
		t.Helper()
		keyOf := func(r []types.Datum) (key string) {
			for _, att := range l.Atts {
				k := valueKey(r[att-1])
				key += string(rune(len(k))) + k
			}
			return key
		}
		count, eq := map[string]int{}, map[string][]Key{}
		for _, r := range scanAll(t, c, rel.Name) {
			var keys []Key
			for _, att := range l.Atts {
				if r[att-1].IsNull() {
					keys = nil
					break
				}
				keys = append(keys, Key{AttNum: att, Val: r[att-1]})
			}
			if keys == nil {
				continue // equality holds for no NULL
			}
			count[keyOf(r)]++
			eq[keyOf(r)] = keys
		}
		tried := 0
		for key, keys := range eq {
			if tried++; tried > 40 {
				break
			}
			n := 0
			for _, r := range scanAll(t, c, rel.Name, keys...) {
				if keyOf(r) == key {
					n++
				}
			}
			if n != count[key] || l.Unique && n > 1 {
				t.Errorf("%s by columns %v = %q: %d rows, want %d", rel.Name, l.Atts, key, n, count[key])
			}
		}
	}
	for _, name := range []string{"pg_class", "pg_attribute", "pg_attrdef", "pg_index", "pg_constraint", "pg_type", "pg_proc", "pg_namespace", "pg_description",
		"pg_depend", "pg_inherits", "pg_trigger", "pg_sequence", "pg_enum", "pg_policy", "pg_rewrite", "pg_partitioned_table", "pg_statistic", "pg_am", "pg_opclass",
		"pg_collation", "pg_operator", "pg_aggregate"} {
		rel, _ := c.Relation(catalog.PgCatalogOID, name)
		list := Estimates{c}.Lookups(rel)
		if len(list) == 0 {
			t.Errorf("%s has no look-ups", name)
		}
		for _, l := range list {
			check(rel, l)
		}
		// Columns that are no look-up may be offered, too.
		for i := range rel.Columns {
			check(rel, catalog.Lookup{Atts: []int16{int16(i + 1)}})
		}
	}
}

// TestCharsNarrow: relkind = ANY (…) leaves out rows of other kinds only, with and without a schema.
func TestCharsNarrow(t *testing.T) {
	c := testCatalog()
	for _, chars := range []string{"r", "rpvmf", "iS", "I", "zr"} {
		for _, more := range [][]Key{nil, {{AttNum: classNamespace, Val: oid(catalog.PublicOID)}}} {
			var want, got []string
			for _, r := range scanAll(t, c, "pg_class", more...) {
				if strings.IndexByte(chars, byte(r[classKind-1].Uint())) >= 0 && (more == nil || r[classNamespace-1].Uint() == uint64(catalog.PublicOID)) {
					want = append(want, r[className-1].Str())
				}
			}
			for _, r := range scanAll(t, c, "pg_class", append(more, Key{AttNum: classKind, Chars: chars})...) {
				if strings.IndexByte(chars, byte(r[classKind-1].Uint())) >= 0 && (more == nil || r[classNamespace-1].Uint() == uint64(catalog.PublicOID)) {
					got = append(got, r[className-1].Str())
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: %v, want %v", chars, got, want)
			}
		}
	}
}

// The mirror's work is shown under the name that the catalog has for the table.
func TestMirrorProgress(t *testing.T) {
	c := testCatalog()
	rows := scanAll(t, c, "progress_mirror")
	if len(rows) != 1 || rows[0][1].Str() != "public.t" || rows[0][2].Str() != "copying rows" {
		t.Errorf("progress_mirror: %v", rows)
	}
	for _, name := range []string{"progress_optimize", "progress_vacuum"} {
		if rows := scanAll(t, c, name); len(rows) != 1 || rows[0][1].Str() != "t" {
			t.Errorf("%s: %v", name, rows)
		}
	}
}
