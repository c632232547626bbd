// Package expression binds expressions: names of columns and variables, calls, operators, aggregates and window calls, conversions,
// collations, parameters.
//
//	ast.Node in a Scope ──Expr──▶ plan.Expr
//
// It knows query levels (Scope) by what they offer to names and what their expressions leave behind for them: aggregates,
// windows and set-returning calls are slots of the level, which the binder of queries, sql/bind, turns into relations. What an
// expression holds of queries comes back through Queries. It makes no relation and no statement.
//
// Errors are raised as sql/bind/place says, so callers run under place.Guard.
package expression
