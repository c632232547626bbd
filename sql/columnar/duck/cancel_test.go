package duck_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tarndb/tarn/sql/columnar/duck"
)

// A cancelled statement does not wait for DuckDB, and what DuckDB reads is kept until it has ended.
func TestCancelledStatementLeavesDuckDB(t *testing.T) {
	duck.WithoutGrace(t)
	d := newDB(t, duck.Options{})
	tab := d.table("t", testColumns...)
	d.fill("t", 3000)
	d.shape(tab, 3)
	runner := d.engine.Runner(d)
	const endless = "select count(*) from t a, t b, t c where a.i8 <> b.i8 and b.i8 <> c.i8 and a.i8 <> c.i8"
	why := errors.New("the client has had enough")
	for range 6 { // more than run at a time
		ctx, cancel := context.WithCancelCause(context.Background())
		d.ctx = ctx
		time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
		if _, err := d.query(endless, runner); !errors.Is(err, why) {
			t.Fatalf("the statement ended with %v", err)
		}
	}
	d.ctx = context.Background()
	runner.Close()
	if n := d.opened.Load(); n != 0 {
		t.Errorf("%d snapshots are open", n)
	}
	if got, err := d.query("select count(*) from t", runner); err != nil || len(got) != 1 || got[0] != "3000" {
		t.Errorf("afterwards %q, %v", got, err)
	}
	if c := runner.Counts(); c.Failed != 0 || c.Ran != 1 {
		t.Errorf("%+v", c)
	}
}
