package syscat

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"sync"
)

// Bits of pg_index.indoption.
const (
	optionDesc       = 1
	optionNullsFirst = 2
)

func pgIndex(s *scan) error {
	if o, ok := s.keyOID(1); ok {
		if t, ix := s.cat.RelationByOID(o); ix != nil {
			s.addIndexRow(t, ix)
		}
		return nil
	}
	if o, ok := s.keyOID(2); ok {
		if t := s.cat.Table(o); t != nil {
			for _, ix := range t.Indexes {
				s.addIndexRow(t, ix)
			}
		}
		return nil
	}
	s.cat.Tables(func(t *catalog.Table) bool {
		for _, ix := range t.Indexes {
			s.addIndexRow(t, ix)
		}
		return true
	})
	return nil
}

func (s *scan) addIndexRow(t *catalog.Table, ix *catalog.Index) {
	n := len(ix.Keys)
	atts, opts := make([]int16, 0, n+len(ix.Include)), make([]int16, 0, n)
	classes, colls := make([]types.OID, 0, n), make([]types.OID, 0, n)
	var exprs []string
	for i := range ix.Keys {
		k := &ix.Keys[i]
		o := int16(0)
		if k.Desc {
			o |= optionDesc
		}
		if k.NullsFirst {
			o |= optionNullsFirst
		}
		class := k.OpClass
		if class == 0 {
			class = defaultClasses()[k.Type]
		}
		atts, opts, classes, colls = append(atts, k.Att), append(opts, o), append(classes, class), append(colls, k.Collation)
		if k.Att == 0 {
			exprs = append(exprs, k.Expr)
		}
	}
	atts = append(atts, ix.Include...)
	immediate := true
	for _, c := range t.Constraints {
		if c.Index == ix.OID && c.Type != catalog.ConForeign && c.Deferrable {
			immediate = false
		}
	}
	s.add(oid(ix.OID), oid(t.OID), num(len(atts)), num(n), boolean(ix.Unique), boolean(ix.NullsNotDistinct), boolean(ix.Primary), boolean(ix.Excludes != nil), boolean(immediate), boolean(ix.Clustered),
		boolean(!ix.Building && !ix.Invalid), no, yes, yes, boolean(t.ReplIndex == ix.OID), int2Vector(atts), oidVector(colls), oidVector(classes), int2Vector(opts),
		textOrNull(strings.Join(exprs, ", ")), textOrNull(ix.Pred))
}

// defaultClasses are btree's default operator classes by type.
var defaultClasses = sync.OnceValue(func() map[types.OID]types.OID {
	m := map[types.OID]types.OID{}
	data := pgdata.Load("pg_opclass")
	method, in, def := data.Col("opcmethod"), data.Col("opcintype"), data.Col("opcdefault")
	for _, r := range data.Rows {
		if *r[method] == "403" && *r[def] == "t" {
			m[parseOID(*r[in])] = parseOID(*r[0])
		}
	}
	m[types.Varchar] = m[types.Text]
	return m
})

// equalOps are the btree equality operators of types with themselves.
var equalOps = sync.OnceValue(func() map[types.OID]types.OID {
	m := map[types.OID]types.OID{}
	for _, o := range pgdata.Operators() {
		if o.Name == "=" && o.Left == o.Right && (o.CanMerge || o.CanHash) {
			m[o.Left] = o.OID
		}
	}
	m[types.Varchar] = m[types.Text]
	return m
})

// Columns of pg_constraint.
const (
	conType   = 4
	conKey    = 19
	conFKey   = 20
	conPFEqOp = 21
	conPPEqOp = 22
	conFFEqOp = 23
	conDelSet = 24
	conExclOp = 25
)

func pgConstraint(s *scan) error {
	all := func(t *catalog.Table) {
		for _, c := range t.Constraints {
			s.addConstraint(t, c)
		}
	}
	if con, ok := s.keyOID(1); ok {
		if t, c := s.cat.ConstraintByOID(con); c != nil {
			s.addConstraint(t, c)
		} else {
			s.addDomainConstraints()
		}
		return nil
	}
	if rel, ok := s.keyOID(8); ok {
		s.tables(8, all)
		if rel == 0 {
			s.addDomainConstraints()
		}
		return nil
	}
	if name, ok := s.keyName(2); ok {
		s.cat.Schemas(func(sc *catalog.Schema) bool {
			s.cat.ConstraintsNamed(sc.OID, name, func(t *catalog.Table, c *catalog.Constraint) bool {
				s.addConstraint(t, c)
				return true
			})
			return true
		})
		s.addDomainConstraints()
		return nil
	}
	if domain, ok := s.keyOID(9); ok && domain != 0 {
		if t := s.cat.Type(domain); t != nil {
			s.addConstraintsOf(t)
		}
		return nil
	}
	if ref, ok := s.keyOID(12); ok && ref != 0 {
		s.cat.Referencing(ref, func(t *catalog.Table) bool {
			for _, c := range t.Constraints {
				if c.RefTable == ref {
					s.addConstraint(t, c)
				}
			}
			return true
		})
		return nil
	}
	if index, ok := s.keyOID(10); ok && index != 0 {
		if t, ix := s.cat.RelationByOID(index); ix != nil {
			all(t)
			s.cat.Referencing(t.OID, func(r *catalog.Table) bool {
				if r != t {
					all(r)
				}
				return true
			})
		}
		return nil
	}
	if parent, ok := s.keyOID(11); ok && parent != 0 {
		if t, _ := s.cat.ConstraintByOID(parent); t != nil {
			s.cat.Children(t.OID, func(k *catalog.Table) bool {
				all(k)
				return true
			})
		}
		return nil
	}
	s.cat.Tables(func(t *catalog.Table) bool {
		all(t)
		return true
	})
	s.addDomainConstraints()
	return nil
}

func (s *scan) addConstraint(t *catalog.Table, c *catalog.Constraint) {
	if !s.mayBe(conType, byte(c.Type)) {
		return
	}
	upd, del, match := byte(' '), byte(' '), byte(' ')
	ops, excludes := null, null
	if c.Type == catalog.ConForeign {
		upd, del, match = orByte(c.OnUpdate, 'a'), orByte(c.OnDelete, 'a'), orByte(c.Match, 's')
		if s.wants(conPFEqOp, conPPEqOp, conFFEqOp) {
			var eq []types.OID
			for _, att := range c.Cols {
				eq = append(eq, equalOps()[t.Column(att).Type])
			}
			ops = oidArray(eq)
		}
	}
	if c.Type == catalog.ConExclusion && s.wants(conExclOp) {
		if ix := t.IndexByOID(c.Index); ix != nil {
			var list []types.OID
			for _, e := range ix.Excludes {
				list = append(list, e.Op)
			}
			excludes = oidArray(list)
		}
	}
	cols := func(att int16, list []int16) types.Datum {
		if !s.wants(att) {
			return null
		}
		return int2s(list)
	}
	s.add(oid(c.OID), text(c.Name), oid(t.Schema), char(byte(c.Type)), boolean(c.Deferrable), boolean(c.Deferred), boolean(c.Validated), oid(t.OID), oid(0), oid(c.Index), oid(c.Parent),
		oid(c.RefTable), char(upd), char(del), char(match), boolean(!c.NotLocal), num(c.InhCount), boolean(c.NoInherit || c.Type != catalog.ConCheck), cols(conKey, c.Cols), cols(conFKey, c.RefCols), ops, ops, ops,
		cols(conDelSet, c.DeleteCols), excludes, textOrNull(c.Expr))
}

func orByte(b, def byte) byte {
	if b == 0 {
		return def
	}
	return b
}

// tarnExtension stands for what Tarn adds to every database: dumps leave an extension of the system and its members out.
const tarnExtension catalog.OID = 9005

// extensionMembers are the objects of extension plpgsql (with its OID in PostgreSQL's catalog) and of Tarn's own.
var extensionMembers = []struct{ class, oid, extension catalog.OID }{
	{pgProcRelation, 13560, catalog.PlpgsqlOID}, {pgProcRelation, 13561, catalog.PlpgsqlOID}, {pgProcRelation, 13562, catalog.PlpgsqlOID},
	{pgLanguageRelation, 13563, catalog.PlpgsqlOID},
	{pgNamespaceRelation, catalog.TarnSchemaOID, tarnExtension},
}

// pgDepend lists what dropping an object takes along or is stopped by, as far as descriptors say it.
func pgDepend(s *scan) error {
	object, byObject := s.keyOID(2)
	if byObject {
		s.object = &object
	}
	if o, ok := s.keyOID(5); ok {
		s.referenced = &o
	}
	for _, m := range extensionMembers {
		if m.extension == catalog.PlpgsqlOID && s.cat.Extension("plpgsql") == nil {
			continue
		}
		s.addDepend(m.class, m.oid, 0, pgExtensionRelation, m.extension, 0, 'e')
	}
	for _, p := range tarnProcs() {
		s.addDepend(pgProcRelation, p, 0, pgExtensionRelation, tarnExtension, 0, 'e')
	}
	if !byObject {
		if s.referenced != nil {
			for _, t := range s.referrers()[*s.referenced] {
				s.addTableDepends(t)
			}
		} else {
			s.cat.Tables(func(t *catalog.Table) bool {
				s.addTableDepends(t)
				return true
			})
		}
		s.addObjectDepends()
		return nil
	}
	for _, t := range s.owners(object) {
		s.addTableDepends(t)
		t.EachDep(func(d catalog.Dep) {
			from := d.From
			if from == (catalog.Address{}) {
				from = catalog.Address{Kind: catalog.KindRelation, OID: t.OID}
			}
			s.addStoredDepend(from, d.On, d.Type)
		})
	}
	for _, k := range catalog.Kinds() {
		if o := s.cat.Object(k, object); o != nil {
			s.addDependsOf(o)
		}
	}
	if t := s.cat.Type(object); t != nil && t.OID != object {
		s.addDependsOf(t)
	}
	return nil
}

// referrers are the relations whose rows of pg_depend refer to an object, by that object.
func (s *scan) referrers() map[catalog.OID][]*catalog.Table {
	compute := func() any {
		m := map[catalog.OID][]*catalog.Table{}
		n := &scan{ctx: s.ctx, cat: s.cat, srv: s.srv, sess: s.sess, table: s.table}
		s.cat.Tables(func(t *catalog.Table) bool {
			n.note = func(ref catalog.OID) {
				if l := m[ref]; len(l) == 0 || l[len(l)-1] != t {
					m[ref] = append(l, t)
				}
			}
			n.addTableDepends(t)
			return true
		})
		return m
	}
	if s.sess == nil { // which reads stored SQL
		return compute().(map[catalog.OID][]*catalog.Table)
	}
	return s.cat.Memo(catalog.DerivedReferrers, compute).(map[catalog.OID][]*catalog.Table)
}

// tarnProcs are the functions of schema tarn.
var tarnProcs = sync.OnceValue(func() (out []catalog.OID) {
	for _, p := range pgdata.Procs() {
		if p.Namespace == catalog.TarnSchemaOID {
			out = append(out, p.OID)
		}
	}
	return out
})

// addDepend adds a row of pg_depend if it is one of those that are asked for.
func (s *scan) addDepend(class, obj catalog.OID, sub int16, refClass, ref catalog.OID, refSub int16, kind byte) {
	if s.note != nil {
		s.note(ref)
		return
	}
	if s.object != nil && obj != *s.object || s.referenced != nil && ref != *s.referenced {
		return
	}
	s.add(oid(class), oid(obj), num(sub), oid(refClass), oid(ref), num(refSub), char(kind))
}

// tableRefs are the relations that the stored SQL of a table names.
type tableRefs struct {
	defaults map[int16][]catalog.OID
	query    []catalog.OID
}

func (s *scan) refsOf(t *catalog.Table) *tableRefs {
	if s.sess == nil {
		return &tableRefs{}
	}
	v, _ := s.cat.Derived(t, catalog.DerivedRefs, func() (any, error) {
		r := &tableRefs{defaults: map[int16][]catalog.OID{}}
		for i := range t.Columns {
			if c := &t.Columns[i]; c.Default != "" && !c.Dropped {
				if list := s.sess.StoredRefs(c.Default, true); len(list) > 0 {
					r.defaults[c.AttNum] = list
				}
			}
		}
		if t.HasQuery() {
			r.query = s.sess.StoredRefs(t.View, false)
		}
		return r, nil
	})
	return v.(*tableRefs)
}

// addTableDepends adds the rows that the shape of a relation implies.
func (s *scan) addTableDepends(t *catalog.Table) {
	add := s.addDepend
	if t.Schema == catalog.TarnSchemaOID {
		add(pgClassRelation, t.OID, 0, pgExtensionRelation, tarnExtension, 0, 'e')
	}
	if catalog.BuiltIn(t.OID) {
		return
	}
	add(pgClassRelation, t.OID, 0, pgNamespaceRelation, t.Schema, 0, 'n')
	if q := t.Sequence; q != nil && q.OwnerTable != 0 {
		kind := byte('a')
		if o := s.cat.Table(q.OwnerTable); o != nil && q.OwnerCol > 0 && o.Column(q.OwnerCol).IdentSeq == t.OID {
			kind = 'i'
		}
		add(pgClassRelation, t.OID, 0, pgClassRelation, q.OwnerTable, q.OwnerCol, kind)
	}
	if t.RowType != 0 && t.Kind != catalog.RelSequence {
		add(pgTypeRelation, t.RowType, 0, pgClassRelation, t.OID, 0, 'i')
		add(pgTypeRelation, t.RowType+1, 0, pgTypeRelation, t.RowType, 0, 'i')
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Default != "" && !c.Dropped {
			def := AttrdefOID(t.OID, c.AttNum)
			add(pgAttrdefRelation, def, 0, pgClassRelation, t.OID, c.AttNum, 'a')
			for _, ref := range s.refsOf(t).defaults[c.AttNum] {
				add(pgAttrdefRelation, def, 0, pgClassRelation, ref, 0, 'n')
			}
		}
	}
	if t.HasQuery() {
		add(pgRewriteRelation, RewriteOID(t.OID), 0, pgClassRelation, t.OID, 0, 'i')
		for _, ref := range s.refsOf(t).query {
			add(pgRewriteRelation, RewriteOID(t.OID), 0, pgClassRelation, ref, 0, 'n')
		}
	}
	for _, c := range t.Constraints {
		for _, att := range c.Cols {
			add(pgConstraintRelation, c.OID, 0, pgClassRelation, t.OID, att, 'a')
		}
		if c.Type == catalog.ConForeign {
			add(pgConstraintRelation, c.OID, 0, pgClassRelation, c.Index, 0, 'n')
			for _, att := range c.RefCols {
				add(pgConstraintRelation, c.OID, 0, pgClassRelation, c.RefTable, att, 'n')
			}
		}
	}
	s.addTriggerDepends(t)
	for _, p := range t.Policies {
		add(pgPolicyRelation, p.OID, 0, pgClassRelation, t.OID, 0, 'a')
	}
	for _, r := range t.Rules {
		add(pgRewriteRelation, r.OID, 0, pgClassRelation, t.OID, 0, 'a')
	}
	for _, ix := range t.Indexes {
		if ix.Constraint != 0 {
			add(pgClassRelation, ix.OID, 0, pgConstraintRelation, ix.Constraint, 0, 'i')
			continue
		}
		for _, k := range ix.Keys {
			if k.Att != 0 {
				add(pgClassRelation, ix.OID, 0, pgClassRelation, t.OID, k.Att, 'a')
			}
		}
	}
}
