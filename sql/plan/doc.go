// Package plan holds the two trees between parse tree and operators, and nothing that acts on them:
//
//	ast --sql/bind--> Rel (logical: what the statement means) --sql/opt--> Node (physical: how it runs) --sql/exec--> operators
//
// Scalar expressions (Expr) are shared by both. Names are resolved, every expression has its type, every function,
// operator and cast is a row of pg_proc: after binding nobody decides about types again.
//
// Columns are named by ColID, unique within one statement and produced by exactly one Rel. An expression that names
// a ColID which its Rel's inputs do not produce is correlated: the column comes from an enclosing query, or from
// the left side of a lateral join. Physical nodes keep the ColIDs; sql/exec maps them to row slots.
//
// Trees are immutable once they leave the phase that makes them, so that cached plans are shared by sessions.
package plan
