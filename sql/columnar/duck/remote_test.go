package duck_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/storage/object"
)

// Files that are elsewhere are brought here for a fragment and let go after it; where that cannot be, rows have the answer.
func TestFilesThatAreElsewhere(t *testing.T) {
	d := newDB(t, duck.Options{})
	tab := d.table("t", testColumns...)
	d.fill("t", 300)
	d.shape(tab, 5)
	var fetched, held atomic.Int32
	room := int32(10)
	shape := d.shapes[tab.OID]
	files := make([]columnar.File, len(shape.Files))
	for i, f := range shape.Files {
		path := f.Path
		f.Path = ""
		f.Local = func(context.Context) (string, func(), error) {
			if held.Add(1) > room {
				held.Add(-1)
				return "", nil, errors.Join(columnar.ErrNotAvailable, object.ErrFull)
			}
			fetched.Add(1)
			return path, func() { held.Add(-1) }, nil
		}
		files[i] = f
	}
	shape.Files = files
	d.shapes[tab.OID] = shape
	const q = "select x, count(*), max(i8) from t group by x"
	runner := d.engine.Runner(d)
	want, err := d.query(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		got, err := d.query(q, runner)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %q %v, want %q", what, got, err, want)
		}
		if n := held.Load(); n != 0 {
			t.Errorf("%s: %d files are held", what, n)
		}
	}
	check("room for all")
	if c := runner.Counts(); c.Ran != 1 || fetched.Load() != int32(len(files)) {
		t.Errorf("%+v, %d files fetched of %d", c, fetched.Load(), len(files))
	}
	room = 2
	check("room for two")
	if c := runner.Counts(); c.Ran != 1 || c.Unavailable != 1 || c.Failed != 0 {
		t.Errorf("%+v", c)
	}
}
