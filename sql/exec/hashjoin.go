package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// hashJoinOp builds a table of the inner rows and probes it with the outer ones. A table that outgrows WorkMem is split
// by hash into files, outer rows too, and the parts are joined one after the other; a part that is too big is split
// again, by other bits of the hash, until splitting does not help (many equal keys).
type hashJoinOp struct {
	in           *instance
	kind         plan.JoinKind
	outer, inner operator
	outerSlots   []int
	innerSlots   []int
	on           eval.Cond
	nullAware    bool
	outerKeys    []func() error // into keySlots
	innerKeys    []func() error
	keySlots     []int
	kinds        []tuple.Kind
	colls        []*collation.Collator // nil: equal bytes of text are equal
	innerDeps    *deps

	table      joinTable
	sawNull    bool // an inner key is NULL
	innerRows  int64
	empty      bool // no inner rows, so no result: the outer side is not read
	pending    []joinPart
	part       *joinPart // being joined; nil: the inputs themselves
	reader     *spill.Reader
	outerParts []*spill.File // where outer rows go while the inputs are split
	level      int

	haveOuter bool
	matched   bool
	chain     int32
	hash      uint64
	key       []types.Datum
	stats     *NodeStats
	unmatched int // > 0: next inner row to look at for right and full joins, plus one
}

// joinPart is a share of both inputs.
type joinPart struct {
	inner, outer *spill.File
	level        int
}

func (b *builder) hashJoin(x *plan.HashJoin) (operator, error) {
	o := &hashJoinOp{in: b.in, kind: x.Kind, nullAware: x.NullAware,
		outerSlots: b.ColSlots(x.Outer.Cols()), innerSlots: b.ColSlots(x.Inner.Cols())}
	var err error
	if o.outer, err = b.node(x.Outer); err != nil {
		return nil, err
	}
	if o.inner, err = b.node(x.Inner); err != nil {
		return nil, err
	}
	o.innerDeps = b.deps(x.Inner)
	if len(x.OuterKeys) != len(x.InnerKeys) || len(x.OuterKeys) != len(x.Colls) {
		return nil, pgerr.Internal("hash join with %d and %d keys", len(x.OuterKeys), len(x.InnerKeys))
	}
	for i := range x.OuterKeys {
		kind, err := b.Kind(x.OuterKeys[i].Type().OID)
		if err != nil {
			return nil, err
		}
		s := b.in.F.Add()
		o.keySlots, o.kinds, o.colls = append(o.keySlots, s), append(o.kinds, kind), append(o.colls, b.env.Equality(x.Colls[i]))
		load, err := b.Into(x.OuterKeys[i], s)
		if err != nil {
			return nil, err
		}
		o.outerKeys = append(o.outerKeys, load)
		if load, err = b.Into(x.InnerKeys[i], s); err != nil {
			return nil, err
		}
		o.innerKeys = append(o.innerKeys, load)
	}
	o.key = make([]types.Datum, len(o.keySlots))
	if o.on, err = b.Conds(x.On); err != nil {
		return nil, err
	}
	o.table.init(o)
	return o, nil
}

// joinTable holds inner rows: the keys, then the columns. Rows whose key is NULL are kept outside of the chains, where
// the kind of join gives them back.
type joinTable struct {
	o       *hashJoinOp
	width   int
	n       int
	buckets []int32
	entries []joinEntry
	blocks  [][]types.Datum
	arena   frame.Arena
}

type joinEntry struct {
	hash    uint64
	next    int32 // entry number + 1
	matched bool
}

const joinBlock = 64

func (t *joinTable) init(o *hashJoinOp) {
	t.o = o
	t.width = len(o.keySlots) + len(o.innerSlots)
}

func (t *joinTable) reset() {
	if len(t.buckets) > 1024 {
		t.buckets, t.entries = nil, nil
	}
	clear(t.buckets)
	t.entries, t.n = t.entries[:0], 0
	t.blocks = nil
	t.arena.Reset()
}

func (t *joinTable) mem() int64 {
	return int64(cap(t.entries))*16 + int64(len(t.buckets))*4 + int64(len(t.blocks)*joinBlock*t.width)*frame.DatumSize + t.arena.Size()
}

func (t *joinTable) row(e int) []types.Datum {
	at := (e % joinBlock) * t.width
	return t.blocks[e/joinBlock][at : at+t.width : at+t.width]
}

func (t *joinTable) add(hash uint64, null bool) {
	if t.n >= len(t.buckets) {
		t.grow()
	}
	e := t.n
	t.n++
	if e%joinBlock == 0 {
		t.blocks = append(t.blocks, make([]types.Datum, joinBlock*t.width))
	}
	row, f := t.row(e), &t.o.in.F
	for i, s := range t.o.keySlots {
		row[i] = t.arena.Clone(f.S[s])
	}
	row = row[len(t.o.keySlots):]
	for i, s := range t.o.innerSlots {
		row[i] = t.arena.Clone(f.S[s])
	}
	if null {
		t.entries = append(t.entries, joinEntry{hash: hash, next: -1})
		return
	}
	b := &t.buckets[hash&uint64(len(t.buckets)-1)]
	t.entries = append(t.entries, joinEntry{hash: hash, next: *b})
	*b = int32(e + 1)
}

func (t *joinTable) grow() {
	t.buckets = make([]int32, max(64, 2*len(t.buckets)))
	mask := uint64(len(t.buckets) - 1)
	for i := range t.entries {
		if t.entries[i].next == -1 {
			continue
		}
		b := &t.buckets[t.entries[i].hash&mask]
		t.entries[i].next = *b
		*b = int32(i + 1)
	}
}

func (o *hashJoinOp) note(st *NodeStats) { o.stats = st }

func (o *hashJoinOp) open() error {
	o.haveOuter, o.unmatched = false, 0
	if o.innerDeps.same() {
		for i := range o.table.entries {
			o.table.entries[i].matched = false
		}
		if o.empty {
			return nil
		}
		return o.outer.open()
	}
	o.discard()
	if err := o.inner.open(); err != nil {
		return err
	}
	if err := o.build(o.inner.next, 0); err != nil {
		return err
	}
	o.empty = o.innerRows == 0 && (o.kind == plan.InnerJoin || o.kind == plan.SemiJoin)
	if o.outerParts == nil {
		o.innerDeps.keep()
	}
	if o.empty {
		return nil
	}
	if err := o.outer.open(); err != nil {
		return err
	}
	if o.outerParts == nil {
		return nil
	}
	return o.splitOuter(o.outer.next)
}

// discard gives up everything that was built.
func (o *hashJoinOp) discard() {
	o.innerDeps.drop()
	o.table.reset()
	o.sawNull, o.innerRows = false, 0
	for _, p := range o.pending {
		p.inner.Close()
		p.outer.Close()
	}
	o.pending = nil
	for _, p := range o.outerParts {
		p.Close()
	}
	o.outerParts = nil
	o.dropPart()
	o.level = 0
}

func (o *hashJoinOp) dropPart() {
	if o.part != nil {
		o.part.inner.Close()
		o.part.outer.Close()
		o.part, o.reader = nil, nil
	}
}

// keys evaluates the keys of one side into the key slots.
func (o *hashJoinOp) keys(loads []func() error) (hash uint64, null bool, err error) {
	f := &o.in.F
	hash = 0x2545f4914f6cdd1d
	for i, load := range loads {
		if err := load(); err != nil {
			return 0, false, err
		}
		v := f.S[o.keySlots[i]]
		null = null || v.IsNull()
		if c := o.colls[i]; c != nil {
			hash = types.HashOrdered(c, o.kinds[i], v, hash)
			continue
		}
		hash = types.HashKind(o.kinds[i], v, hash)
	}
	return hash, null, nil
}

// build reads inner rows into the table, or into pending parts if they are too many.
func (o *hashJoinOp) build(next func() (bool, error), level int) error {
	var parts []*spill.File
	limit := o.in.budget.Mem
	keepNull := o.kind == plan.RightJoin || o.kind == plan.FullJoin
	for {
		ok, err := next()
		if err != nil {
			spill.CloseAll(parts)
			return err
		}
		if !ok {
			break
		}
		hash, null, err := o.keys(o.innerKeys)
		if err == nil {
			err = o.in.Tick()
		}
		if err != nil {
			spill.CloseAll(parts)
			return err
		}
		if level == 0 {
			o.innerRows++
		}
		if null {
			o.sawNull = true
			if !keepNull {
				continue
			}
		}
		if parts != nil {
			if err := parts[spill.PartOf(hash, level)].WriteSlots(&o.in.F, o.innerSlots); err != nil {
				spill.CloseAll(parts)
				return err
			}
			continue
		}
		o.table.add(hash, null)
		if len(o.keySlots) > 0 && level < spill.MaxLevel && o.table.mem() > limit && !o.oneKey() {
			if parts, err = o.split(level); err != nil {
				return err
			}
		}
	}
	if o.stats != nil {
		o.stats.memory(o.table.mem())
		o.stats.Parts++
		for _, p := range parts {
			o.stats.Disk += p.Size()
		}
	}
	if parts == nil {
		return nil
	}
	outer := spill.NewFiles(&o.in.budget)
	o.outerParts, o.level = outer, level
	for i := range parts {
		o.pending = append(o.pending, joinPart{inner: parts[i], outer: outer[i], level: level + 1})
		if err := parts[i].Flush(); err != nil {
			return err
		}
	}
	return nil
}

// oneKey reports whether all rows of the table have the same hash: splitting would not help.
func (o *hashJoinOp) oneKey() bool {
	t := &o.table
	for i := 1; i < t.n; i++ {
		if t.entries[i].hash != t.entries[0].hash {
			return false
		}
	}
	return true
}

// split moves the table into files.
func (o *hashJoinOp) split(level int) ([]*spill.File, error) {
	parts := spill.NewFiles(&o.in.budget)
	t, nk := &o.table, len(o.keySlots)
	for e := range t.n {
		if err := parts[spill.PartOf(t.entries[e].hash, level)].WriteRow(t.row(e)[nk:]); err != nil {
			spill.CloseAll(parts)
			return nil, err
		}
	}
	t.reset()
	return parts, nil
}

// splitOuter writes the outer rows into the parts that the inner ones went to.
func (o *hashJoinOp) splitOuter(next func() (bool, error)) error {
	for {
		ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		hash, _, err := o.keys(o.outerKeys)
		if err != nil {
			return err
		}
		if err := o.outerParts[spill.PartOf(hash, o.level)].WriteSlots(&o.in.F, o.outerSlots); err != nil {
			return err
		}
	}
	for _, p := range o.outerParts {
		if err := p.Flush(); err != nil {
			return err
		}
	}
	o.outerParts = nil
	return o.nextPart()
}

// nextPart prepares the next part; without one the join is at its end (reader stays nil).
func (o *hashJoinOp) nextPart() error {
	for {
		o.dropPart()
		o.table.reset()
		if len(o.pending) == 0 {
			return nil
		}
		p := o.pending[len(o.pending)-1]
		o.pending = o.pending[:len(o.pending)-1]
		if p.outer.Empty() && o.kind != plan.RightJoin && o.kind != plan.FullJoin {
			p.inner.Close()
			p.outer.Close()
			continue
		}
		inner, err := p.inner.Reader()
		if err != nil {
			return err
		}
		o.part = &p
		if err := o.build(func() (bool, error) { return inner.Slots(&o.in.F, o.innerSlots) }, p.level); err != nil {
			return err
		}
		outer, err := p.outer.Reader()
		if err != nil {
			return err
		}
		if o.outerParts == nil {
			o.reader = outer
			o.haveOuter, o.unmatched = false, 0
			return nil
		}
		// The part was split again: so are its outer rows.
		parts := o.outerParts
		for {
			ok, err := outer.Slots(&o.in.F, o.outerSlots)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			hash, _, err := o.keys(o.outerKeys)
			if err != nil {
				return err
			}
			if err := parts[spill.PartOf(hash, o.level)].WriteSlots(&o.in.F, o.outerSlots); err != nil {
				return err
			}
		}
		for _, f := range parts {
			if err := f.Flush(); err != nil {
				return err
			}
		}
		o.outerParts = nil
	}
}

// nextOuter gets the next outer row, from the input or from the part's file.
func (o *hashJoinOp) nextOuter() (bool, error) {
	if o.part == nil {
		return o.outer.next()
	}
	return o.reader.Slots(&o.in.F, o.outerSlots)
}

func (o *hashJoinOp) next() (bool, error) {
	if o.empty {
		return false, nil
	}
	for {
		if o.unmatched > 0 {
			if o.nextUnmatched() {
				return true, nil
			}
			more, err := o.endPart()
			if !more || err != nil {
				return false, err
			}
			continue
		}
		if !o.haveOuter {
			ok, err := o.advance()
			if err != nil {
				return false, err
			}
			if !ok {
				if o.kind == plan.RightJoin || o.kind == plan.FullJoin {
					o.unmatched = 1
					continue
				}
				more, err := o.endPart()
				if !more || err != nil {
					return false, err
				}
				continue
			}
		}
		ok, err := o.probe()
		if ok || err != nil {
			return ok, err
		}
	}
}

// endPart goes on to the next part; false: there is none.
func (o *hashJoinOp) endPart() (bool, error) {
	o.unmatched = 0
	if o.part == nil {
		return false, nil
	}
	if err := o.nextPart(); err != nil {
		return false, err
	}
	return o.part != nil, nil
}

// advance moves to the next outer row and finds the start of its chain.
func (o *hashJoinOp) advance() (bool, error) {
	ok, err := o.nextOuter()
	if !ok || err != nil {
		return false, err
	}
	hash, null, err := o.keys(o.outerKeys)
	if err != nil {
		return false, err
	}
	o.haveOuter, o.matched = true, false
	o.chain = 0
	if o.nullAware && o.kind == plan.AntiJoin && o.innerRows > 0 && (null || o.sawNull) {
		// x NOT IN (…, NULL) is never true; NULL NOT IN of anything neither.
		o.matched = true
		return true, nil
	}
	if !null && len(o.table.buckets) > 0 {
		o.hash = hash
		for i, s := range o.keySlots {
			o.key[i] = o.in.F.S[s]
		}
		o.chain = o.table.buckets[hash&uint64(len(o.table.buckets)-1)]
	}
	return true, nil
}

// probe looks for the next match of the outer row. It returns false when the row is done with.
func (o *hashJoinOp) probe() (bool, error) {
	t, nk := &o.table, len(o.keySlots)
	for o.chain > 0 {
		e := int(o.chain - 1)
		ent := &t.entries[e]
		o.chain = ent.next
		if ent.hash != o.hash {
			continue
		}
		row := t.row(e)
		if !o.equal(row) {
			continue
		}
		if o.on != nil || o.kind != plan.SemiJoin && o.kind != plan.AntiJoin {
			o.in.F.Put(o.innerSlots, row[nk:])
		}
		if o.on != nil {
			ok, err := o.on()
			if err != nil {
				return false, err
			}
			if ok != eval.True {
				o.stats.joinRemoved()
				if err := o.in.Tick(); err != nil {
					return false, err
				}
				continue
			}
		}
		o.matched = true
		ent.matched = true
		switch o.kind {
		case plan.AntiJoin:
			o.haveOuter = false
			return false, nil
		case plan.SemiJoin:
			o.haveOuter = false
		}
		return true, nil
	}
	o.haveOuter = false
	if o.matched {
		return false, nil
	}
	switch o.kind {
	case plan.LeftJoin, plan.FullJoin:
		o.in.F.SetNull(o.innerSlots)
		return true, nil
	case plan.AntiJoin:
		return true, nil
	}
	return false, nil
}

func (o *hashJoinOp) equal(row []types.Datum) bool {
	for i, k := range o.kinds {
		if c := o.colls[i]; c != nil {
			if !types.EqualOrdered(c, k, row[i], o.key[i]) {
				return false
			}
			continue
		}
		if !types.EqualKind(k, row[i], o.key[i]) {
			return false
		}
	}
	return true
}

// nextUnmatched gives the inner rows without partner.
func (o *hashJoinOp) nextUnmatched() bool {
	t := &o.table
	for o.unmatched <= t.n {
		e := o.unmatched - 1
		o.unmatched++
		if t.entries[e].matched {
			continue
		}
		o.in.F.SetNull(o.outerSlots)
		o.in.F.Put(o.innerSlots, t.row(e)[len(o.keySlots):])
		return true
	}
	return false
}

func (o *hashJoinOp) close() {
	o.outer.close()
	o.inner.close()
	o.discard()
}
