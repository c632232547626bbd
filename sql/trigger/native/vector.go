package native

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/textsearch"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// updateVector is tsvector_update_trigger(tsvector column, configuration, text columns …) and tsvector_update_trigger_column, whose
// second argument is a column of type regconfig. On UPDATE the vector is made anew only if one of the text columns is assigned.
func updateVector(env *types.Env, c *trigger.Call, configColumn bool) ([]types.Datum, error) {
	bad := func(what string) error { return pgerr.New(pgerr.InternalError, "tsvector_update_trigger: %s", what) }
	typ, args := c.Trigger.Type, c.Trigger.Args
	switch {
	case !typ.Has(catalog.TriggerRow):
		return nil, bad("must be fired for row")
	case !typ.Has(catalog.TriggerBefore):
		return nil, bad("must be fired BEFORE event")
	case c.Op != catalog.TriggerInsert && c.Op != catalog.TriggerUpdate:
		return nil, bad("must be fired for INSERT or UPDATE")
	case len(args) < 3:
		return nil, bad("arguments must be tsvector_field, ts_config, text_field1, ...)")
	}
	column := func(name, what string, typ types.OID, typeText string) (*catalog.Column, error) {
		col := c.Table.ColumnByName(name)
		if col == nil {
			return nil, pgerr.New(pgerr.UndefinedColumn, "%scolumn \"%s\" does not exist", what, name)
		}
		if !storedAs(env, col.Type, typ) {
			return nil, pgerr.New(pgerr.DatatypeMismatch, "column \"%s\" is not of %s type", name, typeText)
		}
		return col, nil
	}
	target, err := column(args[0], "tsvector ", types.TSVector, "tsvector")
	if err != nil {
		return nil, err
	}
	config := types.OID(0)
	if configColumn {
		col, err := column(args[1], "configuration ", types.RegConfig, "regconfig")
		if err != nil {
			return nil, err
		}
		v := c.New[col.AttNum-1]
		if v.IsNull() {
			return nil, pgerr.New(pgerr.NullValueNotAllowed, "configuration column \"%s\" must not be null", args[1])
		}
		config = types.OID(v.Uint())
	} else if config, err = configNamed(env, args[1]); err != nil {
		return nil, err
	}
	var texts []string
	needed := c.Op == catalog.TriggerInsert
	for _, name := range args[2:] {
		col, err := column(name, "", types.Text, "a character")
		if err != nil {
			return nil, err
		}
		needed = needed || slices.Contains(c.Cols, col.AttNum)
		if v := c.New[col.AttNum-1]; !v.IsNull() {
			texts = append(texts, v.Str())
		}
	}
	if !needed {
		return c.New, nil
	}
	v, err := textsearch.Document(env, config, texts)
	if err != nil {
		return nil, err
	}
	row := slices.Clone(c.New)
	row[target.AttNum-1] = v
	return row, nil
}

// storedAs reports whether values of a type, below its domains, are the bits of another's (IsBinaryCoercible).
func storedAs(env *types.Env, have, want types.OID) bool {
	for t := env.Type(have); t != nil && t.TypType == types.TypeDomain; t = env.Type(have) {
		have = t.Base
	}
	return have == want || want == types.Text && have == types.Varchar
}

// configNamed finds a configuration by a name that has to have a schema, so that the search path does not matter.
func configNamed(env *types.Env, name string) (types.OID, error) {
	if !strings.Contains(name, ".") {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "text search configuration name \"%s\" must be schema-qualified", name)
	}
	return env.Resolver.RegOID(types.RegKindConfig, name)
}
