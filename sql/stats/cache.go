package stats

import "sync"

// Cache keeps decoded statistics by table OID. Load reads the newest committed encoded form from the store (nil: there is
// none). It is safe for concurrent use; two callers may load the same table, the result is the same.
type Cache struct {
	Load func(table uint32) ([]byte, error)

	mu      sync.RWMutex
	tables  map[uint32]*Table // nil entries: known to have none
	changed map[uint32]uint64 // generation of the last Forget
	gen     uint64
}

// Table returns a table's statistics, nil before its first ANALYZE. What cannot be read counts as none: plans get worse,
// queries still run.
func (c *Cache) Table(oid uint32) *Table {
	c.mu.RLock()
	t, ok := c.tables[oid]
	gen := c.changed[oid]
	c.mu.RUnlock()
	if ok || c.Load == nil {
		return t
	}
	if b, err := c.Load(oid); err == nil && b != nil {
		if t, err = Decode(b); err != nil {
			t = nil
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed[oid] != gen {
		return t // what was loaded is outdated: not for others
	}
	if c.tables == nil {
		c.tables = map[uint32]*Table{}
	}
	c.tables[oid] = t
	return t
}

// Forget makes the next Table load again, after a commit of new statistics or a drop.
func (c *Cache) Forget(oid uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = map[uint32]uint64{}
	}
	c.gen++
	c.changed[oid] = c.gen
	delete(c.tables, oid)
}

// Changed reports whether a table was forgotten after that many calls of Forget altogether.
func (c *Cache) Changed(oid uint32, since uint64) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changed[oid] > since
}
