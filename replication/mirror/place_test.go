package mirror

import (
	"testing"

	"github.com/tarndb/tarn/storage/change"
)

// A copy of a store has its tables in its own part of the warehouse, also those that the store has at a location.
func TestInRoot(t *testing.T) {
	s := &change.Schema{TableID: 7, StorageID: 7 | change.LakeStorage, SchemaName: "a=b", TableName: "t", Options: []change.Option{{Name: "location", Value: "/x=y/z"}}}
	dir := tableDir("app", s)
	for _, c := range []struct{ root, want, location string }{
		{"app", "app/a_b/t-7=/x=y/z", "/x=y/z"},
		{"app@dev", "app@dev/a_b/t-7", ""},
	} {
		got := inRoot(dir, c.root)
		if _, location := splitDir(got); got != c.want || location != c.location || located(got) != (c.location != "") {
			t.Errorf("%s in %s: %s, location %q", dir, c.root, got, location)
		}
	}
	s.StorageID = 7
	if got := tableDir("app", s); got != "app/a_b/t-7" {
		t.Errorf("a table that is no lake table: %s", got)
	}
}
