package exec

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/hnsw"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types/vector"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// nearScanOp reads the rows whose vectors are near another one: the index names candidates, nearest first, and each is looked up as the
// statement sees it. It ends when as many rows have passed the filter as are wanted. Where the index has not enough of them, cannot tell, or
// does not know what the transaction itself has written, the rows of the table follow: the answer may then be slow, never short.
type nearScanOp struct {
	scan   *tableScanOp // of the whole table
	index  *catalog.Index
	prefix [tuple.KeyPrefixLen]byte
	params hnsw.Params
	query  eval.Fn
	limit  eval.Fn

	want   int64 // rows that have yet to pass
	vec    []float32
	ef     int
	near   *hnsw.Index // nil: the table is being read
	hits   []hnsw.Hit
	seen   map[string]bool // labels that have been looked up
	key    []byte
	row    []byte
	entry  []byte
	now    []float32
	hidden int // candidates that the snapshot does not have
}

func (o *nearScanOp) note(st *NodeStats) { o.scan.note(st) }

func (b *builder) nearScan(x *plan.TableScan) (operator, error) {
	whole := *x
	whole.Index, whole.Near = nil, nil
	scan, err := b.tableScan(&whole)
	if err != nil {
		return nil, err
	}
	o := &nearScanOp{scan: scan.(*tableScanOp), index: x.Index, params: indexParams(x.Table, x.Index, x.Near.Operator)}
	if o.query, err = b.Fn(x.Near.Query); err != nil {
		return nil, err
	}
	o.limit, err = b.Fn(x.Near.Limit)
	return o, err
}

// metrics are the distances by their operators.
var metrics = map[string]hnsw.Metric{"<->": hnsw.L2, "<#>": hnsw.InnerProduct, "<=>": hnsw.Cosine, "<+>": hnsw.L1}

// indexParams are an index's options, or their defaults.
func indexParams(t *catalog.Table, ix *catalog.Index, operator string) hnsw.Params {
	p := hnsw.Params{M: hnsw.DefaultM, EfCons: hnsw.DefaultEfConstruction, Metric: metrics[operator]}
	if c := t.Column(ix.Keys[0].Att); c != nil {
		p.Dim = int(c.TypMod)
	}
	if v, ok := ix.Options.Int("m"); ok {
		p.M = min(max(v, hnsw.MinM), hnsw.MaxM)
	}
	if v, ok := ix.Options.Int("ef_construction"); ok {
		p.EfCons = min(max(v, hnsw.MinEfConstruction), hnsw.MaxEfConstruction)
	}
	return p
}

func (o *nearScanOp) open() error {
	o.close()
	limit, err := o.limit()
	if err != nil {
		return err
	}
	query, err := o.query()
	if err != nil {
		return err
	}
	if err := o.scan.prepare(); err != nil {
		return err
	}
	o.near, o.hits, o.seen, o.hidden = nil, nil, nil, 0
	o.want = -1
	ec := o.scan.in.EC
	if query.IsNull() || limit.IsNull() || limit.Int() <= 0 || ec.Near == nil || ec.Txn.Isolation() == txn.Serializable {
		return o.scan.open() // a serializable transaction must have read all that would change its answer
	}
	o.prefix = o.scan.rel.EntryPrefix(o.index)
	end := o.prefix
	if v := o.scan.in.View; ec.Txn.PendingRows(o.scan.table.StorageID) > 0 || v.Wrote(o.prefix[:], tuple.PrefixEnd(end[:])) {
		return o.scan.open()
	}
	o.want = limit.Int()
	o.vec = vector.Of(query).Append(o.vec[:0])
	o.near = ec.Near.Get(hnsw.Name(o.prefix), o.params)
	o.seen = map[string]bool{}
	o.ef = int(min(hnsw.Breadth*max(min(o.want, maxEf), int64(ec.NearEffort)), maxEf))
	o.scan.usage = ec.Rels.Usage(o.scan.table.StorageID, o.index.ID)
	o.scan.usage.Scans.Add(1)
	return o.search()
}

// maxEf is how many candidates a search may keep; who wants more reads the table.
const maxEf = 1 << 14

// search asks the index for candidates, or turns to the table.
func (o *nearScanOp) search() error {
	all, ok := false, false
	if o.ef <= maxEf {
		o.hits, all, ok = o.near.Search(o.vec, o.ef, uint64(o.scan.in.View.LSN()))
	}
	if !ok {
		return o.table()
	}
	if all {
		o.ef = maxEf
	}
	o.ef *= 2
	return nil
}

// table goes on with the rows of the table that have not been candidates.
func (o *nearScanOp) table() error {
	o.near.Stale(o.hidden)
	o.near, o.hidden = nil, 0
	o.scan.usage = o.scan.in.EC.Rels.Usage(o.scan.table.StorageID, 0)
	return o.scan.open()
}

func (o *nearScanOp) next() (bool, error) {
	for o.near != nil {
		if o.want == 0 {
			o.near.Stale(o.hidden)
			o.hidden = 0
			return false, nil
		}
		if len(o.hits) == 0 {
			if err := o.search(); err != nil {
				return false, err
			}
			continue
		}
		hit := o.hits[0]
		o.hits = o.hits[1:]
		if o.seen[hit.Label] {
			continue
		}
		pass, err := o.candidate(hit)
		if pass || err != nil {
			o.want--
			return pass, err
		}
	}
	for {
		ok, err := o.scan.next()
		if !ok || err != nil || len(o.seen) == 0 || !o.seen[string(o.scan.it.Key()[len(hnsw.Name{}):])] {
			return ok, err
		}
	}
}

// candidate looks a row up; false: it is not there, has another vector, or the filter drops it.
func (o *nearScanOp) candidate(hit hnsw.Hit) (bool, error) {
	s := o.scan
	if err := s.in.Tick(); err != nil {
		return false, err
	}
	var ok bool
	var err error
	o.key = append(append(o.key[:0], o.prefix[:]...), hit.Label...)
	if o.entry, ok, err = s.in.View.Get(o.entry[:0], o.key); err != nil {
		return false, err
	}
	if ok {
		o.now = vector.Of(tuple.Bytes(o.entry)).Append(o.now[:0])
	}
	if !ok || o.params.Sum(o.now) != hit.Sum {
		o.hidden++
		return false, nil
	}
	o.seen[hit.Label] = true
	o.key = s.rel.AppendSuffixKey(o.key[:0], hit.Label)
	if o.row, ok, err = s.rel.Get(s.in.View, o.row[:0], o.key); err != nil {
		return false, err
	}
	if !ok {
		return false, nil
	}
	s.usage.Rows.Add(1)
	return s.take(o.key, o.row)
}

func (o *nearScanOp) close() { o.scan.close() }
