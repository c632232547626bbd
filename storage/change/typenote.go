package change

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// TypeNote tells readers that have no catalog what values of a user's type mean. A Schema has one for every enum and domain
// that its columns' values may hold, also inside arrays, records and ranges: option type.<oid>, in JSON.
type TypeNote struct {
	Labels []EnumLabel `json:"labels,omitempty"` // of an enum
	Base   uint32      `json:"base,omitempty"`   // of a domain: the OID of the type that it is over
}

// EnumLabel is a label with the number by which values of the enum stand for it.
type EnumLabel struct {
	Sort float32 `json:"sort"`
	Name string  `json:"name"`
}

const typeOption = "type."

// Option is the note as an option of a Schema.
func (n TypeNote) Option(oid uint32) Option {
	b, _ := json.Marshal(n)
	return Option{Name: typeOption + strconv.FormatUint(uint64(oid), 10), Value: string(b)}
}

// TypeNotes returns the notes of a Schema by OID.
func (s *Schema) TypeNotes() (map[uint32]TypeNote, error) {
	var out map[uint32]TypeNote
	for _, o := range s.Options {
		digits, ok := strings.CutPrefix(o.Name, typeOption)
		if !ok {
			continue
		}
		oid, err := strconv.ParseUint(digits, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%w: option %s", ErrMalformed, o.Name)
		}
		var n TypeNote
		if err := json.Unmarshal([]byte(o.Value), &n); err != nil {
			return nil, fmt.Errorf("%w: option %s: %w", ErrMalformed, o.Name, err)
		}
		if out == nil {
			out = map[uint32]TypeNote{}
		}
		out[uint32(oid)] = n
	}
	return out, nil
}
