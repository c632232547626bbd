package opt

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// operators is pg_operator by OID, and the btree strategy (1 < 2 <= 3 = 4 >= 5 >) of the operators that are in a btree
// family for which keyAccepts holds between the two sides.
var operators = sync.OnceValue(func() (m struct {
	byOID    map[types.OID]*pgdata.Operator
	strategy map[types.OID]int
	volatile map[types.OID]bool
}) {
	m.byOID, m.strategy, m.volatile = map[types.OID]*pgdata.Operator{}, map[types.OID]int{}, map[types.OID]bool{}
	ops := pgdata.Operators()
	for i := range ops {
		m.byOID[ops[i].OID] = &ops[i]
	}
	t := pgdata.Load("pg_amop")
	left, right, strat, opr, method := t.Col("amoplefttype"), t.Col("amoprighttype"), t.Col("amopstrategy"), t.Col("amopopr"), t.Col("amopmethod")
	for _, r := range t.Rows {
		if *r[method] == "403" && keyAccepts(atoi(*r[left]), atoi(*r[right])) {
			m.strategy[atoi(*r[opr])] = int(atoi(*r[strat]))
		}
	}
	for _, p := range pgdata.Procs() {
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
			found = found || x.RetSet || operators().volatile[x.Proc]
		case *plan.NextVal:
			found = true
		}
		return !found
	})
	return found
}

// columnEquals recognises column = expression without columns of the same relation.
func columnEquals(c plan.Expr, own map[plan.ColID]bool) (plan.ColID, plan.Expr, bool) {
	col, strategy, val, ok := comparison(c, own)
	return col, val, ok && strategy == 3
}

// comparison recognises column op value (either way round) for a btree operator on equal types.
func comparison(c plan.Expr, own map[plan.ColID]bool) (col plan.ColID, strategy int, val plan.Expr, ok bool) {
	call, isCall := c.(*plan.FuncCall)
	if !isCall || call.Form != plan.CallOp || len(call.Args) != 2 {
		return 0, 0, nil, false
	}
	strategy = operators().strategy[call.Op]
	if strategy == 0 {
		return 0, 0, nil, false
	}
	for side, flip := range []bool{false, true} {
		ref, isRef := stripRelabel(call.Args[side]).(*plan.ColRef)
		val = call.Args[1-side]
		if !isRef || !own[ref.Col] || mentions(val, own) || volatileExpr(val) || hasSubqueryPlan(val) {
			continue
		}
		if flip {
			strategy = 6 - strategy
		}
		return ref.Col, strategy, val, true
	}
	return 0, 0, nil, false
}

// hasSubqueryPlan: a correlated subquery as a key is left to the filter.
func hasSubqueryPlan(e plan.Expr) bool { return hasSubquery(e) }

func stripRelabel(e plan.Expr) plan.Expr {
	for {
		r, ok := e.(*plan.Relabel)
		if !ok {
			return e
		}
		e = r.Arg
	}
}

func mentions(e plan.Expr, own map[plan.ColID]bool) bool {
	set := map[plan.ColID]bool{}
	plan.ExprCols(e, set)
	for c := range set {
		if own[c] {
			return true
		}
	}
	return false
}

// path is one way to read a table.
type path struct {
	index  *catalog.Index
	eq     []plan.Expr
	eqAny  plan.Expr
	lo, hi *plan.KeyBound
	used   map[int]bool // conditions that the range stands for
	unique bool
}

func (p *path) better(q *path) bool {
	if q == nil {
		return true
	}
	if p.unique != q.unique {
		return p.unique
	}
	score := func(p *path) int {
		s := 4 * len(p.eq)
		if p.eqAny != nil {
			s += 3
		}
		if p.lo != nil {
			s++
		}
		if p.hi != nil {
			s++
		}
		return s
	}
	return score(p) > score(q)
}

func (o *optimizer) scan(x *plan.Scan, conds []plan.Expr) (plan.Node, error) {
	conds, err := o.exprs(conds)
	if err != nil {
		return nil, err
	}
	rows := 1000.0
	if o.env.Stats != nil {
		rows = o.env.Stats.Rows(x.Table)
	}
	n := &plan.TableScan{Est: plan.Est{Rows: rows}, Table: x.Table, Alias: x.Alias, Filter: conds, Out: x.Out}
	var best *path
	for _, ix := range x.Table.Indexes {
		if ix.Building || ix.Pred != "" {
			continue
		}
		if p := matchIndex(x, ix, conds); p != nil && p.better(best) {
			best = p
		}
	}
	if best == nil {
		return n, nil
	}
	n.Index, n.Eq, n.EqAny, n.Lo, n.Hi, n.Unique = best.index, best.eq, best.eqAny, best.lo, best.hi, best.unique
	n.Rows = max(1, rows/100)
	if n.Unique {
		n.Rows = 1
	}
	n.Filter = nil
	for i, c := range conds {
		if best.used[i] {
			n.Conds = append(n.Conds, c)
		} else {
			n.Filter = append(n.Filter, c)
		}
	}
	return n, nil
}

func matchIndex(x *plan.Scan, ix *catalog.Index, conds []plan.Expr) *path {
	own := colSet(x.Out)
	att := map[plan.ColID]int16{}
	for _, c := range x.Out {
		att[c.ID] = c.AttNum
	}
	p := &path{index: ix, used: map[int]bool{}}
	for _, key := range ix.Keys {
		if key.Att == 0 {
			break
		}
		found := false
		for i, c := range conds {
			col, strategy, val, ok := comparison(c, own)
			if ok && strategy == 3 && att[col] == key.Att && keyAccepts(key.Type, val.Type().OID) {
				p.eq, p.used[i], found = append(p.eq, val), true, true
				break
			}
		}
		if found {
			continue
		}
		for i, c := range conds {
			if s, ok := c.(*plan.ScalarArrayOp); ok && !s.All && s.Call.Form == plan.CallOp && operators().strategy[s.Call.Op] == 3 {
				ref, isRef := stripRelabel(s.Call.Args[0]).(*plan.ColRef)
				if isRef && own[ref.Col] && att[ref.Col] == key.Att && elemIs(s.Call.Args[1], key.Type) && !mentions(s.Call.Args[1], own) && !volatileExpr(s.Call.Args[1]) {
					p.eqAny, p.used[i] = s.Call.Args[1], true
					break
				}
			}
		}
		if p.eqAny != nil {
			break
		}
		for i, c := range conds {
			col, strategy, val, ok := comparison(c, own)
			if !ok || att[col] != key.Att || !keyAccepts(key.Type, val.Type().OID) {
				continue
			}
			b := &plan.KeyBound{Expr: val, Inclusive: strategy == 2 || strategy == 4}
			switch {
			case strategy > 3 && p.lo == nil:
				p.lo, p.used[i] = b, true
			case strategy < 3 && p.hi == nil:
				p.hi, p.used[i] = b, true
			}
		}
		break
	}
	if len(p.eq) == 0 && p.eqAny == nil && p.lo == nil && p.hi == nil {
		return nil
	}
	p.unique = ix.Unique && len(p.eq) == len(ix.Keys)
	return p
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
