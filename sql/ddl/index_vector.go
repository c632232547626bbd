package ddl

import (
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/hnsw"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// The bounds of an hnsw index's options, and the dimensions that its types may have (pgvector 0.8).
var hnswOptions = []struct {
	name      string
	low, high int
}{{"m", hnsw.MinM, hnsw.MaxM}, {"ef_construction", hnsw.MinEfConstruction, hnsw.MaxEfConstruction}}

var hnswDimensions = map[string]int32{"vector": 2000, "halfvec": 4000}

// checkVectorIndex refuses what an hnsw index cannot be over: with pgvector's errors, and 0A000 for what is not built.
func (x *exec) checkVectorIndex(t *catalog.Table, ix *catalog.Index) error {
	invalid := func(format string, args ...any) *pgerr.Error {
		return pgerr.New(pgerr.InvalidParameterValue, format, args...)
	}
	value := map[string]int{"m": hnsw.DefaultM, "ef_construction": hnsw.DefaultEfConstruction}
options:
	for _, o := range ix.Options {
		for _, known := range hnswOptions {
			if o.Name != known.name {
				continue
			}
			n, err := strconv.Atoi(o.Value)
			if err != nil {
				return invalid("invalid value for integer option \"%s\": %s", o.Name, o.Value)
			}
			if n < known.low || n > known.high {
				return invalid("value %d out of bounds for option \"%s\"", n, o.Name).WithDetail("Valid values are between \"%d\" and \"%d\".", known.low, known.high)
			}
			value[o.Name] = n
			continue options
		}
		return invalid("unrecognized parameter \"%s\"", o.Name)
	}
	k := &ix.Keys[0]
	switch {
	case k.Att == 0:
		return pgerr.Unsupported("an hnsw index over an expression")
	case ix.Pred != "":
		return pgerr.Unsupported("a partial hnsw index")
	}
	y := x.Env.Type(k.Type)
	most, ok := hnswDimensions[y.Name]
	if !ok {
		return pgerr.Unsupported("an hnsw index over type " + types.FormatType(k.Type, -1, x.Env))
	}
	switch dims := t.Column(k.Att).TypMod; {
	case dims < 0:
		return invalid("column does not have dimensions")
	case dims > most:
		return pgerr.New(pgerr.ProgramLimitExceeded, "column cannot have more than %d dimensions for hnsw index", most)
	}
	if value["ef_construction"] < 2*value["m"] {
		return invalid("ef_construction must be greater than or equal to 2 * m")
	}
	return nil
}

// checkVectorStatement refuses clauses that an hnsw index has no meaning for.
func checkVectorStatement(n *ast.IndexStmt) error {
	refuse := func(what string) error {
		return pgerr.New(pgerr.FeatureNotSupported, "access method \"hnsw\" does not support %s", what)
	}
	switch {
	case n.Unique:
		return refuse("unique indexes")
	case len(n.IndexIncludingParams) > 0:
		return refuse("included columns")
	case len(n.IndexParams) > 1:
		return refuse("multicolumn indexes")
	}
	if e, ok := n.IndexParams[0].(*ast.IndexElem); ok {
		switch {
		case e.Ordering != ast.SORTBY_DEFAULT:
			return refuse("ASC/DESC options")
		case e.NullsOrdering != ast.SORTBY_NULLS_DEFAULT:
			return refuse("NULLS FIRST/LAST options")
		}
	}
	return nil
}
