package partition

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// Partitions that join one by one are described as all of them together are.
func TestJoinedIsDescribe(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	key := func(n int) []catalog.IndexKey {
		out := make([]catalog.IndexKey, n)
		for i := range out {
			out[i] = catalog.IndexKey{Att: int16(i + 1), Type: types.Int4, OpClass: 1978}
		}
		return out
	}
	val := func(n int) catalog.BoundDatum { return catalog.BoundDatum{Text: fmt.Sprint(n)} }
	low, high := catalog.BoundDatum{Kind: '-'}, catalog.BoundDatum{Kind: '+'}
	lists := []*catalog.PartBound{{Default: true}, {List: []catalog.BoundDatum{{Kind: 'n'}}}}
	ranges := []*catalog.PartBound{{Default: true}, {Lower: []catalog.BoundDatum{low}, Upper: []catalog.BoundDatum{val(0)}},
		{Lower: []catalog.BoundDatum{val(200)}, Upper: []catalog.BoundDatum{high}}}
	pairs := []*catalog.PartBound{{Default: true}}
	for i := range 30 {
		b := &catalog.PartBound{List: []catalog.BoundDatum{val(i), val(100 - i)}}
		if i == 7 {
			b.List = append(b.List, val(500))
		}
		lists = append(lists, b)
		ranges = append(ranges, &catalog.PartBound{Lower: []catalog.BoundDatum{val(3 * i)}, Upper: []catalog.BoundDatum{val(3*i + 2 + i%2)}})
		pairs = append(pairs, &catalog.PartBound{Lower: []catalog.BoundDatum{val(i / 3), val(10 * (i % 3))}, Upper: []catalog.BoundDatum{val(i / 3), val(10*(i%3) + 10)}})
	}
	for name, x := range map[string]struct {
		key    catalog.PartKey
		bounds []*catalog.PartBound
	}{
		"list":    {catalog.PartKey{Strategy: catalog.ListPartition, Keys: key(1)}, lists},
		"range":   {catalog.PartKey{Strategy: catalog.RangePartition, Keys: key(1)}, ranges},
		"columns": {catalog.PartKey{Strategy: catalog.RangePartition, Keys: key(2)}, pairs},
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				cat := catalog.New()
				e := cat.Edit(catalog.NewAllocator(cat))
				p := &catalog.Table{OID: 20000, Schema: catalog.PublicOID, Name: "p", Kind: catalog.RelPartitioned, PartKey: &x.key}
				e.PutTable(p)
				env := &types.Env{}
				if _, err := Describe(e.Catalog(), p, env); err != nil {
					t.Fatal(err)
				}
				for i, at := range rng.Perm(len(x.bounds)) {
					oid := catalog.OID(30000 + i)
					e.PutTable(&catalog.Table{OID: oid, Schema: catalog.PublicOID, Name: fmt.Sprint("p", i), Kind: catalog.RelTable,
						Parents: []catalog.OID{p.OID}, Bound: x.bounds[at]})
					next := *p
					e.PutTable(&next)
					if err := Joined(e.Catalog(), p, oid); err != nil {
						t.Fatal(err)
					}
					p = &next
					of, got := e.Catalog().WasDerived(p.OID, catalog.DerivedPartitions)
					if of != p {
						t.Fatal("nothing was kept")
					}
					want, err := describe(p, e.Catalog().ChildList(p.OID), env)
					if err != nil {
						t.Fatal(err)
					}
					if got, want := show(got.(*Desc)), show(want); got != want {
						t.Fatalf("after %d partitions, with %+v:\n%s\nwant\n%s", i, x.bounds[at], got, want)
					}
				}
			}
		})
	}
}

func show(d *Desc) string {
	return fmt.Sprint(d.Parts, d.Default, d.Null, d.cuts, d.slot, d.vals, d.ofVal, d.bounds)
}
