package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/server/conn"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/txn"
)

// cluster is the server around the databases, as sessions see it.
type cluster struct {
	branches *branching.Manager
	cfg      config
	log      *slog.Logger
	conns    *conn.Server // set once, before the first connection
	columnar *duck.Engine
	fatal    func(error)
}

// keepLog is log that stays although recovery does not need it: the mirror starts after the store and finds its place in it.
const keepLog = 256 << 20

var _ session.Cluster = (*cluster)(nil)

// openBranch builds what runs on a branch's store.
func (c *cluster) openBranch(ctx context.Context, w branching.Where) (branching.Runtime, error) {
	db, err := database.Open(ctx, database.Options{
		Name: w.Database, Branch: w.Branch, ID: w.DatabaseID, Logger: c.log,
		Engine: engine.Options{Dir: w.Dir, CacheBytes: c.cfg.cacheBytes, Logger: c.log, OnFatal: c.fatal,
			KeepLogBytes: keepLog},
		Txn: txn.Config{TempDir: filepath.Join(c.cfg.data, "tmp")},
	})
	if err != nil {
		return nil, err
	}
	return c.withMirror(ctx, db, w)
}

func (c *cluster) Open(ctx context.Context, name, branch string) (*database.DB, func(), error) {
	h, err := c.branches.Acquire(ctx, name, branch)
	switch {
	case errors.Is(err, branching.ErrNoDatabase):
		return nil, nil, pgerr.Fatal(pgerr.InvalidCatalogName, "database \"%s\" does not exist", name)
	case errors.Is(err, branching.ErrNoBranch):
		return nil, nil, pgerr.Fatal(pgerr.InvalidCatalogName, "branch \"%s\" of database \"%s\" does not exist", branch, name)
	case errors.Is(err, branching.ErrClosed):
		return nil, nil, pgerr.Fatal(pgerr.AdminShutdown, "the database system is shutting down")
	case err != nil:
		return nil, nil, err
	}
	return h.Runtime.(*runtime).DB, h.Release, nil
}

func (c *cluster) Databases() []session.DatabaseInfo {
	var out []session.DatabaseInfo
	for _, d := range c.branches.Databases() {
		out = append(out, session.DatabaseInfo{OID: d.ID, Name: d.Name, Owner: d.Owner, Template: d.Template, AllowConn: !d.NoConnect})
	}
	return out
}

func (c *cluster) Roles() []session.RoleInfo {
	var out []session.RoleInfo
	for _, r := range c.branches.Roles() {
		out = append(out, session.RoleInfo{OID: r.ID, Name: r.Name, Super: r.Super, Inherit: r.Inherit, CreateRole: r.CreateRole,
			CreateDB: r.CreateDB, Login: r.Login, Replication: r.Replication, BypassRLS: r.BypassRLS, ConnLimit: r.ConnLimit,
			Password: r.Password, ValidUntil: r.ValidUntil, MemberOf: r.MemberOf})
	}
	return out
}

func (c *cluster) Branches() ([]session.BranchInfo, error) {
	var out []session.BranchInfo
	for _, d := range c.branches.Databases() {
		names := map[uint32]string{}
		for _, b := range d.Branches {
			names[b.ID] = b.Name
		}
		for _, b := range d.Branches {
			st, err := c.branches.State(d, b)
			if err != nil {
				return nil, fmt.Errorf("look at branch %s: %w", b.Name, err)
			}
			i := session.BranchInfo{ID: fmt.Sprintf("br-%d", b.ID), Database: d.Name, Name: b.Name, Parent: names[b.Parent], LSN: uint64(b.LSN),
				CurrentLSN: uint64(st.LSN), Created: b.Created, CreatedBy: b.CreatedBy, Expires: b.Expires, Protected: b.Protected,
				Depth: b.Depth, SharedBytes: st.SharedBytes, UniqueBytes: st.UniqueBytes, LogBytes: st.LogBytes, State: "idle"}
			if st.Active {
				i.State = "active"
			}
			out = append(out, i)
		}
	}
	return out, nil
}

func (c *cluster) Cancel(pid uint32) bool    { return c.conns.Cancel(pid) }
func (c *cluster) Terminate(pid uint32) bool { return c.conns.Terminate(pid) }

func (c *cluster) DefaultSettings(db, role string) []session.Setting {
	out := append([]session.Setting(nil), c.cfg.settings...)
	for _, d := range c.branches.Databases() {
		if d.Name == db {
			for k, v := range d.Settings {
				out = append(out, session.Setting{Name: k, Value: v, Source: "database"})
			}
		}
	}
	for _, r := range c.branches.Roles() {
		if r.Name == role {
			for k, v := range r.Settings {
				out = append(out, session.Setting{Name: k, Value: v, Source: "user"})
			}
		}
	}
	return out
}
