package opt

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
)

// collator is a collation; nil for the order of bytes.
func (o *optimizer) collator(coll types.OID) *collation.Collator {
	switch coll {
	case 0, types.DefaultCollation, types.CCollation, types.PosixCollation:
		return nil
	}
	if c := o.env.Catalog.Collator(coll); !c.ByBytes() {
		return c
	}
	return nil
}

// loose reports whether texts of different bytes may be equal under a collation.
func (o *optimizer) loose(coll types.OID) bool { return !o.collator(coll).Deterministic() }

// looseEqual reports whether a condition calls texts of different bytes equal.
func (o *optimizer) looseEqual(e plan.Expr) bool {
	c, ok := e.(*plan.FuncCall)
	return ok && o.loose(c.InputColl)
}

// keyOrdered reports whether an index key is in the order of a collation.
func (o *optimizer) keyOrdered(k *catalog.IndexKey, coll types.OID) bool {
	if k.Order != nil {
		return k.Order.Of == coll
	}
	return o.collator(coll) == nil
}

// keyEquals reports whether what is equal under a collation is what has equal keys in an index.
func (o *optimizer) keyEquals(k *catalog.IndexKey, coll types.OID) bool {
	if k.Order != nil && k.Order.Nondeterministic || o.loose(coll) {
		return k.Order != nil && k.Order.Of == coll
	}
	return true
}

// sameByteOrder reports whether two comparisons order text by its bytes, both.
func (o *optimizer) sameByteOrder(a, b plan.Expr) bool {
	for _, e := range []plan.Expr{a, b} {
		if c, ok := e.(*plan.FuncCall); ok && o.collator(c.InputColl) != nil {
			return false
		}
	}
	return true
}
