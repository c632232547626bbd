// Package catalog describes a database's objects: immutable descriptors (Table, Schema …) in an immutable, versioned
// Catalog. A transaction that runs DDL works on its own Catalog through an Editor; commit publishes the change. The
// built-in part (types, functions, operators, casts) is PostgreSQL 15's own data, package pgdata.
//
// Descriptors are stored as JSON rows of system table 1 and change in the same transaction as the data (I2).
package catalog

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tidwall/btree"
)

// Catalog is one version of a database's objects. It is safe for concurrent reads.
type Catalog struct {
	// Version is unique per content: equal versions are the same catalog.
	Version uint64
	schemas btree.Map[OID, *Schema]
	tables  btree.Map[OID, *Table]
	// names: relations, indexes included, share one name space per schema, as in pg_class. Key: nameKey.
	names btree.Map[string, OID]
	// indexes maps an index OID to its table's.
	indexes     btree.Map[OID, OID]
	constraints btree.Map[OID, OID] // the same of constraints
	// constraintNames holds constraintKey of every constraint of a table: their names are unique per table only.
	constraintNames btree.Map[string, struct{}]
	triggers        btree.Map[OID, OID] // and of triggers
	policies        btree.Map[OID, OID] // and of policies
	rules           btree.Map[OID, OID] // and of rules
	// rowTypes maps the pg_type OIDs of row types to their relations.
	rowTypes btree.Map[OID, OID]
	// children holds childKey of every parent and child, references that of every table that foreign keys name and those that have
	// them, owned that of every table and its sequences.
	children    btree.Map[uint64, struct{}]
	references  btree.Map[uint64, struct{}]
	owned       btree.Map[uint64, struct{}]
	detaching   btree.Map[uint64, struct{}] // and that of partitioned tables and the partitions that are on their way out
	views       btree.Map[OID, struct{}]    // relations with a query, the system's left out
	columns     int                         // of all tables
	derived     *sync.Map                   // see Derived; shared by all versions
	memos       sync.Map                    // see Memo; of this version alone
	objects     objects
	types       typeCache
	nextOID     OID
	nextStorage uint32
}

// FirstStorageID is the first storage id of a user table; smaller ones are the system's (docs/formats/keys.md).
const FirstStorageID = 100

// versions numbers catalogs in this process. It only grows, so a plan's version never matches a later catalog.
var versions atomic.Uint64

func nameKey(schema OID, name string) string {
	return string(binary.BigEndian.AppendUint32(nil, schema)) + name
}

func constraintKey(schema OID, name string, oid OID) string {
	return string(binary.BigEndian.AppendUint32(append([]byte(nameKey(schema, name)), 0), oid))
}

// New returns the catalog of an empty database: PostgreSQL's schemas, and public.
func New() *Catalog {
	c := &Catalog{derived: &sync.Map{}, Version: versions.Add(1), nextOID: FirstNormalOID, nextStorage: FirstStorageID}
	for _, s := range []*Schema{
		{OID: PgCatalogOID, Name: "pg_catalog", Owner: SuperuserOID, ACL: readable(SuperuserOID), Comment: "system catalog schema"},
		{OID: PgToastOID, Name: "pg_toast", Owner: SuperuserOID, Comment: "reserved schema for TOAST tables"},
		{OID: PublicOID, Name: "public", Owner: privilege.DatabaseOwner, ACL: readable(privilege.DatabaseOwner), Comment: "standard public schema"},
		{OID: InformationSchemaOID, Name: "information_schema", Owner: SuperuserOID, ACL: readable(SuperuserOID)},
		{OID: TarnSchemaOID, Name: "tarn", Owner: SuperuserOID, ACL: readable(SuperuserOID)},
	} {
		c.schemas.Set(s.OID, s)
		c.names.Set(nameKey(0, s.Name), s.OID)
	}
	for _, t := range systemTables() {
		c.putTable(t)
	}
	c.objects.put(plpgsql())
	return c
}

// readable is the ACL of a schema that everybody may use.
func readable(owner OID) privilege.ACL {
	return privilege.ACL{{Grantee: owner, Grantor: owner, Privs: privilege.Usage | privilege.Create}, {Grantee: privilege.Public, Grantor: owner, Privs: privilege.Usage}}
}

// Schema returns the schema of that name, or nil.
func (c *Catalog) Schema(name string) *Schema {
	oid, ok := c.names.Get(nameKey(0, name))
	if !ok {
		return nil
	}
	return c.SchemaByOID(oid)
}

func (c *Catalog) SchemaByOID(oid OID) *Schema {
	s, _ := c.schemas.Get(oid)
	return s
}

// Schemas calls f for each schema in OID order until it returns false.
func (c *Catalog) Schemas(f func(*Schema) bool) {
	c.schemas.Scan(func(_ OID, s *Schema) bool { return f(s) })
}

// Relation returns the relation of that name in the schema, or nil. An index is returned as its table with the index.
func (c *Catalog) Relation(schema OID, name string) (*Table, *Index) {
	oid, ok := c.names.Get(nameKey(schema, name))
	if !ok || schema == 0 {
		return nil, nil
	}
	return c.RelationByOID(oid)
}

// RelationByOID is Relation by pg_class OID.
func (c *Catalog) RelationByOID(oid OID) (*Table, *Index) {
	if t, ok := c.tables.Get(oid); ok {
		return t, nil
	}
	if owner, ok := c.indexes.Get(oid); ok {
		t, _ := c.tables.Get(owner)
		return t, t.IndexByOID(oid)
	}
	return nil, nil
}

// RelationsIn calls f for each relation and index of a schema in the order of their names, until it returns false. An index comes as
// its table with the index.
func (c *Catalog) RelationsIn(schema OID, f func(*Table, *Index) bool) {
	if schema == 0 {
		return
	}
	prefix := nameKey(schema, "")
	c.names.Ascend(prefix, func(k string, oid OID) bool {
		if k[:len(prefix)] != prefix {
			return false
		}
		t, ix := c.RelationByOID(oid)
		return t == nil || f(t, ix)
	})
}

// ConstraintByOID returns a table constraint with its table; nil, nil if there is none.
func (c *Catalog) ConstraintByOID(oid OID) (*Table, *Constraint) {
	owner, ok := c.constraints.Get(oid)
	if !ok {
		return nil, nil
	}
	t, _ := c.tables.Get(owner)
	for _, k := range t.Constraints {
		if k.OID == oid {
			return t, k
		}
	}
	return nil, nil
}

// ConstraintsNamed calls f for each table constraint of that name in a schema, in OID order, until it returns false.
func (c *Catalog) ConstraintsNamed(schema OID, name string, f func(*Table, *Constraint) bool) {
	prefix := nameKey(schema, name) + "\x00"
	c.constraintNames.Ascend(prefix, func(k string, _ struct{}) bool {
		if len(k) != len(prefix)+4 || k[:len(prefix)] != prefix {
			return false
		}
		t, con := c.ConstraintByOID(binary.BigEndian.Uint32([]byte(k[len(prefix):])))
		return con == nil || f(t, con)
	})
}

// Table returns the table, view or sequence with that OID, or nil.
func (c *Catalog) Table(oid OID) *Table {
	t, _ := c.tables.Get(oid)
	return t
}

// LastTable is the greatest OID of a relation.
func (c *Catalog) LastTable() OID {
	oid, _, _ := c.tables.Max()
	return oid
}

// Tables calls f for each table, view and sequence in OID order until it returns false.
func (c *Catalog) Tables(f func(*Table) bool) {
	c.tables.Scan(func(_ OID, t *Table) bool { return f(t) })
}

// Sizes count what a catalog has, the system's relations included.
type Sizes struct{ Relations, Indexes, Constraints, Columns, Triggers, Children int }

func (c *Catalog) Sizes() Sizes {
	return Sizes{Relations: c.tables.Len(), Indexes: c.indexes.Len(), Constraints: c.constraints.Len(), Columns: c.columns, Triggers: c.triggers.Len(),
		Children: c.children.Len()}
}

// Views calls f for each view and materialized view of users, in OID order, until it returns false.
func (c *Catalog) Views(f func(*Table) bool) {
	c.views.Scan(func(oid OID, _ struct{}) bool {
		t, ok := c.tables.Get(oid)
		return !ok || f(t)
	})
}

func (c *Catalog) putTable(t *Table) {
	if old, ok := c.tables.Get(t.OID); ok {
		c.dropNames(old)
	}
	c.tables.Set(t.OID, t)
	c.columns += len(t.Columns)
	if t.RowType != 0 && t.Kind != RelSequence {
		c.rowTypes.Set(t.RowType, t.OID)
	}
	for _, p := range t.Parents {
		c.children.Set(childKey(p, t.OID), struct{}{})
	}
	if t.Detaching != 0 {
		c.detaching.Set(childKey(t.Detaching, t.OID), struct{}{})
	}
	if t.HasQuery() && !t.Virtual && !BuiltIn(t.OID) {
		c.views.Set(t.OID, struct{}{})
	}
	c.objects.link(t)
	c.names.Set(nameKey(t.Schema, t.Name), t.OID)
	for _, k := range t.Constraints {
		c.constraints.Set(k.OID, t.OID)
		c.constraintNames.Set(constraintKey(t.Schema, k.Name, k.OID), struct{}{})
		if k.Type == ConForeign {
			c.references.Set(childKey(k.RefTable, t.OID), struct{}{})
		}
	}
	if q := t.Sequence; q != nil && q.OwnerTable != 0 {
		c.owned.Set(childKey(q.OwnerTable, t.OID), struct{}{})
	}
	for _, g := range t.Triggers {
		c.triggers.Set(g.OID, t.OID)
	}
	for _, p := range t.Policies {
		c.policies.Set(p.OID, t.OID)
	}
	for _, r := range t.Rules {
		c.rules.Set(r.OID, t.OID)
	}
	for _, x := range t.Indexes {
		c.indexes.Set(x.OID, t.OID)
		c.names.Set(nameKey(t.Schema, x.Name), x.OID)
	}
}

func (c *Catalog) dropNames(t *Table) {
	c.rowTypes.Delete(t.RowType)
	for _, p := range t.Parents {
		c.children.Delete(childKey(p, t.OID))
	}
	if t.Detaching != 0 {
		c.detaching.Delete(childKey(t.Detaching, t.OID))
	}
	c.columns -= len(t.Columns)
	c.views.Delete(t.OID)
	c.objects.unlink(t)
	c.names.Delete(nameKey(t.Schema, t.Name))
	for _, k := range t.Constraints {
		c.constraints.Delete(k.OID)
		c.constraintNames.Delete(constraintKey(t.Schema, k.Name, k.OID))
		if k.Type == ConForeign {
			c.references.Delete(childKey(k.RefTable, t.OID))
		}
	}
	if q := t.Sequence; q != nil {
		c.owned.Delete(childKey(q.OwnerTable, t.OID))
	}
	for _, g := range t.Triggers {
		c.triggers.Delete(g.OID)
	}
	for _, p := range t.Policies {
		c.policies.Delete(p.OID)
	}
	for _, r := range t.Rules {
		c.rules.Delete(r.OID)
	}
	for _, x := range t.Indexes {
		c.indexes.Delete(x.OID)
		c.names.Delete(nameKey(t.Schema, x.Name))
	}
}

func (c *Catalog) copy() *Catalog {
	n := &Catalog{derived: c.derived, columns: c.columns, nextOID: c.nextOID, nextStorage: c.nextStorage}
	n.schemas, n.tables, n.names, n.indexes = *c.schemas.Copy(), *c.tables.Copy(), *c.names.Copy(), *c.indexes.Copy()
	n.rowTypes, n.objects, n.children, n.constraints = *c.rowTypes.Copy(), c.objects.copy(), *c.children.Copy(), *c.constraints.Copy()
	n.policies, n.rules, n.detaching = *c.policies.Copy(), *c.rules.Copy(), *c.detaching.Copy()
	n.views, n.constraintNames = *c.views.Copy(), *c.constraintNames.Copy()
	n.triggers, n.references, n.owned = *c.triggers.Copy(), *c.references.Copy(), *c.owned.Copy()
	return n
}

// Derivation names what is computed from descriptors.
type Derivation uint8

const (
	// DerivedPartitions are the sorted bounds of a partitioned table.
	DerivedPartitions Derivation = iota + 1
	// DerivedRefs are the relations that stored queries and expressions name.
	DerivedRefs
	// DerivedReferrers are the relations that depend on an object.
	DerivedReferrers
)

type derivedKey struct {
	table OID
	what  Derivation
}

type derived struct {
	table *Table
	val   any
}

// Derived keeps what is computed from a descriptor and is good as long as the catalog holds that very one. compute may run more than
// once.
func (c *Catalog) Derived(t *Table, what Derivation, compute func() (any, error)) (any, error) {
	k := derivedKey{t.OID, what}
	if v, ok := c.derived.Load(k); ok {
		if e := v.(*derived); e.table == t {
			return e.val, nil
		}
	}
	val, err := compute()
	if err == nil {
		c.derived.Store(k, &derived{t, val})
	}
	return val, err
}

// WasDerived is what Derived has of an earlier descriptor of a table, and that descriptor; nil: nothing.
func (c *Catalog) WasDerived(oid OID, what Derivation) (*Table, any) {
	v, ok := c.derived.Load(derivedKey{oid, what})
	if !ok {
		return nil, nil
	}
	e := v.(*derived)
	return e.table, e.val
}

// Memo keeps what is computed from the whole catalog. compute may run more than once.
func (c *Catalog) Memo(what Derivation, compute func() any) any {
	if v, ok := c.memos.Load(what); ok {
		return v
	}
	v, _ := c.memos.LoadOrStore(what, compute())
	return v
}

// forget drops what was derived from a table that is gone.
func (c *Catalog) forget(oid OID) {
	c.derived.Delete(derivedKey{oid, DerivedPartitions})
	c.derived.Delete(derivedKey{oid, DerivedRefs})
}

// Write is one descriptor row to store: Key within system table 1; a nil Value deletes it.
type Write struct{ Key, Value []byte }

// Editor collects the changes of one transaction on top of the catalog it started from. Catalog is what the
// transaction itself sees.
type Editor struct {
	cat     *Catalog
	changed map[Address]any // *Schema, *Table, Object; nil: dropped. Sub is 0
	shared  bool            // cat has been handed out: copy before the next change
	alloc   *Allocator
}

// Allocator hands out OIDs and storage ids, unique across the transactions of a store. Values that an aborted
// transaction took are not used again before a restart.
type Allocator struct {
	oid     atomic.Uint32
	storage atomic.Uint32
}

// NewAllocator starts after everything that c uses.
func NewAllocator(c *Catalog) *Allocator {
	a := &Allocator{}
	a.oid.Store(c.nextOID - 1)
	a.storage.Store(c.nextStorage - 1)
	return a
}

func (a *Allocator) OID() OID          { return a.oid.Add(1) }
func (a *Allocator) StorageID() uint32 { return a.storage.Add(1) }

// AdoptStorage takes a storage id if none from it on has been handed out.
func (a *Allocator) AdoptStorage(id uint32) bool { return adopt(&a.storage, id, id) }

// adopt takes the numbers from lo to hi, hi included, if none from lo on has been handed out.
func adopt(last *atomic.Uint32, lo, hi uint32) bool {
	for {
		n := last.Load()
		if n >= lo {
			return false
		}
		if last.CompareAndSwap(n, hi) {
			return true
		}
	}
}

// NextStorageID is what StorageID will return next.
func (a *Allocator) NextStorageID() uint32 { return a.storage.Load() + 1 }

// Adopt takes the OIDs from lo to hi, hi included, if none of them has been handed out.
func (a *Allocator) Adopt(lo, hi OID) bool { return adopt(&a.oid, lo, hi) }

// OIDs reserves n consecutive OIDs and returns the first.
func (a *Allocator) OIDs(n int) OID { return a.oid.Add(uint32(n)) - uint32(n) + 1 }

func (c *Catalog) Edit(a *Allocator) *Editor {
	return &Editor{cat: c, changed: map[Address]any{}, shared: true, alloc: a}
}

// Catalog returns the catalog with the changes so far.
func (e *Editor) Catalog() *Catalog {
	e.shared = true
	return e.cat
}

func (e *Editor) OID() OID          { return e.alloc.OID() }
func (e *Editor) StorageID() uint32 { return e.alloc.StorageID() }

// AdoptStorageID is the storage id that a table has on another branch, or where that may be taken a new one.
func (e *Editor) AdoptStorageID(t *Table) uint32 {
	if e.alloc.AdoptStorage(t.StorageID &^ change.LakeStorage) {
		return t.StorageID
	}
	return e.NewStorageID(t)
}

// NewStorageID is a storage id for new rows of a table, of the kind that it has.
func (e *Editor) NewStorageID(t *Table) uint32 {
	return e.alloc.StorageID() | t.StorageID&change.LakeStorage
}

// Adopt takes the OIDs from lo to hi, which another branch has handed out, if this one has not come to them.
func (e *Editor) Adopt(lo, hi OID) bool { return e.alloc.Adopt(lo, hi) }

// OIDs reserves n consecutive OIDs and returns the first: a row type and its array type are neighbours.
func (e *Editor) OIDs(n int) OID { return e.alloc.OIDs(n) }

func (e *Editor) writable() *Catalog {
	if e.shared {
		e.cat = e.cat.copy()
		e.cat.Version = versions.Add(1)
		e.shared = false
	}
	return e.cat
}

// PutTable adds or replaces a relation.
func (e *Editor) PutTable(t *Table) {
	c := e.writable()
	old, _ := c.tables.Get(t.OID)
	t.identify(old)
	c.putTable(t)
	e.changed[Address{Kind: KindRelation, OID: t.OID}] = t
}

func (e *Editor) DropTable(oid OID) {
	c := e.writable()
	if t, ok := c.tables.Get(oid); ok {
		c.dropNames(t)
		c.tables.Delete(oid)
	}
	e.changed[Address{Kind: KindRelation, OID: oid}] = nil
}

func (e *Editor) PutSchema(s *Schema) {
	c := e.writable()
	if old, ok := c.schemas.Get(s.OID); ok {
		c.names.Delete(nameKey(0, old.Name))
		s.Ident.keep(old.Ident, true)
	} else {
		s.Ident.keep(0, false)
	}
	c.schemas.Set(s.OID, s)
	c.names.Set(nameKey(0, s.Name), s.OID)
	e.changed[Address{Kind: KindSchema, OID: s.OID}] = s
}

func (e *Editor) DropSchema(oid OID) {
	c := e.writable()
	if s, ok := c.schemas.Get(oid); ok {
		c.names.Delete(nameKey(0, s.Name))
		c.schemas.Delete(oid)
	}
	e.changed[Address{Kind: KindSchema, OID: oid}] = nil
}

// Since lists what has been put or dropped since a Mark, in the order of kinds and OIDs.
func (e *Editor) Since(m Mark) (out []Address) {
	for k, v := range e.changed {
		if old, ok := m.changed[k]; !ok || old != v {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b Address) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.OID, b.OID)) })
	return out
}

// Changed reports whether there is anything to commit.
func (e *Editor) Changed() bool { return len(e.changed) > 0 }

// Mark and Restore undo DDL back to a savepoint.
type Mark struct {
	cat     *Catalog
	changed map[Address]any
}

func (e *Editor) Mark() Mark {
	m := Mark{cat: e.Catalog(), changed: make(map[Address]any, len(e.changed))}
	for k, v := range e.changed {
		m.changed[k] = v
	}
	return m
}

// Catalog is what the transaction saw at the Mark.
func (m Mark) Catalog() *Catalog { return m.cat }

func (e *Editor) Restore(m Mark) {
	e.cat, e.changed, e.shared = m.cat, m.changed, true
	e.changed = make(map[Address]any, len(m.changed))
	for k, v := range m.changed {
		e.changed[k] = v
	}
}

// Tables calls f for every table changed: t is nil where it was dropped.
func (e *Editor) Tables(f func(oid OID, t *Table)) {
	for k, v := range e.changed {
		if k.Kind == KindRelation {
			t, _ := v.(*Table)
			f(k.OID, t)
		}
	}
}

// Writes encodes the changes as rows. Temporary relations are not stored.
func (e *Editor) Writes() ([]Write, error) {
	var out []Write
	for k, v := range e.changed {
		key := binary.BigEndian.AppendUint32([]byte{byte(k.Kind)}, k.OID)
		if v == nil {
			out = append(out, Write{Key: key})
			continue
		}
		if t, ok := v.(*Table); ok && t.Persistence == Temporary {
			continue
		}
		val, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encode descriptor %d: %w", k.OID, err)
		}
		out = append(out, Write{Key: key, Value: val})
	}
	return out, nil
}

// Apply publishes the editor's changes on top of base, the newest catalog, which may hold other transactions'
// changes since the editor started. Objects that both changed are excluded by the table locks that DDL takes.
func (e *Editor) Apply(base *Catalog) *Catalog {
	n := base.copy()
	n.Version = versions.Add(1)
	// What was there goes before anything new comes: a new relation may have the name of one that is dropped.
	for k, v := range e.changed {
		switch k.Kind {
		case KindRelation:
			if old, ok := n.tables.Get(k.OID); ok {
				n.dropNames(old)
				n.tables.Delete(k.OID)
			}
			if v == nil {
				n.forget(k.OID)
			}
		case KindSchema:
			if old, ok := n.schemas.Get(k.OID); ok {
				n.names.Delete(nameKey(0, old.Name))
				n.schemas.Delete(k.OID)
			}
		default:
			n.objects.drop(k)
		}
	}
	for _, v := range e.changed {
		switch o := v.(type) {
		case Object:
			n.objects.put(o)
		case *Table:
			n.putTable(o)
		case *Schema:
			n.schemas.Set(o.OID, o)
			n.names.Set(nameKey(0, o.Name), o.OID)
		}
	}
	return n
}

// Rebase puts the editor's changes on top of a newer catalog.
func (e *Editor) Rebase(base *Catalog) { e.cat, e.shared = e.Apply(base), true }

// Load builds the catalog from its stored rows (key within system table 1, value). Rows come in key order.
func Load(rows func(yield func(key, value []byte) error) error) (*Catalog, error) {
	c := New()
	err := rows(func(key, value []byte) error {
		if len(key) != 5 {
			return fmt.Errorf("descriptor key of %d bytes", len(key))
		}
		oid := binary.BigEndian.Uint32(key[1:])
		switch kind := Kind(key[0]); kind {
		case KindSchema:
			s := &Schema{}
			if err := json.Unmarshal(value, s); err != nil {
				return fmt.Errorf("schema %d: %w", oid, err)
			}
			if old, ok := c.schemas.Get(oid); ok {
				c.names.Delete(nameKey(0, old.Name))
			}
			c.schemas.Set(oid, s)
			c.names.Set(nameKey(0, s.Name), oid)
			c.nextOID = max(c.nextOID, oid+1)
		case KindRelation:
			t := &Table{}
			if err := json.Unmarshal(value, t); err != nil {
				return fmt.Errorf("table %d: %w", oid, err)
			}
			c.putTable(t)
			c.nextOID = max(c.nextOID, oid+1, t.RowType+2)
			for _, x := range t.Indexes {
				c.nextOID = max(c.nextOID, x.OID+1)
			}
			for _, x := range t.Constraints {
				c.nextOID = max(c.nextOID, x.OID+1)
			}
			for _, x := range t.Triggers {
				c.nextOID = max(c.nextOID, x.OID+1)
			}
			for _, x := range t.Policies {
				c.nextOID = max(c.nextOID, x.OID+1)
			}
			for _, x := range t.Rules {
				c.nextOID = max(c.nextOID, x.OID+1)
			}
			c.nextStorage = max(c.nextStorage, t.StorageID&^change.LakeStorage+1)
		default:
			o, err := decodeObject(kind, value)
			if err != nil {
				return fmt.Errorf("%s %d: %w", kind, oid, err)
			}
			c.objects.put(o)
			c.nextOID = max(c.nextOID, o.LastOID()+1)
		}
		return nil
	})
	return c, err
}

// SearchPath is search_path with the schemas that are searched without being listed (manual: 5.9.5, search_path): the temporary one,
// 0 where there is none, and pg_catalog. The result is the caller's.
func SearchPath(listed []OID, temp OID) []OID {
	var out []OID
	if temp != 0 && !slices.Contains(listed, temp) {
		out = append(out, temp)
	}
	if !slices.Contains(listed, PgCatalogOID) {
		out = append(out, PgCatalogOID)
	}
	return append(out, listed...)
}
