package hnsw

import "sync"

// commits counts what is under way, by the generation in which it began, so that one can wait for all that has begun without holding up
// what begins meanwhile.
type commits struct {
	mu     sync.Mutex // protects what follows
	gone   sync.Cond  // a generation has come to its end
	gen    uint64
	active map[uint64]int // by generation; without zeros
}

func (c *commits) begin() (gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active[c.gen]++
	return c.gen
}

func (c *commits) end(gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active[gen]--; c.active[gen] == 0 {
		delete(c.active, gen)
		c.gone.Broadcast()
	}
}

// wait returns when every commit that has begun is at its end.
func (c *commits) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.gen
	c.gen++
	for c.before(last) {
		c.gone.Wait()
	}
}

func (c *commits) before(last uint64) bool {
	for gen := range c.active {
		if gen <= last {
			return true
		}
	}
	return false
}
