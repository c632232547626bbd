package catalog

import (
	"strconv"
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types/collation"
)

// Collation is a row of pg_collation.
type Collation struct {
	Header
	Provider         byte   // collation.Default, ICU, Libc
	Nondeterministic bool   `json:",omitempty"`
	Collate          string `json:",omitempty"` // of libc
	Ctype            string `json:",omitempty"`
	Locale           string `json:",omitempty"` // of ICU
	Encoded          bool   `json:",omitempty"` // for the database's encoding only
	Version          string `json:",omitempty"` // collation.Version when it was made or refreshed
}

var _ Object = (*Collation)(nil)

func (*Collation) Kind() Kind     { return KindCollation }
func (c *Collation) LastOID() OID { return c.OID }

// Name of the locale that makes the collation what it is.
func (c *Collation) locale() string {
	if c.Provider == collation.ICU {
		return c.Locale
	}
	return c.Ctype
}

// Open gives the collation as values know it; nil for the database's own.
func (c *Collation) Open() (*collation.Collator, error) {
	if c.Provider == collation.Default {
		return nil, nil
	}
	return collation.Open(c.Provider, c.locale(), !c.Nondeterministic)
}

// systemCollations are PostgreSQL's own rows, by OID and by name.
var systemCollations = sync.OnceValue(func() (m struct {
	byOID  map[OID]*Collation
	byName map[string]*Collation
}) {
	m.byOID, m.byName = map[OID]*Collation{}, map[string]*Collation{}
	t := pgdata.Load("pg_collation")
	cell := func(row []*string, name string) string {
		if s := row[t.Col(name)]; s != nil {
			return *s
		}
		return ""
	}
	for _, row := range t.Rows {
		n, err := strconv.ParseUint(cell(row, "oid"), 10, 32)
		if err != nil {
			panic("pg_collation: " + err.Error())
		}
		c := &Collation{Header: Header{OID: OID(n), Schema: PgCatalogOID, Name: cell(row, "collname"), Owner: privilege.Superuser}, Provider: cell(row, "collprovider")[0],
			Collate: cell(row, "collcollate"), Ctype: cell(row, "collctype"), Locale: cell(row, "colliculocale"), Version: cell(row, "collversion")}
		m.byOID[c.OID], m.byName[c.Name] = c, c
	}
	return m
})

// Collation returns a collation, built in or the user's; nil if there is none.
func (c *Catalog) Collation(oid OID) *Collation {
	if oid < FirstNormalOID {
		return systemCollations().byOID[oid]
	}
	o, _ := c.Object(KindCollation, oid).(*Collation)
	return o
}

// CollationNamed returns the collation of that name in a schema; nil if there is none.
func (c *Catalog) CollationNamed(schema OID, name string) (found *Collation) {
	if schema == PgCatalogOID {
		if found = systemCollations().byName[name]; found != nil {
			return found
		}
	}
	c.Named(KindCollation, schema, name, func(o Object) bool {
		found = o.(*Collation)
		return false
	})
	return found
}

// Collator is a collation as values know it; nil for the database's own, and for none.
func (c *Catalog) Collator(oid OID) *collation.Collator {
	if co := c.Collation(oid); co != nil {
		if open, err := co.Open(); err == nil {
			return open
		}
	}
	return nil
}

// KeyOrder is the collation by whose sort keys an index is ordered, as it was when the index was made.
type KeyOrder struct {
	Of               OID // the collation's
	Provider         byte
	Locale           string
	Nondeterministic bool   `json:",omitempty"`
	Version          string `json:",omitempty"`
}

// KeyOrder is what an index key under a collation is ordered by; nil for its bytes.
func (c *Catalog) KeyOrder(oid OID) *KeyOrder {
	co := c.Collation(oid)
	if co == nil || co.Provider != collation.ICU {
		return nil
	}
	return &KeyOrder{Of: oid, Provider: co.Provider, Locale: co.Locale, Nondeterministic: co.Nondeterministic, Version: collation.Version(co.Provider)}
}

// Collator opens the order; nil for that of bytes.
func (o *KeyOrder) Collator() (*collation.Collator, error) {
	if o == nil {
		return nil, nil
	}
	return collation.Open(o.Provider, o.Locale, !o.Nondeterministic)
}

// Outdated reports whether the keys were made under another version of the collation.
func (o *KeyOrder) Outdated() bool { return o != nil && o.Version != collation.Version(o.Provider) }
