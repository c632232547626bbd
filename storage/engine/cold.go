package engine

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// Cold reads the rows of lake tables that have left the key-value state for files (package change says where they stand).
type Cold interface {
	// Rows opens the version that a state record describes. Whatever it opens stays readable while a snapshot that shows the
	// record is in use.
	Rows(state []byte) (ColdRows, error)
}

// ColdRows are the rows of one version. Its methods may be called by any number of goroutines.
type ColdRows interface {
	// Get appends the row with an id to dst; ok is false if the version has none.
	Get(dst []byte, id uint64) (row []byte, ok bool, err error)
	NewIter() ColdIter
}

// ColdIter walks the rows of a version by row id, both ways. It is for one goroutine; a false of a move is the end or an error.
type ColdIter interface {
	// Narrow, before the first move, lets the iterator leave out what the reader does not want.
	Narrow(w *Want)
	SeekGE(id uint64) bool
	SeekLT(id uint64) bool
	Next() bool
	Prev() bool
	ID() uint64
	// Row is the row in the form of the key-value state, valid until the next move; nil after an error.
	Row() []byte
	Err() error
	Close() error
}

// Want says what a reader of a lake table's rows needs. More than that may come: rows of the key-value state are whole and come
// all.
type Want struct {
	// Columns tells by position which columns are read; others may be NULL in the rows. nil: all.
	Columns []bool
	// Where are conditions of which each holds for every row that is wanted.
	Where []Condition
}

// Condition compares a column, which is not NULL where it holds, with a value in the form of a row.
type Condition struct {
	Column int // by position
	Op     tuple.Comparison
	Value  tuple.Value
}

// errNoCold says that a lake table has rows in files, and nobody is there to read them.
var errNoCold = errors.New("rows of a lake table cannot be read: the mirror does not run")

// SetCold names the reader of lake tables, before anybody reads rows of such a table.
func (e *Engine) SetCold(c Cold) { e.cold.Store(&c) }

type nothingToClose struct{}

func (nothingToClose) Close() error { return nil }

var nothing io.Closer = nothingToClose{}

// coldRows opens the adopted version of a table as the snapshot has it, nil if there is none.
func (s *Snapshot) coldRows(table uint32) (ColdRows, error) {
	state, c, ok, err := s.kv.Get(change.AppendKeyPrefix(nil, table, change.LakeState))
	if !ok {
		return nil, err
	}
	defer c.Close()
	cold := s.eng.cold.Load()
	if cold == nil {
		return nil, errNoCold
	}
	return (*cold).Rows(state)
}

// coldGet looks for a row that the key-value state lacks.
func (s *Snapshot) coldGet(dst, key []byte) (row []byte, ok bool, err error) {
	table, id := change.TableOf(key), change.LakeRow(key)
	if id >= change.ProvisionalRow {
		return dst, false, nil
	}
	_, c, gone, err := s.kv.Get(change.AppendLakeKey(nil, table, change.LakeTombstones, id))
	if err != nil {
		return dst, false, err
	}
	if gone {
		return dst, false, c.Close()
	}
	rows, err := s.coldRows(table)
	if rows == nil || err != nil {
		return dst, false, err
	}
	return rows.Get(dst, id)
}

// coldIter walks the rows of a lake table: those in files, and after them those in the key-value state.
//
// Invariant: every row id in the state is greater than every one in the adopted version. Row ids grow from commit to commit,
// and the commit that adopts a version removes the rows up to its last one.
type coldIter struct {
	hot    *pebble.Iterator
	rows   ColdIter
	tombs  *pebble.Iterator
	table  uint32
	lo, hi uint64 // row ids, hi excluded
	inCold bool
	key    []byte
	tomb   uint64 // where tombs stands; noTomb: at its end
}

const noTomb = 1<<64 - 1

// newColdIter returns nil for a table of which no version has been adopted.
func (s *Snapshot) newColdIter(hot *pebble.Iterator, lo, hi []byte) (*coldIter, error) {
	table := change.TableOf(lo)
	rows, err := s.coldRows(table)
	if rows == nil || err != nil {
		return nil, err
	}
	c := &coldIter{hot: hot, table: table, tomb: noTomb}
	c.setBounds(lo, hi)
	c.tombs, err = s.kv.NewIter(&pebble.IterOptions{LowerBound: change.AppendKeyPrefix(nil, table, change.LakeTombstones),
		UpperBound: change.AppendKeyPrefix(nil, table, change.LakeTombstones+1)})
	if err != nil {
		return nil, err
	}
	c.rows = rows.NewIter()
	c.seekTomb(c.lo)
	return c, nil
}

// boundary is the smallest row id whose key is not before key.
func boundary(key []byte) uint64 {
	if change.IndexOf(key) > change.PrimaryIndex {
		return change.ProvisionalRow
	}
	rest := key[change.KeyPrefix:]
	var b [8]byte
	copy(b[:], rest)
	id := binary.BigEndian.Uint64(b[:])
	if len(rest) > len(b) {
		id++
	}
	return id
}

func (c *coldIter) setBounds(lo, hi []byte) {
	if c == nil {
		return
	}
	c.inCold, c.lo, c.hi = false, boundary(lo), change.ProvisionalRow
	if len(hi) >= change.KeyPrefix && change.TableOf(hi) == c.table {
		c.hi = boundary(hi)
	}
}

func (c *coldIter) seekTomb(id uint64) {
	c.tomb = noTomb
	if c.tombs.SeekGE(change.AppendLakeKey(nil, c.table, change.LakeTombstones, id)) {
		c.tomb = change.LakeRow(c.tombs.Key())
	}
}

// dead reports whether the row on which rows stands has a tombstone.
func (c *coldIter) dead(forward bool) bool {
	id := c.rows.ID()
	if !forward {
		if c.tomb != id {
			c.seekTomb(id)
		}
		return c.tomb == id
	}
	for n := 0; c.tomb < id; n++ {
		if n == 8 {
			c.seekTomb(id)
			break
		}
		c.tomb = noTomb
		if c.tombs.Next() {
			c.tomb = change.LakeRow(c.tombs.Key())
		}
	}
	return c.tomb == id
}

func (c *coldIter) forward(ok bool) bool {
	for ; ok && c.rows.ID() < c.hi; ok = c.rows.Next() {
		if !c.dead(true) {
			c.inCold = true
			return true
		}
	}
	c.inCold = false
	return false
}

func (c *coldIter) backward(ok bool) bool {
	for ; ok && c.rows.ID() >= c.lo; ok = c.rows.Prev() {
		if !c.dead(false) {
			c.inCold = true
			return true
		}
	}
	c.inCold = false
	return false
}

func (c *coldIter) seekCold(id uint64) bool {
	if id >= c.hi {
		c.inCold = false
		return false
	}
	c.seekTomb(id)
	return c.forward(c.rows.SeekGE(id))
}

func (c *coldIter) first() bool { return c.seekCold(c.lo) || c.error() == nil && c.hot.First() }

func (c *coldIter) last() bool {
	if c.inCold = false; c.hot.Last() {
		return true
	}
	return c.hot.Error() == nil && c.backward(c.rows.SeekLT(c.hi))
}

func (c *coldIter) seekGE(key []byte) bool {
	return c.seekCold(max(boundary(key), c.lo)) || c.error() == nil && c.hot.SeekGE(key)
}

func (c *coldIter) seekLT(key []byte) bool {
	if c.inCold = false; c.hot.SeekLT(key) {
		return true
	}
	return c.hot.Error() == nil && c.backward(c.rows.SeekLT(min(boundary(key), c.hi)))
}

func (c *coldIter) next() bool {
	if c.inCold {
		// A walk backwards has left tombs behind the place.
		if c.tomb != noTomb && c.tomb > c.rows.ID() {
			c.seekTomb(c.rows.ID())
		}
		return c.forward(c.rows.Next()) || c.error() == nil && c.hot.First()
	}
	return c.hot.Next()
}

func (c *coldIter) prev() bool {
	if c.inCold {
		return c.backward(c.rows.Prev())
	}
	if c.hot.Prev() {
		return true
	}
	return c.hot.Error() == nil && c.backward(c.rows.SeekLT(c.hi))
}

func (c *coldIter) valid() bool { return c.inCold || c.hot.Valid() }

func (c *coldIter) Key() []byte {
	if !c.inCold {
		return c.hot.Key()
	}
	c.key = change.AppendLakeKey(c.key[:0], c.table, change.PrimaryIndex, c.rows.ID())
	return c.key
}

func (c *coldIter) error() error {
	if err := c.rows.Err(); err != nil {
		return err
	}
	return c.tombs.Error()
}

func (c *coldIter) close() error {
	return errors.Join(c.rows.Close(), c.tombs.Close())
}
