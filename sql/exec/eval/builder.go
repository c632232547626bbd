package eval

import (
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// Builder compiles expressions over the slots of one Run.
type Builder struct {
	// Single: expressions under construction are evaluated at most once per execution, nothing is worth keeping.
	Single bool
	// Positioned: a scan gives the row of WHERE CURRENT OF and no other.
	Positioned bool

	run   *run.Run
	env   *types.Env
	subs  Subqueries
	slots map[plan.ColID]int
	own   plan.ColID // columns of this Run only, counted down from 0
	// guarded > 0: the expressions under construction may never be evaluated.
	guarded int
	failed  error
	early   bool
}

// Subqueries compiles the subqueries of expressions.
type Subqueries interface {
	// Subquery compiles one that gives a value, SubqueryCond one that is a condition.
	Subquery(x *plan.Subquery) (Operand, error)
	SubqueryCond(x *plan.Subquery) (Cond, error)
}

// NewBuilder returns a builder for code that runs on run. env finds user types; subs nil: there are no subqueries.
func NewBuilder(run *run.Run, env *types.Env, subs Subqueries) *Builder {
	return &Builder{run: run, env: env, subs: subs, slots: map[plan.ColID]int{}}
}

// Failed is the first error of a constant expression that nothing guards; nil without one.
func (b *Builder) Failed() error { return b.failed }

// Early tells that an immutable call has parameters only for its arguments.
func (b *Builder) Early() bool { return b.early }

func errNoSubqueries() error { return pgerr.Internal("subquery without plan") }

// Slot is where a column's value stands.
func (b *Builder) Slot(c plan.ColID) int {
	s, ok := b.slots[c]
	if !ok {
		s = b.run.F.Add()
		b.slots[c] = s
	}
	return s
}

// ColSlots are the slots of columns, in their order; IDSlots those of columns by id.
func (b *Builder) ColSlots(cols []plan.Col) []int {
	out := make([]int, len(cols))
	for i, c := range cols {
		out[i] = b.Slot(c.ID)
	}
	return out
}

func (b *Builder) IDSlots(ids []plan.ColID) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = b.Slot(id)
	}
	return out
}

func (b *Builder) constant(v types.Datum) int {
	s := b.run.F.Add()
	b.run.F.S[s] = v.Clone()
	return s
}

// Fresh makes a column of this Run's own for a slot.
func (b *Builder) Fresh(slot int) plan.ColID {
	b.own--
	b.slots[b.own] = slot
	return b.own
}

// Kind is how values of a type are held.
func (b *Builder) Kind(t types.OID) (tuple.Kind, error) {
	if y := b.env.Type(t); y != nil && y.Kind.Valid() {
		return y.Kind, nil
	}
	return tuple.KindInvalid, pgerr.Unsupported("type " + types.TypeName(t, b.env))
}

// Order is the collation in whose order values of a type are; nil: text by its bytes.
func (b *Builder) Order(t plan.Type) *collation.Collator { return b.env.Order(t.Coll) }

// Equality is the collation that says which values of a type are equal; nil: equal bytes of text are.
func (b *Builder) Equality(t plan.Type) *collation.Collator { return b.env.Equality(t.Coll) }

// TypeOf finds a type. Errors: 42704.
func (b *Builder) TypeOf(t types.OID) (*types.Type, error) {
	if y := b.env.Type(t); y != nil {
		return y, nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", t)
}
