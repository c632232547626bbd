// Package refuse says which utility statements are not for where a session is: inside a function that restricts them, or in the past.
package refuse

import (
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// Restricted refuses what would outlive a security-restricted operation (CheckRestrictedOperation). Errors: 42501.
func Restricted(n ast.Node) error {
	word := ""
	switch n.(type) {
	case *ast.ListenStmt:
		word = "LISTEN"
	case *ast.UnlistenStmt:
		word = "UNLISTEN"
	case *ast.ClosePortalStmt:
		word = "CLOSE"
	case *ast.DiscardStmt:
		word = "DISCARD"
	case *ast.PrepareStmt:
		word = "PREPARE"
	case *ast.DeallocateStmt:
		word = "DEALLOCATE"
	default:
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "cannot execute %s within security-restricted operation", word)
}

// InPast refuses what is more than reading, in a transaction of the past. Errors: 25006.
func InPast(n ast.Node) error {
	what := ""
	switch n := n.(type) {
	case *ast.TransactionStmt, *ast.VariableSetStmt, *ast.VariableShowStmt, *ast.ExplainStmt, *ast.DeclareCursorStmt, *ast.FetchStmt, *ast.ClosePortalStmt,
		*ast.PrepareStmt, *ast.ExecuteStmt, *ast.DeallocateStmt, *ast.DoStmt, *ast.CallStmt:
		return nil
	case *ast.CopyStmt:
		if !n.IsFrom {
			return nil
		}
		what = "COPY FROM"
	default:
		what = "a statement that is not a query"
	}
	return pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a transaction of the past", what)
}
