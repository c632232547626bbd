package bind_test

import (
	"fmt"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// dump prints a bound tree, one operator a line.
type dump struct{ s strings.Builder }

func dumpStatement(st *plan.Statement) string {
	d := &dump{}
	d.rel(st.Rel, 0)
	if st.Out != nil {
		var cols []string
		for _, c := range st.Out {
			o := ""
			if c.Table != 0 {
				o = fmt.Sprintf("@%d", c.AttNum)
			}
			cols = append(cols, fmt.Sprintf("%s %s%s", c.Name, types.FormatType(c.T.OID, c.T.Mod, nil), o))
		}
		fmt.Fprintf(&d.s, "=> %s\n", strings.Join(cols, ", "))
	}
	if len(st.Params) > 0 {
		var ps []string
		for _, p := range st.Params {
			ps = append(ps, types.FormatType(p, -1, nil))
		}
		fmt.Fprintf(&d.s, "params %s\n", strings.Join(ps, ", "))
	}
	return d.s.String()
}

func (d *dump) line(n int, format string, args ...any) {
	d.s.WriteString(strings.Repeat("  ", n))
	fmt.Fprintf(&d.s, format, args...)
	d.s.WriteByte('\n')
}

func colList(cols []plan.Col) string {
	var out []string
	for _, c := range cols {
		out = append(out, fmt.Sprintf("%s#%d", c.Name, c.ID))
	}
	return strings.Join(out, ", ")
}

func projList(es []plan.Expr, cols []plan.Col) string {
	var out []string
	for i, e := range es {
		if r, ok := e.(*plan.ColRef); ok && r.Col == cols[i].ID {
			out = append(out, expr(e))
			continue
		}
		out = append(out, fmt.Sprintf("%s:=#%d %s", cols[i].Name, cols[i].ID, expr(e)))
	}
	return strings.Join(out, ", ")
}

func keys(ks []plan.SortKey) string {
	var out []string
	for _, k := range ks {
		s := fmt.Sprintf("#%d", k.Col)
		if k.Desc {
			s += " desc"
		}
		if k.NullsFirst {
			s += " nulls first"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func (d *dump) rel(r plan.Rel, n int) {
	switch v := r.(type) {
	case *plan.Scan:
		d.line(n, "Scan %s as %s [%s]", v.Table.Name, v.Alias, colList(v.Out))
	case *plan.VirtualScan:
		d.line(n, "VirtualScan %s as %s [%s]", v.Table.Name, v.Alias, colList(v.Out))
	case *plan.Values:
		d.line(n, "Values [%s]", colList(v.Out))
		for _, row := range v.Rows {
			if len(row) > 0 {
				d.line(n+1, "(%s)", exprs(row))
			}
		}
	case *plan.FuncScan:
		var fs []string
		for _, f := range v.Funcs {
			fs = append(fs, expr(f.Call))
		}
		o := ""
		if v.Ordinality {
			o = " ordinality"
		}
		d.line(n, "FuncScan %s%s [%s]", strings.Join(fs, ", "), o, colList(v.Out))
	case *plan.Project:
		d.line(n, "Project %s", projList(v.Exprs, v.Out))
		d.rel(v.In, n+1)
	case *plan.ProjectSet:
		d.line(n, "ProjectSet %s", projList(v.Exprs, v.Out))
		d.rel(v.In, n+1)
	case *plan.Filter:
		d.line(n, "Filter %s", exprs(v.Conds))
		d.rel(v.In, n+1)
	case *plan.Join:
		l := ""
		if v.Lateral {
			l = " lateral"
		}
		d.line(n, "Join %s%s on %s", [...]string{"inner", "left", "right", "full", "semi", "anti"}[v.Kind], l, exprs(v.On))
		d.rel(v.L, n+1)
		d.rel(v.R, n+1)
	case *plan.Aggregate:
		s := fmt.Sprintf("Aggregate by [%s] in %v", colList(v.GroupBy), v.GroupIn)
		if v.Sets != nil {
			s += fmt.Sprintf(" sets %v", v.Sets)
		}
		for i, a := range v.Aggs {
			s += fmt.Sprintf(" #%d=%s", v.AggOut[i].ID, expr(a))
		}
		for i, g := range v.Groupings {
			s += fmt.Sprintf(" #%d=grouping%v", v.GroupOut[i].ID, g.Cols)
		}
		d.line(n, "%s", s)
		d.rel(v.In, n+1)
	case *plan.Window:
		s := fmt.Sprintf("Window partition %v order %s frame %d:%d..%d", v.Partition, keys(v.Order), v.Frame.Mode, v.Frame.Start, v.Frame.End)
		if v.Frame.StartOff != nil {
			s += " start " + expr(v.Frame.StartOff)
		}
		for i, c := range v.Calls {
			s += fmt.Sprintf(" #%d=%s", v.Out[i].ID, expr(c))
		}
		d.line(n, "%s", s)
		d.rel(v.In, n+1)
	case *plan.Sort:
		d.line(n, "Sort %s", keys(v.Keys))
		d.rel(v.In, n+1)
	case *plan.Distinct:
		d.line(n, "Distinct %v ordered=%v", v.On, v.Ordered)
		d.rel(v.In, n+1)
	case *plan.Limit:
		d.line(n, "Limit %s offset %s ties %s", expr(v.Count), expr(v.Offset), keys(v.WithTies))
		d.rel(v.In, n+1)
	case *plan.SetOp:
		d.line(n, "SetOp %d all=%v [%s]", v.Kind, v.All, colList(v.Out))
		d.rel(v.L, n+1)
		d.rel(v.R, n+1)
	case *plan.With:
		d.line(n, "With")
		for _, c := range v.CTEs {
			d.line(n+1, "%s materialize=%v refs=%d:", c.Name, c.Materialize, c.Refs)
			d.rel(c.Rel, n+2)
		}
		d.rel(v.In, n+1)
	case *plan.CTEScan:
		d.line(n, "CTEScan %s as %s [%s]", v.CTE.Name, v.Alias, colList(v.Out))
	case *plan.WorkScan:
		d.line(n, "WorkScan %s [%s]", v.CTE.Name, colList(v.Out))
	case *plan.RecursiveUnion:
		d.line(n, "RecursiveUnion all=%v [%s]", v.All, colList(v.Out))
		d.rel(v.Base, n+1)
		d.rel(v.Step, n+1)
	case *plan.LockRows:
		s := ""
		for _, it := range v.Items {
			s += fmt.Sprintf(" %s#%d strength %d policy %d", it.Scan.Alias, it.Loc, it.Strength, it.Policy)
		}
		d.line(n, "LockRows%s", s)
		d.rel(v.In, n+1)
	case *plan.Insert:
		d.line(n, "Insert %s %v from %v row [%s]", v.Table.Name, v.Targets, v.SourceCols, colList(v.Row))
		for i := range v.Table.Columns {
			att := v.Table.Columns[i].AttNum
			if e, ok := v.Defaults[att]; ok {
				d.line(n+1, "default %d %s", att, expr(e))
			}
		}
		d.tail(n, v.Checks, v.Generated, v.Returning, v.Out)
		if c := v.Conflict; c != nil {
			d.line(n+1, "conflict nothing=%v %v existing [%s] excluded [%s] where %s", c.Nothing, c.Indexes, colList(c.Existing), colList(c.Excluded), expr(c.Where))
			d.sets(n+1, c.Set)
		}
		d.rel(v.Source, n+1)
	case *plan.Update:
		d.line(n, "Update %s loc #%d old [%s] row [%s] recheck %s", v.Table.Name, v.Loc, colList(v.Old), colList(v.Row), exprs(v.Recheck))
		d.sets(n+1, v.Set)
		d.tail(n, v.Checks, v.Generated, v.Returning, v.Out)
		d.rel(v.Source, n+1)
	case *plan.Delete:
		d.line(n, "Delete %s loc #%d old [%s] recheck %s", v.Table.Name, v.Loc, colList(v.Old), exprs(v.Recheck))
		d.tail(n, nil, nil, v.Returning, v.Out)
		d.rel(v.Source, n+1)
	case *plan.Merge:
		d.line(n, "Merge %s loc #%d", v.Table.Name, v.Loc)
		for _, a := range v.Actions {
			d.line(n+1, "matched=%v %c when %s cols %v values (%s)", a.Matched, a.Kind, expr(a.Cond), a.Cols, exprs(a.Values))
			d.sets(n+2, a.Set)
		}
		d.rel(v.Source, n+1)
	default:
		d.line(n, "%T", r)
	}
}

func (d *dump) sets(n int, set []plan.SetItem) {
	for _, s := range set {
		d.line(n, "set %d = %s", s.AttNum, expr(s.Expr))
	}
}

func (d *dump) tail(n int, cs []plan.Check, gs []plan.GenCol, ret []plan.Expr, out []plan.Col) {
	for _, c := range cs {
		d.line(n+1, "check %s %s", c.Constraint, expr(c.Expr))
	}
	for _, g := range gs {
		d.line(n+1, "generated %d %s", g.AttNum, expr(g.Expr))
	}
	if ret != nil {
		d.line(n+1, "returning %s", projList(ret, out))
	}
}

func exprs(es []plan.Expr) string {
	var out []string
	for _, e := range es {
		out = append(out, expr(e))
	}
	return strings.Join(out, ", ")
}

func typ(t plan.Type) string { return types.FormatType(t.OID, t.Mod, nil) }

func expr(e plan.Expr) string {
	switch v := e.(type) {
	case nil:
		return "-"
	case *plan.Const:
		if v.Val.IsNull() {
			return "NULL::" + typ(v.T)
		}
		return fmt.Sprintf("'%s'::%s", types.Lookup(v.T.OID).Text(v.Val, nil), typ(v.T))
	case *plan.Param:
		return fmt.Sprintf("$%d", v.Index+1)
	case *plan.ColRef:
		return fmt.Sprintf("%s#%d", v.Name, v.Col)
	case *plan.FuncCall:
		f := [...]string{"", "op", "cast", "implicit", "syntax"}[v.Form]
		return fmt.Sprintf("%s%s(%s)%s", v.Name, f, exprs(v.Args), suffix(v))
	case *plan.Relabel:
		return fmt.Sprintf("relabel(%s as %s)", expr(v.Arg), typ(v.T))
	case *plan.CoerceViaIO:
		return fmt.Sprintf("io(%s as %s)", expr(v.Arg), typ(v.T))
	case *plan.ArrayCoerce:
		return fmt.Sprintf("each(%s: %s as %s)", expr(v.Arg), expr(v.Elem), typ(v.T))
	case *plan.BoolOp:
		return fmt.Sprintf("%s(%s)", [...]string{"AND", "OR", "NOT"}[v.Kind], exprs(v.Args))
	case *plan.NullTest:
		return fmt.Sprintf("isnull(%s not=%v row=%v)", expr(v.Arg), v.Not, v.Row)
	case *plan.BoolTest:
		return fmt.Sprintf("is %c(%s not=%v)", v.Want, expr(v.Arg), v.Not)
	case *plan.Case:
		s := "case(" + expr(v.Arg)
		for _, w := range v.Whens {
			s += fmt.Sprintf(" when %s then %s", expr(w.Cond), expr(w.Then))
		}
		return s + " else " + expr(v.Else) + ")"
	case *plan.Coalesce:
		return "coalesce(" + exprs(v.Args) + ")"
	case *plan.MinMax:
		return fmt.Sprintf("minmax(%v %s)", v.Greatest, exprs(v.Args))
	case *plan.NullIf:
		return "nullif(" + expr(v.Eq) + ")"
	case *plan.DistinctFrom:
		return fmt.Sprintf("distinct(%s not=%v)", expr(v.Eq), v.Not)
	case *plan.ScalarArrayOp:
		return fmt.Sprintf("any(%s all=%v)", expr(v.Call), v.All)
	case *plan.ArrayCtor:
		return fmt.Sprintf("array[%s]%s", exprs(v.Elems), typ(v.T))
	case *plan.Subscript:
		return fmt.Sprintf("sub(%s [%s:%s])", expr(v.Arg), exprs(v.Lower), exprs(v.Upper))
	case *plan.SubscriptAssign:
		return fmt.Sprintf("subset(%s [%s:%s] %s)", expr(v.Arg), exprs(v.Lower), exprs(v.Upper), expr(v.Val))
	case *plan.RowCtor:
		return "row(" + exprs(v.Fields) + ")"
	case *plan.FieldSelect:
		return expr(v.Arg) + "." + v.Name
	case *plan.RowCompare:
		var ps []string
		for i := range v.Lt {
			ps = append(ps, expr(v.Lt[i]))
		}
		return fmt.Sprintf("rowcmp %s (%s)", v.Op, strings.Join(ps, "; "))
	case *plan.Subquery:
		d := &dump{}
		d.rel(v.Rel, 0)
		return fmt.Sprintf("subquery %d test %s {%s}", v.Kind, expr(v.Test), strings.ReplaceAll(strings.TrimSpace(d.s.String()), "\n", " | "))
	case *plan.SQLValue:
		return v.Name
	case *plan.NextVal:
		return fmt.Sprintf("nextval(%d)", v.Seq)
	case *plan.Aggref:
		s := fmt.Sprintf("%s(%s", v.Name, exprs(v.Args))
		if v.Direct != nil {
			s += " direct " + exprs(v.Direct)
		}
		if v.Distinct {
			s += " distinct"
		}
		for _, o := range v.OrderBy {
			s += " order " + expr(o.Expr)
		}
		if v.Filter != nil {
			s += " filter " + expr(v.Filter)
		}
		return s + ")"
	case *plan.WindowCall:
		return fmt.Sprintf("%s(%s)", v.Name, exprs(v.Args))
	}
	return fmt.Sprintf("%T", e)
}

func suffix(f *plan.FuncCall) string {
	if f.Form == plan.CallOp {
		return ""
	}
	return ":" + typ(f.T)
}
