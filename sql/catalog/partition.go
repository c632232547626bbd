package catalog

import (
	"slices"

	"github.com/tidwall/btree"
)

// Strategy is pg_partitioned_table.partstrat.
type Strategy byte

const (
	ListPartition  Strategy = 'l'
	RangePartition Strategy = 'r'
	HashPartition  Strategy = 'h'
)

// PartKey is the partition key of a partitioned table.
type PartKey struct {
	Strategy Strategy
	Keys     []IndexKey // Desc and NullsFirst are not used
}

// PartBound says which rows of its parent a partition holds.
type PartBound struct {
	Default bool         `json:",omitempty"`
	List    []BoundDatum `json:",omitempty"`
	// Lower is included, Upper is not.
	Lower, Upper       []BoundDatum `json:",omitempty"`
	Modulus, Remainder int          `json:",omitempty"`
}

// BoundDatum is a value of a bound in text form (ISO dates, UTC), or what stands for one.
type BoundDatum struct {
	Kind byte   `json:",omitempty"` // 0 value, 'n' NULL, '-' MINVALUE, '+' MAXVALUE
	Text string `json:",omitempty"`
}

// Partitioned reports a table without storage whose rows are in its partitions.
func (t *Table) Partitioned() bool { return t.Kind == RelPartitioned }

// Stored reports a table that has rows of its own.
func (t *Table) Stored() bool { return t.Kind == RelTable && !t.Virtual }

// LikeTable reports a table in the sense of SQL: plain or partitioned.
func (t *Table) LikeTable() bool { return t.Kind == RelTable || t.Kind == RelPartitioned }

func childKey(parent, child OID) uint64 { return uint64(parent)<<32 | uint64(child) }

// Children calls f for each table that inherits from parent directly, in OID order, until it returns false.
func (c *Catalog) Children(parent OID, f func(*Table) bool) { c.linked(&c.children, parent, f) }

// linked calls f for the tables that a map of childKeys has for one OID.
func (c *Catalog) linked(m *btree.Map[uint64, struct{}], to OID, f func(*Table) bool) {
	m.Ascend(childKey(to, 0), func(k uint64, _ struct{}) bool {
		if OID(k>>32) != to {
			return false
		}
		t, ok := c.tables.Get(OID(k & 0xffffffff))
		return !ok || f(t)
	})
}

// Detaching calls f for each partition that DETACH CONCURRENTLY has begun to take from a table, in OID order, until it returns false.
func (c *Catalog) Detaching(from OID, f func(*Table) bool) { c.linked(&c.detaching, from, f) }

// EachDetaching calls f for all of them.
func (c *Catalog) EachDetaching(f func(*Table) bool) {
	c.detaching.Scan(func(k uint64, _ struct{}) bool {
		t, ok := c.tables.Get(OID(k & 0xffffffff))
		return !ok || f(t)
	})
}

// AnyDetaching reports that there are such partitions anywhere.
func (c *Catalog) AnyDetaching() bool { return c.detaching.Len() > 0 }

// Referencing calls f for each table with foreign keys to a table, itself included, in OID order, until it returns false.
func (c *Catalog) Referencing(to OID, f func(*Table) bool) { c.linked(&c.references, to, f) }

// OwnedSequences calls f for each sequence that belongs to a column of a table, in OID order, until it returns false.
func (c *Catalog) OwnedSequences(of OID, f func(*Table) bool) { c.linked(&c.owned, of, f) }

// HasChildren reports that some table inherits from t.
func (c *Catalog) HasChildren(t OID) (found bool) {
	c.Children(t, func(*Table) bool { found = true; return false })
	return found
}

// ChildList is Children as a list, without partitions that are being detached.
func (c *Catalog) ChildList(parent OID) (out []*Table) {
	c.Children(parent, func(t *Table) bool {
		if t.Detaching != parent {
			out = append(out, t)
		}
		return true
	})
	return out
}

// Descendants lists t and all that inherits from it, each once, a level after the other (find_all_inheritors); partitions that are
// being detached do not any more.
func (c *Catalog) Descendants(t *Table) []*Table {
	out := []*Table{t}
	seen := map[OID]bool{t.OID: true}
	for i := 0; i < len(out); i++ {
		c.Children(out[i].OID, func(k *Table) bool {
			if !seen[k.OID] && k.Detaching != out[i].OID {
				seen[k.OID] = true
				out = append(out, k)
			}
			return true
		})
	}
	return out
}

// OthersTemp reports a temporary table of another session: nobody else reads its rows, as a child of a table neither.
func (t *Table) OthersTemp(session uint64) bool {
	return t.Persistence == Temporary && t.TempOwner != session
}

// PartitionRoot is the topmost partitioned table above a partition, or t itself.
func (c *Catalog) PartitionRoot(t *Table) *Table {
	for t.Bound != nil {
		p := c.Table(t.Parents[0])
		if p == nil {
			break
		}
		t = p
	}
	return t
}

// AttMap maps the attribute numbers of parent to those of child by name; out[i] is the child's number of column i+1 (0: it has
// none, or the parent's is dropped).
func AttMap(parent, child *Table) []int16 {
	out := make([]int16, len(parent.Columns))
	for i := range parent.Columns {
		p := &parent.Columns[i]
		if p.Dropped {
			continue
		}
		// Mostly they stand at the same place.
		if i < len(child.Columns) && child.Columns[i].Name == p.Name && !child.Columns[i].Dropped {
			out[i] = child.Columns[i].AttNum
		} else if c := child.ColumnByName(p.Name); c != nil {
			out[i] = c.AttNum
		}
	}
	return out
}

// SameAtts reports that a map of attribute numbers changes nothing.
func SameAtts(m []int16, parent, child *Table) bool {
	if len(parent.Columns) != len(child.Columns) {
		return false
	}
	for i, a := range m {
		if a != int16(i+1) && !(a == 0 && child.Columns[i].Dropped) {
			return false
		}
	}
	return true
}

// FirstConstraints are the constraints of a name in the first of the schemas that has one.
func (c *Catalog) FirstConstraints(schemas []OID, name string) (found []*Constraint) {
	for _, schema := range schemas {
		c.ConstraintsNamed(schema, name, func(_ *Table, con *Constraint) bool {
			found = append(found, con)
			return true
		})
		if len(found) > 0 {
			break
		}
	}
	return found
}

// WithPartitions adds what partitions have of constraints.
func (c *Catalog) WithPartitions(list []*Constraint) []*Constraint {
	for i := 0; i < len(list); i++ {
		t, _ := c.ConstraintByOID(list[i].OID)
		if t == nil {
			continue
		}
		c.Children(t.OID, func(t *Table) bool {
			for _, con := range t.Constraints {
				if con.Parent == list[i].OID {
					list = append(list, con)
				}
			}
			return true
		})
	}
	return list
}

// Inherits reports whether a relation inherits from another one, or is a partition of it, at any depth.
func (c *Catalog) Inherits(oid, from OID) bool {
	t := c.Table(oid)
	return t != nil && slices.ContainsFunc(t.Parents, func(p OID) bool { return p == from || c.Inherits(p, from) })
}
