package duck

import (
	"context"
	"testing"
)

// Try runs a statement as no fragment could.
func (e *Engine) Try(sql string) error {
	c, err := e.connect(context.Background(), nil)
	if err != nil {
		return err
	}
	defer c.close()
	return c.exec(sql)
}

// WithoutGrace has cancelled statements not wait for DuckDB at all.
func WithoutGrace(t *testing.T) {
	old := grace
	grace = 0
	t.Cleanup(func() { grace = old })
}
