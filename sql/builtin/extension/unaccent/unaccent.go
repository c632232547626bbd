// Package unaccent implements the functions of the extension unaccent; its dictionary and its rules are in package textsearch.
package unaccent

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/textsearch"
	"github.com/tarndb/tarn/sql/types"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{Fns: call.Fns{"unaccent_dict": unaccent}}
}

// unaccent takes a text, or a dictionary and a text: what the dictionary does not change stays.
func unaccent(c *call.Call, a []types.Datum) (types.Datum, error) {
	dict, text := textsearch.UnaccentDict, a[len(a)-1]
	if len(a) > 1 {
		dict = types.OID(a[0].Uint())
	}
	norms, err := textsearch.Lexize(c.Env, dict, text.Str())
	if err != nil || len(norms) == 0 {
		return text, err
	}
	return call.Text(norms[0])
}
