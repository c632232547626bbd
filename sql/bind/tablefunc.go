package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// TableFunctions knows the columns of functions in FROM that depend on their arguments, which are constants therefore.
type TableFunctions interface {
	// Describe tells what a call gives. Arguments come in the order in which they are written.
	Describe(function string, args []TableArg) (*TableFunction, error)
	// Const computes an expression without columns and parameters; ok is false where its value is not known ahead of the execution.
	Const(e plan.Expr) (v types.Datum, ok bool)
}

// TableArg is an argument; Name is "" where it is given by its position.
type TableArg struct {
	Name string
	Type types.OID
	Val  types.Datum
}

// TableFunction is a call whose columns are known.
type TableFunction struct {
	Cols []types.Attr
	// Hidden columns stand behind Cols and are named through HiddenAs only, as in _metadata.file_name.
	Hidden   []types.Attr
	HiddenAs string
	// Args are what the function is run with.
	Args []string
	// Rows is about how many rows it gives; 0: that is not known.
	Rows float64
}

// tableFunctionNames are the functions whose columns TableFunctions tells, in schema pg_catalog.
var tableFunctionNames = map[string]bool{"read_files": true, "delta_scan": true, "table_changes": true}

// tableFunction binds a call in FROM of a function whose columns depend on its arguments; ok is false for any other.
func (b *binder) tableFunction(s *expression.Scope, n *ast.RangeFunction) (items []*expression.Item, ok bool) {
	call := soleCall(n)
	if call == nil {
		return nil, false
	}
	name := lexicon.Names(call.Funcname)
	fn := name[len(name)-1]
	if !tableFunctionNames[fn] || len(name) > 2 || len(name) == 2 && name[0] != "pg_catalog" {
		return nil, false
	}
	switch {
	case b.env.Tables == nil:
		b.Unsupported(call.Location, "function "+fn+" here")
	case b.env.ViewDefinition || b.shapes != nil || b.Stored:
		b.Unsupported(call.Location, "function "+fn+" in a view or another stored query")
	case n.Ordinality:
		b.Unsupported(call.Location, fn+" WITH ORDINALITY")
	case len(n.Coldeflist) > 0:
		b.Fail(pgerr.SyntaxError, place.OfNode(n.Coldeflist[0]), "a column definition list is redundant for function %s", fn)
	}
	t, err := b.env.Tables.Describe(fn, b.tableArgs(fn, call))
	b.Check(err, call.Location)
	scan := b.tableScan(fn, t)
	b.Volatile, b.Momentary = true, true // the columns are those that the files have at this moment
	alias := fn
	if n.Alias != nil {
		alias = n.Alias.Aliasname
	}
	scan.Alias = alias
	it := b.relItem(s, scan, scan.Out[:len(t.Cols)], alias)
	b.aliasColumns(it, n.Alias)
	items = append(items, it)
	if len(t.Hidden) > 0 {
		h := b.relItem(s, scan, scan.Out[len(t.Cols):], t.HiddenAs)
		h.ColVisible, h.Implied = false, true
		items = append(items, h)
	}
	return items, true
}

// soleCall is the one function of a FROM item; nil if it is something else.
func soleCall(n *ast.RangeFunction) *ast.FuncCall {
	if len(n.Functions) != 1 {
		return nil
	}
	l, ok := n.Functions[0].(*ast.List)
	if !ok || len(l.Items) == 0 {
		return nil
	}
	call, _ := l.Items[0].(*ast.FuncCall)
	return call
}

func (b *binder) tableArgs(fn string, call *ast.FuncCall) []TableArg {
	var args []TableArg
	for _, a := range call.Args {
		arg := TableArg{}
		if n, ok := a.(*ast.NamedArgExpr); ok {
			arg.Name, a = n.Name, n.Arg
		} else if len(args) > 0 && args[len(args)-1].Name != "" {
			b.Fail(pgerr.SyntaxError, place.OfNode(a), "positional argument cannot follow named argument")
		}
		s := b.NewScope(nil)
		e := b.ResolveUnknown(b.ExprIn(s, a, expression.KindFromFunction))
		b.FoldExpr(&e)
		arg.Type = e.Type().OID
		known := true
		tree.WalkExpr(e, func(x plan.Expr) bool {
			switch x.(type) {
			case *plan.Param, *plan.Subquery:
				known = false
			}
			return known
		})
		if known {
			arg.Val, known = b.env.Tables.Const(e)
		}
		if !known || len(s.SRFs) > 0 {
			b.Unsupported(place.OfNode(a), "an argument of function "+fn+" that is not a constant")
		}
		arg.Val = arg.Val.Clone()
		args = append(args, arg)
	}
	return args
}

func (b *binder) tableScan(fn string, t *TableFunction) *plan.FuncScan {
	f := &plan.FuncCall{Proc: b.ProcsNamed([]string{"pg_catalog", fn})[0].OID, Name: fn, T: plan.Type{OID: types.Record, Mod: -1}, RetSet: true}
	for _, a := range t.Args {
		f.Args = append(f.Args, &plan.Const{Val: tuple.String(a), T: b.PlanType(types.Text, -1)})
	}
	scan := &plan.FuncScan{Rows: t.Rows}
	for _, a := range append(append([]types.Attr(nil), t.Cols...), t.Hidden...) {
		f.Fields = append(f.Fields, a)
		scan.Out = append(scan.Out, plan.Col{ID: b.NewCol(), Name: a.Name, T: b.PlanType(a.Type, a.Mod)})
	}
	scan.Funcs = []plan.FuncItem{{Call: f, Cols: len(scan.Out), Composite: true}}
	return scan
}
