// Package collation orders, compares and changes the case of text as collations say.
//
// A Collator of provider libc is one of C's: text compares by bytes. One of provider icu follows the Unicode collation algorithm
// with the tailorings of golang.org/x/text, whose locales and options ICU's names choose. Everything goes through sort keys: two texts
// are in the order of their keys, in memory and in an index alike, and texts with equal keys are equal unless the collation is
// deterministic: then the text itself ends its key.
package collation
