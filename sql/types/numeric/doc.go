// Package numeric is the type numeric: its text and binary formats, its typmod, and arithmetic with PostgreSQL 15's scales,
// rounding and errors (manual: 8.1.2, 9.3).
//
// Values are tuple.Numeric in a tuple.Value; Of unpacks one. Sums, products and quotients whose digits fit in 63 bits take a path
// of their own that allocates nothing but the result; what does not fit is computed in math/big, roots and logarithms in binary
// floating point of as many bits as the result's digits need (series.go).
package numeric
