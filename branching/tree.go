package branching

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// MainBranch is the branch that every database starts with.
const MainBranch = "main"

// Tree is the content of tarn.json, with what tarn.journal changes of it.
type Tree struct {
	Format int
	// Journal is the number of the newest entry of tarn.journal that the file has in it.
	Journal   uint64
	NextID    uint32
	Databases []*Database
	Roles     []*Role
	// Checksum is the CRC-32C of the file with this field zero (I8).
	Checksum uint32
}

// Formats of the file, the newest being written:
//
//	1  a role's MemberOf lists the roles' numbers
//	2  MemberOf lists Memberships; a database has an ACL
//	3  a branch has the time of its point; one that a reset has replaced names its successor
//	4  tarn.journal has what came after the file
const (
	oldestTreeFormat = 1
	treeFormat       = 4
)

// Database is a database and its branches, parents before children.
type Database struct {
	ID       uint32 // pg_database.oid
	Name     string
	Owner    uint32
	Created  time.Time
	Settings map[string]string `json:",omitempty"` // ALTER DATABASE … SET
	Template bool              `json:",omitempty"`
	// NoConnect: datallowconn is false.
	NoConnect bool    `json:",omitempty"`
	ACL       []Grant // nil: the default
	Branches  []*Branch
}

// Branch is one branch. Its store lives in stores/<Database.ID>/<ID>.
type Branch struct {
	ID     uint32
	Name   string
	Parent uint32 `json:",omitempty"` // 0: none, or dropped
	LSN    wal.LSN
	// At is the time of the point that the branch starts from; zero: Created.
	At        time.Time `json:",omitzero"`
	Depth     int
	Created   time.Time
	CreatedBy string
	Expires   time.Time `json:",omitzero"`
	Protected bool      `json:",omitempty"`
	// Bare: it was made without the rows of its parent, of which it has no state therefore.
	Bare bool `json:",omitempty"`
	// Source is the branch whose log leads to LSN, if that is not Parent; gone: it is there no more.
	Source uint32 `json:",omitempty"`
	// Next is the branch that a reset at Replaced has put in this one's place. It has no name then, and stays for as long as its past
	// can be asked for.
	Next     uint32    `json:",omitempty"`
	Replaced time.Time `json:",omitzero"`
	// Warehouse is its directory of Delta tables if that is not what its names would make it.
	Warehouse string `json:",omitempty"`
}

// warehouse is the directory of a branch's Delta tables, which stays what it is while the branch lives.
func (d *Database) warehouse(b *Branch) string {
	if b.Warehouse != "" {
		return b.Warehouse
	}
	name := d.Name
	if b.Name != MainBranch {
		name += "@" + b.Name
	}
	return object.Segment(name)
}

// settle gives a new branch a directory that no other has.
func (t *Tree) settle(d *Database, b *Branch) {
	name := d.warehouse(b)
	for _, od := range t.Databases {
		for _, o := range od.Branches {
			if o != b && od.warehouse(o) == name {
				b.Warehouse = b.apart(name)
			}
		}
	}
}

// apart is the branch's directory where another has the one called name.
func (b *Branch) apart(name string) string {
	return fmt.Sprintf("%s-%d", name[:min(len(name), 80)], b.ID)
}

// keepWarehouses lets a database's branches keep their directories when its name changes.
func (d *Database) keepWarehouses() {
	for _, b := range d.Branches {
		b.Warehouse = d.warehouse(b)
	}
}

// Role is a role of the whole server (pg_authid).
type Role struct {
	ID                                          uint32
	Name                                        string
	Super, Inherit, CreateRole, CreateDB, Login bool
	Replication, BypassRLS                      bool
	ConnLimit                                   int
	Password                                    string            `json:",omitempty"` // SCRAM-SHA-256 verifier
	ValidUntil                                  time.Time         `json:",omitzero"`
	MemberOf                                    []Membership      `json:",omitempty"`
	Settings                                    map[string]string `json:",omitempty"` // ALTER ROLE … SET
}

func copyRoles(roles []*Role) []*Role {
	out := make([]*Role, len(roles))
	for i, r := range roles {
		c := *r
		c.MemberOf, c.Settings = slices.Clone(r.MemberOf), maps.Clone(r.Settings)
		out[i] = &c
	}
	return out
}

// Membership says that a role is a member of Role, who has made it one, and whether it may pass that on.
type Membership struct {
	Role, Grantor uint32
	Admin         bool `json:",omitempty"`
}

// UnmarshalJSON also reads what format 1 had, the role's number alone.
func (m *Membership) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '{' {
		*m = Membership{Grantor: superuserID}
		return json.Unmarshal(b, &m.Role)
	}
	type plain Membership
	return json.Unmarshal(b, (*plain)(m))
}

// Grant is what Grantor has allowed Grantee (0: everybody) on a database: bits of sql/privilege.
type Grant struct {
	Grantee, Grantor uint32
	Privs            uint16
	Options          uint16 `json:",omitempty"`
}

func (d *Database) branch(name string) *Branch {
	for _, b := range d.Branches {
		if b.Name == name && !b.Hidden() {
			return b
		}
	}
	return nil
}

func (d *Database) branchByID(id uint32) *Branch {
	for _, b := range d.Branches {
		if b.ID == id {
			return b
		}
	}
	return nil
}

func (t *Tree) database(name string) *Database {
	for _, d := range t.Databases {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// gone is the Source of a branch whose source is there no more.
const gone = 1<<32 - 1

// Hidden reports whether a reset has replaced the branch.
func (b *Branch) Hidden() bool { return b.Next != 0 }

// source is the branch whose log leads to b's first position; nil: there is none, or it is gone.
func (d *Database) source(b *Branch) *Branch {
	switch b.Source {
	case 0:
		return d.branchByID(b.Parent)
	case gone:
		return nil
	}
	return d.branchByID(b.Source)
}

// before is the branch that b has replaced, nil if there is none.
func (d *Database) before(b *Branch) *Branch {
	for _, x := range d.Branches {
		if x.Next == b.ID {
			return x
		}
	}
	return nil
}

// live is the branch that stands in a branch's place now.
func (d *Database) live(b *Branch) *Branch {
	for b != nil && b.Hidden() {
		b = d.branchByID(b.Next)
	}
	return b
}

// forget takes branches out of the database.
func (d *Database) forget(ids []uint32) {
	kept := d.Branches[:0]
	for _, b := range d.Branches {
		if !contains(ids, b.ID) {
			kept = append(kept, b)
		}
	}
	d.Branches = kept
	for _, b := range kept {
		if s := b.Source; contains(ids, s) || s == 0 && contains(ids, b.Parent) {
			b.Source = gone
		}
		if contains(ids, b.Parent) {
			b.Parent = 0
		}
	}
}

func (d *Database) branchIDs() (ids []uint32) {
	for _, b := range d.Branches {
		ids = append(ids, b.ID)
	}
	return ids
}

// clone copies the tree so that a change that cannot be written leaves the old one in force. Roles are not copied: who changes one
// replaces it.
func (t *Tree) clone() *Tree {
	c := *t
	c.Roles = slices.Clone(t.Roles)
	c.Databases = make([]*Database, len(t.Databases))
	for i, d := range t.Databases {
		copied := *d
		copied.Settings, copied.ACL = maps.Clone(d.Settings), slices.Clone(d.ACL)
		branches := make([]Branch, len(d.Branches))
		copied.Branches = make([]*Branch, len(branches), len(branches)+1)
		for j, b := range d.Branches {
			branches[j] = *b
			copied.Branches[j] = &branches[j]
		}
		c.Databases[i] = &copied
	}
	return &c
}

// removeDebris deletes store directories that the tree does not name, and the Delta tables of those that were being made or
// removed (mark).
func (m *Manager) removeDebris(stores string) error {
	t := m.mu.tree
	known, warehouses := map[string]bool{}, map[string]bool{}
	for _, d := range t.Databases {
		known[fmt.Sprint(d.ID)] = true
		for _, b := range d.Branches {
			known[fmt.Sprintf("%d/%d", d.ID, b.ID)] = true
			warehouses[d.warehouse(b)] = true
		}
	}
	marks, err := filepath.Glob(filepath.Join(stores, "*", "*"+markSuffix))
	if err != nil {
		return err
	}
	for _, path := range marks {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		w, whole := strings.CutSuffix(string(text), "\n")
		if whole && w != "" && w == object.Segment(w) && !warehouses[w] {
			if !m.forget(Where{Dir: strings.TrimSuffix(path, markSuffix), Warehouse: w}) {
				continue
			}
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	dbs, err := os.ReadDir(stores)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, db := range dbs {
		if !known[db.Name()] {
			if err := removeDatabase(filepath.Join(stores, db.Name())); err != nil {
				return err
			}
			continue
		}
		branches, err := os.ReadDir(filepath.Join(stores, db.Name()))
		if err != nil {
			return err
		}
		for _, b := range branches {
			if !known[db.Name()+"/"+b.Name()] && !strings.HasSuffix(b.Name(), markSuffix) {
				if err := os.RemoveAll(filepath.Join(stores, db.Name(), b.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
