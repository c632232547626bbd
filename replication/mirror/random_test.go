package mirror

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// Rows, schema changes, truncations, bulk loads, drops and restarts in random order against publications and
// compactions that never rest: whenever the mirror answers, it answers what the rows are (I4), and in the end it does.
// TARN_RANDOM_SEEDS runs more histories.
func TestRandomHistories(t *testing.T) {
	tune := Options{FileRetention: 40 * time.Millisecond, KeepVersions: 20 * time.Millisecond}
	eachHistory(t, 3, tune, func(r *rig, rnd *rand.Rand, killed *atomic.Bool) {
		h := &history{killed: killed, rig: r, rnd: rnd, storage: 1000}
		h.run(150)
	})
}

// eachHistory runs histories of different seeds side by side, each over a mirror that publishes, merges and forgets all the time and
// comes to nothing once it is killed.
func eachHistory(t *testing.T, stream uint64, o Options, run func(r *rig, rnd *rand.Rand, killed *atomic.Bool)) {
	seeds := 2
	if n, err := strconv.Atoi(os.Getenv("TARN_RANDOM_SEEDS")); err == nil {
		seeds = n
	}
	o.RowIDBytes, o.MaxLag, o.TailRows, o.MergeFiles, o.CheckpointLog = 100, 3*time.Millisecond, 40, 4, 5
	o.LogRetention, o.FileRows, o.ClusterFile, o.clusterBuffer = 80*time.Millisecond, 30, 4000, 1000
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var killed atomic.Bool
			o := o
			o.Step = func(string) error {
				if killed.Load() {
					return errKilled
				}
				return nil
			}
			r := newRig(t, o)
			r.ahead = true
			run(r, rand.New(rand.NewPCG(uint64(seed), stream)), &killed)
		})
	}
}

type history struct {
	*rig
	rnd     *rand.Rand
	storage uint32
	nextID  uint32
	log     []string
	seen    map[string]bool
	killed  *atomic.Bool
}

var errKilled = errors.New("killed")

func (h *history) run(steps int) {
	for range 2 {
		h.create()
	}
	for range steps {
		h.step()
		if h.rnd.IntN(4) == 0 {
			s := h.eng.Snapshot()
			h.compareAt(s, h.ids()...)
			s.Release()
		}
		if h.t.Failed() {
			h.t.Logf("history: %v", h.log)
			return
		}
	}
	h.compareNow(h.ids()...)
	h.sync()
	h.quiesce()
	for _, id := range h.ids() {
		h.validate(id)
		h.noOrphansAfterSweep(id)
	}
	if h.t.Failed() {
		h.t.Logf("history: %v", h.log)
	}
}

func (h *history) ids() []uint32 {
	var out []uint32
	for id, t := range h.tabs {
		if !t.schema.Dropped && option(t.schema, "mirror") != "off" {
			out = append(out, id)
		}
	}
	return out
}

func (h *history) create() {
	h.nextID++
	id := 200 + h.nextID
	h.note("create", id)
	h.commit(func(g *change.Group) {
		s := twoColumns(h.rig, id)
		h.storage++
		s.StorageID = h.storage
		if h.rnd.IntN(2) == 0 {
			s.Options = append(s.Options, change.Option{Name: optClusterBy, Value: "3,1"})
		}
		if h.rnd.IntN(2) == 0 {
			withFeed(s)
		}
		h.define(g, s)
		if h.rnd.IntN(2) == 0 {
			h.seen = map[string]bool{}
			h.rows(g, id, 10)
		}
	})
}

func (h *history) note(what string, id uint32) { h.log = append(h.log, fmt.Sprint(what, " ", id)) }

// rows changes up to n rows in a group, each once (as a transaction's write set would).
func (h *history) rows(g *change.Group, id uint32, n int) {
	if g.Empty() {
		h.seen = map[string]bool{}
	}
	for range 1 + h.rnd.IntN(n) {
		k := h.rnd.Int64N(60)
		if name := fmt.Sprint(id, "/", k); h.seen[name] {
			continue
		} else {
			h.seen[name] = true
		}
		if h.rnd.IntN(3) == 0 {
			h.del(g, id, k)
			continue
		}
		h.put(g, id, k, h.values(id)...)
	}
}

func (h *history) values(id uint32) []tuple.Value {
	var out []tuple.Value
	for _, c := range h.tabs[id].schema.Columns[1:] {
		switch {
		case c.Dropped || h.rnd.IntN(6) == 0:
			out = append(out, tuple.Null)
		case c.Kind == tuple.KindText:
			out = append(out, text(fmt.Sprint("v", h.rnd.IntN(1e6))))
		case c.TypeOID == pgtext.OIDDate && h.rnd.IntN(200) == 0:
			out = append(out, tuple.Int(pgtext.DateInfinity))
		default:
			out = append(out, tuple.Int(h.rnd.Int64N(9000)))
		}
	}
	return out
}

func (h *history) step() {
	ids := h.ids()
	if len(ids) == 0 {
		h.create()
		return
	}
	id := ids[h.rnd.IntN(len(ids))]
	switch n := h.rnd.IntN(100); {
	case n < 70:
		h.commit(func(g *change.Group) {
			for range 1 + h.rnd.IntN(2) {
				h.rows(g, ids[h.rnd.IntN(len(ids))], 8)
			}
			if g.Empty() {
				h.put(g, id, 1, h.values(id)...)
			}
		})
	case n < 75:
		h.note("truncate", id)
		h.commit(func(g *change.Group) {
			if h.rnd.IntN(3) == 0 {
				h.rows(g, id, 5)
			}
			old := h.tabs[id].schema.StorageID
			h.storage++
			h.alterIn(g, id, func(s *change.Schema) { s.StorageID = h.storage })
			g.DeleteRange(change.AppendKeyPrefix(nil, old, 0), change.AppendKeyPrefix(nil, old+1, 0))
			if h.rnd.IntN(2) == 0 {
				h.put(g, id, 3, h.values(id)...)
			}
		})
	case n < 79:
		h.note("add column", id)
		h.commit(func(g *change.Group) {
			if h.rnd.IntN(3) == 0 {
				h.put(g, id, 70, h.values(id)...)
			}
			h.alterIn(g, id, func(s *change.Schema) {
				att := int16(len(s.Columns) + 1)
				c := col(fmt.Sprint("c", h.rnd.IntN(3)), att, pgtext.OIDDate, tuple.KindInt32)
				if h.rnd.IntN(2) == 0 {
					c = col(fmt.Sprint("c", h.rnd.IntN(3)), att, 25, tuple.KindText)
				}
				s.Columns = append(s.Columns, c)
			})
			if h.rnd.IntN(2) == 0 {
				h.put(g, id, 71, h.values(id)...)
			}
		})
	case n < 83:
		h.note("drop column", id)
		h.alter(id, func(s *change.Schema) { s.Columns[1+h.rnd.IntN(len(s.Columns)-1)].Dropped = true })
	case n < 85:
		h.note("rename column", id)
		h.alter(id, func(s *change.Schema) { s.Columns[h.rnd.IntN(len(s.Columns))].Name = fmt.Sprint("r", h.rnd.IntN(4)) })
	case n < 87:
		h.note("rename table", id)
		h.alter(id, func(s *change.Schema) { s.TableName = fmt.Sprint("n", h.rnd.IntN(4)) })
	case n < 90:
		h.bulk(id)
	case n < 91:
		h.note("drop", id)
		h.alter(id, func(s *change.Schema) { s.Dropped = true })
	case n < 93:
		h.create()
	case n < 95:
		h.note("off", id)
		h.alter(id, func(s *change.Schema) { s.Options = []change.Option{{Name: "mirror", Value: "off"}} })
		h.commit(func(g *change.Group) { h.put(g, id, 9, h.values(id)...) })
		if h.rnd.IntN(2) == 0 {
			h.sync()
		}
		h.alter(id, func(s *change.Schema) { s.Options = nil })
	case n < 97:
		// Nothing more is committed or saved, wherever the workers are.
		h.note("kill mirror", 0)
		h.killed.Store(true)
		if h.rnd.IntN(2) == 0 {
			time.Sleep(time.Duration(h.rnd.IntN(6)) * time.Millisecond) // more steps fail
		}
		h.m.Close()
		h.killed.Store(false)
		h.openMirror()
	case n < 98:
		h.note("restart mirror", 0)
		h.m.Close()
		h.openMirror()
	default:
		h.note("restart", 0)
		h.reopen()
	}
}

// bulk replaces a table's rows by sorted files under a new storage id.
func (h *history) bulk(id uint32) {
	h.note("bulk", id)
	h.commit(func(g *change.Group) {
		h.storage++
		h.alterIn(g, id, func(s *change.Schema) { s.StorageID = h.storage })
		const n = 50
		first := h.eng.ReserveRowIDs(n)
		w, err := h.eng.NewBulkWriter(h.storage, change.PrimaryIndex, first)
		if err != nil {
			h.t.Fatal(err)
		}
		for k := range int64(n) {
			row := h.tabs[id].layout.Append(nil, first+uint64(k), append([]tuple.Value{tuple.Int(k)}, h.values(id)...))
			if err := w.Add(h.key(id, k), row); err != nil {
				h.t.Fatal(err)
			}
		}
		in, err := w.Finish(bg)
		if err != nil {
			h.t.Fatal(err)
		}
		g.Ingest(in)
	})
}

// noOrphansAfterSweep sweeps first: files whose retention has passed are no orphans, but not named either.
func (h *history) noOrphansAfterSweep(id uint32) {
	h.m.mu.Lock()
	t := h.m.tables[id]
	h.m.mu.Unlock()
	if err := h.m.tidy(bg, t); err != nil {
		h.t.Error(err)
	}
	h.noOrphans(id)
}
