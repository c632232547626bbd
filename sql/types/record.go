package types

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

var recordCodec = &codec{out: recordOut, in: recordIn, send: recordSend, recv: recordRecv}

// RowWidthError says that a record has another number of fields than the query declares for it (42804, tupledesc_match).
func RowWidthError(got, want int) error {
	word := "attributes"
	if got == 1 {
		word = "attribute"
	}
	return rowMismatch().WithDetail("Returned row contains %d %s, but query expects %d.", got, word, want)
}

// RowFieldError says that field i of a record, counted from 0, has another type than the query declares (42804).
func RowFieldError(i int, got, want OID, env *Env) error {
	return rowMismatch().WithDetail("Returned type %s at ordinal position %d, but query expects %s.", FormatType(got, -1, env), i+1, FormatType(want, -1, env))
}

func rowMismatch() *pgerr.Error {
	return pgerr.New(pgerr.DatatypeMismatch, "function return row and query-specified return row do not match")
}

// MakeRecord packs a record of values of the given types.
func MakeRecord(ts []*Type, vals []Datum) Datum { return MakeNamedRecord(ts, nil, vals) }

// MakeNamedRecord packs a record of an anonymous type, which tells the names of its fields itself.
func MakeNamedRecord(ts []*Type, names tuple.FieldNames, vals []Datum) Datum {
	var buf [16]tuple.Field
	fields := buf[:0]
	for i, t := range ts {
		fields = append(fields, tuple.Field{OID: t.OID, Kind: t.Kind, Value: vals[i]})
	}
	return tuple.Bytes(tuple.AppendNamedRecord(nil, fields, names))
}

// AttrNames are the packed names of fields.
func AttrNames(attrs []Attr) tuple.FieldNames {
	names := make([]string, len(attrs))
	for i, a := range attrs {
		names[i] = a.Name
	}
	return tuple.PackFieldNames(names)
}

// RecordAttrs are the fields of a record of an anonymous type.
func RecordAttrs(r tuple.Record) []Attr {
	out, names := make([]Attr, r.Len()), r.Names()
	for i := range out {
		name := []byte("f" + strconv.Itoa(i+1))
		if names != nil {
			name, names = names.Next()
		}
		out[i] = Attr{Name: string(name), Type: r.Field(i).OID, Mod: -1}
	}
	return out
}

// recordOut prints the fields; a value from before fields were added to its type has NULL for them.
func recordOut(t *Type, dst []byte, d Datum, env *Env) []byte {
	r := tuple.Record(d.Bytes())
	dst = append(dst, '(')
	for i := range r.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		f := r.Field(i)
		if f.Value.IsNull() {
			continue
		}
		ft := env.Type(f.OID)
		if ft == nil {
			continue
		}
		start := len(dst)
		dst = ft.AppendText(dst, f.Value, env)
		dst = quoteField(dst, start)
	}
	for i := r.Len(); i < len(t.Attrs); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
	}
	return append(dst, ')')
}

// quoteField puts dst[start:] in double quotes if record syntax would read it differently. Quotes and backslashes are
// doubled.
func quoteField(dst []byte, start int) []byte {
	doubles, quote := 0, len(dst) == start
	for _, c := range dst[start:] {
		switch {
		case c == '"' || c == '\\':
			doubles++
		case c == '(' || c == ')' || c == ',' || input.IsSpace(c):
			quote = true
		}
	}
	if !quote && doubles == 0 {
		return dst
	}
	end := len(dst)
	for range doubles + 2 {
		dst = append(dst, '"')
	}
	w := len(dst) - 2
	for r := end - 1; r >= start; r-- {
		dst[w] = dst[r]
		w--
		if dst[r] == '"' || dst[r] == '\\' {
			dst[w] = dst[r]
			w--
		}
	}
	dst[start] = '"'
	return dst
}

func recordIn(t *Type, s string, _ int32, env *Env) (Datum, error) {
	if t.TypType != TypeComposite {
		return Null, pgerr.New(pgerr.FeatureNotSupported, "input of anonymous composite types is not implemented")
	}
	malformed := func(detail string) error {
		return pgerr.New(pgerr.InvalidTextRepresentation, "malformed record literal: \"%s\"", s).WithDetail("%s", detail)
	}
	rest := input.TrimLeft(s)
	if !strings.HasPrefix(rest, "(") {
		return Null, malformed("Missing left parenthesis.")
	}
	rest = rest[1:]
	fields := make([]tuple.Field, len(t.Attrs))
	var buf []byte
	for i, a := range t.Attrs {
		if i > 0 {
			if !strings.HasPrefix(rest, ",") {
				return Null, malformed("Too few columns.")
			}
			rest = rest[1:]
		}
		at, err := env.typeOrErr(a.Type)
		if err != nil {
			return Null, err
		}
		fields[i] = tuple.Field{OID: at.OID, Kind: at.Kind, Value: Null}
		if rest != "" && (rest[0] == ',' || rest[0] == ')') {
			if err := at.CheckNull(env); err != nil {
				return Null, err
			}
			continue
		}
		n := 0
		if buf, n = readField(buf[:0], rest); n < 0 {
			return Null, malformed("Unexpected end of input.")
		}
		rest = rest[n:]
		if fields[i].Value, err = at.ParseText(string(buf), a.Mod, env); err != nil {
			return Null, err
		}
	}
	if !strings.HasPrefix(rest, ")") {
		if rest == "" && len(t.Attrs) == 0 {
			return Null, malformed("Too many columns.")
		}
		return Null, malformed("Too many columns.")
	}
	if input.TrimLeft(rest[1:]) != "" {
		return Null, malformed("Junk after right parenthesis.")
	}
	return tuple.Bytes(tuple.AppendRecord(nil, fields)), nil
}

// readField reads up to a comma or parenthesis outside of quotes; -1 if the text ends first.
func readField(buf []byte, s string) ([]byte, int) {
	quoted := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case !quoted && (c == ',' || c == ')'):
			return buf, i
		case c == '\\':
			i++
			if i == len(s) {
				return buf, -1
			}
			buf = append(buf, s[i])
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			buf = append(buf, '"')
			i++
		case c == '"':
			quoted = !quoted
		default:
			buf = append(buf, c)
		}
	}
	return buf, -1
}

// recordSend: number of fields, then {type OID, length, bytes} per field.
func recordSend(_ *Type, dst []byte, d Datum, env *Env) []byte {
	r := tuple.Record(d.Bytes())
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.Len()))
	for i := range r.Len() {
		f := r.Field(i)
		dst = binary.BigEndian.AppendUint32(dst, f.OID)
		t := env.Type(f.OID)
		if t == nil {
			f.Value = Null
		}
		dst = appendSized(dst, t, f.Value, env)
	}
	return dst
}

func recordRecv(t *Type, b []byte, _ int32, env *Env) (Datum, error) {
	if t.TypType != TypeComposite {
		return Null, pgerr.New(pgerr.FeatureNotSupported, "input of anonymous composite types is not implemented")
	}
	r := binReader{b: b}
	n := int(int32(r.uint32()))
	if r.short {
		return Null, input.Short()
	}
	if n != len(t.Attrs) {
		return Null, pgerr.New(pgerr.DatatypeMismatch, "wrong number of columns: %d, expected %d", n, len(t.Attrs))
	}
	fields := make([]tuple.Field, n)
	for i, a := range t.Attrs {
		at, err := env.typeOrErr(a.Type)
		if err != nil {
			return Null, err
		}
		fields[i] = tuple.Field{OID: at.OID, Kind: at.Kind, Value: Null}
		oid := r.uint32()
		field, null := r.sized()
		if r.short {
			return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "insufficient data left in message")
		}
		if oid != a.Type {
			return Null, pgerr.New(pgerr.DatatypeMismatch, "binary data has type %d (%s) instead of expected %d (%s) in record column %d",
				oid, FormatType(oid, -1, env), a.Type, FormatType(a.Type, -1, env), i+1)
		}
		if null {
			if err := at.CheckNull(env); err != nil {
				return Null, err
			}
			continue
		}
		if fields[i].Value, err = at.ParseBinary(field, a.Mod, env); err != nil {
			return Null, err
		}
	}
	if len(r.b) > 0 {
		return Null, input.Long()
	}
	return tuple.Bytes(tuple.AppendRecord(nil, fields)), nil
}
