// Package builtin finds the implementation of PostgreSQL's built-in functions, operators, casts, aggregates and window
// functions. Each family is a package below this one, all over package call; table.go unites them.
//
// Implementations are bound to rows of pg_proc: by C symbol (prosrc) for scalar and set-returning functions, by name for
// aggregates, by OID for window functions and for functions that PostgreSQL itself writes in SQL. What pg_proc declares
// (argument types, strictness, result type) is not declared again here. A row without implementation answers 0A000. Functions of
// extensions are found the same way, each among those of its own extension.
package builtin

import (
	"sync"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// What callers of built-in functions need of package call.
type (
	Agg        = call.Agg
	AggInverse = call.AggInverse
	AggState   = call.AggState
	Call       = call.Call
	LockKey    = call.LockKey

	ObjectIdentity = call.ObjectIdentity
	Partition      = call.Partition
	Queries        = call.Queries
	Rows           = call.Rows
	Session        = call.Session
	Statements     = call.Statements
	SetFn          = call.SetFn
	SortKey        = call.SortKey
	WindowFn       = call.WindowFn
)

// Signature is call.Signature.
func Signature(oid types.OID) string { return call.Signature(oid) }

// Func is an implemented function.
type Func struct {
	Proc   *pgdata.Proc
	Strict bool
	Fn     call.Fn // nil for set-returning ones
	Set    call.SetFn
}

var index = sync.OnceValue(func() map[types.OID]*Func {
	m := map[types.OID]*Func{}
	procs := pgdata.Procs()
	for i := range procs {
		p := &procs[i]
		f := &Func{Proc: p, Strict: p.Strict}
		if fn := byOID[p.OID]; fn != nil {
			f.Fn = fn
		} else if set := setByOID[p.OID]; set != nil {
			f.Set = set
		} else if p.Lang == langInternal && p.RetSet {
			f.Set = setBySymbol[p.Src]
		} else if p.Lang == langInternal {
			f.Fn = bySymbol[p.Src]
		} else if x := pgdata.ExtensionOf(p.OID); x != nil {
			f.Fn, f.Set = ofExtension(extensions[x.Name], p)
		}
		if f.Fn != nil || f.Set != nil {
			m[p.OID] = f
		}
	}
	return m
})

// ofExtension finds a function among those of its extension by its symbol. Those that are SQL run as users' do.
func ofExtension(x call.Family, p *pgdata.Proc) (call.Fn, call.SetFn) {
	if p.RetSet {
		return nil, x.Sets[p.Src]
	}
	return x.Fns[p.Src], nil
}

const langInternal = 12

// Lookup returns the implementation of a function that is built in or an extension's, or 0A000 naming it.
func Lookup(oid types.OID) (*Func, error) {
	if f := index()[oid]; f != nil {
		return f, nil
	}
	return nil, pgerr.Unsupported("function " + call.Signature(oid))
}

// LookupInternal returns a function of users in language internal: the built-in function that its body names. Errors: 0A000.
func LookupInternal(p *pgdata.Proc) (*Func, error) {
	if fn := bySymbol[p.Src]; fn != nil {
		return &Func{Proc: p, Strict: p.Strict, Fn: fn}, nil
	}
	return nil, pgerr.Unsupported("function " + p.Name + " in language internal, " + p.Src)
}

// WithSymbol lists the rows of pg_proc in language internal that have that C name.
func WithSymbol(name string) []*pgdata.Proc { return symbols()[name] }

var symbols = sync.OnceValue(func() map[string][]*pgdata.Proc {
	m := map[string][]*pgdata.Proc{}
	procs := pgdata.Procs()
	for i := range procs {
		if p := &procs[i]; p.Lang == langInternal {
			m[p.Src] = append(m[p.Src], p)
		}
	}
	return m
})

// LookupAgg returns a built-in aggregate, or 0A000 naming it.
func LookupAgg(oid types.OID) (*Agg, error) {
	if a := aggregates[oid]; a != nil {
		return a, nil
	}
	return nil, pgerr.Unsupported("aggregate " + call.Signature(oid))
}

// LookupWindow returns a built-in window function, or 0A000 naming it.
func LookupWindow(oid types.OID) (WindowFn, error) {
	if w := windows[oid]; w != nil {
		return w, nil
	}
	return nil, pgerr.Unsupported("window function " + call.Signature(oid))
}

// Implemented counts the pg_proc rows that have an implementation.
func Implemented() (n, total int) {
	return len(index()) + len(aggregates) + len(windows), len(pgdata.Procs())
}
