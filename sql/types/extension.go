package types

import "github.com/tarndb/tarn/storage/tuple"

// extensionForms says how values of the base types of extensions are held and written, by pg_type.typname.
var extensionForms = map[string]struct {
	kind tuple.Kind
	io   *codec
}{
	"citext": {tuple.KindFolded, textCodec},
}

// NewBaseType completes a base type of an extension. One that is not known here is as built-in ones that are not built.
func NewBaseType(t Type) *Type {
	n := &t
	n.Kind, n.io = tuple.KindInvalid, noCodec
	if f, ok := extensionForms[t.Name]; ok {
		n.Kind, n.io = f.kind, f.io
	}
	return n
}
