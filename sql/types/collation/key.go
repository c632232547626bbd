package collation

import (
	"sync"

	"golang.org/x/text/collate"
)

var supported = sync.OnceValue(collate.Supported)

// Case weights of x/text's third level: those of upper case letters, and what puts the other case behind.
const (
	firstUpper = 0x08
	lastUpper  = 0x0c
	behind     = 0x20
)

// orderCase rewrites the third level of a key, in place, so that one case comes before the other whatever else differs on that level.
// A key is primary weights of two bytes (three where the first bit is set), 0 0, secondary weights of two bytes, 0 0, tertiary weights
// of one byte up to the end or a zero.
func (l *locale) orderCase(key []byte) {
	i := 0
	for i+1 < len(key) && (key[i] != 0 || key[i+1] != 0) {
		if key[i]&0x80 != 0 {
			i++
		}
		i += 2
	}
	for i += 2; i+1 < len(key) && (key[i] != 0 || key[i+1] != 0); {
		i += 2
	}
	for i += 2; i < len(key) && key[i] != 0; i++ {
		upper := key[i] >= firstUpper && key[i] <= lastUpper
		if upper != (l.caseFirst == 'u') && key[i] < behind {
			key[i] += behind
		}
	}
}
