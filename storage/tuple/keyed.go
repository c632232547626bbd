package tuple

import (
	"encoding/binary"
	"fmt"
)

// keyOf is the part of a keyed value by which it is compared.
func keyOf(v Value) []byte {
	b := v.Bytes()
	return b[4 : 4+binary.LittleEndian.Uint32(b)]
}

func validKeyed(b []byte) error {
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return fmt.Errorf("%w: keyed value of %d bytes", ErrCorruptRow, len(b))
	}
	return nil
}
