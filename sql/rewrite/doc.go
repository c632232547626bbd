// Package rewrite says what the rules of a view make of a statement: which commands run, in which order, over which rows. It works on
// parse trees alone; package bind gives them their meaning.
package rewrite
