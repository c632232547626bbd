package mirror

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// Rows of a lake table come, go and change against publications, adoptions, compactions and sweeps that never rest, with schema
// changes, truncations, kills and branches: every snapshot shows its rows for as long as it is open, and so does a View, and
// a branch starts with the rows of its parent and goes its own way.
// TARN_RANDOM_SEEDS runs more histories.
func TestLakeRandomHistories(t *testing.T) {
	tune := Options{FileRetention: 30 * time.Millisecond, KeepVersions: 10 * time.Millisecond, BlockBytes: 20_000}
	eachHistory(t, 5, tune, func(r *rig, rnd *rand.Rand, killed *atomic.Bool) {
		h := &lakeHistory{killed: killed, rnd: rnd, rows: map[uint64]string{}, rig: r}
		h.run(250)
	})
}

const lakeID = 300

type lakeHistory struct {
	*rig
	depth   int
	rnd     *rand.Rand
	killed  *atomic.Bool
	storage uint32
	next    uint64 // provisional key
	rows    map[uint64]string
	old     []lakeSnapshot
	loads   []openLoad
	log     []string
}

// openLoad is a load whose transaction is under way.
type openLoad struct {
	txn.Load
	shown []string
}

type lakeSnapshot struct {
	s      *engine.Snapshot
	rows   map[uint64]string
	schema *change.Schema
	at     int // in the log
}

func (h *lakeHistory) key(index uint16, id uint64) []byte {
	return change.AppendLakeKey(nil, h.tabs[lakeID].schema.StorageID, index, id)
}

func (h *lakeHistory) run(steps int) {
	h.storage = change.LakeStorage | 1000
	h.commit(func(g *change.Group) {
		s := h.schemaOf(lakeID, col("k", 1, pgtext.OIDInt8, tuple.KindInt64), col("v", 2, 25, tuple.KindText))
		s.StorageID, s.PrimaryKey = h.storage, nil
		if h.rnd.IntN(2) == 0 {
			s.Options = append(s.Options, change.Option{Name: optClusterBy, Value: "2"})
		}
		h.define(g, s)
	})
	h.goOn(steps)
}

func (h *lakeHistory) goOn(steps int) {
	for range steps {
		h.step()
		if len(h.old) > 0 && h.rnd.IntN(3) == 0 {
			i := h.rnd.IntN(len(h.old))
			h.checkSnapshot(h.old[i])
			if h.rnd.IntN(3) == 0 {
				h.old[i].s.Release()
				h.old = slices.Delete(h.old, i, i+1)
			}
		}
		s := h.eng.Snapshot()
		h.checkSnapshot(lakeSnapshot{s, h.rows, h.tabs[lakeID].schema, len(h.log)})
		if h.rnd.IntN(4) == 0 {
			h.compareAt(s, lakeID)
		}
		s.Release()
		if h.t.Failed() {
			h.t.Logf("history: %v", h.log)
			return
		}
	}
	h.releaseOld()
	h.endLoads()
	h.compareNow(lakeID)
	h.sync()
	h.quiesce()
	h.validate(lakeID)
	h.adoptedWhole()
}

func (h *lakeHistory) releaseOld() {
	for _, o := range h.old {
		h.checkSnapshot(o)
		o.s.Release()
	}
	h.old = nil
}

// adoptedWhole checks that, after a while, neither rows nor tombstones are left in the state.
func (h *lakeHistory) adoptedWhole() {
	storage := h.tabs[lakeID].schema.StorageID
	var left int
	for range 1000 {
		s := h.eng.Snapshot()
		left = 0
		for id := range h.rows {
			// The file rows hide behind a tombstone that is not there, so only the state answers for these keys.
			if record, ok, err := s.AppendGet(nil, change.AppendKeyPrefix(nil, storage, change.LakeState)); err != nil || !ok {
				left++
			} else if rows, err := h.m.Rows(record, nil); err != nil {
				h.t.Fatal(err)
			} else if _, ok, err := rows.Get(nil, id); err != nil || !ok {
				left++
			}
		}
		for _, index := range []uint16{change.LakeTombstones, change.LakeLoads} {
			it := s.NewIter(change.AppendKeyPrefix(nil, storage, index), change.AppendKeyPrefix(nil, storage, index+1))
			for ok := it.First(); ok; ok = it.Next() {
				left++
			}
			if err := it.Close(); err != nil {
				h.t.Fatal(err)
			}
		}
		s.Release()
		if left == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Errorf("%d rows and tombstones are left in the state; history: %v", left, h.log)
}

func (h *lakeHistory) values(k uint64) (vals []tuple.Value, shown string) {
	for i, c := range h.tabs[lakeID].schema.Columns {
		v := tuple.Null
		switch {
		case c.Dropped:
		case i == 0:
			v = tuple.Int(int64(k))
		case h.rnd.IntN(5) == 0:
		case c.Kind == tuple.KindText:
			v = text(fmt.Sprint("v", h.rnd.IntN(1e6)))
		default:
			v = tuple.Int(h.rnd.Int64N(9000))
		}
		vals = append(vals, v)
		shown += show(v) + "|"
	}
	return vals, shown
}

// change deletes and inserts rows in one transaction.
func (h *lakeHistory) change(inserts, deletes int) {
	layout := h.tabs[lakeID].layout
	var g change.Group
	gone := slices.Sorted(maps.Keys(h.rows))
	h.rnd.Shuffle(len(gone), func(i, j int) { gone[i], gone[j] = gone[j], gone[i] })
	gone = gone[:min(deletes, len(gone))]
	rows := &g
	var l *engine.Large
	if h.rnd.IntN(4) == 0 {
		var err error
		if l, err = h.eng.NewLarge(&g, h.eng.NextXID()); err != nil {
			h.t.Fatal(err)
		}
		rows = l.Part()
	}
	for _, id := range gone {
		rows.Delete(h.key(change.PrimaryIndex, id), id)
		rows.Put(h.key(change.LakeTombstones, id), nil, 0)
	}
	var keys [][]byte
	var shown []string
	for range inserts {
		h.next++
		vals, s := h.values(h.next)
		key := h.key(change.PrimaryIndex, change.ProvisionalRow|h.next)
		rows.Put(key, layout.Append(nil, 0, vals), 0)
		keys, shown = append(keys, key), append(shown, s)
	}
	if inserts+len(gone) == 0 {
		if l != nil {
			_ = l.Abort()
		}
		return
	}
	h.log = append(h.log, fmt.Sprintf("+%d-%d", inserts, len(gone)))
	if l != nil {
		if err := l.Finish(); err != nil {
			h.t.Fatal(err)
		}
	}
	if _, err := h.eng.Commit(bg, &g, engine.Sync); err != nil {
		h.t.Fatal(err)
	}
	h.rows = maps.Clone(h.rows)
	for _, id := range gone {
		delete(h.rows, id)
	}
	for i, key := range keys {
		final, ok := g.FinalKey(key)
		if !ok {
			h.t.Fatal("row without a key")
		}
		h.rows[change.LakeRow(final)] = shown[i]
	}
}

// beginLoad writes rows to a file that a later step commits, or gives up.
func (h *lakeHistory) beginLoad() {
	var made []txn.Load
	l, err := h.m.NewLoad(h.tabs[lakeID].schema, func(x txn.Load) error {
		made = append(made, x)
		return nil
	})
	if errors.Is(err, ErrNotReady) {
		return
	}
	if err != nil {
		h.t.Fatal(err)
	}
	var shown []string
	for range 1 + h.rnd.IntN(12) {
		h.next++
		vals, s := h.values(h.next)
		if err := l.Add(bg, vals); err != nil {
			h.t.Fatal(err)
		}
		shown = append(shown, s)
	}
	if err := l.Close(bg); err != nil || len(made) != 1 {
		h.t.Fatal(len(made), err)
	}
	h.loads = append(h.loads, openLoad{made[0], shown})
	h.log = append(h.log, fmt.Sprint("load ", len(shown)))
}

// endLoad commits a load, with other changes of its transaction, or gives it up.
func (h *lakeHistory) endLoad() {
	i := h.rnd.IntN(len(h.loads))
	l := h.loads[i]
	h.loads = slices.Delete(h.loads, i, i+1)
	if h.rnd.IntN(4) == 0 {
		h.log = append(h.log, "load dropped")
		l.Settle(txn.LoadDropped, 0)
		return
	}
	h.log = append(h.log, fmt.Sprint("load of ", l.First, " committed"))
	h.rows = maps.Clone(h.rows)
	var g change.Group
	g.Put(change.AppendLakeKey(nil, h.storage, change.LakeLoads, l.First), l.Record, 0)
	all := h.rnd.IntN(10) == 0
	for i, s := range l.shown {
		id := l.First + uint64(i)
		if all || h.rnd.IntN(8) == 0 {
			g.Delete(h.key(change.PrimaryIndex, id), id)
			g.Put(h.key(change.LakeTombstones, id), nil, 0)
			continue
		}
		h.rows[id] = s
	}
	lsn, err := h.eng.Commit(bg, &g, engine.Sync)
	if err != nil {
		h.t.Fatal(err)
	}
	l.Settle(txn.LoadKept, lsn)
}

func (h *lakeHistory) endLoads() {
	for len(h.loads) > 0 {
		h.endLoad()
	}
}

func (h *lakeHistory) step() {
	switch h.rnd.IntN(12) {
	case 0:
		h.beginLoad()
	case 1:
		if len(h.loads) > 0 {
			h.endLoad()
		}
	}
	n := h.rnd.IntN(100)
	switch {
	case n >= 84 && n < 92:
		h.endLoads() // their locks keep others from changing the table
	case n >= 92 && n < 95: // the store, which knows of them, goes on
		for _, l := range h.loads {
			l.Settle(txn.LoadDropped, 0)
		}
		h.loads = nil
	case n >= 95 && n < 97:
		h.loads = nil // they end with the process
	}
	switch {
	case n < 40:
		h.change(1+h.rnd.IntN(12), 0)
	case n < 70:
		h.change(h.rnd.IntN(4), h.rnd.IntN(8))
	case n < 78:
		s := h.eng.Snapshot()
		h.old = append(h.old, lakeSnapshot{s, h.rows, h.tabs[lakeID].schema, len(h.log)})
	case n < 84:
		time.Sleep(time.Duration(h.rnd.IntN(40)) * time.Millisecond)
	case n < 86:
		h.log = append(h.log, "add column")
		h.commit(func(g *change.Group) {
			h.alterIn(g, lakeID, func(s *change.Schema) {
				att := int16(len(s.Columns) + 1)
				s.Columns = append(s.Columns, col(fmt.Sprint("c", att), att, pgtext.OIDDate, tuple.KindInt32))
			})
		})
		h.each(func(s string) string { return s + "∅|" })
	case n < 88:
		columns := h.tabs[lakeID].schema.Columns
		at := 1 + h.rnd.IntN(len(columns)-1)
		h.log = append(h.log, fmt.Sprint("drop column ", at))
		h.alter(lakeID, func(s *change.Schema) { s.Columns[at].Dropped = true })
		h.each(func(s string) string {
			cells := strings.Split(s, "|")
			cells[at] = "∅"
			return strings.Join(cells, "|")
		})
	case n < 90:
		h.log = append(h.log, "rename column")
		h.alter(lakeID, func(s *change.Schema) { s.Columns[h.rnd.IntN(len(s.Columns))].Name = fmt.Sprint("r", h.rnd.IntN(4)) })
	case n < 92:
		h.log = append(h.log, "truncate")
		h.releaseOld() // who still reads keeps the table from being truncated
		h.commit(func(g *change.Group) {
			was := h.storage
			h.storage++
			h.alterIn(g, lakeID, func(s *change.Schema) { s.StorageID = h.storage })
			g.DeleteRange(change.AppendKeyPrefix(nil, was, 0), change.AppendKeyPrefix(nil, was+1, 0))
		})
		h.rows = map[uint64]string{}
		h.change(h.rnd.IntN(5), 0)
	case n < 95:
		h.log = append(h.log, "kill mirror")
		h.releaseOld() // they end with the process
		h.killed.Store(true)
		time.Sleep(time.Duration(h.rnd.IntN(6)) * time.Millisecond)
		h.m.Close()
		h.killed.Store(false)
		h.openMirror()
	case n < 97:
		h.log = append(h.log, "restart")
		h.releaseOld()
		h.reopen()
	case n < 99 && h.depth < 2:
		h.branch()
	}
}

// branch makes a copy of the store, and it and its parent go on.
func (h *lakeHistory) branch() {
	h.log = append(h.log, "branch")
	c := *h
	c.killed, c.old, c.loads, c.depth = new(atomic.Bool), nil, nil, h.depth+1
	o := h.opt
	o.Step = func(string) error {
		if c.killed.Load() {
			return errKilled
		}
		return nil
	}
	c.rig = h.copyTo(fmt.Sprintf("%s@%d", h.name, len(h.log)), o)
	for range h.rnd.IntN(12) {
		h.step()
	}
	c.log = slices.Clone(c.log)
	c.open()
	c.compareNow(lakeID)
	c.goOn(h.rnd.IntN(25))
	c.close()
}

func (h *lakeHistory) each(f func(string) string) {
	h.rows = maps.Clone(h.rows)
	for id, s := range h.rows {
		h.rows[id] = f(s)
	}
}

func (h *lakeHistory) checkSnapshot(o lakeSnapshot) {
	h.t.Helper()
	kinds := make([]tuple.Kind, len(o.schema.Columns))
	for i, c := range o.schema.Columns {
		kinds[i] = c.Kind
	}
	l := tuple.NewLayout(kinds, nil)
	it := o.s.NewIter(change.AppendKeyPrefix(nil, o.schema.StorageID, 1), change.AppendKeyPrefix(nil, o.schema.StorageID, 2))
	defer it.Close()
	got := map[uint64]string{}
	last := uint64(0)
	for ok := it.First(); ok; ok = it.Next() {
		row := it.Value()
		if row == nil {
			break
		}
		id := change.LakeRow(it.Key())
		if id != tuple.RowID(row) || id <= last {
			h.t.Errorf("key of row %d after %d has row %d", id, last, tuple.RowID(row))
			return
		}
		last = id
		var s string
		for i, c := range o.schema.Columns {
			if v := l.Get(row, i); c.Dropped {
				s += "∅|"
			} else {
				s += show(v) + "|"
			}
		}
		got[id] = s
	}
	if err := it.Error(); err != nil {
		h.t.Errorf("rows as of %v: %v", h.log[:o.at], err)
		return
	}
	if !maps.Equal(got, o.rows) {
		h.t.Errorf("as of step %d at %s: %d rows, want %d", o.at, o.s.LSN(), len(got), len(o.rows))
		for id, s := range o.rows {
			if got[id] != s {
				h.t.Errorf("row %d is %q, want %q", id, got[id], s)
				break
			}
		}
	}
	h.checkNarrow(o)
	for id, want := range o.rows {
		row, ok, err := o.s.AppendGet(nil, h.keyIn(o.schema, id))
		if !ok || err != nil || tuple.RowID(row) != id {
			h.t.Errorf("row %d, %s: %v %v", id, want, ok, err)
		}
		break
	}
}

// checkNarrow reads the rows for which a comparison of the first column holds, and of them some columns.
func (h *lakeHistory) checkNarrow(o lakeSnapshot) {
	kinds := make([]tuple.Kind, len(o.schema.Columns))
	want := &engine.Want{Columns: make([]bool, len(kinds))}
	for i, c := range o.schema.Columns {
		kinds[i], want.Columns[i] = c.Kind, i == 0 || h.rnd.IntN(2) == 0
	}
	value := h.rnd.Int64N(int64(h.next) + 2)
	cond := engine.Condition{Op: tuple.Comparison(1 + h.rnd.IntN(5)), Value: tuple.Int(value)}
	want.Where = []engine.Condition{cond}
	l := tuple.NewLayout(kinds, nil)
	it := o.s.NewIter(change.AppendKeyPrefix(nil, o.schema.StorageID, 1), change.AppendKeyPrefix(nil, o.schema.StorageID, 2))
	defer it.Close()
	it.Narrow(want)
	got := map[uint64]bool{}
	move, ok := it.Next, false
	if h.rnd.IntN(2) == 0 {
		ok = it.First()
	} else {
		move, ok = it.Prev, it.Last()
	}
	for ; ok; ok = move() {
		row := it.Value()
		if row == nil {
			break
		}
		k, id := l.Get(row, 0), change.LakeRow(it.Key())
		if k.IsNull() || !cond.Op.Holds(cmp.Compare(k.Int(), value)) {
			continue
		}
		got[id] = true
		cells := strings.Split(o.rows[id], "|")
		for i := range kinds {
			if want.Columns[i] && !o.schema.Columns[i].Dropped && cells[i] != show(l.Get(row, i)) {
				h.t.Errorf("row %d, column %d: %s, want %s", id, i, show(l.Get(row, i)), cells[i])
			}
		}
	}
	if err := it.Error(); err != nil {
		h.t.Errorf("narrow read: %v", err)
	}
	for id, shown := range o.rows {
		first, _, _ := strings.Cut(shown, "|")
		k, err := strconv.ParseInt(first, 10, 64)
		if holds := err == nil && cond.Op.Holds(cmp.Compare(k, value)); holds != got[id] {
			h.t.Errorf("row %d (%s), operator %d %d: came %v", id, shown, cond.Op, value, got[id])
			return
		}
	}
}

func (h *lakeHistory) keyIn(s *change.Schema, id uint64) []byte {
	return change.AppendLakeKey(nil, s.StorageID, change.PrimaryIndex, id)
}

func TestDecimalText(t *testing.T) {
	for _, c := range []struct {
		n     int64
		scale int
		want  string
	}{{0, 0, "0"}, {0, 2, "0.00"}, {5, 2, "0.05"}, {-5, 2, "-0.05"}, {125, 2, "1.25"}, {-12345, 3, "-12.345"}, {7, 0, "7"}, {100, 2, "1.00"}} {
		if got := decimalText(big.NewInt(c.n), c.scale); got != c.want {
			t.Errorf("%d scale %d: %s, want %s", c.n, c.scale, got, c.want)
		}
	}
}

func FuzzLakeState(f *testing.F) {
	f.Add(lakeState{7, 12, "app/public/t-7"}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseLakeState(b)
		if err != nil {
			return
		}
		again, err := parseLakeState(s.append(nil))
		if err != nil || again != s {
			t.Errorf("%x: %+v, again %+v %v", b, s, again, err)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add(change.AppendLoad(nil, change.Load{First: 5, Rows: 3, File: []byte(`{"dir":"app/public/t-7","add":{"path":"p"}}`)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, file, err := parseLoad(b)
		if err != nil {
			return
		}
		if again, err := change.ParseLoad(change.AppendLoad(nil, l)); err != nil || again.First != l.First || again.Last() != l.Last() || file.Add == nil {
			t.Errorf("%x: %+v, again %+v %v", b, l, again, err)
		}
	})
}
