// Package trgm is the functions of the extension pg_trgm 1.6: how alike two texts are, by the runs of three characters in their
// words (manual: F.35).
//
// trigram.go cuts texts into trigrams and compares their sets; word.go finds the part of a text that is most like a word.
package trgm
