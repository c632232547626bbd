package rowstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// Get appends the row stored under a primary key to dst, as the view sees it.
func (r *Rel) Get(v txn.View, dst, key []byte) (row []byte, ok bool, err error) {
	row, ok, err = v.Get(dst, key)
	if ok && err == nil {
		err = r.layout.Check(row[len(dst):])
	}
	return row, ok, err
}

// GetBy is Get with a Getter of the view.
func (r *Rel) GetBy(g *txn.Getter, v txn.View, dst, key []byte) (row []byte, ok bool, err error) {
	row, ok, err = g.Get(v, dst, key)
	if ok && err == nil {
		err = r.layout.Check(row[len(dst):])
	}
	return row, ok, err
}

// Iter walks rows. Key and Row are valid until the next move.
type Iter struct {
	rel     *Rel
	view    txn.View
	it      *txn.Iter // nil: nothing is in the range
	parked  *txn.Iter // of the range before, to be used for the next
	getter  txn.Getter
	reverse bool
	started bool
	err     error

	// Of a secondary index.
	x      *index
	key    []byte // the row's key
	row    []byte
	lo, hi []byte
}

// Scan starts an iterator over the rows in a range of an index; nil, or the primary key's index, is the rows' own
// order. The caller closes it before the view is released.
func (r *Rel) Scan(v txn.View, ix *catalog.Index, rng Range, reverse bool) *Iter {
	it := &Iter{}
	r.InitScan(it, v, ix, rng, reverse)
	return it
}

// InitScan is Scan with an Iter, and its buffers, to be used again. It must be new, closed, or parked by a scan of the same relation.
func (r *Rel) InitScan(it *Iter, v txn.View, ix *catalog.Index, rng Range, reverse bool) {
	if it.parked != nil && it.view != v {
		_ = it.release() // it stood nowhere, and has said its error
	}
	*it = Iter{rel: r, view: v, reverse: reverse, key: it.key[:0], row: it.row[:0], lo: it.lo[:0], hi: it.hi[:0], parked: it.parked, getter: it.getter}
	if ix != nil {
		it.x = r.index(ix)
	}
	var ok bool
	if it.lo, it.hi, ok = r.KeyRange(ix, rng, it.lo, it.hi); !ok || string(it.lo) >= string(it.hi) {
		return
	}
	if it.it, it.parked = it.parked, nil; it.it != nil {
		it.it.Reset(v, it.lo, it.hi)
	} else {
		it.it = v.NewIter(it.lo, it.hi)
	}
}

// Park ends a scan as Close does, and keeps what the next one of the same view can use. Close is still to be called.
func (i *Iter) Park() error {
	err := i.Err()
	if i.it == nil {
		return err
	}
	if err != nil || change.IsLakeRow(i.lo) {
		return i.Close()
	}
	i.it, i.parked = nil, i.it
	return nil
}

// ScanParts is Scan over all rows in their own order by one iterator or, where they are many, by two that may be moved by different
// goroutines at a time: the second one begins where the first one ends.
func (r *Rel) ScanParts(v txn.View) ([]*Iter, error) {
	it := &Iter{rel: r, view: v}
	it.lo, it.hi, _ = r.KeyRange(nil, Range{}, nil, nil)
	parts := []*Iter{it}
	mid, err := v.SplitKey(it.lo, it.hi)
	if err != nil {
		return nil, err
	}
	if mid != nil {
		parts = append(parts, &Iter{rel: r, view: v, lo: mid, hi: it.hi})
		it.hi = mid
	}
	for _, it := range parts {
		it.it = v.NewIter(it.lo, it.hi)
	}
	return parts, nil
}

// Narrow, before the first move, says what of a lake table's rows is wanted.
func (i *Iter) Narrow(w *engine.Want) {
	if i.it != nil && i.x == nil {
		i.it.Narrow(w)
	}
}

// Next moves to the first, then to each following row; false at the end or on an error (Close returns it).
func (i *Iter) Next() bool {
	if i.it == nil || i.err != nil {
		return false
	}
	var ok bool
	switch {
	case !i.started && i.reverse:
		ok = i.it.Last()
	case !i.started:
		ok = i.it.First()
	case i.reverse:
		ok = i.it.Prev()
	default:
		ok = i.it.Next()
	}
	i.started = true
	if ok && i.x != nil {
		i.row = i.row[:0]
		i.key, i.err = i.rel.entryRowKey(i.x, i.it.Key(), i.it.Value(), i.key[:0])
		return i.err == nil
	}
	return ok
}

// Key is the storage key of the row.
func (i *Iter) Key() []byte {
	if i.x != nil {
		return i.key
	}
	return i.it.Key()
}

// Row is the stored row; of a secondary index it is looked up now. nil after an error, which Close returns.
func (i *Iter) Row() []byte {
	if i.x == nil {
		row := i.it.Value()
		if err := i.rel.layout.Check(row); err != nil {
			i.err = err
			return nil
		}
		return row
	}
	if len(i.row) > 0 {
		return i.row
	}
	row, ok, err := i.rel.GetBy(&i.getter, i.view, i.row[:0], i.key)
	switch {
	case err != nil:
		i.err = err
		return nil
	case !ok:
		i.err = fmt.Errorf("index %s: entry without row: key %x", i.x.cat.Name, i.key)
		return nil
	}
	i.row = row
	return row
}

// EntryKey and EntryValue are the index entry itself, for index-only reads.
func (i *Iter) EntryKey() []byte   { return i.it.Key() }
func (i *Iter) EntryValue() []byte { return i.it.Value() }

// Err is the error that ended the iteration, if one did.
func (i *Iter) Err() error {
	if i.err != nil || i.it == nil {
		return i.err
	}
	return i.it.Error()
}

// Close ends the iterator and returns its error.
func (i *Iter) Close() error {
	err := i.err
	if i.it != nil {
		if cerr := i.it.Close(); err == nil {
			err = cerr
		}
		i.it = nil
	}
	if rerr := i.release(); err == nil {
		err = rerr
	}
	return err
}

// release lets go of what was kept.
func (i *Iter) release() error {
	err := i.getter.Close()
	if i.parked != nil {
		err = errors.Join(err, i.parked.Close())
		i.parked = nil
	}
	return err
}

// entryRowKey appends the key of the row that an index entry is for.
func (r *Rel) entryRowKey(x *index, key, value, dst []byte) ([]byte, error) {
	dst = append(dst, r.prefix[:]...)
	rest := key[tuple.KeyPrefixLen:]
	for n := range x.cat.Keys {
		var err error
		i := x.at(n)
		if rest, err = tuple.SkipKey(rest, x.cat.Keys[i].Kind, x.cat.Keys[i].Desc); err != nil {
			return nil, fmt.Errorf("index %s: %w", x.cat.Name, err)
		}
	}
	if len(rest) > 0 {
		return append(dst, rest...), nil
	}
	if x.include != nil {
		n, w := binary.Uvarint(value)
		if w <= 0 || uint64(len(value)-w) < n {
			return nil, fmt.Errorf("index %s: %w", x.cat.Name, tuple.ErrBadKey)
		}
		value = value[w : w+int(n)]
	}
	return append(dst, value...), nil
}

// EntryColumns tells which columns of the table an index entry can give without the row: exactly decodable key columns
// and included ones. The result maps an attribute number to a position for DecodeEntry.
func (r *Rel) EntryColumns(ix *catalog.Index) map[int16]int {
	out := map[int16]int{}
	for i, k := range ix.Keys {
		if k.Att != 0 && k.Order == nil && tuple.KeyExact(k.Kind) {
			out[k.Att] = i
		}
	}
	for i, att := range ix.Include {
		if _, ok := out[att]; !ok {
			out[att] = len(ix.Keys) + i
		}
	}
	return out
}

// DecodeEntry fills dst with the current entry's key columns, then its included ones. buf is scratch space, returned grown;
// values may refer to it and to the entry.
func (i *Iter) DecodeEntry(dst []types.Datum, buf []byte) ([]byte, error) {
	buf = buf[:0]
	rest := i.it.Key()[tuple.KeyPrefixLen:]
	var err error
	for k := range i.x.cat.Keys {
		c := &i.x.cat.Keys[k]
		if c.Order != nil || !tuple.KeyExact(c.Kind) {
			dst[k] = types.Null
			if rest, err = tuple.SkipKey(rest, c.Kind, c.Desc); err != nil {
				return buf, err
			}
			continue
		}
		// A grown buffer leaves earlier values in the old one, which they keep alive.
		if dst[k], rest, buf, err = tuple.DecodeKey(rest, buf, c.Kind, c.Desc); err != nil {
			return buf, err
		}
	}
	if i.x.include != nil {
		value := i.it.Value()
		n, w := binary.Uvarint(value)
		if w <= 0 || uint64(len(value)-w) < n {
			return buf, tuple.ErrBadKey
		}
		row := value[w+int(n):]
		if err := i.x.include.Check(row); err != nil {
			return buf, err
		}
		return buf, i.x.include.Decode(row, nil, dst[len(i.x.cat.Keys):])
	}
	return buf, nil
}

// A row locator names a row version that a scan has shown: uvarint length of the key, key, row id.

// AppendLoc appends a locator.
func AppendLoc(dst, key []byte, rowID uint64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	return binary.LittleEndian.AppendUint64(dst, rowID)
}

// ParseLoc takes a locator apart; key refers to it.
func ParseLoc(loc []byte) (key []byte, rowID uint64, err error) {
	n, w := binary.Uvarint(loc)
	if w <= 0 || uint64(len(loc)-w) != n+8 {
		return nil, 0, fmt.Errorf("row locator of %d bytes", len(loc))
	}
	return loc[w : w+int(n)], binary.LittleEndian.Uint64(loc[w+int(n):]), nil
}
