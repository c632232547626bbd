package database

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// Autovacuum are the settings of automatic ANALYZE (manual 20.10). The zero value is off.
type Autovacuum struct {
	On          bool
	Threshold   float64
	ScaleFactor float64
	// Naptime is the longest that a table waits for another round; a table that is read quickly waits less.
	Naptime time.Duration
	// Target is default_statistics_target; 0: stats.Target.
	Target int
}

// DefaultAutovacuum are PostgreSQL's defaults.
func DefaultAutovacuum() Autovacuum {
	return Autovacuum{On: true, Threshold: 50, ScaleFactor: 0.1, Naptime: time.Minute}
}

const (
	// settle is how long a due table waits for what else is coming.
	settle = time.Second
	// A table is not read again before autoRest times what its last round took, so that the worker is busy one part in as many.
	autoRest = 20
	// The worker rests as long again as it has worked, in steps of this: sessions go first.
	paceStep = 2 * time.Millisecond
)

// limit is how many changed rows make a table due; infinite where automatic ANALYZE is off for it.
func (a *Autovacuum) limit(t *catalog.Table, rows float64) float64 {
	if v, ok := t.Options.Get("autovacuum_enabled"); ok && !truth(v) {
		return math.Inf(1)
	}
	option := func(name string, or float64) float64 {
		v, _ := t.Options.Get(name)
		if f, err := strconv.ParseFloat(v, 64); err == nil && f >= 0 {
			return f
		}
		return or
	}
	return option("autovacuum_analyze_threshold", a.Threshold) + option("autovacuum_analyze_scale_factor", a.ScaleFactor)*rows
}

func truth(v string) bool { return v != "false" && v != "off" && v != "no" && v != "0" && v != "f" }

// limitChanges sets from which count of changes on the worker is told of a table.
func (d *DB) limitChanges(t *catalog.Table, a *tableActivity) {
	if !d.auto.On {
		return
	}
	counted := 0.0
	if s := d.Stats(t.OID); s != nil && s.Storage == t.StorageID {
		counted = s.Rows
	}
	limit := d.auto.limit(t, counted)
	if limit >= math.MaxInt64 {
		a.limit.Store(math.MaxInt64)
		return
	}
	a.limit.Store(int64(limit) + 1)
}

// autoanalyze analyzes due tables, one at a time, until ctx ends. It takes no lock while it reads: rows come from a snapshot
// and nobody waits for it. To store what it found it takes the lock of ANALYZE if that is free, and drops its work otherwise.
func (d *DB) autoanalyze(ctx context.Context) {
	rest := map[uint32]time.Time{} // by storage id: not before
	for {
		next, _ := earliest(rest)
		select {
		case <-ctx.Done():
			return
		case <-d.activity.due:
			if !sleep(ctx, settle) {
				return
			}
		case <-next:
		}
		for s, until := range rest {
			if time.Now().After(until) {
				delete(rest, s)
			}
		}
		round := time.Now()
		var read []uint32
		for _, t := range d.dueTables() {
			if _, resting := rest[t.StorageID]; resting {
				continue
			}
			err := d.analyzeNow(ctx, t)
			switch {
			case ctx.Err() != nil || errors.Is(err, engine.ErrStopped):
				return
			case err != nil && !errors.Is(err, lock.ErrNotAvailable):
				d.Log.Warn("automatic analyze", "table", t.Name, "error", err)
			}
			read = append(read, t.StorageID)
		}
		until := time.Now().Add(min(max(settle, autoRest*time.Since(round)), d.auto.Naptime))
		for _, s := range read {
			rest[s] = until
		}
	}
}

// earliest fires when the first of the times has come; never for none.
func earliest(times map[uint32]time.Time) (<-chan time.Time, bool) {
	var first time.Time
	for _, t := range times {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	if first.IsZero() {
		return nil, false
	}
	return time.After(time.Until(first) + time.Millisecond), true
}

// dueTables are the permanent tables that have changed enough.
func (d *DB) dueTables() []*catalog.Table {
	var out []*catalog.Table
	known := map[uint32]bool{}
	d.Catalog().Tables(func(t *catalog.Table) bool {
		known[t.StorageID] = true
		if t.Kind != catalog.RelTable && t.Kind != catalog.RelMatView || t.Virtual || t.StorageID == 0 || t.Persistence == catalog.Temporary {
			return true
		}
		v, ok := d.activity.tables.Load(t.StorageID)
		if !ok {
			return true
		}
		a := v.(*tableActivity)
		d.limitChanges(t, a)
		if a.mods.Load() >= a.limit.Load() {
			out = append(out, t)
		}
		return true
	})
	// Temporary tables, and those whose transaction is under way, tell of themselves less often.
	d.activity.tables.Range(func(k, v any) bool {
		if a := v.(*tableActivity); !known[k.(uint32)] && a.limit.Load() <= a.mods.Load() {
			a.limit.Store(a.mods.Load() + 1000)
		}
		return true
	})
	return out
}

func (d *DB) analyzeNow(ctx context.Context, t *catalog.Table) error {
	tx := d.Txns.Begin(txn.Options{})
	worked := time.Now()
	a, err := d.Analyze(ctx, tx, t, stats.Options{Target: d.auto.Target, Pace: func() {
		if took := time.Since(worked); took > paceStep {
			sleep(ctx, took)
			worked = time.Now()
		}
	}})
	tx.Rollback() // it has read only
	if d.Catalog().Table(t.OID) != t {
		return nil // changed meanwhile: what was read may be anything
	}
	if err != nil {
		return err
	}
	a.auto, a.exact = true, true
	tx = d.Txns.Begin(txn.Options{})
	if _, err := tx.LockTable(ctx, uint64(t.OID), lock.ShareUpdateExclusive, lock.Options{Policy: lock.NoWait}); err != nil {
		tx.Rollback()
		return err
	}
	if d.Catalog().Table(t.OID) != t {
		tx.Rollback()
		return nil
	}
	if err := a.Store(tx, nil); err != nil {
		tx.Rollback()
		return err
	}
	tx.BeforeUnlock(a.Committed)
	_, err = tx.Commit(ctx, engine.Async)
	return err
}

// sleep reports whether ctx lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
