package conn

import (
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/server/pgwire"
	"github.com/tarndb/tarn/sql/pgerr"
)

// open takes a connection from its first byte to the first ReadyForQuery (manual: 55.2.1). Everything up to
// authentication has to happen within AuthTimeout; who is late is cut off without a word.
func (c *conn) open() error {
	c.sock.SetDeadline(time.Now().Add(c.srv.opts.AuthTimeout))
	if err := c.negotiate(); err != nil {
		return err
	}
	if err := c.srv.admit(c); err != nil {
		return err
	}
	if err := c.authenticate(); err != nil {
		return err
	}
	c.mu.Lock()
	c.mu.deadline = time.Time{}
	c.sock.SetDeadline(time.Time{})
	doom, drain := c.mu.doom, c.mu.drain
	c.mu.Unlock()
	if doom != nil || drain {
		return errShutdown()
	}
	return c.openSession()
}

// negotiate answers encryption requests and reads the startup packet.
func (c *conn) negotiate() error {
	var sslDone, gssDone bool
	for {
		b, err := c.r.NextStartup()
		if err != nil {
			return err
		}
		switch code := pgwire.StartupCode(b); {
		case code == pgwire.CodeCancelRequest:
			if pid, key, ok := pgwire.DecodeCancel(b); ok {
				c.srv.cancelRequest(pid, key)
			}
			return errBye
		case code == pgwire.CodeSSLRequest && !sslDone:
			sslDone = true
			if err := c.answerSSL(); err != nil {
				return err
			}
		case code == pgwire.CodeGSSENCRequest && !gssDone:
			gssDone = true
			if _, err := c.nc.Write([]byte{'N'}); err != nil {
				return err
			}
		default:
			return c.readStartup(b)
		}
	}
}

func (c *conn) answerSSL() error {
	cfg := c.srv.opts.TLS
	if cfg == nil || c.startup.TLS || isLocal(c.sock) {
		_, err := c.nc.Write([]byte{'N'})
		return err
	}
	// Bytes sent ahead of the handshake could be an attacker's, taken for the client's later.
	if c.r.Buffered() > 0 {
		return pgerr.Fatal(pgerr.ProtocolViolation, "received unencrypted data after SSL request").
			WithDetail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.")
	}
	if _, err := c.nc.Write([]byte{'S'}); err != nil {
		return err
	}
	t := tls.Server(c.sock, cfg)
	if err := t.Handshake(); err != nil {
		return err
	}
	c.nc = t
	c.r.Reset(t)
	c.startup.TLS = true
	return nil
}

func (c *conn) readStartup(b []byte) error {
	s, err := pgwire.DecodeStartup(b)
	if err != nil {
		return err
	}
	c.startup.Params = s.Params
	c.startup.User = s.Params["user"]
	c.startup.Database = s.Params["database"]
	if c.startup.User == "" {
		return pgerr.Fatal(pgerr.InvalidAuthorizationSpecification, "no PostgreSQL user name specified in startup packet")
	}
	if c.startup.Database == "" {
		c.startup.Database = c.startup.User
		s.Params["database"] = c.startup.User
	}
	for k, v := range s.Params {
		if pgwire.CheckUTF8([]byte(k)) != nil || pgwire.CheckUTF8([]byte(v)) != nil {
			return pgerr.Fatal(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\" in startup packet")
		}
	}
	switch v := strings.ToLower(s.Params["replication"]); v {
	case "", "false", "off", "no", "0":
	default:
		return fatal(pgerr.Unsupported("the replication protocol"))
	}
	if s.Minor > 0 || len(s.Unknown) > 0 {
		c.out.buf = pgwire.AppendNegotiate(c.out.b(), s.Unknown)
	}
	return nil
}

// authenticate asks the host rules and, where they say so, the client.
func (c *conn) authenticate() error {
	s := &c.startup
	switch method := c.srv.opts.Rules.Method(c.sock.RemoteAddr(), s.TLS, s.User, s.Database); method {
	case auth.MethodTrust:
	case auth.MethodSCRAM:
		if err := c.scram(); err != nil {
			return err
		}
	case auth.MethodReject:
		return c.noEntry("pg_hba.conf rejects connection")
	default:
		return c.noEntry("no pg_hba.conf entry")
	}
	c.out.buf = pgwire.AppendAuthOK(c.out.b())
	return nil
}

func (c *conn) noEntry(what string) error {
	enc := "no encryption"
	if c.startup.TLS {
		enc = "SSL encryption"
	}
	return pgerr.Fatal(pgerr.InvalidAuthorizationSpecification, "%s for host %q, user %q, database %q, %s",
		what, hostOf(c.sock), c.startup.User, c.startup.Database, enc)
}

func (c *conn) scram() error {
	s := &c.startup
	secret, err := c.srv.opts.Backend.Password(c.base, s.User, s.Database)
	if err != nil {
		return fatal(err)
	}
	var binding []byte
	mechanisms := []string{auth.MechSCRAM}
	if s.TLS {
		if binding = c.srv.binding; binding != nil {
			mechanisms = []string{auth.MechSCRAMPlus, auth.MechSCRAM}
		}
	}
	c.out.buf = pgwire.AppendAuthSASL(c.out.b(), mechanisms...)
	msg, err := c.askPassword()
	if err != nil {
		return err
	}
	mechanism, first, err := pgwire.DecodeSASLInitial(msg)
	if err != nil {
		return fatal(err)
	}
	x, err := auth.NewExchange(string(mechanism), secret, auth.MockSecret(c.srv.opts.MockNonce, s.User), binding)
	if err != nil {
		return err
	}
	if first == nil { // a client may wait for an empty challenge before it speaks
		c.out.buf = pgwire.AppendAuthSASLContinue(c.out.b(), nil)
		if first, err = c.askPassword(); err != nil {
			return err
		}
	}
	challenge, err := x.First(first)
	if err != nil {
		return err
	}
	c.out.buf = pgwire.AppendAuthSASLContinue(c.out.b(), challenge)
	if msg, err = c.askPassword(); err != nil {
		return err
	}
	signature, ok, err := x.Final(msg)
	if err != nil {
		return err
	}
	if !ok {
		return pgerr.Fatal(pgerr.InvalidPassword, "password authentication failed for user %q", s.User)
	}
	c.out.buf = pgwire.AppendAuthSASLFinal(c.out.b(), signature)
	return nil
}

// askPassword sends what is pending and reads the answer; a client that hangs up (to ask its user) is not an error.
func (c *conn) askPassword() ([]byte, error) {
	if c.out.flush() != nil {
		return nil, errBye
	}
	return c.r.NextAuth()
}

// openSession connects the session and reports its settings.
func (c *conn) openSession() error {
	sess, err := c.srv.opts.Backend.Connect(c.base, c.startup)
	if err != nil {
		return fatal(err)
	}
	c.sess = sess
	for _, kv := range sess.ParameterStatus() {
		c.out.buf = pgwire.AppendParameterStatus(c.out.b(), kv.Name, kv.Value)
	}
	c.out.buf = pgwire.AppendBackendKeyData(c.out.b(), c.startup.PID, c.startup.CancelKey)
	c.out.buf = pgwire.AppendReadyForQuery(c.out.b(), sess.TxStatus())
	if c.out.flush() != nil {
		return errBye
	}
	return nil
}

// fatal gives an error of startup the severity that it has there.
func fatal(err error) error {
	if errors.Is(err, errBye) {
		return err
	}
	e := *pgerr.From(err)
	e.Severity = pgerr.SeverityFatal
	return &e
}
