// Package text implements text, bytea and bit strings: manipulation, pattern matching, encodings, quoting (manual: 9.4 to
// 9.7). Lengths and positions count characters from 1.
package text

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:   call.Union(stringFns(), likeFns(), quoteFns(), regexFns(), encodingFns(), byteaFns(), bitFns()),
		Sets:  call.Union(stringSets(), regexSets()),
		ByOID: call.Union(stringSQL(), regexSQL()),
	}
}
