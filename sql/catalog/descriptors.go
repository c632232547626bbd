package catalog

import (
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// OID identifies a catalog object for ever; it is PostgreSQL's oid. Built-in objects keep PostgreSQL's own numbers,
// ours start at FirstNormalOID.
type OID = uint32

const (
	FirstNormalOID OID = 16384

	PgCatalogOID         OID = 11
	PgToastOID           OID = 99
	PublicOID            OID = 2200
	InformationSchemaOID OID = 13000 // assigned by initdb in PostgreSQL; fixed here
	TarnSchemaOID        OID = 9000  // schema tarn: our own views and functions

	SuperuserOID OID = 10
)

// Schema is a namespace.
type Schema struct {
	OID     OID
	Ident   Ident `json:",omitempty"`
	Name    string
	Owner   OID
	ACL     privilege.ACL
	Comment string `json:",omitempty"`
}

// RelKind is pg_class.relkind.
type RelKind byte

const (
	RelTable     RelKind = 'r'
	RelIndex     RelKind = 'i'
	RelSequence  RelKind = 'S'
	RelView      RelKind = 'v'
	RelMatView   RelKind = 'm'
	RelComposite RelKind = 'c'
	// RelPartitioned is a partitioned table: it has columns, constraints and indexes (pg_class.relkind 'I'), and no storage.
	RelPartitioned RelKind = 'p'
	// RelForeign is a foreign table: an external Delta table, whose directory is the option location. It has no storage.
	RelForeign RelKind = 'f'
)

// Persistence is pg_class.relpersistence.
type Persistence byte

const (
	Permanent Persistence = 'p'
	Unlogged  Persistence = 'u'
	Temporary Persistence = 't'
)

// Table describes a relation: table, view, sequence or system relation. It is immutable; DDL makes a new one.
type Table struct {
	OID         OID
	Ident       Ident `json:",omitempty"`
	Schema      OID
	Name        string
	Kind        RelKind
	Persistence Persistence
	Owner       OID
	ACL         privilege.ACL
	RowType     OID // pg_type row of the relation's row type; its array type is RowType+1
	// StorageID prefixes the keys of the table's rows and index entries. It changes whenever the rows are
	// rewritten (TRUNCATE, ADD PRIMARY KEY, type change), as relfilenode does.
	StorageID uint32
	// Version counts changes of the descriptor; schema records in the log carry it.
	Version uint32
	Columns []Column // AttNum i+1 stands at i; dropped ones stay
	// Indexes includes the primary key's. A table without primary key is clustered by a hidden row key.
	Indexes     []*Index      `json:",omitempty"`
	NextIndexID uint16        `json:",omitempty"`
	Constraints []*Constraint `json:",omitempty"`
	// Triggers are in the order in which they fire. SystemTriggers is the pg_trigger.tgenabled of what foreign keys and deferrable
	// constraints do here (ALTER TABLE DISABLE TRIGGER ALL); 0: TriggerOrigin.
	Triggers       []*Trigger `json:",omitempty"`
	SystemTriggers byte       `json:",omitempty"`
	Sequence       *Sequence  `json:",omitempty"`
	// View is the query as SQL with every name schema-qualified, for views and materialized views.
	View        string           `json:",omitempty"`
	Unpopulated bool             `json:",omitempty"` // a materialized view WITH NO DATA
	CheckOption byte             `json:",omitempty"` // 'l' local, 'c' cascaded
	Options     RelOptions       `json:",omitempty"` // reloptions; mirror, mirror_deletes …
	Comment     string           `json:",omitempty"`
	ColComments map[int16]string `json:",omitempty"`
	ReplIdent   byte             `json:",omitempty"` // pg_class.relreplident where ALTER TABLE has set it: d, n, f, i
	ReplIndex   OID              `json:",omitempty"` // of i
	OnCommit    byte             `json:",omitempty"` // temporary tables: 'd' delete rows, 'D' drop
	TempOwner   uint64           `json:",omitempty"` // session that owns a temporary relation
	// Parents are the tables that this one inherits from, in the order of INHERITS; of a partition the partitioned table.
	Parents []OID `json:",omitempty"`
	// PartKey: it is a partitioned table. Bound: it is a partition.
	PartKey *PartKey   `json:",omitempty"`
	Bound   *PartBound `json:",omitempty"`
	// Detaching is the partitioned table from which DETACH CONCURRENTLY has begun to take this one.
	Detaching OID `json:",omitempty"`
	// RowSecurity has the policies decide which rows a role sees and writes; ForceRowSecurity: its owner's, too.
	RowSecurity      bool      `json:",omitempty"`
	ForceRowSecurity bool      `json:",omitempty"`
	Policies         []*Policy `json:",omitempty"`
	// Rules are a view's, besides its query.
	Rules []*Rule `json:",omitempty"`
	// Deps are what expressions, the view's query and triggers need; columns' types are not listed.
	Deps []Dep `json:",omitempty"`

	// Virtual relations have no storage: pg_catalog's tables and tarn's views, computed by sql/catalog/syscat.
	Virtual bool `json:"-"`
}

// Location is the directory of the Delta table of an external table, or of a lake table that is not in the warehouse; "" of others.
func (t *Table) Location() string {
	v, _ := t.Options.Get("location")
	return v
}

// Lake reports whether the table's rows go to Delta files (CREATE TABLE … USING delta).
func (t *Table) Lake() bool { return change.IsLake(t.StorageID) }

// Column is a column of a relation.
type Column struct {
	AttNum    int16
	Ident     Ident `json:",omitempty"` // of columns that were added after the table was made
	Name      string
	Type      OID
	TypMod    int32
	Collation OID
	NotNull   bool `json:",omitempty"`
	Dropped   bool `json:",omitempty"`
	// Default is the default's SQL (schema-qualified), or the expression of a generated column.
	Default   string `json:",omitempty"`
	Generated byte   `json:",omitempty"` // 's' stored
	Identity  byte   `json:",omitempty"` // 'a' always, 'd' by default
	IdentSeq  OID    `json:",omitempty"` // the identity's sequence
	// Missing is the value of rows that were stored before the column was added (text form), HasMissing that there is one.
	Missing    string `json:",omitempty"`
	HasMissing bool   `json:",omitempty"`
	NDims      int    `json:",omitempty"`
	Kind       tuple.Kind
	StatTarget int  `json:",omitempty"`
	Storage    byte `json:",omitempty"`
	ACL        privilege.ACL
	// InhCount is the number of parents that have the column; NotLocal: no definition of its own (pg_attribute.attislocal).
	InhCount int  `json:",omitempty"`
	NotLocal bool `json:",omitempty"`
}

// Index is an index of a table. Entries: storage id | ID | key columns | (unless unique and without NULLs) primary key.
type Index struct {
	OID              OID
	Ident            Ident `json:",omitempty"`
	Name             string
	ID               uint16 // 1 is the primary storage order
	Unique, Primary  bool
	NullsNotDistinct bool   `json:",omitempty"`
	Method           string // btree, hash … as written; all but hnsw are ordered
	Keys             []IndexKey
	Include          []int16 `json:",omitempty"`
	Pred             string  `json:",omitempty"` // partial index condition, SQL
	// Excludes are the operators of an exclusion constraint, one for each key. Keys that are compared by equality stand first in
	// entries, whatever their place here.
	Excludes   []ExcludeOp `json:",omitempty"`
	Constraint OID         `json:",omitempty"`
	Comment    string      `json:",omitempty"`
	Options    RelOptions  `json:",omitempty"`
	// Deferrable: its constraint is checked when the statement ends or later. Equal keys may stand in it until then, so that a
	// deferrable primary key does not cluster the rows.
	Deferrable bool `json:",omitempty"`
	// Building: entries are maintained, reads do not use it yet.
	Building bool `json:",omitempty"`
	// Parent is the partitioned table's index that this one is a partition of. Invalid is the index of a partitioned table
	// that not every partition has yet (CREATE INDEX ON ONLY).
	Parent  OID  `json:",omitempty"`
	Invalid bool `json:",omitempty"`
	// Clustered: CLUSTER without an index takes this one (pg_index.indisclustered).
	Clustered bool `json:",omitempty"`
}

// MethodHNSW is an index over vectors: its entries stand by row and hold the vector.
const MethodHNSW = "hnsw"

// Ordered reports whether the entries stand in the order of the keys, so that a range of them can be read.
func (ix *Index) Ordered() bool { return ix.Method != MethodHNSW }

// ClusteredIndexID is the ID of the index that is the rows' own order: the primary key, unless it is deferrable.
const ClusteredIndexID = 1

// IndexKey is a key column: a table column, or an expression (Att 0).
type IndexKey struct {
	Att        int16  `json:",omitempty"`
	Expr       string `json:",omitempty"`
	Shown      string `json:",omitempty"` // Expr as messages show it; "": as it is
	ExprName   string `json:",omitempty"`
	Type       OID
	Kind       tuple.Kind
	Desc       bool `json:",omitempty"`
	NullsFirst bool `json:",omitempty"`
	OpClass    OID  `json:",omitempty"`
	Collation  OID  `json:",omitempty"`
	// Order is what the key's texts are ordered by where that is not their bytes.
	Order *KeyOrder `json:",omitempty"`
}

// ExcludeOp is an operator by which an exclusion constraint compares a key of two rows.
type ExcludeOp struct {
	Op, Proc OID
	Equal    bool `json:",omitempty"` // equality of btree's: equal values have equal keys
	Overlap  bool `json:",omitempty"` // && of ranges
}

// ConType is pg_constraint.contype.
type ConType byte

const (
	ConPrimary   ConType = 'p'
	ConUnique    ConType = 'u'
	ConCheck     ConType = 'c'
	ConForeign   ConType = 'f'
	ConExclusion ConType = 'x'
	// ConTrigger is what makes a trigger a constraint trigger; it says when the trigger is due.
	ConTrigger ConType = 't'
)

// Constraint is a table constraint. Foreign keys are stored with the referencing table.
type Constraint struct {
	OID        OID
	Ident      Ident `json:",omitempty"`
	Name       string
	Type       ConType
	Cols       []int16 `json:",omitempty"`
	Index      OID     `json:",omitempty"` // p, u: own index; f: the referenced unique index
	Expr       string  `json:",omitempty"` // c
	RefTable   OID     `json:",omitempty"`
	RefCols    []int16 `json:",omitempty"`
	OnUpdate   byte    `json:",omitempty"` // a no action, r restrict, c cascade, n set null, d set default
	OnDelete   byte    `json:",omitempty"`
	DeleteCols []int16 `json:",omitempty"` // ON DELETE SET NULL (cols)
	Match      byte    `json:",omitempty"` // s simple, f full
	Deferrable bool    `json:",omitempty"`
	Deferred   bool    `json:",omitempty"`
	Validated  bool
	NoInherit  bool   `json:",omitempty"`
	Comment    string `json:",omitempty"`
	// InhCount is the number of parents that have the constraint, NotLocal that the table has no definition of its own.
	InhCount int  `json:",omitempty"`
	NotLocal bool `json:",omitempty"`
	// Parent is the constraint of the partitioned table that this key or foreign key belongs to (pg_constraint.conparentid).
	Parent OID `json:",omitempty"`
}

// Sequence holds a sequence's parameters; its value lives in the store (system table 2).
type Sequence struct {
	Type                 OID
	Start, Inc, Min, Max int64
	Cache                int64
	Cycle                bool
	OwnerTable           OID   `json:",omitempty"`
	OwnerCol             int16 `json:",omitempty"`
}

// HasQuery reports a view or a materialized view.
func (t *Table) HasQuery() bool { return t.Kind == RelView || t.Kind == RelMatView }

// ColumnByName returns a live column, or nil.
func (t *Table) ColumnByName(name string) *Column {
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Name == name && !c.Dropped {
			return c
		}
	}
	return nil
}

// Column returns the column with that attribute number (from 1), dropped or not.
func (t *Table) Column(att int16) *Column { return &t.Columns[att-1] }

// PrimaryIndex returns the primary key's index, or nil.
func (t *Table) PrimaryIndex() *Index {
	for _, x := range t.Indexes {
		if x.Primary {
			return x
		}
	}
	return nil
}

// IndexByOID returns the table's index with that OID, or nil.
func (t *Table) IndexByOID(oid OID) *Index {
	for _, x := range t.Indexes {
		if x.OID == oid {
			return x
		}
	}
	return nil
}

// ConstraintByName returns the constraint, or nil.
func (t *Table) ConstraintByName(name string) *Constraint {
	for _, c := range t.Constraints {
		if c.Name == name {
			return c
		}
	}
	return nil
}
