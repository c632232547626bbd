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
		s.addTypeOwner(o)
		return nil
	}
	if name, ok := s.keyName(2); ok {
		s.cat.Schemas(func(sc *catalog.Schema) bool {
			s.addTypeOwner(s.cat.TypeNamed(sc.OID, name))
			return true
		})
		return nil
	}
	for _, att := range []int16{14, 15} { // typelem, typarray
		if o, ok := s.keyOID(att); ok && o != 0 {
			s.addTypeOwner(o)
			return nil
		}
	}
	relid, byRel := s.keyOID(12)
	if byRel && relid != 0 {
		if t := s.cat.Table(relid); t != nil {
			s.addTypeOwner(t.RowType)
		}
		return nil
	}
	s.cat.Tables(func(t *catalog.Table) bool {
		if catalog.BuiltIn(t.RowType) || t.Kind == catalog.RelSequence {
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

// addTypeOwner adds the types that belong to a type of users together with it: arrays and elements.
func (s *scan) addTypeOwner(o catalog.OID) {
	if catalog.BuiltIn(o) {
		return
	}
	if t := s.cat.RowTypeOf(o); t != nil && !catalog.BuiltIn(t.RowType) && t.Kind != catalog.RelSequence {
		s.addRowType(t)
	}
	if t := s.cat.Type(o); t != nil {
		s.addUserType(t)
	}
}

func (s *scan) addRowType(t *catalog.Table) {
	if y := s.cat.UserType(t.RowType); y != nil {
		s.addType(y, t.Schema, t.Owner, t.OID, &catalog.Domain{Mod: -1}, nil)
	}
	s.addArrayType(t.RowType+1, t.Schema, t.Owner)
}

// addUserType leaves out what is among the static rows: types of extensions.
func (s *scan) addUserType(t *catalog.Type) {
	y := s.cat.UserType(t.OID)
	if y == nil || !catalog.OfUser(t.OID) {
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
		s.addConstraintsOf(o.(*catalog.Type))
		return true
	})
}

func (s *scan) addConstraintsOf(t *catalog.Type) {
	if t.Domain == nil {
		return
	}
	for _, c := range t.Domain.Constraints {
		s.add(oid(c.OID), text(c.Name), oid(t.Schema), char('c'), no, no, boolean(c.Validated), oid(0), oid(t.OID), oid(0), oid(0),
			oid(0), char(' '), char(' '), char(' '), yes, zero, no, null, null, null, null, null, null, null, textOrNull(c.Expr))
	}
}

// classes are the catalogs that objects have their rows in, by kind.
var classes = map[catalog.Kind]catalog.OID{
	catalog.KindRelation: pgClassRelation, catalog.KindIndex: pgClassRelation, catalog.KindColumn: pgClassRelation, catalog.KindSchema: pgNamespaceRelation,
	catalog.KindType: pgTypeRelation, catalog.KindFunction: pgProcRelation, catalog.KindConstraint: pgConstraintRelation, catalog.KindDefault: pgAttrdefRelation,
	catalog.KindTrigger: pgTriggerRelation, catalog.KindEventTrigger: pgEventTriggerRelation, catalog.KindPolicy: pgPolicyRelation, catalog.KindRule: pgRewriteRelation,
	catalog.KindOperator: pgOperatorRelation, catalog.KindCast: pgCastRelation, catalog.KindCollation: pgCollationRelation,
	catalog.KindTSDictionary: pgTSDictRelation, catalog.KindTSConfig: pgTSConfigRelation, catalog.KindLanguage: pgLanguageRelation,
	catalog.KindVolume: catalog.VolumesOID,
}

// ClassOf is the OID in pg_class of the catalog that objects of a kind have their rows in; 0: none.
func ClassOf(k catalog.Kind) catalog.OID {
	if class, ok := classes[k]; ok {
		return class
	}
	return catalog.ClassOf(k)
}

// classOf is where an address's object has its row; false for what pg_depend does not show by dependencies.
func classOf(a catalog.Address) (class, obj catalog.OID, sub int16, ok bool) {
	class = ClassOf(a.Kind)
	switch a.Kind {
	case catalog.KindSchema: // addPlace
		return 0, 0, 0, false
	case catalog.KindDefault:
		return class, AttrdefOID(a.OID, a.Sub), 0, true
	case catalog.KindRelation, catalog.KindIndex, catalog.KindColumn:
		return class, a.OID, a.Sub, true
	}
	return class, a.OID, 0, class != 0
}

// addObjectDepends adds the rows of pg_depend that the general store has, and those of its objects on their schemas.
func (s *scan) addObjectDepends() {
	s.cat.Dependencies(s.addStoredDepend)
	for _, k := range catalog.Kinds() {
		s.cat.Objects(k, func(o catalog.Object) bool {
			s.addPlace(o)
			return true
		})
	}
}

// addDependsOf adds the rows of one object of the general store.
func (s *scan) addDependsOf(o catalog.Object) {
	a := catalog.AddressOf(o)
	for _, d := range o.Head().Deps {
		from := d.From
		if from == (catalog.Address{}) {
			from = a
		}
		s.addStoredDepend(from, d.On, d.Type)
	}
	s.addPlace(o)
}

// addPlace adds what an object of the general store needs without listing it: its schema; an array type its element's.
func (s *scan) addPlace(o catalog.Object) {
	class, obj, _, ok := classOf(catalog.AddressOf(o))
	if h := o.Head(); ok && h.Schema != 0 {
		s.addDepend(class, obj, 0, pgNamespaceRelation, h.Schema, 0, 'n')
	}
	if t, is := o.(*catalog.Type); is && t.Array != 0 {
		s.addDepend(pgTypeRelation, t.Array, 0, pgTypeRelation, t.OID, 0, 'i')
	}
}

func (s *scan) addStoredDepend(from, on catalog.Address, t catalog.DepType) {
	class, obj, sub, ok := classOf(from)
	ref, refObj, refSub, ok2 := classOf(on)
	if !ok || !ok2 || from.Kind == catalog.KindPolicy && on.Kind == catalog.KindRelation && s.dependsOnColumn(from, on.OID) {
		return
	}
	if r := s.cat.Table(obj); r != nil && from.Kind == catalog.KindRelation {
		switch {
		case t == catalog.DepExtension && r.Kind == catalog.RelComposite:
			class, obj = pgTypeRelation, r.RowType
		case t != catalog.DepExtension && r.Kind == catalog.RelView:
			class, obj = pgRewriteRelation, RewriteOID(r.OID)
		}
	}
	s.addDepend(class, obj, sub, ref, refObj, refSub, byte(t))
}

// dependsOnColumn reports whether a policy names a column of a relation: pg_depend has these rows and none for the relation as a whole.
func (s *scan) dependsOnColumn(from catalog.Address, rel catalog.OID) bool {
	t, _ := s.cat.PolicyByOID(from.OID)
	return t != nil && slices.ContainsFunc(t.Deps, func(d catalog.Dep) bool {
		return d.From == from && d.On.Kind == catalog.KindColumn && d.On.OID == rel
	})
}
