package trigger

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Images writes and reads the rows of one table in records, either of which may be missing.
//
//	image: uvarint length + 1 of the old row (0: none) | old row | uvarint length + 1 of the new row | new row
type Images struct {
	layout   *tuple.Layout
	old, new []types.Datum
	buf      []byte
}

// ImagesOf prepares for the rows of t.
func ImagesOf(t *catalog.Table) *Images {
	kinds, missing := make([]tuple.Kind, len(t.Columns)), make([]types.Datum, len(t.Columns))
	for i := range t.Columns {
		kinds[i], missing[i] = t.Columns[i].Kind, types.Null
	}
	return &Images{layout: tuple.NewLayout(kinds, missing), old: make([]types.Datum, len(kinds)), new: make([]types.Datum, len(kinds))}
}

// Append appends the image of two rows, values by attribute number - 1; nil: none.
func (m *Images) Append(dst []byte, old, new []types.Datum) []byte {
	for _, vals := range [][]types.Datum{old, new} {
		if vals == nil {
			dst = append(dst, 0)
			continue
		}
		m.buf = m.layout.Append(m.buf[:0], 0, vals)
		dst = append(binary.AppendUvarint(dst, uint64(len(m.buf))+1), m.buf...)
	}
	return dst
}

// Decode is the way back. The rows refer to image and are the Images' own until the next call.
func (m *Images) Decode(image []byte) (old, new []types.Datum, err error) {
	for i, dst := range [][]types.Datum{m.old, m.new} {
		n, h := binary.Uvarint(image)
		image = image[h:]
		if n == 0 {
			continue
		}
		if err := m.layout.Decode(image[:n-1:n-1], nil, dst); err != nil {
			return nil, nil, err
		}
		image = image[n-1:]
		if i == 0 {
			old = dst
		} else {
			new = dst
		}
	}
	return old, new, nil
}

// Queue is what waits for the end of a statement and of everything that it starts on the way, in order.
//
//	event: uvarint number of the Statement | uvarint number of the table | uvarint events of others before it | uvarint event's bit |
//	uvarint triggers that fire | uvarint each, as numbers in Set.At(AfterRow) | image
//
// Table 0: the AFTER STATEMENT triggers of the Statement. A row's event need not be its Statement's: an UPDATE may take the row out of
// one partition and put it into another.
type Queue struct {
	log    Log
	pos    int64
	stmts  []*Statement
	tables []*queued
	rec    []byte
	fire   []*catalog.Trigger
}

type queued struct {
	set    *Set
	images *Images
}

// Statement is what a query level does to one table by one event.
type Statement struct {
	Set *Set
	Op  catalog.TriggerType
	// Cols are the columns that an UPDATE assigns.
	Cols []int16
	// Old and New collect the rows for transition tables; nil: nobody asks for them.
	Old, New *Rows
	no       int
	begun    bool
	// closed: its triggers have seen the transition tables. What comes now is another Statement.
	closed bool
	last   int64 // its last AFTER STATEMENT event, which is the one that counts; -1: none
}

// NewQueue makes an empty queue that keeps limit bytes in memory.
func NewQueue(limit int64, dir string) *Queue { return &Queue{log: Log{Limit: limit, Dir: dir}} }

// Statement is the level's statement on a table; fresh: its BEFORE STATEMENT triggers have not fired yet.
func (q *Queue) Statement(s *Set, op catalog.TriggerType, cols []int16) (st *Statement, fresh bool) {
	for i := len(q.stmts) - 1; i >= 0; i-- {
		if st := q.stmts[i]; st.Set.Table.OID == s.Table.OID && st.Op == op && !st.closed {
			fresh = !st.begun
			st.begun = true
			return st, fresh
		}
	}
	st = &Statement{Set: s, Op: op, Cols: cols, no: len(q.stmts), begun: true, last: -1}
	old, new := s.Transition(op)
	if old {
		st.Old = NewRows(s.Table, q.log.Limit, q.log.Dir)
	}
	if new {
		st.New = NewRows(s.Table, q.log.Limit, q.log.Dir)
	}
	q.stmts = append(q.stmts, st)
	return st, true
}

func (q *Queue) table(s *Set) (int, *queued) {
	for i, t := range q.tables {
		if t.set == s {
			return i + 1, t
		}
	}
	q.tables = append(q.tables, &queued{set: s, images: ImagesOf(s.Table)})
	return len(q.tables), q.tables[len(q.tables)-1]
}

// Row adds the event of one row of s's table: of the triggers At(AfterRow, op) those numbered in fire. behind is the number of other
// events that come first.
func (q *Queue) Row(st *Statement, s *Set, op catalog.TriggerType, fire []int, old, new []types.Datum, behind int) error {
	no, t := q.table(s)
	b := q.header(st, no, behind, op, len(fire))
	for _, i := range fire {
		b = binary.AppendUvarint(b, uint64(i))
	}
	q.rec = t.images.Append(b, old, new)
	return q.log.Append(q.rec)
}

func (q *Queue) header(st *Statement, table, behind int, op catalog.TriggerType, fire int) []byte {
	b := binary.AppendUvarint(q.rec[:0], uint64(st.no))
	b = binary.AppendUvarint(b, uint64(table))
	b = binary.AppendUvarint(b, uint64(behind))
	b = binary.AppendUvarint(b, uint64(op))
	return binary.AppendUvarint(b, uint64(fire))
}

// End adds the AFTER STATEMENT triggers of a statement. Only the last End of a statement counts.
func (q *Queue) End(st *Statement, behind int) error {
	st.last = q.log.Size()
	q.rec = q.header(st, 0, behind, st.Op, 0)
	return q.log.Append(q.rec)
}

// Event is what fires next.
type Event struct {
	Statement *Statement
	Set       *Set
	Op        catalog.TriggerType
	Row       bool
	Fire      []*catalog.Trigger
	Old, New  []types.Datum
}

// Behind is how many other events come before the next one; -1: there is none.
func (q *Queue) Behind() (int, error) {
	if q.pos >= q.log.Size() {
		return -1, nil
	}
	rec, _, err := q.log.At(q.pos)
	if err != nil {
		return 0, err
	}
	for range 2 {
		_, h := binary.Uvarint(rec)
		rec = rec[h:]
	}
	n, _ := binary.Uvarint(rec)
	return int(n), nil
}

// Next takes the next event, which must be there; it is valid until the following call. ok is false for an event that no longer counts.
func (q *Queue) Next() (e Event, ok bool, err error) {
	at := q.pos
	rec, next, err := q.log.At(at)
	if err != nil {
		return e, false, err
	}
	q.pos = next
	q.rec = append(q.rec[:0], rec...)
	rec = q.rec
	var head [5]int
	for i := range head {
		n, h := binary.Uvarint(rec)
		head[i], rec = int(n), rec[h:]
	}
	st := q.stmts[head[0]]
	q.fire = q.fire[:0]
	if head[1] == 0 {
		if st.last != at {
			return e, false, nil
		}
		q.fire = append(q.fire, st.Set.At(AfterStatement, st.Op)...)
		st.closed = true
		return Event{Statement: st, Set: st.Set, Op: st.Op, Fire: q.fire}, true, nil
	}
	t := q.tables[head[1]-1]
	op := catalog.TriggerType(head[3])
	after := t.set.At(AfterRow, op)
	for range head[4] {
		n, h := binary.Uvarint(rec)
		g := after[n]
		q.fire, rec = append(q.fire, g), rec[h:]
		st.closed = st.closed || g.OldTable != "" || g.NewTable != ""
	}
	e = Event{Statement: st, Set: t.set, Op: op, Row: true, Fire: q.fire}
	e.Old, e.New, err = t.images.Decode(rec)
	return e, true, err
}

// Close gives up what waits.
func (q *Queue) Close() {
	q.log.Close()
	for _, st := range q.stmts {
		for _, r := range []*Rows{st.Old, st.New} {
			if r != nil {
				r.Close()
			}
		}
	}
	q.pos, q.stmts, q.tables = 0, nil, nil
}
