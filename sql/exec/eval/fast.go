package eval

import (
	"bytes"
	"math"
	"math/bits"
	"sync"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// cmpOp is a comparison.
type cmpOp uint8

const (
	opEQ cmpOp = iota + 1
	opNE
	opLT
	opLE
	opGT
	opGE
)

// fastCmp says that a pg_proc row compares two values that are both held like kind.
type fastCmp struct {
	op   cmpOp
	kind tuple.Kind
	coll *collation.Collator // of text; nil: by its bytes
}

// arithOp is integer or float arithmetic that is done here.
type arithOp struct {
	op  byte // + - *
	typ types.OID
}

// fastProcs finds, by pg_proc OID, what is computed without a call. Names are pg_proc.prosrc.
var fastProcs = sync.OnceValue(func() (m struct {
	cmp   map[types.OID]fastCmp
	arith map[types.OID]arithOp
}) {
	m.cmp, m.arith = map[types.OID]fastCmp{}, map[types.OID]arithOp{}
	cmp := map[string]fastCmp{}
	suffix := []string{"eq", "ne", "lt", "le", "gt", "ge"}
	add := func(kind tuple.Kind, prefixes ...string) {
		for _, p := range prefixes {
			for i, s := range suffix {
				cmp[p+s] = fastCmp{op: cmpOp(i + 1), kind: kind}
			}
		}
	}
	add(tuple.KindInt64, "int2", "int4", "int8", "int24", "int42", "int28", "int82", "int48", "int84", "date_", "time_", "timestamp_", "cash_")
	add(tuple.KindUint64, "oid", "bool", "char", "xid8", "pg_lsn_")
	add(tuple.KindFloat64, "float4", "float8", "float48", "float84")
	add(tuple.KindText, "text", "text_", "name", "bytea")
	add(tuple.KindBpchar, "bpchar")
	add(tuple.KindFolded, "citext_")
	add(tuple.KindNumeric, "numeric_")
	add(tuple.KindUUID, "uuid_")
	add(tuple.KindInterval, "interval_")
	add(tuple.KindTimeTZ, "timetz_")
	for _, cross := range []string{"nameeqtext", "texteqname"} {
		cmp[cross] = fastCmp{op: opEQ, kind: tuple.KindText}
	}
	arith := map[string]arithOp{
		"int2pl": {'+', types.Int2}, "int2mi": {'-', types.Int2}, "int2mul": {'*', types.Int2},
		"int4pl": {'+', types.Int4}, "int4mi": {'-', types.Int4}, "int4mul": {'*', types.Int4},
		"int8pl": {'+', types.Int8}, "int8mi": {'-', types.Int8}, "int8mul": {'*', types.Int8},
		"int24pl": {'+', types.Int4}, "int24mi": {'-', types.Int4}, "int24mul": {'*', types.Int4},
		"int42pl": {'+', types.Int4}, "int42mi": {'-', types.Int4}, "int42mul": {'*', types.Int4},
		"int28pl": {'+', types.Int8}, "int28mi": {'-', types.Int8}, "int28mul": {'*', types.Int8},
		"int82pl": {'+', types.Int8}, "int82mi": {'-', types.Int8}, "int82mul": {'*', types.Int8},
		"int48pl": {'+', types.Int8}, "int48mi": {'-', types.Int8}, "int48mul": {'*', types.Int8},
		"int84pl": {'+', types.Int8}, "int84mi": {'-', types.Int8}, "int84mul": {'*', types.Int8},
		"float8pl": {'+', types.Float8}, "float8mi": {'-', types.Float8}, "float8mul": {'*', types.Float8},
	}
	for i, procs := 0, pgdata.Procs(); i < len(procs); i++ {
		p := &procs[i]
		if len(p.ArgTypes) != 2 {
			continue
		}
		if c, ok := cmp[p.Src]; ok && p.RetType == types.Bool {
			m.cmp[p.OID] = c
		}
		if a, ok := arith[p.Src]; ok {
			m.arith[p.OID] = a
		}
	}
	return m
})

// compareProc says how a function compares, if it is a comparison that is done here.
func (b *Builder) compareProc(x *plan.FuncCall) (fastCmp, bool) {
	c, ok := fastProcs().cmp[x.Proc]
	if !ok || c.kind != tuple.KindText && c.kind != tuple.KindBpchar {
		return c, ok
	}
	if x.InputColl == 0 && builtin.NeedsCollation(x.Proc) {
		return fastCmp{}, false
	}
	if c.op > opNE {
		c.coll = b.env.Order(x.InputColl)
	} else {
		c.coll = b.env.Equality(x.InputColl)
	}
	return c, true
}

// EqualityCall says how a function compares values for equality, if it does.
func (b *Builder) EqualityCall(x *plan.FuncCall) (kind tuple.Kind, coll *collation.Collator, ok bool) {
	c, ok := b.compareProc(x)
	return c.kind, c.coll, ok && c.op == opEQ
}

// Equal compiles the equality, under a collation, of two values that are held like kind.
func (b *Builder) Equal(kind tuple.Kind, coll types.OID, x, y Operand) Cond {
	return b.compare(fastCmp{opEQ, kind, b.env.Equality(coll)}, x, y)
}

// fastCompare returns the comparison as a closure; nil if the function is none of those.
func (b *Builder) fastCompare(x *plan.FuncCall, args []Operand) Cond {
	c, ok := b.compareProc(x)
	if !ok || len(args) != 2 {
		return nil
	}
	return b.compare(c, args[0], args[1])
}

func (b *Builder) compare(c fastCmp, x, y Operand) Cond {
	f := &b.run.F
	if x.isSlot() && y.isSlot() && c.coll == nil {
		i, j := x.Slot, y.Slot
		switch c.kind {
		case tuple.KindInt64:
			return compareIntSlots(f, c.op, i, j)
		case tuple.KindText:
			if c.op == opEQ {
				return func() (Tri, error) {
					a, b := f.S[i], f.S[j]
					if a.IsNull() || b.IsNull() {
						return Null, nil
					}
					return Bool(a.Len() == b.Len() && bytes.Equal(a.Bytes(), b.Bytes())), nil
				}
			}
		}
	}
	test := datumTest(c)
	if x.isSlot() && y.isSlot() {
		i, j := x.Slot, y.Slot
		return func() (Tri, error) {
			a, b := f.S[i], f.S[j]
			if a.IsNull() || b.IsNull() {
				return Null, nil
			}
			return Bool(test(a, b)), nil
		}
	}
	ex, ey := x.eval(f), y.eval(f)
	return func() (Tri, error) {
		a, err := ex()
		if err != nil {
			return Null, err
		}
		b, err := ey()
		if err != nil || a.IsNull() || b.IsNull() {
			return Null, err
		}
		return Bool(test(a, b)), nil
	}
}

func compareIntSlots(f *frame.Frame, op cmpOp, i, j int) Cond {
	switch op {
	case opEQ:
		return func() (Tri, error) {
			a, b := f.S[i], f.S[j]
			if a.IsNull() || b.IsNull() {
				return Null, nil
			}
			return Bool(a.Int() == b.Int()), nil
		}
	case opLT:
		return func() (Tri, error) {
			a, b := f.S[i], f.S[j]
			if a.IsNull() || b.IsNull() {
				return Null, nil
			}
			return Bool(a.Int() < b.Int()), nil
		}
	case opLE:
		return func() (Tri, error) {
			a, b := f.S[i], f.S[j]
			if a.IsNull() || b.IsNull() {
				return Null, nil
			}
			return Bool(a.Int() <= b.Int()), nil
		}
	case opGT:
		return compareIntSlots(f, opLT, j, i)
	case opGE:
		return compareIntSlots(f, opLE, j, i)
	}
	return func() (Tri, error) {
		a, b := f.S[i], f.S[j]
		if a.IsNull() || b.IsNull() {
			return Null, nil
		}
		return Bool(a.Int() != b.Int()), nil
	}
}

// datumTest compares two values that are not NULL.
func datumTest(c fastCmp) func(a, b types.Datum) bool {
	kind := c.kind
	if kind == tuple.KindInt64 {
		switch c.op {
		case opEQ:
			return func(a, b types.Datum) bool { return a.Int() == b.Int() }
		case opNE:
			return func(a, b types.Datum) bool { return a.Int() != b.Int() }
		case opLT:
			return func(a, b types.Datum) bool { return a.Int() < b.Int() }
		case opLE:
			return func(a, b types.Datum) bool { return a.Int() <= b.Int() }
		case opGT:
			return func(a, b types.Datum) bool { return a.Int() > b.Int() }
		}
		return func(a, b types.Datum) bool { return a.Int() >= b.Int() }
	}
	if c.coll != nil {
		return collatedTest(c)
	}
	switch c.op {
	case opEQ:
		return func(a, b types.Datum) bool { return types.EqualKind(kind, a, b) }
	case opNE:
		return func(a, b types.Datum) bool { return !types.EqualKind(kind, a, b) }
	case opLT:
		return func(a, b types.Datum) bool { return types.CompareKind(kind, a, b) < 0 }
	case opLE:
		return func(a, b types.Datum) bool { return types.CompareKind(kind, a, b) <= 0 }
	case opGT:
		return func(a, b types.Datum) bool { return types.CompareKind(kind, a, b) > 0 }
	}
	return func(a, b types.Datum) bool { return types.CompareKind(kind, a, b) >= 0 }
}

// fastArith returns the arithmetic as a closure; nil if the function is none of those.
func (b *Builder) fastArith(x *plan.FuncCall, args []Operand) Fn {
	a, ok := fastProcs().arith[x.Proc]
	if !ok || len(args) != 2 {
		return nil
	}
	var op func(a, b types.Datum) (types.Datum, error)
	switch {
	case a.typ == types.Float8:
		op = floatArith(a.op)
	case a.typ == types.Int8:
		op = bigArith(a.op)
	default:
		op = intArith(a.op, a.typ)
	}
	f := &b.run.F
	if args[0].isSlot() && args[1].isSlot() {
		i, j := args[0].Slot, args[1].Slot
		return func() (types.Datum, error) {
			a, b := f.S[i], f.S[j]
			if a.IsNull() || b.IsNull() {
				return types.Null, nil
			}
			return op(a, b)
		}
	}
	ex, ey := args[0].eval(f), args[1].eval(f)
	return func() (types.Datum, error) {
		a, err := ex()
		if err != nil {
			return types.Null, err
		}
		b, err := ey()
		if err != nil || a.IsNull() || b.IsNull() {
			return types.Null, err
		}
		return op(a, b)
	}
}

func intArith(op byte, typ types.OID) func(a, b types.Datum) (types.Datum, error) {
	lo, hi, name := int64(math.MinInt32), int64(math.MaxInt32), "integer"
	if typ == types.Int2 {
		lo, hi, name = math.MinInt16, math.MaxInt16, "smallint"
	}
	check := func(v int64) (types.Datum, error) {
		if v < lo || v > hi {
			return types.Null, outOfRange(name)
		}
		return tuple.Int(v), nil
	}
	switch op {
	case '+':
		return func(a, b types.Datum) (types.Datum, error) { return check(a.Int() + b.Int()) }
	case '-':
		return func(a, b types.Datum) (types.Datum, error) { return check(a.Int() - b.Int()) }
	}
	return func(a, b types.Datum) (types.Datum, error) { return check(a.Int() * b.Int()) }
}

func outOfRange(typ string) error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "%s out of range", typ)
}

func bigArith(op byte) func(a, b types.Datum) (types.Datum, error) {
	switch op {
	case '+':
		return func(a, b types.Datum) (types.Datum, error) {
			x, y := a.Int(), b.Int()
			if z := x + y; (z > x) == (y > 0) {
				return tuple.Int(z), nil
			}
			return types.Null, outOfRange("bigint")
		}
	case '-':
		return func(a, b types.Datum) (types.Datum, error) {
			x, y := a.Int(), b.Int()
			if z := x - y; (z < x) == (y > 0) {
				return tuple.Int(z), nil
			}
			return types.Null, outOfRange("bigint")
		}
	}
	return func(a, b types.Datum) (types.Datum, error) {
		x, y := a.Int(), b.Int()
		hi, lo := bits.Mul64(abs64(x), abs64(y))
		neg := (x < 0) != (y < 0)
		if hi != 0 || lo > math.MaxInt64 && !(neg && lo == 1<<63) {
			return types.Null, outOfRange("bigint")
		}
		if neg {
			return tuple.Int(-int64(lo)), nil
		}
		return tuple.Int(int64(lo)), nil
	}
}

func abs64(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// floatArith raises 22003 where finite operands overflow or a product of non-zero ones vanishes.
func floatArith(op byte) func(a, b types.Datum) (types.Datum, error) {
	return func(a, b types.Datum) (types.Datum, error) {
		x, y := a.Float(), b.Float()
		var z float64
		switch op {
		case '+':
			z = x + y
		case '-':
			z = x - y
		default:
			z = x * y
			if z == 0 && x != 0 && y != 0 {
				return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: underflow")
			}
		}
		if math.IsInf(z, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow")
		}
		return tuple.Float(z), nil
	}
}

// collatedTest is datumTest of text whose bytes do not tell.
func collatedTest(c fastCmp) func(a, b types.Datum) bool {
	equal := func(a, b types.Datum) bool { return types.EqualOrdered(c.coll, c.kind, a, b) }
	compare := func(a, b types.Datum) int { return types.CompareOrdered(c.coll, c.kind, a, b) }
	switch c.op {
	case opEQ:
		return equal
	case opNE:
		return func(a, b types.Datum) bool { return !equal(a, b) }
	case opLT:
		return func(a, b types.Datum) bool { return compare(a, b) < 0 }
	case opLE:
		return func(a, b types.Datum) bool { return compare(a, b) <= 0 }
	case opGT:
		return func(a, b types.Datum) bool { return compare(a, b) > 0 }
	}
	return func(a, b types.Datum) bool { return compare(a, b) >= 0 }
}
