package tail

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

type recorder struct {
	log  *wal.Log
	got  []string
	ends []wal.LSN
	fail int // at this transaction; 0: never
}

var errSink = errors.New("sink is full")

func (r *recorder) Apply(_ context.Context, t *Txn) error {
	if r.fail--; r.fail == 0 {
		return errSink
	}
	if r.log.DurableLSN() < t.End {
		return fmt.Errorf("transaction %s came before it was durable", t.End)
	}
	var op change.Op
	for t.Next(&op) {
		if op.Kind == change.KindMessage {
			r.got = append(r.got, string(op.Value))
		}
	}
	r.ends = append(r.ends, t.End)
	return nil
}

// Concurrent committers, several runs that end with an error or a cancel and resume at their position: each transaction
// comes once, in log order, durable.
func TestEveryTransactionOnceAcrossRuns(t *testing.T) {
	e, err := engine.Open(context.Background(), engine.Options{Dir: filepath.Join(t.TempDir(), "s"), SegmentBytes: 16 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	hold, err := e.Log().Hold("test", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	type done struct {
		lsn wal.LSN
		msg string
	}
	var mu sync.Mutex
	var want []done
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 100 {
				var g change.Group
				msg := fmt.Sprint(w, "/", i)
				g.Message("m", []byte(msg))
				d := engine.Sync
				if i%3 == 0 {
					d = engine.Async
				}
				lsn, err := e.Commit(context.Background(), &g, d)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				want = append(want, done{lsn, msg})
				mu.Unlock()
			}
		})
	}
	r := &recorder{log: e.Log()}
	var pos wal.LSN
	for run := range 20 {
		r.fail = 1 + run*7
		tl := New(e.Log(), pos, r)
		if err := tl.Run(context.Background()); !errors.Is(err, errSink) {
			t.Fatal(err)
		}
		pos = tl.Position().Load()
		if _, err := tl.Position().Wait(context.Background(), pos+1); !errors.Is(err, errSink) {
			t.Fatalf("waiting after the end: %v", err)
		}
		if run*7*run > 400 {
			break
		}
	}
	wg.Wait()
	r.fail = 0
	ctx, cancel := context.WithCancel(context.Background())
	tl := New(e.Log(), pos, r)
	ended := make(chan error)
	go func() { ended <- tl.Run(ctx) }()
	slices.SortFunc(want, func(a, b done) int { return int(int64(a.lsn) - int64(b.lsn)) })
	if _, err := tl.Position().Wait(context.Background(), want[len(want)-1].lsn); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var msgs []string
	for _, d := range want {
		msgs = append(msgs, d.msg)
	}
	if !slices.Equal(r.got, msgs) {
		t.Fatalf("got %d transactions, want %d\n%v\n%v", len(r.got), len(msgs), r.got, msgs)
	}
	if !slices.IsSorted(r.ends) {
		t.Fatal("out of order")
	}
}
