package stmt

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// DependOn adds to a list what a bound expression needs of the general store: types, functions and operators of users and extensions. from is the part of
// the owner that the expression belongs to.
func (x *Ctx) DependOn(list *[]catalog.Dep, from catalog.Address, e plan.Expr) {
	seen := map[catalog.Address]bool{}
	add := func(k catalog.Kind, oid types.OID) {
		on := catalog.Address{Kind: k, OID: oid}
		if catalog.BuiltIn(oid) || seen[on] {
			return
		}
		seen[on] = true
		d := catalog.Dep{From: from, On: on, Type: catalog.DepNormal}
		for _, have := range *list {
			if have == d {
				return
			}
		}
		*list = append(*list, d)
	}
	plan.WalkExpr(e, func(e plan.Expr) bool {
		switch v := e.(type) {
		case *plan.FuncCall:
			if !catalog.BuiltIn(v.Op) {
				add(catalog.KindOperator, v.Op)
			} else {
				add(catalog.KindFunction, v.Proc)
			}
		case *plan.Aggref:
			add(catalog.KindFunction, v.Proc)
		case *plan.WindowCall:
			add(catalog.KindFunction, v.Proc)
		case *plan.Relabel:
			add(catalog.KindCollation, v.T.Coll)
		case *plan.Const:
			add(catalog.KindCollation, v.T.Coll)
			if k := namedBy[v.T.OID]; k != 0 && !v.Val.IsNull() {
				add(k, types.OID(v.Val.Uint()))
			}
		case *plan.ColRef:
			return true
		}
		add(catalog.KindType, e.Type().OID)
		return true
	})
}

// namedBy are the kinds of objects that constants of a type stand for.
var namedBy = map[types.OID]catalog.Kind{types.RegConfig: catalog.KindTSConfig, types.RegDictionary: catalog.KindTSDictionary, types.RegCollation: catalog.KindCollation}

// Independent removes the dependencies of one part of the owner.
func Independent(list []catalog.Dep, from catalog.Address) (out []catalog.Dep) {
	for _, d := range list {
		if d.From != from {
			out = append(out, d)
		}
	}
	return out
}

// CollationDep is a dependency of a part of the owner on a collation; nothing for built-in ones.
func CollationDep(list []catalog.Dep, from catalog.Address, oid catalog.OID) []catalog.Dep {
	if oid < catalog.FirstNormalOID {
		return list
	}
	return append(list, catalog.Dep{From: from, On: catalog.Address{Kind: catalog.KindCollation, OID: oid}, Type: catalog.DepNormal})
}

// TypeDep is a dependency on a type; nothing for built-in ones.
func TypeDep(list []catalog.Dep, oid catalog.OID) []catalog.Dep {
	if catalog.BuiltIn(oid) {
		return list
	}
	return append(list, catalog.Dep{On: catalog.Address{Kind: catalog.KindType, OID: oid}, Type: catalog.DepNormal})
}
