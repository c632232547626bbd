package syscat

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

const pgProcRelation catalog.OID = 1255

// Types of relations' rows, of users, and of arrays of them.
func pgType(s *scan) error {
	if o, ok := s.keyOID(1); ok {
		if types.Lookup(o) != nil {
			return nil
		}
		if t := s.cat.RowTypeOf(o); t != nil && t.RowType >= catalog.FirstNormalOID {
			s.addRowType(t)
		}
		if t := s.cat.Type(o); t != nil {
			s.addUserType(t)
		}
		return nil
	}
	relid, byRel := s.keyOID(12)
	s.cat.Tables(func(t *catalog.Table) bool {
		if t.RowType < catalog.FirstNormalOID || t.Kind == catalog.RelSequence || byRel && relid != 0 && relid != t.OID {
			return true
		}
		s.addRowType(t)
		return true
	})
	s.cat.Objects(catalog.KindType, func(o catalog.Object) bool {
		s.addUserType(o.(*catalog.Type))
		return true
	})
	return nil
}

func (s *scan) addRowType(t *catalog.Table) {
	if y := s.cat.UserType(t.RowType); y != nil {
		s.addType(y, t.Schema, t.Owner, t.OID, &catalog.Domain{Mod: -1}, nil)
	}
	s.addArrayType(t.RowType+1, t.Schema, t.Owner)
}

func (s *scan) addUserType(t *catalog.Type) {
	y := s.cat.UserType(t.OID)
	if y == nil {
		return
	}
	d := t.Domain
	if d == nil {
		d = &catalog.Domain{Mod: -1}
	}
	s.addType(y, t.Schema, t.Owner, 0, d, t.ACL)
	s.addArrayType(t.Array, t.Schema, t.Owner)
}

func (s *scan) addArrayType(array, schema, owner catalog.OID) {
	if y := s.cat.UserType(array); y != nil {
		s.addType(y, schema, owner, 0, &catalog.Domain{Mod: -1, Collation: y.Collation}, nil)
	}
}

// addType adds a row of pg_type; d is what domains have, and the collation.
func (s *scan) addType(y *types.Type, schema, owner, rel catalog.OID, d *catalog.Domain, grants privilege.ACL) {
	in, out, recv, send, analyze := y.InputFunc, y.OutputFunc, y.ReceiveFunc, y.SendFunc, catalog.OID(0)
	switch y.TypType {
	case types.TypeRange:
		analyze = 3916
	case types.TypeMultirange:
		analyze = 4242
	}
	if y.IsArray() {
		in, out, recv, send, analyze = 750, 751, 2400, 2401, 3816
	}
	def := textOrNull(d.Default)
	s.add(oid(y.OID), text(y.Name), oid(schema), oid(owner), num(y.Len), boolean(y.ByVal), char(y.TypType), char(y.Category), no, yes, char(y.Delim), oid(rel), oid(y.Subscript),
		oid(y.Elem), oid(y.Array), oid(in), oid(out), oid(recv), oid(send), oid(0), oid(0), oid(analyze), char(y.Align), char(y.Storage), boolean(d.NotNull), oid(d.Base), num(d.Mod),
		num(d.NDims), oid(d.Collation), def, def, s.acl(grants))
}

// pgRange adds the range types of users.
func pgRange(s *scan) error {
	s.cat.Objects(catalog.KindType, func(o catalog.Object) bool {
		if t := o.(*catalog.Type); t.Range != nil {
			r := t.Range
			s.add(oid(t.OID), oid(r.Subtype), oid(r.Multirange), oid(r.Collation), oid(r.OpClass), oid(r.Canonical), oid(r.Diff))
		}
		return true
	})
	return nil
}

func pgEnum(s *scan) error {
	add := func(t *catalog.Type) {
		for _, l := range t.Labels {
			s.add(oid(l.OID), oid(t.OID), float(float64(l.Sort)), text(l.Name))
		}
	}
	if o, ok := s.keyOID(2); ok {
		if t := s.cat.Type(o); t != nil && t.OID == o {
			add(t)
		}
		return nil
	}
	s.cat.Objects(catalog.KindType, func(o catalog.Object) bool {
		add(o.(*catalog.Type))
		return true
	})
	return nil
}

// addDomainConstraints adds the rows of pg_constraint that belong to domains.
func (s *scan) addDomainConstraints() {
	s.cat.Objects(catalog.KindType, func(o catalog.Object) bool {
		t := o.(*catalog.Type)
		if t.Domain == nil {
			return true
		}
		for _, c := range t.Domain.Constraints {
			s.add(oid(c.OID), text(c.Name), oid(t.Schema), char('c'), no, no, boolean(c.Validated), oid(0), oid(t.OID), oid(0), oid(0),
				oid(0), char(' '), char(' '), char(' '), yes, zero, no, null, null, null, null, null, null, null, textOrNull(c.Expr))
		}
		return true
	})
}

// classOf is the catalog that an address's object has its row in; false for what pg_depend does not show.
func classOf(a catalog.Address) (class, obj catalog.OID, sub int16, ok bool) {
	switch a.Kind {
	case catalog.KindRelation, catalog.KindIndex, catalog.KindColumn:
		return pgClassRelation, a.OID, a.Sub, true
	case catalog.KindType:
		return pgTypeRelation, a.OID, 0, true
	case catalog.KindFunction:
		return pgProcRelation, a.OID, 0, true
	case catalog.KindConstraint:
		return pgConstraintRelation, a.OID, 0, true
	case catalog.KindTrigger:
		return pgTriggerRelation, a.OID, 0, true
	case catalog.KindEventTrigger:
		return pgEventTriggerRelation, a.OID, 0, true
	case catalog.KindDefault:
		return pgAttrdefRelation, attrdefOID(a.OID, a.Sub), 0, true
	case catalog.KindPolicy:
		return pgPolicyRelation, a.OID, 0, true
	case catalog.KindOperator:
		return pgOperatorRelation, a.OID, 0, true
	case catalog.KindCast:
		return pgCastRelation, a.OID, 0, true
	}
	return 0, 0, 0, false
}

// addObjectDepends adds the rows of pg_depend that the general store has, and those of its objects on their schemas.
func (s *scan) addObjectDepends() {
	s.cat.Dependencies(func(from, on catalog.Address, t catalog.DepType) {
		class, obj, sub, ok := classOf(from)
		ref, refObj, refSub, ok2 := classOf(on)
		if !ok || !ok2 || from.Kind == catalog.KindPolicy && on.Kind == catalog.KindRelation && s.dependsOnColumn(from, on.OID) {
			return
		}
		if r := s.cat.Table(obj); r != nil && from.Kind == catalog.KindRelation && r.Kind == catalog.RelView {
			class, obj = pgRewriteRelation, RewriteOID(r.OID)
		}
		s.add(oid(class), oid(obj), num(sub), oid(ref), oid(refObj), num(refSub), char(byte(t)))
	})
	for _, k := range catalog.Kinds() {
		s.cat.Objects(k, func(o catalog.Object) bool {
			class, obj, _, ok := classOf(catalog.AddressOf(o))
			if h := o.Head(); ok && h.Schema != 0 {
				s.add(oid(class), oid(obj), zero, oid(pgNamespaceRelation), oid(h.Schema), zero, char('n'))
			}
			if t, is := o.(*catalog.Type); is && t.Array != 0 {
				s.add(oid(pgTypeRelation), oid(t.Array), zero, oid(pgTypeRelation), oid(t.OID), zero, char('i'))
			}
			return true
		})
	}
}

// dependsOnColumn reports whether a policy names a column of a relation: pg_depend has these rows and none for the relation as a whole.
func (s *scan) dependsOnColumn(from catalog.Address, rel catalog.OID) bool {
	t, _ := s.cat.PolicyByOID(from.OID)
	return t != nil && slices.ContainsFunc(t.Deps, func(d catalog.Dep) bool {
		return d.From == from && d.On.Kind == catalog.KindColumn && d.On.OID == rel
	})
}
