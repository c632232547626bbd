package types

import (
	"github.com/tarndb/tarn/storage/tuple"
)

// OID is PostgreSQL's object identifier.
type OID = uint32

// Datum is one SQL value; see the package comment.
type Datum = tuple.Value

// Null is the SQL NULL of every type.
var Null = tuple.Null

// Values of Type.TypType (pg_type.typtype).
const (
	TypeBase       = 'b'
	TypeComposite  = 'c'
	TypeDomain     = 'd'
	TypeEnum       = 'e'
	TypeMultirange = 'm'
	TypePseudo     = 'p'
	TypeRange      = 'r'
)

// Values of Type.Category (manual: 53.64 pg_type, typcategory codes).
const (
	CategoryArray     = 'A'
	CategoryBool      = 'B'
	CategoryComposite = 'C'
	CategoryDateTime  = 'D'
	CategoryEnum      = 'E'
	CategoryGeometric = 'G'
	CategoryNetwork   = 'I'
	CategoryNumeric   = 'N'
	CategoryPseudo    = 'P'
	CategoryRange     = 'R'
	CategoryString    = 'S'
	CategoryTimespan  = 'T'
	CategoryUser      = 'U'
	CategoryBitString = 'V'
	CategoryUnknown   = 'X'
	CategoryInternal  = 'Z'
)

// Values of pg_type.typsubscript: of true arrays, and of the extension hstore's type.
const (
	ArraySubscriptHandler  = 6179
	HstoreSubscriptHandler = 14594
)

// Type is one row of pg_type together with how its values are held. Types are immutable once made: built-in ones come
// from Lookup, a user's from the catalog through Env.Type.
type Type struct {
	OID       OID
	Name      string // pg_type.typname, not qualified
	Schema    string // "" for pg_catalog
	Kind      tuple.Kind
	Len       int16 // pg_type.typlen
	ByVal     bool
	TypType   byte
	Category  byte
	Preferred bool
	Delim     byte
	Elem      OID // element type of arrays (and of the few subscriptable base types)
	Array     OID
	Collation OID // typcollation: 0 not collatable, 100 default, 950 "C"
	Align     byte
	Storage   byte
	Subscript OID

	// Of range types: what they range over, the multirange type and the canonical function (pg_range; 0 none). Of
	// multirange types: the range type.
	Subtype, Multirange, Canonical OID
	Range                          OID

	InputFunc, OutputFunc, ReceiveFunc, SendFunc, TypmodIn OID

	// Of user-defined types only.
	Base    OID     // domain: the type it is over
	BaseMod int32   // domain: typtypmod, -1 none
	Labels  []Label // enum: in sort order
	Attrs   []Attr  // composite: the columns, dropped ones left out

	io *codec
}

// Label is one value of an enum; its Datum is Float(float64(Sort)).
type Label struct {
	OID  OID
	Sort float32
	Name string
}

// Attr is one column of a composite type.
type Attr struct {
	Name string
	Type OID
	Mod  int32
}

// codec is the input and output of one type. in and recv get values that are not NULL, out and send likewise.
type codec struct {
	out  func(t *Type, dst []byte, d Datum, env *Env) []byte
	in   func(t *Type, s string, typmod int32, env *Env) (Datum, error)
	send func(t *Type, dst []byte, d Datum, env *Env) []byte
	recv func(t *Type, b []byte, typmod int32, env *Env) (Datum, error)
}

const directOIDs = 5100 // OIDs below are found by index, the few above by map

var (
	byOIDDirect [directOIDs]*Type
	byOIDRest   = map[OID]*Type{}
	byTypeName  = map[string]*Type{}
)

func init() {
	for i := range builtinTypes {
		t := &builtinTypes[i]
		t.Kind = kindOf(t)
		t.BaseMod = -1
		t.io = codecOf(t)
		if t.OID < directOIDs {
			byOIDDirect[t.OID] = t
		} else {
			byOIDRest[t.OID] = t
		}
		byTypeName[t.Name] = t
	}
}

// Lookup returns a built-in type; nil if the OID is none.
func Lookup(oid OID) *Type {
	if oid < directOIDs {
		return byOIDDirect[oid]
	}
	return byOIDRest[oid]
}

// LookupName returns a built-in type by its pg_type.typname ("int4", "_text"); nil if there is none.
func LookupName(name string) *Type { return byTypeName[name] }

// Builtin calls f for each built-in type in the order of pg_type's dump.
func Builtin(f func(*Type)) {
	for i := range builtinTypes {
		f(&builtinTypes[i])
	}
}

// NewUserType completes a type that the catalog has read: Kind and the input and output are derived from TypType.
// base is the type that a domain is over (its innermost one), nil otherwise.
func NewUserType(t Type, base *Type) *Type {
	n := &t
	switch t.TypType {
	case TypeEnum:
		n.Kind, n.io = tuple.KindFloat32, enumCodec
	case TypeComposite:
		n.Kind, n.io = tuple.KindRecord, recordCodec
	case TypeDomain:
		n.Kind, n.io = base.Kind, domainCodec
	case TypeRange:
		n.Kind, n.io = tuple.KindRange, rangeCodec
	case TypeMultirange:
		n.Kind, n.io = tuple.KindMultirange, multirangeCodec
	default:
		if t.IsArray() {
			n.Kind, n.io = tuple.KindArray, arrayCodec
		} else {
			n.Kind, n.io = tuple.KindInvalid, noCodec
		}
	}
	return n
}

// IsArray reports a true array: variable length, subscripted by elements (not int2vector, oidvector, point…).
func (t *Type) IsArray() bool {
	return t.Elem != 0 && t.Subscript == ArraySubscriptHandler && t.Storage != 'p'
}

// Collatable reports whether values of the type take a collation.
func (t *Type) Collatable() bool { return t.Collation != 0 }

// ByteLayout reports whether AppendText of a value is its own bytes, so that they can be sent as they stand.
func (t *Type) ByteLayout() bool {
	switch t.Kind {
	case tuple.KindText, tuple.KindBpchar, tuple.KindFolded:
		return true
	}
	return t.OID == JSON
}

// AppendText appends d as the type's output function prints it. d must not be NULL.
func (t *Type) AppendText(dst []byte, d Datum, env *Env) []byte { return t.io.out(t, dst, d, env) }

// AppendBinary appends d as the type's send function writes it, without a length word. d must not be NULL.
func (t *Type) AppendBinary(dst []byte, d Datum, env *Env) []byte { return t.io.send(t, dst, d, env) }

// ParseText reads what the type's input function reads and applies typmod (-1 none) as input does: too long a
// string is an error. The Datum may refer to s.
func (t *Type) ParseText(s string, typmod int32, env *Env) (Datum, error) {
	return t.io.in(t, s, typmod, env)
}

// ParseBinary reads what the type's receive function reads. The Datum may refer to b.
// Bytes that are left over or missing are 22P03 or 08P01.
func (t *Type) ParseBinary(b []byte, typmod int32, env *Env) (Datum, error) {
	return t.io.recv(t, b, typmod, env)
}

// Text is AppendText into a new string.
func (t *Type) Text(d Datum, env *Env) string { return string(t.AppendText(nil, d, env)) }
