package wal

import (
	"fmt"
	"strconv"
	"strings"
)

// LSN is a position in the log, in bytes. The position of a record is that of its first byte; the position of a commit
// is the end of its record, so that "everything up to LSN x" includes the commit at x. Zero is no position.
type LSN uint64

// FirstLSN is where the log of a new store starts.
const FirstLSN LSN = 0x1000000

// String shows the position as PostgreSQL's pg_lsn does: two hexadecimal halves.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l)) }

// ParseLSN reads what String writes, in either case.
func ParseLSN(s string) (LSN, error) {
	hi, lo, ok := strings.Cut(s, "/")
	if ok && len(hi) <= 8 && len(lo) <= 8 {
		h, err1 := strconv.ParseUint(hi, 16, 32)
		l, err2 := strconv.ParseUint(lo, 16, 32)
		if err1 == nil && err2 == nil && hi[0] != '+' && lo[0] != '+' {
			return LSN(h<<32 | l), nil
		}
	}
	return 0, fmt.Errorf("invalid log position %q", s)
}
