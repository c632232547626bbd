package expression

import (
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// macro is one of information_schema's SQL functions; a call is replaced by its body.
type macro struct {
	name   string
	params []*ast.FunctionParameter
	body   ast.Node // an expression, or a query that yields one value
	ret    *ast.TypeName
}

var loadMacros = sync.OnceValue(func() map[string]*macro {
	out := map[string]*macro{}
	for _, r := range pgdata.Load("information_schema_proc").Rows {
		n, err := (*parser.Cache)(nil).Parse(*r[2])
		if err != nil {
			panic("bind: " + err.Error())
		}
		f := n.(*ast.CreateFunctionStmt)
		m := &macro{name: *r[1], ret: f.ReturnType, body: f.SqlBody}
		for _, p := range f.Parameters {
			if fp := p.(*ast.FunctionParameter); fp.Mode != ast.FUNC_PARAM_OUT {
				m.params = append(m.params, fp)
			}
		}
		if ret, ok := m.body.(*ast.ReturnStmt); ok {
			m.body = ret.Returnval
		}
		if l, ok := m.body.(*ast.List); ok { // BEGIN ATOMIC: a list of lists of statements
			m.body = l.Items[0].(*ast.List).Items[0]
		}
		// _pg_expandarray is the one that is left without: its rows come from a series of subscripts, see expandArray.
		out[*r[1]] = m
	}
	return out
})

// macroFor finds the function that a call names; nil where it is none of information_schema's.
func (b *Binder) macroFor(name []string, nargs int) *macro {
	switch len(name) {
	case 1:
		if !strings.HasPrefix(name[0], "_pg_") || !b.SchemaVisible("information_schema") {
			return nil
		}
	case 2:
		if name[0] != "information_schema" {
			return nil
		}
	default:
		return nil
	}
	if m := loadMacros()[name[len(name)-1]]; m != nil && len(m.params) == nargs {
		return m
	}
	return nil
}

// expand binds a macro's body over its arguments.
func (b *Binder) expand(s *Scope, m *macro, args []plan.Expr, loc int32) plan.Expr {
	b.Quiet++
	defer func() { b.Quiet-- }()
	path := b.ViewPath
	b.ViewPath = []types.OID{catalog.PgCatalogOID, catalog.InformationSchemaOID}
	defer func() { b.ViewPath = path }()
	if b.Printing {
		return b.printedMacro(s, m, args, loc)
	}
	if m.body == nil {
		return b.expandArray(s, args[0], loc)
	}
	in := b.NewScope(nil)
	it := &Item{ColVisible: true, Scope: in}
	for i, p := range m.params {
		t := b.TypeName(p.ArgType)
		if x := b.CoerceToTarget(args[i], t.OID, -1, overload.Implicit, plan.CallCastImplicit, -1); x != nil {
			args[i] = x
		}
		arg := args[i]
		if p.Name != "" {
			it.Cols = append(it.Cols, ItemCol{Name: p.Name, T: arg.Type(), Ref: func() plan.Expr { return arg }})
		}
	}
	in.Names = []*Item{it}
	old := b.macroArgs
	b.macroArgs = args
	defer func() { b.macroArgs = old }()
	body := m.body
	if q, ok := body.(*ast.SelectStmt); ok {
		body = &ast.SubLink{SubLinkType: ast.EXPR_SUBLINK, Subselect: q, Location: loc}
	}
	e := b.ExprIn(in, body, KindOther)
	t := b.TypeName(m.ret)
	if x := b.CoerceToTarget(e, t.OID, t.Mod, overload.Assignment, plan.CallCastImplicit, -1); x != nil {
		e = x
	}
	return b.At(e, loc)
}

// printedMacro keeps the call as it was written.
func (b *Binder) printedMacro(s *Scope, m *macro, args []plan.Expr, loc int32) plan.Expr {
	f := &plan.FuncCall{Name: m.name, Args: args, Form: plan.CallFunc}
	if m.body != nil {
		f.T = b.TypeName(m.ret)
		return b.At(f, loc)
	}
	f.T, f.RetSet = plan.Type{OID: types.Record, Mod: -1}, true
	e := b.hoistSRF(s, f, len(s.SRFs))
	if ref, ok := e.(*plan.ColRef); ok {
		b.Fields[ref.Col] = []types.Attr{{Name: "x", Type: b.BaseElemType(args[0].Type().OID), Mod: -1}, {Name: "n", Type: types.Int4, Mod: -1}}
	}
	return e
}

// expandArray is _pg_expandarray: one row (x element, n position from 1) for each element.
func (b *Binder) expandArray(s *Scope, arr plan.Expr, loc int32) plan.Expr {
	call := func(name string, args ...plan.Expr) plan.Expr {
		n := &ast.FuncCall{Funcname: []ast.Node{&ast.String{Sval: "pg_catalog"}, &ast.String{Sval: name}}, Location: loc}
		return b.callOn(s, n, args, len(s.SRFs))
	}
	lower := call("array_lower", arr, b.IntConst(1))
	at := call("generate_series", lower, call("array_upper", arr, b.IntConst(1)), b.IntConst(1))
	n := b.Op([]string{"+"}, b.Op([]string{"-"}, at, lower, loc), b.IntConst(1), loc)
	elem := b.BaseElemType(arr.Type().OID)
	x := &plan.Subscript{Arg: arr, Lower: []plan.Expr{nil}, Upper: []plan.Expr{at}, T: b.PlanType(elem, -1)}
	row := &plan.RowCtor{Fields: []plan.Expr{x, n}, Names: []string{"x", "n"}, T: plan.Type{OID: types.Record, Mod: -1}}
	return b.At(row, loc)
}
