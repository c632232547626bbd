package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// Cold reads the rows of lake tables that have left the key-value state for files (package change says where they stand).
type Cold interface {
	// Rows opens the version that a state record describes, nil: there is none, and the loads of these records; one of them there is.
	// Whatever it opens stays readable while a snapshot that shows the records is in use.
	Rows(state []byte, loads [][]byte) (ColdRows, error)
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

// coldRows opens the rows of a table that are in files as the snapshot has it: of the adopted version, of its loads, and of those of
// the caller; nil if there are none.
func (s *Snapshot) coldRows(table uint32, loads [][]byte) (ColdRows, error) {
	var state []byte
	loads = loads[:len(loads):len(loads)]
	it, err := s.kv.NewIter(&pebble.IterOptions{LowerBound: change.AppendKeyPrefix(nil, table, change.LakeState),
		UpperBound: change.AppendKeyPrefix(nil, table, change.LakeLoads+1)})
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		if v = bytes.Clone(v); change.IsLoad(it.Key()) {
			loads = append(loads, v)
		} else {
			state = v
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return nil, err
	}
	if state == nil && len(loads) == 0 {
		return nil, nil
	}
	cold := s.eng.cold.Load()
	if cold == nil {
		return nil, errNoCold
	}
	return (*cold).Rows(state, loads)
}

// coldGet looks for a row that the key-value state lacks.
func (s *Snapshot) coldGet(dst, key []byte, loads [][]byte) (row []byte, ok bool, err error) {
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
	rows, err := s.coldRows(table, loads)
	if rows == nil || err != nil {
		return dst, false, err
	}
	return rows.Get(dst, id)
}

// coldIter walks the rows of a lake table, those in files and those in the key-value state, by row id. A row is in one of them: the
// commit that adopts a version removes from the state what it has.
type coldIter struct {
	hot     *pebble.Iterator
	rows    ColdIter
	tombs   *pebble.Iterator
	table   uint32
	lo, hi  uint64 // row ids, hi excluded
	inCold  bool   // rows stands on the current row
	onward  bool   // the direction of travel
	coldOK  bool   // rows stands on a row that is not behind the current one
	hotOK   bool
	hotID   uint64 // of the row on which hot stands
	key     []byte
	scratch []byte
	tomb    uint64 // where tombs stands; noTomb: at its end
}

const noTomb = 1<<64 - 1

// newColdIter returns nil for a table that has no rows in files.
func (s *Snapshot) newColdIter(hot *pebble.Iterator, lo, hi []byte, loads [][]byte) (*coldIter, error) {
	table := change.TableOf(lo)
	rows, err := s.coldRows(table, loads)
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
	c.inCold, c.coldOK, c.hotOK, c.lo, c.hi = false, false, false, boundary(lo), change.ProvisionalRow
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

// live moves rows on from where it stands to a row inside the bounds that has no tombstone.
func (c *coldIter) live(ok bool) {
	if c.onward {
		for ; ok && c.rows.ID() < c.hi; ok = c.rows.Next() {
			if !c.dead(true) {
				c.coldOK = true
				return
			}
		}
	} else {
		for ; ok && c.rows.ID() >= c.lo; ok = c.rows.Prev() {
			if !c.dead(false) {
				c.coldOK = true
				return
			}
		}
	}
	c.coldOK = false
}

// seekUp is the move of rows to the first row from id on, seekDown that to the last one before it.
func (c *coldIter) seekUp(id uint64) {
	c.onward = true
	if id = max(id, c.lo); id >= c.hi {
		c.coldOK = false
		return
	}
	c.seekTomb(id)
	c.live(c.rows.SeekGE(id))
}

func (c *coldIter) seekDown(id uint64) {
	c.onward = false
	c.live(c.rows.SeekLT(min(id, c.hi)))
}

// moved notes that hot has moved.
func (c *coldIter) moved(ok bool) {
	if c.hotOK = ok; !ok {
		return
	}
	c.hotID = noTomb // an entry behind the rows, where the bounds include such
	if k := c.hot.Key(); change.IsLakeRow(k) && change.TableOf(k) == c.table {
		c.hotID = change.LakeRow(k)
	}
}

// choose makes the nearer of the two rows the current one.
func (c *coldIter) choose() bool {
	if c.error() != nil || c.hot.Error() != nil {
		c.inCold, c.coldOK, c.hotOK = false, false, false
		return false
	}
	c.inCold = c.coldOK && (!c.hotOK || (c.rows.ID() < c.hotID) == c.onward)
	return c.coldOK || c.hotOK
}

func (c *coldIter) first() bool {
	c.seekUp(c.lo)
	c.moved(c.hot.First())
	return c.choose()
}

func (c *coldIter) last() bool {
	c.seekDown(c.hi)
	c.moved(c.hot.Last())
	return c.choose()
}

func (c *coldIter) seekGE(key []byte) bool {
	c.seekUp(boundary(key))
	c.moved(c.hot.SeekGE(key))
	return c.choose()
}

func (c *coldIter) seekLT(key []byte) bool {
	c.seekDown(boundary(key))
	c.moved(c.hot.SeekLT(key))
	return c.choose()
}

func (c *coldIter) next() bool {
	switch {
	case !c.valid():
		return false
	case !c.onward:
		c.scratch = append(append(c.scratch[:0], c.Key()...), 0)
		return c.seekGE(c.scratch)
	case c.inCold:
		c.live(c.rows.Next())
	default:
		c.moved(c.hot.Next())
	}
	return c.choose()
}

func (c *coldIter) prev() bool {
	switch {
	case !c.valid():
		return false
	case c.onward:
		c.scratch = append(c.scratch[:0], c.Key()...)
		return c.seekLT(c.scratch)
	case c.inCold:
		c.live(c.rows.Prev())
	default:
		c.moved(c.hot.Prev())
	}
	return c.choose()
}

func (c *coldIter) valid() bool { return c.inCold || c.hotOK }

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
