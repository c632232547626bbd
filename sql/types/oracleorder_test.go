package types

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

// Compare sorts as PostgreSQL's ORDER BY does, equal values hash alike, and keys of storage sort the same way.
func TestOracleOrder(t *testing.T) {
	c := oracle(t)
	exec(t, c, "set timezone='UTC'")
	for _, k := range oracleCases {
		switch k.oid {
		case JSON, XID, TID, XID8, Void, Int2Vector, Point, Line, Lseg, Box, Path, Polygon, Circle, PointArray, BoxArray:
			continue // no order, or one that is tested elsewhere
		}
		k.random = min(k.random, 300)
		var lits []string
		for _, l := range k.literals() {
			if _, err := Lookup(k.oid).ParseText(l, -1, nil); err == nil && !strings.Contains(l, "\x00") && len(l) < 200 {
				lits = append(lits, l)
			}
		}
		var q strings.Builder
		fmt.Fprintf(&q, "select i-1, dense_rank() over (order by v::%s) from (values ", k.typ)
		for i, l := range lits {
			if i > 0 {
				q.WriteByte(',')
			}
			fmt.Fprintf(&q, "(%d, '%s')", i+1, strings.ReplaceAll(l, "'", "''"))
		}
		q.WriteString(") x(i, v) order by 2, 1")
		res, err := c.Exec(context.Background(), q.String()).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", k.typ, err)
			continue
		}
		ty := Lookup(k.oid)
		var prev, prevKey Datum
		prevRank, prevLit, bad := "", "", 0
		for _, row := range res[0].Rows {
			var i int
			fmt.Sscan(string(row[0]), &i)
			d, _ := ty.ParseText(lits[i], -1, nil)
			key := tuple.Bytes(tuple.AppendKey(nil, ty.Kind, d, false, false))
			if prevRank != "" {
				same := string(row[1]) == prevRank
				cmp := ty.Compare(prev, d)
				if same != (cmp == 0) || cmp > 0 || same != ty.Equal(prev, d) || same && ty.Hash(prev, 7) != ty.Hash(d, 7) ||
					k.oid != OidVector && (same != (prevKey.Str() == key.Str()) || prevKey.Str() > key.Str()) {
					if bad++; bad < 4 {
						t.Errorf("%s: %q then %q: same %v, compare %d, equal %v, keys %x %x", k.typ, prevLit, lits[i], same, cmp, ty.Equal(prev, d), prevKey.Bytes(), key.Bytes())
					}
				}
			}
			prev, prevKey, prevRank, prevLit = d, key, string(row[1]), lits[i]
		}
	}
}
