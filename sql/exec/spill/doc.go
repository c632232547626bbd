// Package spill keeps rows: in memory up to a Budget, in temporary files beyond it.
//
//	File     rows written once and read in order
//	Parts    rows split by hash into Files, for what does not fit into a table
//	Table    distinct keys, numbered in order of arrival; it does not spill: its owner looks at Mem and writes Parts
//	Tape     rows in order, to be read at any place
//	Sorter   rows in the order of their keys
//
// Rows come from the slots of a Frame and go back into slots. It promises that the answer is the same whatever the Budget. A file has
// no name, so that it goes with the process; owners close what they made.
//
// It knows neither plans nor expressions nor operators. Cancel reaches it through Budget.Tick.
package spill
