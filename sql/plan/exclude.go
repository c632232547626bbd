package plan

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// Exclusion is the comparison of the i-th key of an exclusion constraint between two rows, whose values are cols.
func Exclusion(cat *catalog.Catalog, ix *catalog.Index, i int) (test Expr, cols []Col) {
	k, op := &ix.Keys[i], &ix.Excludes[i]
	t := Type{OID: k.Type, Mod: -1, Coll: k.Collation}
	cols = []Col{{ID: 1, Name: "new", T: t}, {ID: 2, Name: "old", T: t}}
	f := &FuncCall{Proc: op.Proc, Op: op.Op, Args: []Expr{&ColRef{Col: 1, T: t}, &ColRef{Col: 2, T: t}}, T: Type{OID: types.Bool, Mod: -1}, InputColl: k.Collation, Form: CallOp}
	if cat != nil {
		f.Func = cat.Function(op.Proc)
	}
	return f, cols
}
