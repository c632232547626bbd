// Package trigger says what a trigger is and when it fires (manual: chapter 39): which triggers a change has (Set), what waits for the
// end of its statement or transaction (Queue, Log), and what a function is told (Call). It runs nothing: who changes rows evaluates
// conditions and calls functions.
//
//	change ──Set.At(BeforeRow)──▶ now
//	       └─Set.At(AfterRow)───▶ Queue ──▶ at the end of the statement, in the order in which the events came
//
// It promises:
//   - Triggers of one moment fire in the order of their names.
//   - What waits keeps the rows as they were: memory that grows with them is bounded, beyond it they go to a temporary file.
//   - The triggers of a statement fire once for a table and event, however many times foreign keys' actions change the table.
package trigger
