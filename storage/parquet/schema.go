package parquet

import (
	"reflect"

	pq "github.com/parquet-go/parquet-go"
)

// orderedGroup is a group, the schema's root among them, that keeps its columns in their order (parquet-go's own Group sorts by name).
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

func newGroup() *orderedGroup { return &orderedGroup{Group: pq.Group{}} }

// add appends an optional field; id 0 is none.
func (g *orderedGroup) add(name string, id int, n pq.Node) {
	n = pq.Optional(n)
	if id != 0 {
		n = pq.FieldID(n, id)
	}
	g.Group[name] = n
	g.fields = append(g.fields, &field{n, name})
}

func newSchema(cols []Column, encode func(i int, n pq.Node) pq.Node) *pq.Schema {
	g := newGroup()
	for i, c := range cols {
		g.add(c.Name, c.ID, encode(i, c.Type.node()))
	}
	return pq.NewSchema("spark_schema", g)
}
