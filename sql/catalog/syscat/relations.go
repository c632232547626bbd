package syscat

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// OIDs of catalogs, as classid of pg_depend and pg_description.
const (
	pgTypeRelation       catalog.OID = 1247
	pgClassRelation      catalog.OID = 1259
	pgAttrdefRelation    catalog.OID = 2604
	pgConstraintRelation catalog.OID = 2606
	pgNamespaceRelation  catalog.OID = 2615
	pgRewriteRelation    catalog.OID = 2618
	pgLanguageRelation   catalog.OID = 2612
	pgExtensionRelation  catalog.OID = 3079
	pgPolicyRelation     catalog.OID = 3256
	pgOperatorRelation   catalog.OID = 2617
	pgCastRelation       catalog.OID = 2605
	pgCollationRelation  catalog.OID = 3456
	pgTSDictRelation     catalog.OID = 3600
	pgTSConfigRelation   catalog.OID = 3602
)

// partitionAncestors is pg_proc's pg_partition_ancestors(regclass).
const partitionAncestors catalog.OID = 3425

// Access methods (pg_am).
const (
	heapAM  catalog.OID = 2
	btreeAM catalog.OID = 403
	deltaAM catalog.OID = 9098 // of lake tables
)

// Columns by which pg_class is looked up.
const (
	classOID       = 1
	className      = 2
	classNamespace = 3
)

// Columns of pg_class that take their time.
const (
	classPages = 10
	classRows  = 11

	classKind     = 17
	classTriggers = 21
	classACL      = 31
	classOptions  = 32
	classBound    = 33
)

func pgClass(s *scan) error {
	if o, ok := s.keyOID(classOID); ok {
		t, ix := s.cat.RelationByOID(o)
		s.addRelation(t, ix)
		return nil
	}
	if name, ok := s.keyName(className); ok {
		s.cat.Schemas(func(sc *catalog.Schema) bool {
			if o, ok := s.keyOID(classNamespace); !ok || o == sc.OID {
				t, ix := s.cat.Relation(sc.OID, name)
				s.addRelation(t, ix)
			}
			return true
		})
		return nil
	}
	indexes := s.mayBe(classKind, 'i') || s.mayBe(classKind, 'I')
	if o, ok := s.keyOID(classNamespace); ok && indexes {
		s.cat.RelationsIn(o, func(t *catalog.Table, ix *catalog.Index) bool {
			s.addRelation(t, ix)
			return true
		})
		return nil
	}
	in, some := s.keyOID(classNamespace)
	s.cat.Tables(func(t *catalog.Table) bool {
		if some && t.Schema != in {
			return true
		}
		s.addRelation(t, nil)
		if indexes {
			for _, ix := range t.Indexes {
				s.addRelation(t, ix)
			}
		}
		return true
	})
	return nil
}

// relKind is what pg_class says a relation is: computed views are views.
func relKind(t *catalog.Table) catalog.RelKind {
	if t.Virtual && t.View != "" {
		return catalog.RelView
	}
	return t.Kind
}

// addRelation adds the pg_class row of a table, or of its index where ix is given.
func (s *scan) addRelation(t *catalog.Table, ix *catalog.Index) {
	switch {
	case t == nil:
	case ix != nil:
		s.addIndexClass(t, ix)
	default:
		s.addTableClass(t)
	}
}

func (s *scan) addTableClass(t *catalog.Table) {
	rows, pages := float64(-1), int64(0)
	am, file, ident := catalog.OID(0), t.OID, byte('n')
	kind := relKind(t)
	if !s.mayBe(classKind, byte(kind)) {
		return
	}
	switch kind {
	case catalog.RelTable, catalog.RelMatView:
		am, ident = heapAM, 'd'
		if t.Lake() {
			am = deltaAM
		}
		if t.Virtual {
			file, ident = 0, 'n'
		} else if s.srv != nil && s.wants(classPages, classRows) {
			rows, pages = s.srv.TableStats(t)
		}
	case catalog.RelSequence:
		rows, pages = 1, 1
	case catalog.RelPartitioned:
		file, ident = 0, 'd'
	default:
		file = 0
	}
	if t.ReplIdent != 0 {
		ident = t.ReplIdent
	}
	checks := 0
	for _, c := range t.Constraints {
		if c.Type == catalog.ConCheck {
			checks++
		}
	}
	hasIndex := len(t.Indexes) > 0
	rowType := t.RowType
	if t.Kind == catalog.RelSequence {
		rowType = 0
	}
	xmin := types.Datum(zero)
	if am == heapAM || am == deltaAM {
		xmin = num(1)
	}
	s.add(oid(t.OID), text(t.Name), oid(t.Schema), oid(rowType), oid(0), oid(t.Owner), oid(am), oid(file), oid(0), num(pages), float(rows), zero, oid(0),
		boolean(hasIndex), no, char(byte(t.Persistence)), char(byte(kind)), num(len(t.Columns)), num(checks), boolean(t.HasQuery() || kind == catalog.RelView), s.when(classTriggers, func() types.Datum { return boolean(len(t.Triggers) > 0 || s.hasForeign(t)) }), boolean(s.cat.HasChildren(t.OID)), boolean(t.RowSecurity), boolean(t.ForceRowSecurity),
		boolean(!t.Unpopulated), char(ident), boolean(t.Bound != nil), oid(0), xmin, xmin,
		s.when(classACL, func() types.Datum { return s.acl(t.ACL) }), s.when(classOptions, func() types.Datum { return texts(options(storageOptions(t))) }),
		s.when(classBound, func() types.Datum { return s.bound(t) }))
}

// storageOptions are pg_class.reloptions; a foreign table's options are in pg_foreign_table.
func storageOptions(t *catalog.Table) catalog.RelOptions {
	if t.Kind == catalog.RelForeign {
		return nil
	}
	return t.Options
}

// hasForeign reports a table on either side of a foreign key: PostgreSQL keeps these as triggers, and psql looks for foreign keys
// where there are triggers, by a query that needs pg_partition_ancestors.
func (s *scan) hasForeign(t *catalog.Table) bool {
	if _, err := builtin.Lookup(partitionAncestors); err != nil {
		return false
	}
	for _, c := range t.Constraints {
		if c.Type == catalog.ConForeign {
			return true
		}
	}
	found := false
	s.cat.Referencing(t.OID, func(*catalog.Table) bool {
		found = true
		return false
	})
	return found
}

func (s *scan) addIndexClass(t *catalog.Table, ix *catalog.Index) {
	rows, pages := float64(0), int64(1)
	if s.srv != nil && s.wants(classRows) {
		if rows, _ = s.srv.TableStats(t); rows < 0 {
			rows = 0
		}
	}
	kind, file, sub := byte('i'), ix.OID, false
	if t.Partitioned() {
		kind, file, pages = 'I', 0, 0
		s.cat.Children(t.OID, func(k *catalog.Table) bool {
			for _, x := range k.Indexes {
				sub = sub || x.Parent == ix.OID
			}
			return !sub
		})
	}
	s.add(oid(ix.OID), text(ix.Name), oid(t.Schema), oid(0), oid(0), oid(t.Owner), oid(methodOID(ix.Method)), oid(file), oid(0), num(pages), float(rows), zero, oid(0),
		no, no, char(byte(t.Persistence)), char(kind), num(len(ix.Keys)+len(ix.Include)), zero, no, no, boolean(sub), no, no, yes, char('n'), boolean(ix.Parent != 0), oid(0), zero, zero,
		null, texts(options(ix.Options)), null)
}

// options lists name=value pairs in the order of their names.
func options(o catalog.RelOptions) []string {
	list := make([]string, len(o))
	for i, x := range o {
		list[i] = x.Name + "=" + x.Value
	}
	return list
}

// methodOID is the pg_am row of an index method.
func methodOID(name string) catalog.OID {
	if o, ok := methods()[name]; ok {
		return o
	}
	return btreeAM
}

var methods = sync.OnceValue(func() map[string]catalog.OID {
	m := map[string]catalog.OID{}
	for _, r := range pgdata.Load("pg_am").Rows {
		m[*r[1]] = parseOID(*r[0])
	}
	return m
})

func parseOID(s string) catalog.OID {
	o, err := types.ParseOID(s)
	if err != nil {
		panic("syscat: " + err.Error())
	}
	return o
}

// attribute is what pg_attribute says of a column beyond its type's properties.
type attribute struct {
	rel                 catalog.OID
	name                string
	num                 int16
	typ                 catalog.OID
	mod                 int32
	coll                catalog.OID
	target, ndims       int
	notNull, dropped    bool
	inherited           bool
	inhCount            int
	def, missing        bool
	identity, generated byte
	storage             byte
	missingVal          types.Datum
	acl                 privilege.ACL
}

func (s *scan) addAttribute(a attribute) {
	if w := &s.att; w.byNumber && int64(a.num) != w.number || w.byName && a.name != w.name {
		return
	}
	length, byval, align, storage := int16(-1), false, byte('i'), byte('x')
	if t := s.typeOf(a.typ); t != nil {
		length, byval, align, storage = t.Len, t.ByVal, t.Align, t.Storage
	}
	if a.storage != 0 {
		storage = a.storage
	}
	typ := a.typ
	if a.dropped {
		typ = 0
	}
	if a.missingVal == (types.Datum{}) {
		a.missingVal = null
	}
	s.add(oid(a.rel), text(a.name), oid(typ), num(a.target), num(length), num(a.num), num(a.ndims), num(-1), num(a.mod), boolean(byval), char(align), char(storage), char(0),
		boolean(a.notNull), boolean(a.def), boolean(a.missing), char(a.identity), char(a.generated), boolean(a.dropped), boolean(!a.inherited), num(a.inhCount), oid(a.coll), s.acl(a.acl), null, null, a.missingVal)
}

// typeOf describes a type, built in or the database's.
func (s *scan) typeOf(o catalog.OID) *types.Type {
	if t := types.Lookup(o); t != nil {
		return t
	}
	return s.cat.UserType(o)
}

// systemColumns are those that every stored relation has.
var systemColumns = []struct {
	name string
	num  int16
	typ  catalog.OID
}{
	{"ctid", -1, types.TID}, {"xmin", -2, types.XID}, {"cmin", -3, types.CID}, {"xmax", -4, types.XID}, {"cmax", -5, types.CID}, {"tableoid", tableOIDAtt, types.Oid},
}

// Columns by which pg_attribute is looked up.
const (
	attRelation = 1
	attName     = 2
	attNumber   = 6
)

func pgAttribute(s *scan) error {
	s.att.number, s.att.byNumber = s.keyInt(attNumber)
	s.att.name, s.att.byName = s.keyName(attName)
	if o, ok := s.keyOID(attRelation); ok {
		t, ix := s.cat.RelationByOID(o)
		switch {
		case t == nil:
		case ix != nil:
			s.addIndexColumns(t, ix)
		default:
			s.addColumns(t)
		}
		return nil
	}
	s.cat.Tables(func(t *catalog.Table) bool {
		s.addColumns(t)
		for _, ix := range t.Indexes {
			s.addIndexColumns(t, ix)
		}
		return true
	})
	return nil
}

func (s *scan) addColumns(t *catalog.Table) {
	if k := relKind(t); k == catalog.RelTable || k == catalog.RelPartitioned || k == catalog.RelMatView || k == catalog.RelSequence {
		for _, c := range systemColumns {
			s.addAttribute(attribute{rel: t.OID, name: c.name, num: c.num, typ: c.typ, mod: -1, notNull: true})
		}
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		a := attribute{rel: t.OID, name: c.Name, num: c.AttNum, typ: c.Type, mod: c.TypMod, coll: c.Collation, target: -1, ndims: c.NDims,
			notNull: c.NotNull, dropped: c.Dropped, def: c.Default != "", missing: c.HasMissing, identity: c.Identity, generated: c.Generated, storage: c.Storage, acl: c.ACL,
			inherited: c.NotLocal, inhCount: c.InhCount}
		if c.StatTarget != 0 {
			a.target = c.StatTarget
		}
		if c.HasMissing && !c.Dropped {
			a.missingVal = s.missing(c)
		}
		s.addAttribute(a)
	}
}

// missing is attmissingval: an array with one element.
func (s *scan) missing(c *catalog.Column) types.Datum {
	t := s.typeOf(c.Type)
	if t == nil {
		return null
	}
	v, err := t.ParseText(c.Missing, c.TypMod, nil)
	if err != nil {
		return null
	}
	return types.MakeArray(t, []types.Datum{v})
}

func (s *scan) addIndexColumns(t *catalog.Table, ix *catalog.Index) {
	n := int16(0)
	for i := range ix.Keys {
		n++
		k := &ix.Keys[i]
		a := attribute{rel: ix.OID, num: n, typ: k.Type, mod: -1, coll: k.Collation, target: -1, name: k.ExprName}
		if k.Att != 0 {
			c := t.Column(k.Att)
			a.name, a.mod, a.ndims = c.Name, c.TypMod, c.NDims
		}
		s.addAttribute(a)
	}
	for _, att := range ix.Include {
		n++
		c := t.Column(att)
		s.addAttribute(attribute{rel: ix.OID, num: n, typ: c.Type, mod: c.TypMod, ndims: c.NDims, coll: c.Collation, target: -1, name: c.Name})
	}
}

// AttrdefOID and RewriteOID are made for objects that have none: no allocated OID is that large.
func AttrdefOID(table catalog.OID, att int16) catalog.OID {
	return madeOID | table<<11&0x7fffffff | catalog.OID(att)&0x7ff
}

// RewriteOID is the OID of the rule of a view.
func RewriteOID(table catalog.OID) catalog.OID { return madeOID | table<<11&0x7fffffff }

// madeOID is the first OID that stands for an object without one.
const madeOID catalog.OID = 0x80000000

// MadeFrom calls f for the tables that the OID of a default or rule may be made from: the uppermost bits of theirs are not in it.
func MadeFrom(cat *catalog.Catalog, made catalog.OID, f func(*catalog.Table)) {
	const step = 1 << 20
	last := cat.LastTable()
	for o := uint64(made & 0x7fffffff >> 11); o <= uint64(last); o += step {
		if t := cat.Table(catalog.OID(o)); t != nil {
			f(t)
		}
	}
}

func pgAttrdef(s *scan) error {
	defaults := func(t *catalog.Table) {
		for i := range t.Columns {
			if c := &t.Columns[i]; c.Default != "" && !c.Dropped {
				s.add(oid(AttrdefOID(t.OID, c.AttNum)), oid(t.OID), num(c.AttNum), text(c.Default))
			}
		}
	}
	if o, ok := s.keyOID(1); ok {
		MadeFrom(s.cat, o, defaults)
		return nil
	}
	s.tables(2, defaults)
	return nil
}

func pgRewrite(s *scan) error {
	rules := func(t *catalog.Table) {
		for _, r := range t.Rules {
			s.add(oid(r.OID), text(r.Name), oid(t.OID), char(byte(r.Event)), char('O'), boolean(r.Instead), text(cmp.Or(r.Where, "<>")), text(strings.Join(r.Actions, "; ")))
		}
	}
	rule := func(t *catalog.Table) {
		rules(t)
		if k := relKind(t); k == catalog.RelView || k == catalog.RelMatView {
			s.add(oid(RewriteOID(t.OID)), text("_RETURN"), oid(t.OID), char('1'), char('O'), yes, text("<>"), text(t.View))
		}
	}
	if o, ok := s.keyOID(1); ok {
		MadeFrom(s.cat, o, rule)
		if t, _ := s.cat.RuleByOID(o); t != nil {
			rules(t)
		}
		return nil
	}
	s.tables(3, rule)
	return nil
}

func pgSequence(s *scan) error {
	s.tables(1, func(t *catalog.Table) {
		if q := t.Sequence; q != nil {
			s.add(oid(t.OID), oid(q.Type), num(q.Start), num(q.Inc), num(q.Max), num(q.Min), num(q.Cache), boolean(q.Cycle))
		}
	})
	return nil
}

func pgNamespace(s *scan) error {
	add := func(sc *catalog.Schema) {
		if sc != nil {
			s.add(oid(sc.OID), text(sc.Name), oid(sc.Owner), s.acl(sc.ACL))
		}
	}
	if o, ok := s.keyOID(1); ok {
		add(s.cat.SchemaByOID(o))
		return nil
	}
	if name, ok := s.keyName(2); ok {
		add(s.cat.Schema(name))
		return nil
	}
	s.cat.Schemas(func(sc *catalog.Schema) bool {
		add(sc)
		return true
	})
	return nil
}

func pgDescription(s *scan) error {
	want, some := s.keyOID(1)
	add := func(obj, class catalog.OID, sub int16, comment string) {
		if comment != "" && (!some || obj == want) {
			s.add(oid(obj), oid(class), num(sub), text(comment))
		}
	}
	table := func(t *catalog.Table) bool {
		if t.Virtual {
			return true
		}
		add(t.OID, pgClassRelation, 0, t.Comment)
		if len(t.ColComments) > 0 {
			for i := range t.Columns {
				c := &t.Columns[i]
				add(t.OID, pgClassRelation, c.AttNum, t.ColComments[c.AttNum])
			}
		}
		for _, ix := range t.Indexes {
			add(ix.OID, pgClassRelation, 0, ix.Comment)
		}
		for _, c := range t.Constraints {
			add(c.OID, pgConstraintRelation, 0, c.Comment)
		}
		for _, p := range t.Policies {
			add(p.OID, pgPolicyRelation, 0, p.Comment)
		}
		for _, r := range t.Rules {
			add(r.OID, pgRewriteRelation, 0, r.Comment)
		}
		for _, g := range t.Triggers {
			add(g.OID, pgTriggerRelation, 0, g.Comment)
		}
		return true
	}
	object := func(o catalog.Object) bool {
		class, obj, _, _ := classOf(catalog.AddressOf(o))
		add(obj, class, 0, o.Head().Comment)
		return true
	}
	domain := func(o catalog.Object) bool {
		if t := o.(*catalog.Type); t.Domain != nil {
			for _, c := range t.Domain.Constraints {
				add(c.OID, pgConstraintRelation, 0, c.Comment)
			}
		}
		return true
	}
	// PostgreSQL's comments on its schemas are the descriptors'.
	class := pgNamespaceRelation
	s.static = slices.DeleteFunc(s.static, func(r []types.Datum) bool { return r[1].Uint() == uint64(class) })
	s.cat.Schemas(func(sc *catalog.Schema) bool {
		add(sc.OID, pgNamespaceRelation, 0, sc.Comment)
		return true
	})
	if some {
		for _, t := range s.owners(want) {
			table(t)
		}
	} else {
		s.cat.Tables(table)
	}
	for _, k := range catalog.Kinds() {
		if !some {
			s.cat.Objects(k, object)
		} else if o := s.cat.Object(k, want); o != nil {
			object(o)
		}
	}
	s.cat.Objects(catalog.KindType, domain)
	return nil
}

// owners lists the tables that an object is, or is a part of.
func (s *scan) owners(o catalog.OID) (out []*catalog.Table) {
	add := func(t *catalog.Table) {
		if t != nil && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if o >= madeOID {
		MadeFrom(s.cat, o, add)
	}
	t, _ := s.cat.RelationByOID(o)
	add(t)
	t, _ = s.cat.ConstraintByOID(o)
	add(t)
	t, _ = s.cat.TriggerByOID(o)
	add(t)
	if !catalog.BuiltIn(o) {
		t, _ = s.cat.PolicyByOID(o)
		add(t)
		t, _ = s.cat.RuleByOID(o)
		add(t)
		add(s.cat.RowTypeOf(o))
	}
	return out
}
