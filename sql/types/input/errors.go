package input

import (
	"github.com/tarndb/tarn/sql/pgerr"
)

// SyntaxError is what an input function answers to a text that it cannot read.
func SyntaxError(typ, s string) error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", typ, s)
}

// RangeError is what an input function answers to a number that its type cannot hold, 22003.
func RangeError(typ, s string) error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "value \"%s\" is out of range for type %s", s, typ)
}

// Short is PostgreSQL's answer to a binary value that ends too early, 08P01.
func Short() error {
	return pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
}

// Long is PostgreSQL's answer to a binary value with bytes left over, 22P03.
func Long() error {
	return pgerr.New(pgerr.InvalidBinaryRepresentation, "incorrect binary data format")
}

// Sized checks the length of a fixed-length binary value.
func Sized(b []byte, n int) error {
	switch {
	case len(b) < n:
		return Short()
	case len(b) > n:
		return Long()
	}
	return nil
}
