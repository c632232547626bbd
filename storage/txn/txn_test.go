package txn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

var bg = context.Background()

func TestStatementDoesNotSeeItsOwnWrites(t *testing.T) {
	m := openManager(t, Config{})
	k := rowKey(ownTable, "k")
	x := m.Begin(Options{})
	v := x.Statement()
	must(t, x.Put(k, row("new"), 0))
	if got := get(t, v, k); got != "" {
		t.Errorf("own statement sees %q", got)
	}
	inner := x.Statement() // a function called from the statement
	if got := get(t, inner, k); got != "new" {
		t.Errorf("inner statement sees %q", got)
	}
	must(t, x.Put(k, row("inner"), 0))
	if got := get(t, inner, k) + "," + get(t, v, k); got != "new," {
		t.Errorf("after the inner write: %s", got)
	}
	lv, err := v.LockVersion(bg, k, 0, lock.Update, lock.Options{}, nil)
	must(t, err)
	if lv.State != RowOwn {
		t.Errorf("state %d, want RowOwn", lv.State)
	}
	inner.Release()
	v.Release()
	commit(t, x)
	if got := read(t, m, k); got != "inner" {
		t.Errorf("committed %q", got)
	}
}

func TestIsolationOfSnapshots(t *testing.T) {
	m := openManager(t, Config{})
	k := rowKey(ownTable, "k")
	set(t, m, k, "1")
	rc, rr := m.Begin(Options{}), m.Begin(Options{Isolation: RepeatableRead})
	rcv, rrv := rc.Statement(), rr.Statement()
	set(t, m, k, "2")
	if got := get(t, rcv, k) + get(t, rrv, k); got != "11" {
		t.Errorf("open statements see %s", got)
	}
	rcv.Release()
	rrv.Release()
	rcv, rrv = rc.Statement(), rr.Statement()
	if got := get(t, rcv, k) + get(t, rrv, k); got != "21" {
		t.Errorf("next statements see %s", got)
	}
	rrl := rr.Latest()
	if got := get(t, rrl, k); got != "2" {
		t.Errorf("latest is %s", got)
	}
	rcv.Release()
	rrv.Release()
	rrl.Release()
	rc.Rollback()
	commit(t, rr)
}

// blocked starts f and returns when it waits for a lock; the result comes on the channel.
func blocked(m *Manager, o *lock.Owner, f func() (LockedRow, error)) chan func() (LockedRow, error) {
	done := make(chan func() (LockedRow, error), 1)
	go func() {
		r, err := f()
		done <- func() (LockedRow, error) { return r, err }
	}()
	for len(m.Locks().Blocking(o.PID())) == 0 && len(done) == 0 {
		runtime.Gosched()
	}
	return done
}

// TestUpdateProtocol: what LockVersion says after a wait, by isolation level and by what the other one did.
func TestUpdateProtocol(t *testing.T) {
	for _, c := range []struct {
		name   string
		iso    Isolation
		other  func(x *Txn, key []byte, id uint64) error
		state  RowState
		err    error
		commit bool
	}{
		{"rc update", ReadCommitted, func(x *Txn, k []byte, id uint64) error { return x.Put(k, row("theirs"), id) }, RowChanged, nil, true},
		{"rr update", RepeatableRead, func(x *Txn, k []byte, id uint64) error { return x.Put(k, row("theirs"), id) }, 0, ErrConcurrentUpdate, true},
		{"rc delete", ReadCommitted, func(x *Txn, k []byte, id uint64) error { return x.Delete(k, id) }, RowGone, nil, true},
		{"rr delete", RepeatableRead, func(x *Txn, k []byte, id uint64) error { return x.Delete(k, id) }, 0, ErrConcurrentDelete, true},
		{"rr rollback", RepeatableRead, func(x *Txn, k []byte, id uint64) error { return x.Put(k, row("theirs"), id) }, RowSame, nil, false},
		{"rc rollback", ReadCommitted, func(x *Txn, k []byte, id uint64) error { return x.Delete(k, id) }, RowSame, nil, false},
		{"rr lock only", RepeatableRead, func(x *Txn, k []byte, id uint64) error { return nil }, RowSame, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := openManager(t, Config{})
			k := rowKey(ownTable, "k")
			set(t, m, k, "first")
			other, x := m.Begin(Options{}), m.Begin(Options{Isolation: c.iso, Owner: m.Locks().NewOwner(7)})
			ov, v := other.Statement(), x.Statement()
			old, _, err := v.Get(nil, k)
			must(t, err)
			id := tuple.RowID(old)
			_, err = ov.LockVersion(bg, k, id, lock.Update, lock.Options{}, nil)
			must(t, err)
			must(t, c.other(other, k, id))
			done := blocked(m, x.LockOwner(), func() (LockedRow, error) {
				return v.LockVersion(bg, k, id, lock.NoKeyUpdate, lock.Options{}, nil)
			})
			ov.Release()
			if c.commit {
				commit(t, other)
			} else {
				other.Rollback()
			}
			r, err := (<-done)()
			if !errors.Is(err, c.err) || c.err != nil && !errors.Is(err, ErrSerialization) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if r.State != c.state || c.err == nil && !r.Waited {
				t.Errorf("%+v, want state %d", r, c.state)
			}
			if c.state == RowChanged && text(r.Row) != "theirs" {
				t.Errorf("newest version is %q", text(r.Row))
			}
			v.Release()
			x.Rollback()
		})
	}
}

// TestChangedWithoutWait: the row has changed since the View although nobody holds it any more.
func TestChangedWithoutWait(t *testing.T) {
	m := openManager(t, Config{})
	k := rowKey(ownTable, "k")
	set(t, m, k, "1")
	for iso, want := range []error{nil, ErrConcurrentUpdate} {
		x := m.Begin(Options{Isolation: Isolation(iso)})
		v := x.Statement()
		old, _, err := v.Get(nil, k)
		must(t, err)
		set(t, m, k, "2")
		r, err := v.LockVersion(bg, k, tuple.RowID(old), lock.Update, lock.Options{}, nil)
		if !errors.Is(err, want) || want == nil && (r.State != RowChanged || r.Waited) {
			t.Errorf("isolation %d: %+v %v", iso, r, err)
		}
		v.Release()
		x.Rollback()
	}
}

// TestLostUpdate: concurrent increments of one row, READ COMMITTED by re-check, REPEATABLE READ by retry, all count.
func TestLostUpdate(t *testing.T) {
	const workers, each = 4, 40
	for _, iso := range []Isolation{ReadCommitted, RepeatableRead} {
		m := openManager(t, Config{})
		k := rowKey(ownTable, "counter")
		set(t, m, k, "0")
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range each {
					for !increment(t, m, iso, k) {
					}
				}
			})
		}
		wg.Wait()
		if got := read(t, m, k); got != fmt.Sprint(workers*each) {
			t.Errorf("isolation %d: %s", iso, got)
		}
		checkLog(t, m)
	}
}

// increment is UPDATE t SET n = n + 1; false says that it has to be tried again.
func increment(t *testing.T, m *Manager, iso Isolation, k []byte) bool {
	x := m.Begin(Options{Isolation: iso})
	v := x.Statement()
	cur, _, err := v.Get(nil, k)
	if err != nil {
		t.Error(err)
	}
	r, err := v.LockVersion(bg, k, tuple.RowID(cur), lock.NoKeyUpdate, lock.Options{}, nil)
	if err != nil {
		if !errors.Is(err, ErrSerialization) || iso == ReadCommitted {
			t.Error(err)
		}
		v.Release()
		x.Rollback()
		return false
	}
	if r.State == RowChanged {
		cur = r.Row
	}
	var n int
	fmt.Sscan(text(cur), &n)
	if err := x.Put(k, row(fmt.Sprint(n+1)), tuple.RowID(cur)); err != nil {
		t.Error(err)
	}
	v.Release()
	if _, err := x.Commit(bg, engine.Async); err != nil {
		t.Error(err)
	}
	return true
}

// TestWriteSkew: REPEATABLE READ lets two transactions each write what the other has read, as PostgreSQL does.
func TestWriteSkew(t *testing.T) {
	m := openManager(t, Config{})
	a, b := rowKey(ownTable, "a"), rowKey(ownTable, "b")
	set(t, m, a, "on")
	set(t, m, b, "on")
	x, y := m.Begin(Options{Isolation: RepeatableRead}), m.Begin(Options{Isolation: RepeatableRead})
	xv, yv := x.Statement(), y.Statement()
	setIn(t, x, a, "off")
	setIn(t, y, b, "off")
	xv.Release()
	yv.Release()
	commit(t, x)
	commit(t, y)
	if got := read(t, m, a) + read(t, m, b); got != "offoff" {
		t.Error(got)
	}
}

// TestDeadlock: two transactions change two rows in opposite order; one fails, the other goes on.
func TestDeadlock(t *testing.T) {
	m := openManager(t, Config{})
	a, b := rowKey(ownTable, "a"), rowKey(ownTable, "b")
	x, y := m.Begin(Options{Owner: m.Locks().NewOwner(1)}), m.Begin(Options{Owner: m.Locks().NewOwner(2)})
	setIn(t, x, a, "x")
	setIn(t, y, b, "y")
	done := blocked(m, x.LockOwner(), func() (LockedRow, error) {
		w, err := x.LockRow(bg, b, lock.Update, lock.Options{})
		return LockedRow{Waited: w}, err
	})
	_, err := y.LockRow(bg, a, lock.Update, lock.Options{})
	var dead *lock.DeadlockError
	if !errors.As(err, &dead) || len(dead.Cycle) != 2 || dead.Cycle[0].XID != y.XID() {
		t.Fatal(err)
	}
	y.Rollback()
	if r, err := (<-done)(); err != nil || !r.Waited {
		t.Fatal(r, err)
	}
	commit(t, x)
	if got := read(t, m, a) + read(t, m, b); got != "x" {
		t.Error(got)
	}
}

// TestSkipLocked: workers take jobs off a table; each job is taken once and nobody waits.
func TestSkipLocked(t *testing.T) {
	m := openManager(t, Config{})
	const jobs = 60
	for i := range jobs {
		set(t, m, rowKey(ownTable, fmt.Sprintf("%03d", i)), "job")
	}
	var mu sync.Mutex
	taken := map[string]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				k := takeJob(t, m)
				if k == "" {
					return
				}
				mu.Lock()
				taken[k]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for k, n := range taken {
		if n != 1 {
			t.Errorf("%q taken %d times", k, n)
		}
	}
	if len(taken) != jobs {
		t.Errorf("%d jobs taken", len(taken))
	}
}

// takeJob is DELETE … WHERE id = (SELECT … FOR UPDATE SKIP LOCKED LIMIT 1).
func takeJob(t *testing.T, m *Manager) string {
	for {
		x := m.Begin(Options{})
		v := x.Statement()
		it := v.NewIter(tuple.AppendPrefix(nil, ownTable, 1), tuple.AppendPrefix(nil, ownTable, 2))
		var key []byte
		seen := false
		for ok := it.First(); ok && key == nil; ok = it.Next() {
			seen = true
			r, err := v.LockVersion(bg, it.Key(), tuple.RowID(it.Value()), lock.Update, lock.Options{Policy: lock.Skip}, nil)
			switch {
			case errors.Is(err, lock.ErrNotAvailable):
			case err != nil:
				t.Error(err)
			case r.Waited:
				t.Error("waited")
			case r.State == RowSame:
				key = append([]byte(nil), it.Key()...)
				if err := x.Delete(key, tuple.RowID(it.Value())); err != nil {
					t.Error(err)
				}
			}
		}
		if err := it.Close(); err != nil {
			t.Error(err)
		}
		v.Release()
		if _, err := x.Commit(bg, engine.Async); err != nil {
			t.Error(err)
		}
		if key != nil || !seen {
			return string(key)
		}
	}
}

// TestUniqueKey: of concurrent inserts of one key exactly one wins.
func TestUniqueKey(t *testing.T) {
	m := openManager(t, Config{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	wins := map[string]int{}
	for w := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for _, id := range r.Perm(50) {
				k := rowKey(ownTable, fmt.Sprint(id))
				x := m.Begin(Options{})
				if _, err := x.LockRow(bg, k, lock.Update, lock.Options{}); err != nil {
					t.Error(err)
				}
				_, exists, err := x.GetLatest(nil, k)
				if err != nil {
					t.Error(err)
				}
				if exists || r.IntN(4) == 0 {
					x.Rollback()
					continue
				}
				if err := x.Put(k, row("mine"), 0); err != nil {
					t.Error(err)
				}
				if _, err := x.Commit(bg, engine.Async); err != nil {
					t.Error(err)
				}
				mu.Lock()
				wins[string(k)]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for k, n := range wins {
		if n != 1 {
			t.Errorf("%q inserted %d times", k, n)
		}
	}
	checkLog(t, m)
}

func TestSavepointGivesLocksBack(t *testing.T) {
	m := openManager(t, Config{})
	a, b := rowKey(ownTable, "a"), rowKey(ownTable, "b")
	x, y := m.Begin(Options{}), m.Begin(Options{})
	setIn(t, x, a, "x")
	sp := x.Savepoint()
	setIn(t, x, b, "x")
	must(t, x.RollbackTo(sp))
	nowait := lock.Options{Policy: lock.NoWait}
	if _, err := y.LockRow(bg, b, lock.Update, nowait); err != nil {
		t.Error(err)
	}
	if _, err := y.LockRow(bg, a, lock.KeyShare, nowait); !errors.Is(err, lock.ErrNotAvailable) {
		t.Error(err)
	}
	must(t, x.Release(sp))
	if err := x.RollbackTo(sp); !errors.Is(err, ErrNoSavepoint) {
		t.Error(err)
	}
	y.Rollback()
	commit(t, x)
	if got := read(t, m, a) + read(t, m, b); got != "x" {
		t.Error(got)
	}
}

// TestExtras: schema records and messages stand before the rows, and a rollback takes them away.
func TestExtras(t *testing.T) {
	m := openManager(t, Config{})
	x := m.Begin(Options{})
	must(t, x.Put(rowKey(ownTable, "k"), row("v"), 0))
	x.AddMessage("kept", []byte("1"))
	sp := x.Savepoint()
	x.AddMessage("dropped", []byte("2"))
	must(t, x.DeleteRange(rowKey(ownTable, ""), rowKey(ownTable, "z")))
	must(t, x.RollbackTo(sp))
	lsn, err := x.Commit(bg, engine.Sync)
	must(t, err)
	r, err := m.eng.Log().NewReader(0)
	must(t, err)
	defer r.Close()
	var kinds []change.Kind
	for {
		rec, ok, err := r.TryNext(bg)
		must(t, err)
		if !ok {
			t.Fatal("commit is not in the log")
		}
		if rec.End != lsn {
			continue
		}
		d, err := change.Decode(rec.Payload)
		must(t, err)
		var op change.Op
		for d.Next(&op) {
			kinds = append(kinds, op.Kind)
		}
		break
	}
	if fmt.Sprint(kinds) != "[message put]" {
		t.Errorf("operations %v", kinds)
	}
}

func TestNothingToCommit(t *testing.T) {
	m := openManager(t, Config{})
	before := m.eng.VisibleLSN()
	x := m.Begin(Options{})
	k := rowKey(ownTable, "k")
	must(t, x.Put(k, row("v"), 0))
	must(t, x.Delete(k, 0))
	if lsn := commit(t, x); lsn != 0 || m.eng.VisibleLSN() != before {
		t.Errorf("a row that came and went was committed at %s", lsn)
	}
}

// TestViewOutlivesTransaction: the end releases what was left open; a late Release is harmless, a late read is not served.
func TestViewOutlivesTransaction(t *testing.T) {
	m := openManager(t, Config{})
	x := m.Begin(Options{})
	v := x.Statement()
	w := v.Retain()
	x.Rollback()
	v.Release()
	y := m.Begin(Options{})
	yv := y.Statement()
	w.Release()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("read through a View of an ended transaction")
			}
		}()
		w.Get(nil, rowKey(ownTable, "k"))
	}()
	yv.Release()
	y.Rollback()
}

func TestKeyIDsGrowOverRestarts(t *testing.T) {
	m := openManager(t, Config{})
	a := m.NextKeyID()
	first := m.NextKeyIDs(10)
	if b := m.NextKeyID(); a>>keyIDBits != m.eng.Epoch() || first != a+1 || b != first+10 {
		t.Error(a, first, b)
	}
}

// TestHotRowStaysSmall: a row that is changed again and again in one transaction keeps a few versions only.
func TestHotRowStaysSmall(t *testing.T) {
	m := openManager(t, Config{MemoryBytes: 1 << 20, TempDir: t.TempDir()})
	for _, withSavepoints := range []bool{false, true} {
		x := m.Begin(Options{})
		k := rowKey(ownTable, "hot")
		for i := range 20000 {
			v := x.Statement()
			sp := Savepoint(0)
			if withSavepoints {
				sp = x.Savepoint()
			}
			must(t, x.Put(k, row(fmt.Sprint(i)), 0))
			if withSavepoints {
				must(t, x.Release(sp))
			}
			v.Release()
		}
		if n := x.ws.versions.n; n > 8 {
			t.Errorf("%d versions (savepoints %v)", n, withSavepoints)
		}
		x.Rollback()
	}
	if left, _ := os.ReadDir(m.cfg.TempDir); len(left) != 0 {
		t.Errorf("files left: %v", left)
	}
}

// TestBigTransaction: values beyond the bound go to a file and come back.
func TestBigTransaction(t *testing.T) {
	m := openManager(t, Config{MemoryBytes: 1 << 20})
	x := m.Begin(Options{})
	n := 20000
	val := make([]byte, 200)
	for i := range n {
		must(t, x.Put(rowKey(ownTable, fmt.Sprintf("%06d", i*7919%n)), row(fmt.Sprint(i*7919%n)+string(val)), 0))
	}
	memory, file := x.ws.values.memory, x.ws.values.onDisk
	if memory > 2<<20 || file < int64(n)*200-memory {
		t.Errorf("%d bytes in memory, %d in the file", memory, file)
	}
	commit(t, x)
	for _, i := range []int{0, 1, n / 2, n - 1} {
		if got := read(t, m, rowKey(ownTable, fmt.Sprintf("%06d", i))); got != fmt.Sprint(i)+string(val) {
			t.Errorf("row %d is %q", i, got)
		}
	}
}

func TestAllocations(t *testing.T) {
	m := openManager(t, Config{})
	k := rowKey(ownTable, "k")
	set(t, m, k, "value")
	owner := m.Locks().NewOwner(1)
	buf := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(500, func() {
		x := m.Begin(Options{Owner: owner})
		v := x.Statement()
		if _, ok, err := v.Get(buf, k); !ok || err != nil {
			t.Fatal("no row")
		}
		v.Release()
		x.Commit(bg, engine.Sync)
	}); n > pooled {
		t.Errorf("read-only point read: %v allocations", n)
	}
	lo, hi := tuple.AppendPrefix(nil, ownTable, 1), tuple.AppendPrefix(nil, ownTable, 2)
	x := m.Begin(Options{Owner: owner})
	for i := range 100 {
		must(t, x.Put(rowKey(ownTable, fmt.Sprint(i)), row("own"), 0))
	}
	v := x.Statement()
	it := v.NewIter(lo, hi)
	if n := testing.AllocsPerRun(20, func() {
		for ok := it.First(); ok; ok = it.Next() {
			_ = it.Value()
		}
	}); n > 1 {
		t.Errorf("scan of 101 rows: %v allocations", n)
	}
	must(t, it.Close())
	v.Release()
	x.Rollback()
}

func BenchmarkPointRead(b *testing.B) {
	m := openManager(b, Config{})
	k := rowKey(ownTable, "k")
	set(b, m, k, "value")
	owner, buf := m.Locks().NewOwner(1), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		x := m.Begin(Options{Owner: owner})
		v := x.Statement()
		v.Get(buf, k)
		v.Release()
		x.Commit(bg, engine.Sync)
	}
}

// BenchmarkTPCB is three updates, an insert and a select, committed without waiting for the disk.
func BenchmarkTPCB(b *testing.B) {
	m := openManager(b, Config{})
	var keys [3][]byte
	for i := range keys {
		keys[i] = rowKey(ownTable, fmt.Sprint(i))
		set(b, m, keys[i], "value value value value value value value value")
	}
	owner, buf, lockBuf := m.Locks().NewOwner(1), make([]byte, 0, 256), make([]byte, 0, 256)
	history := tuple.AppendPrefix(nil, sharedTable, 1)
	value := row("value value value value value value value value")
	b.ReportAllocs()
	for b.Loop() {
		x := m.Begin(Options{Owner: owner})
		for i, k := range keys {
			v := x.Statement()
			cur, _, _ := v.Get(buf, k)
			if r, err := v.LockVersion(bg, k, tuple.RowID(cur), lock.NoKeyUpdate, lock.Options{}, lockBuf); err != nil || r.State != RowSame {
				b.Fatal(r, err)
			}
			x.Put(k, value, tuple.RowID(cur))
			v.Release()
			if i == 0 {
				v := x.Statement()
				v.Get(buf, k)
				v.Release()
			}
		}
		v := x.Statement()
		hk := tuple.AppendKey(history, tuple.KindInt64, tuple.Int(int64(m.NextKeyID())), false, false)
		x.Put(hk, value, 0)
		v.Release()
		if _, err := x.Commit(bg, engine.Async); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBulkPut(b *testing.B) {
	m := openManager(b, Config{})
	value := row("value value value value value value value value")
	var key []byte
	x := m.Begin(Options{})
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		key = tuple.AppendKey(tuple.AppendPrefix(key[:0], ownTable, 1), tuple.KindInt64, tuple.Int(int64(i)), false, false)
		x.Put(key, value, 0)
	}
	x.Rollback()
}
