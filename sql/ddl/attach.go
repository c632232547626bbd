package ddl

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/triggers"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/storage/lock"
)

// joinPartition completes a table that has just become a partition: the default partition must have none of its rows, and it gets
// the parent's indexes, keys and foreign keys.
func (x *exec) joinPartition(oid catalog.OID) error {
	t := x.Catalog().Table(oid)
	p := x.Catalog().Table(t.Parents[0])
	x.Put(stmt.Edit(p)) // what is computed from its partitions is void
	if err := partition.Joined(x.Catalog(), p, oid); err != nil {
		return err
	}
	if !t.Bound.Default {
		if err := x.checkDefault(x.Catalog().Table(p.OID)); err != nil {
			return err
		}
	}
	for _, ix := range p.Indexes {
		if err := x.ensureIndex(oid, p, ix); err != nil {
			return err
		}
	}
	for _, c := range p.Constraints {
		if c.Type == catalog.ConForeign {
			if err := x.ensureForeign(oid, p, c); err != nil {
				return err
			}
		}
	}
	return triggers.CloneAll(x.Ctx, oid, p)
}

// attachPartition is ALTER TABLE … ATTACH PARTITION.
func (x *exec) attachPartition(p *catalog.Table, cmd *ast.PartitionCmd) error {
	if err := notPartitioned(p); err != nil {
		return err
	}
	t, ix, err := x.OpenRelation(cmd.Name, lock.AccessExclusive)
	switch {
	case err != nil:
		return err
	case ix != nil || !t.LikeTable():
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table or foreign table", cmd.Name.Relname)
	case t.Bound != nil:
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is already a partition", t.Name)
	case len(t.Parents) > 0:
		return pgerr.New(pgerr.WrongObjectType, "cannot attach inheritance child as partition")
	case !t.Partitioned() && x.Catalog().HasChildren(t.OID):
		return pgerr.New(pgerr.WrongObjectType, "cannot attach inheritance parent as partition")
	}
	if slices.ContainsFunc(x.Catalog().Descendants(t), func(d *catalog.Table) bool { return d.OID == p.OID }) {
		return pgerr.New(pgerr.DuplicateTable, "circular inheritance not allowed").
			WithDetail("\"%s\" is already a child of \"%s\".", p.Name, t.Name)
	}
	switch {
	case p.Persistence != catalog.Temporary && t.Persistence == catalog.Temporary:
		return pgerr.New(pgerr.WrongObjectType, "cannot attach a temporary relation as partition of permanent relation \"%s\"", p.Name)
	case p.Persistence == catalog.Temporary && t.Persistence != catalog.Temporary:
		return pgerr.New(pgerr.WrongObjectType, "cannot attach a permanent relation as partition of temporary relation \"%s\"", p.Name)
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped && p.ColumnByName(c.Name) == nil {
			return pgerr.New(pgerr.DatatypeMismatch, "table \"%s\" contains column \"%s\" not found in parent \"%s\"", t.Name, c.Name, p.Name).
				WithDetail("The new partition may contain only the columns present in parent.")
		}
	}
	if g := triggers.WithTransition(t); g != "" {
		return pgerr.New(pgerr.FeatureNotSupported, "trigger \"%s\" prevents table \"%s\" from becoming a partition", g, t.Name).
			WithDetail("ROW triggers with transition tables are not supported on partitions.")
	}
	bound, locs, err := x.partitionBound(p, cmd.Bound)
	if err != nil {
		return err
	}
	if err := x.addParent(t, p, true); err != nil {
		return err
	}
	if err := x.admit(p, t.Name, bound, locs, cmd.Bound); err != nil {
		return err
	}
	next := stmt.Edit(x.Catalog().Table(t.OID))
	next.Bound = bound
	x.Put(next)
	x.Put(stmt.Edit(p))
	if err := x.checkRows(next, func(leaf *catalog.Table) error {
		return x.InTable(pgerr.New(pgerr.CheckViolation, "partition constraint of relation \"%s\" is violated by some row", leaf.Name), leaf)
	}); err != nil {
		return err
	}
	return x.joinPartition(t.OID)
}

func notPartitioned(p *catalog.Table) error {
	if p.Partitioned() {
		return nil
	}
	return pgerr.New(pgerr.WrongObjectType, "table \"%s\" is not partitioned", p.Name)
}

const finalizeHint = "Use ALTER TABLE ... DETACH PARTITION ... FINALIZE to complete the pending detach operation."

// detachPartition is ALTER TABLE … DETACH PARTITION. With CONCURRENTLY it is two transactions: the first one marks the partition, which
// new statements do not see any more; the second one, when all who use the table have ended, takes it out. FINALIZE is the second one
// alone.
func (x *exec) detachPartition(p *catalog.Table, cmd *ast.PartitionCmd, finalize bool) error {
	if err := notPartitioned(p); err != nil {
		return err
	}
	mode := lock.AccessExclusive
	if cmd.Concurrent {
		if x.InBlock {
			return pgerr.New(pgerr.ActiveSQLTransaction, "ALTER TABLE ... DETACH CONCURRENTLY cannot run inside a transaction block")
		}
		d, err := x.partitions(p)
		if err != nil {
			return err
		}
		if d.Default >= 0 {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot detach partitions concurrently when a default partition exists")
		}
		mode = lock.ShareUpdateExclusive
	}
	t, _, err := x.OpenRelation(cmd.Name, mode)
	switch {
	case err != nil:
		return err
	case t.Bound == nil || t.Parents[0] != p.OID:
		return pgerr.New(pgerr.UndefinedTable, "relation \"%s\" is not a partition of relation \"%s\"", t.Name, p.Name)
	case finalize && t.Detaching == 0:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot complete detaching partition \"%s\"", t.Name).
			WithDetail("There's no pending concurrent detach.")
	case finalize:
		return x.takeOut(p, t)
	case cmd.Concurrent:
		return x.markDetached(p, t)
	case t.Detaching != 0:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot detach partition \"%s\"", t.Name).
			WithDetail("The partition is being detached concurrently or has an unfinished detach.").WithHint(finalizeHint)
	}
	numbers := x.partNumbers(p, t)
	if err := x.takeOut(p, t); err != nil {
		return err
	}
	return x.stillReferenced(p, t, numbers)
}

// markDetached is the first transaction of DETACH CONCURRENTLY.
func (x *exec) markDetached(p, t *catalog.Table) error {
	var pending *catalog.Table
	x.Catalog().Detaching(p.OID, func(k *catalog.Table) bool {
		pending = k
		return false
	})
	if pending != nil {
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "partition \"%s\" already pending detach in partitioned table \"%s.%s\"",
			pending.Name, x.Catalog().SchemaByOID(p.Schema).Name, p.Name).WithHint(finalizeHint)
	}
	numbers := x.partNumbers(p, t)
	next := stmt.Edit(t)
	next.Detaching = p.OID
	x.keepBound(p, next)
	x.Put(next)
	x.Put(stmt.Edit(p))
	if err := x.stillReferenced(p, t, numbers); err != nil {
		return err
	}
	x.Then = func(y *stmt.Ctx) error { return (&exec{Ctx: y}).finishDetach(p, t) }
	return nil
}

// keepBound gives a partition that is on its way out a check constraint in place of its bounds, if it has none that says the same.
func (x *exec) keepBound(p, t *catalog.Table) {
	def := ruleutils.PartConstraint(x.Catalog(), t)
	if def == "" {
		return
	}
	for _, c := range t.Constraints {
		if c.Type == catalog.ConCheck && c.Expr == def {
			return
		}
	}
	c := &catalog.Constraint{OID: x.Editor.OID(), Type: catalog.ConCheck, Expr: def, Validated: true}
	name := ""
	for _, k := range p.PartKey.Keys {
		if k.Att != 0 {
			col := t.ColumnByName(p.Column(k.Att).Name)
			c.Cols = append(c.Cols, col.AttNum)
			name = col.Name
		}
	}
	if len(c.Cols) > 1 {
		name = ""
	}
	c.Name = x.ConstraintName(t.Name, name, "check", t.Schema, t)
	t.Constraints = append(t.Constraints, c)
}

// finishDetach is the second transaction of DETACH CONCURRENTLY. was and part are the tables as the first one saw them.
func (x *exec) finishDetach(was, part *catalog.Table) error {
	if _, err := x.Txn.AwaitTable(x.Ctx.Ctx, uint64(was.OID), lock.AccessExclusive, x.Locks); err != nil {
		return err
	}
	p, err := x.Reopen(was.OID, lock.ShareUpdateExclusive)
	if err != nil {
		return err
	}
	t, err := x.Reopen(part.OID, lock.AccessExclusive)
	switch {
	case err != nil:
		return err
	case p == nil:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "partitioned table \"%s\" was removed concurrently", was.Name)
	case t == nil:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "partition \"%s\" was removed concurrently", part.Name)
	case t.Detaching != p.OID:
		return nil // somebody has finished it
	}
	return x.takeOut(p, t)
}

// takeOut makes a partition a table of its own. Who has foreign keys to the table has one less of PostgreSQL's, and is kept out for that.
func (x *exec) takeOut(p, t *catalog.Table) error {
	for up := p; up != nil; {
		for _, r := range x.referencing(up.OID) {
			if err := x.LockTable(r.OID, lock.AccessExclusive); err != nil {
				return err
			}
		}
		if up.Bound == nil {
			break
		}
		up = x.Catalog().Table(up.Parents[0])
	}
	next := orphan(t, p)
	next.Bound, next.Detaching = nil, 0
	for i, c := range next.Constraints {
		if c.Parent != 0 {
			n := *c
			n.Parent, n.InhCount, n.NotLocal = 0, 0, false
			next.Constraints[i] = &n
		}
	}
	for i, ix := range next.Indexes {
		if ix.Parent != 0 {
			n := *ix
			n.Parent = 0
			next.Indexes[i] = &n
		}
	}
	x.Put(next)
	x.Put(stmt.Edit(p))
	return triggers.DropClones(x.Ctx, t.OID)
}

// partNumbers are the places of a partition of p in the trees of p and of the tables above, from 1: PostgreSQL gives each of a tree a
// foreign key of its own where one names the root, and numbers their names.
func (x *exec) partNumbers(p, t *catalog.Table) map[catalog.OID]int {
	out := map[catalog.OID]int{}
	for {
		out[p.OID] = partition.Number(x.Catalog(), p, t.OID, x.Env)
		if p.Bound == nil {
			return out
		}
		p = x.Catalog().Table(p.Parents[0])
	}
}

// stillReferenced refuses to take a partition away whose rows foreign keys name. numbers are its partNumbers.
func (x *exec) stillReferenced(p, t *catalog.Table, numbers map[catalog.OID]int) error {
	for ; ; p = x.Catalog().Table(p.Parents[0]) {
		for _, r := range append(x.referencing(p.OID), x.Catalog().Table(p.OID)) {
			if r.OID != p.OID {
				if err := x.LockTable(r.OID, lock.ShareTable); err != nil {
					return err
				}
			}
			for _, c := range r.Constraints {
				if c.Type != catalog.ConForeign || c.RefTable != p.OID {
					continue
				}
				err := x.validateForeign(r, c)
				if e := pgerr.From(err); err != nil && e.Code == pgerr.ForeignKeyViolation {
					key, _, _ := strings.Cut(e.Detail, " is not present in table ")
					e = pgerr.New(pgerr.ForeignKeyViolation, "removing partition \"%s\" violates foreign key constraint \"%s%d\"", t.Name, c.Name, numbers[p.OID]).
						WithDetail("%s is still referenced from table \"%s\".", key, r.Name)
					e.Constraint = c.Name
					return x.InTable(e, r)
				}
				if err != nil {
					return err
				}
			}
		}
		if p.Bound == nil {
			return nil
		}
	}
}
