package cursor

import (
	"slices"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
)

// Options of DECLARE (parsenodes.h).
const (
	OptBinary      = 1 << 0
	OptScroll      = 1 << 1
	OptNoScroll    = 1 << 2
	OptInsensitive = 1 << 3
	OptHold        = 1 << 5
)

// CheckQuery says what the query of a cursor must not do: tag is its command tag, readOnly that it changes nothing.
func CheckQuery(n *ast.DeclareCursorStmt, tag string, readOnly bool) error {
	if tag != "SELECT" {
		return pgerr.New(pgerr.InvalidCursorDefinition, "DECLARE CURSOR must not contain data-modifying statements")
	}
	lock := Locking(n.Query)
	if lock == "" {
		if !readOnly {
			return pgerr.New(pgerr.FeatureNotSupported, "DECLARE CURSOR must not contain data-modifying statements in WITH")
		}
		return nil
	}
	switch {
	case n.Options&OptHold != 0:
		return pgerr.New(pgerr.FeatureNotSupported, "DECLARE CURSOR WITH HOLD ... %s is not supported", lock).
			WithDetail("Holdable cursors must be READ ONLY.")
	case n.Options&OptScroll != 0:
		return pgerr.New(pgerr.FeatureNotSupported, "DECLARE SCROLL CURSOR ... %s is not supported", lock).
			WithDetail("Scrollable cursors must be READ ONLY.")
	case n.Options&OptInsensitive != 0:
		return pgerr.New(pgerr.InvalidCursorDefinition, "DECLARE INSENSITIVE CURSOR ... %s is not valid", lock).
			WithDetail("Insensitive cursors must be READ ONLY.")
	}
	return nil
}

// Locking is the first row lock clause of a SELECT, "" without one.
func Locking(n ast.Node) string {
	sel, ok := n.(*ast.SelectStmt)
	if !ok || len(sel.LockingClause) == 0 {
		return ""
	}
	switch sel.LockingClause[0].(*ast.LockingClause).Strength {
	case ast.LCS_FORKEYSHARE:
		return "FOR KEY SHARE"
	case ast.LCS_FORSHARE:
		return "FOR SHARE"
	case ast.LCS_FORNOKEYUPDATE:
		return "FOR NO KEY UPDATE"
	}
	return "FOR UPDATE"
}

// ReadsBackward tells whether a cursor without SCROLL and NO SCROLL can go back: PostgreSQL lets it where the plan can run
// backwards without help, which scans and sorts can.
func ReadsBackward(n plan.Node) bool {
	switch x := n.(type) {
	case *plan.TableScan:
		return x.Sample == nil
	case *plan.ValuesScan, *plan.Materialize, *plan.SortNode, *plan.FunctionScan, *plan.VirtualTableScan, *plan.CTEScanNode:
		return true
	case *plan.Append:
		return !slices.ContainsFunc(x.In, func(n plan.Node) bool { return !ReadsBackward(n) })
	case *plan.LockRowsNode:
		return ReadsBackward(x.In)
	case *plan.WithNode:
		return ReadsBackward(x.In)
	case *plan.Result:
		return x.In != nil && ReadsBackward(x.In)
	case *plan.LimitNode:
		return ReadsBackward(x.In)
	case *plan.Columnar:
		return ReadsBackward(x.Fallback)
	}
	return false
}
