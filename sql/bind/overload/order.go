package overload

import (
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// DefaultClass finds the default operator class for a type: its own, or one whose type it is binary-coercible to.
func (rs *Resolver) DefaultClass(am, typ types.OID) (lexicon.Class, bool) {
	typ = rs.BaseType(typ)
	var found lexicon.Class
	ok := false
	cat := rs.Category(typ)
	for _, c := range rs.DefaultClasses(am) {
		if c.Input == typ {
			return c, true
		}
		if !rs.BinaryCoercible(typ, c.Input) {
			continue
		}
		// A preferred type of the category wins.
		if !ok || rs.Preferred(c.Input) && rs.Category(c.Input) == cat && !(rs.Preferred(found.Input) && rs.Category(found.Input) == cat) {
			found, ok = c, true
		}
	}
	return found, ok
}

// OrderOperators are the operators of a type's default btree order; 0 where there is none.
func (rs *Resolver) OrderOperators(typ types.OID) (lt, eq, gt types.OID) {
	if el := rs.BaseElemType(typ); el != 0 {
		l, e, _ := rs.OrderOperators(el)
		if e == 0 {
			return 0, 0, 0
		}
		lt, eq, gt = rs.ownOrder(typ)
		if l == 0 {
			lt, gt = 0, 0
		}
		return lt, eq, gt
	}
	return rs.ownOrder(typ)
}

func (rs *Resolver) ownOrder(typ types.OID) (lt, eq, gt types.OID) {
	if c, ok := rs.DefaultClass(lexicon.Btree, typ); ok {
		at := func(s int) types.OID { return rs.FamilyOp(c.Family, c.Input, c.Input, s) }
		return at(lexicon.Less), at(lexicon.Equal), at(lexicon.Greater)
	}
	if c, ok := rs.DefaultClass(lexicon.Hash, typ); ok {
		return 0, rs.FamilyOp(c.Family, c.Input, c.Input, 1), 0
	}
	return 0, 0, 0
}

// SortOperators are OrderOperators of a type that must have an order; 42883.
func (rs *Resolver) SortOperators(typ types.OID, loc int32) (lt, eq, gt types.OID) {
	lt, eq, gt = rs.OrderOperators(typ)
	if lt == 0 || gt == 0 {
		panic(rs.Err(pgerr.UndefinedFunction, loc, "could not identify an ordering operator for type %s", rs.TypeText(typ)).
			WithHint("Use an explicit ordering operator or modify the query."))
	}
	return lt, eq, gt
}

// EqualOperator is the default = of a type that must have one; 42883.
func (rs *Resolver) EqualOperator(typ types.OID, loc int32) types.OID {
	_, eq, _ := rs.OrderOperators(typ)
	if eq == 0 {
		rs.Fail(pgerr.UndefinedFunction, loc, "could not identify an equality operator for type %s", rs.TypeText(typ))
	}
	return eq
}
