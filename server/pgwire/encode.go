package pgwire

import "encoding/binary"

// Begin starts a message whose body the caller appends; End(dst, at) then sets its length.
func Begin(dst []byte, typ byte) (_ []byte, at int) {
	dst = append(dst, typ, 0, 0, 0, 0)
	return dst, len(dst) - 4
}

// End completes the message that Begin started.
func End(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at))
	return dst
}

func appendUint16(dst []byte, v uint16) []byte { return append(dst, byte(v>>8), byte(v)) }

func appendUint32(dst []byte, v uint32) []byte {
	return append(dst, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func appendCString(dst []byte, s string) []byte { return append(append(dst, s...), 0) }

// Messages without a body.
func AppendParseComplete(dst []byte) []byte   { return append(dst, '1', 0, 0, 0, 4) }
func AppendBindComplete(dst []byte) []byte    { return append(dst, '2', 0, 0, 0, 4) }
func AppendCloseComplete(dst []byte) []byte   { return append(dst, '3', 0, 0, 0, 4) }
func AppendNoData(dst []byte) []byte          { return append(dst, 'n', 0, 0, 0, 4) }
func AppendEmptyQuery(dst []byte) []byte      { return append(dst, 'I', 0, 0, 0, 4) }
func AppendPortalSuspended(dst []byte) []byte { return append(dst, 's', 0, 0, 0, 4) }
func AppendCopyDone(dst []byte) []byte        { return append(dst, 'c', 0, 0, 0, 4) }

// AppendReadyForQuery writes ReadyForQuery with a transaction state (TxIdle, TxBlock, TxFailed).
func AppendReadyForQuery(dst []byte, tx byte) []byte { return append(dst, 'Z', 0, 0, 0, 5, tx) }

// AppendCommandComplete writes CommandComplete with a tag such as "SELECT 1".
func AppendCommandComplete(dst []byte, tag string) []byte {
	dst = append(dst, 'C')
	dst = appendUint32(dst, uint32(len(tag)+5))
	return appendCString(dst, tag)
}

// AppendDataRow writes a DataRow whose body (column count and columns) is already encoded.
func AppendDataRow(dst, row []byte) []byte {
	dst = append(dst, 'D')
	dst = appendUint32(dst, uint32(len(row)+4))
	return append(dst, row...)
}

// BeginDataRow starts a DataRow of n columns. The caller appends, for each column, a value with BeginValue and
// EndValue or a NULL with AppendNull, and then calls End.
func BeginDataRow(dst []byte, n int) (_ []byte, at int) {
	dst = append(dst, 'D', 0, 0, 0, 0, byte(n>>8), byte(n))
	return dst, len(dst) - 6
}

// AppendNull writes a NULL column.
func AppendNull(dst []byte) []byte { return append(dst, 0xff, 0xff, 0xff, 0xff) }

// BeginValue leaves room for a column's length.
func BeginValue(dst []byte) (_ []byte, at int) {
	dst = append(dst, 0, 0, 0, 0)
	return dst, len(dst)
}

// EndValue sets the length of the value that began at at.
func EndValue(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at-4:], uint32(len(dst)-at))
	return dst
}

// AppendField writes one column of a RowDescription, which has the count as uint16 before its fields.
func AppendField(dst []byte, name string, table uint32, attnum int16, typ uint32, size int16, typmod int32, format int16) []byte {
	dst = appendCString(dst, name)
	dst = appendUint32(dst, table)
	dst = appendUint16(dst, uint16(attnum))
	dst = appendUint32(dst, typ)
	dst = appendUint16(dst, uint16(size))
	dst = appendUint32(dst, uint32(typmod))
	return appendUint16(dst, uint16(format))
}

// BeginRowDescription starts a RowDescription of n fields; AppendField n times and End follow.
func BeginRowDescription(dst []byte, n int) (_ []byte, at int) {
	dst, at = Begin(dst, 'T')
	return appendUint16(dst, uint16(n)), at
}

// AppendParameterDescription writes the parameter types of a statement.
func AppendParameterDescription(dst []byte, oids []uint32) []byte {
	dst, at := Begin(dst, 't')
	dst = appendUint16(dst, uint16(len(oids)))
	for _, o := range oids {
		dst = appendUint32(dst, o)
	}
	return End(dst, at)
}

// AppendParameterStatus reports a setting.
func AppendParameterStatus(dst []byte, name, value string) []byte {
	dst, at := Begin(dst, 'S')
	return End(appendCString(appendCString(dst, name), value), at)
}

// AppendBackendKeyData tells the client what a CancelRequest must carry.
func AppendBackendKeyData(dst []byte, pid, key uint32) []byte {
	return appendUint32(appendUint32(append(dst, 'K', 0, 0, 0, 12), pid), key)
}

// AppendNotification writes a NotificationResponse.
func AppendNotification(dst []byte, pid uint32, channel, payload string) []byte {
	dst, at := Begin(dst, 'A')
	dst = appendUint32(dst, pid)
	return End(appendCString(appendCString(dst, channel), payload), at)
}

// AppendNegotiate writes NegotiateProtocolVersion: 3.0 and the options that are not known.
func AppendNegotiate(dst []byte, unknown []string) []byte {
	dst, at := Begin(dst, 'v')
	dst = appendUint32(dst, ProtocolVersion3)
	dst = appendUint32(dst, uint32(len(unknown)))
	for _, o := range unknown {
		dst = appendCString(dst, o)
	}
	return End(dst, at)
}

// AppendCopyIn and AppendCopyOut open a COPY; format is 0 (text, csv) or 1 (binary), one code per column.
func AppendCopyIn(dst []byte, format byte, cols []int16) []byte {
	return appendCopy(dst, 'G', format, cols)
}

func AppendCopyOut(dst []byte, format byte, cols []int16) []byte {
	return appendCopy(dst, 'H', format, cols)
}

func appendCopy(dst []byte, typ, format byte, cols []int16) []byte {
	dst, at := Begin(dst, typ)
	dst = append(dst, format)
	dst = appendUint16(dst, uint16(len(cols)))
	for _, f := range cols {
		dst = appendUint16(dst, uint16(f))
	}
	return End(dst, at)
}

// AppendCopyData writes one CopyData message.
func AppendCopyData(dst, data []byte) []byte {
	dst = append(dst, 'd')
	dst = appendUint32(dst, uint32(len(data)+4))
	return append(dst, data...)
}

// Authentication messages (manual: 55.2.1).
func AppendAuthOK(dst []byte) []byte { return append(dst, 'R', 0, 0, 0, 8, 0, 0, 0, 0) }

func AppendAuthSASL(dst []byte, mechanisms ...string) []byte {
	dst, at := Begin(dst, 'R')
	dst = appendUint32(dst, 10)
	for _, m := range mechanisms {
		dst = appendCString(dst, m)
	}
	return End(append(dst, 0), at)
}

func AppendAuthSASLContinue(dst, data []byte) []byte { return appendAuth(dst, 11, data) }
func AppendAuthSASLFinal(dst, data []byte) []byte    { return appendAuth(dst, 12, data) }

func appendAuth(dst []byte, code uint32, data []byte) []byte {
	dst, at := Begin(dst, 'R')
	dst = appendUint32(dst, code)
	return End(append(dst, data...), at)
}
