package expression

import (
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Collation is an expression's collation and where it comes from (manual: 24.2.1).
type Collation struct {
	OID      types.OID
	Strength collStrength
	other    types.OID // the other side of a conflict
	loc      int32
}

type collStrength uint8

const (
	collNone collStrength = iota
	collImplicit
	CollConflict
	collExplicit
)

const defaultCollation types.OID = 100

// Collate derives the collations in e and stores them: result collations in types, input collations in calls.
func (b *Binder) Collate(e plan.Expr) Collation {
	if e == nil {
		return Collation{}
	}
	own := func(t plan.Type, s collStrength) Collation {
		if t.Coll == 0 {
			return Collation{}
		}
		return Collation{OID: t.Coll, Strength: s, loc: b.LocOf(e)}
	}
	switch v := e.(type) {
	case *plan.Const, *plan.Param, *plan.SQLValue, *plan.CurrentOf, *plan.NextVal:
		return own(e.Type(), collImplicit)
	case *plan.ColRef:
		if d := b.Derived[v.Col]; d != nil && d.coll.Strength != collNone {
			if v.T.Coll != 0 {
				v.T.Coll = d.coll.OID
			}
			return d.coll
		}
		return own(v.T, collImplicit)
	case *plan.Relabel:
		if tree.IsCollate(v) {
			b.Collate(v.Arg)
			c := own(v.T, collExplicit)
			if at, ok := b.collateAt[v]; ok {
				c.loc = at
			}
			return c
		}
	case *plan.Subquery:
		b.Collate(v.Test)
		return own(v.T, collImplicit)
	}
	var sum Collation
	skip := plan.Expr(nil)
	if c, ok := e.(*plan.Case); ok {
		skip = c.Arg
	}
	if c, ok := e.(*plan.ArrayCoerce); ok {
		sum = b.Collate(c.Arg)
		b.Collate(c.Elem)
	} else {
		tree.ExprChildren(e, func(p *plan.Expr) {
			x := b.Collate(*p)
			if *p == skip {
				return
			}
			if c, ok := e.(*plan.Case); ok && isCond(c, p) {
				return
			}
			sum = b.MergeCollation(sum, x, *p)
		})
	}
	b.storeColl(e, sum)
	t := e.Type()
	if sum.Strength == CollConflict && b.CollationOf(t.OID) != 0 {
		return sum
	}
	if t.Coll == 0 {
		return Collation{}
	}
	if d, ok := e.(*plan.CoerceToDomain); ok && b.ownCollation(d) {
		return own(t, collImplicit)
	}
	if sum.Strength == collNone {
		return Collation{OID: t.Coll, Strength: collImplicit, loc: b.LocOf(e)}
	}
	return sum
}

// ownCollation reports whether a domain has a collation of its own, which its values then have.
func (b *Binder) ownCollation(d *plan.CoerceToDomain) bool {
	c := b.CollationOf(d.T.OID)
	return c != 0 && c != defaultCollation
}

func isCond(c *plan.Case, p *plan.Expr) bool {
	for i := range c.Whens {
		if &c.Whens[i].Cond == p {
			return true
		}
	}
	return false
}

// MergeCollation is merge_collation_state.
func (b *Binder) MergeCollation(a, x Collation, e plan.Expr) Collation {
	switch {
	case x.Strength > a.Strength:
		return x
	case x.Strength < a.Strength:
		return a
	}
	switch x.Strength {
	case collImplicit:
		if x.OID == a.OID {
			return a
		}
		if a.OID == defaultCollation {
			return x
		}
		if x.OID != defaultCollation {
			return Collation{Strength: CollConflict, OID: a.OID, other: x.OID, loc: x.loc}
		}
	case collExplicit:
		if x.OID != a.OID {
			b.Fail(pgerr.CollationMismatch, x.loc, "collation mismatch between explicit collations \"%s\" and \"%s\"", b.CollationName(a.OID), b.CollationName(x.OID))
		}
	}
	return a
}

// CollationConflict fails with 42P21 of two implicit collations.
func (b *Binder) CollationConflict(c Collation) {
	panic(b.Err(pgerr.CollationMismatch, c.loc, "collation mismatch between implicit collations \"%s\" and \"%s\"", b.CollationName(c.OID), b.CollationName(c.other)).
		WithHint("You can choose the collation by applying the COLLATE clause to one or both expressions."))
}

// storeColl writes a node's collations: the input's, and the result's where the type takes one.
func (b *Binder) storeColl(e plan.Expr, in Collation) {
	input := in.OID
	if in.Strength == CollConflict {
		input = 0
	}
	result := func(t *plan.Type) {
		if b.CollationOf(t.OID) == 0 {
			t.Coll = 0
			return
		}
		if in.Strength != collNone {
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
		if !b.ownCollation(v) {
			result(&v.T)
		}
	case *plan.Case:
		result(&v.T)
	case *plan.Coalesce:
		result(&v.T)
	case *plan.MinMax:
		result(&v.T)
	case *plan.XML:
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

func (b *Binder) pairColl(c *plan.FuncCall) types.OID {
	var sum Collation
	for _, a := range c.Args {
		sum = b.MergeCollation(sum, b.Collate(a), a)
	}
	if sum.Strength == CollConflict {
		return 0
	}
	return sum.OID
}
