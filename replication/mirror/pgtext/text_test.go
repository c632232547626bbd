package pgtext

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

func intervalValue(us int64, days, months int32) tuple.Value {
	b := binary.LittleEndian.AppendUint64(nil, uint64(us))
	b = binary.LittleEndian.AppendUint32(b, uint32(days))
	return tuple.Bytes(binary.LittleEndian.AppendUint32(b, uint32(months)))
}

func timetz(us int64, west int32) tuple.Value {
	b := binary.LittleEndian.AppendUint64(nil, uint64(us))
	return tuple.Bytes(binary.LittleEndian.AppendUint32(b, uint32(west)))
}

// Each value's text is PostgreSQL's for the expression beside it. With TARN_ORACLE_DSN set the expressions are asked of
// that server.
func TestTextIsPostgreSQLs(t *testing.T) {
	textArr := func(v ...tuple.Value) tuple.Value {
		return tuple.Bytes(tuple.AppendArray(nil, tuple.KindText, 25, []tuple.ArrayDim{{Len: len(v), Lower: 1}}, v))
	}
	const h = 3600000000
	cases := []struct {
		oid  uint32
		kind tuple.Kind
		v    tuple.Value
		sql  string
		want string
	}{
		{OIDFloat8, tuple.KindFloat64, tuple.Float(1e15), "1e15::float8", "1e+15"},
		{OIDFloat8, tuple.KindFloat64, tuple.Float(123456789012345), "123456789012345::float8", "123456789012345"},
		{OIDFloat8, tuple.KindFloat64, tuple.Float(1234567890123456), "1234567890123456::float8", "1.234567890123456e+15"},
		{OIDFloat8, tuple.KindFloat64, tuple.Float(0.0001), "0.0001::float8", "0.0001"},
		{OIDFloat8, tuple.KindFloat64, tuple.Float(0.00001), "0.00001::float8", "1e-05"},
		{OIDFloat8, tuple.KindFloat64, tuple.Float(0.30000000000000004), "0.1::float8+0.2::float8", "0.30000000000000004"},
		{OIDFloat8, tuple.KindFloat64, tuple.Float(math.Copysign(0, -1)), "'-0'::float8", "-0"},
		{OIDFloat8, tuple.KindFloat64, tuple.Float(math.Inf(-1)), "'-inf'::float8", "-Infinity"},
		{OIDFloat4, tuple.KindFloat32, tuple.Float(float64(float32(0.1))), "0.1::float4", "0.1"},
		{OIDFloat4, tuple.KindFloat32, tuple.Float(1e6), "1e6::float4", "1e+06"},
		{OIDFloat4, tuple.KindFloat32, tuple.Float(123456), "123456::float4", "123456"},
		{OIDChar, tuple.KindInt8, tuple.Int('x'), "'x'::\"char\"", "x"},
		{OIDChar, tuple.KindInt8, tuple.Int(0), "''::\"char\"", ""},
		{OIDDate, tuple.KindInt32, tuple.Int(0), "date '2000-01-01'", "2000-01-01"},
		{OIDDate, tuple.KindInt32, tuple.Int(-730120), "date '0001-12-31 BC'", "0001-12-31 BC"},
		{OIDDate, tuple.KindInt32, tuple.Int(DateInfinity), "date 'infinity'", "infinity"},
		{OIDTime, tuple.KindInt64, tuple.Int(86400000000), "time '24:00'", "24:00:00"},
		{OIDTime, tuple.KindInt64, tuple.Int(1500), "time '00:00:00.0015'", "00:00:00.0015"},
		{OIDTimestamp, tuple.KindInt64, tuple.Int(-1), "timestamp '1999-12-31 23:59:59.999999'", "1999-12-31 23:59:59.999999"},
		{OIDTimestamp, tuple.KindInt64, tuple.Int(TimestampNegInf), "timestamp '-infinity'", "-infinity"},
		{OIDTimestampTZ, tuple.KindInt64, tuple.Int(0), "timestamptz '2000-01-01 00:00 UTC'", "2000-01-01 00:00:00+00"},
		{OIDTimeTZ, tuple.KindTimeTZ, timetz(10*h, -19800), "timetz '10:00+05:30'", "10:00:00+05:30"},
		{OIDTimeTZ, tuple.KindTimeTZ, timetz(10*h, 3600), "timetz '10:00-01'", "10:00:00-01"},
		{1186, tuple.KindInterval, intervalValue(0, 0, 0), "interval '0'", "PT0S"},
		{1186, tuple.KindInterval, intervalValue(-500000, 0, 0), "interval '-0.5 s'", "PT-0.5S"},
		{1186, tuple.KindInterval, intervalValue(4*h+300000000+6700000, -3, 14), "interval '1 year 2 mons -3 days 04:05:06.7'", "P1Y2M-3DT4H5M6.7S"},
		{1186, tuple.KindInterval, intervalValue(-25*h-60000000, 0, -13), "interval '-1 year -1 mon -25:01:00'", "P-1Y-1MT-25H-1M"},
		{OIDMoney, tuple.KindInt64, tuple.Int(-123456789), "'-1234567.89'::money", "-$1,234,567.89"},
		{OIDPgLSN, tuple.KindUint64, tuple.Uint(0x1_016B3748), "'1/16B3748'::pg_lsn", "1/16B3748"},
		{2950, tuple.KindUUID, tuple.Bytes([]byte("\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11")), "'a0eebc999c0b4ef8bb6d6bb9bd380a11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{1009, tuple.KindArray, textArr(tuple.String("a"), tuple.String(""), tuple.String("NULL"), tuple.Null, tuple.String(`b"\c`), tuple.String("d e"), tuple.String("f,g")),
			`array['a','','NULL',null,'b"\c','d e','f,g']`, `{a,"","NULL",NULL,"b\"\\c","d e","f,g"}`},
		{1016, tuple.KindArray, tuple.Bytes(tuple.AppendArray(nil, tuple.KindInt64, OIDInt8, []tuple.ArrayDim{{Len: 2, Lower: 0}, {Len: 1, Lower: 1}},
			[]tuple.Value{tuple.Int(1), tuple.Int(2)})), "'[0:1][1:1]={{1},{2}}'::int8[]", "[0:1][1:1]={{1},{2}}"},
		{1016, tuple.KindArray, tuple.Bytes(tuple.AppendArray(nil, tuple.KindInt64, OIDInt8, nil, nil)), "'{}'::int8[]", "{}"},
		{2249, tuple.KindRecord, tuple.Bytes(tuple.AppendRecord(nil, []tuple.Field{{OID: OIDInt4, Kind: tuple.KindInt32, Value: tuple.Int(1)},
			{OID: 25, Kind: tuple.KindText, Value: tuple.String(`a"b\ c`)}, {OID: 25, Kind: tuple.KindText, Value: tuple.Null}, {OID: 25, Kind: tuple.KindText, Value: tuple.String("")}})),
			`row(1,'a"b\ c'::text,null,'')`, `(1,"a""b\\ c",,"")`},
		{OIDInet, tuple.KindBytes, inet("10.1.2.3/24"), "'10.1.2.3/24'::inet", "10.1.2.3/24"},
		{OIDInet, tuple.KindBytes, inet("10.1.2.3/32"), "format('%s', '10.1.2.3'::inet)", "10.1.2.3"},
		{OIDCIDR, tuple.KindBytes, inet("::/0"), "'::/0'::cidr", "::/0"},
		{OIDInet, tuple.KindBytes, inet("::1:0/128"), "format('%s', '::1:0'::inet)", "::0.1.0.0"},
		{OIDInet, tuple.KindBytes, inet("::ffff:1.2.3.4/128"), "format('%s', '::ffff:1.2.3.4'::inet)", "::ffff:1.2.3.4"},
		{OIDInet, tuple.KindBytes, inet("::100/128"), "format('%s', '::100'::inet)", "::100"},
		{OIDInet, tuple.KindBytes, inet("2001:db8:0:0:1::1/64"), "'2001:db8::1:0:0:1/64'::inet", "2001:db8::1:0:0:1/64"},
		{OIDMacaddr, tuple.KindBytes, tuple.String("\x08\x00\x2b\x01\x02\x03"), "'08:00:2b:01:02:03'::macaddr", "08:00:2b:01:02:03"},
		{OIDTSVector, tuple.KindBytes, tuple.String("\x00\x00\x00\x1d\x00\x00\x00\x02\x01a'b\x00\x00c\x00\xff\xfd\xff\xf8\xff\xeb"), "'''a''''b'' c:1A,5'::tsvector", "'a''b' 'c':1A,5"},
		{OIDPoint, tuple.KindBytes, floats(1.5, math.Inf(-1)), "point '(1.5,-inf)'", "(1.5,-Infinity)"},
		{OIDLseg, tuple.KindBytes, floats(1, 2, 3, 4), "lseg '(1,2),(3,4)'", "[(1,2),(3,4)]"},
		{OIDBox, tuple.KindBytes, floats(3, 4, 1, 2), "box '(1,2),(3,4)'", "(3,4),(1,2)"},
		{OIDPath, tuple.KindBytes, tuple.Bytes(append([]byte{0}, floats(1, 2, 3, 4).Bytes()...)), "path '[(1,2),(3,4)]'", "[(1,2),(3,4)]"},
		{OIDPath, tuple.KindBytes, tuple.Bytes(append([]byte{1}, floats(1, 2).Bytes()...)), "path '((1,2))'", "((1,2))"},
		{OIDPolygon, tuple.KindBytes, floats(1, 2, 3, 4), "polygon '(1,2),(3,4)'", "((1,2),(3,4))"},
		{OIDLine, tuple.KindBytes, floats(1, -1, 1e-20), "line '{1,-1,1e-20}'", "{1,-1,1e-20}"},
		{OIDCircle, tuple.KindBytes, floats(1, 2, 3), "circle '<(1,2),3>'", "<(1,2),3>"},
		{3904, tuple.KindRange, tuple.Bytes(intRange(1, 5)), "'[1,4]'::int4range", "[1,5)"},
		{3904, tuple.KindRange, tuple.Bytes(tuple.AppendEmptyRange(nil, tuple.KindInt32, OIDInt4)), "'empty'::int4range", "empty"},
		{3908, tuple.KindRange, tuple.Bytes(tuple.AppendRange(nil, tuple.KindInt64, OIDTimestamp, tuple.Bound{Value: tuple.Int(0), Lower: true}, tuple.Bound{Infinite: true})),
			"tsrange('2000-01-01',null,'()')", `("2000-01-01 00:00:00",)`},
		{4451, tuple.KindMultirange, tuple.Bytes(tuple.AppendArray(nil, tuple.KindRange, 3904, []tuple.ArrayDim{{Len: 2, Lower: 1}},
			[]tuple.Value{tuple.Bytes(intRange(1, 5)), tuple.Bytes(intRange(7, 8))})), "'{[1,5),[7,8)}'::int4multirange", "{[1,5),[7,8)}"},
	}
	for _, c := range cases {
		if got := string(new(Printer).Append(nil, c.oid, c.kind, c.v)); got != c.want {
			t.Errorf("%s: %s, want %s", c.sql, got, c.want)
		}
	}
	if got := string(new(Printer).Append(nil, OIDChar, tuple.KindInt8, tuple.Int(0xff))); got != `\377` {
		t.Errorf("\"char\" 255 is %s", got)
	}
	dsn := os.Getenv("TARN_ORACLE_DSN")
	if dsn == "" {
		return
	}
	var q strings.Builder
	q.WriteString("set timezone='UTC'; set intervalstyle=iso_8601; set lc_monetary='C';\n")
	for _, c := range cases {
		q.WriteString("select (" + c.sql + ")::text;\n")
	}
	cmd := exec.Command("psql", "-qAtX", dsn)
	cmd.Stdin = strings.NewReader(q.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i, c := range cases {
		if i >= len(lines) || lines[i] != c.want {
			t.Errorf("%s: PostgreSQL says %q, the test %q", c.sql, lines[min(i, len(lines)-1)], c.want)
		}
	}
}

func intRange(lower, upper int64) []byte {
	return tuple.AppendRange(nil, tuple.KindInt32, OIDInt4, tuple.Bound{Value: tuple.Int(lower), Inclusive: true, Lower: true}, tuple.Bound{Value: tuple.Int(upper)})
}

func floats(fs ...float64) tuple.Value {
	var b []byte
	for _, f := range fs {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	return tuple.Bytes(b)
}

func inet(s string) tuple.Value {
	p := netip.MustParsePrefix(s)
	family := byte(6)
	if p.Addr().Is4() {
		family = 4
	}
	b := append([]byte{family}, p.Masked().Addr().AsSlice()...)
	return tuple.Bytes(append(append(b, byte(p.Bits())), p.Addr().AsSlice()...))
}

// A map of the extension hstore, as sql/types/hstore packs it, is printed as hstore_out does.
func TestHstoreText(t *testing.T) {
	packed := "ab\"cd\x00" + "\x00\x00\x00\x02" + "\x00\x00\x00\x01\x00\x00\x00\x04\x00" + "\x00\x00\x00\x05\x00\x00\x00\x05\x01"
	if got, want := string(new(Printer).Append(nil, OIDHstore, tuple.KindBytes, tuple.String(packed))), `"a"=>"b\"c", "d"=>NULL`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := string(new(Printer).Append([]byte("x"), OIDHstore, tuple.KindBytes, tuple.String("\x00\x00\x00\x00\x00"))); got != "x" {
		t.Errorf("the empty map is %q", got)
	}
}
