// Package operator is operators and casts of users: CREATE OPERATOR and CREATE CAST, their ALTER forms and DROP (manual 38.14, 38.15).
//
// Operators are catalog.Operator, whose Op is the row of pg_operator; casts are catalog.Cast. Parse analysis finds both beside the
// built-in ones. Another operator that COMMUTATOR or NEGATOR names and that is not there yet is made as a shell: an operator without a
// function, which a later CREATE OPERATOR fills.
package operator
