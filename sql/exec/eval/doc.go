// Package eval compiles expressions: a plan.Expr becomes a slot or a closure over slots.
//
//	plan.Expr ──Builder.Expr──▶ Operand     a value: read its Slot, or call its Fn
//	          ──Builder.Cond──▶ Cond        a truth value, without boxing it
//	          ──Compile───────▶ Evaluator   one expression by itself, over rows given as values
//
// It promises: NULLs, errors and their order are PostgreSQL's; volatile functions are called once per evaluation, what is Fixed is
// computed once per execution; a closure allocates nothing that its value does not need.
//
// It knows no operator. A subquery is a stranger's closure (Subqueries); a user's function runs in the session (run.Routines).
package eval
