package catalog

import (
	"strconv"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
)

// Operator is an operator of users or of an extension. Op is its row of pg_operator, whose OID, Name and Namespace are the header's. A shell, which only
// another operator's COMMUTATOR or NEGATOR has named so far, has no Op.Code.
type Operator struct {
	Header
	Op pgdata.Operator
	// derived: see Derived.
	derived bool
}

var _ Object = (*Operator)(nil)

func (*Operator) Kind() Kind     { return KindOperator }
func (o *Operator) LastOID() OID { return o.OID }

// Operator returns the operator of users or of a created extension with that OID, or nil.
func (c *Catalog) Operator(oid OID) *Operator {
	o, _ := c.Object(KindOperator, oid).(*Operator)
	return o
}

// OperatorsNamed lists the operators of users and extensions of that name in a schema, in OID order.
func (c *Catalog) OperatorsNamed(schema OID, name string) (out []*Operator) {
	c.Named(KindOperator, schema, name, func(o Object) bool {
		out = append(out, o.(*Operator))
		return true
	})
	return out
}

// Cast is a cast of users or of an extension. Its name is CastName's, its schema 0; Row is its row of pg_cast.
type Cast struct {
	Header
	Row pgdata.Cast
	// derived: see Derived.
	derived bool
}

var _ Object = (*Cast)(nil)

func (*Cast) Kind() Kind     { return KindCast }
func (c *Cast) LastOID() OID { return c.OID }

// CastName is the name by which a cast between two types is found.
func CastName(src, dst OID) string {
	return strconv.FormatUint(uint64(src), 10) + " " + strconv.FormatUint(uint64(dst), 10)
}

// CastBetween returns the cast of users or of a created extension between two types, or nil.
func (c *Catalog) CastBetween(src, dst OID) (found *Cast) {
	c.Named(KindCast, 0, CastName(src, dst), func(o Object) bool {
		found = o.(*Cast)
		return false
	})
	return found
}

// HasObjects reports whether there are any objects of a kind.
func (c *Catalog) HasObjects(k Kind) (some bool) {
	c.Objects(k, func(Object) bool {
		some = true
		return false
	})
	return some
}
