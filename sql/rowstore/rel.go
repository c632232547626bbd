package rowstore

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// Rel reads and writes one version of a table. It is immutable and shared by sessions.
type Rel struct {
	Table   *catalog.Table
	layout  *tuple.Layout
	primary *catalog.Index // nil: rows stand under hidden keys
	keys    []keyForm      // of primary
	second  []*index
	prefix  [tuple.KeyPrefixLen]byte
}

// index is a secondary index.
type index struct {
	cat     *catalog.Index
	keys    []keyForm
	prefix  [tuple.KeyPrefixLen]byte
	include *tuple.Layout
	excl    *exclusion // of an exclusion constraint
}

// keyForm is how the values of an index key are written.
type keyForm struct {
	*catalog.IndexKey
	order *collation.Collator // nil: text by its bytes
}

func keyForms(ix *catalog.Index) ([]keyForm, error) {
	out := make([]keyForm, len(ix.Keys))
	for i := range ix.Keys {
		k := &ix.Keys[i]
		c, err := k.Order.Collator()
		if err != nil {
			return nil, pgerr.Wrap(err, pgerr.InternalError, "index %s: %s", ix.Name, err)
		}
		out[i] = keyForm{k, c}
	}
	return out, nil
}

// append writes a value of the key.
func (k *keyForm) append(dst []byte, v types.Datum) []byte {
	if k.order != nil {
		return types.AppendOrderedKey(dst, k.order, k.Kind, v, k.Desc, k.NullsFirst)
	}
	return tuple.AppendKey(dst, k.Kind, v, k.Desc, k.NullsFirst)
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
		keys, err := keyForms(ix)
		if err != nil {
			return nil, err
		}
		if ix.ID == primaryIndexID {
			r.primary, r.keys = ix, keys
			continue
		}
		x := &index{cat: ix, keys: keys, excl: newExclusion(ix)}
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
	for i := range r.keys {
		k := &r.keys[i]
		dst = k.append(dst, vals[k.Att-1])
	}
	return dst
}

// AppendHiddenKey appends the storage key of a row of a table without primary key.
func (r *Rel) AppendHiddenKey(dst []byte, id uint64) []byte {
	if r.Table.Lake() {
		id |= change.ProvisionalRow
	}
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
		keys, in, err = ev.Keys(x.cat, vals, buf[:0])
		return keys, in && x.holds(keys), err
	}
	buf = buf[:0]
	for i := range x.cat.Keys {
		buf = append(buf, vals[x.cat.Keys[i].Att-1])
	}
	return buf, x.holds(buf), nil
}

// holds reports whether an index has an entry for these key values: one over vectors has none for NULL.
func (x *index) holds(keys []types.Datum) bool {
	return x.cat.Method != catalog.MethodHNSW || !keys[0].IsNull()
}

// appendEntry appends the key and the value of a row's entry. single is true where the entry's key alone stands for
// the values: a second such row would be a duplicate.
func (x *index) appendEntry(key, value []byte, keys, vals []types.Datum, primarySuffix []byte) (k, v []byte, single bool) {
	key = append(key, x.prefix[:]...)
	if x.cat.Method == catalog.MethodHNSW {
		return append(key, primarySuffix...), append(value, keys[0].Bytes()...), false
	}
	single = x.cat.Unique && !x.cat.Deferrable
	for n := range x.keys {
		i := x.at(n)
		if keys[i].IsNull() && !x.cat.NullsNotDistinct {
			single = false
		}
		key = x.keys[i].append(key, keys[i])
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

// EntryPrefix is what the keys of an index's entries begin with.
func (r *Rel) EntryPrefix(ix *catalog.Index) [tuple.KeyPrefixLen]byte { return r.index(ix).prefix }

// AppendSuffixKey appends the storage key of the row with a primary suffix.
func (r *Rel) AppendSuffixKey(dst []byte, suffix string) []byte {
	return append(append(dst, r.prefix[:]...), suffix...)
}
