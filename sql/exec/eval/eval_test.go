package eval

import (
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

var (
	integer = plan.Type{OID: types.Int4, Mod: -1}
	boolean = plan.Type{OID: types.Bool, Mod: -1}
)

// pg_proc rows.
const (
	int4eq  = 65
	int4pl  = 177
	int4div = 154
)

func num(v int64) plan.Expr         { return &plan.Const{Val: tuple.Int(v), T: integer} }
func column(c plan.ColID) plan.Expr { return &plan.ColRef{Col: c, T: integer} }
func param(i int) plan.Expr         { return &plan.Param{Index: i, T: integer} }

func fn(proc types.OID, t plan.Type, args ...plan.Expr) plan.Expr {
	return &plan.FuncCall{Proc: proc, Args: args, T: t}
}

func builder() (*run.Run, *Builder) {
	r := &run.Run{}
	return r, NewBuilder(r, &types.Env{}, nil)
}

// AND, OR and NOT over the three truth values (manual: 9.1).
func TestThreeValues(t *testing.T) {
	r, b := builder()
	x, y := &plan.ColRef{Col: 1, T: boolean}, &plan.ColRef{Col: 2, T: boolean}
	conds := map[string]Cond{}
	for name, e := range map[string]plan.Expr{
		"and": &plan.BoolOp{Kind: plan.And, Args: []plan.Expr{x, y}}, "or": &plan.BoolOp{Kind: plan.Or, Args: []plan.Expr{x, y}},
		"not": &plan.BoolOp{Kind: plan.Not, Args: []plan.Expr{x}},
	} {
		var err error
		if conds[name], err = b.Cond(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		x, y         Tri
		and, or, not Tri
	}{
		{True, True, True, True, False}, {True, False, False, True, False}, {True, Null, Null, True, False},
		{False, True, False, True, True}, {False, False, False, False, True}, {False, Null, False, Null, True},
		{Null, True, Null, True, Null}, {Null, False, False, Null, Null}, {Null, Null, Null, Null, Null},
	} {
		r.F.S[b.Slot(1)], r.F.S[b.Slot(2)] = c.x.datum(), c.y.datum()
		for name, want := range map[string]Tri{"and": c.and, "or": c.or, "not": c.not} {
			if got, err := conds[name](); got != want || err != nil {
				t.Errorf("%d %s %d: %d %v", c.x, name, c.y, got, err)
			}
		}
	}
}

// A condition of a filter may say false for NULL, but is true where all of its parts are and nowhere else.
func TestConds(t *testing.T) {
	r, b := builder()
	var es []plan.Expr
	for i := range plan.ColID(3) {
		es = append(es, fn(int4eq, boolean, column(i+1), num(1)))
	}
	for n := range len(es) + 1 {
		c, err := b.Conds(es[:n])
		if err != nil || (c == nil) != (n == 0) {
			t.Fatal(n, err)
		}
		for bad := range n {
			for i := range n {
				r.F.S[b.Slot(plan.ColID(i+1))] = tuple.Int(1)
			}
			if got, err := c(); got != True || err != nil {
				t.Errorf("%d conditions that hold: %d %v", n, got, err)
			}
			for _, v := range []types.Datum{tuple.Int(2), types.Null} {
				r.F.S[b.Slot(plan.ColID(bad+1))] = v
				if got, err := c(); got == True || err != nil {
					t.Errorf("%d conditions of which %d does not hold: %d %v", n, bad, got, err)
				}
			}
		}
	}
}

// What is made of constants is computed when it is compiled. One that fails is the statement's error, but where something
// stands before it that may keep it from being reached: 1/0 alone, against CASE WHEN $1 = 1 THEN 1/0 END.
func TestConstants(t *testing.T) {
	zero := fn(int4div, integer, num(1), num(0))
	when := func(cond plan.Expr) plan.Expr {
		return &plan.Case{Whens: []plan.When{{Cond: cond, Then: zero}}, T: integer}
	}
	for _, c := range []struct {
		e      plan.Expr
		known  bool
		failed bool
		early  bool
	}{
		{fn(int4pl, integer, num(2), num(3)), true, false, false},
		{zero, false, true, false},
		{when(fn(int4eq, boolean, param(0), num(1))), false, false, false},
		{when(fn(int4eq, boolean, column(1), num(1))), false, true, false},
		{fn(int4div, integer, num(1), param(0)), false, false, true},
		{fn(int4div, integer, num(1), column(1)), false, false, false},
	} {
		_, b := builder()
		o, err := b.Expr(c.e)
		if err != nil {
			t.Fatal(err)
		}
		if o.known != c.known || (b.Failed() != nil) != c.failed || b.Early() != c.early {
			t.Errorf("%+v: known %v, failed %v, early %v", c.e, o.known, b.Failed(), b.Early())
		}
	}
}

// What depends on parameters alone is computed once per execution, what reads a column each time.
func TestFixed(t *testing.T) {
	r, b := builder()
	fixed, err := b.Expr(fn(int4pl, integer, param(0), num(1)))
	if err != nil {
		t.Fatal(err)
	}
	if !fixed.Fixed || fixed.Fn == nil {
		t.Fatalf("%+v", fixed)
	}
	for _, v := range []int64{1, 2} {
		r.Begin(&run.Context{Env: &types.Env{}, Params: []types.Datum{tuple.Int(v)}})
		for range 2 {
			if got, err := fixed.Fn(); err != nil || got.Int() != v+1 {
				t.Errorf("%d: %d %v", v, got.Int(), err)
			}
			r.F.S[r.Param(0)] = tuple.Int(100) // too late for this execution
		}
		r.End()
	}
	o, err := b.Expr(fn(int4pl, integer, column(1), num(1)))
	if err != nil || o.Fixed {
		t.Error("a column is not fixed", err)
	}
}

// An Evaluator computes over rows that it is given; a subquery has nobody here to run it.
func TestEvaluator(t *testing.T) {
	cols := []plan.Col{{ID: 7, T: integer}, {ID: 9, T: integer}}
	ev, err := Compile(fn(int4div, integer, column(7), column(9)), cols, &types.Env{})
	if err != nil {
		t.Fatal(err)
	}
	ev.Begin(&run.Context{Env: &types.Env{}})
	if v, err := ev.Eval([]types.Datum{tuple.Int(42), tuple.Int(6)}); err != nil || v.Int() != 7 {
		t.Error(v.Int(), err)
	}
	if v, err := ev.Eval([]types.Datum{tuple.Int(42), types.Null}); err != nil || !v.IsNull() {
		t.Error(v, err)
	}
	if _, err := ev.Eval([]types.Datum{tuple.Int(42), tuple.Int(0)}); err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Error(err)
	}
	for _, kind := range []plan.SubqueryKind{plan.SubScalar, plan.SubExists} {
		if _, err := Compile(&plan.Subquery{Kind: kind}, nil, &types.Env{}); err == nil {
			t.Error("a subquery was compiled")
		}
	}
}

// A compiled comparison and sum cost no allocation.
func TestAllocations(t *testing.T) {
	r, b := builder()
	c, err := b.Cond(fn(int4eq, boolean, fn(int4pl, integer, column(1), num(1)), column(2)))
	if err != nil {
		t.Fatal(err)
	}
	r.F.S[b.Slot(1)], r.F.S[b.Slot(2)] = tuple.Int(1), tuple.Int(2)
	if n := testing.AllocsPerRun(100, func() {
		if got, err := c(); got != True || err != nil {
			t.Error(got, err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
