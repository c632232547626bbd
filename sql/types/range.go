package types

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/span"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// rangeCodec is every range type: a range's bounds are printed and read by its subtype. multirangeCodec is every
// multirange type, whose ranges are printed and read by its range type.
var (
	rangeCodec      = &codec{out: rangeOut, in: rangeIn, send: rangeSend, recv: rangeRecv}
	multirangeCodec = &codec{out: multirangeOut, in: multirangeIn, send: multirangeSend, recv: multirangeRecv}
)

// Canonical functions of the discrete built-in range types (pg_range.rngcanonical).
const (
	int4RangeCanonical OID = 3914
	dateRangeCanonical OID = 3915
	int8RangeCanonical OID = 3928
)

// Space is what a range type ranges over. A multirange type has its range type's.
func (t *Type) Space(env *Env) (span.Space, error) {
	r := t
	if t.TypType == TypeMultirange {
		var err error
		if r, err = env.typeOrErr(t.Range); err != nil {
			return span.Space{}, err
		}
	}
	sub, err := env.typeOrErr(r.Subtype)
	if err != nil {
		return span.Space{}, err
	}
	s := span.Space{Kind: sub.Kind, Subtype: sub.OID}
	switch r.Canonical {
	case 0:
	case int4RangeCanonical:
		s.Next = func(v Datum) (Datum, error) {
			if v.Int() == math.MaxInt32 {
				return Null, pgerr.New(pgerr.NumericValueOutOfRange, "integer out of range")
			}
			return tuple.Int(v.Int() + 1), nil
		}
	case int8RangeCanonical:
		s.Next = func(v Datum) (Datum, error) {
			if v.Int() == math.MaxInt64 {
				return Null, pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
			}
			return tuple.Int(v.Int() + 1), nil
		}
	case dateRangeCanonical:
		s.Next = func(v Datum) (Datum, error) {
			next, err := temporal.DateAddDays(v.Int(), 1)
			return tuple.Int(next), err
		}
	default:
		return s, pgerr.Unsupported("canonical function of type " + TypeName(r.OID, env))
	}
	return s, nil
}

func rangeOut(t *Type, dst []byte, d Datum, env *Env) []byte {
	r := span.Of(d)
	if r.Empty {
		return append(dst, "empty"...)
	}
	sub := env.Type(t.Subtype)
	if sub == nil {
		return dst
	}
	bound := func(b tuple.Bound) {
		if !b.Infinite {
			start := len(dst)
			dst = sub.AppendText(dst, b.Value, env)
			dst = quoteBound(dst, start)
		}
	}
	dst = append(dst, pick(r.Lower.Inclusive, '[', '('))
	bound(r.Lower)
	dst = append(dst, ',')
	bound(r.Upper)
	return append(dst, pick(r.Upper.Inclusive, ']', ')'))
}

func pick(yes bool, a, b byte) byte {
	if yes {
		return a
	}
	return b
}

// quoteBound puts dst[start:] in double quotes if range syntax would read it differently. Quotes and backslashes are
// doubled.
func quoteBound(dst []byte, start int) []byte {
	s := dst[start:]
	if len(s) != 0 && !strings.ContainsAny(input.String(s), "\"\\()[], \t\n\v\f\r") {
		return dst
	}
	text := string(s)
	dst = append(dst[:start], '"')
	for i := range len(text) {
		if text[i] == '"' || text[i] == '\\' {
			dst = append(dst, text[i])
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

const emptyLiteral = "empty"

func hasEmptyPrefix(s string) bool {
	return len(s) >= len(emptyLiteral) && strings.EqualFold(s[:len(emptyLiteral)], emptyLiteral)
}

func rangeIn(t *Type, s string, mod int32, env *Env) (Datum, error) {
	space, err := t.Space(env)
	if err != nil {
		return Null, err
	}
	malformed := func(detail string) error {
		return pgerr.New(pgerr.InvalidTextRepresentation, "malformed range literal: \"%s\"", s).WithDetail("%s", detail)
	}
	rest := input.TrimLeft(s)
	if hasEmptyPrefix(rest) {
		if input.TrimLeft(rest[len(emptyLiteral):]) != "" {
			return Null, malformed("Junk after \"empty\" key word.")
		}
		return space.Pack(span.Range{Empty: true}), nil
	}
	if rest == "" || rest[0] != '[' && rest[0] != '(' {
		return Null, malformed("Missing left parenthesis or bracket.")
	}
	lower := tuple.Bound{Inclusive: rest[0] == '[', Lower: true}
	low, rest, ok := readBound(rest[1:], &lower)
	if !ok {
		return Null, malformed("Unexpected end of input.")
	}
	if rest[0] != ',' {
		return Null, malformed("Missing comma after lower bound.")
	}
	upper := tuple.Bound{}
	high, rest, ok := readBound(rest[1:], &upper)
	if !ok {
		return Null, malformed("Unexpected end of input.")
	}
	if rest[0] == ',' {
		return Null, malformed("Too many commas.")
	}
	upper.Inclusive = rest[0] == ']'
	if input.TrimLeft(rest[1:]) != "" {
		return Null, malformed("Junk after right parenthesis or bracket.")
	}
	sub, err := env.typeOrErr(t.Subtype)
	if err != nil {
		return Null, err
	}
	if !lower.Infinite {
		if lower.Value, err = sub.ParseText(low, mod, env); err != nil {
			return Null, err
		}
	}
	if !upper.Infinite {
		if upper.Value, err = sub.ParseText(high, mod, env); err != nil {
			return Null, err
		}
	}
	return makeRange(space, lower, upper)
}

func makeRange(space span.Space, lower, upper tuple.Bound) (Datum, error) {
	r, err := space.Make(lower, upper)
	if err != nil {
		return Null, err
	}
	return space.Pack(r), nil
}

// readBound reads up to a comma or closing bracket outside of quotes; what follows begins with it. ok is false if the
// text ends first.
func readBound(s string, b *tuple.Bound) (text, rest string, ok bool) {
	if s != "" && (s[0] == ',' || s[0] == ')' || s[0] == ']') {
		b.Infinite = true
		return "", s, true
	}
	var buf []byte
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case !quoted && (c == ',' || c == ')' || c == ']'):
			return string(buf), s[i:], true
		case c == '\\':
			if i++; i == len(s) {
				return "", "", false
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
	return "", "", false
}

// Flags of a range's binary form (rangetypes.h).
const (
	rangeFlagEmpty    = 0x01
	rangeFlagLowerInc = 0x02
	rangeFlagUpperInc = 0x04
	rangeFlagLowerInf = 0x08
	rangeFlagUpperInf = 0x10
)

// rangeSend: flags, then {length, bytes} per bound that is there.
func rangeSend(t *Type, dst []byte, d Datum, env *Env) []byte {
	r := span.Of(d)
	if r.Empty {
		return append(dst, rangeFlagEmpty)
	}
	at := len(dst)
	dst = append(dst, 0)
	sub := env.Type(t.Subtype)
	for _, b := range [...]struct {
		tuple.Bound
		inc, inf byte
	}{{r.Lower, rangeFlagLowerInc, rangeFlagLowerInf}, {r.Upper, rangeFlagUpperInc, rangeFlagUpperInf}} {
		switch {
		case b.Infinite:
			dst[at] |= b.inf
			continue
		case b.Inclusive:
			dst[at] |= b.inc
		}
		if sub != nil {
			dst = appendSized(dst, sub, b.Value, env)
		}
	}
	return dst
}

func rangeRecv(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
	space, err := t.Space(env)
	if err != nil {
		return Null, err
	}
	sub, err := env.typeOrErr(t.Subtype)
	if err != nil {
		return Null, err
	}
	r := binReader{b: b}
	head := r.take(1)
	if head == nil {
		return Null, input.Short()
	}
	flags := head[0]
	bound := func(inf, inc byte) (tuple.Bound, error) {
		out := tuple.Bound{Infinite: flags&inf != 0, Inclusive: flags&inc != 0}
		if out.Infinite || flags&rangeFlagEmpty != 0 {
			return out, nil
		}
		field := r.take(int(r.uint32()))
		if r.short {
			return out, input.Short()
		}
		var err error
		out.Value, err = sub.ParseBinary(field, mod, env)
		return out, err
	}
	lower, err := bound(rangeFlagLowerInf, rangeFlagLowerInc)
	if err != nil {
		return Null, err
	}
	upper, err := bound(rangeFlagUpperInf, rangeFlagUpperInc)
	if err != nil {
		return Null, err
	}
	if len(r.b) > 0 {
		return Null, pgerr.New(pgerr.ProtocolViolation, "invalid message format")
	}
	if flags&rangeFlagEmpty != 0 {
		return space.Pack(span.Range{Empty: true}), nil
	}
	return makeRange(space, lower, upper)
}

func multirangeOut(t *Type, dst []byte, d Datum, env *Env) []byte {
	a, rng := tuple.Array(d.Bytes()), env.Type(t.Range)
	dst = append(dst, '{')
	for i := range a.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if rng != nil {
			dst = rng.AppendText(dst, a.Elem(i), env)
		}
	}
	return append(dst, '}')
}

func multirangeIn(t *Type, s string, mod int32, env *Env) (Datum, error) {
	malformed := func(detail string) error {
		return pgerr.New(pgerr.InvalidTextRepresentation, "malformed multirange literal: \"%s\"", s).WithDetail("%s", detail)
	}
	rng, err := env.typeOrErr(t.Range)
	if err != nil {
		return Null, err
	}
	rest := input.TrimLeft(s)
	if !strings.HasPrefix(rest, "{") {
		return Null, malformed("Missing left brace.")
	}
	rest = input.TrimLeft(rest[1:])
	var ranges []Datum
	for seen := 0; ; seen++ {
		if rest == "" {
			return Null, malformed("Unexpected end of input.")
		}
		if rest[0] == '}' && seen == 0 {
			break
		}
		switch {
		case hasEmptyPrefix(rest):
			rest = rest[len(emptyLiteral):]
		case rest[0] != '[' && rest[0] != '(':
			return Null, malformed("Expected range start.")
		default:
			n := rangeLiteralLen(rest)
			if n < 0 {
				return Null, malformed("Unexpected end of input.")
			}
			d, err := rng.ParseText(rest[:n], mod, env)
			if err != nil {
				return Null, err
			}
			ranges = append(ranges, d)
			rest = rest[n:]
		}
		if rest = input.TrimLeft(rest); rest == "" {
			return Null, malformed("Unexpected end of input.")
		}
		if rest[0] == '}' {
			break
		}
		if rest[0] != ',' {
			return Null, malformed("Expected comma or end of multirange.")
		}
		rest = input.TrimLeft(rest[1:])
	}
	if input.TrimLeft(rest[1:]) != "" {
		return Null, malformed("Junk after closing right brace.")
	}
	return MakeMultirange(t, ranges, env)
}

// rangeLiteralLen is the size of the range that s begins with; -1 if it does not end.
func rangeLiteralLen(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			for i++; i < len(s) && input.IsSpace(s[i]); i++ { // a blank is skipped before the state is looked at
			}
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ']' || c == ')'):
			return i + 1
		}
	}
	return -1
}

// MakeMultirange puts ranges together as the multirange type t.
func MakeMultirange(t *Type, ranges []Datum, env *Env) (Datum, error) {
	space, err := t.Space(env)
	if err != nil {
		return Null, err
	}
	rs := make([]span.Range, len(ranges))
	for i, d := range ranges {
		rs[i] = span.Of(d)
	}
	return space.PackMulti(t.Range, space.MakeMulti(rs)), nil
}

// multirangeSend: number of ranges, then {length, bytes} per range.
func multirangeSend(t *Type, dst []byte, d Datum, env *Env) []byte {
	a, rng := tuple.Array(d.Bytes()), env.Type(t.Range)
	dst = binary.BigEndian.AppendUint32(dst, uint32(a.Len()))
	for i := range a.Len() {
		if rng != nil {
			dst = appendSized(dst, rng, a.Elem(i), env)
		}
	}
	return dst
}

func multirangeRecv(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
	rng, err := env.typeOrErr(t.Range)
	if err != nil {
		return Null, err
	}
	r := binReader{b: b}
	n := int(int32(r.uint32()))
	if r.short || n > len(r.b)/4 {
		return Null, input.Short()
	}
	if n < 0 {
		return Null, pgerr.New(pgerr.InvalidParameterValue, "invalid memory alloc request size %d", uint64(n)*8)
	}
	ranges := make([]Datum, n)
	for i := range ranges {
		field := r.take(int(r.uint32()))
		if r.short {
			return Null, input.Short()
		}
		if ranges[i], err = rng.ParseBinary(field, mod, env); err != nil {
			return Null, err
		}
	}
	if len(r.b) > 0 {
		return Null, pgerr.New(pgerr.ProtocolViolation, "invalid message format")
	}
	return MakeMultirange(t, ranges, env)
}
