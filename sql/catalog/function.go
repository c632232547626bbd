package catalog

import "github.com/tarndb/tarn/sql/catalog/pgdata"

// Function is a function, procedure or aggregate of users or of an extension. What PostgreSQL keeps in pg_proc stands in Proc, whose OID, Name and
// Namespace are the header's.
type Function struct {
	Header
	Proc pgdata.Proc
	// Body is the whole CREATE FUNCTION statement where the body is BEGIN ATOMIC or RETURN, "" where it is Proc.Src. The names in it
	// are looked up in BodyPath, the search path of its definition.
	Body     string `json:",omitempty"`
	BodyPath []OID  `json:",omitempty"`
	// Language is the name of Proc.Lang.
	Language string
	// Config are the SET clauses, name=value each.
	Config []string `json:",omitempty"`
	// derived: see Derived.
	derived bool
}

func (f *Function) Kind() Kind { return KindFunction }

func (f *Function) LastOID() OID { return f.OID }

// Function returns the function of users or of a created extension with that OID, or nil.
func (c *Catalog) Function(oid OID) *Function {
	f, _ := c.Object(KindFunction, oid).(*Function)
	return f
}

// FunctionsNamed lists the functions of users and extensions of that name in a schema, in OID order.
func (c *Catalog) FunctionsNamed(schema OID, name string) (out []*Function) {
	c.Named(KindFunction, schema, name, func(o Object) bool {
		out = append(out, o.(*Function))
		return true
	})
	return out
}
