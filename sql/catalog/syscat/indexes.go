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
	s.cat.Tables(func(t *catalog.Table) bool {
		all(t)
		return true
	})
	s.addDomainConstraints()
	return nil
}

func (s *scan) addConstraint(t *catalog.Table, c *catalog.Constraint) {
	upd, del, match := byte(' '), byte(' '), byte(' ')
	var eq []types.OID
	if c.Type == catalog.ConForeign {
		upd, del, match = orByte(c.OnUpdate, 'a'), orByte(c.OnDelete, 'a'), orByte(c.Match, 's')
		for _, att := range c.Cols {
			eq = append(eq, equalOps()[t.Column(att).Type])
		}
	}
	ops, excludes := oidArray(eq), null
	if ix := t.IndexByOID(c.Index); ix != nil && c.Type == catalog.ConExclusion {
		var list []types.OID
		for _, e := range ix.Excludes {
			list = append(list, e.Op)
		}
		excludes = oidArray(list)
	}
	s.add(oid(c.OID), text(c.Name), oid(t.Schema), char(byte(c.Type)), boolean(c.Deferrable), boolean(c.Deferred), boolean(c.Validated), oid(t.OID), oid(0), oid(c.Index), oid(c.Parent),
		oid(c.RefTable), char(upd), char(del), char(match), boolean(!c.NotLocal), num(c.InhCount), boolean(c.NoInherit || c.Type != catalog.ConCheck), int2s(c.Cols), int2s(c.RefCols), ops, ops, ops, int2s(c.DeleteCols),
		excludes, textOrNull(c.Expr))
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
	{pgProcRelation, 13560, 13559}, {pgProcRelation, 13561, 13559}, {pgProcRelation, 13562, 13559}, {pgLanguageRelation, 13563, 13559},
	{pgNamespaceRelation, catalog.TarnSchemaOID, tarnExtension},
}

func pgExtension(s *scan) error {
	s.add(oid(tarnExtension), text("tarn"), oid(catalog.SuperuserOID), oid(catalog.TarnSchemaOID), no, text("1.0"), null, null)
	return nil
}

func (s *scan) refsOf(sql string, expr bool) []catalog.OID {
	if s.sess == nil {
		return nil
	}
	return s.sess.StoredRefs(sql, expr)
}

// pgDepend lists what dropping an object takes along or is stopped by, as far as descriptors say it.
func pgDepend(s *scan) error {
	add := func(class, obj catalog.OID, sub int16, refClass, ref catalog.OID, refSub int16, kind byte) {
		s.add(oid(class), oid(obj), num(sub), oid(refClass), oid(ref), num(refSub), char(kind))
	}
	for _, m := range extensionMembers {
		add(m.class, m.oid, 0, pgExtensionRelation, m.extension, 0, 'e')
	}
	for _, p := range pgdata.Procs() {
		if p.Namespace == catalog.TarnSchemaOID {
			add(pgProcRelation, p.OID, 0, pgExtensionRelation, tarnExtension, 0, 'e')
		}
	}
	s.cat.Tables(func(t *catalog.Table) bool {
		if t.Schema == catalog.TarnSchemaOID {
			add(pgClassRelation, t.OID, 0, pgExtensionRelation, tarnExtension, 0, 'e')
		}
		if t.OID < catalog.FirstNormalOID {
			return true
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
				def := attrdefOID(t.OID, c.AttNum)
				add(pgAttrdefRelation, def, 0, pgClassRelation, t.OID, c.AttNum, 'a')
				for _, ref := range s.refsOf(c.Default, true) {
					add(pgAttrdefRelation, def, 0, pgClassRelation, ref, 0, 'n')
				}
			}
		}
		if t.HasQuery() {
			add(pgRewriteRelation, RewriteOID(t.OID), 0, pgClassRelation, t.OID, 0, 'i')
			for _, ref := range s.refsOf(t.View, false) {
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
		return true
	})
	s.addObjectDepends()
	return nil
}
