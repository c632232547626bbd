package routine

import "github.com/tarndb/tarn/sql/parser/ast"

// ReadOnly reports whether a function that is not volatile may run a utility statement.
func ReadOnly(n ast.Node) bool {
	switch n.(type) {
	case *ast.VariableSetStmt, *ast.VariableShowStmt, *ast.ExplainStmt, *ast.FetchStmt, *ast.ClosePortalStmt, *ast.DeclareCursorStmt, *ast.PrepareStmt,
		*ast.ExecuteStmt, *ast.DeallocateStmt, *ast.CallStmt, *ast.DoStmt:
		return true
	}
	return false
}

// StatementWord is what messages call a utility statement.
func StatementWord(n ast.Node) string {
	switch n.(type) {
	case *ast.CreateStmt:
		return "CREATE TABLE"
	case *ast.DropStmt:
		return "DROP"
	case *ast.TruncateStmt:
		return "TRUNCATE TABLE"
	}
	return "this statement"
}

// TransactionWord is what messages call a statement that ends or begins a transaction.
func TransactionWord(n *ast.TransactionStmt) string {
	switch n.Kind {
	case ast.TRANS_STMT_BEGIN:
		return "BEGIN"
	case ast.TRANS_STMT_START:
		return "START TRANSACTION"
	case ast.TRANS_STMT_COMMIT:
		return "COMMIT"
	case ast.TRANS_STMT_ROLLBACK, ast.TRANS_STMT_ROLLBACK_TO:
		return "ROLLBACK"
	case ast.TRANS_STMT_SAVEPOINT:
		return "SAVEPOINT"
	case ast.TRANS_STMT_RELEASE:
		return "RELEASE"
	}
	return "PREPARE TRANSACTION"
}
