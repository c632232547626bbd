package bind

import (
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

const rangeOverlaps types.OID = 3888 // anyrange && anyrange

// ExclusionOperator finds the operator by which an exclusion constraint compares a key of a type; the operator class has to have it.
// Errors: 42883, 42809.
func ExclusionOperator(env *Env, name []ast.Node, class, typ types.OID) (op catalog.ExcludeOp, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	o := b.BinaryOperator(lexicon.Names(name), typ, typ, -1)
	if !b.BinaryCoercible(typ, o.Left) || !b.BinaryCoercible(typ, o.Right) {
		b.Fail(pgerr.UndefinedFunction, -1, "operator requires run-time type coercion: %s", OperatorText(env, name, typ, typ))
	}
	text := b.operText(o.OID) + "(" + b.TypeText(o.Left) + "," + b.TypeText(o.Right) + ")"
	if o.Com != o.OID {
		panic(b.Err(pgerr.WrongObjectType, -1, "operator %s is not commutative", text).
			WithDetail("Only commutative operators can be used in exclusion constraints."))
	}
	if c := b.ClassByOID(class); !b.InFamily(o.OID, c.Family) {
		panic(b.Err(pgerr.WrongObjectType, -1, "operator %s is not a member of operator family \"%s\"", text, lexicon.FamilyName(c.Family)).
			WithDetail("The exclusion operator must be related to the index operator class for the constraint."))
	}
	return catalog.ExcludeOp{Op: o.OID, Proc: o.Code, Equal: b.FamilyAt(o.OID, lexicon.Equal) != 0, Overlap: o.OID == rangeOverlaps}, nil
}
