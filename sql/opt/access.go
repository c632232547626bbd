package opt

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// operators is pg_operator by OID, and the btree strategy (1 < 2 <= 3 = 4 >= 5 >) of the operators that are in a btree
// family for which keyAccepts holds between the two sides; order has those between other types, too.
var operators = sync.OnceValue(func() (m struct {
	byOID    map[types.OID]*pgdata.Operator
	strategy map[types.OID]int
	order    map[types.OID]int
	volatile map[types.OID]bool
	procs    map[types.OID]*pgdata.Proc
}) {
	m.byOID, m.strategy, m.order, m.volatile = map[types.OID]*pgdata.Operator{}, map[types.OID]int{}, map[types.OID]int{}, map[types.OID]bool{}
	ops := pgdata.Operators()
	for i := range ops {
		m.byOID[ops[i].OID] = &ops[i]
	}
	t := pgdata.Load("pg_amop")
	left, right, strat, opr, method := t.Col("amoplefttype"), t.Col("amoprighttype"), t.Col("amopstrategy"), t.Col("amopopr"), t.Col("amopmethod")
	for _, r := range t.Rows {
		if *r[method] != "403" {
			continue
		}
		m.order[atoi(*r[opr])] = int(atoi(*r[strat]))
		if keyAccepts(atoi(*r[left]), atoi(*r[right])) {
			m.strategy[atoi(*r[opr])] = int(atoi(*r[strat]))
		}
	}
	procs := pgdata.Procs()
	m.procs = make(map[types.OID]*pgdata.Proc, len(procs))
	for i := range procs {
		p := &procs[i]
		m.procs[p.OID] = p
		if p.Volatile == 'v' {
			m.volatile[p.OID] = true
		}
	}
	return m
})

func atoi(s string) types.OID {
	n := types.OID(0)
	for i := 0; i < len(s); i++ {
		n = n*10 + types.OID(s[i]-'0')
	}
	return n
}

func hashable(op types.OID) bool {
	o := operators().byOID[op]
	return o != nil && o.CanHash
}

// volatileExpr reports whether e must be evaluated once per row where it stands.
func volatileExpr(e plan.Expr) bool {
	found := false
	plan.WalkExpr(e, func(e plan.Expr) bool {
		switch x := e.(type) {
		case *plan.FuncCall:
			found = found || x.RetSet || operators().volatile[x.Proc] || x.Func != nil && x.Func.Proc.Volatile == 'v'
		case *plan.NextVal:
			found = true
		}
		return !found
	})
	return found
}

// comparison recognises column op value (either way round) for a btree operator on equal types.
func comparison(c plan.Expr, own colset) (col plan.ColID, strategy int, val plan.Expr, ok bool) {
	call, isCall := c.(*plan.FuncCall)
	if !isCall || call.Form != plan.CallOp || len(call.Args) != 2 {
		return 0, 0, nil, false
	}
	strategy = operators().strategy[call.Op]
	if strategy == 0 {
		return 0, 0, nil, false
	}
	for side, flip := range []bool{false, true} {
		ref, isRef := plan.StripRelabel(call.Args[side]).(*plan.ColRef)
		val = call.Args[1-side]
		if !isRef || !own.has(ref.Col) || mentionsSet(val, own) || volatileExpr(val) || hasSubquery(val) {
			continue
		}
		if flip {
			strategy = 6 - strategy
		}
		return ref.Col, strategy, val, true
	}
	return 0, 0, nil, false
}

// keyAccepts reports whether a value of type val has the same order and physical form as keys of type key. Integers of
// different size do (a value out of the key's range is rowstore's case), and the binary-coercible string types.
func keyAccepts(key, val types.OID) bool {
	integer := func(t types.OID) bool { return t == types.Int2 || t == types.Int4 || t == types.Int8 }
	text := func(t types.OID) bool { return t == types.Text || t == types.Varchar }
	return key == val || integer(key) && integer(val) || text(key) && text(val)
}

func elemIs(e plan.Expr, want types.OID) bool {
	t := types.Lookup(e.Type().OID)
	return t != nil && keyAccepts(want, t.Elem)
}

// opTextLike is text ~~ text.
const opTextLike = 1209

func boolConst(v bool) *plan.Const {
	return &plan.Const{Val: tuple.Bool(v), T: plan.Type{OID: types.Bool, Mod: -1}}
}

func textConst(s string) *plan.Const {
	return &plan.Const{Val: tuple.String(s), T: plan.Type{OID: types.Text, Mod: -1, Coll: types.Lookup(types.Text).Collation}}
}

// nextPrefix is the first string after all that start with p; "": there is none.
func nextPrefix(p string) string {
	b := []byte(p)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}

// rejectsNull reports whether c cannot be true while all of the columns are NULL.
func rejectsNull(c plan.Expr, cols colset) bool {
	switch x := c.(type) {
	case *plan.BoolOp:
		switch x.Kind {
		case plan.And:
			for _, a := range x.Args {
				if rejectsNull(a, cols) {
					return true
				}
			}
			return false
		case plan.Or:
			for _, a := range x.Args {
				if !rejectsNull(a, cols) {
					return false
				}
			}
			return true
		}
		return nullIn(x.Args[0], cols)
	case *plan.NullTest:
		return x.Not && !x.Row && nullIn(x.Arg, cols)
	case *plan.BoolTest:
		return !x.Not && x.Want != 'u' && nullIn(x.Arg, cols) || x.Not && x.Want == 'u' && nullIn(x.Arg, cols)
	case *plan.ScalarArrayOp:
		return !x.All && strict(x.Call.Proc) && nullIn(x.Call.Args[0], cols)
	}
	return nullIn(c, cols)
}

// nullIn reports whether e is NULL when one of the columns that it names is: strict functions all the way to a column.
func nullIn(e plan.Expr, cols colset) bool {
	switch x := e.(type) {
	case *plan.ColRef:
		return cols.has(x.Col)
	case *plan.Relabel:
		return nullIn(x.Arg, cols)
	case *plan.CoerceViaIO:
		return nullIn(x.Arg, cols)
	case *plan.FuncCall:
		if x.RetSet || !strict(x.Proc) {
			return false
		}
		for _, a := range x.Args {
			if nullIn(a, cols) {
				return true
			}
		}
	case *plan.BoolOp:
		if x.Kind == plan.Not {
			return nullIn(x.Args[0], cols)
		}
	}
	return false
}

func strict(proc types.OID) bool {
	p := operators().procs[proc]
	return p != nil && p.Strict
}
