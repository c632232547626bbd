package conn

import (
	"unsafe"

	"github.com/tarndb/tarn/server/pgwire"
	"github.com/tarndb/tarn/sql/pgerr"
)

// handle does what one message asks. An error ends the connection.
func (c *conn) handle(typ byte, body []byte) error {
	if c.skip && typ != pgwire.MsgSync && typ != pgwire.MsgTerminate {
		return nil
	}
	switch typ {
	case pgwire.MsgBind:
		return c.extended(c.onBind(body))
	case pgwire.MsgExecute:
		return c.extended(c.onExecute(body))
	case pgwire.MsgSync:
		return c.onSync(body)
	case pgwire.MsgDescribe:
		return c.extended(c.onDescribe(body))
	case pgwire.MsgParse:
		return c.extended(c.onParse(body))
	case pgwire.MsgClose:
		return c.extended(c.onClose(body))
	case pgwire.MsgFlush:
		return c.extended(c.onFlush(body))
	case pgwire.MsgQuery:
		return c.onQuery(body)
	case pgwire.MsgFunctionCall:
		return c.ready(c.refuse(pgerr.Unsupported("the function call message of the protocol")))
	case pgwire.MsgCopyData, pgwire.MsgCopyDone, pgwire.MsgCopyFail:
		return nil // the rest of a COPY that failed
	case pgwire.MsgTerminate:
		return errBye
	}
	return pgerr.Fatal(pgerr.ProtocolViolation, "invalid frontend message type %d", typ)
}

// onQuery runs a simple query.
func (c *conn) onQuery(body []byte) error {
	sql, err := pgwire.DecodeString(body)
	if err == nil {
		err = pgwire.CheckUTF8(sql)
	}
	if err != nil {
		return c.ready(c.refuse(err))
	}
	err = c.sess.Simple(c.ctx(), c.text(sql), &c.out)
	c.r.Bulk(false)
	return c.ready(err)
}

// text is what the last message says, as a string; a long one is not copied.
func (c *conn) text(b []byte) string {
	if len(b) > 0 && c.r.Own() {
		return unsafe.String(&b[0], len(b))
	}
	return string(b)
}

// refuse is for messages outside of the extended protocol that the session never sees: it fails what is open and
// ends an implicit transaction.
func (c *conn) refuse(err error) error {
	c.sess.Fail()
	if e := c.sess.Sync(c.ctx(), &c.out); e != nil {
		return e
	}
	return err
}

func (c *conn) onSync(body []byte) error {
	c.skip, c.pipeline = false, false
	err := pgwire.DecodeEmpty(body)
	if err != nil {
		c.sess.Fail()
	}
	if e := c.sess.Sync(c.ctx(), &c.out); e != nil {
		err = e
	}
	return c.ready(err)
}

// ready reports err, if any, and that the next command may come; then everything leaves.
func (c *conn) ready(err error) error {
	if err != nil {
		if err := c.report(err); err != nil {
			return err
		}
	}
	if c.interrupt.Load() {
		if e := c.doomed(); e != nil {
			return e
		}
	}
	c.notifications()
	c.out.report()
	tx := c.sess.TxStatus()
	c.out.buf = pgwire.AppendReadyForQuery(c.out.b(), tx)
	if c.out.flush() != nil {
		return errBye
	}
	if c.ctx().Err() != nil {
		c.renew() // a cancel that came too late is not the next statement's
	}
	if c.interrupt.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.endLocked(tx == pgwire.TxIdle)
	}
	return nil
}

// extended ends the handling of an extended message: an error is reported and starts the skip to Sync.
func (c *conn) extended(err error) error {
	c.pipeline = true
	if err == nil {
		if c.out.err != nil {
			return errBye
		}
		if c.interrupt.Load() {
			if e := c.doomed(); e != nil {
				return e
			}
		}
		return nil
	}
	c.skip = true
	if err := c.report(err); err != nil {
		return err
	}
	if c.out.flush() != nil { // PostgreSQL lets errors go at once, without a Sync
		return errBye
	}
	return nil
}

// report sends an error of severity ERROR; any other is returned and ends the connection.
func (c *conn) report(err error) error {
	if c.out.err != nil {
		return errBye
	}
	if e := c.doomed(); e != nil {
		return e
	}
	if e := asFatal(err); e != nil {
		return e
	}
	e := pgerr.From(err)
	if e.Code == pgerr.InternalError {
		c.srv.log.Error("internal error", "pid", c.startup.PID, "error", err)
	}
	c.out.fail(e)
	if c.ctx().Err() != nil { // one cancel, one error
		c.renew()
	}
	return nil
}

func (c *conn) onParse(body []byte) error {
	p := &c.parse
	err := p.Decode(body)
	if err == nil {
		err = pgwire.CheckUTF8(p.Query)
	}
	if err == nil {
		err = pgwire.CheckUTF8(p.Name)
	}
	if err != nil {
		c.sess.Fail()
		return err
	}
	if err := c.sess.Parse(c.ctx(), c.names.of(p.Name), string(p.Query), p.ParamTypes, &c.out); err != nil {
		return err
	}
	c.out.buf = pgwire.AppendParseComplete(c.out.b())
	return nil
}

func (c *conn) onBind(body []byte) error {
	b := &c.bind
	defer b.Forget()
	if err := c.checkBind(body); err != nil {
		c.sess.Fail()
		return err
	}
	err := c.sess.Bind(c.ctx(), c.names.of(b.Portal), c.names.of(b.Statement), b.ParamFormats, b.Params, b.ResultFormats, &c.out)
	if err != nil {
		return err
	}
	c.out.buf = pgwire.AppendBindComplete(c.out.b())
	return nil
}

func (c *conn) checkBind(body []byte) error {
	b := &c.bind
	if err := b.Decode(body); err != nil {
		return err
	}
	for i, p := range b.Params {
		switch f := formatAt(b.ParamFormats, i); f {
		case 0:
			if err := pgwire.CheckUTF8(p); err != nil {
				return pgerr.From(err).WithWhere("%s", b.ParamContext(i))
			}
		case 1:
		default:
			return pgerr.New(pgerr.InvalidParameterValue, "unsupported format code: %d", f).WithWhere("%s", b.ParamContext(i))
		}
	}
	return nil
}

func (c *conn) onDescribe(body []byte) error {
	kind, name, err := pgwire.DecodeTarget(body)
	switch {
	case err != nil:
	case kind == 'S':
		return c.sess.DescribeStatement(c.ctx(), c.names.of(name), &c.out)
	case kind == 'P':
		return c.sess.DescribePortal(c.ctx(), c.names.of(name), &c.out)
	default:
		err = pgerr.New(pgerr.ProtocolViolation, "invalid DESCRIBE message subtype %d", kind)
	}
	c.sess.Fail()
	return err
}

func (c *conn) onExecute(body []byte) error {
	portal, maxRows, err := pgwire.DecodeExecute(body)
	if err != nil {
		c.sess.Fail()
		return err
	}
	err = c.sess.Execute(c.ctx(), c.names.of(portal), maxRows, &c.out)
	c.r.Bulk(false)
	return err
}

func (c *conn) onClose(body []byte) error {
	kind, name, err := pgwire.DecodeTarget(body)
	switch {
	case err != nil:
	case kind == 'S':
		c.sess.CloseStatement(c.names.of(name))
	case kind == 'P':
		c.sess.ClosePortal(c.names.of(name))
	default:
		err = pgerr.New(pgerr.ProtocolViolation, "invalid CLOSE message subtype %d", kind)
	}
	if err != nil {
		c.sess.Fail()
		return err
	}
	c.out.buf = pgwire.AppendCloseComplete(c.out.b())
	return nil
}

func (c *conn) onFlush(body []byte) error {
	if err := pgwire.DecodeEmpty(body); err != nil {
		c.sess.Fail()
		return err
	}
	if c.out.flush() != nil {
		return errBye
	}
	return nil
}
