package session

import (
	"context"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

func (s *Session) explainColumns(n *ast.ExplainStmt) []types.Field {
	return []types.Field{textColumn("QUERY PLAN")}
}

func (s *Session) explain(ctx context.Context, n *ast.ExplainStmt, c *call) (string, error) {
	return "", pgerr.Unsupported("EXPLAIN")
}
