package bind

import (
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// searchCycle adds the columns of SEARCH and CYCLE to a recursive WITH query (manual: 7.8.2.1, 7.8.2.2). They pass through the
// working table: the recursive term reads those of the row that it came from and computes its own.
//
//	SEARCH DEPTH    path || ROW(cols)                    CYCLE  ROW(cols) = ANY (path), path || ROW(cols),
//	SEARCH BREADTH  ROW(depth + 1, cols)                        and rows that are marked go no further
type searchCycle struct {
	search *ast.CTESearchClause
	cycle  *ast.CTECycleClause
	sCols  []int // positions of the columns in the clauses
	cCols  []int
	value  plan.Expr
	other  plan.Expr
	extra  []plan.Col // seq, mark, path as far as asked for: the names and types
	work   []plan.Col // the same in the working table
}

var (
	recordType      = plan.Type{OID: types.Record, Mod: -1}
	recordArrayType = plan.Type{OID: types.RecordArray, Mod: -1}
)

// newSearchCycle checks the clauses of a WITH query against its columns; nil where it has none.
func (b *binder) newSearchCycle(s *expression.Scope, r *expression.CTE) *searchCycle {
	n := r.Node
	if n.SearchClause == nil && n.CycleClause == nil {
		return nil
	}
	sc := &searchCycle{search: n.SearchClause, cycle: n.CycleClause}
	add := func(name string, t plan.Type) {
		sc.extra = append(sc.extra, plan.Col{ID: b.NewCol(), Name: name, T: t})
	}
	used := func(name, what string, loc int32) {
		for _, c := range r.Cols {
			if c.Name == name {
				b.Fail(pgerr.SyntaxError, loc, "%s column name \"%s\" already used in WITH query column list", what, name)
			}
		}
	}
	if c := n.SearchClause; c != nil {
		sc.sCols = b.clauseColumns(r, c.SearchColList, "search", c.Location)
		used(c.SearchSeqColumn, "search sequence", c.Location)
		t := recordArrayType
		if c.SearchBreadthFirst {
			t = recordType
		}
		add(c.SearchSeqColumn, t)
	}
	if c := n.CycleClause; c != nil {
		sc.cCols = b.clauseColumns(r, c.CycleColList, "cycle", c.Location)
		used(c.CycleMarkColumn, "cycle mark", c.Location)
		used(c.CyclePathColumn, "cycle path", c.Location)
		if c.CycleMarkColumn == c.CyclePathColumn {
			b.Fail(pgerr.SyntaxError, c.Location, "cycle mark column name and cycle path column name are the same")
		}
		sc.value, sc.other = b.ExprIn(s, c.CycleMarkValue, expression.KindOther), b.ExprIn(s, c.CycleMarkDefault, expression.KindOther)
		t, _ := b.CommonType([]plan.Expr{sc.value, sc.other}, "CYCLE")
		sc.value, sc.other = b.ToCommon(sc.value, t, "CYCLE/SET/TO"), b.ToCommon(sc.other, t, "CYCLE/SET/DEFAULT")
		b.EqualOperator(t, c.Location)
		add(c.CycleMarkColumn, b.PlanType(t, -1))
		add(c.CyclePathColumn, recordArrayType)
	}
	if n.SearchClause != nil && n.CycleClause != nil {
		switch n.SearchClause.SearchSeqColumn {
		case n.CycleClause.CycleMarkColumn:
			b.Fail(pgerr.SyntaxError, n.SearchClause.Location, "search sequence column name and cycle mark column name are the same")
		case n.CycleClause.CyclePathColumn:
			b.Fail(pgerr.SyntaxError, n.SearchClause.Location, "search sequence column name and cycle path column name are the same")
		}
	}
	return sc
}

func (b *binder) clauseColumns(r *expression.CTE, list []ast.Node, what string, loc int32) []int {
	var out []int
	for _, name := range lexicon.Names(list) {
		at := -1
		for i, c := range r.Cols {
			if c.Name == name {
				at = i
			}
		}
		if at < 0 {
			b.Fail(pgerr.SyntaxError, loc, "%s column \"%s\" not in WITH query column list", what, name)
		}
		if slices.Contains(out, at) {
			b.Fail(pgerr.DuplicateColumn, loc, "%s column \"%s\" specified more than once", what, name)
		}
		out = append(out, at)
	}
	return out
}

// rowOf is ROW of some of the columns.
func rowOf(cols []plan.Col, at []int, first ...plan.Expr) *plan.RowCtor {
	row := &plan.RowCtor{T: recordType, Fields: first}
	for _, i := range at {
		row.Fields = append(row.Fields, &plan.ColRef{Col: cols[i].ID, Name: cols[i].Name, T: cols[i].T})
	}
	for i := range row.Fields {
		row.Names = append(row.Names, "f"+strconv.Itoa(i+1))
	}
	return row
}

func arrayOf(row *plan.RowCtor) plan.Expr {
	return &plan.ArrayCtor{Elems: []plan.Expr{row}, Elem: recordType, T: recordArrayType}
}

// base is the non-recursive term with the columns' first values.
func (sc *searchCycle) base(b *binder, rel plan.Rel, cols []plan.Col) plan.Rel {
	p := passThrough(rel, cols).(*plan.Project)
	add := func(e plan.Expr) {
		c := sc.extra[len(p.Out)-len(cols)]
		p.Exprs, p.Out = append(p.Exprs, e), append(p.Out, plan.Col{ID: b.NewCol(), Name: c.Name, T: c.T})
	}
	if sc.search != nil {
		if sc.search.SearchBreadthFirst {
			add(rowOf(cols, sc.sCols, &plan.Const{Val: tuple.Int(0), T: plan.Type{OID: types.Int8, Mod: -1}}))
		} else {
			add(arrayOf(rowOf(cols, sc.sCols)))
		}
	}
	if sc.cycle != nil {
		add(sc.other)
		add(arrayOf(rowOf(cols, sc.cCols)))
	}
	return p
}

// through brings the working table's columns up through a Project.
func (sc *searchCycle) through(p *plan.Project) {
	for _, c := range sc.work {
		p.Exprs, p.Out = append(p.Exprs, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}), append(p.Out, c)
	}
}

// open prepares the recursive term as it was bound: its Project, straight over FROM and WHERE, passes the columns on, and
// rows of a cycle go no further.
func (sc *searchCycle) open(b *binder, q *query, loc int32) {
	p, ok := q.rel.(*plan.Project)
	if ok {
		for _, c := range sc.work {
			ok = ok && containsCol(p.In.Cols(), c.ID)
		}
	}
	if !ok || len(sc.work) == 0 {
		b.Unsupported(loc, "SEARCH or CYCLE over this form of recursive term")
	}
	if sc.cycle != nil {
		mark := sc.work[len(sc.work)-2]
		ref := &plan.ColRef{Col: mark.ID, Name: mark.Name, T: mark.T}
		cond := b.Op([]string{"<>"}, ref, sc.value, -1)
		b.Collate(cond)
		p.In = &plan.Filter{In: p.In, Conds: []plan.Expr{cond}}
	}
	sc.through(p)
}

// Functions and operators that the columns are computed with (pg_proc, pg_operator).
const (
	procArrayCat types.OID = 383
	procInt8Inc  types.OID = 1219
	procRecordEq types.OID = 2981
	opRecordEq   types.OID = 2988
)

// step computes the columns of the recursive term's rows.
func (sc *searchCycle) step(b *binder, rel plan.Rel, cols []plan.Col) plan.Rel {
	p := passThrough(rel, cols).(*plan.Project)
	work := func(i int) *plan.ColRef {
		c := sc.work[i]
		return &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}
	}
	add := func(e plan.Expr) {
		c := sc.extra[len(p.Out)-len(cols)]
		p.Exprs, p.Out = append(p.Exprs, e), append(p.Out, plan.Col{ID: b.NewCol(), Name: c.Name, T: c.T})
	}
	grown := func(path plan.Expr, row *plan.RowCtor) plan.Expr {
		return &plan.FuncCall{Proc: procArrayCat, Name: "array_cat", Args: []plan.Expr{path, arrayOf(row)}, T: recordArrayType}
	}
	at := 0
	if sc.search != nil {
		if sc.search.SearchBreadthFirst {
			i8 := plan.Type{OID: types.Int8, Mod: -1}
			depth := &plan.FieldSelect{Arg: work(0), Field: 0, Name: "f1", T: i8}
			add(rowOf(cols, sc.sCols, &plan.FuncCall{Proc: procInt8Inc, Name: "int8inc", Args: []plan.Expr{depth}, T: i8}))
		} else {
			add(grown(work(0), rowOf(cols, sc.sCols)))
		}
		at = 1
	}
	if sc.cycle != nil {
		seen := &plan.FuncCall{Proc: procRecordEq, Op: opRecordEq, Name: "=", Args: []plan.Expr{rowOf(cols, sc.cCols), work(at + 1)}, T: b.PlanType(types.Bool, -1), Form: plan.CallOp}
		add(&plan.Case{Whens: []plan.When{{Cond: &plan.ScalarArrayOp{Call: seen}, Then: sc.value}}, Else: sc.other, T: sc.extra[at].T})
		add(grown(work(at+1), rowOf(cols, sc.cCols)))
	}
	return p
}
