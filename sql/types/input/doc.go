// Package input is what PostgreSQL's input functions share: the bytes that C's ctype takes for blanks, digits and letters in the C
// locale, and the errors for texts and binary values that cannot be read.
//
// It knows no type and no value.
package input
