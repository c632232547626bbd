package engine

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/tarndb/tarn/storage/change"
)

const benchRows = 200_000

func benchEngine(b *testing.B) *Engine {
	b.Helper()
	e := mustOpen(b, Options{Dir: b.TempDir()})
	b.Cleanup(func() { mustClose(b, e) })
	var g change.Group
	row := make([]byte, 110)
	for i := uint64(0); i < benchRows; {
		g.Reset()
		for range 1000 {
			g.Put(rowKey(i), row, 0)
			i++
		}
		if _, err := e.Commit(context.Background(), &g, Async); err != nil {
			b.Fatal(err)
		}
	}
	if err := e.kv.Flush(); err != nil {
		b.Fatal(err)
	}
	return e
}

func BenchmarkSnapshotGet(b *testing.B) {
	e := benchEngine(b)
	var buf []byte
	key := rowKey(0)
	b.ReportAllocs()
	for b.Loop() {
		s := e.Snapshot()
		binary.BigEndian.PutUint64(key[change.KeyPrefix:], rand.Uint64N(benchRows))
		v, ok, err := s.AppendGet(buf[:0], key)
		if !ok || err != nil {
			b.Fatal(ok, err)
		}
		buf = v
		s.Release()
	}
}

func BenchmarkSnapshotSeek(b *testing.B) {
	e := benchEngine(b)
	b.ReportAllocs()
	for b.Loop() {
		s := e.Snapshot()
		k := rand.Uint64N(benchRows)
		it := s.NewIter(rowKey(k), rowKey(k+10))
		n := 0
		for ok := it.First(); ok; ok = it.Next() {
			n++
		}
		if err := it.Close(); err != nil {
			b.Fatal(err)
		}
		s.Release()
	}
}

// benchCommit is the write side of a TPC-B transaction: three updates, an insert.
func benchCommit(b *testing.B, d Durability, parallel int) {
	e := benchEngine(b)
	b.ReportAllocs()
	b.SetParallelism(parallel)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var g change.Group
		row := make([]byte, 110)
		key := rowKey(0)
		for pb.Next() {
			g.Reset()
			for range 4 {
				binary.BigEndian.PutUint64(key[change.KeyPrefix:], rand.Uint64N(benchRows))
				g.Put(key, row, 1)
			}
			if _, err := e.Commit(context.Background(), &g, d); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	m := e.Metrics()
	b.ReportMetric(float64(m.Commits)/float64(m.Groups), "commits/group")
}

func BenchmarkCommitAsync(b *testing.B) { benchCommit(b, Async, 1) }

func BenchmarkCommitSync8(b *testing.B) { benchCommit(b, Sync, 4) }

func BenchmarkCommitSync1(b *testing.B) {
	e := benchEngine(b)
	b.ReportAllocs()
	var g change.Group
	row, key := make([]byte, 110), rowKey(0)
	for b.Loop() {
		g.Reset()
		for range 4 {
			binary.BigEndian.PutUint64(key[change.KeyPrefix:], rand.Uint64N(benchRows))
			g.Put(key, row, 1)
		}
		if _, err := e.Commit(context.Background(), &g, Sync); err != nil {
			b.Fatal(err)
		}
	}
}
