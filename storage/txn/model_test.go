package txn

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

// model is what a transaction is compared with: whole states as maps from key to text.
type model struct {
	t         *testing.T
	r         *rand.Rand
	m         *Manager
	committed map[string]string
	steps     []string // for the message of a failure

	x          *Txn
	snapshot   map[string]string // REPEATABLE READ: what the first statement saw
	own        map[string]string // uncommitted; "" deleted
	savepoints []modelSavepoint
	views      []modelView
	getter     Getter
}

type modelSavepoint struct {
	s     Savepoint
	own   map[string]string
	views int
}

type modelView struct {
	v    View
	want map[string]string
}

// TestModel runs random transactions, with savepoints, commands, ranges, old Views and commits of others, against maps.
func TestModel(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	for seed, cfg := range []Config{{}, {MemoryBytes: 1}, {LargeBytes: 1}} {
		r := rand.New(rand.NewPCG(uint64(seed), 42))
		md := &model{t: t, r: r, m: openManager(t, cfg), committed: map[string]string{}}
		for range rounds {
			md.transaction()
		}
		if spilled := md.m.Stats().Spilled > 0; spilled != (cfg.MemoryBytes != 0) {
			t.Errorf("spilled: %v with %d bytes of memory", spilled, cfg.MemoryBytes)
		}
		got := checkLog(t, md.m)
		md.compare("log", got, md.committed)
	}
}

func (md *model) key(table uint32) string {
	if md.r.IntN(5) == 0 {
		return string(indexKey(table, fmt.Sprint(md.r.IntN(30))))
	}
	return string(rowKey(table, fmt.Sprint(md.r.IntN(30))))
}

func (md *model) value() string {
	switch md.r.IntN(400) {
	case 0:
		return strings.Repeat("long", 1+md.r.IntN(800000)) // more than a segment of the value log
	case 1, 2, 3, 4, 5, 6, 7, 8:
		return strings.Repeat("long", 1+md.r.IntN(2000))
	}
	return fmt.Sprint("v", md.r.IntN(1000))
}

func (md *model) note(format string, args ...any) {
	md.steps = append(md.steps, fmt.Sprintf(format, args...))
}

func (md *model) transaction() {
	md.x = md.m.Begin(Options{Isolation: Isolation(md.r.IntN(2))})
	md.snapshot, md.own, md.savepoints, md.views, md.steps = nil, map[string]string{}, nil, nil, nil
	md.note("begin %d", md.x.Isolation())
	for range 1 + md.r.IntN(60) {
		md.step()
	}
	for _, v := range md.views {
		must(md.t, md.getter.Close())
		v.v.Release()
	}
	if md.r.IntN(4) == 0 {
		md.x.Rollback()
	} else {
		commit(md.t, md.x)
		apply(md.committed, md.own)
	}
	x := md.m.Begin(Options{})
	v := x.Statement()
	md.compare("after the transaction", scan(md.t, v, nil, nil), md.committed)
	v.Release()
	x.Rollback()
}

func apply(state, own map[string]string) {
	for k, v := range own {
		if v == "" {
			delete(state, k)
		} else {
			state[k] = v
		}
	}
}

func (md *model) step() {
	switch md.r.IntN(12) {
	case 0, 1, 2, 3:
		md.put(md.key(ownTable), md.value())
	case 4:
		md.remove(md.key(ownTable))
	case 5:
		if md.r.IntN(4) == 0 {
			md.removeRange()
		}
	case 6:
		md.note("savepoint")
		md.savepoints = append(md.savepoints, modelSavepoint{md.x.Savepoint(), maps.Clone(md.own), len(md.views)})
	case 7:
		md.back()
	case 8:
		md.others()
	default:
		md.statement()
	}
}

// put follows the executor's protocol: the old row id is that of the version which the newest View would show.
func (md *model) put(k, value string) {
	md.note("put %q %.10s", k, value)
	key := []byte(k)
	if !isRow(key) {
		must(md.t, md.x.Put(key, []byte(value), 0))
	} else {
		must(md.t, md.x.Put(key, row(value), md.oldID(key)))
	}
	md.own[k] = value
}

func (md *model) oldID(key []byte) uint64 {
	old, ok, err := md.x.GetLatest(nil, key)
	must(md.t, err)
	if !ok {
		return 0
	}
	return tuple.RowID(old)
}

func (md *model) remove(k string) {
	key := []byte(k)
	if _, ok, err := md.x.GetLatest(nil, key); err != nil || !ok {
		must(md.t, err)
		return
	}
	md.note("delete %q", k)
	id := uint64(0)
	if isRow(key) {
		id = md.oldID(key)
	}
	must(md.t, md.x.Delete(key, id))
	md.own[k] = ""
}

func (md *model) removeRange() {
	lo, hi := md.key(ownTable), md.key(ownTable)
	if lo > hi {
		lo, hi = hi, lo
	}
	if lo == hi {
		return
	}
	md.note("delete range %q %q", lo, hi)
	must(md.t, md.x.DeleteRange([]byte(lo), []byte(hi)))
	state := maps.Clone(md.committed)
	apply(state, md.own)
	for k := range state {
		if k >= lo && k < hi {
			md.own[k] = ""
		}
	}
}

// back goes to a savepoint or forgets it.
func (md *model) back() {
	if len(md.savepoints) == 0 {
		return
	}
	i := md.r.IntN(len(md.savepoints))
	sp := md.savepoints[i]
	if md.r.IntN(2) == 0 {
		md.note("release savepoint %d", i)
		must(md.t, md.x.Release(sp.s))
		md.savepoints = md.savepoints[:i]
		return
	}
	md.note("rollback to savepoint %d", i)
	must(md.t, md.x.RollbackTo(sp.s))
	md.savepoints = md.savepoints[:i+1]
	md.own = maps.Clone(sp.own)
	// Cursors that were opened after the savepoint are closed by it.
	for len(md.views) > sp.views {
		must(md.t, md.getter.Close())
		md.views[len(md.views)-1].v.Release()
		md.views = md.views[:len(md.views)-1]
	}
	for j := range md.savepoints {
		md.savepoints[j].views = min(md.savepoints[j].views, len(md.views))
	}
}

// others commits something in the table that this transaction does not write.
func (md *model) others() {
	k := md.key(sharedTable)
	md.note("another commits %q", k)
	x := md.m.Begin(Options{})
	value := md.value()
	if isRow([]byte(k)) {
		setIn(md.t, x, []byte(k), value)
	} else {
		must(md.t, x.Put([]byte(k), []byte(value), 0))
	}
	commit(md.t, x)
	md.committed[k] = value
}

// statement opens a View and reads through it or an older one.
func (md *model) statement() {
	if len(md.views) < 3 && md.r.IntN(2) == 0 {
		md.note("statement")
		state := maps.Clone(md.committed)
		if md.x.Isolation() == RepeatableRead {
			if md.snapshot == nil {
				md.snapshot = maps.Clone(md.committed)
			}
			state = maps.Clone(md.snapshot)
		}
		apply(state, md.own)
		md.views = append(md.views, modelView{md.x.Statement(), state})
	}
	if len(md.views) == 0 {
		return
	}
	i := md.r.IntN(len(md.views))
	mv := md.views[i]
	md.note("read view %d", i)
	for _, table := range []uint32{ownTable, sharedTable} {
		k := md.key(table)
		if got := md.text(k, mv.v); got != mv.want[k] {
			md.fail("get %q: %.20q, want %.20q", k, got, mv.want[k])
		}
	}
	md.compare("scan", scan(md.t, mv.v, nil, nil), mv.want)
	md.walk(mv)
	md.latest()
	if md.r.IntN(3) == 0 {
		md.note("release view %d", i)
		must(md.t, md.getter.Close())
		mv.v.Release()
		md.views = slices.Delete(md.views, i, i+1)
		for j := range md.savepoints {
			if md.savepoints[j].views > i {
				md.savepoints[j].views--
			}
		}
	}
}

func (md *model) text(k string, v View) string {
	value, ok, err := v.Get(nil, []byte(k))
	must(md.t, err)
	// A Getter that has been used for another view, or many times.
	same, found, err := md.getter.Get(v, nil, []byte(k))
	must(md.t, err)
	if found != ok || string(same) != string(value) {
		md.fail("getter says %v %.20q of %q, view %v %.20q", found, same, k, ok, value)
	}
	if md.r.IntN(50) == 0 {
		must(md.t, md.getter.Close())
	}
	if !ok {
		return ""
	}
	if !isRow([]byte(k)) {
		return string(value)
	}
	return text(value)
}

// latest checks the newest state: everything committed and everything own.
func (md *model) latest() {
	state := maps.Clone(md.committed)
	apply(state, md.own)
	v := md.x.Latest()
	md.compare("latest", scan(md.t, v, nil, nil), state)
	v.Release()
	k := md.key(ownTable)
	_, ok, err := md.x.GetLatest(nil, []byte(k))
	must(md.t, err)
	if ok != (state[k] != "") {
		md.fail("latest of %q: %v", k, ok)
	}
}

// walk moves an iterator at random, with bounds, and compares each position with the sorted keys.
func (md *model) walk(mv modelView) {
	lo, hi := md.bound(), md.bound()
	if hi != nil && string(lo) > string(hi) {
		lo, hi = hi, lo
	}
	var keys []string
	for k := range mv.want {
		if k >= string(lo) && (hi == nil || k < string(hi)) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if lo == nil {
		lo = tuple.AppendPrefix(nil, ownTable, 0) // the engine's own keys come before
	}
	it := mv.v.NewIter(lo, hi)
	if md.r.IntN(2) == 0 {
		other := md.bound()
		must(md.t, it.Close())
		it = mv.v.NewIter(tuple.AppendPrefix(nil, ownTable, 0), other)
		it.First()
		it.Reset(mv.v, lo, hi)
	}
	at := -1
	for range 12 {
		var move string
		var ok bool
		switch n := md.r.IntN(8); {
		case n == 0 || at < 0 || at >= len(keys):
			move, at = "first", 0
			ok = it.First()
			if md.r.IntN(2) == 0 {
				move, at = "last", len(keys)-1
				ok = it.Last()
			}
		case n == 1:
			k := md.key(ownTable)
			move = fmt.Sprintf("seek %q", k)
			at, _ = slices.BinarySearch(keys, k)
			if md.r.IntN(2) == 0 {
				ok = it.SeekGE([]byte(k))
			} else {
				move += " less"
				at--
				ok = it.SeekLT([]byte(k))
			}
		case n < 5:
			move = "next"
			at++
			ok = it.Next()
		default:
			move = "prev"
			at--
			ok = it.Prev()
		}
		md.note("%s", move)
		if want := at >= 0 && at < len(keys); ok != want || it.Valid() != want {
			md.fail("%s to %d of %d: %v", move, at, len(keys), ok)
		} else if ok && (string(it.Key()) != keys[at] || md.rowText(it.Key(), it.Value()) != mv.want[keys[at]]) {
			md.fail("%s: at %q, want %q", move, it.Key(), keys[at])
		}
	}
	must(md.t, it.Close())
}

func (md *model) rowText(k, v []byte) string {
	if !isRow(k) {
		return string(v)
	}
	return text(v)
}

func (md *model) bound() []byte {
	switch md.r.IntN(3) {
	case 0:
		return nil
	case 1:
		return []byte(md.key(sharedTable))
	}
	return []byte(md.key(ownTable))
}

func (md *model) fail(format string, args ...any) {
	md.t.Helper()
	md.t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), strings.Join(md.steps, "\n"))
}

func (md *model) compare(what string, got, want map[string]string) {
	md.t.Helper()
	for k := range got {
		if k < "\x00\x00\x00\x65" {
			delete(got, k) // the engine's
		}
	}
	if maps.Equal(got, want) {
		return
	}
	for k, v := range want {
		if got[k] != v {
			md.note("%q: got %.20q, want %.20q", k, got[k], v)
		}
	}
	for k, v := range got {
		if want[k] == "" {
			md.note("%q: got %.20q, want nothing", k, v)
		}
	}
	md.fail("%s differs", what)
}

// scan reads forwards and backwards.
func scan(t testing.TB, v View, lo, hi []byte) map[string]string {
	t.Helper()
	state := map[string]string{}
	it := v.NewIter(lo, hi)
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		k := string(it.Key())
		if isRow(it.Key()) {
			state[k] = text(it.Value())
		} else {
			state[k] = string(it.Value())
		}
		n++
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		if _, seen := state[string(it.Key())]; !seen {
			t.Fatalf("%q is only there backwards", it.Key())
		}
		n--
	}
	must(t, it.Close())
	if n != 0 {
		t.Fatalf("%d keys more forwards than backwards", n)
	}
	return state
}
