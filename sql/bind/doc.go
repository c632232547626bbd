// Package bind is parse analysis: it turns a parse tree into a bound, typed statement (sql/plan), by PostgreSQL's rules
// (manual, chapter 10) over PostgreSQL's own catalog rows.
//
//	ast.Node ──Statement──▶ plan.Statement
//
// It promises PostgreSQL's answers: which function, operator or cast is meant, the type of every expression, the names of
// result columns, the types of parameters, and for what is wrong the SQLSTATE, wording, hint and position. What Tarn has
// not built is 0A000 by name. Binding reads the catalog and nothing else; it runs no user code, but input functions of
// literals ('now'::timestamptz, 'pg_class'::regclass) run here with the session's Env.
//
// What names mean is lexicon's, which of several is meant is overload's, expressions are expression's, where errors stand is place's.
// Here are queries and the statements that write: FROM, grouping, WITH, set operations, INSERT … MERGE, views, stored expressions.
// Inside the package an error is a panic that the exported functions recover, see place.
//
// Column lists of table scans grow while a query level is bound (scan columns are allocated at first use); a level's
// Projects are built after all of its expressions, so that they see the whole list.
package bind
