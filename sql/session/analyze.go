package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/storage/lock"
)

// vacuumOptions are what VACUUM and ANALYZE have in common.
type vacuumOptions struct {
	vacuum, analyze, full, skipLocked bool
}

// verb is the statement's word in messages.
func (o vacuumOptions) verb() string {
	if o.vacuum {
		return "vacuum"
	}
	return "analyze"
}

// vacuumTarget is a table of the list, with its columns; none: all.
type vacuumTarget struct {
	table *catalog.Table
	cols  []int16
	named bool
}

// vacuum is VACUUM and ANALYZE. There is nothing to vacuum, as old versions go with compaction: it takes the locks.
func (s *Session) vacuum(ctx context.Context, n *ast.VacuumStmt, c *call) (string, error) {
	tag := "ANALYZE"
	if n.IsVacuumcmd {
		tag = "VACUUM"
		if s.block.mode == inBlock || c.several {
			return "", pgerr.New(pgerr.ActiveSQLTransaction, "VACUUM cannot run inside a transaction block")
		}
	}
	o, err := parseVacuumOptions(n)
	if err != nil {
		return "", err
	}
	targets, err := s.vacuumTargets(n, o)
	if err != nil {
		return "", err
	}
	// Outside of a block each table is a transaction of its own: its lock is not held while the others are read.
	alone := s.block.mode != inBlock && !c.several
	for _, x := range targets {
		t, err := s.vacuumTable(ctx, x, o)
		if err != nil {
			return "", err
		}
		if t != nil && o.analyze {
			if err := s.analyzeTable(ctx, t, x.cols); err != nil {
				return "", err
			}
		}
		if alone {
			if err := s.endImplicit(ctx); err != nil {
				return "", err
			}
		}
	}
	if n.IsVacuumcmd {
		return tag, s.endImplicit(ctx)
	}
	return tag, nil
}

func parseVacuumOptions(n *ast.VacuumStmt) (vacuumOptions, error) {
	o := vacuumOptions{vacuum: n.IsVacuumcmd, analyze: !n.IsVacuumcmd}
	for _, x := range n.Options {
		d, ok := x.(*ast.DefElem)
		if !ok {
			continue
		}
		on := true
		if v, ok := d.Arg.(*ast.String); ok {
			on = !strings.EqualFold(v.Sval, "off") && !strings.EqualFold(v.Sval, "false")
		} else if v, ok := d.Arg.(*ast.Integer); ok {
			on = v.Ival != 0
		} else if v, ok := d.Arg.(*ast.Boolean); ok {
			on = v.Boolval
		}
		switch d.Defname {
		case "analyze":
			if !n.IsVacuumcmd {
				return o, pgerr.New(pgerr.SyntaxError, "unrecognized ANALYZE option \"%s\"", d.Defname)
			}
			o.analyze = on
		case "skip_locked":
			o.skipLocked = on
		case "verbose", "buffer_usage_limit":
		case "freeze", "full", "disable_page_skipping", "index_cleanup", "process_toast", "process_main", "truncate", "parallel",
			"skip_database_stats", "only_database_stats":
			if !n.IsVacuumcmd {
				return o, pgerr.New(pgerr.SyntaxError, "unrecognized ANALYZE option \"%s\"", d.Defname)
			}
			o.full = o.full || d.Defname == "full" && on
		default:
			command := "ANALYZE"
			if n.IsVacuumcmd {
				command = "VACUUM"
			}
			return o, pgerr.New(pgerr.SyntaxError, "unrecognized %s option \"%s\"", command, d.Defname)
		}
	}
	return o, nil
}

// maintains reports whether the current user may vacuum or analyze a table, and warns that it is passed over where not.
func (s *Session) maintains(t *catalog.Table, verb string) bool {
	id := s.identity()
	if id.super || id.roles.HasPrivsOf(id.current, t.Owner) {
		return true
	}
	for _, d := range s.shared.Cluster.Databases() {
		if d.OID == s.db.ID && id.roles.HasPrivsOf(id.current, d.Owner) {
			return true
		}
	}
	s.Notice(pgerr.Notice(pgerr.SeverityWarning, "01000", "skipping \"%s\" --- only table or database owner can %s it", t.Name, verb))
	return false
}

func (s *Session) vacuumTargets(n *ast.VacuumStmt, o vacuumOptions) ([]vacuumTarget, error) {
	var out []vacuumTarget
	verb := "analyze"
	if o.vacuum {
		verb = "vacuum"
	}
	for _, r := range n.Rels {
		v, ok := r.(*ast.VacuumRelation)
		if !ok {
			continue
		}
		if len(v.VaCols) > 0 && !o.analyze {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "ANALYZE option must be specified when a column list is provided")
		}
		t, err := s.resolveTable(v.Relation, "")
		if err != nil {
			e := *pgerr.From(err)
			e.Position = 0 // PostgreSQL gives none
			return nil, &e
		}
		if t.Virtual {
			continue // rows that are computed
		}
		if !t.LikeTable() && t.Kind != catalog.RelMatView {
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, "01000", "skipping \"%s\" --- cannot %s non-tables or special system tables", t.Name, verb))
			continue
		}
		if !s.maintains(t, verb) {
			continue
		}
		x := vacuumTarget{table: t, named: true}
		for _, col := range v.VaCols {
			name := col.(*ast.String).Sval
			a := t.ColumnByName(name)
			if a == nil {
				return nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, t.Name)
			}
			if slices.Contains(x.cols, a.AttNum) {
				return nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" of relation \"%s\" appears more than once", name, t.Name)
			}
			x.cols = append(x.cols, a.AttNum)
		}
		if !t.Partitioned() {
			out = append(out, x)
			continue
		}
		for _, leaf := range s.catalog().Descendants(t) {
			if !leaf.Stored() {
				continue
			}
			l := vacuumTarget{table: leaf}
			m := catalog.AttMap(t, leaf)
			for _, att := range x.cols {
				l.cols = append(l.cols, m[att-1])
			}
			out = append(out, l)
		}
	}
	if len(n.Rels) == 0 {
		s.catalog().Tables(func(t *catalog.Table) bool {
			if (t.Kind == catalog.RelTable || t.Kind == catalog.RelMatView) && !t.Virtual && s.maintains(t, verb) {
				out = append(out, vacuumTarget{table: t})
			}
			return true
		})
	}
	return out, nil
}

// vacuumTable takes a table's lock, which keeps others' VACUUM, ANALYZE and DDL away. nil: it is left out, with a warning.
func (s *Session) vacuumTable(ctx context.Context, x vacuumTarget, o vacuumOptions) (*catalog.Table, error) {
	s.open()
	lo, mode := s.lockOptions(), lock.ShareUpdateExclusive
	if o.skipLocked {
		lo.Policy = lock.NoWait
	}
	if o.full {
		mode = lock.AccessExclusive
	}
	skip := func(code, why string) {
		if x.named {
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, code, "skipping %s of \"%s\" --- %s", o.verb(), x.table.Name, why))
		}
	}
	if _, err := s.block.t.LockTable(ctx, uint64(x.table.OID), mode, lo); err != nil {
		if o.skipLocked && errors.Is(err, lock.ErrNotAvailable) {
			skip(pgerr.LockNotAvailable, "lock not available")
			return nil, nil
		}
		return nil, err
	}
	t := s.catalog().Table(x.table.OID)
	if t == nil {
		skip(pgerr.UndefinedTable, "relation no longer exists")
	}
	return t, nil
}

// analyzeTable reads a table that is locked, and writes what it found into the transaction. No cols: all.
func (s *Session) analyzeTable(ctx context.Context, t *catalog.Table, cols []int16) error {
	oid := t.OID
	b := &s.block
	b.levelFixed = true
	o := stats.Options{Types: s.lookupType, Columns: cols, Target: int(s.settings.Int("default_statistics_target"))}
	report := s.reportAnalyze(t, &o)
	defer s.progress.End(report)
	a, err := s.db.Analyze(ctx, b.t, t, o)
	if err != nil {
		return err
	}
	report.Set(progress.AnalyzePhase, progress.AnalyzeFinishing)
	if t.Persistence == catalog.Temporary {
		// Nobody else sees the table: its statistics stay with the session, whatever becomes of the transaction.
		if s.tempStats == nil {
			s.tempStats = map[catalog.OID]*stats.Table{}
		}
		s.tempStats[oid] = a.Kept(s.tempStats[oid])
		s.ownStats++
		return nil
	}
	if err := a.Store(b.t, statsView{s}.table(t)); err != nil {
		return err
	}
	if !slices.Contains(b.analyzed, oid) {
		b.analyzed = append(b.analyzed, oid)
	}
	s.ownStats++
	b.onCommit = append(b.onCommit, a.Committed)
	b.onRollback = append(b.onRollback, func() { s.ownStats++ })
	return nil
}

// reportAnalyze begins a row of pg_stat_progress_analyze. Tarn reads rows, not blocks of a known number: the blocks that are done are
// the share of the rows that the table is thought to have.
func (s *Session) reportAnalyze(t *catalog.Table, o *stats.Options) *progress.Report {
	rows, pages := s.db.Rows(t), int64(0)
	if st := s.db.Stats(t.OID); st != nil && st.Storage == t.StorageID {
		pages = database.Pages(t, st)
	}
	r := s.progress.Begin(progress.Analyze, t.OID, map[progress.Param]int64{progress.AnalyzePhase: progress.AnalyzeSampling, progress.AnalyzeBlocksAll: pages})
	var read atomic.Int64
	o.Progress = func(n int64) {
		if done := float64(read.Add(n)); rows > 0 {
			r.Set(progress.AnalyzeBlocks, int64(min(done/rows, 1)*float64(pages)))
		}
	}
	o.Computing = func() { r.Set(progress.AnalyzePhase, progress.AnalyzeComputing) }
	return r
}

// statsView is what the planner sees of tables: the committed statistics, and those of the session's own transaction and
// temporary tables.
type statsView struct{ s *Session }

var (
	_ opt.Stats       = statsView{}
	_ opt.ColumnStats = statsView{}
)

func (v statsView) table(t *catalog.Table) *stats.Table {
	s := v.s
	if t.Persistence == catalog.Temporary {
		return s.tempStats[t.OID]
	}
	if b := &s.block; b.t != nil && slices.Contains(b.analyzed, t.OID) {
		if raw, ok, err := b.t.GetLatest(nil, database.StatKey(t.OID)); err == nil && ok {
			if st, err := stats.Decode(raw); err == nil {
				return st
			}
		}
	}
	return s.db.Stats(t.OID)
}

func (v statsView) Column(t *catalog.Table, att int16) *stats.Column {
	return database.StatsColumn(v.table(t), t, att)
}

// Rows counts the transaction's own rows, too. A table that was never analyzed is taken for ten pages at least, as in
// PostgreSQL: plans that are made while it is empty have to do when it is not.
func (v statsView) Rows(t *catalog.Table) float64 {
	n := v.s.rows(t)
	if v.s.block.t != nil {
		n += float64(v.s.block.t.PendingRows(t.StorageID))
	}
	if st := v.table(t); st == nil || st.Storage != t.StorageID {
		return max(n, opt.UnknownRows(t))
	}
	return n
}

// statsCurrent is the slow half of valid: it looks at the query's own tables after any statistics have changed.
func (s *Session) statsCurrent(q *query) bool {
	own, version := s.ownStats, s.db.StatsVersion()
	if !q.direct {
		if own != q.ownStats {
			return false
		}
		for _, l := range q.locks {
			if s.db.StatsChanged(l.oid, q.stats) {
				return false
			}
		}
	}
	q.stats, q.ownStats = version, own
	return true
}
