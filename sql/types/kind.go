package types

import "github.com/tarndb/tarn/storage/tuple"

// How the built-in types are held (tuple.Kind):
//
//	bool                              0 or 1
//	"char"                            the byte, sign-extended as PostgreSQL's int8 is not: 0 to 255
//	int2 int4 int8, money             the integer (money: hundredths)
//	float4 float8                     IEEE double; a float4 is always a value that float32 holds
//	oid, reg*, xid, cid, xid8, pg_lsn unsigned integer; tid: block<<16 | offset
//	numeric                           tuple.Numeric
//	text varchar name cstring unknown refcursor aclitem pg_node_tree pg_snapshot xml
//	                                  the UTF-8 bytes; name is cut to 63 bytes; void is the empty text
//	bpchar                            the UTF-8 bytes with their padding
//	bytea                             the bytes; json: the text as given
//	jsonb                             canonical text (package jsondoc); jsonpath: its output text
//	date                              days since 2000-01-01; MinInt32 and MaxInt32 are -infinity and infinity
//	time                              µs since midnight, 24:00 included
//	timetz                            12 bytes: int64 µs, int32 seconds west of UTC, little endian
//	timestamp timestamptz             µs since 2000-01-01 00:00 (UTC); MinInt64 and MaxInt64 are the infinities
//	interval                          16 bytes: int64 µs, int32 days, int32 months, little endian
//	uuid                              16 bytes
//	bit varbit                        one byte '0' or '1' per bit: byte order is PostgreSQL's order, prefixes first
//	inet cidr                         inet.go; macaddr macaddr8: 6 and 8 bytes
//	arrays, int2vector, oidvector     tuple.Array; composites and record: tuple.Record
//	ranges, multiranges               tuple.Range, tuple.Array of them (package span)
//	point line lseg box path          packed float8s (package geo)
//	polygon circle
//	tsvector tsquery                  package tsearch
//	enums                             pg_enum.enumsortorder of the label, as a float4: key order is enum order
//	domains                           as their base type
//
// Types that have KindInvalid here are in the table so that catalogs and overload resolution know them; their
// input answers 0A000, so no value of theirs exists.

var kindByOID = map[OID]tuple.Kind{
	Bool: tuple.KindBool, Char: tuple.KindInt8, Int2: tuple.KindInt16, Int4: tuple.KindInt32, Int8: tuple.KindInt64, Money: tuple.KindInt64,
	Float4: tuple.KindFloat32, Float8: tuple.KindFloat64, Numeric: tuple.KindNumeric,
	Oid: tuple.KindUint32, XID: tuple.KindUint32, CID: tuple.KindUint32, TID: tuple.KindUint64, XID8: tuple.KindUint64, PgLSN: tuple.KindUint64,
	RegProc: tuple.KindUint32, RegProcedure: tuple.KindUint32, RegOper: tuple.KindUint32, RegOperator: tuple.KindUint32,
	RegClass: tuple.KindUint32, RegType: tuple.KindUint32, RegNamespace: tuple.KindUint32, RegRole: tuple.KindUint32,
	RegCollation: tuple.KindUint32, RegConfig: tuple.KindUint32, RegDictionary: tuple.KindUint32,
	Text: tuple.KindText, Varchar: tuple.KindText, Name: tuple.KindText, CString: tuple.KindText, Unknown: tuple.KindText,
	RefCursor: tuple.KindText, ACLItem: tuple.KindText, PgNodeTree: tuple.KindText, Void: tuple.KindText, XML: tuple.KindText,
	PgSnapshot: tuple.KindText, TxidSnapshot: tuple.KindText,
	BPChar: tuple.KindBpchar, Bytea: tuple.KindBytes, JSON: tuple.KindBytes, JSONB: tuple.KindJSONB, JSONPath: tuple.KindBytes,
	Date: tuple.KindInt32, Time: tuple.KindInt64, Timestamp: tuple.KindInt64, TimestampTZ: tuple.KindInt64,
	TimeTZ: tuple.KindTimeTZ, Interval: tuple.KindInterval, UUID: tuple.KindUUID,
	Bit: tuple.KindBytes, VarBit: tuple.KindBytes, Inet: tuple.KindBytes, CIDR: tuple.KindBytes, Macaddr: tuple.KindBytes, Macaddr8: tuple.KindBytes,
	Int2Vector: tuple.KindArray, OidVector: tuple.KindArray, AnyArray: tuple.KindArray, AnyCompatibleArray: tuple.KindArray,
	Record: tuple.KindRecord,
	Point:  tuple.KindBytes, Line: tuple.KindBytes, Lseg: tuple.KindBytes, Box: tuple.KindBytes, Path: tuple.KindBytes,
	Polygon: tuple.KindBytes, Circle: tuple.KindBytes,
	TSVector: tuple.KindBytes, TSQuery: tuple.KindKeyed,
}

func kindOf(t *Type) tuple.Kind {
	if k, ok := kindByOID[t.OID]; ok {
		return k
	}
	switch {
	case t.TypType == TypeRange:
		return tuple.KindRange
	case t.TypType == TypeMultirange:
		return tuple.KindMultirange
	case t.IsArray():
		return tuple.KindArray
	}
	return tuple.KindInvalid
}
