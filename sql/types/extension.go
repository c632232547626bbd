package types

import (
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/hstore"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/ltree"
	"github.com/tarndb/tarn/sql/types/queryint"
	"github.com/tarndb/tarn/sql/types/vector"
	"github.com/tarndb/tarn/storage/tuple"
)

// extensionForms says how values of the base types of extensions are held and written, by pg_type.typname.
var extensionForms = map[string]struct {
	kind tuple.Kind
	io   *codec
}{
	"citext":    {tuple.KindFolded, textCodec},
	"hstore":    {tuple.KindBytes, hstoreCodec},
	"query_int": {tuple.KindBytes, queryIntCodec},
	"ltree":     {tuple.KindText, ltreeCodec}, "lquery": {tuple.KindText, lqueryCodec}, "ltxtquery": {tuple.KindText, ltxtqueryCodec},
	"vector": {tuple.KindArray, denseCodec(vector.Full)}, "halfvec": {tuple.KindArray, denseCodec(vector.Half)}, "sparsevec": {tuple.KindBytes, sparseCodec},
}

var hstoreCodec = &codec{
	out:  func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return hstore.AppendText(dst, d) },
	in:   func(_ *Type, s string, _ int32, _ *Env) (Datum, error) { return hstore.ParseText(s) },
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return hstore.AppendBinary(dst, d) },
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) { return hstore.ParseBinary(b) },
}

// queryIntCodec has no binary format.
var queryIntCodec = &codec{
	out:  func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return queryint.AppendText(dst, d) },
	in:   func(_ *Type, s string, _ int32, _ *Env) (Datum, error) { return queryint.Parse(s) },
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return queryint.AppendText(dst, d) },
	recv: func(t *Type, _ []byte, _ int32, env *Env) (Datum, error) {
		return Null, pgerr.New(pgerr.UndefinedFunction, "no binary input function available for type %s", TypeName(t.OID, env))
	},
}

// pathCodec is a type of ltree: its text, in binary with a version before it. read gives the text that is kept.
func pathCodec(read func(s string) (string, error)) *codec {
	return &codec{
		out: bytesOut,
		in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
			s, err := read(s)
			return tuple.String(s), err
		},
		send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
			return append(append(dst, ltree.Version), d.Bytes()...)
		},
		recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
			s, err := ltree.TextOf(b, t.Name)
			if err != nil {
				return Null, err
			}
			return t.io.in(t, s, mod, env)
		},
	}
}

var (
	ltreeCodec  = pathCodec(ltree.Parse)
	lqueryCodec = pathCodec(func(s string) (string, error) {
		q, err := ltree.ParseQuery(s)
		if err != nil {
			return "", err
		}
		return string(q.AppendText(nil)), nil
	})
	ltxtqueryCodec = pathCodec(func(s string) (string, error) {
		q, err := ltree.ParseTextQuery(s)
		if err != nil {
			return "", err
		}
		return string(q.AppendText(nil)), nil
	})
)

// vectorFloats reads numbers as C's strtof does and prints them in the fewest digits.
var vectorFloats = vector.Floats{
	Scan:   scanFloat4,
	Append: func(dst []byte, v float32) []byte { return AppendFloat(dst, float64(v), 32, 0) },
}

// scanFloat4 reads a number at the start of s, blanks not skipped; over: it is too large.
func scanFloat4(s string) (v float32, n int, over bool) {
	sign := input.SkipSign(s)
	body := s[sign:]
	if n, hex := floatPrefix(body); n > 0 {
		text := s[:sign+n]
		if hex && !strings.ContainsAny(text, "pP") {
			text += "p0"
		}
		f, err := strconv.ParseFloat(text, 32)
		return float32(f), sign + n, err != nil && math.IsInf(f, 0)
	}
	for _, word := range [...]string{"infinity", "inf", "nan"} {
		if len(body) < len(word) || !strings.EqualFold(body[:len(word)], word) {
			continue
		}
		f := math.Inf(1)
		switch {
		case word == "nan":
			f = math.NaN()
		case s[0] == '-':
			f = -f
		}
		return float32(f), sign + len(word), false
	}
	return 0, 0, false
}

func denseCodec(t *vector.Dense) *codec {
	return &codec{
		out:  func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return vector.AppendText(dst, d, vectorFloats) },
		in:   func(_ *Type, s string, mod int32, _ *Env) (Datum, error) { return t.Parse(s, mod, vectorFloats) },
		send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return t.AppendBinary(dst, d) },
		recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) { return t.ParseBinary(b, mod) },
	}
}

var sparseCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		return vector.AppendSparseText(dst, d, vectorFloats)
	},
	in: func(_ *Type, s string, mod int32, _ *Env) (Datum, error) {
		return vector.ParseSparse(s, mod, vectorFloats)
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return vector.AppendSparseBinary(dst, d) },
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) { return vector.ParseSparseBinary(b, mod) },
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

// ExtensionTypmod is MakeTypmod for a type of an extension: those of pgvector have a length.
func ExtensionTypmod(t *Type, args []int32) (int32, error) { return vector.MakeMod(t.Name, args) }
