package rowstore

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Rel reads and writes one version of a table. It is immutable and shared by sessions.
type Rel struct {
	Table   *catalog.Table
	layout  *tuple.Layout
	primary *catalog.Index // nil: rows stand under hidden keys
	second  []*index
	prefix  [tuple.KeyPrefixLen]byte
}

// index is a secondary index.
type index struct {
	cat     *catalog.Index
	prefix  [tuple.KeyPrefixLen]byte
	include *tuple.Layout
	excl    *exclusion // of an exclusion constraint
}

// primaryIndexID is the index number of the rows themselves.
const primaryIndexID = 1

// Open prepares a table. It fails when a column's type cannot be stored.
func Open(t *catalog.Table) (*Rel, error) {
	r := &Rel{Table: t}
	kinds := make([]tuple.Kind, len(t.Columns))
	missing := make([]types.Datum, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		kinds[i], missing[i] = c.Kind, types.Null
		if !c.Kind.Valid() {
			return nil, pgerr.Internal("column %s.%s of type %d has no storage form", t.Name, c.Name, c.Type)
		}
		if c.HasMissing && !c.Dropped {
			v, err := types.Lookup(c.Type).ParseText(c.Missing, c.TypMod, nil)
			if err != nil {
				return nil, err
			}
			missing[i] = v.Clone()
		}
	}
	r.layout = tuple.NewLayout(kinds, missing)
	tuple.AppendPrefix(r.prefix[:0], t.StorageID, primaryIndexID)
	for _, ix := range t.Indexes {
		if ix.ID == primaryIndexID {
			r.primary = ix
			continue
		}
		x := &index{cat: ix, excl: newExclusion(ix)}
		tuple.AppendPrefix(x.prefix[:0], t.StorageID, ix.ID)
		if len(ix.Include) > 0 {
			ks := make([]tuple.Kind, len(ix.Include))
			for i, att := range ix.Include {
				ks[i] = t.Column(att).Kind
			}
			x.include = tuple.NewLayout(ks, nil)
		}
		r.second = append(r.second, x)
	}
	return r, nil
}

// Layout is the form of the table's rows.
func (r *Rel) Layout() *tuple.Layout { return r.layout }

// HasPrimaryKey reports whether rows are clustered by the primary key.
func (r *Rel) HasPrimaryKey() bool { return r.primary != nil }

// Col returns one column of a row (attribute numbers count from 1); it refers to the row's bytes.
func (r *Rel) Col(row []byte, att int16) types.Datum { return r.layout.Get(row, int(att)-1) }

// Decode fills dst with all columns of a row, dropped ones included.
func (r *Rel) Decode(row []byte, dst []types.Datum) error { return r.layout.Decode(row, nil, dst) }

// AppendPrimaryKey appends the storage key of a row with these values (by attribute number - 1).
func (r *Rel) AppendPrimaryKey(dst []byte, vals []types.Datum) []byte {
	dst = append(dst, r.prefix[:]...)
	for i := range r.primary.Keys {
		k := &r.primary.Keys[i]
		dst = tuple.AppendKey(dst, k.Kind, vals[k.Att-1], k.Desc, k.NullsFirst)
	}
	return dst
}

// AppendHiddenKey appends the storage key of a row of a table without primary key.
func (r *Rel) AppendHiddenKey(dst []byte, id uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, r.prefix[:]...), id)
}

// AppendRow appends the stored form of a row; the engine fills in its row id at commit.
func (r *Rel) AppendRow(dst []byte, vals []types.Datum) []byte { return r.layout.Append(dst, 0, vals) }

// IndexEval computes what an index entry needs beyond plain columns.
type IndexEval interface {
	// Keys fills dst with the key values of an index for a row; in is false where the row does not satisfy the index's
	// condition. It is asked only for indexes with expressions or a condition.
	Keys(ix *catalog.Index, vals []types.Datum, dst []types.Datum) (keys []types.Datum, in bool, err error)
}

// needsEval reports whether an index has expression keys or a condition.
func needsEval(ix *catalog.Index) bool {
	if ix.Pred != "" {
		return true
	}
	for i := range ix.Keys {
		if ix.Keys[i].Att == 0 {
			return true
		}
	}
	return false
}

// NeedsEval reports whether writes to the table need an IndexEval.
func (r *Rel) NeedsEval() bool {
	for _, x := range r.second {
		if needsEval(x.cat) {
			return true
		}
	}
	return false
}

// keyVals gives the key values of a row in an index, in buf.
func (x *index) keyVals(vals, buf []types.Datum, ev IndexEval) (keys []types.Datum, in bool, err error) {
	if needsEval(x.cat) {
		if ev == nil {
			return nil, false, pgerr.Internal("index %s needs expressions", x.cat.Name)
		}
		return ev.Keys(x.cat, vals, buf[:0])
	}
	buf = buf[:0]
	for i := range x.cat.Keys {
		buf = append(buf, vals[x.cat.Keys[i].Att-1])
	}
	return buf, true, nil
}

// appendEntry appends the key and the value of a row's entry. single is true where the entry's key alone stands for
// the values: a second such row would be a duplicate.
func (x *index) appendEntry(key, value []byte, keys, vals []types.Datum, primarySuffix []byte) (k, v []byte, single bool) {
	key = append(key, x.prefix[:]...)
	single = x.cat.Unique && !x.cat.Deferrable
	for n := range x.cat.Keys {
		i := x.at(n)
		c := &x.cat.Keys[i]
		if keys[i].IsNull() && !x.cat.NullsNotDistinct {
			single = false
		}
		key = tuple.AppendKey(key, c.Kind, keys[i], c.Desc, c.NullsFirst)
	}
	var suffix []byte
	if single {
		suffix = primarySuffix
	} else {
		key = append(key, primarySuffix...)
	}
	if x.include == nil {
		return key, append(value, suffix...), single
	}
	value = binary.AppendUvarint(value, uint64(len(suffix)))
	value = append(value, suffix...)
	inc := make([]types.Datum, len(x.cat.Include))
	for i, att := range x.cat.Include {
		inc[i] = vals[att-1]
	}
	return key, x.include.Append(value, 0, inc), single
}

// second index by number; nil for the primary order.
func (r *Rel) index(ix *catalog.Index) *index {
	for _, x := range r.second {
		if x.cat.ID == ix.ID {
			return x
		}
	}
	return nil
}
