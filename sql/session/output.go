package session

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Output takes the results of one call. Only methods with an error result can block on the client. The types of this file are
// aliases, so that a connection's own declarations of them are the same types: neither side imports the other.
type Output = interface {
	RowDescription(cols []types.Field, formats []int16)
	NoData()
	ParameterDescription(oids []uint32)
	// Shape says how Row encodes from here on; cols and env must not change before the last Row.
	Shape(cols []types.Field, formats []int16, env *types.Env) error
	Row(vals []types.Datum) error
	RawRow(dataRow []byte) error
	CommandComplete(tag string)
	EmptyQuery()
	PortalSuspended()
	Notice(n *pgerr.Error)
	ParameterStatus(name, value string)
	Notification(pid uint32, channel, payload string)
	CopyIn(format byte, colFormats []int16) (CopyReader, error)
	CopyOut(format byte, colFormats []int16) CopyWriter
}

// CopyReader is COPY data from the client: io.EOF at its end.
type CopyReader = interface{ Next() ([]byte, error) }

// CopyWriter is COPY data to the client; one Write is one row.
type CopyWriter = interface {
	Write(data []byte) (int, error)
	Close() error
}
