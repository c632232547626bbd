package mirror

import (
	"container/list"
	"context"
	"math/big"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

// coldVersion gives the rows of a version in the form of the key-value state.
type coldVersion struct {
	m      *Mirror
	state  lakeState
	store  object.Store
	v      *version
	layout *tuple.Layout
	back   []restorer // by v.m.columns
	all    []int      // places in v.m.columns
	until  wal.LSN    // snapshots from there on have another version; 0: none yet. Protected by lakes.mu
	// load: it is a file that a transaction has loaded; committed: and its commit is visible. The latter is protected by lakes.mu.
	load, committed bool
}

var _ engine.ColdRows = (*coldVersion)(nil)

func (m *Mirror) newCold(s lakeState, store object.Store, v *version) (*coldVersion, error) {
	c := &coldVersion{m: m, state: s, store: store, v: v}
	cols := v.m.schema.Columns
	kinds := make([]tuple.Kind, len(cols))
	for i := range cols {
		kinds[i] = cols[i].Kind
	}
	c.layout = tuple.NewLayout(kinds, nil)
	for i, col := range v.m.columns {
		c.back = append(c.back, m.restorer(&col, &cols[col.pos]))
		c.all = append(c.all, i)
	}
	return c, nil
}

// Get appends the row with an id to dst.
func (c *coldVersion) Get(dst []byte, id uint64) ([]byte, bool, error) {
	i, pos, ok, err := c.v.locate(c.m.ctx, c.store, id)
	if err != nil || !ok {
		return dst, false, err
	}
	f := c.v.files[i]
	if f.dead != nil && f.dead.Contains(pos) {
		return dst, false, nil
	}
	b, err := c.block(c.m.ctx, f.f, pos)
	if err != nil {
		return dst, false, err
	}
	cols, err := c.columns(c.m.ctx, b, c.all)
	if err != nil {
		return dst, false, err
	}
	var r rowMaker
	dst, err = r.appendRow(dst, c, c.all, cols, pos-b.first, id)
	return dst, err == nil, err
}

// rowMaker makes rows; its buffers are used again.
type rowMaker struct {
	vals []tuple.Value
	buf  []byte
}

// appendRow makes the row at a place of a row group of the columns that are named.
func (r *rowMaker) appendRow(dst []byte, c *coldVersion, which []int, cols [][]tuple.Value, at uint32, id uint64) ([]byte, error) {
	r.vals, r.buf = r.vals[:0], r.buf[:0]
	for range c.v.m.schema.Columns {
		r.vals = append(r.vals, tuple.Null)
	}
	for _, i := range which {
		v := cols[i][at]
		if !v.IsNull() {
			var err error
			if r.buf, v, err = c.back[i](r.buf, v); err != nil {
				return dst, err
			}
		}
		r.vals[c.v.m.columns[i].pos] = v
	}
	return c.layout.Append(dst, id, r.vals), nil
}

// block is a row group in memory, of which some columns have been read.
type block struct {
	f     *dataFile
	m     *mapping
	group int
	first uint32 // position of its first row
	n     uint32
	// bounds are those of the columns that have any, by m.columns.
	bounds []bounds

	mu   sync.Mutex
	cols [][]tuple.Value // by m.columns, nil: not read yet; protected by mu, what is in it is immutable

	bytes int64 // protected by blockCache.mu
}

// bounds are values of a column: none is before lo or after hi.
type bounds struct {
	lo, hi tuple.Value
	ok     bool
}

func (b *block) has(pos uint32) bool { return pos-b.first < b.n }

// blockCache holds the row groups that were read last.
type blockCache struct {
	mu    sync.Mutex
	lru   list.List // of *block, the last used first; protected by mu
	byKey map[blockKey][]*list.Element
	bytes int64
}

type blockKey struct {
	f *dataFile
	m *mapping
}

func (b *blockCache) find(key blockKey, pos uint32) *block {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.byKey[key] {
		if x := e.Value.(*block); x.has(pos) {
			b.lru.MoveToFront(e)
			return x
		}
	}
	return nil
}

func (b *blockCache) add(x *block, limit int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byKey == nil {
		b.byKey = map[blockKey][]*list.Element{}
	}
	key := blockKey{x.f, x.m}
	b.byKey[key] = append(b.byKey[key], b.lru.PushFront(x))
	b.boundLocked(limit)
}

// grow notes that a block takes more memory.
func (b *blockCache) grow(x *block, bytes, limit int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.byKey[blockKey{x.f, x.m}] {
		if e.Value.(*block) == x {
			x.bytes += bytes
			b.bytes += bytes
			b.boundLocked(limit)
			return
		}
	}
}

func (b *blockCache) boundLocked(limit int64) {
	for b.bytes > limit && b.lru.Len() > 1 {
		e := b.lru.Back()
		old := b.lru.Remove(e).(*block)
		b.bytes -= old.bytes
		k := blockKey{old.f, old.m}
		left := b.byKey[k][:0]
		for _, o := range b.byKey[k] {
			if o != e {
				left = append(left, o)
			}
		}
		if b.byKey[k] = left; len(left) == 0 {
			delete(b.byKey, k)
		}
	}
}

// block returns the row group with a position of a file, with no more of its columns than others have read.
func (c *coldVersion) block(ctx context.Context, f *dataFile, pos uint32) (*block, error) {
	cache := &c.m.lakes.blocks
	if b := cache.find(blockKey{f, c.v.m}, pos); b != nil {
		return b, nil
	}
	o, r, err := f.open(ctx, c.store)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	b := &block{f: f, m: c.v.m, cols: make([][]tuple.Value, len(c.v.m.columns))}
	for b.group = range r.RowGroups() {
		if b.n = uint32(r.GroupRows(b.group)); b.has(pos) {
			b.bounds = make([]bounds, len(b.m.columns))
			for i := range b.m.columns {
				x, col := &b.bounds[i], &b.m.columns[i]
				x.lo, x.hi, x.ok = r.Bounds(b.group, col.Name, col.typ)
			}
			cache.add(b, c.m.opt.BlockBytes)
			return b, nil
		}
		b.first += b.n
	}
	return nil, delta.ErrCorrupt
}

// columns returns the columns of a block, by their places in m.columns, of which those that are asked for have been read.
func (c *coldVersion) columns(ctx context.Context, b *block, which []int) ([][]tuple.Value, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var r *parquet.Reader
	var bytes int64
	for _, i := range which {
		if b.cols[i] != nil {
			continue
		}
		if r == nil {
			var o object.Object
			var err error
			if o, r, err = b.f.open(ctx, c.store); err != nil {
				return nil, err
			}
			defer o.Close()
		}
		col := &b.m.columns[i]
		vals, err := r.Column(make([]tuple.Value, 0, b.n), b.group, col.Name, col.typ)
		if err != nil {
			return nil, err
		}
		bytes += valueSize * int64(len(vals))
		for _, v := range vals {
			if !v.IsScalar() && !v.IsNull() {
				bytes += int64(v.Len())
			}
		}
		b.cols[i] = vals
	}
	if bytes > 0 {
		c.m.lakes.blocks.grow(b, bytes, c.m.opt.BlockBytes)
	}
	return slices.Clone(b.cols), nil
}

// coldScan walks the rows of a version by row id. Ids of files may interleave, after a compaction of files that are not
// neighbours.
type coldScan struct {
	c       *coldVersion
	cur     []cursor // by c.v.files; made by the first move
	at      int      // whose row is the current one
	limit   uint64   // the nearest id of the other files
	forward bool
	columns []int // places in c.v.m.columns of what Row is to have
	where   []condition
	rows    rowMaker
	row     []byte
	err     error
}

// cursor is a place in a file.
type cursor struct {
	done  bool
	exact bool   // pos is the place of id, and the row there lives; else id is a bound
	id    uint64 // the row ids that are left are not before it in the direction of travel
	pos   uint32
	ids   *rowIDs

	block *block // where it was last; nil if it is done
	cols  [][]tuple.Value
	whole bool // cols has all that Row needs
	out   bool // no row of the block is wanted
}

func (c *coldVersion) NewIter() engine.ColdIter { return &coldScan{c: c, columns: c.all} }

func (s *coldScan) start(forward bool) {
	s.forward = forward
	if s.cur == nil {
		s.cur = make([]cursor, len(s.c.v.files))
	}
}

func (s *coldScan) SeekGE(id uint64) bool {
	s.start(true)
	for i, f := range s.c.v.files {
		c := &s.cur[i]
		c.exact, c.id = false, max(f.f.first, id)
		if f.f.last < id || s.excluded(f.f) {
			c.end()
		} else {
			c.done = false
		}
	}
	return s.pick()
}

func (s *coldScan) SeekLT(id uint64) bool {
	s.start(false)
	for i, f := range s.c.v.files {
		c := &s.cur[i]
		if c.exact = false; f.f.first >= id || s.excluded(f.f) {
			c.end()
			continue
		}
		c.done, c.id = false, min(f.f.last, id-1)
	}
	return s.pick()
}

// before reports whether id a comes before b in the direction of travel.
func (s *coldScan) before(a, b uint64) bool {
	if s.forward {
		return a < b
	}
	return a > b
}

// pick makes the file with the nearest row the current one.
func (s *coldScan) pick() bool {
	for s.err == nil {
		best := -1
		s.limit = 0
		if s.forward {
			s.limit = 1<<64 - 1
		}
		for i := range s.cur {
			switch c := &s.cur[i]; {
			case c.done:
			case best < 0:
				best = i
			case s.before(c.id, s.cur[best].id):
				s.limit = s.cur[best].id
				best = i
			case s.before(c.id, s.limit):
				s.limit = c.id
			}
		}
		if best < 0 {
			return false
		}
		s.at = best
		if c := &s.cur[best]; c.exact {
			return true
		}
		s.settle()
	}
	return false
}

// settle finds the row to which the bound of the current file leads.
func (s *coldScan) settle() {
	c, f := &s.cur[s.at], s.c.v.files[s.at]
	if c.ids == nil {
		if c.ids, s.err = f.f.rowIDs(s.c.m.ctx, s.c.store); s.err != nil {
			return
		}
	}
	n := c.ids.n
	p := sort.Search(n, func(i int) bool { return c.ids.at(uint32(i)) >= c.id })
	if !s.forward && (p == n || c.ids.at(uint32(p)) > c.id) {
		p--
	}
	s.place(p)
}

// place puts the current file's cursor at position p, or at the next row from there that lives.
func (s *coldScan) place(p int) {
	c, f := &s.cur[s.at], s.c.v.files[s.at]
	step := 1
	if !s.forward {
		step = -1
	}
	for ; p >= 0 && p < c.ids.n && s.err == nil; p += step {
		if s.passesOver(c, f.f, uint32(p)) {
			if p = int(c.block.first); s.forward {
				p += int(c.block.n) - 1
			}
			continue
		}
		if (f.dead == nil || !f.dead.Contains(uint32(p))) && s.meets(c, f.f, uint32(p)) {
			c.pos, c.id, c.exact = uint32(p), c.ids.at(uint32(p)), true
			return
		}
	}
	c.end()
}

func (s *coldScan) move() bool {
	c := &s.cur[s.at]
	if s.forward {
		s.place(int(c.pos) + 1)
	} else {
		s.place(int(c.pos) - 1)
	}
	if !c.done && s.before(c.id, s.limit) {
		return true
	}
	return s.err == nil && s.pick()
}

func (s *coldScan) Next() bool {
	if !s.forward {
		return s.SeekGE(s.ID() + 1)
	}
	return s.move()
}

func (s *coldScan) Prev() bool {
	if s.forward {
		return s.SeekLT(s.ID())
	}
	return s.move()
}

func (s *coldScan) ID() uint64 { return s.cur[s.at].id }

func (s *coldScan) Row() []byte {
	c, f := &s.cur[s.at], s.c.v.files[s.at].f
	if !s.enter(c, f, c.pos) {
		return nil
	}
	if !c.whole {
		if c.cols, s.err = s.c.columns(s.c.m.ctx, c.block, s.columns); s.err != nil {
			return nil
		}
		c.whole = true
	}
	if s.row, s.err = s.rows.appendRow(s.row[:0], s.c, s.columns, c.cols, c.pos-c.block.first, c.id); s.err != nil {
		return nil
	}
	return s.row
}

// enter makes the row group of a position the cursor's.
func (s *coldScan) enter(c *cursor, f *dataFile, pos uint32) bool {
	if c.block != nil && c.block.has(pos) {
		return true
	}
	c.cols, c.whole = nil, false
	if c.block, s.err = s.c.block(s.c.m.ctx, f, pos); s.err != nil {
		return false
	}
	c.out = s.c.v.m.excludesBlock(c.block, s.where)
	return true
}

func (s *coldScan) Err() error { return s.err }

func (s *coldScan) Close() error { return s.err }

func (c *cursor) end() { c.done, c.block, c.cols, c.whole = true, nil, nil, false }

// restorer turns a physical Delta value (never NULL) back into the value of a row: the inverse of converter. Bytes may be put
// into buf, which is returned.
type restorer func(buf []byte, v tuple.Value) (_ []byte, out tuple.Value, err error)

func asIs(buf []byte, v tuple.Value) ([]byte, tuple.Value, error) { return buf, v, nil }

// restorer is the inverse of deltaType.
func (m *Mirror) restorer(c *column, s *change.Column) restorer {
	if !c.Text {
		if t, _, ok := nativeType(s.TypeOID, s.TypMod, s.Kind); ok {
			return nativeBack(t)
		}
		if s.Kind == tuple.KindArray {
			if et, _, ok := nativeType(s.ElemOID, s.TypMod, s.ElemKind); ok {
				return arrayBack(nativeBack(et), s.ElemKind, s.ElemOID)
			}
		}
	}
	switch s.Kind {
	case tuple.KindText, tuple.KindBpchar, tuple.KindJSONB, tuple.KindFolded:
		return asIs
	case tuple.KindBytes:
		if pgtext.Own(s.TypeOID) {
			return asIs
		}
	}
	oid := s.TypeOID
	return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, error) {
		out, err := m.opt.Parse(oid, string(v.Bytes()))
		return buf, out, err
	}
}

func nativeBack(t parquet.Type) restorer {
	switch t.ID {
	case parquet.Date:
		return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, error) {
			return buf, tuple.Int(v.Int() - pgtext.EpochDays), nil
		}
	case parquet.Timestamp, parquet.TimestampNTZ:
		return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, error) {
			return buf, tuple.Int(v.Int() - pgtext.EpochMicros), nil
		}
	case parquet.Decimal:
		scale := int(t.Scale)
		return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, error) {
			var n *big.Int
			if v.IsScalar() {
				n = big.NewInt(v.Int())
			} else {
				n = parquet.Int128(v.Bytes())
			}
			at := len(buf)
			buf, err := tuple.AppendNumericText(buf, decimalText(n, scale))
			return buf, tuple.Bytes(buf[at:len(buf):len(buf)]), err
		}
	}
	return asIs
}

// decimalText is n / 10^scale with that many digits behind the point.
func decimalText(n *big.Int, scale int) string {
	sign, s := "", n.String()
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if scale == 0 {
		return sign + s
	}
	s = strings.Repeat("0", max(0, scale+1-len(s))) + s
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}

func arrayBack(elem restorer, kind tuple.Kind, oid uint32) restorer {
	return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, error) {
		elems, err := parquet.DecodeList(nil, v.Bytes())
		if err != nil {
			return buf, v, err
		}
		var scratch []byte
		for i := range elems {
			if elems[i].IsNull() {
				continue
			}
			if scratch, elems[i], err = elem(scratch, elems[i]); err != nil {
				return buf, v, err
			}
		}
		var dims []tuple.ArrayDim
		if len(elems) > 0 {
			dims = []tuple.ArrayDim{{Len: len(elems), Lower: 1}}
		}
		at := len(buf)
		buf = tuple.AppendArray(buf, kind, oid, dims, elems)
		return buf, tuple.Bytes(buf[at:len(buf):len(buf)]), nil
	}
}
