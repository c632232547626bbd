package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// signature is a function as messages name it: name(type, …) of its input arguments.
func (x *exec) signature(f *catalog.Function) string {
	args := make([]string, len(f.Proc.ArgTypes))
	for i, a := range f.Proc.ArgTypes {
		args[i] = types.FormatType(a, -1, x.Env)
	}
	return x.objectText(catalog.KindFunction, f.Schema, f.Name) + "(" + strings.Join(args, ",") + ")"
}

func (x *exec) describeFunction(o object) string {
	f := x.Catalog().Function(o.OID)
	if f == nil {
		return "function " + itoa(int64(o.OID))
	}
	return routineWord(f.Proc.Kind) + " " + x.signature(f)
}

func routineWord(kind byte) string {
	switch kind {
	case 'p':
		return "procedure"
	}
	return "function"
}
