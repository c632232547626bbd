package conn

import (
	"strconv"
	"sync"

	"github.com/tarndb/tarn/server/pgwire"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

const (
	outSmall   = 4 << 10  // what most replies need
	outBig     = 72 << 10 // flushBound and some rows
	flushBound = 64 << 10 // rows block on the socket beyond this
)

var (
	outSmallPool = sync.Pool{New: func() any { b := make([]byte, 0, outSmall); return &b }}
	outBigPool   = sync.Pool{New: func() any { b := make([]byte, 0, outBig); return &b }}
)

// output is a connection's write buffer and the Output of its session. The buffer comes from a pool with the first
// byte and goes back with the flush.
type output struct {
	c    *conn
	buf  []byte
	box  *[]byte // the pool's handle
	cols []colEncoder
	env  *types.Env
	err  error // first failed write; nothing is written after it

	reports []KV // settings whose new values wait for ReadyForQuery
}

type colEncoder struct {
	typ    *types.Type
	binary bool
}

var _ Output = (*output)(nil)

// b returns the buffer for appending a small message.
func (o *output) b() []byte {
	if o.buf == nil {
		o.box = outSmallPool.Get().(*[]byte)
		o.buf = (*o.box)[:0]
	}
	return o.buf
}

// flush writes everything to the socket. Errors are sticky.
func (o *output) flush() error {
	if len(o.buf) > 0 && o.err == nil {
		_, o.err = o.c.nc.Write(o.buf)
	}
	o.release()
	return o.err
}

func (o *output) release() {
	if o.buf == nil {
		return
	}
	switch c := cap(*o.box); {
	case c == outSmall:
		outSmallPool.Put(o.box)
	case c == outBig:
		outBigPool.Put(o.box)
	}
	o.buf, o.box = nil, nil
}

// bound keeps the buffer within flushBound, and moves a growing one to a big buffer before append doubles it.
func (o *output) bound() error {
	if len(o.buf) >= flushBound {
		return o.flush()
	}
	if len(o.buf) > outSmall*3/4 && cap(*o.box) == outSmall {
		big := outBigPool.Get().(*[]byte)
		moved := append((*big)[:0], o.buf...)
		o.release()
		o.buf, o.box = moved, big
	}
	return o.err
}

func (o *output) RowDescription(cols []Column, formats []int16) {
	dst, at := pgwire.BeginRowDescription(o.b(), len(cols))
	for i := range cols {
		c := &cols[i]
		dst = pgwire.AppendField(dst, c.Name, c.TableOID, c.AttNum, c.TypeOID, c.TypeSize, c.TypeMod, formatAt(formats, i))
	}
	o.buf = pgwire.End(dst, at)
}

// formatAt expands a format list of no, one or n codes.
func formatAt(formats []int16, i int) int16 {
	switch {
	case len(formats) == 1:
		return formats[0]
	case i < len(formats):
		return formats[i]
	}
	return 0
}

func (o *output) Shape(cols []Column, formats []int16, env *types.Env) error {
	o.env = env
	o.cols = o.cols[:0]
	for i := range cols {
		f := formatAt(formats, i)
		if f != 0 && f != 1 {
			return pgerr.New(pgerr.InvalidParameterValue, "unsupported format code: %d", f)
		}
		t := env.Type(cols[i].TypeOID)
		if t == nil {
			return pgerr.Unsupported("output of type with OID " + strconv.Itoa(int(cols[i].TypeOID)))
		}
		o.cols = append(o.cols, colEncoder{t, f == 1})
	}
	return nil
}

func (o *output) Row(vals []tuple.Value) error {
	if o.err != nil {
		return o.err
	}
	if len(vals) != len(o.cols) {
		return pgerr.Internal("row of %d values in a result of %d columns", len(vals), len(o.cols))
	}
	dst, at := pgwire.BeginDataRow(o.b(), len(vals))
	for i, v := range vals {
		if v.IsNull() {
			dst = pgwire.AppendNull(dst)
			continue
		}
		var start int
		dst, start = pgwire.BeginValue(dst)
		if c := &o.cols[i]; c.binary {
			dst = c.typ.AppendBinary(dst, v, o.env)
		} else {
			dst = c.typ.AppendText(dst, v, o.env)
		}
		dst = pgwire.EndValue(dst, start)
	}
	o.buf = pgwire.End(dst, at)
	return o.bound()
}

func (o *output) RawRow(row []byte) error {
	if o.err != nil {
		return o.err
	}
	o.buf = pgwire.AppendDataRow(o.b(), row)
	return o.bound()
}

func (o *output) NoData() { o.buf = pgwire.AppendNoData(o.b()) }
func (o *output) ParameterDescription(oids []uint32) {
	o.buf = pgwire.AppendParameterDescription(o.b(), oids)
}
func (o *output) CommandComplete(tag string) { o.buf = pgwire.AppendCommandComplete(o.b(), tag) }
func (o *output) EmptyQuery()                { o.buf = pgwire.AppendEmptyQuery(o.b()) }
func (o *output) PortalSuspended()           { o.buf = pgwire.AppendPortalSuspended(o.b()) }

func (o *output) ParameterStatus(name, value string) {
	for i := range o.reports {
		if o.reports[i].Name == name {
			o.reports[i].Value = value
			return
		}
	}
	o.reports = append(o.reports, KV{name, value})
}

// report writes the ParameterStatus messages that wait.
func (o *output) report() {
	for _, kv := range o.reports {
		o.buf = pgwire.AppendParameterStatus(o.b(), kv.Name, kv.Value)
	}
	o.reports = o.reports[:0]
}

func (o *output) Notification(pid uint32, channel, payload string) {
	o.buf = pgwire.AppendNotification(o.b(), pid, channel, payload)
}

func (o *output) Notice(n *pgerr.Error) {
	if !n.IsNotice() {
		n = pgerr.Notice(pgerr.SeverityWarning, n.Code, "%s", n.Message)
	}
	o.buf = pgwire.AppendError(o.b(), n)
}

// fail writes an ErrorResponse.
func (o *output) fail(e *pgerr.Error) {
	if e.IsNotice() {
		f := *e
		f.Severity = pgerr.SeverityError
		e = &f
	}
	o.buf = pgwire.AppendError(o.b(), e)
}

// copyOut is the CopyWriter.
type copyOut struct{ o *output }

func (o *output) CopyOut(format byte, cols []int16) CopyWriter {
	o.buf = pgwire.AppendCopyOut(o.b(), format, cols)
	return copyOut{o}
}

func (w copyOut) Write(data []byte) (int, error) {
	if w.o.err != nil {
		return 0, w.o.err
	}
	w.o.buf = pgwire.AppendCopyData(w.o.b(), data)
	return len(data), w.o.bound()
}

func (w copyOut) Close() error {
	w.o.buf = pgwire.AppendCopyDone(w.o.b())
	return w.o.bound()
}
