package builtin

import (
	"sort"
	"strings"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// procByOID finds a row of pg_proc; nil if there is none.
func procByOID(oid types.OID) *pgdata.Proc {
	procs := pgdata.Procs()
	i := sort.Search(len(procs), func(i int) bool { return procs[i].OID >= oid })
	if i < len(procs) && procs[i].OID == oid {
		return &procs[i]
	}
	return nil
}

// Signature is a function's name with its argument types, "lower(text)", as PostgreSQL's messages write it.
func Signature(oid types.OID) string {
	p := procByOID(oid)
	if p == nil {
		return "with OID " + utoa(uint64(oid))
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
