package catalog

import (
	"slices"
	"testing"

	"github.com/tarndb/tarn/sql/types"
)

// stored encodes an editor's changes and loads them again.
func stored(t *testing.T, e *Editor) *Catalog {
	t.Helper()
	writes, err := e.Writes()
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(writes, func(a, b Write) int { return slices.Compare(a.Key, b.Key) })
	c, err := Load(func(yield func(key, value []byte) error) error {
		for _, w := range writes {
			if w.Value != nil {
				if err := yield(w.Key, w.Value); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mood(e *Editor, name string) *Type {
	oid := e.OIDs(2)
	return &Type{Header: Header{OID: oid, Schema: PublicOID, Name: name}, Form: types.TypeEnum, Array: oid + 1,
		Labels: []Label{{OID: e.OID(), Sort: 1, Name: "sad"}, {OID: e.OID(), Sort: 2, Name: "ok"}}}
}

// What is put is found by OID, name and array, survives the store, and lists who depends on it.
func TestObjectsAreStored(t *testing.T) {
	base := New()
	e := base.Edit(NewAllocator(base))
	y := mood(e, "mood")
	e.Put(y)
	tab := &Table{OID: e.OID(), Schema: PublicOID, Name: "person", Kind: RelTable, Persistence: Permanent, RowType: e.OIDs(2),
		Columns: []Column{{AttNum: 1, Name: "m", Type: y.OID, TypMod: -1}, {AttNum: 2, Name: "ms", Type: y.Array, TypMod: -1}}}
	e.PutTable(tab)
	if next := NewAllocator(stored(t, e)).OID(); next <= tab.RowType+1 {
		t.Fatalf("next OID %d is taken", next)
	}
	for _, c := range []*Catalog{e.Catalog(), stored(t, e), e.Apply(New())} {
		if got := c.Type(y.Array); got == nil || got.Name != "mood" {
			t.Fatalf("type of the array: %v", got)
		}
		if oid := c.TypeNamed(PublicOID, "_mood"); oid != y.Array {
			t.Fatalf("_mood is %d", oid)
		}
		if got := c.UserType(y.Array); got == nil || !got.IsArray() || got.Elem != y.OID {
			t.Fatalf("array type %+v", got)
		}
		if got := c.UserType(tab.RowType + 1); got == nil || got.Elem != tab.RowType {
			t.Fatalf("array of row type %+v", got)
		}
		var users []Address
		c.Users(Address{Kind: KindType, OID: y.OID}, func(from Address, dep DepType) { users = append(users, from) })
		if want := []Address{{KindColumn, tab.OID, 1}}; !slices.Equal(users, want) {
			t.Fatalf("users %v, want %v", users, want)
		}
	}
}

// A savepoint takes objects and dependencies back; a drop removes the name.
func TestObjectsFollowSavepoints(t *testing.T) {
	base := New()
	e := base.Edit(NewAllocator(base))
	a := mood(e, "a")
	e.Put(a)
	m := e.Mark()
	b := *a
	b.Name = "b"
	e.Put(&b)
	if e.Catalog().TypeNamed(PublicOID, "a") != 0 || e.Catalog().TypeNamed(PublicOID, "b") != a.OID {
		t.Fatal("rename not seen")
	}
	e.Restore(m)
	if e.Catalog().TypeNamed(PublicOID, "a") != a.OID || e.Catalog().TypeNamed(PublicOID, "b") != 0 {
		t.Fatal("rename not taken back")
	}
	e.Drop(AddressOf(a))
	if e.Catalog().Type(a.Array) != nil || e.Catalog().TypeNamed(PublicOID, "a") != 0 {
		t.Fatal("dropped type is still there")
	}
	if c := e.Apply(base); c.Type(a.OID) != nil {
		t.Fatal("dropped type is published")
	}
}

// Functions share names; each has its own arguments.
func TestFunctionsShareNames(t *testing.T) {
	base := New()
	e := base.Edit(NewAllocator(base))
	for _, arg := range []OID{23, 25} {
		f := &Function{Header: Header{OID: e.OID(), Schema: PublicOID, Name: "f"}}
		f.Proc.ArgTypes = []OID{arg}
		e.Put(f)
	}
	g := &Function{Header: Header{OID: e.OID(), Schema: PublicOID, Name: "fg"}}
	e.Put(g)
	if list := stored(t, e).FunctionsNamed(PublicOID, "f"); len(list) != 2 || list[1].Proc.ArgTypes[0] != 25 {
		t.Fatalf("functions named f: %v", list)
	}
}

// A name that one transaction takes from a dropped relation and gives to a new one belongs to the new one, whatever the order in
// which the changes are applied.
func TestNamePassesOn(t *testing.T) {
	base := New()
	alloc := NewAllocator(base)
	old := &Table{OID: alloc.OID(), Schema: PublicOID, Name: "t", Kind: RelTable}
	e := base.Edit(alloc)
	e.PutTable(old)
	base = e.Apply(base)
	for range 50 { // maps are walked in random order
		e := base.Edit(alloc)
		e.DropTable(old.OID)
		next := &Table{OID: alloc.OID(), Schema: PublicOID, Name: "t", Kind: RelTable}
		e.PutTable(next)
		base = e.Apply(base)
		if got, _ := base.Relation(PublicOID, "t"); got == nil || got.OID != next.OID {
			t.Fatalf("table t is %v, not %d", got, next.OID)
		}
		old = next
	}
}
