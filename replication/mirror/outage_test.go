package mirror

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/object"
)

// outage is a warehouse that answers nothing while it is down. With lose, commits are made and their answers are lost.
type outage struct {
	object.Store
	down, lose atomic.Bool
}

func (o *outage) answer() error {
	if o.down.Load() {
		return fmt.Errorf("bucket: %w", object.ErrUnavailable)
	}
	return nil
}

func (o *outage) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	if err := o.answer(); err != nil {
		return err
	}
	err := o.Store.PutIfAbsent(ctx, key, data)
	if err == nil && o.lose.Swap(false) && strings.Contains(key, "_delta_log/") {
		o.down.Store(true) // neither the answer nor a look at what is there
		return fmt.Errorf("bucket: %w: %w", object.ErrUnavailable, object.ErrInDoubt)
	}
	return err
}

func (o *outage) Create(ctx context.Context, key string) (object.Upload, error) {
	if err := o.answer(); err != nil {
		return nil, err
	}
	return o.Store.Create(ctx, key)
}

func (o *outage) Get(ctx context.Context, key string) ([]byte, error) {
	if err := o.answer(); err != nil {
		return nil, err
	}
	return o.Store.Get(ctx, key)
}

func (o *outage) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if err := o.answer(); err != nil {
		return nil, err
	}
	return o.Store.GetRange(ctx, key, off, n)
}

func (o *outage) Open(ctx context.Context, key string) (object.Object, error) {
	if err := o.answer(); err != nil {
		return nil, err
	}
	return o.Store.Open(ctx, key)
}

func (o *outage) List(ctx context.Context, prefix, after string) ([]object.Info, error) {
	if err := o.answer(); err != nil {
		return nil, err
	}
	return o.Store.List(ctx, prefix, after)
}

func (o *outage) Delete(ctx context.Context, key string) error {
	if err := o.answer(); err != nil {
		return err
	}
	return o.Store.Delete(ctx, key)
}

// A warehouse that does not answer says nothing of what it holds: nothing is copied anew, changes wait, and a start waits too.
func TestWarehouseThatDoesNotAnswer(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Millisecond, retry: 10 * time.Millisecond})
	r.close()
	house := &outage{}
	r.wrap = func(s object.Store) object.Store {
		house.Store = s
		return house
	}
	r.open()
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	r.fill(200, 0, 50)
	r.sync()
	down := func() {
		r.until("the error shows", func() bool {
			st, e := r.state(200)
			return st == StateError && strings.Contains(e, "not available")
		})
	}
	heal := func(want int64) {
		house.down.Store(false)
		r.sync()
		r.compareNow(200)
		r.validate(200)
		if v := r.m.Status()[0].DeltaVersion; v != want {
			t.Errorf("version %d, want %d", v, want)
		}
		if n := r.m.Metrics().Copies; n != 0 {
			t.Errorf("%d copies", n)
		}
	}
	version := r.m.Status()[0].DeltaVersion

	house.down.Store(true)
	r.fill(200, 50, 60)
	down()
	heal(version + 1)

	// The commit is there; its answer, and the look at what became of it, are lost.
	house.lose.Store(true)
	r.fill(200, 60, 70)
	down()
	heal(version + 2)

	house.down.Store(true)
	r.fill(200, 70, 80)
	down()
	r.m.Close()
	r.m = nil
	r.openMirror()
	r.fill(200, 80, 90)
	down()
	if _, err := r.m.Sync(bg, 0, 200); !object.NoAnswer(err) {
		t.Errorf("sync: %v", err)
	}
	house.down.Store(false)
	r.until("the start goes on", func() bool {
		_, err := r.m.Sync(bg, 0, 200)
		return err == nil
	})
	heal(version + 3)
}
