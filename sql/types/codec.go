package types

import "github.com/tarndb/tarn/sql/pgerr"

// noCodec serves types that are known but not built.
var noCodec = &codec{
	out: func(_ *Type, dst []byte, _ Datum, _ *Env) []byte { return dst },
	in: func(t *Type, _ string, _ int32, _ *Env) (Datum, error) {
		return Null, unsupportedType(t)
	},
	send: func(_ *Type, dst []byte, _ Datum, _ *Env) []byte { return dst },
	recv: func(t *Type, _ []byte, _ int32, _ *Env) (Datum, error) {
		return Null, unsupportedType(t)
	},
}

func unsupportedType(t *Type) error { return pgerr.Unsupported("type " + FormatType(t.OID, -1, nil)) }

// pseudoCodec refuses input as PostgreSQL's pseudo-types do.
var pseudoCodec = &codec{
	out: noCodec.out,
	in: func(t *Type, _ string, _ int32, _ *Env) (Datum, error) {
		return Null, pgerr.New(pgerr.FeatureNotSupported, "cannot accept a value of type %s", FormatType(t.OID, -1, nil))
	},
	send: noCodec.send,
	recv: func(t *Type, _ []byte, _ int32, _ *Env) (Datum, error) {
		return Null, pgerr.New(pgerr.FeatureNotSupported, "cannot accept a value of type %s", FormatType(t.OID, -1, nil))
	},
}

func codecOf(t *Type) *codec {
	switch t.OID {
	case Bool:
		return boolCodec
	case Char:
		return charCodec
	case Int2, Int4, Int8:
		return intCodec
	case Float4, Float8:
		return floatCodec
	case Numeric:
		return numericCodec
	case PgNodeTree:
		return &codec{out: bytesOut, in: pseudoCodec.in, send: bytesOut, recv: pseudoCodec.recv}
	case Text, CString, Unknown, RefCursor:
		return textCodec
	case Varchar:
		return varcharCodec
	case BPChar:
		return bpcharCodec
	case Name:
		return nameCodec
	case ACLItem:
		return aclItemCodec
	case Void:
		return voidCodec
	case Bytea:
		return byteaCodec
	case Date:
		return dateCodec
	case Time:
		return timeCodec
	case TimeTZ:
		return timetzCodec
	case Timestamp:
		return timestampCodec
	case TimestampTZ:
		return timestamptzCodec
	case Interval:
		return intervalCodec
	case UUID:
		return uuidCodec
	case JSON:
		return jsonCodec
	case JSONB:
		return jsonbCodec
	case Oid:
		return oidCodec
	case XID, CID:
		return xidCodec
	case XID8:
		return xid8Codec
	case TID:
		return tidCodec
	case PgLSN:
		return lsnCodec
	case RegProc, RegProcedure, RegOper, RegOperator, RegClass, RegType, RegNamespace, RegRole, RegCollation, RegConfig, RegDictionary:
		return regCodec
	case Int2Vector, OidVector:
		return vectorCodec
	case Bit, VarBit:
		return bitCodec
	case Inet, CIDR:
		return inetCodec
	case Macaddr, Macaddr8:
		return macCodec
	case Money:
		return moneyCodec
	case XML:
		return xmlCodec
	case TSVector:
		return tsvectorCodec
	case TSQuery:
		return tsqueryCodec
	case Record:
		return recordCodec
	case AnyArray, AnyCompatibleArray:
		return &codec{out: arrayCodec.out, in: pseudoCodec.in, send: arrayCodec.send, recv: pseudoCodec.recv}
	case PgSnapshot, TxidSnapshot:
		return snapshotCodec
	case JSONPath:
		return jsonpathCodec
	}
	if form, ok := geoForms[t.OID]; ok {
		return geoCodec(form)
	}
	switch {
	case t.IsArray():
		return arrayCodec
	case t.TypType == TypeRange:
		return rangeCodec
	case t.TypType == TypeMultirange:
		return multirangeCodec
	case t.TypType == TypePseudo:
		return pseudoCodec
	}
	return noCodec
}
