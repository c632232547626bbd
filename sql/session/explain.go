package session

import (
	"context"
	"time"

	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/explain"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func (s *Session) explainColumns(n *ast.ExplainStmt) []types.Field {
	f := textColumn("QUERY PLAN")
	if o, err := explain.ParseOptions(n.Options); err == nil {
		switch o.Format {
		case "json":
			f.TypeOID = types.JSON
		case "xml":
			f.TypeOID = types.XML
		}
	}
	return []types.Field{f}
}

// explain is EXPLAIN: the plan of a query, with ANALYZE run and counted.
func (s *Session) explain(ctx context.Context, n *ast.ExplainStmt, c *call) (string, error) {
	o, err := explain.ParseOptions(n.Options)
	if err != nil {
		return "", err
	}
	node := n.Query
	params := c.params
	began := time.Now()
	var q *query
	if x, ok := node.(*ast.ExecuteStmt); ok {
		p, err := s.sqlPrepared(x.Name)
		if err != nil {
			return "", err
		}
		if params, err = s.executeArgs(ctx, p, x, c); err != nil {
			return "", err
		}
		if err := s.refresh(p); err != nil {
			return "", err
		}
		if q, err = s.choosePlan(p, params); err != nil {
			return "", err
		}
		node = p.stmt.Node
	}
	if x, ok := node.(*ast.CreateTableAsStmt); ok && !o.Analyze {
		node = x.Query
	}
	if x, ok := node.(*ast.DeclareCursorStmt); ok {
		node = x.Query
	}
	if !isQuery(node) {
		return "", pgerr.Unsupported("EXPLAIN of this statement")
	}
	if q == nil {
		if q, err = s.plan(ast.Stmt{Node: node, Text: c.stmt.Text}, c.source, c.types); err != nil {
			return "", err
		}
	}
	if err := q.prog.Failed(); err != nil {
		return "", err
	}
	run := explain.Run{Planning: time.Since(began)}
	if o.Analyze {
		var ec exec.Context
		if q, err = s.prepareRun(ctx, q, c.source, &ec, params); err != nil {
			return "", err
		}
		if run.Nodes, run.Execution, err = s.explainRun(&ec, q); err != nil {
			return "", err
		}
	} else if err := s.checkAccess(q); err != nil {
		return "", err
	}
	phys := q.phys
	run.Columnar = s.columnarOn
	if mode, _ := s.settings.Get("tarn.columnar"); mode == "on" {
		run.Rows = q.rowsOnly
	}
	var lines []string
	if phys.Stmt.Rewritten && o.Format != "text" {
		return "", pgerr.Unsupported("EXPLAIN of a statement that rules rewrite, in this format")
	}
	if phys.Stmt.Rewritten {
		lines = s.explainSteps(phys, o, run)
	} else if o.Format == "text" {
		lines = explain.Text(phys, o, s.env, run)
	} else {
		lines = []string{explain.Document(phys, o, s.env, run)}
	}
	rows := make([][]types.Datum, len(lines))
	for i, l := range lines {
		rows[i] = []types.Datum{tuple.String(l)}
	}
	return "EXPLAIN", s.sendRows(c, s.explainColumns(n), rows)
}

func (s *Session) explainRun(ec *exec.Context, q *query) (map[plan.Node]*exec.NodeStats, time.Duration, error) {
	prog, err := exec.Prepare(q.phys, s.env, exec.Options{Analyze: true})
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	cur, err := prog.Run(ec)
	if err != nil {
		return nil, 0, err
	}
	defer cur.Close()
	for {
		_, ok, err := cur.Next()
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			break
		}
	}
	took := time.Since(began)
	cur.Close()
	return exec.Stats(cur), took, nil
}

// explainSteps is EXPLAIN of a statement that rules rewrite.
func (s *Session) explainSteps(phys *plan.Physical, o explain.Options, run explain.Run) (lines []string) {
	if len(phys.Steps) == 0 {
		return []string{"Query rewrites to nothing"}
	}
	for i, p := range phys.Steps {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, explain.Text(p, o, s.env, run)...)
	}
	return lines
}
