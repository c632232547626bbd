// Package geometry is the functions and operators of the geometric types (manual: 9.11), over the values of package geo.
// Numbers within geo.Epsilon of each other count as equal wherever PostgreSQL has it so; sums, products and quotients are
// geo.Calc's, because their order and their errors show in the results.
package geometry
