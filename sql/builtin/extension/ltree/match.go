package ltree

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/ltree"
	"github.com/tarndb/tarn/storage/tuple"
)

// A relation is an operator between a path and something: a path, a pattern, an expression.
type relation func(c *call.Call, path, with string) (bool, error)

func above(_ *call.Call, path, with string) (bool, error) { return ltree.Contains(path, with), nil }
func below(_ *call.Call, path, with string) (bool, error) { return ltree.Contains(with, path), nil }

// compiled keeps the last pattern or expression of a call site.
type compiled[Q any] struct {
	text  string
	query Q
}

func matching[Q interface{ Match(string) bool }](parse func(string) (Q, error)) relation {
	return func(c *call.Call, path, with string) (bool, error) {
		last, ok := c.Cache.(*compiled[Q])
		if !ok || last.text != with {
			q, err := parse(with)
			if err != nil {
				return false, err
			}
			last = &compiled[Q]{strings.Clone(with), q}
			c.Cache = last
		}
		return last.query.Match(path), nil
	}
}

var (
	matchQuery = matching(ltree.ParseQuery)
	matchText  = matching(ltree.ParseTextQuery)
)

// single is a relation's operator between two values.
func (r relation) single(c *call.Call, a []types.Datum) (types.Datum, error) {
	ok, err := r(c, a[0].Str(), a[1].Str())
	return tuple.Bool(ok), err
}

// list checks an array that an operator goes through.
func list(d types.Datum) ([]types.Datum, error) {
	a := tuple.Array(d.Bytes())
	if a.NumDims() > 1 {
		return nil, pgerr.New(pgerr.ArraySubscriptError, "array must be one-dimensional")
	}
	if a.HasNulls() {
		return nil, pgerr.New(pgerr.NullValueNotAllowed, "array must not contain nulls")
	}
	return a.Elems(nil), nil
}

// first is the first path of an array for which the relation holds; NULL if there is none.
func (r relation) first(c *call.Call, a []types.Datum) (types.Datum, error) {
	paths, err := list(a[0])
	if err != nil {
		return types.Null, err
	}
	for _, p := range paths {
		if ok, err := r(c, p.Str(), a[1].Str()); err != nil || ok {
			return p, err
		}
	}
	return types.Null, nil
}

// some is whether the relation holds for a path of an array.
func (r relation) some(c *call.Call, a []types.Datum) (types.Datum, error) {
	p, err := r.first(c, a)
	return tuple.Bool(!p.IsNull()), err
}

// withSome is whether the operator holds with a pattern of the array that is its second argument.
func withSome(op call.Fn) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		patterns, err := list(a[1])
		if err != nil {
			return types.Null, err
		}
		for _, p := range patterns {
			if ok, err := op(c, []types.Datum{a[0], p}); err != nil || ok.Bool() {
				return ok, err
			}
		}
		return call.Bool(false)
	}
}
