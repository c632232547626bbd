// Package pgtext prints values as PostgreSQL does, for string columns of Delta tables: DateStyle ISO, IntervalStyle iso_8601, TimeZone UTC,
// extra_float_digits 1 and bytea_output hex (manual, chapter 8), which no session can change. It knows types by their OIDs and the notes
// of the log's schemas alone.
package pgtext

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// Type OIDs that choose between types of one Kind (pg_type).
const (
	OIDBool, OIDBytea, OIDChar, OIDInt8, OIDInt2, OIDInt4, OIDOid         = 16, 17, 18, 20, 21, 23, 26
	OIDJSON, OIDXID, OIDCID, OIDTID, OIDFloat4, OIDFloat8, OIDMoney       = 114, 28, 29, 27, 700, 701, 790
	OIDDate, OIDTime, OIDTimestamp, OIDTimestampTZ, OIDTimeTZ, OIDNumeric = 1082, 1083, 1114, 1184, 1266, 1700
	OIDBit, OIDVarBit, OIDXID8, OIDPgLSN, OIDXML                          = 1560, 1562, 5069, 3220, 142
)

// Days and microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
const (
	EpochDays   = 10957
	EpochMicros = EpochDays * 86400 * 1000000
)

const (
	DateInfinity      = math.MaxInt32
	DateNegInfinity   = math.MinInt32
	TimestampInfinity = math.MaxInt64
	TimestampNegInf   = math.MinInt64
)

// Printer writes values as texts. What it knows of users' types comes from the Schema that the values were written under.
type Printer struct {
	labels map[uint32]map[float64]string // of enums
	bases  map[uint32]uint32             // of domains
}

// New makes the printer of the values that were written under a schema.
func New(s *change.Schema) (*Printer, error) {
	notes, err := s.TypeNotes()
	if err != nil {
		return nil, err
	}
	p := &Printer{labels: map[uint32]map[float64]string{}, bases: map[uint32]uint32{}}
	for oid, n := range notes {
		if n.Base != 0 {
			p.bases[oid] = n.Base
			continue
		}
		p.labels[oid] = map[float64]string{}
		for _, l := range n.Labels {
			p.labels[oid][float64(l.Sort)] = l.Name
		}
	}
	return p, nil
}

// base is the type that a domain is over, or the type itself.
func (p *Printer) base(oid uint32) uint32 {
	if b, ok := p.bases[oid]; ok {
		return b
	}
	return oid
}

// IsText reports whether the values of a kind are texts as they are.
func IsText(k tuple.Kind) bool {
	return k == tuple.KindText || k == tuple.KindBpchar || k == tuple.KindJSONB || k == tuple.KindFolded
}

// Prints reports whether the text of the type's values is known here. Values inside of records and ranges say of which
// type they are.
func (p *Printer) Prints(oid uint32, kind tuple.Kind) bool {
	oid = p.base(oid)
	switch {
	case p.labels[oid] != nil, IsText(kind):
		return true
	case kind == tuple.KindBytes:
		return Own(oid) || bytesText[oid] != nil
	case kind == tuple.KindKeyed:
		return oid == OIDTSQuery
	case kind == tuple.KindArray, kind == tuple.KindRecord, kind == tuple.KindRange, kind == tuple.KindMultirange:
		return true
	}
	return kind.Valid() && oid < FirstUserOID // what a number of another type means is not known here
}

// FirstUserOID: types from there on are extensions' and users'.
const FirstUserOID = 14000

// Extends reports that whatever old prints p prints too, and the same.
func (p *Printer) Extends(old *Printer) bool {
	for oid, was := range old.labels {
		for sort, name := range was {
			if is, ok := p.labels[oid]; ok && is[sort] != name {
				return false
			}
		}
	}
	return true
}

// Equal reports that both print the same.
func (p *Printer) Equal(q *Printer) bool {
	return maps.Equal(p.bases, q.bases) && maps.EqualFunc(p.labels, q.labels, maps.Equal)
}

// Append appends the text of a value.
func (p *Printer) Append(dst []byte, oid uint32, kind tuple.Kind, v tuple.Value) []byte {
	if oid >= FirstUserOID {
		oid = p.base(oid)
		if labels, ok := p.labels[oid]; ok {
			return append(dst, labels[v.Float()]...)
		}
	}
	switch kind {
	case tuple.KindBool:
		if v.Bool() {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case tuple.KindInt8:
		// "char" is a byte: none is the empty string, and one that is not ASCII is escaped, as from PostgreSQL 16 on.
		switch c := byte(v.Int()); {
		case c == 0:
			return dst
		case c < 0x80:
			return append(dst, c)
		default:
			return append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		}
	case tuple.KindInt16:
		return strconv.AppendInt(dst, v.Int(), 10)
	case tuple.KindInt32:
		if oid == OIDDate {
			return appendDate(dst, v.Int())
		}
		return strconv.AppendInt(dst, v.Int(), 10)
	case tuple.KindInt64:
		switch oid {
		case OIDTime:
			return appendTime(dst, v.Int())
		case OIDTimestamp:
			return appendTimestamp(dst, v.Int(), false)
		case OIDTimestampTZ:
			return appendTimestamp(dst, v.Int(), true)
		case OIDMoney:
			return appendMoney(dst, v.Int())
		}
		return strconv.AppendInt(dst, v.Int(), 10)
	case tuple.KindUint32:
		return strconv.AppendUint(dst, v.Uint(), 10)
	case tuple.KindUint64:
		switch oid {
		case OIDPgLSN:
			dst = append(dst, strings.ToUpper(strconv.FormatUint(v.Uint()>>32, 16))...)
			dst = append(dst, '/')
			return append(dst, strings.ToUpper(strconv.FormatUint(v.Uint()&math.MaxUint32, 16))...)
		case OIDTID:
			dst = strconv.AppendUint(append(dst, '('), v.Uint()>>16, 10)
			dst = strconv.AppendUint(append(dst, ','), v.Uint()&0xffff, 10)
			return append(dst, ')')
		}
		return strconv.AppendUint(dst, v.Uint(), 10)
	case tuple.KindFloat32:
		return appendFloat(dst, v.Float(), 32)
	case tuple.KindFloat64:
		return appendFloat(dst, v.Float(), 64)
	case tuple.KindNumeric:
		return tuple.Numeric(v.Bytes()).AppendText(dst)
	case tuple.KindUUID:
		return appendUUID(dst, v.Bytes())
	case tuple.KindTimeTZ:
		return appendTimeTZ(dst, v.Bytes())
	case tuple.KindInterval:
		return appendInterval(dst, v.Bytes())
	case tuple.KindArray:
		switch oid {
		case OIDVector, OIDHalfvec:
			return appendVector(dst, tuple.Array(v.Bytes()))
		case OIDInt2Vector, OIDOidVector:
			return appendNumberList(dst, tuple.Array(v.Bytes()))
		}
		return p.array(dst, tuple.Array(v.Bytes()))
	case tuple.KindRecord:
		return p.record(dst, tuple.Record(v.Bytes()))
	case tuple.KindRange:
		return p.span(dst, tuple.Range(v.Bytes()))
	case tuple.KindMultirange:
		return p.spans(dst, tuple.Array(v.Bytes()))
	case tuple.KindBytes:
		return bytesValue(dst, oid, v)
	case tuple.KindKeyed:
		return appendTSQuery(dst, v.Bytes())
	}
	return append(dst, v.Bytes()...)
}

// appendFloat switches to an exponent where PostgreSQL does: below 1e-4, and from as many digits on as the type holds.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	digits := 15
	if bits == 32 {
		digits = 6
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	e := start + strings.LastIndexByte(string(dst[start:]), 'e')
	exp, _ := strconv.Atoi(string(dst[e+1:]))
	if exp >= -4 && exp < digits {
		dst = strconv.AppendFloat(dst[:start], f, 'f', -1, bits)
	}
	return dst
}

func appendPadded(dst []byte, n int64, width int) []byte {
	s := strconv.FormatInt(n, 10)
	for i := len(s); i < width; i++ {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}

// civil is proleptic Gregorian; time.Time has it for all years that PostgreSQL knows.
func appendCivil(dst []byte, days int64) (_ []byte, bc bool) {
	t := time.Unix((days+EpochDays)*86400, 0).UTC()
	y := int64(t.Year())
	if bc = y <= 0; bc {
		y = 1 - y
	}
	dst = append(appendPadded(dst, y, 4), '-')
	dst = append(appendPadded(dst, int64(t.Month()), 2), '-')
	return appendPadded(dst, int64(t.Day()), 2), bc
}

func appendDate(dst []byte, days int64) []byte {
	switch days {
	case DateInfinity:
		return append(dst, "infinity"...)
	case DateNegInfinity:
		return append(dst, "-infinity"...)
	}
	dst, bc := appendCivil(dst, days)
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

func appendTime(dst []byte, us int64) []byte {
	dst = append(appendPadded(dst, us/3600000000, 2), ':')
	dst = append(appendPadded(dst, us/60000000%60, 2), ':')
	dst = appendPadded(dst, us/1000000%60, 2)
	return appendFraction(dst, us%1000000)
}

func appendFraction(dst []byte, us int64) []byte {
	if us == 0 {
		return dst
	}
	dst = appendPadded(append(dst, '.'), us, 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

func appendTimestamp(dst []byte, us int64, tz bool) []byte {
	switch us {
	case TimestampInfinity:
		return append(dst, "infinity"...)
	case TimestampNegInf:
		return append(dst, "-infinity"...)
	}
	const day = 86400 * 1000000
	days, rest := us/day, us%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	dst, bc := appendCivil(dst, days)
	dst = appendTime(append(dst, ' '), rest)
	if tz {
		dst = append(dst, "+00"...)
	}
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

func appendTimeTZ(dst []byte, b []byte) []byte {
	dst = appendTime(dst, int64(binary.LittleEndian.Uint64(b)))
	west := int64(int32(binary.LittleEndian.Uint32(b[8:])))
	sign := byte('-')
	if west <= 0 {
		sign, west = '+', -west
	}
	dst = appendPadded(append(dst, sign), west/3600, 2)
	if m, s := west/60%60, west%60; m != 0 || s != 0 {
		dst = appendPadded(append(dst, ':'), m, 2)
		if s != 0 {
			dst = appendPadded(append(dst, ':'), s, 2)
		}
	}
	return dst
}

// appendInterval writes ISO 8601 with designators; each field has its own sign.
func appendInterval(dst []byte, b []byte) []byte {
	us := int64(binary.LittleEndian.Uint64(b))
	days, months := int64(int32(binary.LittleEndian.Uint32(b[8:]))), int64(int32(binary.LittleEndian.Uint32(b[12:])))
	if us == 0 && days == 0 && months == 0 {
		return append(dst, "PT0S"...)
	}
	unit := func(n int64, c byte) {
		if n != 0 {
			dst = append(strconv.AppendInt(dst, n, 10), c)
		}
	}
	dst = append(dst, 'P')
	unit(months/12, 'Y')
	unit(months%12, 'M')
	unit(days, 'D')
	if us == 0 {
		return dst
	}
	dst = append(dst, 'T')
	unit(us/3600000000, 'H')
	unit(us/60000000%60, 'M')
	if s := us % 60000000; s != 0 {
		if s < 0 {
			dst, s = append(dst, '-'), -s
		}
		dst = strconv.AppendInt(dst, s/1000000, 10)
		dst = append(appendFraction(dst, s%1000000), 'S')
	}
	return dst
}

func appendUUID(dst []byte, b []byte) []byte {
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:16]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// appendMoney writes the form of lc_monetary = C.
func appendMoney(dst []byte, cents int64) []byte {
	u := uint64(cents)
	if cents < 0 {
		dst, u = append(dst, '-'), -u
	}
	dst = append(dst, '$')
	whole := strconv.FormatUint(u/100, 10)
	for i, c := range []byte(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c)
	}
	return appendPadded(append(dst, '.'), int64(u%100), 2)
}

func (p *Printer) array(dst []byte, a tuple.Array) []byte {
	n := a.NumDims()
	if n == 0 {
		return append(dst, "{}"...)
	}
	dims := a.Dims(nil)
	for _, d := range dims {
		if d.Lower == 1 {
			continue
		}
		for _, d := range dims {
			dst = strconv.AppendInt(append(dst, '['), int64(d.Lower), 10)
			dst = strconv.AppendInt(append(dst, ':'), int64(d.Lower+d.Len-1), 10)
			dst = append(dst, ']')
		}
		dst = append(dst, '=')
		break
	}
	elems := a.Elems(nil)
	var walk func(dim int)
	walk = func(dim int) {
		dst = append(dst, '{')
		for i := range dims[dim].Len {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dim+1 < n {
				walk(dim + 1)
				continue
			}
			if elems[0].IsNull() {
				dst = append(dst, "NULL"...)
			} else {
				dst = appendQuoted(dst, string(p.Append(nil, a.ElemOID(), a.ElemKind(), elems[0])), `{},"\`, true)
			}
			elems = elems[1:]
		}
		dst = append(dst, '}')
	}
	walk(0)
	return dst
}

func (p *Printer) record(dst []byte, r tuple.Record) []byte {
	dst = append(dst, '(')
	for i := range r.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if f := r.Field(i); !f.Value.IsNull() {
			dst = appendQuoted(dst, string(p.Append(nil, f.OID, f.Kind, f.Value)), `(),"\`, false)
		}
	}
	return append(dst, ')')
}

func (p *Printer) span(dst []byte, r tuple.Range) []byte {
	if r.Empty() {
		return append(dst, "empty"...)
	}
	lower, upper := r.Lower(), r.Upper()
	bound := func(b tuple.Bound) {
		if !b.Infinite {
			dst = appendQuoted(dst, string(p.Append(nil, r.Subtype(), r.Kind(), b.Value)), `()[],"\`, false)
		}
	}
	open, end := byte('('), byte(')')
	if lower.Inclusive {
		open = '['
	}
	if upper.Inclusive {
		end = ']'
	}
	dst = append(dst, open)
	bound(lower)
	dst = append(dst, ',')
	bound(upper)
	return append(dst, end)
}

func (p *Printer) spans(dst []byte, a tuple.Array) []byte {
	dst = append(dst, '{')
	for i := range a.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = p.span(dst, tuple.Range(a.Elem(i).Bytes()))
	}
	return append(dst, '}')
}

// appendQuoted quotes a part of an array (quote inside with a backslash), a record or a range (with itself) where PostgreSQL
// does.
func appendQuoted(dst []byte, s, special string, array bool) []byte {
	if s != "" && !strings.ContainsAny(s, special+" \t\n\r\v\f") && !(array && strings.EqualFold(s, "null")) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for _, c := range []byte(s) {
		if c == '"' || c == '\\' {
			if array {
				dst = append(dst, '\\')
			} else {
				dst = append(dst, c)
			}
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
