package session

import (
	"context"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/session/external"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// serverView is what the system catalogs tell of the server, for one session's branch.
type serverView struct{ s *Session }

var _ syscat.Server = serverView{}

func (v serverView) Databases() []syscat.Database { return v.s.shared.Cluster.Databases() }
func (v serverView) Roles() *privilege.Roles      { return v.s.Roles() }

// Branches are those of the session's database.
func (v serverView) Branches() ([]syscat.Branch, error) {
	all, err := v.s.shared.Cluster.Branches()
	if err != nil {
		return nil, err
	}
	var out []syscat.Branch
	for _, b := range all {
		if b.Database == v.s.db.Name {
			out = append(out, b)
		}
	}
	return out, nil
}

func (v serverView) Mirrors(ctx context.Context) ([]syscat.Mirror, error) {
	return v.s.shared.Cluster.Mirrors(ctx, v.s.db)
}

// Archives is what is archived of the server's branches.
func (v serverView) Archives() []syscat.Archive { return v.s.shared.Cluster.Archives() }

// MirrorWork is what the mirror of the session's branch is at.
func (v serverView) MirrorWork() []syscat.MirrorWork { return v.s.shared.Cluster.MirrorWork(v.s.db) }

func (v serverView) Columnar() syscat.ColumnarStats {
	if r := v.s.db.Columnar; r != nil {
		return r.Counts()
	}
	return syscat.ColumnarStats{}
}

func (v serverView) TableStats(t *catalog.Table) (rows float64, pages int64) {
	st := statsView(v).table(t)
	if st == nil || st.Storage != t.StorageID {
		return -1, 0
	}
	return st.Rows, database.Pages(t, st)
}

// Activity is pg_stat_activity: what sessions publish of themselves.
func (v serverView) Activity() []syscat.Activity {
	var out []syscat.Activity
	for _, o := range v.s.shared.Sessions() {
		a := syscat.Activity{PID: o.client.PID, DatabaseOID: o.db.ID, UserOID: o.login, Database: o.db.Name, User: o.client.User,
			ClientAddr: o.client.RemoteAddr, BackendStart: o.started}
		st := o.Activity()
		a.State, a.Query, a.QueryStart, a.StateChange = st.State, st.Query, st.QueryStart, st.StateSince
		out = append(out, a)
	}
	return out
}

func (v serverView) Locks() []lock.Info { return v.s.db.Locks.List() }

var _ syscat.Monitor = serverView{}

func (s *Session) virtual() exec.VirtualSource {
	src := virtualSource{serverView{s}}
	if s.transitions != nil {
		return transitionSource{s.transitions, src}
	}
	return src
}

// virtualSource gives operators the rows of computed relations.
type virtualSource struct{ server syscat.Server }

func (v virtualSource) ScanVirtual(ec *run.Context, t *catalog.Table, cols []int16, eq []exec.VirtualKey) (builtin.Rows, error) {
	if t.Kind == catalog.RelForeign {
		s := v.server.(serverView).s
		return s.sources().ScanTable(ec.Ctx, t, cols, s.pins())
	}
	keys := make([]syscat.Key, len(eq))
	for i, k := range eq {
		keys[i] = syscat.Key(k)
	}
	return syscat.Scan(ec.Ctx, ec.Catalog, v.server, ec.Sess, t, cols, keys)
}

// pins are the versions of external tables that the statement or the transaction reads.
func (s *Session) pins() external.Pins {
	if s.block.pins == nil {
		s.block.pins = external.Pins{}
	}
	return s.block.pins
}

// MirrorSync publishes the mirrors of a table, or of all (0), and returns the position that they cover.
func (f *functions) MirrorSync(table catalog.OID) (uint64, error) {
	if f.db.Mirror == nil {
		return 0, mirroringOff()
	}
	return f.db.Mirror.Sync(f.Context(), table)
}

// DeltaPath is where a table's Delta table is.
func (f *functions) DeltaPath(table catalog.OID) (string, bool) {
	if f.db.Mirror == nil {
		return "", false
	}
	return f.db.Mirror.DeltaPath(table)
}

// MirrorHistory lists the commits of a table's Delta table, the newest first.
func (f *functions) MirrorHistory(table catalog.OID) ([]system.MirrorCommit, error) {
	if f.db.Mirror == nil {
		return nil, mirroringOff()
	}
	return f.db.Mirror.History(f.Context(), table)
}

func mirroringOff() error {
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "mirroring is off").WithHint("Start the server with --mirror=true.")
}

// Branch is current_branch().
func (f *functions) Branch() string { return f.db.Branch }

// Column are what the session sees of a column's statistics, for pg_statistic.
func (v serverView) Column(t *catalog.Table, att int16) *stats.Column {
	return statsView(v).Column(t, att)
}

var _ syscat.Statistician = serverView{}

// RelationCounts are what has been counted of a table or an index.
func (f *functions) RelationCounts(rel types.OID) (system.RelationCounts, bool) {
	t, ix := f.Catalog().RelationByOID(rel)
	if t == nil || t.Virtual || t.StorageID == 0 {
		return system.RelationCounts{}, false
	}
	if ix != nil {
		u := f.db.Rels.Usage(t.StorageID, ix.ID)
		return system.RelationCounts{Scans: u.Scans.Load(), Returned: u.Rows.Load(), Fetched: u.Rows.Load()}, true
	}
	a, u := f.db.Activity(t), f.db.Rels.Usage(t.StorageID, 0)
	return system.RelationCounts{Scans: u.Scans.Load(), Returned: u.Rows.Load(), Inserted: a.Inserted, Updated: a.Updated, Deleted: a.Deleted,
		Live: a.Live, Changed: a.Changed, LastAnalyze: a.Analyzed, LastAutoAnalyze: a.AutoAnalyzed, AnalyzeCount: a.Analyzes,
		AutoAnalyzeCount: a.AutoAnalyzes}, true
}

var _ system.Counters = (*functions)(nil)
