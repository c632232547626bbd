package merge

import (
	"context"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/threeway"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// schemas brings what the source has changed in its catalog into the target's.
//
// The order is that in which rows can follow: names first, so that stored SQL of the target says what the source's says; then what is
// dropped; then descriptors, without what rows have to be looked at for; the rows; and at last indexes, constraints and NOT NULL, which
// are built and checked over the merged rows.
type schemas struct {
	*threeway.Merger
	host  Host
	pair  *branchdiff.Pair
	x     *stmt.Ctx
	plan  *threeway.Plan
	first []threeway.Change // what there was to do at the beginning
	// done are the changes that have been put: their tables get the rest at the end.
	done []threeway.Change
}

// compareCatalogs plans the merge of the catalogs; nil if the source has not changed its own.
func compareCatalogs(ctx context.Context, p *branchdiff.Pair) (*threeway.Merger, error) {
	if !branchdiff.Touches(p.SourceSince, database.CatalogStorage) {
		return nil, nil
	}
	base, err := p.BaseCatalog(ctx)
	if err != nil {
		return nil, err
	}
	return &threeway.Merger{Base: base, Source: p.Source.Cat}, nil
}

// touched are the target's relations that a plan changes.
func touched(plan *threeway.Plan) (out []catalog.OID) {
	for _, c := range plan.Changes {
		if t, ok := c.Target.(*catalog.Table); ok {
			out = append(out, t.OID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// prepare gives new names and makes the plan for the rest. What it does is undone by restoring the editor.
func (m *Merge) prepare(ctx context.Context) error {
	t, err := compareCatalogs(ctx, m.pair)
	if err != nil || t == nil {
		return err
	}
	x := m.Host.DDL(ctx)
	t.UseSource, t.Alloc = m.OnConflict == UseSource, x.Editor
	s := &schemas{Merger: t, host: m.Host, pair: m.pair, x: x}
	s.first = t.Plan(x.Catalog()).Changes
	if err := s.newSchemas(); err != nil {
		return err
	}
	for {
		s.plan = t.Plan(x.Catalog())
		if len(s.plan.Renames) == 0 {
			break
		}
		if err := s.rename(s.plan.Renames[0]); err != nil {
			return err
		}
	}
	m.schemas = s
	return s.refuse(s.plan)
}

// refuse refuses what a plan cannot do, whoever wins conflicts.
func (s *schemas) refuse(p *threeway.Plan) error {
	for _, c := range p.Changes {
		if c.Refused != nil {
			return c.Refused
		}
		if c.Hard && s.UseSource {
			return pgerr.New(pgerr.FeatureNotSupported, "merging schema changes is not supported for %s: the target branch has dropped what the source branch has changed", c.Object).
				WithHint("ON CONFLICT USE TARGET leaves it dropped.")
		}
	}
	return nil
}

// changes are what is done, or would be, in the order of the objects' names.
func (s *schemas) changes() []threeway.Change {
	list := slices.Clone(s.first)
	slices.SortStableFunc(list, func(a, b threeway.Change) int { return strings.Compare(a.Object, b.Object) })
	return list
}

// newSchemas makes the source's new schemas, so that objects can move there.
func (s *schemas) newSchemas() error {
	for _, c := range s.Plan(s.x.Catalog()).Changes {
		if sc, ok := c.Merged.(*catalog.Schema); ok && c.What == threeway.Created && c.Target == nil {
			if _, err := s.x.Claim(0, sc.Name); err != nil {
				return err
			}
			s.x.Editor.PutSchema(sc)
			s.done = append(s.done, c)
		}
	}
	return nil
}

// rename runs the statement that gives an object of the target another name or schema.
func (s *schemas) rename(r threeway.Rename) error {
	cat := s.x.Catalog()
	q := ruleutils.QuoteIdent
	var words, name string
	switch r.Kind {
	case catalog.KindColumn:
		t := cat.Table(r.OID)
		words, name = "ALTER TABLE", ruleutils.Qualified(cat, t.Schema, t.Name)
		what := " RENAME COLUMN "
		if t.Kind == catalog.RelComposite {
			words, what = "ALTER TYPE", " RENAME ATTRIBUTE "
		}
		return s.host.Run(s.x, words+" "+name+what+q(t.Column(r.Sub).Name)+" TO "+q(r.Name))
	case catalog.KindRelation:
		t := cat.Table(r.OID)
		words, name = "ALTER TABLE", ruleutils.Qualified(cat, t.Schema, t.Name)
		if t.Kind == catalog.RelComposite {
			words = "ALTER TYPE"
		}
	case catalog.KindSchema:
		words, name = "ALTER SCHEMA", q(cat.SchemaByOID(r.OID).Name)
	case catalog.KindType:
		t := cat.Type(r.OID)
		words, name = "ALTER TYPE", ruleutils.Qualified(cat, t.Schema, t.Name)
	case catalog.KindFunction:
		f := cat.Function(r.OID)
		args := make([]string, len(f.Proc.ArgTypes))
		for i, a := range f.Proc.ArgTypes {
			args[i] = types.FormatType(a, -1, s.x.StoredEnv())
		}
		words, name = "ALTER ROUTINE", ruleutils.Qualified(cat, f.Schema, f.Name)+"("+strings.Join(args, ", ")+")"
	default:
		return pgerr.Unsupported("merging another name or schema of " + threeway.Describe(cat, r.Address))
	}
	if r.Schema != "" {
		return s.host.Run(s.x, words+" "+name+" SET SCHEMA "+q(r.Schema))
	}
	return s.host.Run(s.x, words+" "+name+" RENAME TO "+q(r.Name))
}

// conflicts are the objects that both sides have changed differently.
func (s *schemas) conflicts(ctx context.Context) (out []string, err error) {
	if s == nil {
		return nil, nil
	}
	found := map[string][]string{}
	for i := range s.plan.Changes {
		c := &s.plan.Changes[i]
		if c.What == threeway.Dropped && c.Conflicts == nil {
			changed, err := s.rowsChanged(ctx, c)
			if err != nil {
				return nil, err
			}
			if changed {
				c.Conflicts = []string{"rows"}
			}
		}
		found[c.Object] = c.Conflicts
		for _, what := range c.Conflicts {
			out = append(out, strings.TrimSuffix(c.Object+", "+what, ", "))
		}
	}
	for i := range s.first { // names are as they were before; what differs by them alone is none
		s.first[i].Conflicts = found[s.first[i].Object]
	}
	return out, ctx.Err()
}

// rowsChanged reports whether the target has changed rows of a table.
func (s *schemas) rowsChanged(ctx context.Context, c *threeway.Change) (bool, error) {
	t, ok := c.Target.(*catalog.Table)
	if !ok || !t.Stored() {
		return false, nil
	}
	for _, r := range threeway.Relations(s.Base, s.Source, s.pair.Target.Cat) {
		if r.Target != nil && r.Target.OID == t.OID && r.Base != nil {
			return s.pair.ChangedRows(ctx, r.Target, r.Base)
		}
	}
	return true, nil
}

// drop drops what the source has dropped.
func (s *schemas) drop() error {
	list := s.plan.Drops
	for _, c := range s.plan.Changes {
		if c.What == threeway.Dropped && c.Conflicts != nil && !s.UseSource {
			a := addressOf(c.Target)
			list = slices.DeleteFunc(list, func(d catalog.Address) bool { return d == a })
		}
	}
	for _, c := range s.plan.Changes {
		if c.What == threeway.Dropped {
			s.done = append(s.done, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	if err := depend.Drop(s.x, list, false); err != nil {
		return err
	}
	s.plan = s.Plan(s.x.Catalog())
	return s.refuse(s.plan)
}

func addressOf(d any) catalog.Address {
	switch o := d.(type) {
	case *catalog.Schema:
		return catalog.Address{Kind: catalog.KindSchema, OID: o.OID}
	case *catalog.Table:
		return catalog.Address{Kind: catalog.KindRelation, OID: o.OID}
	case catalog.Object:
		return catalog.AddressOf(o)
	}
	return catalog.Address{}
}

// put puts the descriptors, without what waits for the rows.
func (s *schemas) put(ctx context.Context) error {
	for _, c := range s.plan.Changes {
		if c.Merged == nil {
			continue
		}
		s.done = append(s.done, c)
		var err error
		switch d := c.Merged.(type) {
		case *catalog.Schema:
			s.x.Editor.PutSchema(d)
		case *catalog.Table:
			err = s.putTable(&c, d)
		case *catalog.Type:
			s.x.Editor.Put(s.withoutChecks(&c, d))
		case catalog.Object:
			s.x.Editor.Put(d)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *schemas) putTable(c *threeway.Change, merged *catalog.Table) error {
	for i := range merged.Columns {
		if int(merged.Columns[i].AttNum) != i+1 {
			return pgerr.Internal("column %d of %s stands at place %d", merged.Columns[i].AttNum, c.Object, i+1)
		}
	}
	old, there := c.Target.(*catalog.Table)
	if there {
		if err := s.x.NotInUse(old, "ALTER TABLE"); err != nil {
			return err
		}
		s.x.Put(withoutNew(old, merged))
		return s.addsToAll(c, old, merged)
	}
	if taken, err := s.x.Claim(merged.Schema, merged.Name); err != nil {
		return err
	} else if taken {
		return stmt.RelationExists(merged.Name)
	}
	return s.create(c.Source.(*catalog.Table), stmt.Edit(merged))
}

// create puts a new relation. Its rows come later.
func (s *schemas) create(source, t *catalog.Table) error {
	t.Version = 0
	if t.StorageID != 0 {
		t.StorageID = s.x.Editor.AdoptStorageID(t)
	}
	switch {
	case t.Kind == catalog.RelSequence:
		last, _, called, err := s.pair.Source.DB.SeqLast(source, func(key []byte) ([]byte, bool, error) {
			return s.pair.Source.Snap.AppendGet(nil, key)
		})
		if err != nil {
			return err
		}
		key, value := s.x.SeqState(t.StorageID, last, called)
		if err := s.x.Txn.Put(key, value, 0); err != nil {
			return err
		}
	case t.Kind == catalog.RelMatView:
		t.Unpopulated = true
	}
	s.x.Put(t)
	for _, p := range t.Parents {
		if parent := s.x.Catalog().Table(p); parent != nil {
			if err := s.x.LockTable(p, lock.AccessExclusive); err != nil {
				return err
			}
			s.x.Put(stmt.Edit(parent)) // plans over it are to be made again
		}
	}
	return nil
}

// withoutNew is what a table is to be, without what its rows have to be looked at for.
func withoutNew(old, merged *catalog.Table) *catalog.Table {
	t := stmt.Edit(merged)
	t.StorageID, t.Version, t.NextIndexID = old.StorageID, old.Version, old.NextIndexID
	for i := range t.Columns {
		if c := &t.Columns[i]; hasRows(t) && (i >= len(old.Columns) || !old.Columns[i].NotNull) {
			c.NotNull = false
		}
	}
	t.Indexes = slices.DeleteFunc(t.Indexes, func(x *catalog.Index) bool { return old.IndexByOID(x.OID) == nil })
	var kept []*catalog.Constraint
	for _, c := range t.Constraints {
		was := constraintOf(old, c.OID)
		if was == nil && c.Type != catalog.ConTrigger {
			continue
		}
		if was != nil && c.Validated && !was.Validated {
			n := *c
			n.Validated = false
			c = &n
		}
		kept = append(kept, c)
	}
	t.Constraints = kept
	return t
}

func hasRows(t *catalog.Table) bool { return t.Stored() || t.Kind == catalog.RelMatView }

func constraintOf(t *catalog.Table, oid catalog.OID) *catalog.Constraint {
	for _, c := range t.Constraints {
		if c.OID == oid {
			return c
		}
	}
	return nil
}

// addsToAll refuses a column whose values each row of the source has got by itself, where the target has rows that the source has not.
func (s *schemas) addsToAll(c *threeway.Change, old, merged *catalog.Table) error {
	if !old.Stored() {
		return nil
	}
	for i := len(old.Columns); i < len(merged.Columns); i++ {
		k := &merged.Columns[i]
		if k.HasMissing || k.Default == "" && k.Identity == 0 && !k.NotNull {
			continue
		}
		if changed, err := s.rowsChanged(s.x.Ctx, c); err != nil || !changed {
			return err
		}
		if empty, err := s.empty(old); err != nil || empty {
			return err
		}
		return pgerr.New(pgerr.FeatureNotSupported, "merging column \"%s\" of %s, whose values are computed for each row, is not supported where the target has changed rows of it",
			k.Name, c.Object).WithHint("Add the column in branch \"%s\" first.", s.pair.Target.DB.Branch)
	}
	return nil
}

// empty reports whether the target's table had no rows.
func (s *schemas) empty(t *catalog.Table) (bool, error) {
	some := false
	err := content.Scan(s.x, t, 0, func(_, _ []byte, _ []types.Datum) error { some = true; return nil })
	return !some, err
}

// withoutChecks is a domain without the checks and NOT NULL that values have to be looked at for.
func (s *schemas) withoutChecks(c *threeway.Change, d *catalog.Type) *catalog.Type {
	old, there := c.Target.(*catalog.Type)
	if !there || d.Domain == nil || old.Domain == nil {
		return d
	}
	t, dom := *d, *d.Domain
	dom.NotNull = dom.NotNull && old.Domain.NotNull
	dom.Constraints = nil
	for _, k := range d.Domain.Constraints {
		had := slices.ContainsFunc(old.Domain.Constraints, func(o *catalog.DomainConstraint) bool { return o.OID == k.OID && o.Validated })
		if k.Validated && !had {
			n := *k
			n.Validated = false
			k = &n
		}
		dom.Constraints = append(dom.Constraints, k)
	}
	t.Domain = &dom
	return &t
}
