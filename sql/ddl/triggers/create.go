package triggers

import (
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// createTrigger is CREATE TRIGGER (CreateTriggerFiringOn). A row trigger of a partitioned table is cloned to its partitions.
func Create(x *stmt.Ctx, n *ast.CreateTrigStmt) error {
	t, ix, err := x.OpenRelation(n.Relation, lock.ShareRowExclusive)
	if err != nil {
		return err
	}
	g := &catalog.Trigger{Name: types.TruncateName(n.Trigname), Enabled: catalog.TriggerOrigin, Type: catalog.TriggerType(n.Timing) | catalog.TriggerType(n.Events)}
	if n.Row {
		g.Type |= catalog.TriggerRow
	}
	if err := triggerFits(t, ix, g.Type, n); err != nil {
		return err
	}
	if n.Isconstraint && n.Constrrel != nil {
		ref, _, err := x.OpenRelation(n.Constrrel, lock.AccessShare)
		if err != nil {
			return err
		}
		g.RefTable = ref.OID
		if err := x.Needs(ref, privilege.Trigger); err != nil {
			return err
		}
	}
	if err := x.Needs(t, privilege.Trigger); err != nil {
		return err
	}
	if err := transitionTables(x, t, g, n); err != nil {
		return err
	}
	for _, a := range n.Args {
		s, ok := a.(*ast.String)
		if !ok {
			return pgerr.Internal("trigger argument of form %T", a)
		}
		g.Args = append(g.Args, s.Sval)
	}
	for _, c := range n.Columns {
		name := c.(*ast.String).Sval
		col := t.ColumnByName(name)
		if col == nil {
			return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, t.Name)
		}
		if slices.Contains(g.Cols, col.AttNum) {
			return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", name)
		}
		g.Cols = append(g.Cols, col.AttNum)
	}
	var when plan.Expr
	if n.WhenClause != nil {
		if when, err = bind.TriggerWhen(x.Bind(), t, n.WhenClause, g.Type); err != nil {
			return err
		}
		if g.When, err = x.StoredSQL(when, func(ref *plan.ColRef) string { return bind.WhenColumn(t, ref) }); err != nil {
			return err
		}
	}
	if g.Func, err = Function(x, n.Funcname, types.Trigger); err != nil {
		return err
	}
	con := (*catalog.Constraint)(nil)
	if n.Isconstraint {
		con = &catalog.Constraint{Name: g.Name, Type: catalog.ConTrigger, Deferrable: n.Deferrable, Deferred: n.Initdeferred, Validated: true}
	}
	return put(x, t.OID, g, con, when, n.Replace)
}

// triggerFits are the refusals by the kind of relation and of trigger, in PostgreSQL's order.
func triggerFits(t *catalog.Table, ix *catalog.Index, typ catalog.TriggerType, n *ast.CreateTrigStmt) error {
	refuse := func(what, detail string) error {
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is a %s", n.Relation.Relname, what).WithDetail("%s", detail)
	}
	row, instead := typ.Has(catalog.TriggerRow), typ.Has(catalog.TriggerInstead)
	switch {
	case ix == nil && t.LikeTable():
		if instead {
			return refuse("table", "Tables cannot have INSTEAD OF triggers.")
		}
		if t.Partitioned() && row && len(n.TransitionRels) > 0 {
			return pgerr.New(pgerr.FeatureNotSupported, "\"%s\" is a partitioned table", n.Relation.Relname).
				WithDetail("ROW triggers with transition tables are not supported on partitioned tables.")
		}
	case ix == nil && t.Kind == catalog.RelView:
		if !instead && row {
			return refuse("view", "Views cannot have row-level BEFORE or AFTER triggers.")
		}
		if typ.Has(catalog.TriggerTruncate) {
			return refuse("view", "Views cannot have TRUNCATE triggers.")
		}
	default:
		return pgerr.New(pgerr.WrongObjectType, "relation \"%s\" cannot have triggers", n.Relation.Relname).
			WithDetail("This operation is not supported for %s.", stmt.KindPlural(t, ix))
	}
	switch {
	case row && typ.Has(catalog.TriggerTruncate):
		return pgerr.New(pgerr.FeatureNotSupported, "TRUNCATE FOR EACH ROW triggers are not supported")
	case !instead:
	case !row:
		return pgerr.New(pgerr.FeatureNotSupported, "INSTEAD OF triggers must be FOR EACH ROW")
	case n.WhenClause != nil:
		return pgerr.New(pgerr.FeatureNotSupported, "INSTEAD OF triggers cannot have WHEN conditions")
	case len(n.Columns) > 0:
		return pgerr.New(pgerr.FeatureNotSupported, "INSTEAD OF triggers cannot have column lists")
	}
	return nil
}

// transitionTables reads REFERENCING.
func transitionTables(x *stmt.Ctx, t *catalog.Table, g *catalog.Trigger, n *ast.CreateTrigStmt) error {
	bad := func(code, format string, args ...any) error { return pgerr.New(code, format, args...) }
	one := func(bits catalog.TriggerType) bool { return g.Type&bits != 0 }
	for _, e := range n.TransitionRels {
		r, ok := e.(*ast.TriggerTransition)
		if !ok {
			return pgerr.Internal("transition table of form %T", e)
		}
		events := 0
		for _, ev := range []catalog.TriggerType{catalog.TriggerInsert, catalog.TriggerUpdate, catalog.TriggerDelete} {
			if one(ev) {
				events++
			}
		}
		switch {
		case !r.IsTable:
			return pgerr.New(pgerr.FeatureNotSupported, "ROW variable naming in the REFERENCING clause is not supported").
				WithHint("Use OLD TABLE or NEW TABLE for naming transition tables.")
		case t.Kind == catalog.RelView:
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is a view", t.Name).WithDetail("Triggers on views cannot have transition tables.")
		case one(catalog.TriggerRow) && t.Bound != nil:
			return bad(pgerr.FeatureNotSupported, "ROW triggers with transition tables are not supported on partitions")
		case one(catalog.TriggerRow) && len(t.Parents) > 0:
			return bad(pgerr.FeatureNotSupported, "ROW triggers with transition tables are not supported on inheritance children")
		case !g.Type.After():
			return bad(pgerr.InvalidObjectDefinition, "transition table name can only be specified for an AFTER trigger")
		case one(catalog.TriggerTruncate):
			return bad(pgerr.FeatureNotSupported, "TRUNCATE triggers with transition tables are not supported")
		case events != 1:
			return bad(pgerr.FeatureNotSupported, "transition tables cannot be specified for triggers with more than one event")
		case len(n.Columns) > 0:
			return bad(pgerr.FeatureNotSupported, "transition tables cannot be specified for triggers with column lists")
		case r.IsNew && one(catalog.TriggerDelete):
			return bad(pgerr.InvalidObjectDefinition, "NEW TABLE can only be specified for an INSERT or UPDATE trigger")
		case r.IsNew && g.NewTable != "":
			return bad(pgerr.InvalidObjectDefinition, "NEW TABLE cannot be specified multiple times")
		case r.IsNew:
			g.NewTable = r.Name
		case one(catalog.TriggerInsert):
			return bad(pgerr.InvalidObjectDefinition, "OLD TABLE can only be specified for a DELETE or UPDATE trigger")
		case g.OldTable != "":
			return bad(pgerr.InvalidObjectDefinition, "OLD TABLE cannot be specified multiple times")
		default:
			g.OldTable = r.Name
		}
	}
	if g.OldTable != "" && g.OldTable == g.NewTable {
		return bad(pgerr.InvalidObjectDefinition, "OLD TABLE name and NEW TABLE name cannot be the same")
	}
	return nil
}

// triggerFunction finds the function of a trigger, which must have the given result type and be the user's to call.
func Function(x *stmt.Ctx, name []ast.Node, result types.OID) (catalog.OID, error) {
	oid, err := bind.TriggerFunction(x.Bind(), name)
	if err != nil {
		return 0, err
	}
	if f := x.Catalog().Function(oid); f != nil && x.Roles != nil {
		if err := f.Executable(x.Roles, x.User); err != nil {
			return 0, err
		}
	}
	if bind.FunctionResult(x.Bind(), oid) != result {
		return 0, pgerr.New(pgerr.InvalidObjectDefinition, "function %s must return type %s", dottedName(name), x.TypeText(result))
	}
	return oid, nil
}

func dottedName(name []ast.Node) string {
	s := ""
	for i, p := range stmt.Strs(name) {
		if i > 0 {
			s += "."
		}
		s += p
	}
	return s
}

// putTrigger gives a table a trigger, or replaces the one of that name, and clones it to partitions.
func put(x *stmt.Ctx, oid catalog.OID, g *catalog.Trigger, con *catalog.Constraint, when plan.Expr, replace bool) error {
	t, err := x.Reopen(oid, lock.ShareRowExclusive)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	old := t.TriggerByName(g.Name)
	switch {
	case old == nil:
		g.OID = x.Editor.OID()
	case !replace:
		return pgerr.New(pgerr.DuplicateObject, "trigger \"%s\" for relation \"%s\" already exists", g.Name, t.Name)
	case old.Parent != 0 && g.Parent == 0:
		return pgerr.New(pgerr.DuplicateObject, "trigger \"%s\" for relation \"%s\" is an internal or a child trigger", g.Name, t.Name)
	case old.Constraint != 0:
		return pgerr.New(pgerr.DuplicateObject, "trigger \"%s\" for relation \"%s\" is a constraint trigger", g.Name, t.Name)
	default:
		g.OID, g.Comment = old.OID, old.Comment
	}
	if con != nil {
		if t.ConstraintByName(con.Name) != nil {
			return pgerr.New(pgerr.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", con.Name, t.Name)
		}
		c := *con
		c.OID = x.Editor.OID()
		g.Constraint = c.OID
		next.Constraints = append(next.Constraints, &c)
	}
	from := catalog.Address{Kind: catalog.KindTrigger, OID: g.OID}
	next.Deps = stmt.Independent(t.Deps, from)
	if !catalog.BuiltIn(g.Func) {
		next.Deps = append(next.Deps, catalog.Dep{From: from, On: catalog.Address{Kind: catalog.KindFunction, OID: g.Func}, Type: catalog.DepNormal})
	}
	if when != nil {
		x.DependOn(&next.Deps, from, when)
	}
	if g.RefTable != 0 && g.RefTable != t.OID {
		next.Deps = append(next.Deps, catalog.Dep{From: from, On: catalog.Address{Kind: catalog.KindRelation, OID: g.RefTable}, Type: catalog.DepAuto})
	}
	next.Triggers = catalog.WithTrigger(t.Triggers, g)
	x.Put(next)
	if !t.Partitioned() || !g.Type.Has(catalog.TriggerRow) {
		return nil
	}
	for _, k := range x.Catalog().ChildList(t.OID) {
		if err := clone(x, next, g, k); err != nil {
			return err
		}
	}
	return nil
}

// cloneTrigger gives a partition the row trigger g of the partitioned table p (CloneRowTriggersToPartition).
func clone(x *stmt.Ctx, p *catalog.Table, g *catalog.Trigger, part *catalog.Table) error {
	c := *g
	c.Parent, c.Constraint, c.Comment, c.Cols = g.OID, 0, "", nil
	m := catalog.AttMap(p, part)
	for _, att := range g.Cols {
		c.Cols = append(c.Cols, m[att-1])
	}
	var con *catalog.Constraint
	for _, k := range p.Constraints {
		if g.Constraint != 0 && k.OID == g.Constraint {
			n := *k
			con = &n
		}
	}
	var when plan.Expr
	if g.When != "" {
		var err error
		if when, err = bind.StoredWhen(x.Bind(), part, g.When); err != nil {
			return err
		}
	}
	return put(x, part.OID, &c, con, when, part.TriggerByName(g.Name) != nil && part.TriggerByName(g.Name).Parent == g.OID)
}

// cloneTriggers gives a new partition its parent's row triggers.
func CloneAll(x *stmt.Ctx, oid catalog.OID, p *catalog.Table) error {
	for _, g := range p.Triggers {
		if !g.Type.Has(catalog.TriggerRow) {
			continue
		}
		part := x.Catalog().Table(oid)
		if err := clone(x, p, g, part); err != nil {
			return err
		}
	}
	return nil
}

// WithTransition names a row trigger with transition tables, which a table that inherits must not have; "" for none.
func WithTransition(t *catalog.Table) string {
	for _, g := range t.Triggers {
		if g.Type.Has(catalog.TriggerRow) && (g.OldTable != "" || g.NewTable != "") {
			return g.Name
		}
	}
	return ""
}

// dropClones takes from a table that is no partition any more what was cloned to it.
func DropClones(x *stmt.Ctx, oid catalog.OID) error {
	t := x.Catalog().Table(oid)
	for _, g := range t.Triggers {
		if g.Parent == 0 {
			continue
		}
		for _, o := range append(depend.TriggerClones(x, g.OID), catalog.Address{Kind: catalog.KindTrigger, OID: g.OID}) {
			if err := depend.RemoveTrigger(x, o.OID); err != nil {
				return err
			}
		}
	}
	return nil
}

// noTrigger is the error for a trigger that a table does not have.
func noTrigger(name string, t *catalog.Table) error {
	return pgerr.New(pgerr.UndefinedObject, "trigger \"%s\" for table \"%s\" does not exist", name, t.Name)
}

// objectOfTable takes the name of a part of a table apart: schema, table, part.
func objectOfTable(n ast.Node) (*ast.RangeVar, string, error) {
	l, ok := n.(*ast.List)
	if !ok || len(l.Items) < 2 {
		return nil, "", pgerr.Internal("name of a trigger of form %T", n)
	}
	p := stmt.Strs(l.Items)
	rv := &ast.RangeVar{Relname: p[len(p)-2]}
	if len(p) > 2 {
		rv.Schemaname = p[len(p)-3]
	}
	if len(p) > 3 {
		rv.Catalogname = p[len(p)-4]
	}
	return rv, p[len(p)-1], nil
}

// dropTrigger is DROP TRIGGER.
func Drop(x *stmt.Ctx, n *ast.DropStmt) error {
	var list []catalog.Address
	for _, o := range n.Objects {
		rv, name, err := objectOfTable(o)
		if err != nil {
			return err
		}
		if n.MissingOk && rv.Schemaname != "" && rv.Schemaname != "pg_temp" && x.Catalog().Schema(rv.Schemaname) == nil {
			x.Note("", "schema \"%s\" does not exist, skipping", rv.Schemaname)
			continue
		}
		t, _, err := x.Open(rv, lock.AccessExclusive)
		if err != nil {
			return err
		}
		if t == nil {
			if !n.MissingOk {
				return stmt.NoRelation(rv)
			}
			x.Note("", "relation \"%s\" does not exist, skipping", rv.Relname)
			continue
		}
		g := t.TriggerByName(name)
		if g == nil {
			if !n.MissingOk {
				return noTrigger(name, t)
			}
			x.Note("", "trigger \"%s\" for relation \"%s\" does not exist, skipping", name, t.Name)
			continue
		}
		if err := x.MustOwn(t, nil); err != nil {
			return err
		}
		if pt, pg := x.Catalog().TriggerByOID(g.Parent); pg != nil {
			return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop trigger %s on table %s because trigger %s on table %s requires it",
				g.Name, x.RelationText(t), pg.Name, x.RelationText(pt)).
				WithHint("You can drop trigger %s on table %s instead.", pg.Name, x.RelationText(pt))
		}
		list = append(list, catalog.Address{Kind: catalog.KindTrigger, OID: g.OID})
	}
	return depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}

// renameTrigger is ALTER TRIGGER … RENAME TO.
func Rename(x *stmt.Ctx, n *ast.RenameStmt, name string) error {
	t, ix, err := x.OpenRelation(n.Relation, lock.AccessExclusive)
	switch {
	case err != nil:
		return err
	case ix != nil || !t.LikeTable() && t.Kind != catalog.RelView:
		return pgerr.New(pgerr.WrongObjectType, "relation \"%s\" cannot have triggers", n.Relation.Relname).
			WithDetail("This operation is not supported for %s.", stmt.KindPlural(t, ix))
	}
	if err := x.MustOwn(t, nil); err != nil {
		return err
	}
	g := t.TriggerByName(n.Subname)
	if g == nil {
		return noTrigger(n.Subname, t)
	}
	if pt, pg := x.Catalog().TriggerByOID(g.Parent); pg != nil {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot rename trigger \"%s\" on table \"%s\"", g.Name, t.Name).
			WithHint("Rename the trigger on the partitioned table \"%s\" instead.", pt.Name)
	}
	return renameTree(x, t, g, name, g.Name)
}

func renameTree(x *stmt.Ctx, t *catalog.Table, g *catalog.Trigger, name, asked string) error {
	if g.Name != name && t.TriggerByName(name) != nil {
		return pgerr.New(pgerr.DuplicateObject, "trigger \"%s\" for relation \"%s\" already exists", name, t.Name)
	}
	if g.Name != asked {
		x.Note("", "renamed trigger \"%s\" on relation \"%s\"", g.Name, t.Name)
	}
	c := *g
	c.Name = name
	replace(x, t, &c)
	for _, k := range x.Catalog().ChildList(t.OID) {
		for _, kg := range k.Triggers {
			if kg.Parent != g.OID {
				continue
			}
			k, err := x.Reopen(k.OID, lock.AccessExclusive)
			if err != nil {
				return err
			}
			if err := renameTree(x, k, kg, name, asked); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaceTrigger puts a changed trigger in the place of the one of its OID.
func replace(x *stmt.Ctx, t *catalog.Table, g *catalog.Trigger) {
	next := stmt.Edit(t)
	next.Triggers = catalog.WithTrigger(t.Triggers, g)
	x.Put(next)
}

// commentTrigger is COMMENT ON TRIGGER.
func Comment(x *stmt.Ctx, n *ast.CommentStmt) error {
	rv, name, err := objectOfTable(n.Object)
	if err != nil {
		return err
	}
	t, _, err := x.OpenRelation(rv, lock.ShareUpdateExclusive)
	if err != nil {
		return err
	}
	g := t.TriggerByName(name)
	if g == nil {
		return noTrigger(name, t)
	}
	if err := x.MustOwn(t, nil); err != nil {
		return err
	}
	c := *g
	c.Comment = n.Comment
	replace(x, t, &c)
	return nil
}

// enableTrigger is ALTER TABLE … ENABLE and DISABLE TRIGGER.
func Enable(x *stmt.Ctx, t *catalog.Table, cmd *ast.AlterTableCmd, recurse bool) error {
	state := map[ast.AlterTableType]byte{ast.AT_EnableTrig: catalog.TriggerOrigin, ast.AT_EnableAlwaysTrig: catalog.TriggerAlways,
		ast.AT_EnableReplicaTrig: catalog.TriggerReplica, ast.AT_DisableTrig: catalog.TriggerDisabled, ast.AT_EnableTrigAll: catalog.TriggerOrigin,
		ast.AT_DisableTrigAll: catalog.TriggerDisabled, ast.AT_EnableTrigUser: catalog.TriggerOrigin, ast.AT_DisableTrigUser: catalog.TriggerDisabled}[cmd.Subtype]
	if all := cmd.Subtype == ast.AT_EnableTrigAll || cmd.Subtype == ast.AT_DisableTrigAll; all && systemTriggers(x, t) != "" {
		if !x.Super() {
			return stmt.Denied("permission denied: \"%s\" is a system trigger", systemTriggers(x, t))
		}
		next := stmt.Edit(t)
		next.SystemTriggers = 0
		if state != catalog.TriggerOrigin {
			next.SystemTriggers = state
		}
		x.Put(next)
		t = next
	}
	found := false
	for _, g := range t.Triggers {
		if cmd.Name != "" && g.Name != cmd.Name {
			continue
		}
		found = true
		if err := setState(x, t.OID, g, state, recurse); err != nil {
			return err
		}
	}
	if cmd.Name != "" && !found {
		return noTrigger(cmd.Name, t)
	}
	return nil
}

// systemTriggers names one of the triggers that PostgreSQL would have made for a table's foreign keys and deferrable keys; "": none.
func systemTriggers(x *stmt.Ctx, t *catalog.Table) string {
	for _, c := range t.Constraints {
		switch {
		case c.Type == catalog.ConForeign:
			return "RI_ConstraintTrigger_c_" + strconv.Itoa(int(c.OID))
		case c.Type != catalog.ConTrigger && c.Deferrable:
			return "PK_ConstraintTrigger_" + strconv.Itoa(int(c.OID))
		}
	}
	name := ""
	x.Catalog().Tables(func(r *catalog.Table) bool {
		for _, c := range r.Constraints {
			if c.Type == catalog.ConForeign && c.RefTable == t.OID {
				name = "RI_ConstraintTrigger_a_" + strconv.Itoa(int(c.OID))
			}
		}
		return name == ""
	})
	return name
}

func setState(x *stmt.Ctx, oid catalog.OID, g *catalog.Trigger, state byte, recurse bool) error {
	t, err := x.Reopen(oid, lock.ShareRowExclusive)
	if err != nil {
		return err
	}
	c := *g
	c.Enabled = state
	replace(x, t, &c)
	if !recurse || !g.Type.Has(catalog.TriggerRow) {
		return nil
	}
	for _, k := range x.Catalog().ChildList(t.OID) {
		for _, kg := range k.Triggers {
			if kg.Parent == g.OID {
				if err := setState(x, k.OID, kg, state, true); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// dependsOn is ALTER TRIGGER … DEPENDS ON EXTENSION and its like.
func DependsOn(x *stmt.Ctx, n *ast.AlterObjectDependsStmt) (string, error) {
	if n.ObjectType != ast.OBJECT_TRIGGER {
		return "", pgerr.Unsupported("DEPENDS ON EXTENSION of this kind of object")
	}
	rv, l := n.Relation, n.Object.(*ast.List)
	name := stmt.Strs(l.Items)[len(l.Items)-1]
	t, _, err := x.OpenRelation(rv, lock.AccessExclusive)
	if err != nil {
		return "", err
	}
	g := t.TriggerByName(name)
	if g == nil {
		return "", noTrigger(name, t)
	}
	if err := x.MustOwn(t, nil); err != nil {
		return "", err
	}
	if x.Catalog().Extension(n.Extname.Sval) == nil {
		return "", pgerr.New(pgerr.UndefinedObject, "extension \"%s\" does not exist", n.Extname.Sval)
	}
	c := *g
	c.Extensions = slices.DeleteFunc(slices.Clone(g.Extensions), func(e string) bool { return e == n.Extname.Sval })
	if !n.Remove {
		c.Extensions = append(c.Extensions, n.Extname.Sval)
	}
	replace(x, t, &c)
	return "ALTER TRIGGER", nil
}
