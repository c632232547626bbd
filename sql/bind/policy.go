package bind

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/policy"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// guard is the barrier that a relation gets. Its place in the tree is taken before its conditions are known: which policies hold
// depends on what the rest of the statement needs of the table.
type guard struct {
	*plan.Barrier
	seen  map[string]bool // rules that are in Conds
	outer bool            // a security_barrier view is written through
	views []plan.Expr     // conditions of that view and of those below it
}

// guard returns the guard of a relation, made on first use.
func (b *binder) guard(rel plan.Rel) *guard {
	g := b.guards[rel]
	if g == nil {
		g = &guard{Barrier: &plan.Barrier{In: rel}, seen: map[string]bool{}}
		if b.guards == nil {
			b.guards = map[plan.Rel]*guard{}
		}
		b.guards[rel] = g
	}
	return g
}

// guarded is a relation with its barriers, for the tree.
func (b *binder) guarded(rel plan.Rel) plan.Rel {
	g := b.guards[rel]
	switch {
	case g == nil:
		return rel
	case g.outer:
		return &plan.Barrier{In: g.Barrier, Conds: g.views}
	}
	return g.Barrier
}

// barrierView reports a view whose rows nothing sees that it does not show (security_barrier).
func barrierView(v *catalog.Table) bool { return on(v, "security_barrier") }

// protects reports whether policies decide which rows of a table whoever reads it sees.
func (b *binder) protects(t *catalog.Table, a *plan.Access) bool {
	if b.viewer == nil || a == nil {
		return false
	}
	on, err := b.viewer.Guards(t, a.As)
	b.Check(err, -1)
	return on
}

// rules adds the USING conditions of a command to a guard over a scan of query level s.
func (g *guard) rules(b *binder, s *expression.Scope, a *plan.Access, cmd catalog.PolicyCommand) {
	scan := g.In.(*plan.Scan)
	list := b.viewer.Rules(a.Table, a.As, cmd, policy.Using)
	for _, r := range append(list[1:], list[0]) { // the restrictive ones first
		key := strings.Join(r.Any, "\x00")
		if g.seen[key] && r.Any != nil {
			continue
		}
		g.seen[key] = true
		b.police(a, func() { g.Conds = append(g.Conds, b.ruleOver(s, scan, r)) })
	}
}

// ruleOver binds a rule over a scan, whose columns belong to query level s.
func (b *binder) ruleOver(s *expression.Scope, scan *plan.Scan, r policy.Rule) plan.Expr {
	in := b.NewScope(nil)
	it := &expression.Item{Alias: scan.Table.Name, Table: scan.Table, RelVisible: true, ColVisible: true}
	b.offer(in, it, &scan.Out)
	in.Names = []*expression.Item{in.Register(it)}
	owners := map[plan.ColID]*expression.Scope{}
	for _, c := range scan.Out {
		owners[c.ID] = b.Owner[c.ID]
		b.Owner[c.ID] = in
	}
	e := b.anyOf(r, func(sql string) plan.Expr { return b.storedIn(in, sql, boolType, scan.Table.Name) })
	for _, c := range scan.Out {
		b.Owner[c.ID] = s
		if o := owners[c.ID]; o != nil {
			b.Owner[c.ID] = o
		}
	}
	return e
}

var boolType = plan.Type{OID: types.Bool, Mod: -1}

// anyOf joins the members of a rule by OR.
func (b *binder) anyOf(r policy.Rule, bind func(sql string) plan.Expr) plan.Expr {
	var es []plan.Expr
	for _, sql := range r.Any {
		es = append(es, bind(sql))
	}
	switch len(es) {
	case 0:
		return &plan.Const{Val: tuple.Bool(false), T: boolType}
	case 1:
		return es[0]
	}
	return &plan.BoolOp{Kind: plan.Or, Args: es}
}

// police runs f, which binds policies of a table: what they read is read by who reads the table.
func (b *binder) police(a *plan.Access, f func()) {
	if slices.Contains(b.policing, a.Table.OID) {
		b.Fail(pgerr.InvalidObjectDefinition, -1, "infinite recursion detected in policy for relation \"%s\"", a.Table.Name)
	}
	owner := b.viewOwner
	b.viewOwner = a.As
	b.policing = append(b.policing, a.Table.OID)
	f()
	b.policing = b.policing[:len(b.policing)-1]
	b.viewOwner = owner
}

// reads reports whether the statement needs SELECT of its target's table.
func (m *modTarget) reads() bool {
	a := m.tableAccess()
	return a != nil && a.Need&privilege.Select != 0
}

// policeTarget completes the guard of a target's scan once everything else is bound, and returns the barriers' conditions.
func (b *binder) policeTarget(s *expression.Scope, m *modTarget, rel plan.Rel, cmd catalog.PolicyCommand) []plan.Expr {
	g := b.guards[rel]
	if g == nil {
		return nil
	}
	if m.guard != nil {
		if cmd != 0 {
			g.rules(b, s, m.tableAccess(), cmd)
		}
		if m.reads() {
			g.rules(b, s, m.tableAccess(), catalog.ForSelect)
		}
	}
	return append(slices.Clone(g.Conds), g.views...)
}

// policeRow binds rules over a row as checks.
func (b *binder) policeRow(m *modTarget, col func(*catalog.Column) plan.Col, cmd catalog.PolicyCommand, clause policy.Clause, kind plan.CheckKind) (out []plan.Check) {
	a := m.tableAccess()
	for _, r := range b.viewer.Rules(m.t, a.As, cmd, clause) {
		b.police(a, func() {
			e := b.anyOf(r, func(sql string) plan.Expr { return b.storedExpr(m.t, sql, boolType, col) })
			out = append(out, plan.Check{Constraint: r.Policy, Expr: e, Kind: kind})
		})
	}
	return out
}

// policeNew are the checks of a row that cmd stores; visible: it must be one that may be read, too.
func (b *binder) policeNew(m *modTarget, col func(*catalog.Column) plan.Col, cmd catalog.PolicyCommand, visible bool) []plan.Check {
	if !b.protects(m.t, m.tableAccess()) {
		return nil
	}
	out := b.policeRow(m, col, cmd, policy.Check, plan.CheckPolicy)
	if visible {
		out = append(out, b.policeRow(m, col, catalog.ForSelect, policy.Using, plan.CheckPolicy)...)
	}
	return out
}

// policeInsert adds row security's checks to an INSERT. What an ON CONFLICT DO UPDATE may not touch is an error, not a row that is
// passed over.
func (b *binder) policeInsert(m *modTarget, ins *plan.Insert, row, existing *newRow) {
	if !b.protects(m.t, m.tableAccess()) {
		return
	}
	reads := m.reads()
	ins.Checks = append(b.policeNew(m, row.col, catalog.ForInsert, reads), ins.Checks...)
	if existing == nil {
		return
	}
	c := ins.Conflict
	c.Target = b.policeRow(m, existing.col, catalog.ForUpdate, policy.Using, plan.CheckConflict)
	if reads {
		c.Target = append(c.Target, b.policeRow(m, existing.col, catalog.ForSelect, policy.Using, plan.CheckConflict)...)
	}
	c.Checks = b.policeNew(m, row.col, catalog.ForUpdate, reads)
}

// policeMerge adds row security to a MERGE: rows that may not be read do not match, and an action on a row that its command's
// policies refuse is an error.
func (b *binder) policeMerge(s *expression.Scope, m *modTarget, rel plan.Rel, x *plan.Merge, row *newRow) {
	x.Recheck = append(b.policeTarget(s, m, rel, 0), x.Recheck...)
	if !b.protects(m.t, m.tableAccess()) {
		return
	}
	old := func(c *catalog.Column) plan.Col {
		i := slices.IndexFunc(x.Old, func(o plan.Col) bool { return o.AttNum == c.AttNum })
		if i < 0 {
			b.Unsupported(-1, "row security policies of a MERGE's target that name this column")
		}
		return x.Old[i]
	}
	for i := range x.Actions {
		a := &x.Actions[i]
		switch a.Kind {
		case 'i':
			a.Policy = b.policeNew(m, row.col, catalog.ForInsert, false)
		case 'u':
			a.Target = b.policeRow(m, old, catalog.ForUpdate, policy.Using, plan.CheckMergeTarget)
			a.Policy = b.policeNew(m, row.col, catalog.ForUpdate, m.reads())
		case 'd':
			a.Target = b.policeRow(m, old, catalog.ForDelete, policy.Using, plan.CheckMergeTarget)
		}
	}
}
