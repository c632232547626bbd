package mirror

import (
	"fmt"
	"sort"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

// segment is the tail of one table for the commits after start, up to end once it is sealed. All its slices are
// append-only: a reader that took their lengths under Mirror.mu may read that far without it.
type segment struct {
	start, end wal.LSN // end 0: open
	// reset says that nothing from before start is in the table any more (TRUNCATE, a new storage id).
	reset bool
	m     *mapping
	// structural says that m differs from what came before, so that publishing changes the Delta schema.
	structural bool

	cols  [][]tuple.Value // by row position; dropped columns stay empty
	ids   []uint64        // row ids, ascending
	dels  []uint64        // ids of deleted row versions, in commit order
	files []*fileState    // loads
	from  []uint64        // of a table with a change feed, by row: the version in whose place it came, 0: none; what it is shorter by is 0
	marks []mark
	bytes int64
	// counted is the part of bytes that is in Mirror.bytes.
	counted int64
	arena   arena
	since   time.Time // of the first change
}

// mark says how far rows and deletes went with the commit at lsn.
type mark struct {
	lsn               wal.LSN
	rows, dels, files int
}

func newSegment(start wal.LSN, m *mapping) *segment {
	return &segment{start: start, m: m, cols: make([][]tuple.Value, len(m.schema.Columns))}
}

// empty reports that nothing has been committed into it.
func (s *segment) empty() bool { return len(s.marks) == 0 }

// truncate drops what was appended after a mark. Nobody has seen it.
func (s *segment) truncate(to mark) {
	rows := to.rows
	s.ids, s.dels, s.from, s.files = s.ids[:rows], s.dels[:to.dels], s.from[:min(rows, len(s.from))], s.files[:to.files]
	for i := range s.cols {
		if len(s.cols[i]) > rows {
			s.cols[i] = s.cols[i][:rows]
		}
	}
}

// valueSize is what a value costs in memory.
const valueSize = 16

// appendRow adds a row; its values are copied.
func (s *segment) appendRow(l *tuple.Layout, id uint64, row []byte, scratch []tuple.Value) ([]tuple.Value, error) {
	if n := len(s.ids); n > 0 && id <= s.ids[n-1] {
		return scratch, fmt.Errorf("row id %d after %d", id, s.ids[n-1])
	}
	scratch = scratch[:0]
	for range s.cols {
		scratch = append(scratch, tuple.Null)
	}
	if err := l.Decode(row, nil, scratch); err != nil {
		return scratch, err
	}
	s.ids = append(s.ids, id)
	s.bytes += 8
	for _, c := range s.m.columns {
		v := scratch[c.pos]
		if !v.IsScalar() && !v.IsNull() {
			v = tuple.Bytes(s.arena.copy(v.Bytes()))
			s.bytes += int64(v.Len())
		}
		s.cols[c.pos] = append(s.cols[c.pos], v)
		s.bytes += valueSize
	}
	return scratch, nil
}

func (s *segment) appendDelete(id uint64) {
	s.dels = append(s.dels, id)
	s.bytes += 8
}

// committed is the content at the last mark.
func (s *segment) committed() mark {
	if n := len(s.marks); n > 0 {
		return s.marks[n-1]
	}
	return mark{}
}

// uncommitted reports that there is more than at the last mark.
func (s *segment) uncommitted() bool {
	at := s.committed()
	return len(s.ids) > at.rows || len(s.dels) > at.dels || len(s.files) > at.files
}

// commit marks what was appended as committed at lsn.
func (s *segment) commit(lsn wal.LSN) {
	s.marks = append(s.marks, mark{lsn, len(s.ids), len(s.dels), len(s.files)})
	s.bytes += 32
}

// at is the content at lsn.
func (s *segment) at(lsn wal.LSN) mark {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].lsn > lsn })
	if i == 0 {
		return mark{}
	}
	return s.marks[i-1]
}

// arena copies values into large blocks that nobody frees singly.
type arena struct{ free []byte }

func (a *arena) copy(b []byte) []byte {
	if len(b) > len(a.free) {
		if len(b) > arenaBlock/4 {
			return append([]byte(nil), b...)
		}
		a.free = make([]byte, arenaBlock)
	}
	n := copy(a.free, b)
	out := a.free[:n:n]
	a.free = a.free[n:]
	return out
}

const arenaBlock = 64 << 10

// slice is a part of the tail that belongs to a View or a publication: the first rows and dels of a segment.
type slice struct {
	m     *mapping
	ids   []uint64
	dels  []uint64
	files []*fileState
	from  []uint64 // as in segment
	cols  [][]tuple.Value
	dead  *roaring.Bitmap // positions; nil: none. Filled by resolve.
}

// take fixes the content at lsn. Called with Mirror.mu.
func (s *segment) take(lsn wal.LSN) slice {
	at := s.at(lsn)
	rows, dels := at.rows, at.dels
	p := slice{m: s.m, ids: s.ids[:rows:rows], dels: s.dels[:dels:dels], from: s.from[:min(rows, len(s.from))], files: s.files[:at.files:at.files],
		cols: make([][]tuple.Value, len(s.cols))}
	for _, c := range s.m.columns {
		p.cols[c.pos] = s.cols[c.pos][:rows:rows]
	}
	return p
}

// position finds a row by id.
func (p *slice) position(id uint64) (uint32, bool) {
	n := len(p.ids)
	if n == 0 || id < p.ids[0] || id > p.ids[n-1] {
		return 0, false
	}
	i := sort.Search(n, func(i int) bool { return p.ids[i] >= id })
	return uint32(i), i < n && p.ids[i] == id
}

func (p *slice) kill(pos uint32) {
	if p.dead == nil {
		p.dead = roaring.New()
	}
	p.dead.Add(pos)
}

// live is the number of rows that are not dead.
func (p *slice) live() int {
	if p.dead == nil {
		return len(p.ids)
	}
	return len(p.ids) - int(p.dead.GetCardinality())
}
