package ddl

import (
	"slices"
	"sort"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/grants"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
)

// alterTag names the statement by the kind of relation that it was written for.
func alterTag(o ast.ObjectType) string {
	switch o {
	case ast.OBJECT_INDEX:
		return "ALTER INDEX"
	case ast.OBJECT_VIEW:
		return "ALTER VIEW"
	case ast.OBJECT_MATVIEW:
		return "ALTER MATERIALIZED VIEW"
	case ast.OBJECT_SEQUENCE:
		return "ALTER SEQUENCE"
	case ast.OBJECT_FOREIGN_TABLE:
		return "ALTER FOREIGN TABLE"
	}
	return "ALTER TABLE"
}

func (x *exec) alterTable(n *ast.AlterTableStmt) (string, error) {
	switch n.Objtype {
	case ast.OBJECT_TYPE:
		return x.alterComposite(n)
	case ast.OBJECT_TABLE, ast.OBJECT_INDEX, ast.OBJECT_VIEW, ast.OBJECT_SEQUENCE, ast.OBJECT_MATVIEW, ast.OBJECT_FOREIGN_TABLE:
	default:
		return "", pgerr.Unsupported("ALTER of this kind of object")
	}
	tag := alterTag(n.Objtype)
	var cmds []*ast.AlterTableCmd
	mode := lock.ShareUpdateExclusive
	for _, e := range n.Cmds {
		cmd, ok := e.(*ast.AlterTableCmd)
		if !ok {
			return "", pgerr.Internal("ALTER TABLE action of form %T", e)
		}
		cmds = append(cmds, cmd)
		mode = max(mode, cmdLock(cmd))
	}
	t, ix, err := x.Open(n.Relation, mode)
	if err != nil {
		return "", err
	}
	if t == nil {
		if n.MissingOk {
			x.Note("", "relation \"%s\" does not exist, skipping", n.Relation.Relname)
			return tag, nil
		}
		return "", stmt.NoRelation(n.Relation)
	}
	if err := alterKind(n.Objtype, t, ix, n.Relation.Relname); err != nil {
		return "", err
	}
	if err := x.MustOwn(t, ix); err != nil {
		return "", err
	}
	if ix != nil {
		return tag, x.alterIndex(t, ix, cmds)
	}
	if err := x.NotInUse(t, "ALTER TABLE"); err != nil {
		return "", err
	}
	if t.Detaching != 0 && cmds[0].Subtype != ast.AT_DetachPartitionFinalize {
		return "", pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot alter partition \"%s\" with an incomplete detach", t.Name).WithHint(finalizeHint)
	}
	// Actions run in PostgreSQL's order of passes, whatever order they are written in.
	sort.SliceStable(cmds, func(i, j int) bool { return pass(cmds[i]) < pass(cmds[j]) })
	for _, cmd := range cmds {
		x.Last = len(cmds) == 1 && rewritesLast(cmd) && t.Bound == nil && !x.Catalog().HasChildren(t.OID)
		if err := x.alterTree(t.OID, cmd, descent{recurse: n.Relation.Inh}); err != nil {
			return "", err
		}
	}
	// The table itself comes first, its children follow.
	slices.Sort(x.rewritten)
	if i := slices.Index(x.rewritten, t.OID); i > 0 {
		x.rewritten = slices.Insert(slices.Delete(x.rewritten, i, i+1), 0, t.OID)
	}
	for _, oid := range x.rewritten {
		if err := x.Rewritten(oid, x.reasons[oid]); err != nil {
			return "", err
		}
	}
	return tag, nil
}

// rewritesLast tells that nothing of an action reads rows after it has begun to write them.
func rewritesLast(cmd *ast.AlterTableCmd) bool {
	switch cmd.Subtype {
	case ast.AT_AddConstraint, ast.AT_DropConstraint, ast.AT_AlterColumnType, ast.AT_AddColumn:
		return true
	}
	return false
}

func alterKind(o ast.ObjectType, t *catalog.Table, ix *catalog.Index, name string) error {
	word := ""
	switch {
	case o == ast.OBJECT_INDEX && ix == nil:
		word = "an index"
	case o == ast.OBJECT_VIEW && (ix != nil || t.Kind != catalog.RelView):
		word = "a view"
	case o == ast.OBJECT_MATVIEW && (ix != nil || t.Kind != catalog.RelMatView):
		word = "a materialized view"
	case o == ast.OBJECT_SEQUENCE && (ix != nil || t.Kind != catalog.RelSequence):
		word = "a sequence"
	case o == ast.OBJECT_FOREIGN_TABLE && (ix != nil || t.Kind != catalog.RelForeign):
		word = "a foreign table"
	default:
		return nil
	}
	return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not %s", name, word)
}

// cmdLock is the table lock that an action needs (AlterTableGetLockLevel).
func cmdLock(c *ast.AlterTableCmd) lock.Mode {
	switch c.Subtype {
	case ast.AT_SetStatistics, ast.AT_ClusterOn, ast.AT_DropCluster, ast.AT_SetOptions, ast.AT_ResetOptions, ast.AT_SetRelOptions,
		ast.AT_ResetRelOptions, ast.AT_ValidateConstraint:
		return lock.ShareUpdateExclusive
	case ast.AT_AttachPartition, ast.AT_DetachPartitionFinalize:
		return lock.ShareUpdateExclusive
	case ast.AT_DetachPartition:
		if p, ok := c.Def.(*ast.PartitionCmd); ok && p.Concurrent {
			return lock.ShareUpdateExclusive
		}
	case ast.AT_EnableTrig, ast.AT_EnableAlwaysTrig, ast.AT_EnableReplicaTrig, ast.AT_DisableTrig, ast.AT_EnableTrigAll, ast.AT_DisableTrigAll,
		ast.AT_EnableTrigUser, ast.AT_DisableTrigUser:
		return lock.ShareRowExclusive
	case ast.AT_AddConstraint:
		if k, ok := c.Def.(*ast.Constraint); ok && k.Contype == ast.CONSTR_FOREIGN {
			return lock.ShareRowExclusive
		}
	}
	return lock.AccessExclusive
}

// pass orders actions as tablecmds.c's passes do.
func pass(c *ast.AlterTableCmd) int {
	switch c.Subtype {
	case ast.AT_DropColumn, ast.AT_DropConstraint, ast.AT_DropNotNull, ast.AT_DropExpression, ast.AT_DropIdentity:
		return 0
	case ast.AT_ColumnDefault:
		if c.Def == nil {
			return 0
		}
		return 5
	case ast.AT_AlterColumnType:
		return 1
	case ast.AT_AddColumn:
		return 2
	case ast.AT_SetNotNull, ast.AT_AddIdentity, ast.AT_SetIdentity:
		return 4
	case ast.AT_AddConstraint:
		if k, ok := c.Def.(*ast.Constraint); ok {
			switch k.Contype {
			case ast.CONSTR_PRIMARY, ast.CONSTR_UNIQUE:
				return 6
			case ast.CONSTR_FOREIGN:
				return 8
			}
		}
		return 7
	case ast.AT_AddIndexConstraint:
		return 6
	}
	return 9
}

// alterCmd runs one action on a relation as the actions before have left it.
func (x *exec) alterCmd(oid catalog.OID, cmd *ast.AlterTableCmd) error {
	t := x.Catalog().Table(oid)
	if err := fitsKind(t, cmd); err != nil {
		return err
	}
	switch cmd.Subtype {
	case ast.AT_AddColumn:
		return x.addColumnCmd(t, cmd)
	case ast.AT_DropColumn:
		return x.dropColumnCmd(t, cmd)
	case ast.AT_AlterColumnType:
		return x.alterType(t, cmd)
	case ast.AT_ColumnDefault:
		return x.columnDefault(t, cmd)
	case ast.AT_SetNotNull, ast.AT_DropNotNull:
		return x.notNull(t, cmd)
	case ast.AT_AddIdentity, ast.AT_SetIdentity, ast.AT_DropIdentity:
		return x.identity(t, cmd)
	case ast.AT_DropExpression:
		return x.dropExpression(t, cmd)
	case ast.AT_SetStatistics, ast.AT_SetStorage, ast.AT_SetOptions, ast.AT_ResetOptions, ast.AT_SetCompression:
		return x.columnOption(t, cmd)
	case ast.AT_AddConstraint:
		return x.addConstraint(t, cmd)
	case ast.AT_AddIndexConstraint:
		return pgerr.Unsupported("ADD CONSTRAINT USING INDEX")
	case ast.AT_DropConstraint:
		return x.dropConstraint(t, cmd)
	case ast.AT_ValidateConstraint:
		return x.validateConstraint(t, cmd)
	case ast.AT_AlterConstraint:
		return x.alterConstraint(t, cmd)
	}
	return x.alterProperty(t, cmd)
}

// fitsKind refuses actions on kinds of relations that do not have them.
func fitsKind(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	if t.LikeTable() {
		return nil
	}
	if t.Kind == catalog.RelForeign && cmd.Subtype != ast.AT_ChangeOwner {
		return pgerr.Unsupported("ALTER action " + actionWords[cmd.Subtype] + " on a foreign table")
	}
	switch cmd.Subtype {
	case ast.AT_ChangeOwner, ast.AT_SetRelOptions, ast.AT_ResetRelOptions, ast.AT_ReplaceRelOptions:
		return nil
	case ast.AT_SetStatistics, ast.AT_SetStorage, ast.AT_SetOptions, ast.AT_ResetOptions, ast.AT_ClusterOn, ast.AT_DropCluster, ast.AT_SetCompression:
		if t.Kind == catalog.RelMatView {
			return nil
		}
	case ast.AT_ColumnDefault:
		if t.Kind == catalog.RelView {
			return nil
		}
	}
	return pgerr.New(pgerr.WrongObjectType, "ALTER action %s cannot be performed on relation \"%s\"", actionWords[cmd.Subtype], t.Name).
		WithDetail("This operation is not supported for %s.", stmt.KindPlural(t, nil))
}

// actionWords are the actions as messages name them (alter_table_type_to_string).
var actionWords = map[ast.AlterTableType]string{
	ast.AT_AddColumn: "ADD COLUMN", ast.AT_ColumnDefault: "ALTER COLUMN ... SET DEFAULT", ast.AT_DropNotNull: "ALTER COLUMN ... DROP NOT NULL",
	ast.AT_SetNotNull: "ALTER COLUMN ... SET NOT NULL", ast.AT_DropExpression: "ALTER COLUMN ... DROP EXPRESSION",
	ast.AT_SetStatistics: "ALTER COLUMN ... SET STATISTICS", ast.AT_SetStorage: "ALTER COLUMN ... SET STORAGE", ast.AT_DropColumn: "DROP COLUMN",
	ast.AT_AddConstraint: "ADD CONSTRAINT", ast.AT_AlterConstraint: "ALTER CONSTRAINT", ast.AT_ValidateConstraint: "VALIDATE CONSTRAINT",
	ast.AT_DropConstraint: "DROP CONSTRAINT", ast.AT_AlterColumnType: "ALTER COLUMN ... SET DATA TYPE", ast.AT_AddIdentity: "ALTER COLUMN ... ADD IDENTITY",
	ast.AT_SetIdentity: "ALTER COLUMN ... SET", ast.AT_DropIdentity: "ALTER COLUMN ... DROP IDENTITY", ast.AT_SetLogged: "SET LOGGED",
	ast.AT_SetUnLogged: "SET UNLOGGED", ast.AT_ClusterOn: "CLUSTER ON", ast.AT_EnableTrig: "ENABLE TRIGGER",
	ast.AT_EnableAlwaysTrig: "ENABLE ALWAYS TRIGGER", ast.AT_EnableReplicaTrig: "ENABLE REPLICA TRIGGER", ast.AT_DisableTrig: "DISABLE TRIGGER",
	ast.AT_EnableTrigAll: "ENABLE TRIGGER ALL", ast.AT_DisableTrigAll: "DISABLE TRIGGER ALL", ast.AT_EnableTrigUser: "ENABLE TRIGGER USER",
	ast.AT_DisableTrigUser:   "DISABLE TRIGGER USER",
	ast.AT_EnableRowSecurity: "ENABLE ROW SECURITY", ast.AT_DisableRowSecurity: "DISABLE ROW SECURITY",
	ast.AT_ForceRowSecurity: "FORCE ROW SECURITY", ast.AT_NoForceRowSecurity: "NO FORCE ROW SECURITY",
}

// alterProperty runs the actions that change the descriptor only, or nothing that Tarn has.
func (x *exec) alterProperty(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	next := stmt.Edit(t)
	switch cmd.Subtype {
	case ast.AT_ChangeOwner:
		owner, _, err := x.RoleOf(cmd.Newowner)
		if err != nil {
			return err
		}
		if err := x.MayGiveTo(owner, x.Catalog().SchemaByOID(t.Schema)); err != nil {
			return err
		}
		grants.GiveTo(x.Ctx, t, owner)
		return nil
	case ast.AT_SetRelOptions, ast.AT_ReplaceRelOptions, ast.AT_ResetRelOptions:
		opts, err := changeOptions(next.Options, cmd)
		if err != nil {
			return err
		}
		next.Options = opts
		x.Put(next)
		return nil
	case ast.AT_SetLogged, ast.AT_SetUnLogged:
		if t.Persistence == catalog.Temporary {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot change logged status of table \"%s\" because it is temporary", t.Name)
		}
		next.Persistence = catalog.Permanent
		if cmd.Subtype == ast.AT_SetUnLogged {
			next.Persistence = catalog.Unlogged
		}
		if next.Persistence != t.Persistence {
			x.rewriting(t, rewritePersistence)
		}
		x.Put(next)
		return nil
	case ast.AT_ClusterOn:
		ix, err := clusterIndex(t, cmd.Name)
		if err != nil {
			return err
		}
		return x.markClustered(t, ix)
	case ast.AT_DropCluster:
		return x.markClustered(t, nil)
	case ast.AT_DropOids:
		return nil
	case ast.AT_SetAccessMethod:
		return x.setMethod(t, next, cmd.Name)
	case ast.AT_SetTableSpace:
		if cmd.Name == "pg_default" {
			return nil
		}
		return pgerr.New(pgerr.UndefinedObject, "tablespace \"%s\" does not exist", cmd.Name)
	case ast.AT_EnableRowSecurity, ast.AT_DisableRowSecurity, ast.AT_ForceRowSecurity, ast.AT_NoForceRowSecurity:
		switch cmd.Subtype {
		case ast.AT_EnableRowSecurity, ast.AT_DisableRowSecurity:
			next.RowSecurity = cmd.Subtype == ast.AT_EnableRowSecurity
		default:
			next.ForceRowSecurity = cmd.Subtype == ast.AT_ForceRowSecurity
		}
		x.Put(next)
		return nil
	case ast.AT_ReplicaIdentity:
		return x.replicaIdentity(next, cmd)
	}
	return pgerr.Unsupported("this action of ALTER TABLE")
}

// replicaIdentity keeps what ALTER TABLE … REPLICA IDENTITY says. The log itself holds whole rows.
func (x *exec) replicaIdentity(next *catalog.Table, cmd *ast.AlterTableCmd) error {
	r, ok := cmd.Def.(*ast.ReplicaIdentityStmt)
	if !ok || r.IdentityType == "" {
		return pgerr.Internal("replica identity of form %T", cmd.Def)
	}
	next.ReplIdent, next.ReplIndex = r.IdentityType[0], 0
	if next.ReplIdent == 'i' {
		i := slices.IndexFunc(next.Indexes, func(ix *catalog.Index) bool { return ix.Name == r.Name })
		if i < 0 {
			return pgerr.New(pgerr.UndefinedObject, "index \"%s\" for table \"%s\" does not exist", r.Name, next.Name)
		}
		ix := next.Indexes[i]
		if !ix.Unique {
			return pgerr.New(pgerr.WrongObjectType, "cannot use non-unique index \"%s\" as replica identity", ix.Name)
		}
		if ix.Pred != "" {
			return pgerr.New(pgerr.FeatureNotSupported, "cannot use partial index \"%s\" as replica identity", ix.Name)
		}
		for _, k := range ix.Keys {
			if k.Att == 0 {
				return pgerr.New(pgerr.FeatureNotSupported, "cannot use expression index \"%s\" as replica identity", ix.Name)
			}
			if c := next.Column(k.Att); !c.NotNull {
				return pgerr.New(pgerr.WrongObjectType, "index \"%s\" cannot be used as replica identity because column \"%s\" is nullable", ix.Name, c.Name)
			}
		}
		next.ReplIndex = ix.OID
	}
	x.Put(next)
	return nil
}

// changeOptions applies SET (…) or RESET (…).
func changeOptions(old catalog.RelOptions, cmd *ast.AlterTableCmd) (catalog.RelOptions, error) {
	l, _ := cmd.Def.(*ast.List)
	if l == nil {
		return old, nil
	}
	given, err := relOptions(l.Items)
	if err == nil && given.Has(optLocation) {
		err = pgerr.Unsupported("changing the location of a table")
	}
	switch {
	case err != nil:
		return nil, err
	case cmd.Subtype == ast.AT_ReplaceRelOptions:
		return given, nil
	case cmd.Subtype == ast.AT_ResetRelOptions:
		return old.Without(given.Names()...), nil
	}
	return old.With(given...), nil
}

func (x *exec) alterIndex(t *catalog.Table, ix *catalog.Index, cmds []*ast.AlterTableCmd) error {
	next := stmt.Edit(t)
	nix := *ix
	for i := range next.Indexes {
		if next.Indexes[i] == ix {
			next.Indexes[i] = &nix
		}
	}
	for _, cmd := range cmds {
		switch cmd.Subtype {
		case ast.AT_SetRelOptions, ast.AT_ResetRelOptions:
			opts, err := changeOptions(nix.Options, cmd)
			if err != nil {
				return err
			}
			nix.Options = opts
		case ast.AT_SetTableSpace, ast.AT_SetStatistics:
		case ast.AT_AttachPartition:
			return x.attachIndexCmd(t, ix, cmd.Def.(*ast.PartitionCmd))
		default:
			return pgerr.Unsupported("this action of ALTER INDEX")
		}
	}
	x.Put(next)
	return nil
}
