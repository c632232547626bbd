package exec

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// exprBuilder compiles expressions over the slots of one Run.
type exprBuilder struct {
	// Single: expressions under construction are evaluated at most once per execution, nothing is worth keeping.
	Single bool
	// Positioned: a scan gives the row of WHERE CURRENT OF and no other.
	Positioned bool

	run   *Run
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
	Subquery(x *plan.Subquery) (operand, error)
	SubqueryCond(x *plan.Subquery) (condFn, error)
}

// newExprBuilder returns a builder for code that runs on run. env finds user types; subs nil: there are no subqueries.
func newExprBuilder(run *Run, env *types.Env, subs Subqueries) *exprBuilder {
	return &exprBuilder{run: run, env: env, subs: subs, slots: map[plan.ColID]int{}}
}

// constFailed is the first error of a constant expression that nothing guards; nil without one.
func (b *exprBuilder) constFailed() error { return b.failed }

// hasEarly tells that an immutable call has parameters only for its arguments.
func (b *exprBuilder) hasEarly() bool { return b.early }

func errNoSubqueries() error { return pgerr.Internal("subquery without plan") }

// slot is where a column's value stands.
func (b *exprBuilder) slot(c plan.ColID) int {
	s, ok := b.slots[c]
	if !ok {
		s = b.run.F.add()
		b.slots[c] = s
	}
	return s
}

func (b *exprBuilder) colSlots(cols []plan.Col) []int {
	out := make([]int, len(cols))
	for i, c := range cols {
		out[i] = b.slot(c.ID)
	}
	return out
}

func (b *exprBuilder) idSlots(ids []plan.ColID) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = b.slot(id)
	}
	return out
}

func (b *exprBuilder) constant(v types.Datum) int {
	s := b.run.F.add()
	b.run.F.s[s] = v.Clone()
	return s
}

// Fresh makes a column of this Run's own for a slot.
func (b *exprBuilder) Fresh(slot int) plan.ColID {
	b.own--
	b.slots[b.own] = slot
	return b.own
}

// kind is how values of a type are held.
func (b *exprBuilder) kind(t types.OID) (tuple.Kind, error) {
	if y := b.env.Type(t); y != nil && y.Kind.Valid() {
		return y.Kind, nil
	}
	return tuple.KindInvalid, pgerr.Unsupported("type " + types.TypeName(t, b.env))
}

func (b *exprBuilder) typeOf(t types.OID) (*types.Type, error) {
	if y := b.env.Type(t); y != nil {
		return y, nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", t)
}
