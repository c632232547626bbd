package main

import (
	"context"

	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/server/conn"
	"github.com/tarndb/tarn/sql/session"
)

// backend gives the protocol its sessions.
type backend struct {
	shared  *session.Shared
	cluster *cluster
}

func (b *backend) Connect(ctx context.Context, st conn.Startup) (conn.Session, error) {
	addr := ""
	if st.RemoteAddr != nil {
		addr = st.RemoteAddr.String()
	}
	s, err := b.shared.Connect(ctx, session.Startup{User: st.User, Database: st.Database, Params: st.Params, PID: st.PID,
		CancelKey: st.CancelKey, RemoteAddr: addr, Notify: st.Notify})
	if err != nil {
		return nil, err
	}
	return wireSession{s}, nil
}

func (b *backend) Password(_ context.Context, user, _ string) (auth.Secret, error) {
	for _, r := range b.cluster.branches.Roles() {
		if r.Name == user && r.Password != "" {
			return auth.ParseVerifier(r.Password)
		}
	}
	return auth.Secret{}, nil
}

// wireSession is a session with the one type that conn has of its own.
type wireSession struct{ *session.Session }

func (w wireSession) ParameterStatus() []conn.KV {
	ps := w.Session.ParameterStatus()
	out := make([]conn.KV, len(ps))
	for i, p := range ps {
		out[i] = conn.KV{Name: p[0], Value: p[1]}
	}
	return out
}

var _ conn.Session = wireSession{}
