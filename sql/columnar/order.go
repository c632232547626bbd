package columnar

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// orderNames are the "<" and ">" of pg_operator by OID.
var orderNames = sync.OnceValue(func() map[types.OID]string {
	m := map[types.OID]string{}
	ops := pgdata.Operators()
	for i := range ops {
		if o := &ops[i]; o.Left == o.Right && (o.Name == "<" || o.Name == ">") {
			m[o.OID] = o.Name
		}
	}
	return m
})

// defaultOrder reports a key whose operator is the type's own order, in the direction that the key says.
func defaultOrder(k plan.SortKey) bool {
	if k.Op == 0 {
		return true
	}
	want := "<"
	if k.Desc {
		want = ">"
	}
	return orderNames()[k.Op] == want
}
