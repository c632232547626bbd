package lexicon

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// registry indexes PostgreSQL's catalog rows, and those of all extensions, by what parse analysis asks. It is made once and not
// changed. By name it knows the built-in functions, operators and casts only: which extensions' there are is the catalog's affair.
type registry struct {
	procs       map[types.OID]*pgdata.Proc
	procsByName map[string][]*pgdata.Proc
	ops         map[types.OID]*pgdata.Operator
	opsByName   map[string][]*pgdata.Operator
	casts       map[castKey]*pgdata.Cast
	defClass    map[types.OID][]Class // by access method: default classes
	classByName map[string][]Class
	classes     map[types.OID]Class
	members     map[familyOp]bool // operators by family, of all access methods
	amop        map[amopKey]types.OID
	opFamilies  map[types.OID][]Family // operator → btree families
	amproc      map[amopKey]types.OID
	rowTypes    map[types.OID]systemRow // composite types of system tables and their arrays
}

// systemRow is the row type of a system table, or the array of it.
type systemRow struct {
	table types.OID
	array types.OID // 0: this is the array
}

type castKey struct{ src, dst types.OID }

type familyOp struct{ family, op types.OID }

// Class is an operator class (pg_opclass).
type Class struct {
	OID, Method, Family, Input types.OID
	name                       string
	isDefault                  bool
}

type amopKey struct {
	family, left, right types.OID
	strategy            int
}

// Family is the place of an operator in a family (pg_amop).
type Family struct {
	OID         types.OID
	Left, Right types.OID
	Strategy    int
}

// Access methods (pg_am).
const (
	Btree types.OID = 403
	Hash  types.OID = 405
)

// Btree strategies.
const (
	Less = iota + 1
	LessEqual
	Equal
	GreaterEqual
	Greater
)

func oidOf(s *string) types.OID {
	n, err := strconv.ParseUint(*s, 10, 32)
	if err != nil {
		panic("bind: " + err.Error())
	}
	return types.OID(n)
}

var loadRegistry = sync.OnceValue(func() *registry {
	r := &registry{
		procs: map[types.OID]*pgdata.Proc{}, procsByName: map[string][]*pgdata.Proc{},
		ops: map[types.OID]*pgdata.Operator{}, opsByName: map[string][]*pgdata.Operator{},
		casts:    map[castKey]*pgdata.Cast{},
		defClass: map[types.OID][]Class{}, classByName: map[string][]Class{},
		classes: map[types.OID]Class{}, members: map[familyOp]bool{},
		amop: map[amopKey]types.OID{}, opFamilies: map[types.OID][]Family{}, amproc: map[amopKey]types.OID{},
	}
	procs := pgdata.Procs()
	for i := range procs {
		p := &procs[i]
		r.procs[p.OID] = p
		if catalog.BuiltIn(p.OID) {
			r.procsByName[p.Name] = append(r.procsByName[p.Name], p)
		}
	}
	ops := pgdata.Operators()
	for i := range ops {
		o := &ops[i]
		r.ops[o.OID] = o
		if catalog.BuiltIn(o.OID) {
			r.opsByName[o.Name] = append(r.opsByName[o.Name], o)
		}
	}
	casts := pgdata.Casts()
	for i := range casts {
		if catalog.BuiltIn(casts[i].OID) {
			r.casts[castKey{casts[i].Source, casts[i].Target}] = &casts[i]
		}
	}
	r.loadIndexing()
	r.rowTypes = map[types.OID]systemRow{}
	for _, y := range pgdata.Types() {
		if y.Type == types.TypeComposite && catalog.BuiltIn(y.OID) {
			r.rowTypes[y.OID] = systemRow{table: y.RelID, array: y.Array}
			if y.Array != 0 {
				r.rowTypes[y.Array] = systemRow{table: y.RelID}
			}
		}
	}
	return r
})

func (r *registry) loadIndexing() {
	for _, row := range pgdata.Load("pg_opclass").Rows {
		c := Class{OID: oidOf(row[0]), Method: oidOf(row[1]), name: *row[2], Family: oidOf(row[5]), Input: oidOf(row[6]), isDefault: *row[7] == "t"}
		r.classByName[c.name] = append(r.classByName[c.name], c)
		r.classes[c.OID] = c
		if c.isDefault {
			r.defClass[c.Method] = append(r.defClass[c.Method], c)
		}
	}
	for _, row := range pgdata.Load("pg_amop").Rows {
		if strings.TrimSpace(*row[5]) != "s" {
			continue
		}
		n, _ := strconv.Atoi(*row[4])
		k := amopKey{oidOf(row[1]), oidOf(row[2]), oidOf(row[3]), n}
		op := oidOf(row[6])
		r.amop[k] = op
		r.members[familyOp{k.family, op}] = true
		if oidOf(row[7]) == Btree {
			r.opFamilies[op] = append(r.opFamilies[op], Family{k.family, k.left, k.right, n})
		}
	}
	for _, row := range pgdata.Load("pg_amproc").Rows {
		n, _ := strconv.Atoi(*row[4])
		r.amproc[amopKey{oidOf(row[1]), oidOf(row[2]), oidOf(row[3]), n}] = oidOf(row[5])
	}
}

// Aggregate is the pg_aggregate row of a function; nil for one that is none.
func (x *Lexicon) Aggregate(fn types.OID) *pgdata.Aggregate {
	if p := x.Proc(fn); p != nil {
		return pgdata.AggregateOf(p)
	}
	return nil
}

// Operator finds an operator; nil if there is none.
func (x *Lexicon) Operator(oid types.OID) *pgdata.Operator {
	if o := x.Catalog.Operator(oid); o != nil {
		return &o.Op
	}
	return loadRegistry().ops[oid]
}

// Cast is the pg_cast row of two types; nil if there is none.
func (x *Lexicon) Cast(src, dst types.OID) *pgdata.Cast {
	if c := loadRegistry().casts[castKey{src, dst}]; c != nil {
		return c
	}
	if c := x.Catalog.CastBetween(src, dst); c != nil {
		return &c.Row
	}
	return nil
}

// CollationName is the name of a collation; "" if there is none.
func (x *Lexicon) CollationName(oid types.OID) string {
	if c := x.Catalog.Collation(oid); c != nil {
		return c.Name
	}
	return ""
}

// OpFamilies are the btree families that an operator is in.
func (x *Lexicon) OpFamilies(op types.OID) []Family { return loadRegistry().opFamilies[op] }

// FamilyAt is a btree family in which the operator has that strategy; 0 none.
func (x *Lexicon) FamilyAt(op types.OID, strategy int) types.OID {
	for _, f := range x.OpFamilies(op) {
		if f.Strategy == strategy {
			return f.OID
		}
	}
	return 0
}

// FamilyOp is the operator of a family for two types; 0 if there is none.
func (x *Lexicon) FamilyOp(family, left, right types.OID, strategy int) types.OID {
	return loadRegistry().amop[amopKey{family, left, right, strategy}]
}

// SupportProcs are the support functions of that number in a family for a left type, by right type, in no order.
func (x *Lexicon) SupportProcs(family, left types.OID, number int) iter.Seq2[types.OID, types.OID] {
	return func(yield func(right, proc types.OID) bool) {
		for k, p := range loadRegistry().amproc {
			if k.family == family && k.left == left && k.strategy == number && !yield(k.right, p) {
				return
			}
		}
	}
}

// DefaultClasses are the default operator classes of an access method.
func (x *Lexicon) DefaultClasses(am types.OID) []Class { return x.known(loadRegistry().defClass[am]) }

// ClassByOID is an operator class; the zero Class if there is none.
func (x *Lexicon) ClassByOID(oid types.OID) Class { return loadRegistry().classes[oid] }

// InFamily reports whether an operator is a search operator of an operator family.
func (x *Lexicon) InFamily(op, family types.OID) bool {
	return loadRegistry().members[familyOp{family, op}]
}

// FamilyName is the name of an operator family.
func FamilyName(family types.OID) string {
	for _, r := range pgdata.Load("pg_opfamily").Rows {
		if oidOf(r[0]) == family {
			return *r[2]
		}
	}
	return ""
}

// ClassesNamed are the operator classes that a name finds, with a schema or along search_path, of all access methods.
func (x *Lexicon) ClassesNamed(name []string) (out []Class) {
	path := x.path()
	if len(name) > 1 {
		s := x.Catalog.Schema(name[len(name)-2])
		if s == nil {
			return nil
		}
		path = []types.OID{s.OID}
	}
	for _, c := range loadRegistry().classByName[name[len(name)-1]] {
		schema := catalog.PgCatalogOID
		if o := x.Catalog.Object(catalog.KindOpClass, c.OID); o != nil {
			schema = o.Head().Schema
		} else if !catalog.BuiltIn(c.OID) {
			continue
		}
		if slices.Contains(path, schema) {
			out = append(out, c)
		}
	}
	return out
}

// known leaves out the classes of extensions that the database does not have.
func (x *Lexicon) known(list []Class) []Class {
	for i := range list {
		if catalog.BuiltIn(list[i].OID) || x.Catalog.HasExtensionObject(list[i].OID) {
			continue
		}
		out := slices.Clone(list[:i])
		for _, c := range list[i+1:] {
			if x.Catalog.HasExtensionObject(c.OID) {
				out = append(out, c)
			}
		}
		return out
	}
	return list
}
