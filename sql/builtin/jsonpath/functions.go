package jsonpath

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/jsonpath"
)

// arguments are a call's: document, path, and for functions the variables and whether it is silent. Operators are silent.
type arguments struct {
	doc    node
	path   *jsonpath.Path
	vars   *node
	silent bool
}

func argumentsOf(c *call.Call, a []types.Datum) (arguments, error) {
	args := arguments{silent: true}
	var err error
	if args.path, err = pathOf(c, a[1]); err != nil {
		return args, err
	}
	if args.doc, err = jsondoc.Parse(a[0].Str(), true); err != nil || len(a) < 4 {
		return args, err
	}
	vars, err := jsondoc.Parse(a[2].Str(), true)
	if err != nil {
		return args, err
	}
	if vars.Kind != jsondoc.Object {
		return args, pgerr.New(pgerr.InvalidParameterValue, "\"vars\" argument is not an object").
			WithDetail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.")
	}
	args.vars, args.silent = &vars, a[3].Bool()
	return args, nil
}

// query collects all results.
func query(c *call.Call, a []types.Datum, zones bool) ([]value, arguments, error) {
	args, err := argumentsOf(c, a)
	if err != nil {
		return nil, args, err
	}
	var got []value
	_, err = run(c, args.path, &args.doc, args.vars, !args.silent, zones, &got)
	return got, args, err
}

func existsFn(zones bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		args, err := argumentsOf(c, a)
		if err != nil {
			return types.Null, err
		}
		r, err := run(c, args.path, &args.doc, args.vars, !args.silent, zones, nil)
		if err != nil || r == failed {
			return types.Null, err
		}
		return call.Bool(r == found)
	}
}

func matchFn(zones bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		got, args, err := query(c, a, zones)
		switch {
		case err != nil:
			return types.Null, err
		case len(got) == 1 && got[0].is(jsondoc.Bool):
			return call.Bool(got[0].Bool)
		case args.silent, len(got) == 1 && got[0].is(jsondoc.Null):
			return types.Null, nil
		}
		return types.Null, pgerr.New(pgerr.SingletonSQLJSONItemRequired, "single boolean result is expected")
	}
}

func arrayFn(zones bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		got, _, err := query(c, a, zones)
		if err != nil {
			return types.Null, err
		}
		all := node{Kind: jsondoc.List}
		for _, g := range got {
			all.Elems = append(all.Elems, *g.json())
		}
		return all.JSONB(), nil
	}
}

func firstFn(zones bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		got, _, err := query(c, a, zones)
		if err != nil || len(got) == 0 {
			return types.Null, err
		}
		return got[0].json().JSONB(), nil
	}
}

func queryRows(zones bool) call.SetFn {
	return func(c *call.Call, a []types.Datum) (call.Rows, error) {
		got, _, err := query(c, a, zones)
		if err != nil {
			return nil, err
		}
		vals := make([]types.Datum, len(got))
		for i, g := range got {
			vals[i] = g.json().JSONB()
		}
		return call.ListRows(vals), nil
	}
}

func pathFns() call.Fns {
	m := call.Fns{"jsonb_path_exists_opr": existsFn(false), "jsonb_path_match_opr": matchFn(false)}
	for suffix, zones := range map[string]bool{"": false, "_tz": true} {
		m["jsonb_path_exists"+suffix], m["jsonb_path_match"+suffix] = existsFn(zones), matchFn(zones)
		m["jsonb_path_query_array"+suffix], m["jsonb_path_query_first"+suffix] = arrayFn(zones), firstFn(zones)
	}
	return m
}

func pathSets() call.Sets {
	return call.Sets{"jsonb_path_query": queryRows(false), "jsonb_path_query_tz": queryRows(true)}
}
