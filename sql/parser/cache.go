package parser

import (
	"sync"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// Cache keeps parse trees of stored SQL by their text. It is safe for concurrent use and bounded by count: a full
// cache starts again empty. A nil Cache keeps nothing.
type Cache struct {
	mu    sync.Mutex
	trees map[string]ast.Node
}

const maxCachedTrees = 4096

// Parse parses one statement; the tree is shared and must not be changed. Errors: syntax errors, XX000 for several statements.
func (c *Cache) Parse(sql string) (ast.Node, error) {
	if c != nil {
		c.mu.Lock()
		n := c.trees[sql]
		c.mu.Unlock()
		if n != nil {
			return n, nil
		}
	}
	stmts, err := Parse(sql)
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 {
		return nil, pgerr.Internal("stored SQL holds %d statements", len(stmts))
	}
	if c != nil {
		c.mu.Lock()
		if c.trees == nil || len(c.trees) >= maxCachedTrees {
			c.trees = map[string]ast.Node{}
		}
		c.trees[sql] = stmts[0].Node
		c.mu.Unlock()
	}
	return stmts[0].Node, nil
}

// ParseExpr parses a stored expression.
func (c *Cache) ParseExpr(sql string) (ast.Node, error) {
	n, err := c.Parse("SELECT " + sql)
	if err != nil {
		return nil, err
	}
	if s, ok := n.(*ast.SelectStmt); ok && len(s.TargetList) == 1 {
		if t, ok := s.TargetList[0].(*ast.ResTarget); ok {
			return t.Val, nil
		}
	}
	return nil, pgerr.Internal("stored expression %q is not one expression", sql)
}
