// Package queryint is the type query_int of PostgreSQL's contrib module intarray: a boolean expression over integers.
package queryint

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/boolexpr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// An expression is held in postfix order, five bytes a step: 0 and the number (little endian), or the operator and zeros.
const stepSize = 5

const maxNumber = 15 // characters

var grammar = &boolexpr.Grammar[int32]{
	Operand: number,
	Blank:   func(r rune) bool { return r == ' ' },
	Waiting: 16,
	TooMany: func() error { return pgerr.New(pgerr.StatementTooComplex, "statement too complex") },
}

// Parse is bqarr_in.
func Parse(s string) (tuple.Value, error) {
	e, err := boolexpr.Parse(s, grammar)
	if err != nil {
		return tuple.Null, err
	}
	b := make([]byte, 0, stepSize*len(e))
	for _, st := range e {
		b = binary.LittleEndian.AppendUint32(append(b, st.Op), uint32(st.Operand))
	}
	return tuple.Bytes(b), nil
}

// Of is the expression that a value holds.
func Of(d tuple.Value) boolexpr.Expr[int32] {
	b := d.Bytes()
	e := make(boolexpr.Expr[int32], len(b)/stepSize)
	for i := range e {
		e[i] = boolexpr.Step[int32]{Op: b[stepSize*i], Operand: int32(binary.LittleEndian.Uint32(b[stepSize*i+1:]))}
	}
	return e
}

// number reads as C's strtol does with any base: a leading 0 means octal, and the value ends at what is no digit of it.
func number(s string, i int) (int32, int, error) {
	bad := func() (int32, int, error) { return 0, i, pgerr.New(pgerr.SyntaxError, "syntax error") }
	sign := 0
	if i < len(s) && s[i] == '-' {
		sign = 1
	}
	end := input.Skip(s, i+sign, input.IsDigit)
	digits, base := s[i+sign:end], 10
	if end == i || end-i > maxNumber {
		return bad()
	}
	if digits != "" && digits[0] == '0' {
		base = 8
		digits = digits[:input.Skip(digits, 0, func(c byte) bool { return c >= '0' && c <= '7' })]
	}
	v := int64(0)
	if digits != "" {
		var err error
		if v, err = strconv.ParseInt(digits, base, 64); err != nil {
			return bad()
		}
	}
	if sign == 1 {
		v = -v
	}
	if v < math.MinInt32 || v > math.MaxInt32 {
		return bad()
	}
	return int32(v), end, nil
}

// Holds evaluates an expression: a number is true if has says so.
func Holds(d tuple.Value, has func(int32) bool) bool {
	return Of(d).Holds(func(n *int32) bool { return has(*n) })
}

// AppendText is bqarr_out.
func AppendText(dst []byte, d tuple.Value) []byte {
	return Of(d).AppendText(dst, func(dst []byte, n *int32) []byte { return strconv.AppendInt(dst, int64(*n), 10) })
}
