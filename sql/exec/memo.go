package exec

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/types"
)

// memo remembers what a correlated subquery gave for the values of its outer columns. It holds values by their bits: equal
// numbers of another scale are others. Where keys seldom come again it gives itself up.
type memo struct {
	in          *instance
	slots       []int
	gen         uint64 // execution that it belongs to
	vals        map[string]types.Datum
	bytes       int64
	tries, hits int
	off         bool
	key         []byte
}

const (
	// memoTrial is after how many look-ups the share of hits is judged: at least one of memoShare.
	memoTrial = 256
	memoShare = 8
	// memoEntry is about what an entry takes beside its key and value.
	memoEntry = 64
)

// newMemo returns nil for a subquery that does not depend on slots, or is volatile.
func newMemo(d *deps) *memo {
	if d == nil || len(d.slots) == 0 {
		return nil
	}
	return &memo{in: d.in, slots: d.slots}
}

// get looks for the values in the slots; put for the same values may follow where it has found nothing.
func (m *memo) get() (types.Datum, bool) {
	if m == nil {
		return types.Null, false
	}
	if m.gen != m.in.Gen {
		m.forget()
		m.gen = m.in.Gen
	}
	if m.off {
		return types.Null, false
	}
	if m.tries == memoTrial && m.hits < memoTrial/memoShare {
		m.forget()
		m.off = true
		return types.Null, false
	}
	m.tries++
	m.key = m.key[:0]
	for _, s := range m.slots {
		v := m.in.F.S[s]
		switch {
		case v.IsNull():
			m.key = append(m.key, 0)
		case v.IsScalar():
			m.key = binary.LittleEndian.AppendUint64(append(m.key, 1), v.Uint())
		default:
			m.key = append(binary.AppendUvarint(append(m.key, 2), uint64(v.Len())), v.Bytes()...)
		}
	}
	v, ok := m.vals[string(m.key)]
	if ok {
		m.hits++
	}
	return v, ok
}

// put keeps what belongs to the key of the last get, unless the subquery has moved the slots; val stays as it is.
func (m *memo) put(val types.Datum) {
	if m == nil || m.off || m.gen != m.in.Gen {
		return
	}
	n := int64(len(m.key)) + memoEntry
	if !val.IsNull() && !val.IsScalar() {
		n += int64(val.Len())
	}
	if limit := m.in.budget.Mem / 4; m.bytes+n > limit {
		if n > limit {
			return
		}
		clear(m.vals)
		m.bytes = 0
	}
	if m.vals == nil {
		m.vals = map[string]types.Datum{}
	}
	m.vals[string(m.key)] = val
	m.bytes += n
}

func (m *memo) forget() { *m = memo{in: m.in, slots: m.slots, key: m.key} }
