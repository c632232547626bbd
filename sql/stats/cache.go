package stats

import "sync"

// Cache keeps decoded statistics by table OID. Load reads the encoded form from the store (nil: there is none). It is safe
// for concurrent use; two callers may load the same table, the result is the same.
type Cache struct {
	Load func(table uint32) ([]byte, error)

	mu     sync.RWMutex
	tables map[uint32]*Table // nil entries: known to have none
}

// Table returns a table's statistics, nil before its first ANALYZE. What cannot be read counts as none: plans get worse,
// queries still run.
func (c *Cache) Table(oid uint32) *Table {
	c.mu.RLock()
	t, ok := c.tables[oid]
	c.mu.RUnlock()
	if ok || c.Load == nil {
		return t
	}
	if b, err := c.Load(oid); err == nil && b != nil {
		if t, err = Decode(b); err != nil {
			t = nil
		}
	}
	c.Put(oid, t)
	return t
}

// Put replaces a table's statistics after a commit of new ones; nil after a drop.
func (c *Cache) Put(oid uint32, t *Table) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tables == nil {
		c.tables = map[uint32]*Table{}
	}
	c.tables[oid] = t
}

// Forget makes the next Table load again.
func (c *Cache) Forget(oid uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tables, oid)
}
