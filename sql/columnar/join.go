package columnar

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

func (c *compiler) hashJoin(x *plan.HashJoin) (*block, bool) {
	if x.NullAware {
		return c.notIn(x)
	}
	return c.join(x.Kind, x.Outer, x.Inner, x.OuterKeys, x.InnerKeys, x.Colls, x.On)
}

func (c *compiler) mergeJoin(x *plan.MergeJoin) (*block, bool) {
	var outer, inner []plan.Expr
	var colls []types.OID
	for i, l := range x.OuterKeys {
		r := x.InnerKeys[i]
		outer, inner = append(outer, &plan.ColRef{Col: l.Col, T: l.T}), append(inner, &plan.ColRef{Col: r.Col, T: r.T})
		colls = append(colls, l.T.Coll)
	}
	return c.join(x.Kind, x.Outer, x.Inner, outer, inner, colls, x.On)
}

func (c *compiler) nestLoop(x *plan.NestLoop) (*block, bool) {
	return c.join(x.Kind, x.Outer, x.Inner, nil, nil, nil, x.On)
}

// equal is a condition of a hash or merge join.
func (c *compiler) equal(b *block, l, r plan.Expr, coll types.OID) (string, bool) {
	if !binaryOrder(coll) {
		c.no("a collation")
		return "", false
	}
	lv, ok := c.expr(b, l)
	if !ok {
		return "", false
	}
	rv, ok := c.expr(b, r)
	if !ok {
		return "", false
	}
	_, _, lint := intRange(lv.typ)
	_, _, rint := intRange(rv.typ)
	if !(lv.typ == rv.typ || lint && rint) || !equalByBits(lv) && lv.scale == "" {
		c.no("a join on " + typeName(lv.typ))
		return "", false
	}
	if lv, rv, ok = c.compared("=", lv, rv); !ok {
		return "", false
	}
	return "(" + lv.sql + " = " + rv.sql + ")", true
}

// looksUp counts the columns by which an index scan finds its rows for one of the outer input.
func looksUp(inner plan.Node, outer map[plan.ColID]value) (n int) {
	x, ok := inner.(*plan.TableScan)
	if !ok {
		return 0
	}
	for _, e := range x.Conds {
		used := map[plan.ColID]bool{}
		plan.ExprCols(e, used)
		for id := range used {
			if _, ok := outer[id]; ok {
				n++
				break
			}
		}
	}
	return n
}

// join joins two inputs on the pairs of keys, equal under colls, and on further conditions. What stands in the inner input may name
// columns of the outer one: it is a subquery that DuckDB takes as lateral, or a condition, which moves up.
func (c *compiler) join(kind plan.JoinKind, outer, inner plan.Node, outerKeys, innerKeys []plan.Expr, colls []types.OID, on []plan.Expr) (*block, bool) {
	l, ok := c.openInput(outer)
	if !ok {
		return nil, false
	}
	// A subquery keeps DuckDB from joining its tables in another order than the plan's.
	fixed := kind == plan.InnerJoin && (l.fixed || len(outerKeys) > 1 || looksUp(inner, l.cols) > 1)
	if fixed && l.joined {
		l = c.nest(l)
	}
	c.scopes = append(c.scopes, l.cols)
	r, ok := c.openInput(inner)
	c.scopes = c.scopes[:len(c.scopes)-1]
	if !ok {
		return nil, false
	}
	if kind == plan.InnerJoin && (fixed || r.fixed) && r.joined && !mentions(r.from+r.tail(), l) {
		r, fixed = c.nest(r), true
	}
	rest, marks, ok := c.lift(kind, l, r, on)
	if !ok {
		return nil, false
	}
	// What an outer join makes NULL must be columns: an expression over them may not be NULL then.
	if (kind == plan.LeftJoin || kind == plan.FullJoin) && (r.joined || !r.plain() || kind == plan.FullJoin && len(r.where) > 0) ||
		kind == plan.RightJoin && (r.joined || len(r.where) > 0) {
		r = c.nest(r)
	}
	if kind == plan.RightJoin && (!l.plain() || len(l.where) > 0) || kind == plan.FullJoin && (l.joined || !l.plain() || len(l.where) > 0) {
		l = c.nest(l)
	}
	both := &block{cols: make(map[plan.ColID]value, len(l.cols)+len(r.cols)), joined: true, fixed: fixed}
	maps.Copy(both.cols, l.cols)
	maps.Copy(both.cols, r.cols)
	var conds []string
	for i := range outerKeys {
		s, ok := c.equal(both, outerKeys[i], innerKeys[i], colls[i])
		if !ok {
			return nil, false
		}
		conds = append(conds, s)
	}
	conds, ok = c.conditions(both, append(conds, marks...), rest)
	if !ok {
		return nil, false
	}
	c.label = "Columnar Join"
	matched := slices.Concat(r.where, conds)
	switch kind {
	case plan.InnerJoin:
		both.from, both.where = l.from+" CROSS JOIN "+r.from, slices.Concat(l.where, matched)
		return both, true
	case plan.SemiJoin, plan.AntiJoin:
		// DuckDB reads the inner side of a semi join once. EXISTS stands where that side depends on the outer row in another way than by
		// equal columns.
		word, join := "EXISTS", " SEMI JOIN "
		if kind == plan.AntiJoin {
			word, join = "NOT EXISTS", " ANTI JOIN "
		}
		if c.flat == 0 && !r.joined && c.alone(l, r.from, matched) {
			l.from, l.joined = l.from+join+r.from+" ON "+conjunction(matched), true
			return l, true
		}
		if text := r.from + conjunction(matched); c.flat == 0 && (strings.Contains(text, " SEMI JOIN ") || strings.Contains(text, " ANTI JOIN ")) {
			c.flat++
			defer func() { c.flat-- }()
			return c.join(kind, outer, inner, outerKeys, innerKeys, colls, on)
		}
		in := &block{from: r.from, where: matched}
		l.where = slices.Concat(l.where, []string{word + " (SELECT 1 FROM " + in.from + in.tail() + ")"})
		return l, true
	case plan.LeftJoin:
		// The inner side's conditions hold for its rows before they are joined, which is the same as in ON.
		both.from, both.where = l.from+" LEFT JOIN "+r.from+" ON "+conjunction(matched), l.where
		return both, true
	case plan.RightJoin:
		both.from = l.from + " RIGHT JOIN " + r.from + " ON " + conjunction(conds)
	case plan.FullJoin:
		both.from = l.from + " FULL JOIN " + r.from + " ON " + conjunction(conds)
	default:
		return c.refuse("this kind of join")
	}
	// A join that comes after must not stand beside these.
	return c.nest(both), true
}

// lift takes the conditions of an outer join that have subqueries out of ON, where DuckDB has none: one on the side that may be NULL
// filters that side, and one on the side that is kept becomes a column of it, of which marks has the names.
func (c *compiler) lift(kind plan.JoinKind, l, r *block, on []plan.Expr) (rest []plan.Expr, marks []string, ok bool) {
	if kind != plan.LeftJoin && kind != plan.RightJoin && kind != plan.FullJoin {
		return on, nil, true
	}
	kept, nullable := l, r
	if kind == plan.RightJoin {
		kept, nullable = r, l
	}
	both := &block{cols: make(map[plan.ColID]value, len(l.cols)+len(r.cols))}
	maps.Copy(both.cols, l.cols)
	maps.Copy(both.cols, r.cols)
	var tests []string
	for _, e := range on {
		if !hasSubquery(e) {
			rest = append(rest, e)
			continue
		}
		v, ok := c.expr(both, e)
		if !ok {
			return nil, nil, false
		}
		switch {
		case !strings.Contains(v.sql, "SELECT "):
			rest = append(rest, e) // a parameter
		case kind == plan.FullJoin || mentions(v.sql, kept) && mentions(v.sql, nullable):
			c.no("a subquery in the condition of an outer join")
			return nil, nil, false
		case mentions(v.sql, kept):
			tests = append(tests, v.sql)
		default:
			nullable.where = append(nullable.where[:len(nullable.where):len(nullable.where)], v.sql)
		}
	}
	if len(tests) > 0 {
		sub := newList(c.name("q"))
		for _, id := range ids(kept.cols) {
			sub.add(id, kept.cols[id])
		}
		for i, t := range tests {
			name := "m" + strconv.Itoa(i)
			sub.items = append(sub.items, t+" AS "+name)
			marks = append(marks, sub.from+"."+name)
		}
		*kept = block{cols: sub.cols, from: "(SELECT " + sub.String() + " FROM " + kept.from + kept.tail() + ") " + sub.from}
	}
	return rest, marks, true
}

func hasSubquery(e plan.Expr) (found bool) {
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if _, ok := e.(*plan.Subquery); ok {
			found = true
		}
		return !found
	})
	return found
}

// mentions reports a text that names a column of a block.
func mentions(s string, b *block) bool {
	have := aliases(s)
	for _, v := range b.cols {
		for _, a := range v.aliases() {
			if slices.Contains(have, a) {
				return true
			}
		}
	}
	return false
}

// aliases are those of all that v stands for.
func (v value) aliases() []string {
	if v.divisor == nil {
		return aliases(v.sql)
	}
	return append(aliases(v.sql), aliases(v.divisor.sql)...)
}

// alone reports an inner side whose only ties to the outer one are conditions of equal columns, of which there are some.
func (c *compiler) alone(l *block, from string, conds []string) bool {
	outer := map[string]bool{}
	for _, scope := range append(c.scopes[:len(c.scopes):len(c.scopes)], l.cols) {
		for _, v := range scope {
			for _, a := range v.aliases() {
				outer[a] = true
			}
		}
	}
	tied := func(s string) bool { return slices.ContainsFunc(aliases(s), func(a string) bool { return outer[a] }) }
	ties := 0
	for _, cond := range conds {
		if !tied(cond) {
			continue
		}
		a, b, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(cond, "("), ")"), " = ")
		if !ok || !isColumn(a) || !isColumn(b) || tied(a) == tied(b) {
			return false
		}
		ties++
	}
	return ties > 0 && !tied(from)
}

// aliases are the names before the points of s1.a2.
func aliases(s string) (out []string) {
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\'':
			if n := strings.IndexByte(s[i+1:], '\''); n >= 0 {
				i += n + 1
			}
		case ch >= 'a' && ch <= 'z':
			k := i
			for k < len(s) && (s[k] >= 'a' && s[k] <= 'z' || s[k] >= '0' && s[k] <= '9' || s[k] == '_') {
				k++
			}
			if k < len(s) && s[k] == '.' {
				out = append(out, s[i:k])
			}
			i = k - 1
		}
	}
	return out
}

func conjunction(conds []string) string {
	if len(conds) == 0 {
		return "true"
	}
	return strings.Join(conds, " AND ")
}

// notIn is x NOT IN (SELECT …).
func (c *compiler) notIn(x *plan.HashJoin) (*block, bool) {
	if len(x.OuterKeys) != 1 || len(x.On) > 0 {
		return c.refuse("NOT IN of rows")
	}
	l, ok := c.openInput(x.Outer)
	if !ok {
		return nil, false
	}
	r, ok := c.openInput(x.Inner)
	if !ok {
		return nil, false
	}
	lv, ok := c.expr(l, x.OuterKeys[0])
	if !ok {
		return nil, false
	}
	rv, ok := c.expr(r, x.InnerKeys[0])
	if !ok {
		return nil, false
	}
	if !binaryOrder(x.Colls[0]) || lv.typ != rv.typ || !equalByBits(lv) {
		return c.refuse("NOT IN of " + typeName(lv.typ))
	}
	if lv, rv, ok = c.compared("=", lv, rv); !ok {
		return nil, false
	}
	l.where = append(l.where[:len(l.where):len(l.where)], "("+lv.sql+" NOT IN (SELECT "+rv.sql+" FROM "+r.from+r.tail()+"))")
	c.label = "Columnar Join"
	return l, true
}
