package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/server/conn"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/sql/settings"
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
	stopping atomic.Bool
	closed   atomic.Int64 // branches whose memory has not been given back
	// failpoint is called between the steps of mirrors; nil but in tests.
	failpoint func(where string) error

	warehouse *warehouse
	archives  *archives // nil: none
	places    *places

	roles struct {
		sync.Mutex
		gen  uint64 // of the tree that sets are of
		sets map[uint32]*privilege.Roles
	}
}

// keepLog is log that stays although recovery does not need it: the mirror starts after the store and finds its place in it.
const keepLog = 256 << 20

var _ session.Cluster = (*cluster)(nil)

// openBranch builds what runs on a branch's store.
func (c *cluster) openBranch(ctx context.Context, w branching.Where) (branching.Runtime, error) {
	values := c.settingsOf(w.Database)
	db, err := database.Open(ctx, database.Options{
		Name: w.Database, Branch: w.Branch, ID: w.DatabaseID, Logger: c.log,
		Engine: engine.Options{Dir: w.Dir, CacheBytes: c.cfg.cacheBytes, Logger: c.log, OnFatal: c.fatal,
			KeepLogBytes: keepLog, Step: c.failpoint, Window: c.restoreWindow(w.Database),
			WindowBytes: int64(values.Int("tarn.restore_window_size")) << 20},
		Txn:        txn.Config{TempDir: filepath.Join(c.cfg.data, "tmp")},
		Autovacuum: autovacuumOf(values),
	})
	if err != nil {
		return nil, err
	}
	r, err := c.withMirror(ctx, db, w, values)
	if err != nil {
		return nil, err
	}
	r.archiver = c.archives.follow(c, db.Engine, w)
	return r, nil
}

// settingsOf are the settings that hold for a database as a whole.
func (c *cluster) settingsOf(database string) *settings.Values {
	return valuesOf(c.DefaultSettings(database, ""), c.log)
}

// valuesOf are the defaults with what a list sets besides. What is no setting is logged and passed over.
func valuesOf(list []session.Setting, log *slog.Logger) *settings.Values {
	v := settings.New()
	for _, x := range list {
		if err := v.Init(x.Name, x.Value, x.Source, true); err != nil {
			log.Warn("setting", "name", x.Name, "error", err)
		}
	}
	return v
}

// autovacuumOf are the settings of automatic ANALYZE as they are when a branch is opened.
func autovacuumOf(v *settings.Values) database.Autovacuum {
	return database.Autovacuum{On: v.Bool("autovacuum"), Threshold: v.Float("autovacuum_analyze_threshold"),
		ScaleFactor: v.Float("autovacuum_analyze_scale_factor"), Naptime: time.Duration(v.Int("autovacuum_naptime")) * time.Second,
		Target: int(v.Int("default_statistics_target"))}
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
		out = append(out, databaseInfo(d))
	}
	return out
}

// Roles are made anew when the tree has changed; the predefined ones come first.
func (c *cluster) Roles(database uint32) *privilege.Roles {
	gen := c.branches.Generation()
	c.roles.Lock()
	defer c.roles.Unlock()
	if c.roles.gen != gen || c.roles.sets == nil {
		c.roles.gen, c.roles.sets = gen, map[uint32]*privilege.Roles{}
	}
	set := c.roles.sets[database]
	if set != nil {
		return set
	}
	owner := uint32(0)
	for _, d := range c.branches.Databases() {
		if d.ID == database {
			owner = d.Owner
		}
	}
	list := privilege.Predefined()
	for _, r := range c.branches.Roles() {
		x := privilege.Role{OID: r.ID, Name: r.Name, Super: r.Super, Inherit: r.Inherit, CreateRole: r.CreateRole, CreateDB: r.CreateDB,
			Login: r.Login, Replication: r.Replication, BypassRLS: r.BypassRLS, ConnLimit: r.ConnLimit, Password: r.Password, ValidUntil: r.ValidUntil}
		for _, m := range r.MemberOf {
			x.MemberOf = append(x.MemberOf, privilege.Membership(m))
		}
		for k, v := range r.Settings {
			x.Settings = append(x.Settings, k+"="+v)
		}
		sort.Strings(x.Settings)
		list = append(list, x)
	}
	set = privilege.NewRoles(list, owner)
	c.roles.sets[database] = set
	return set
}

func (c *cluster) Generation() uint64 { return c.branches.Generation() }

// aclOf and treeACL translate between the tree's plain data and an access control list.
func aclOf(list []branching.Grant) privilege.ACL {
	if list == nil {
		return nil
	}
	acl := privilege.ACL{}
	for _, g := range list {
		acl = append(acl, privilege.Grant{Grantee: g.Grantee, Grantor: g.Grantor, Privs: privilege.Set(g.Privs), Options: privilege.Set(g.Options)})
	}
	return acl
}

func treeACL(acl privilege.ACL) []branching.Grant {
	if acl == nil {
		return nil
	}
	list := []branching.Grant{}
	for _, g := range acl {
		list = append(list, branching.Grant{Grantee: g.Grantee, Grantor: g.Grantor, Privs: uint16(g.Privs), Options: uint16(g.Options)})
	}
	return list
}

func databaseInfo(d *branching.Database) session.DatabaseInfo {
	return session.DatabaseInfo{OID: d.ID, Name: d.Name, Owner: d.Owner, Template: d.Template, AllowConn: !d.NoConnect, ACL: aclOf(d.ACL)}
}

func (c *cluster) ChangeDatabaseACL(name string, f func(session.DatabaseInfo) (privilege.ACL, error)) error {
	return c.changeDatabase(name, func(d *branching.Database) error {
		acl, err := f(databaseInfo(d))
		d.ACL = treeACL(acl)
		return err
	})
}

func (c *cluster) Branches() ([]session.BranchInfo, error) {
	var out []session.BranchInfo
	for _, d := range c.branches.Databases() {
		names := map[uint32]string{}
		for _, b := range d.Branches {
			names[b.ID] = b.Name
		}
		for _, b := range d.Branches {
			if b.Hidden() {
				continue
			}
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
