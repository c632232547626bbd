package bind

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// StepFunction is the function that an aggregate names for a step, and what it returns for arguments of these types, which may be
// polymorphic (lookup_agg_function). variadic: the aggregate itself is VARIADIC "any". Errors: 42883, 42804.
func StepFunction(env *Env, name []ast.Node, args []types.OID, variadic bool) (p *pgdata.Proc, ret types.OID, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	names := lexicon.Names(name)
	found := b.Function(names, nil, args, false, false)
	sig := b.Signature(names, nil, args)
	if found.Candidate == nil || found.Kind != 'f' {
		if found.Many {
			b.Fail(pgerr.AmbiguousFunction, -1, "function %s is not unique", sig)
		}
		b.Fail(pgerr.UndefinedFunction, -1, "function %s does not exist", sig)
	}
	p = found.Candidate.Proc
	if p.RetSet {
		b.Fail(pgerr.DatatypeMismatch, -1, "function %s returns a set", sig)
	}
	if variadic && p.Variadic != types.Any {
		b.Fail(pgerr.DatatypeMismatch, -1, "function %s must accept VARIADIC ANY to be used in this aggregate", sig)
	}
	declared := slices.Clone(found.Candidate.Args[:len(args)])
	if ret = p.RetType; !slices.Equal(declared, args) {
		ret = b.ResolvePolymorphic(args, declared, p.RetType, -1)
	}
	for i, t := range args {
		if !b.BinaryCoercible(t, declared[i]) {
			b.Fail(pgerr.DatatypeMismatch, -1, "function %s requires run-time type coercion", b.Signature(names, nil, declared))
		}
	}
	return p, ret, nil
}

// ExactFunction is the function with exactly these argument types (LookupFuncName). Errors: 42883.
func ExactFunction(env *Env, name []ast.Node, args []types.OID) (p *pgdata.Proc, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	names := lexicon.Names(name)
	for _, p := range b.ProcsNamed(names) {
		if slices.Equal(p.ArgTypes, args) {
			return p, nil
		}
	}
	b.Fail(pgerr.UndefinedFunction, -1, "function %s does not exist", b.Signature(names, nil, args))
	return nil, nil
}

// CastBetween is the pg_cast row of two types; nil if there is none.
func CastBetween(env *Env, src, dst types.OID) *pgdata.Cast { return newBinder(env).Cast(src, dst) }

// BinaryCoercible reports whether values of src can stand where dst is expected without any change.
func BinaryCoercible(env *Env, src, dst types.OID) bool {
	return newBinder(env).BinaryCoercible(src, dst)
}

// ExactOperator is the operator with exactly these operand types; left 0: a prefix operator (LookupOperName). nil: there is none.
func ExactOperator(env *Env, name []ast.Node, left, right types.OID) (op *pgdata.Operator, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	for _, o := range b.OperatorsNamed(lexicon.Names(name)) {
		if o.Left == left && o.Right == right {
			return o, nil
		}
	}
	return nil, nil
}

// OperatorsNamed lists the operators that a name may mean. The list is not to be changed.
func OperatorsNamed(env *Env, name []string) []*pgdata.Operator {
	return newBinder(env).OperatorsNamed(name)
}

// OperatorByOID finds an operator; nil if there is none.
func OperatorByOID(env *Env, oid types.OID) *pgdata.Operator { return newBinder(env).Operator(oid) }

// OperatorName is an operator's symbol, as OPERATOR(schema.symbol) where search_path does not find it.
func OperatorName(env *Env, oid types.OID) string { return newBinder(env).operText(oid) }

// OperatorText is an operator with its operand types as messages show it.
func OperatorText(env *Env, name []ast.Node, left, right types.OID) string {
	b := newBinder(env)
	s := strings.Join(lexicon.Names(name), ".")
	if left != 0 {
		s = b.TypeText(left) + " " + s
	}
	if right != 0 {
		s += " " + b.TypeText(right)
	}
	return s
}

// Convert is a constant of a type, read from its text as in a literal. Errors: those of the type's input.
func Convert(env *Env, text string, t types.OID) (err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.TextConst(text, t)
	return nil
}
