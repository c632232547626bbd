package ddl

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
)

// ensureIndex gives a partition its part of an index of its parent p: one that it has already, or a new one. The partitions of a
// partition get theirs, too.
func (x *exec) ensureIndex(oid catalog.OID, p *catalog.Table, pix *catalog.Index) error {
	t, err := x.Reopen(oid, lock.AccessExclusive)
	if err != nil {
		return err
	}
	if partition.ChildIndex(t, pix) != nil {
		return nil
	}
	con := constraintOfIndex(p, pix)
	m := catalog.AttMap(p, t)
	for _, ix := range t.Indexes {
		if ix.Parent == 0 && sameIndex(pix, ix, m) && sameConstraint(con, constraintOfIndex(t, ix)) {
			return x.adoptIndex(t, ix, pix, con)
		}
	}
	next := stmt.Edit(t)
	from := map[int16]int16{}
	for i, att := range m {
		from[int16(i+1)] = att
	}
	if err := x.addLikeIndex(next, likeIndex{ix: pix, con: con, from: from}); err != nil {
		return err
	}
	ix := next.Indexes[len(next.Indexes)-1]
	ix.Parent, ix.Invalid = pix.OID, false
	if con != nil {
		nc := next.Constraints[len(next.Constraints)-1]
		nc.Parent, nc.InhCount, nc.NotLocal = con.OID, 1, true
	}
	if !next.Partitioned() {
		if ix.ID == content.PrimaryIndex {
			err = x.restore(t, next, nil)
		} else {
			err = content.BuildIndex(x.Ctx, next, ix)
		}
		if err != nil {
			return err
		}
	}
	x.Put(next)
	for _, k := range x.Catalog().ChildList(oid) {
		if err := x.ensureIndex(k.OID, next, ix); err != nil {
			return err
		}
	}
	return nil
}

// adoptIndex makes an index that is there a partition of pix.
func (x *exec) adoptIndex(t *catalog.Table, ix, pix *catalog.Index, con *catalog.Constraint) error {
	next := stmt.Edit(t)
	n := *ix
	n.Parent = pix.OID
	next.Indexes[slices.Index(next.Indexes, ix)] = &n
	if own := constraintOfIndex(t, ix); con != nil && own != nil {
		nc := *own
		nc.Parent, nc.InhCount, nc.NotLocal = con.OID, 1, true
		replaceIn(next, own, &nc)
	}
	x.Put(next)
	return nil
}

// sameIndex compares definitions (CompareIndexInfo); m maps the first one's columns to the second one's.
func sameIndex(a, b *catalog.Index, m []int16) bool {
	if a.Unique != b.Unique || a.Method != b.Method || a.NullsNotDistinct != b.NullsNotDistinct || a.Pred != b.Pred ||
		len(a.Keys) != len(b.Keys) || len(a.Include) != len(b.Include) {
		return false
	}
	for i := range a.Keys {
		k, l := a.Keys[i], b.Keys[i]
		if k.Att != 0 {
			k.Att = m[k.Att-1]
		}
		if k.Att != l.Att || k.Expr != l.Expr || k.OpClass != l.OpClass || k.Collation != l.Collation || k.Desc != l.Desc || k.NullsFirst != l.NullsFirst {
			return false
		}
	}
	for i, att := range a.Include {
		if m[att-1] != b.Include[i] {
			return false
		}
	}
	return true
}

// sameConstraint: an index for a constraint takes one for such a constraint.
func sameConstraint(parent, child *catalog.Constraint) bool {
	if parent == nil {
		return true
	}
	return child != nil && parent.Type == child.Type && parent.Deferrable == child.Deferrable && parent.Deferred == child.Deferred
}

// attachIndex is ALTER INDEX … ATTACH PARTITION.
func (x *exec) attachIndex(p *catalog.Table, pix *catalog.Index, t *catalog.Table, ix *catalog.Index) error {
	fail := func(detail string, args ...any) error {
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot attach index \"%s\" as a partition of index \"%s\"", ix.Name, pix.Name).WithDetail(detail, args...)
	}
	if ix.Parent == pix.OID {
		return x.validateIndex(p.OID, pix.OID)
	}
	if ix.Parent != 0 {
		return fail("Index \"%s\" is already attached to another index.", ix.Name)
	}
	if t.Bound == nil || t.Parents[0] != p.OID {
		return fail("Index \"%s\" is not an index on any partition of table \"%s\".", ix.Name, p.Name)
	}
	m := catalog.AttMap(p, t)
	con := constraintOfIndex(p, pix)
	if !sameIndex(pix, ix, m) {
		return fail("The index definitions do not match.")
	}
	if !sameConstraint(con, constraintOfIndex(t, ix)) {
		return fail("The index \"%s\" belongs to a constraint in table \"%s\" but no constraint exists for index \"%s\".", pix.Name, p.Name, ix.Name)
	}
	if partition.ChildIndex(t, pix) != nil {
		return fail("Another index is already attached for partition \"%s\".", t.Name)
	}
	if err := x.adoptIndex(t, ix, pix, con); err != nil {
		return err
	}
	return x.validateIndex(p.OID, pix.OID)
}

// validateIndex marks an index of a partitioned table as valid once every partition has its part, and those above it.
func (x *exec) validateIndex(table, index catalog.OID) error {
	t := x.Catalog().Table(table)
	ix := t.IndexByOID(index)
	if !ix.Invalid {
		return nil
	}
	for _, k := range x.Catalog().ChildList(table) {
		if c := partition.ChildIndex(k, ix); c == nil || c.Invalid {
			return nil
		}
	}
	next := stmt.Edit(t)
	n := *ix
	n.Invalid = false
	next.Indexes[slices.Index(next.Indexes, ix)] = &n
	x.Put(next)
	if ix.Parent != 0 {
		return x.validateIndex(t.Parents[0], ix.Parent)
	}
	return nil
}

// keyCovers refuses a unique key on a partitioned table that does not include the partition key: rows that must not be equal
// would not meet in one partition.
func keyCovers(t *catalog.Table, ix *catalog.Index, what string) error {
	if !t.Partitioned() || t.PartKey == nil {
		return nil
	}
	for i := range t.PartKey.Keys {
		k := &t.PartKey.Keys[i]
		if k.Att == 0 {
			return pgerr.New(pgerr.FeatureNotSupported, "unsupported %s constraint with partition key definition", what).
				WithDetail("%s constraints cannot be used when partition keys include expressions.", what)
		}
		if !slices.ContainsFunc(ix.Keys, func(x catalog.IndexKey) bool { return x.Att == k.Att }) {
			return pgerr.New(pgerr.FeatureNotSupported, "unique constraint on partitioned table must include all partitioning columns").
				WithDetail("%s constraint on table \"%s\" lacks column \"%s\" which is part of the partition key.", what, t.Name, t.Column(k.Att).Name)
		}
	}
	return nil
}

// ensureForeign gives a partition its part of a foreign key of its parent p.
func (x *exec) ensureForeign(oid catalog.OID, p *catalog.Table, con *catalog.Constraint) error {
	t, err := x.Reopen(oid, lock.ShareRowExclusive)
	if err != nil {
		return err
	}
	m := catalog.AttMap(p, t)
	n := *con
	n.Cols, n.DeleteCols = moved(con.Cols, m), moved(con.DeleteCols, m)
	n.Parent, n.InhCount, n.NotLocal, n.Comment = con.OID, 1, true, ""
	next := stmt.Edit(t)
	for i, c := range t.Constraints {
		if c.Type != catalog.ConForeign {
			continue
		}
		if c.Parent == con.OID {
			return nil
		}
		if c.Parent == 0 && c.RefTable == con.RefTable && slices.Equal(c.Cols, n.Cols) && slices.Equal(c.RefCols, con.RefCols) && c.OnUpdate == con.OnUpdate &&
			c.OnDelete == con.OnDelete && c.Match == con.Match && c.Deferrable == con.Deferrable && c.Deferred == con.Deferred && c.Validated &&
			slices.Equal(c.DeleteCols, n.DeleteCols) {
			a := *c
			a.Parent, a.InhCount, a.NotLocal = con.OID, 1, true
			next.Constraints[i] = &a
			x.Put(next)
			return nil
		}
	}
	if ref := x.Catalog().Table(n.RefTable); ref != nil {
		if err := x.lockReferenced(ref); err != nil {
			return err
		}
	}
	n.OID = x.Editor.OID()
	if t.ConstraintByName(n.Name) != nil {
		var names []string
		for _, a := range n.Cols {
			names = append(names, t.Column(a).Name)
		}
		n.Name = x.ConstraintName(t.Name, stmt.Joined(names), "fkey", t.Schema, t)
	}
	next.Constraints = append(next.Constraints, &n)
	if t.Stored() && n.Validated {
		if err := x.validateForeign(next, &n); err != nil {
			return err
		}
	}
	x.Put(next)
	for _, k := range x.Catalog().ChildList(oid) {
		if err := x.ensureForeign(k.OID, next, &n); err != nil {
			return err
		}
	}
	return nil
}

func moved(list, m []int16) []int16 {
	if list == nil {
		return nil
	}
	out := make([]int16, len(list))
	for i, a := range list {
		out[i] = m[a-1]
	}
	return out
}

func (x *exec) attachIndexCmd(p *catalog.Table, pix *catalog.Index, cmd *ast.PartitionCmd) error {
	t, ix, err := x.OpenRelation(cmd.Name, lock.AccessExclusive)
	switch {
	case err != nil:
		return err
	case ix == nil:
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not an index", cmd.Name.Relname)
	case !p.Partitioned():
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a partitioned index", pix.Name)
	}
	return x.attachIndex(p, pix, t, ix)
}
