package catalog

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tidwall/btree"
)

// Kind is what an Address names. The kinds that have descriptors of their own are the first key byte of their rows in system
// table 1; the OID follows, big endian.
type Kind byte

// Kinds with descriptors.
const (
	KindSchema       Kind = 's'
	KindRelation     Kind = 't'
	KindType         Kind = 'y' // enums, domains, ranges; row types belong to their relation
	KindFunction     Kind = 'f'
	KindDefaultACL   Kind = 'p'
	KindEventTrigger Kind = 'e'
	KindOperator     Kind = 'o'
	KindCast         Kind = 'c'
	KindCollation    Kind = 'n'
	KindTSDictionary Kind = 'w'
	KindTSConfig     Kind = 'q'
	KindExtension    Kind = 'x'
	KindLanguage     Kind = 'j'
	KindVolume       Kind = 'v'
)

// Kinds of what an extension brings and users do not make; see Member.
const (
	KindOpClass      Kind = 'b'
	KindOpFamily     Kind = 'm'
	KindAccessMethod Kind = 'h'
	KindTemplate     Kind = 'u'
)

// Kinds that are parts of a relation or a type.
const (
	KindColumn     Kind = 'a' // column Sub of relation OID
	KindIndex      Kind = 'i'
	KindConstraint Kind = 'k' // of a table or a domain
	KindDefault    Kind = 'd' // the default of column Sub of relation OID
	KindTrigger    Kind = 'g'
	KindPolicy     Kind = 'l'
	KindRule       Kind = 'r'
)

// Address names an object or a part of one, as pg_depend does. Sub is 0 but for columns and defaults.
type Address struct {
	Kind Kind  `json:",omitempty"`
	OID  OID   `json:",omitempty"`
	Sub  int16 `json:",omitempty"`
}

// DepType is pg_depend.deptype.
type DepType byte

const (
	DepNormal   DepType = 'n' // the dependent goes only with CASCADE
	DepAuto     DepType = 'a' // it goes along
	DepInternal DepType = 'i' // it is a part: dropping it is dropping the whole
	// DepExtension: it belongs to an extension and goes with that only
	DepExtension DepType = 'e'
)

// Dep is one dependency that a descriptor keeps.
type Dep struct {
	// From is the part of the descriptor's object that depends; zero: the object itself.
	From Address `json:",omitzero"`
	On   Address
	Type DepType
}

// Header is what all objects of the store have. Schema 0: names of the kind are the database's.
type Header struct {
	OID     OID
	Ident   Ident `json:",omitempty"`
	Schema  OID   `json:",omitempty"`
	Name    string
	Owner   OID
	ACL     privilege.ACL
	Comment string `json:",omitempty"`
	Deps    []Dep  `json:",omitempty"`
}

// Head returns the header of an object that embeds it.
func (h *Header) Head() *Header { return h }

// Object is a descriptor of the general store: everything but schemas and relations. It is immutable once put; DDL puts a changed
// copy. A new kind is a type in a file of its own that embeds Header, a Kind, and a line in newObject.
type Object interface {
	Head() *Header
	Kind() Kind
	// LastOID is the greatest OID that the object takes, its parts included.
	LastOID() OID
}

// AddressOf is the address of an object.
func AddressOf(o Object) Address { return Address{Kind: o.Kind(), OID: o.Head().OID} }

var newObject = map[Kind]func() Object{
	KindType:         func() Object { return &Type{} },
	KindFunction:     func() Object { return &Function{} },
	KindDefaultACL:   func() Object { return &DefaultACL{} },
	KindEventTrigger: func() Object { return &EventTrigger{} },
	KindOperator:     func() Object { return &Operator{} },
	KindCast:         func() Object { return &Cast{} },
	KindCollation:    func() Object { return &Collation{} },
	KindTSDictionary: func() Object { return &TSDictionary{} },
	KindTSConfig:     func() Object { return &TSConfig{} },
	KindExtension:    func() Object { return &Extension{} },
	KindLanguage:     func() Object { return &LanguageACL{} },
	KindVolume:       func() Object { return &Volume{} },
}

// Kinds are those of the general store.
func Kinds() []Kind {
	return []Kind{KindType, KindFunction, KindDefaultACL, KindEventTrigger, KindOperator, KindCast, KindCollation, KindTSDictionary, KindTSConfig,
		KindExtension, KindOpClass, KindOpFamily, KindAccessMethod, KindTemplate, KindLanguage, KindVolume}
}

func (k Kind) String() string {
	switch k {
	case KindSchema:
		return "schema"
	case KindRelation:
		return "relation"
	case KindType:
		return "type"
	case KindFunction:
		return "function"
	case KindDefaultACL:
		return "default privileges"
	case KindEventTrigger:
		return "event trigger"
	case KindCollation:
		return "collation"
	case KindTSDictionary:
		return "text search dictionary"
	case KindTSConfig:
		return "text search configuration"
	case KindPolicy:
		return "policy"
	case KindRule:
		return "rule"
	case KindExtension:
		return "extension"
	case KindOperator:
		return "operator"
	case KindOpClass:
		return "operator class"
	case KindOpFamily:
		return "operator family"
	case KindCast:
		return "cast"
	case KindAccessMethod:
		return "access method"
	case KindTemplate:
		return "text search template"
	case KindLanguage:
		return "language"
	case KindVolume:
		return "volume"
	}
	return fmt.Sprintf("object kind %q", byte(k))
}

func decodeObject(k Kind, value []byte) (Object, error) {
	make := newObject[k]
	if make == nil {
		return nil, fmt.Errorf("descriptor of unknown kind %q", byte(k))
	}
	o := make()
	return o, json.Unmarshal(value, o)
}

// objects are the general store and the dependencies of everything.
type objects struct {
	byKey  btree.Map[string, Object] // kind | OID
	byName btree.Map[string, Object] // kind | schema | name | 0 | OID: several functions share a name
	// users lists what depends on an address. Key: on | from, both as appendAddress; the value is the type.
	users btree.Map[string, DepType]
	parts btree.Map[OID, OID] // pg_type OIDs that a Type takes besides its own (array, multirange) to the Type's
}

func (s *objects) copy() objects {
	return objects{byKey: *s.byKey.Copy(), byName: *s.byName.Copy(), users: *s.users.Copy(), parts: *s.parts.Copy()}
}

func appendAddress(dst []byte, a Address) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, byte(a.Kind)), a.OID)
	return binary.BigEndian.AppendUint16(dst, uint16(a.Sub))
}

const addressLen = 7

func readAddress(b string) Address {
	return Address{Kind: Kind(b[0]), OID: binary.BigEndian.Uint32([]byte(b[1:5])), Sub: int16(binary.BigEndian.Uint16([]byte(b[5:7])))}
}

func objectKey(k Kind, oid OID) string {
	return string(binary.BigEndian.AppendUint32([]byte{byte(k)}, oid))
}

func objectName(k Kind, schema OID, name string) []byte {
	return append(append(binary.BigEndian.AppendUint32([]byte{byte(k)}, schema), name...), 0)
}

func nameKeyOf(o Object) string {
	h := o.Head()
	schema := h.Schema
	if o.Kind() == KindExtension {
		schema = 0 // its name is the database's; the schema is that of its members
	}
	return string(binary.BigEndian.AppendUint32(objectName(o.Kind(), schema, h.Name), h.OID))
}

func (s *objects) put(o Object) {
	a := AddressOf(o)
	s.drop(a)
	s.byKey.Set(objectKey(a.Kind, a.OID), o)
	if e, ok := o.(*Extension); ok {
		s.putMembers(e)
	}
	s.byName.Set(nameKeyOf(o), o)
	for _, d := range o.Head().Deps {
		s.setUser(a, d)
	}
	if t, ok := o.(*Type); ok {
		for _, oid := range t.TypeOIDs() {
			s.parts.Set(oid, t.OID)
		}
	}
}

func (s *objects) drop(a Address) {
	o, ok := s.byKey.Delete(objectKey(a.Kind, a.OID))
	if !ok {
		return
	}
	if e, ok := o.(*Extension); ok {
		s.dropMembers(e)
	}
	s.byName.Delete(nameKeyOf(o))
	for _, d := range o.Head().Deps {
		s.users.Delete(userKey(a, d))
	}
	if t, ok := o.(*Type); ok {
		for _, oid := range t.TypeOIDs() {
			s.parts.Delete(oid)
		}
	}
}

func userKey(owner Address, d Dep) string {
	from := d.From
	if from == (Address{}) {
		from = owner
	}
	return string(appendAddress(appendAddress(nil, d.On), from))
}

func (s *objects) setUser(owner Address, d Dep) { s.users.Set(userKey(owner, d), d.Type) }

// link and unlink keep the dependencies of a relation: those that it lists, and its columns' on their types.
func (s *objects) link(t *Table) {
	t.EachDep(func(d Dep) { s.setUser(Address{Kind: KindRelation, OID: t.OID}, d) })
}

func (s *objects) unlink(t *Table) {
	t.EachDep(func(d Dep) { s.users.Delete(userKey(Address{Kind: KindRelation, OID: t.OID}, d)) })
}

// EachDep calls f for each dependency of the relation on objects of the general store and on other relations' row types.
func (t *Table) EachDep(f func(Dep)) {
	if BuiltIn(t.OID) {
		return
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !BuiltIn(c.Type) && !c.Dropped {
			f(Dep{From: Address{Kind: KindColumn, OID: t.OID, Sub: c.AttNum}, On: Address{Kind: KindType, OID: c.Type}, Type: DepNormal})
		}
		if c := &t.Columns[i]; c.Collation >= FirstNormalOID && !c.Dropped {
			f(Dep{From: Address{Kind: KindColumn, OID: t.OID, Sub: c.AttNum}, On: Address{Kind: KindCollation, OID: c.Collation}, Type: DepNormal})
		}
	}
	for _, ix := range t.Indexes {
		for i := range ix.Keys {
			if k := &ix.Keys[i]; k.Collation >= FirstNormalOID && (k.Att == 0 || t.Column(k.Att).Collation != k.Collation) {
				f(Dep{From: Address{Kind: KindIndex, OID: ix.OID}, On: Address{Kind: KindCollation, OID: k.Collation}, Type: DepNormal})
			}
		}
	}
	for _, d := range t.Deps {
		f(d)
	}
}

// Object returns the object with that kind and OID, or nil.
func (c *Catalog) Object(k Kind, oid OID) Object {
	o, _ := c.objects.byKey.Get(objectKey(k, oid))
	return o
}

// Named calls f for the objects of a kind with that name in a schema, in OID order, until it returns false.
func (c *Catalog) Named(k Kind, schema OID, name string, f func(Object) bool) {
	prefix := string(objectName(k, schema, name))
	c.objects.byName.Ascend(prefix, func(key string, o Object) bool {
		return len(key) == len(prefix)+4 && key[:len(prefix)] == prefix && f(o)
	})
}

// Objects calls f for all objects of a kind in OID order until it returns false.
func (c *Catalog) Objects(k Kind, f func(Object) bool) {
	c.objects.byKey.Ascend(string([]byte{byte(k)}), func(key string, o Object) bool { return key[0] == byte(k) && f(o) })
}

// Users calls f for what depends directly on an address, as far as descriptors list it (Deps, column types).
func (c *Catalog) Users(on Address, f func(from Address, t DepType)) {
	prefix := string(appendAddress(nil, on))
	c.objects.users.Ascend(prefix, func(key string, t DepType) bool {
		if key[:addressLen] != prefix {
			return false
		}
		f(readAddress(key[addressLen:]), t)
		return true
	})
}

// Dependencies calls f for every dependency that descriptors list: pg_depend's rows that are not implied by the shape of a relation.
func (c *Catalog) Dependencies(f func(from, on Address, t DepType)) {
	c.objects.users.Scan(func(key string, t DepType) bool {
		f(readAddress(key[addressLen:]), readAddress(key), t)
		return true
	})
}

// Put adds or replaces an object of the general store.
func (e *Editor) Put(o Object) {
	ownDescriptor(o)
	c := e.writable()
	if old := c.Object(o.Kind(), o.Head().OID); old != nil {
		o.Head().Ident.keep(old.Head().Ident, true)
	} else {
		o.Head().Ident.keep(0, false)
	}
	c.objects.put(o)
	e.changed[AddressOf(o)] = o
}

// Drop removes an object of the general store.
func (e *Editor) Drop(a Address) {
	a.Sub = 0
	e.writable().objects.drop(a)
	e.changed[a] = nil
}
