package call

import (
	"sort"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// ProcByOID finds a row of pg_proc; nil if there is none.
func ProcByOID(oid types.OID) *pgdata.Proc {
	procs := pgdata.Procs()
	i := sort.Search(len(procs), func(i int) bool { return procs[i].OID >= oid })
	if i < len(procs) && procs[i].OID == oid {
		return &procs[i]
	}
	return nil
}

// Signature is a function's name with its argument types, "lower(text)", as PostgreSQL's messages write it.
func Signature(oid types.OID) string {
	p := ProcByOID(oid)
	if p == nil {
		return "with OID " + strconv.FormatUint(uint64(oid), 10)
	}
	var b strings.Builder
	b.WriteString(p.Name)
	b.WriteByte('(')
	for i, t := range p.ArgTypes {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(types.FormatType(t, -1, nil))
	}
	b.WriteByte(')')
	return b.String()
}
