package conn

import (
	"io"

	"github.com/tarndb/tarn/server/pgwire"
	"github.com/tarndb/tarn/sql/pgerr"
)

// copyIn is the CopyReader: the messages of a client between CopyInResponse and CopyDone or CopyFail.
// Flush and Sync within are ignored, as libpq's clients may send them (manual: 55.2.6).
type copyIn struct {
	c    *conn
	done error
}

func (o *output) CopyIn(format byte, cols []int16) (CopyReader, error) {
	o.buf = pgwire.AppendCopyIn(o.b(), format, cols)
	if err := o.flush(); err != nil {
		return nil, err
	}
	o.c.r.Bulk(true)
	return &copyIn{c: o.c}, nil
}

func (r *copyIn) Next() ([]byte, error) {
	if r.done != nil {
		return nil, r.done
	}
	for {
		typ, body, err := r.c.r.Next()
		if err != nil {
			r.done = r.c.brokenRead(err)
			return nil, r.done
		}
		switch typ {
		case pgwire.MsgCopyData:
			return body, nil
		case pgwire.MsgCopyDone:
			r.done = io.EOF
			if err := pgwire.DecodeEmpty(body); err != nil {
				r.done = err
			}
		case pgwire.MsgCopyFail:
			why, err := pgwire.DecodeString(body)
			if err == nil {
				err = pgerr.New(pgerr.QueryCanceled, "COPY from stdin failed: %s", why)
			}
			r.done = err
		case pgwire.MsgFlush, pgwire.MsgSync:
			continue
		default:
			r.done = pgerr.New(pgerr.ProtocolViolation, "unexpected message type 0x%02X during COPY from stdin", typ)
		}
		return nil, r.done
	}
}

// brokenRead turns a failed read within a statement into the error that ends the connection.
func (c *conn) brokenRead(err error) error {
	if e := c.doomed(); e != nil {
		return e
	}
	if e := asFatal(err); e != nil {
		return e
	}
	return pgerr.Wrap(err, pgerr.ConnectionFailure, "unexpected EOF on client connection with an open transaction").
		WithSeverity(pgerr.SeverityFatal)
}
