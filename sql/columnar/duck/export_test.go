package duck

import "context"

// Try runs a statement as no fragment could.
func (e *Engine) Try(sql string) error {
	c, err := e.connect(context.Background())
	if err != nil {
		return err
	}
	defer c.close()
	return c.exec(sql)
}
