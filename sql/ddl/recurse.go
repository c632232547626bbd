package ddl

import (
	"slices"

	"github.com/tarndb/tarn/sql/ddl/triggers"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// ALTER TABLE goes down to the tables that inherit, unless ONLY is given (tablecmds.c). descent says how an action came to a table.
type descent struct {
	recurse   bool // not ONLY
	recursing bool // it comes from a parent
}

func (x *exec) alterTree(oid catalog.OID, cmd *ast.AlterTableCmd, d descent) error {
	t, err := x.Reopen(oid, cmdLock(cmd))
	if err != nil {
		return err
	}
	if err := fitsKind(t, cmd); err != nil {
		return err
	}
	switch cmd.Subtype {
	case ast.AT_AddColumn:
		return x.addColumnTree(t, cmd, d)
	case ast.AT_DropColumn:
		return x.dropColumnTree(t, cmd, d)
	case ast.AT_AlterColumnType:
		return x.alterTypeTree(t, cmd, d)
	case ast.AT_ColumnDefault, ast.AT_SetStatistics, ast.AT_SetStorage, ast.AT_SetCompression:
		return x.simpleTree(t, cmd, d)
	case ast.AT_SetNotNull, ast.AT_DropNotNull:
		return x.notNullTree(t, cmd, d)
	case ast.AT_DropExpression:
		return x.dropExpressionTree(t, cmd, d)
	case ast.AT_AddConstraint:
		return x.addConstraintTree(t, cmd, d)
	case ast.AT_DropConstraint:
		return x.dropConstraintTree(t, cmd, d)
	case ast.AT_ValidateConstraint:
		return x.validateTree(t, cmd, d)
	case ast.AT_AlterConstraint:
		if err := x.alterConstraint(t, cmd); err != nil {
			return err
		}
		return x.cloneDeferral(t.OID, cmd.Def.(*ast.Constraint))
	case ast.AT_AttachPartition:
		return x.attachPartition(t, cmd.Def.(*ast.PartitionCmd))
	case ast.AT_DetachPartition, ast.AT_DetachPartitionFinalize:
		return x.detachPartition(t, cmd.Def.(*ast.PartitionCmd), cmd.Subtype == ast.AT_DetachPartitionFinalize)
	case ast.AT_EnableTrig, ast.AT_EnableAlwaysTrig, ast.AT_EnableReplicaTrig, ast.AT_DisableTrig, ast.AT_EnableTrigAll, ast.AT_DisableTrigAll,
		ast.AT_EnableTrigUser, ast.AT_DisableTrigUser:
		return triggers.Enable(x.Ctx, t, cmd, d.recurse)
	case ast.AT_AddInherit:
		return x.addInherit(t, cmd.Def.(*ast.RangeVar))
	case ast.AT_DropInherit:
		return x.dropInherit(t, cmd.Def.(*ast.RangeVar))
	}
	return x.alterCmd(oid, cmd)
}

// children are the tables that inherit from t directly.
func (x *exec) children(t *catalog.Table) []*catalog.Table { return x.Catalog().ChildList(t.OID) }

// simpleTree runs an action on the whole tree.
func (x *exec) simpleTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	if err := x.alterCmd(t.OID, cmd); err != nil || !d.recurse {
		return err
	}
	for _, k := range x.children(t) {
		if err := x.alterTree(k.OID, cmd, descent{true, true}); err != nil {
			return err
		}
	}
	return nil
}

func (x *exec) addColumnTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	def := cmd.Def.(*ast.ColumnDef)
	name := types.TruncateName(def.Colname)
	if t.Bound != nil && !d.recursing {
		return pgerr.New(pgerr.WrongObjectType, "cannot add column to a partition")
	}
	if d.recurse && !d.recursing && x.Catalog().HasChildren(t.OID) && hasIdentity(def) {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot recursively add identity column to table that has child tables")
	}
	if cmd.MissingOk && t.ColumnByName(name) != nil {
		return x.addColumnCmd(t, cmd)
	}
	if !d.recurse && x.Catalog().HasChildren(t.OID) {
		return pgerr.New(pgerr.InvalidTableDefinition, "column must be added to child tables too")
	}
	// The checks of the column come to the children with the parent's.
	if err := x.addColumnCmd(t, cmd); err != nil {
		return err
	}
	return x.passColumn(x.Catalog().Table(t.OID), name)
}

func hasIdentity(d *ast.ColumnDef) bool {
	return slices.ContainsFunc(d.Constraints, func(n ast.Node) bool {
		k, ok := n.(*ast.Constraint)
		return ok && k.Contype == ast.CONSTR_IDENTITY
	})
}

// passColumn gives the children of t its new column, and the checks that they lack.
func (x *exec) passColumn(t *catalog.Table, name string) error {
	c := t.ColumnByName(name)
	for _, k := range x.children(t) {
		k, err := x.Reopen(k.OID, lock.AccessExclusive)
		if err != nil {
			return err
		}
		next := stmt.Edit(k)
		if have := next.ColumnByName(name); have != nil {
			if have.Type != c.Type || have.TypMod != c.TypMod {
				return pgerr.New(pgerr.DatatypeMismatch, "child table \"%s\" has different type for column \"%s\"", k.Name, name)
			}
			if have.Collation != c.Collation {
				return pgerr.New(pgerr.CollationMismatch, "child table \"%s\" has different collation for column \"%s\"", k.Name, name).
					WithDetail("\"%s\" versus \"%s\"", x.collationName(have.Collation), x.collationName(c.Collation))
			}
			have.InhCount++
			x.Note("", "merging definition of column \"%s\" for child \"%s\"", name, k.Name)
			x.Put(next)
			continue
		}
		n := *c
		n.AttNum = int16(len(next.Columns) + 1)
		n.InhCount, n.NotLocal, n.Missing, n.HasMissing, n.Identity, n.IdentSeq = 1, true, "", false, 0, 0
		next.Columns = append(next.Columns, n)
		if err := x.fillColumn(k, next, n.AttNum); err != nil {
			return err
		}
		x.Put(next)
		if err := x.passChecks(t, next.OID); err != nil {
			return err
		}
		if err := x.passColumn(x.Catalog().Table(k.OID), name); err != nil {
			return err
		}
	}
	return nil
}

// passChecks adds the parent's checks that a child lacks.
func (x *exec) passChecks(p *catalog.Table, child catalog.OID) error {
	for _, c := range p.Constraints {
		if c.Type == catalog.ConCheck && !c.NoInherit && x.Catalog().Table(child).ConstraintByName(c.Name) == nil {
			if err := x.passCheck(p, c, child); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *exec) dropColumnTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	c := t.ColumnByName(cmd.Name)
	if c == nil {
		return x.dropColumnCmd(t, cmd)
	}
	if err := x.noColumnOf(t, "table"); err != nil {
		return err
	}
	if c.InhCount > 0 {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot drop inherited column \"%s\"", c.Name)
	}
	if err := x.inPartitionKey(t, c, "drop"); err != nil {
		return err
	}
	if t.Partitioned() && !d.recurse && x.Catalog().HasChildren(t.OID) {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot drop column from only the partitioned table when partitions exist").
			WithHint("Do not specify the ONLY keyword.")
	}
	list, err := x.columnTree(t, c.Name, d.recurse)
	if err != nil {
		return err
	}
	return depend.Drop(x.Ctx, append(list, catalog.Address{Kind: catalog.KindColumn, OID: t.OID, Sub: c.AttNum}), cmd.Behavior == ast.DROP_CASCADE)
}

// columnTree takes one parent away from the children's column and lists those that go with it.
func (x *exec) columnTree(t *catalog.Table, name string, recurse bool) (out []catalog.Address, err error) {
	for _, k := range x.children(t) {
		if k, err = x.Reopen(k.OID, lock.AccessExclusive); err != nil {
			return nil, err
		}
		c := k.ColumnByName(name)
		if c == nil || c.InhCount == 0 {
			continue
		}
		if recurse && c.InhCount == 1 && c.NotLocal {
			if err := x.inPartitionKey(k, c, "drop"); err != nil {
				return nil, err
			}
			more, err := x.columnTree(k, name, true)
			if err != nil {
				return nil, err
			}
			out = append(append(out, more...), catalog.Address{Kind: catalog.KindColumn, OID: k.OID, Sub: c.AttNum})
			continue
		}
		next := stmt.Edit(k)
		nc := next.Column(c.AttNum)
		nc.InhCount--
		if !recurse {
			nc.NotLocal = false
		}
		x.Put(next)
	}
	return out, nil
}

// inPartitionKey refuses changes of a column that rows are routed by.
func (x *exec) inPartitionKey(t *catalog.Table, c *catalog.Column, verb string) error {
	if t.PartKey == nil {
		return nil
	}
	for i := range t.PartKey.Keys {
		k := &t.PartKey.Keys[i]
		switch {
		case k.Att == c.AttNum:
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot %s column \"%s\" because it is part of the partition key of relation \"%s\"", verb, c.Name, t.Name)
		case k.Att == 0 && depend.ExprUses(x.Ctx, t, k.Expr, c.AttNum):
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot %s column \"%s\" because it is part of the partition key of relation \"%s\"", verb, c.Name, t.Name)
		}
	}
	return nil
}

func (x *exec) alterTypeTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	if c := t.ColumnByName(cmd.Name); c != nil {
		if c.InhCount > 0 && !d.recursing {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot alter inherited column \"%s\"", c.Name)
		}
		if c.InhCount > 1 && d.recursing {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot alter inherited column \"%s\" of relation \"%s\"", c.Name, t.Name)
		}
		if err := x.inPartitionKey(t, c, "alter"); err != nil {
			return err
		}
	}
	kids := x.children(t)
	if !d.recurse && len(kids) > 0 {
		return pgerr.New(pgerr.InvalidTableDefinition, "type of inherited column \"%s\" must be changed in child tables too", cmd.Name)
	}
	for _, k := range kids {
		if err := x.alterTree(k.OID, cmd, descent{true, true}); err != nil {
			return err
		}
	}
	return x.alterType(t, cmd)
}

func (x *exec) notNullTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	kids := x.children(t)
	c := t.ColumnByName(cmd.Name)
	if cmd.Subtype == ast.AT_DropNotNull {
		if t.Partitioned() && !d.recurse && len(kids) > 0 {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot remove constraint from only the partitioned table when partitions exist").
				WithHint("Do not specify the ONLY keyword.")
		}
		if t.Bound != nil && c != nil {
			if pc := x.Catalog().Table(t.Parents[0]).ColumnByName(c.Name); pc != nil && pc.NotNull {
				return pgerr.New(pgerr.InvalidTableDefinition, "column \"%s\" is marked NOT NULL in parent table", c.Name)
			}
		}
		return x.simpleTree(t, cmd, d)
	}
	if t.Partitioned() && !d.recurse && c != nil && !c.NotNull {
		for _, k := range kids {
			if kc := k.ColumnByName(cmd.Name); kc != nil && !kc.NotNull {
				return pgerr.New(pgerr.InvalidTableDefinition, "constraint must be added to child tables too").WithHint("Do not specify the ONLY keyword.")
			}
		}
	}
	return x.simpleTree(t, cmd, d)
}

func (x *exec) dropExpressionTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	if !d.recurse && x.Catalog().HasChildren(t.OID) {
		return pgerr.New(pgerr.InvalidTableDefinition, "ALTER TABLE / DROP EXPRESSION must be applied to child tables too")
	}
	if c := t.ColumnByName(cmd.Name); c != nil && c.InhCount > 0 && !d.recursing {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot drop generation expression from inherited column")
	}
	return x.simpleTree(t, cmd, d)
}

func (x *exec) addConstraintTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	k, ok := cmd.Def.(*ast.Constraint)
	if !ok {
		return x.alterCmd(t.OID, cmd)
	}
	switch k.Contype {
	case ast.CONSTR_CHECK:
		return x.addCheckTree(t, k, d)
	case ast.CONSTR_PRIMARY, ast.CONSTR_UNIQUE:
		return x.addKeyTree(t, cmd, k, d)
	case ast.CONSTR_FOREIGN:
		if t.Partitioned() {
			if !d.recurse {
				return pgerr.New(pgerr.WrongObjectType, "cannot use ONLY for foreign key on partitioned table \"%s\" referencing relation \"%s\"", t.Name, k.Pktable.Relname)
			}
			if k.SkipValidation {
				return pgerr.New(pgerr.WrongObjectType, "cannot add NOT VALID foreign key on partitioned table \"%s\" referencing relation \"%s\"", t.Name, k.Pktable.Relname).
					WithDetail("This feature is not yet supported on partitioned tables.")
			}
		}
	}
	if err := x.alterCmd(t.OID, cmd); err != nil || !t.Partitioned() {
		return err
	}
	next := x.Catalog().Table(t.OID)
	return x.passForeign(next, next.Constraints[len(next.Constraints)-1])
}

// passForeign gives the partitions of t their parts of a foreign key.
func (x *exec) passForeign(t *catalog.Table, c *catalog.Constraint) error {
	for _, k := range x.children(t) {
		if err := x.ensureForeign(k.OID, t, c); err != nil {
			return err
		}
	}
	return nil
}

func (x *exec) addKeyTree(t *catalog.Table, cmd *ast.AlterTableCmd, k *ast.Constraint, d descent) error {
	was := map[string]bool{}
	for i := range t.Columns {
		was[t.Columns[i].Name] = t.Columns[i].NotNull
	}
	if err := x.alterCmd(t.OID, cmd); err != nil {
		return err
	}
	next := x.Catalog().Table(t.OID)
	kids := x.children(t)
	if k.Contype == ast.CONSTR_PRIMARY && d.recurse {
		for i := range next.Columns {
			c := &next.Columns[i]
			if !c.NotNull || was[c.Name] || c.Dropped {
				continue
			}
			for _, kid := range kids {
				if err := x.alterTree(kid.OID, &ast.AlterTableCmd{Subtype: ast.AT_SetNotNull, Name: c.Name}, descent{true, true}); err != nil {
					return err
				}
			}
		}
	}
	if !t.Partitioned() {
		return nil
	}
	return x.passIndex(t.OID, next.Indexes[len(next.Indexes)-1], d.recurse)
}

// passIndex gives the partitions of a table their parts of a new index; with ONLY it stays invalid until they have them.
func (x *exec) passIndex(oid catalog.OID, ix *catalog.Index, recurse bool) error {
	t := x.Catalog().Table(oid)
	kids := x.children(t)
	if !recurse {
		if len(kids) == 0 {
			return nil
		}
		next := stmt.Edit(t)
		n := *ix
		n.Invalid = true
		next.Indexes[slices.Index(next.Indexes, ix)] = &n
		x.Put(next)
		return nil
	}
	for _, k := range kids {
		if err := x.ensureIndex(k.OID, t, ix); err != nil {
			return err
		}
	}
	return nil
}

func (x *exec) addCheckTree(t *catalog.Table, k *ast.Constraint, d descent) error {
	if t.Partitioned() && k.IsNoInherit {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot add NO INHERIT constraint to partitioned table \"%s\"", t.Name)
	}
	kids := x.children(t)
	if !d.recurse && !k.IsNoInherit && len(kids) > 0 {
		return pgerr.New(pgerr.InvalidTableDefinition, "constraint must be added to child tables too")
	}
	if err := x.alterAddCheck(t, k); err != nil || k.IsNoInherit {
		return err
	}
	next := x.Catalog().Table(t.OID)
	for _, kid := range kids {
		if err := x.passCheck(next, next.Constraints[len(next.Constraints)-1], kid.OID); err != nil {
			return err
		}
	}
	return nil
}

// passCheck gives a child, and its own, a check of its parent.
func (x *exec) passCheck(p *catalog.Table, c *catalog.Constraint, child catalog.OID) error {
	t, err := x.Reopen(child, lock.AccessExclusive)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	if have := t.ConstraintByName(c.Name); have != nil {
		switch {
		case have.Type != catalog.ConCheck || have.Expr != c.Expr:
			return pgerr.New(pgerr.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", c.Name, t.Name)
		case have.NoInherit:
			return pgerr.New(pgerr.InvalidObjectDefinition, "constraint \"%s\" conflicts with non-inherited constraint on relation \"%s\"", c.Name, t.Name)
		case c.Validated && !have.Validated:
			return pgerr.New(pgerr.InvalidObjectDefinition, "constraint \"%s\" conflicts with NOT VALID constraint on relation \"%s\"", c.Name, t.Name)
		}
		x.Note("", "merging constraint \"%s\" with inherited definition", c.Name)
		n := *have
		n.InhCount++
		replaceIn(next, have, &n)
		x.Put(next)
		return nil // its children have it
	}
	n := *c
	n.OID, n.InhCount, n.NotLocal, n.Comment = x.Editor.OID(), 1, true, ""
	n.Cols = moved(c.Cols, catalog.AttMap(p, t))
	slices.Sort(n.Cols)
	next.Constraints = append(next.Constraints, &n)
	if n.Validated {
		if err := x.validateCheck(next, &n); err != nil {
			return err
		}
	}
	x.Put(next)
	for _, k := range x.children(next) {
		if err := x.passCheck(next, &n, k.OID); err != nil {
			return err
		}
	}
	return nil
}

func (x *exec) dropConstraintTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	c := t.ConstraintByName(cmd.Name)
	if c == nil {
		return x.dropConstraint(t, cmd)
	}
	if c.InhCount > 0 {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot drop inherited constraint \"%s\" of relation \"%s\"", c.Name, t.Name)
	}
	if c.Type == catalog.ConCheck && !c.NoInherit {
		if t.Partitioned() && !d.recurse && x.Catalog().HasChildren(t.OID) {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot remove constraint from only the partitioned table when partitions exist").
				WithHint("Do not specify the ONLY keyword.")
		}
		if err := x.dropCheckBelow(t, c.Name, d.recurse); err != nil {
			return err
		}
	}
	return x.dropConstraint(x.Catalog().Table(t.OID), cmd)
}

// dropCheckBelow takes one parent away from the children's check, and the check where that was the last reason for it.
func (x *exec) dropCheckBelow(t *catalog.Table, name string, recurse bool) error {
	for _, k := range x.children(t) {
		k, err := x.Reopen(k.OID, lock.AccessExclusive)
		if err != nil {
			return err
		}
		c := k.ConstraintByName(name)
		if c == nil || c.InhCount == 0 {
			continue
		}
		if recurse && c.InhCount == 1 && c.NotLocal {
			if err := x.dropCheckBelow(k, name, true); err != nil {
				return err
			}
			if err := depend.RemoveConstraint(x.Ctx, c.OID); err != nil {
				return err
			}
			continue
		}
		n := *c
		n.InhCount--
		if !recurse {
			n.NotLocal = false
		}
		x.replaceConstraint(k, c, &n)
	}
	return nil
}

func (x *exec) validateTree(t *catalog.Table, cmd *ast.AlterTableCmd, d descent) error {
	c := t.ConstraintByName(cmd.Name)
	if c != nil && c.Type == catalog.ConCheck && !c.NoInherit && !c.Validated {
		kids := x.children(t)
		if !d.recurse && len(kids) > 0 {
			return pgerr.New(pgerr.InvalidTableDefinition, "constraint must be validated on child tables too")
		}
		for _, k := range kids {
			if err := x.alterTree(k.OID, cmd, descent{true, true}); err != nil {
				return err
			}
		}
	}
	return x.validateConstraint(x.Catalog().Table(t.OID), cmd)
}

// cloneDeferral gives the parts of a foreign key what ALTER CONSTRAINT has given to it.
func (x *exec) cloneDeferral(oid catalog.OID, k *ast.Constraint) error {
	t := x.Catalog().Table(oid)
	c := t.ConstraintByName(k.Conname)
	for _, kid := range x.children(t) {
		for _, part := range kid.Constraints {
			if part.Parent != c.OID {
				continue
			}
			n := *part
			n.Deferrable, n.Deferred = c.Deferrable, c.Deferred
			x.replaceConstraint(kid, part, &n)
			named := *k
			named.Conname = n.Name
			if err := x.cloneDeferral(kid.OID, &named); err != nil {
				return err
			}
		}
	}
	return nil
}
