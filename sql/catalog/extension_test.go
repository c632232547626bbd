package catalog

import (
	"testing"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// created is a catalog with an extension in public, and its editor.
func created(t *testing.T, name string) (*Editor, *Extension) {
	t.Helper()
	c := New()
	ed := c.Edit(NewAllocator(c))
	e := &Extension{Header: Header{OID: ed.OID(), Schema: PublicOID, Name: name, Owner: SuperuserOID}, Version: pgdata.ExtensionNamed(name).Version}
	ed.Put(e)
	return ed, e
}

// What an extension brings is in the catalog while it is, in its schema, and one row is stored.
func TestExtensionMembers(t *testing.T) {
	ed, e := created(t, "citext")
	c := ed.Catalog()
	oid := c.TypeNamed(PublicOID, "citext")
	y := c.UserType(oid)
	if y == nil || y.Schema != "public" || y.TypType != types.TypeBase || c.UserType(y.Array) == nil {
		t.Fatalf("type citext: %d %+v", oid, y)
	}
	fns := c.FunctionsNamed(PublicOID, "citext_eq")
	if len(fns) != 1 || fns[0].Proc.Namespace != PublicOID || fns[0].Language != "c" {
		t.Fatalf("citext_eq: %+v", fns)
	}
	if o := c.ExtensionOf(AddressOf(fns[0])); o == nil || o.OID != e.OID {
		t.Errorf("citext_eq belongs to %v", o)
	}
	if writes, err := ed.Writes(); err != nil || len(writes) != 1 {
		t.Errorf("%d rows to store, %v", len(writes), err)
	}
	next := *e
	next.Schema = InformationSchemaOID
	ed.Put(&next)
	if c := ed.Catalog(); c.TypeNamed(PublicOID, "citext") != 0 || c.TypeNamed(InformationSchemaOID, "citext") != oid || len(c.FunctionsNamed(InformationSchemaOID, "citext_eq")) != 1 {
		t.Error("the members have not moved along")
	}
	ed.Drop(AddressOf(e))
	c = ed.Catalog()
	c.Dependencies(func(from, on Address, d DepType) {
		if d == DepExtension {
			t.Errorf("%v depends on %v", from, on)
		}
	})
	if c.UserType(oid) != nil || c.Function(fns[0].OID) != nil || c.HasObjects(KindOperator) {
		t.Error("members are left")
	}
}

// A member's changed descriptor is stored as its own, and takes the derived one's place after a restart, too.
func TestExtensionChangedMember(t *testing.T) {
	ed, _ := created(t, "citext")
	fn := *ed.Catalog().FunctionsNamed(PublicOID, "citext_eq")[0]
	fn.ACL = privilege.ACL{}
	ed.Put(&fn)
	writes, err := ed.Writes()
	if err != nil || len(writes) != 2 {
		t.Fatal(len(writes), err)
	}
	if writes[0].Key[0] > writes[1].Key[0] {
		writes[0], writes[1] = writes[1], writes[0]
	}
	c, err := Load(func(yield func(key, value []byte) error) error {
		for _, w := range writes {
			if err := yield(w.Key, w.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := c.Function(fn.OID)
	if got == nil || got.ACL == nil || Derived(got) {
		t.Errorf("%+v", got)
	}
	if c.Extension("citext") == nil || c.Extension("plpgsql") == nil || c.TypeNamed(PublicOID, "citext") == 0 {
		t.Error("extensions are gone")
	}
}
