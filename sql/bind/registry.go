package bind

import (
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// registry indexes PostgreSQL's catalog rows by what parse analysis asks. All look-ups of types, functions, operators
// and casts go through it and lookup.go, which is where objects made by users will join in.
type registry struct {
	procs       map[types.OID]*pgdata.Proc
	procsByName map[string][]*pgdata.Proc
	ops         map[types.OID]*pgdata.Operator
	opsByName   map[string][]*pgdata.Operator
	casts       map[castKey]*pgdata.Cast
	aggs        map[types.OID]*pgdata.Aggregate
	defClass    map[types.OID][]opClass // by access method: default classes
	classByName map[string][]opClass
	amop        map[amopKey]types.OID
	opFamilies  map[types.OID][]familyUse // operator → btree families
	amproc      map[amopKey]types.OID
	rowTypes    map[types.OID]systemRow // composite types of system tables and their arrays
	collations  map[string]types.OID
	collName    map[types.OID]string
}

// systemRow is the row type of a system table, or the array of it.
type systemRow struct {
	table types.OID
	array types.OID // 0: this is the array
}

type castKey struct{ src, dst types.OID }
type opClass struct {
	OID, method, family, in types.OID
	name                    string
	isDefault               bool
}
type amopKey struct {
	family, left, right types.OID
	strategy            int
}
type familyUse struct {
	family      types.OID
	left, right types.OID
	strategy    int
}

// Access methods (pg_am).
const (
	btreeAM types.OID = 403
	hashAM  types.OID = 405
)

// Btree strategies.
const (
	stratLess = iota + 1
	stratLessEqual
	stratEqual
	stratGreaterEqual
	stratGreater
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
		casts: map[castKey]*pgdata.Cast{}, aggs: map[types.OID]*pgdata.Aggregate{},
		defClass: map[types.OID][]opClass{}, classByName: map[string][]opClass{},
		amop: map[amopKey]types.OID{}, opFamilies: map[types.OID][]familyUse{}, amproc: map[amopKey]types.OID{},
		collations: map[string]types.OID{}, collName: map[types.OID]string{},
	}
	procs := pgdata.Procs()
	for i := range procs {
		p := &procs[i]
		r.procs[p.OID] = p
		r.procsByName[p.Name] = append(r.procsByName[p.Name], p)
	}
	ops := pgdata.Operators()
	for i := range ops {
		o := &ops[i]
		r.ops[o.OID] = o
		r.opsByName[o.Name] = append(r.opsByName[o.Name], o)
	}
	casts := pgdata.Casts()
	for i := range casts {
		r.casts[castKey{casts[i].Source, casts[i].Target}] = &casts[i]
	}
	aggs := pgdata.Aggregates()
	for i := range aggs {
		r.aggs[aggs[i].Fn] = &aggs[i]
	}
	r.loadIndexing()
	r.rowTypes = map[types.OID]systemRow{}
	for _, y := range pgdata.Types() {
		if y.Type == types.TypeComposite {
			r.rowTypes[y.OID] = systemRow{table: y.RelID, array: y.Array}
			if y.Array != 0 {
				r.rowTypes[y.Array] = systemRow{table: y.RelID}
			}
		}
	}
	for _, row := range pgdata.Load("pg_collation").Rows {
		r.collations[*row[1]] = oidOf(row[0])
		r.collName[oidOf(row[0])] = *row[1]
	}
	return r
})

func (r *registry) loadIndexing() {
	for _, row := range pgdata.Load("pg_opclass").Rows {
		c := opClass{OID: oidOf(row[0]), method: oidOf(row[1]), name: *row[2], family: oidOf(row[5]), in: oidOf(row[6]), isDefault: *row[7] == "t"}
		r.classByName[c.name] = append(r.classByName[c.name], c)
		if c.isDefault {
			r.defClass[c.method] = append(r.defClass[c.method], c)
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
		if oidOf(row[7]) == btreeAM {
			r.opFamilies[op] = append(r.opFamilies[op], familyUse{k.family, k.left, k.right, n})
		}
	}
	for _, row := range pgdata.Load("pg_amproc").Rows {
		n, _ := strconv.Atoi(*row[4])
		r.amproc[amopKey{oidOf(row[1]), oidOf(row[2]), oidOf(row[3]), n}] = oidOf(row[5])
	}
}

// aggregateRow is the pg_aggregate row of a function; nil for one that is none.
func (b *binder) aggregateRow(fn types.OID) *pgdata.Aggregate { return b.reg.aggs[fn] }

// operator finds an operator; nil if there is none.
func (b *binder) operator(oid types.OID) *pgdata.Operator { return b.reg.ops[oid] }

// castRow is the pg_cast row of two types; nil if there is none.
func (b *binder) castRow(src, dst types.OID) *pgdata.Cast { return b.reg.casts[castKey{src, dst}] }

// collationName is the name of a collation; "" if there is none.
func (b *binder) collationName(oid types.OID) string { return b.reg.collName[oid] }

// opFamilies are the btree families that an operator is in.
func (b *binder) opFamilies(op types.OID) []familyUse { return b.reg.opFamilies[op] }

// familyAt is a btree family in which the operator has that strategy; 0 none.
func (b *binder) familyAt(op types.OID, strategy int) types.OID {
	for _, f := range b.opFamilies(op) {
		if f.strategy == strategy {
			return f.family
		}
	}
	return 0
}

// familyOp is the operator of a family for two types; 0 if there is none.
func (b *binder) familyOp(family, left, right types.OID, strategy int) types.OID {
	return b.reg.amop[amopKey{family, left, right, strategy}]
}

// supportProcs are the support functions of that number in a family for a left type, by right type, in no order.
func (b *binder) supportProcs(family, left types.OID, number int) iter.Seq2[types.OID, types.OID] {
	return func(yield func(right, proc types.OID) bool) {
		for k, p := range b.reg.amproc {
			if k.family == family && k.left == left && k.strategy == number && !yield(k.right, p) {
				return
			}
		}
	}
}

// defaultClasses are the default operator classes of an access method.
func (b *binder) defaultClasses(am types.OID) []opClass { return b.reg.defClass[am] }

// classesNamed are the operator classes of that name, of all access methods.
func (b *binder) classesNamed(name string) []opClass { return b.reg.classByName[name] }
