package bind

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// collation is an expression's collation and where it comes from (manual: 24.2.1).
type collation struct {
	oid      types.OID
	strength collStrength
	other    types.OID // the other side of a conflict
	loc      int32
}

type collStrength uint8

const (
	collNone collStrength = iota
	collImplicit
	collConflict
	collExplicit
)

const defaultCollation types.OID = 100

// isCollate: a Relabel that changes nothing but the collation is a COLLATE clause.
func isCollate(r *plan.Relabel) bool {
	t := r.Arg.Type()
	return r.Form == plan.CallCastExplicit && r.T.OID == t.OID && r.T.Mod == t.Mod && r.T.Coll != 0
}

// collate derives the collations in e and stores them: result collations in types, input collations in calls.
func (b *binder) collate(e plan.Expr) collation {
	if e == nil {
		return collation{}
	}
	own := func(t plan.Type, s collStrength) collation {
		if t.Coll == 0 {
			return collation{}
		}
		return collation{oid: t.Coll, strength: s, loc: b.locOf(e)}
	}
	switch v := e.(type) {
	case *plan.Const, *plan.Param, *plan.SQLValue, *plan.CurrentOf, *plan.NextVal:
		return own(e.Type(), collImplicit)
	case *plan.ColRef:
		if d := b.derived[v.Col]; d != nil && d.coll.strength != collNone {
			if v.T.Coll != 0 {
				v.T.Coll = d.coll.oid
			}
			return d.coll
		}
		return own(v.T, collImplicit)
	case *plan.Relabel:
		if isCollate(v) {
			b.collate(v.Arg)
			c := own(v.T, collExplicit)
			if at, ok := b.collateAt[v]; ok {
				c.loc = at
			}
			return c
		}
	case *plan.Subquery:
		b.collate(v.Test)
		return own(v.T, collImplicit)
	}
	var sum collation
	skip := plan.Expr(nil)
	if c, ok := e.(*plan.Case); ok {
		skip = c.Arg
	}
	if c, ok := e.(*plan.ArrayCoerce); ok {
		sum = b.collate(c.Arg)
		b.collate(c.Elem)
	} else {
		exprChildren(e, func(p *plan.Expr) {
			x := b.collate(*p)
			if *p == skip {
				return
			}
			if c, ok := e.(*plan.Case); ok && isCond(c, p) {
				return
			}
			sum = b.merge(sum, x, *p)
		})
	}
	b.storeColl(e, sum)
	t := e.Type()
	if t.Coll == 0 {
		return collation{}
	}
	if sum.strength == collNone {
		return collation{oid: t.Coll, strength: collImplicit, loc: b.locOf(e)}
	}
	return sum
}

func isCond(c *plan.Case, p *plan.Expr) bool {
	for i := range c.Whens {
		if &c.Whens[i].Cond == p {
			return true
		}
	}
	return false
}

// merge is merge_collation_state.
func (b *binder) merge(a, x collation, e plan.Expr) collation {
	switch {
	case x.strength > a.strength:
		return x
	case x.strength < a.strength:
		return a
	}
	switch x.strength {
	case collImplicit:
		if x.oid == a.oid {
			return a
		}
		if a.oid == defaultCollation {
			return x
		}
		if x.oid != defaultCollation {
			return collation{strength: collConflict, oid: a.oid, other: x.oid, loc: x.loc}
		}
	case collExplicit:
		if x.oid != a.oid {
			b.Fail(pgerr.CollationMismatch, x.loc, "collation mismatch between explicit collations \"%s\" and \"%s\"", b.CollationName(a.oid), b.CollationName(x.oid))
		}
	}
	return a
}

// storeColl writes a node's collations: the input's, and the result's where the type takes one.
func (b *binder) storeColl(e plan.Expr, in collation) {
	input := in.oid
	if in.strength == collConflict {
		input = 0
	}
	result := func(t *plan.Type) {
		if b.CollationOf(t.OID) == 0 {
			t.Coll = 0
			return
		}
		if in.strength != collNone {
			t.Coll = input
		}
	}
	switch v := e.(type) {
	case *plan.FuncCall:
		v.InputColl = input
		result(&v.T)
	case *plan.Relabel:
		result(&v.T)
	case *plan.CoerceViaIO:
		result(&v.T)
	case *plan.ArrayCoerce:
		result(&v.T)
	case *plan.CoerceToDomain:
		result(&v.T)
	case *plan.Case:
		result(&v.T)
	case *plan.Coalesce:
		result(&v.T)
	case *plan.MinMax:
		result(&v.T)
	case *plan.NullIf:
		v.Eq.InputColl = input
		result(&v.T)
	case *plan.DistinctFrom:
		v.Eq.InputColl = input
	case *plan.ScalarArrayOp:
		v.Call.InputColl = input
	case *plan.RowCompare:
		for i := range v.Lt {
			v.Lt[i].InputColl, v.Eq[i].InputColl = b.pairColl(v.Lt[i]), b.pairColl(v.Eq[i])
		}
	case *plan.ArrayCtor:
		result(&v.T)
	case *plan.Subscript:
		result(&v.T)
	case *plan.SubscriptAssign:
		result(&v.T)
	case *plan.Aggref:
		v.InputColl = input
		result(&v.T)
	case *plan.WindowCall:
		v.InputColl = input
		result(&v.T)
	}
}

func (b *binder) pairColl(c *plan.FuncCall) types.OID {
	var sum collation
	for _, a := range c.Args {
		sum = b.merge(sum, b.collate(a), a)
	}
	if sum.strength == collConflict {
		return 0
	}
	return sum.oid
}
