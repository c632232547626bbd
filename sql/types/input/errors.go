package input

import (
	"github.com/tarndb/tarn/sql/pgerr"
)

// SyntaxError is what an input function answers to a text that it cannot read.
func SyntaxError(typ, s string) error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", typ, s)
}

func RangeError(typ, s string) error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "value \"%s\" is out of range for type %s", s, typ)
}

// Short and binaryLong are PostgreSQL's answers to a binary value of the wrong length.
func Short() error {
	return pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
}

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
