package overload_test

import (
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

func resolver() *overload.Resolver {
	return &overload.Resolver{Lexicon: lexicon.Lexicon{Catalog: catalog.New(), SearchPath: []types.OID{catalog.PublicOID}}}
}

func typeList(r *overload.Resolver, list []types.OID) string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = r.TypeText(t)
	}
	return strings.Join(out, ", ")
}

// The examples of the manual's 10.2 and 10.3, and what \do and \df say where it has none.
func TestFunction(t *testing.T) {
	r := resolver()
	for _, c := range []struct {
		name string
		args []types.OID
		want string
	}{
		{"round", []types.OID{types.Int4, types.Int4}, "round(numeric, integer)"},
		{"substr", []types.OID{types.Unknown, types.Int4}, "substr(text, integer)"},
		{"substr", []types.OID{types.Varchar, types.Int4}, "substr(text, integer)"},
		{"substr", []types.OID{types.Int4, types.Int4}, "none"},
		{"length", []types.OID{types.Unknown}, "length(text)"},
		{"sum", []types.OID{types.Int2}, "sum(smallint)"},
		{"sum", []types.OID{types.Unknown}, "many"},
		{"concat", []types.OID{types.Int4, types.Text, types.Bool}, "concat(\"any\", \"any\", \"any\") variadic 3"},
		{"array_append", []types.OID{types.Int4Array, types.Int8}, "array_append(anycompatiblearray, anycompatible)"},
		{"make_interval", []types.OID{types.Int4}, "make_interval(integer) defaults 6"},
		{"int8", []types.OID{types.Unknown}, "cast bigint"},
		{"text", []types.OID{types.Bool}, "text(boolean)"},
		{"no_such_function", []types.OID{types.Int4}, "none"},
	} {
		f := r.Function([]string{c.name}, nil, c.args, true, false)
		got := "none"
		switch {
		case f.Many:
			got = "many"
		case f.Cast != 0:
			got = "cast " + r.TypeText(f.Cast)
		case f.Candidate != nil:
			got = f.Candidate.Proc.Name + "(" + typeList(r, f.Candidate.Args) + ")"
			if n := f.Candidate.Variadic; n > 0 {
				got += " variadic " + string(rune('0'+n))
			}
			if n := f.Candidate.Defaults; n > 0 {
				got += " defaults " + string(rune('0'+n))
			}
		}
		if got != c.want {
			t.Errorf("%s(%s): %s, want %s", c.name, typeList(r, c.args), got, c.want)
		}
	}
}

func TestOperator(t *testing.T) {
	r := resolver()
	for _, c := range []struct {
		name string
		l, r types.OID // l 0: prefix
		want string
	}{
		{"+", types.Int4, types.Int8, "integer + bigint"},
		{"+", types.Int4, types.Unknown, "integer + integer"},
		{"||", types.Unknown, types.Unknown, "text || text"},
		{"||", types.Text, types.Unknown, "text || text"},
		{"@", 0, types.Unknown, "@ double precision"},
		{"~", 0, types.Unknown, "operator is not unique: ~ unknown"},
		{"=", types.Varchar, types.Unknown, "text = text"},
		{"<", types.Int4Array, types.Int4Array, "anyarray < anyarray"},
		{"+", types.Bool, types.Int4, "operator does not exist: boolean + integer"},
	} {
		got := func() (s string) {
			var err error
			defer func() {
				if err != nil {
					s = err.Error()
				}
			}()
			defer place.Guard(&err)
			var o *pgdata.Operator
			if c.l == 0 {
				o = r.PrefixOperator([]string{c.name}, c.r, -1)
				return o.Name + " " + r.TypeText(o.Right)
			}
			o = r.BinaryOperator([]string{c.name}, c.l, c.r, -1)
			return r.TypeText(o.Left) + " " + o.Name + " " + r.TypeText(o.Right)
		}()
		if !strings.Contains(got, c.want) {
			t.Errorf("%s %s %s: %s, want %s", r.TypeText(c.l), c.name, r.TypeText(c.r), got, c.want)
		}
	}
}
