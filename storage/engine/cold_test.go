package engine

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
)

const lakeTable = change.LakeStorage | 101

// coldVersions are versions of a lake table in memory.
type coldVersions struct {
	mu   sync.Mutex
	list map[string]coldVersion
}

type coldVersion struct {
	ids  []uint64
	rows map[uint64]string
}

func (c *coldVersions) Rows(state []byte, loads [][]byte) (ColdRows, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := coldVersion{rows: map[uint64]string{}}
	names := loads
	if state != nil {
		names = append(names, state)
	}
	for _, name := range names {
		v, ok := c.list[string(name)]
		if !ok {
			return nil, fmt.Errorf("no version or load %q", name)
		}
		maps.Copy(all.rows, v.rows)
	}
	all.ids = slices.Sorted(maps.Keys(all.rows))
	return all, nil
}

func (v coldVersion) Get(dst []byte, id uint64) ([]byte, bool, error) {
	row, ok := v.rows[id]
	return append(dst, row...), ok, nil
}

func (v coldVersion) NewIter() ColdIter { return &versionIter{v: v} }

func (i *versionIter) Narrow(*Want) {}

type versionIter struct {
	v  coldVersion
	at int
}

func (i *versionIter) ok() bool { return i.at >= 0 && i.at < len(i.v.ids) }
func (i *versionIter) SeekGE(id uint64) bool {
	i.at, _ = slices.BinarySearch(i.v.ids, id)
	return i.ok()
}
func (i *versionIter) SeekLT(id uint64) bool {
	i.at, _ = slices.BinarySearch(i.v.ids, id)
	i.at--
	return i.ok()
}
func (i *versionIter) Next() bool   { i.at++; return i.ok() }
func (i *versionIter) Prev() bool   { i.at--; return i.ok() }
func (i *versionIter) ID() uint64   { return i.v.ids[i.at] }
func (i *versionIter) Row() []byte  { return []byte(i.v.rows[i.ID()]) }
func (i *versionIter) Err() error   { return nil }
func (i *versionIter) Close() error { return nil }

// A snapshot shows the rows of a lake table that were there when it was taken, whatever has been adopted and deleted since,
// and in every direction; a store that is opened again shows the newest ones.
func TestLakeRowsAreWhereverTheyStand(t *testing.T) {
	fs := vfs.NewMem()
	r := rand.New(rand.NewPCG(1, 2))
	e := mustOpen(t, Options{FS: fs, Dir: "s"})
	cold := &coldVersions{list: map[string]coldVersion{}}
	e.SetCold(cold)
	now := map[uint64]string{} // rows by id, as stored
	type seen struct {
		s    *Snapshot
		rows map[uint64]string
	}
	var old []seen
	key := func(id uint64) []byte { return change.AppendLakeKey(nil, lakeTable, change.PrimaryIndex, id) }
	provisional := uint64(change.ProvisionalRow)

	insert := func(n int) {
		var g change.Group
		var keys [][]byte
		for range n {
			provisional++
			keys = append(keys, key(provisional))
			g.Put(keys[len(keys)-1], rowValue(fmt.Sprint("row ", provisional)), 0)
		}
		if _, err := e.Commit(t.Context(), &g, Async); err != nil {
			t.Fatal(err)
		}
		for i, k := range keys {
			final, ok := g.FinalKey(k)
			if !ok || change.LakeRow(final) != g.FirstRowID()+uint64(i) {
				t.Fatalf("final key of row %d: %x %v", i, final, ok)
			}
			v, _, ok, err := e.GetLatest(final)
			if !ok || err != nil {
				t.Fatalf("row %x: %v %v", final, ok, err)
			}
			now[change.LakeRow(final)] = string(v)
		}
		if _, ok := g.FinalKey(key(provisional + 1)); ok {
			t.Fatal("final key of a row that is not there")
		}
	}
	remove := func(n int) {
		mustCommit(t, e, Async, func(g *change.Group) {
			for _, id := range slices.Sorted(maps.Keys(now)) {
				if n > 0 && r.IntN(len(now)) < 3 {
					g.Delete(key(id), id)
					g.Put(change.AppendLakeKey(nil, lakeTable, change.LakeTombstones, id), nil, 0)
					delete(now, id)
					n--
				}
			}
			g.Message("t", nil)
		})
	}
	// Rows of a load have smaller ids than those that commit while it is written.
	load := func(n int) {
		first, ahead := e.ReserveAhead(lakeTable, uint64(n))
		if !e.RowsAhead(lakeTable, first, e.VisibleLSN()) || first > 0 && e.RowsAhead(lakeTable, first-1, e.VisibleLSN()) || e.RowsAhead(lakeTable+1, first, e.VisibleLSN()) {
			t.Fatal("rows ahead")
		}
		insert(r.IntN(3))
		v := coldVersion{rows: map[uint64]string{}}
		for i := range uint64(n) {
			row := rowValue(fmt.Sprint("loaded ", first+i))
			binary.LittleEndian.PutUint64(row, first+i)
			v.rows[first+i] = string(row)
		}
		maps.Copy(now, v.rows)
		record := change.AppendLoad(nil, change.Load{First: first, Rows: uint64(n)})
		cold.mu.Lock()
		cold.list[string(record)] = v
		cold.mu.Unlock()
		before := e.VisibleLSN()
		lsn := mustCommit(t, e, Async, func(g *change.Group) {
			g.Put(change.AppendLakeKey(nil, lakeTable, change.LakeLoads, first), record, 0)
		})
		ahead.Done(lsn)
		if !e.RowsAhead(lakeTable, 1<<62, before) || e.RowsAhead(lakeTable, 1<<62, lsn) || e.RowsAhead(lakeTable+1, 1<<62, before) {
			t.Fatal("rows ahead after the commit")
		}
	}
	adopt := func() {
		v := coldVersion{ids: slices.Sorted(maps.Keys(now)), rows: maps.Clone(now)}
		name := fmt.Sprint("v", len(cold.list))
		cold.mu.Lock()
		cold.list[name] = v
		cold.mu.Unlock()
		mustCommit(t, e, Async, func(g *change.Group) {
			if n := len(v.ids); n > 0 {
				g.DeleteRange(key(0), key(v.ids[n-1]+1))
				g.DeleteRange(change.AppendLakeKey(nil, lakeTable, change.LakeLoads, 0), change.AppendKeyPrefix(nil, lakeTable, change.LakeLoads+1))
			}
			g.Put(change.AppendKeyPrefix(nil, lakeTable, change.LakeState), []byte(name), 0)
			it := e.Snapshot()
			defer it.Release()
			tombs := it.NewIter(change.AppendKeyPrefix(nil, lakeTable, change.LakeTombstones), change.AppendKeyPrefix(nil, lakeTable, change.LakeTombstones+1))
			defer tombs.Close()
			for ok := tombs.First(); ok; ok = tombs.Next() {
				g.Delete(tombs.Key(), 0)
			}
		})
	}
	check := func(s *Snapshot, want map[uint64]string) {
		t.Helper()
		lo, hi := change.AppendKeyPrefix(nil, lakeTable, 1), change.AppendKeyPrefix(nil, lakeTable, 2)
		it := s.NewIter(lo, hi)
		defer it.Close()
		ids := slices.Sorted(maps.Keys(want))
		at := func(i int) {
			t.Helper()
			if string(it.Key()) != string(key(ids[i])) || string(it.Value()) != want[ids[i]] {
				t.Fatalf("place %d of %d: %x %q, wanted row %d %q", i, len(ids), it.Key(), it.Value(), ids[i], want[ids[i]])
			}
		}
		n := 0
		for ok := it.First(); ok; ok = it.Next() {
			if n == len(ids) {
				t.Fatalf("row %x too many", it.Key())
			}
			at(n)
			n++
		}
		if n != len(ids) {
			t.Fatalf("%d rows, wanted %d", n, len(ids))
		}
		for ok := it.Last(); ok; ok = it.Prev() {
			n--
			at(n)
		}
		if n != 0 {
			t.Fatalf("%d rows are missing backwards", n)
		}
		for range 20 {
			id := r.Uint64N(400)
			i, _ := slices.BinarySearch(ids, id)
			if it.SeekGE(key(id)) != (i < len(ids)) {
				t.Fatalf("seek %d", id)
			}
			for ; i < len(ids) && r.IntN(4) > 0; i++ {
				at(i)
				if it.Next() != (i+1 < len(ids)) {
					t.Fatalf("next after %d", ids[i])
				}
			}
			for ; i > 0 && i < len(ids) && r.IntN(4) > 0; i-- {
				at(i)
				if !it.Prev() {
					t.Fatalf("prev before %d", ids[i])
				}
			}
			if i, _ = slices.BinarySearch(ids, id); it.SeekLT(key(id)) != (i > 0) {
				t.Fatalf("seek below %d", id)
			} else if i > 0 {
				at(i - 1)
				if it.Next() != (i < len(ids)) {
					t.Fatalf("next after a seek below %d", id)
				} else if i < len(ids) {
					at(i)
				}
			}
			row, ok, err := s.AppendGet(nil, key(id))
			if w, there := want[id]; err != nil || ok != there || string(row) != w {
				t.Fatalf("get %d: %q %v %v, wanted %q", id, row, ok, err, w)
			}
		}
		if err := it.Error(); err != nil {
			t.Fatal(err)
		}
	}
	for range 150 {
		switch k := r.IntN(12); {
		case k < 4:
			insert(1 + r.IntN(4))
		case k >= 10:
			load(1 + r.IntN(4))
		case k < 7:
			remove(1 + r.IntN(4))
		case k < 8:
			adopt()
		default:
			old = append(old, seen{e.Snapshot(), maps.Clone(now)})
		}
		if len(old) > 0 {
			o := old[r.IntN(len(old))]
			check(o.s, o.rows)
		}
	}
	for _, o := range old {
		check(o.s, o.rows)
		o.s.Release()
	}
	mustClose(t, e)
	e = mustOpen(t, Options{FS: fs, Dir: "s"})
	defer mustClose(t, e)
	s := e.Snapshot()
	defer s.Release()
	it := s.NewIter(change.AppendKeyPrefix(nil, lakeTable, 1), change.AppendKeyPrefix(nil, lakeTable, 2))
	if it.First() {
		t.Error("rows in files are missing and nothing said so")
	}
	if err := it.Close(); err == nil {
		t.Error("no error without a reader of files")
	}
	e.SetCold(cold)
	check(s, now)
}
