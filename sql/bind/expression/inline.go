package expression

import (
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// maxInline bounds how deep bodies are put into bodies: a recursive function is called at last.
const maxInline = 8

// inline replaces the call of a SQL function whose body is SELECT expression by the expression (inline_function): nil where the
// call stays. The body must not be more volatile than the function says, a strict function must use all of its arguments in
// strict calls, and an argument that is used more than once must be cheap and not volatile.
func (b *Binder) inline(s *Scope, f *plan.FuncCall, loc int32) plan.Expr {
	d := f.Func
	if !b.Inline || d == nil || d.Language != "sql" || d.Proc.Kind != 'f' || d.Proc.RetSet || d.Proc.SecDef || len(d.Config) > 0 ||
		d.Body != "" || f.T.OID == types.Record || f.T.OID == types.Void || b.Printing || b.inlined >= maxInline {
		return nil
	}
	if t := b.Type(f.T.OID); t == nil || t.TypType == types.TypeComposite || b.IsDomain(f.T.OID) {
		return nil
	}
	n, err := b.Cache.Parse(d.Proc.Src)
	if err != nil {
		return nil
	}
	body := soleExpr(n)
	if body == nil {
		return nil
	}
	args := &inlineArgs{f: f, b: b}
	x := b.tryInline(args, body, f)
	if x == nil || !args.safe(b, x) {
		return nil
	}
	x = plan.MapExpr(x, func(e plan.Expr) plan.Expr {
		if p, ok := e.(*plan.Param); ok && p.Index >= inlineBase {
			return f.Args[p.Index-inlineBase]
		}
		return e
	})
	return b.At(x, loc)
}

// soleExpr is the expression of SELECT expression; nil for every other statement.
func soleExpr(n ast.Node) ast.Node {
	q, ok := n.(*ast.SelectStmt)
	if !ok || len(q.TargetList) != 1 || q.FromClause != nil || q.WhereClause != nil || q.GroupClause != nil || q.HavingClause != nil ||
		q.WindowClause != nil || q.SortClause != nil || q.LimitCount != nil || q.LimitOffset != nil || q.DistinctClause != nil ||
		q.IntoClause != nil || q.ValuesLists != nil || q.WithClause != nil || q.LockingClause != nil || q.Op != ast.SETOP_NONE {
		return nil
	}
	t, ok := q.TargetList[0].(*ast.ResTarget)
	if !ok {
		return nil
	}
	if c, ok := t.Val.(*ast.ColumnRef); ok {
		if _, star := c.Fields[len(c.Fields)-1].(*ast.A_Star); star {
			return nil
		}
	}
	simple := true
	ast.Walk(t.Val, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.SubLink, *ast.GroupingFunc:
			simple = false
		}
		return simple
	})
	if !simple {
		return nil
	}
	return t.Val
}

// tryInline binds the body in an environment of its own; nil where it does not bind as an expression without aggregates and sets.
func (b *Binder) tryInline(args *inlineArgs, body ast.Node, f *plan.FuncCall) (x plan.Expr) {
	vars, text := b.Vars, b.Text
	b.Vars, b.Text = args, place.Text{}
	volatileBefore := b.Volatile
	b.Volatile = false
	b.inlined++
	defer func() {
		b.Vars, b.Text = vars, text
		b.inlined--
		if r := recover(); r != nil || x == nil || b.Volatile && f.Func.Proc.Volatile != 'v' {
			x = nil
			b.Volatile = volatileBefore
			return
		}
		b.Volatile = b.Volatile || volatileBefore
	}()
	in := b.NewScope(nil)
	e := b.ExprIn(in, body, KindOther)
	if len(in.SRFs) > 0 {
		return nil
	}
	e = b.CoerceToTarget(e, f.T.OID, -1, overload.Assignment, plan.CallCastImplicit, -1)
	return e
}

// inlineArgs gives the arguments of a call as variables numbered from inlineBase: they are replaced when the body is bound.
type inlineArgs struct {
	f *plan.FuncCall
	b *Binder
}

func (a *inlineArgs) Conflict() VariableConflict { return UseColumn }

func (a *inlineArgs) Number(n int) Variable {
	if n < 1 || n > len(a.f.Args) {
		return Variable{}
	}
	return Variable{Parts: 1, Index: n - 1 + inlineBase, Type: a.f.Args[n-1].Type()}
}

func (a *inlineArgs) Variable(name []string) Variable {
	p := &a.f.Func.Proc
	parts := 1
	if len(name) > 1 && name[0] == p.Name {
		name, parts = name[1:], 2
	}
	in := 0
	for i, n := range p.ArgNames {
		if p.ArgModes != nil && p.ArgModes[i] != "i" && p.ArgModes[i] != "b" && p.ArgModes[i] != "v" {
			continue
		}
		if n == name[0] && n != "" {
			v := a.Number(in + 1)
			v.Parts = parts
			return v
		}
		in++
	}
	return Variable{}
}

const inlineBase = 1 << 20

// safe reports whether the body with the arguments in it means what the call meant.
func (a *inlineArgs) safe(b *Binder, x plan.Expr) bool {
	uses := make([]int, len(a.f.Args))
	strict := true
	tree.WalkExpr(x, func(e plan.Expr) bool {
		switch v := e.(type) {
		case *plan.Param:
			if v.Index >= inlineBase {
				uses[v.Index-inlineBase]++
			}
		case *plan.Subquery:
			strict = false
		case *plan.FuncCall:
			p := b.Proc(v.Proc)
			strict = strict && p != nil && p.Strict
		case *plan.Relabel, *plan.Const, *plan.CoerceViaIO:
		default:
			strict = false
		}
		return true
	})
	for i, arg := range a.f.Args {
		if a.f.Func.Proc.Strict && (!strict || uses[i] == 0) {
			return false
		}
		if uses[i] != 1 && b.costly(arg) {
			return false
		}
	}
	return true
}

// costly: computing the expression more than once, or not at all, is not the same.
func (b *Binder) costly(e plan.Expr) bool {
	found := false
	tree.WalkExpr(e, func(e plan.Expr) bool {
		switch v := e.(type) {
		case *plan.Subquery, *plan.NextVal:
			found = true
		case *plan.FuncCall:
			p := b.Proc(v.Proc)
			found = found || p == nil || p.Volatile == 'v' || p.OID >= catalog.FirstNormalOID
		}
		return !found
	})
	return found
}
