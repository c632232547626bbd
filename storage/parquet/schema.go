package parquet

import (
	"reflect"

	pq "github.com/parquet-go/parquet-go"
)

// orderedGroup is a schema root that keeps the columns in table order (parquet-go's own Group sorts by name).
type orderedGroup struct {
	pq.Group
	fields []pq.Field
}

func (g *orderedGroup) Fields() []pq.Field { return g.fields }

// GoType is never used to hold rows; the derived struct type of Group would panic on names that differ only in
// characters that Go identifiers lack.
func (g *orderedGroup) GoType() reflect.Type { return reflect.TypeFor[map[string]any]() }

type field struct {
	pq.Node
	name string
}

func (f *field) Name() string { return f.name }

func (f *field) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(f.name))
}

func newSchema(cols []Column, encode func(i int, n pq.Node) pq.Node) *pq.Schema {
	g := &orderedGroup{Group: pq.Group{}}
	for i, c := range cols {
		n := pq.Optional(encode(i, c.Type.node()))
		g.Group[c.Name] = n
		g.fields = append(g.fields, &field{n, c.Name})
	}
	return pq.NewSchema("spark_schema", g)
}
