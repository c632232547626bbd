// Package vector is the functions of the extension vector (pgvector 0.8): distances, arithmetic, conversions and aggregates of vector,
// halfvec and sparsevec, and distances of bit strings. Values are sql/types/vector's.
package vector
