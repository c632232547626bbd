package txn

import (
	"fmt"
	"testing"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

func TestCommitsCountTheirRows(t *testing.T) {
	var got []RowCounts
	m := openManager(t, Config{Committed: func(c RowCounts) { got = append(got, c) }})
	set(t, m, rowKey(ownTable, "a"), "1")
	set(t, m, rowKey(ownTable, "b"), "1")
	got = nil
	x := m.Begin(Options{})
	v := x.Statement()
	old := tuple.RowID([]byte(func() string { b, _, err := v.Get(nil, rowKey(ownTable, "a")); must(t, err); return string(b) }()))
	oldB := tuple.RowID([]byte(func() string { b, _, err := v.Get(nil, rowKey(ownTable, "b")); must(t, err); return string(b) }()))
	v.Release()
	must(t, x.Put(rowKey(ownTable, "a"), row("2"), old))
	must(t, x.Put(rowKey(ownTable, "a"), row("3"), 0)) // its own version: still one update
	must(t, x.Delete(rowKey(ownTable, "b"), oldB))
	must(t, x.Put(rowKey(ownTable, "c"), row("1"), 0))
	must(t, x.Put(rowKey(ownTable, "d"), row("1"), 0))
	must(t, x.Delete(rowKey(ownTable, "d"), 0)) // never there
	must(t, x.Put(change.AppendKeyPrefix(nil, ownTable, 2), []byte("entry"), 0))
	must(t, x.Put(rowKey(ownTable+1, "a"), row("1"), 0))
	if n := x.PendingRows(ownTable); n < 3 {
		t.Errorf("%d pending rows", n)
	}
	if n := x.PendingRows(ownTable + 2); n != 0 {
		t.Errorf("%d pending rows of a table that was not touched", n)
	}
	commit(t, x)
	want := fmt.Sprint([]RowCounts{{ownTable, 1, 1, 1}, {ownTable + 1, 1, 0, 0}})
	if fmt.Sprint(got) != want {
		t.Errorf("counted %v, want %v", got, want)
	}
	got = nil
	x = m.Begin(Options{})
	must(t, x.Put(rowKey(ownTable, "e"), row("1"), 0))
	x.Rollback()
	if got != nil {
		t.Errorf("a rollback counted %v", got)
	}
}
