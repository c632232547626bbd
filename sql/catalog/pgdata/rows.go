package pgdata

import (
	"cmp"
	"slices"
	"sync"
)

// Type is a row of pg_type.
type Type struct {
	OID                                                      uint32
	Name                                                     string
	Namespace                                                uint32
	Len                                                      int16
	ByVal                                                    bool
	Type, Category                                           byte
	Preferred, Defined                                       bool
	Delim                                                    byte
	RelID, Subscript, Elem, Array                            uint32
	Input, Output, Receive, Send, ModIn, ModOut, AnalyzeProc uint32
	Align, Storage                                           byte
	NotNull                                                  bool
	BaseType                                                 uint32
	TypMod                                                   int32
	NDims                                                    int
	Collation                                                uint32
	Default                                                  string
}

// Types returns pg_type in OID order.
var Types = sync.OnceValue(func() []Type {
	return rows("pg_type", func(r *reader) Type {
		return Type{r.oid(), r.str(), r.oid(), int16(r.int()), r.bool(), r.char(), r.char(), r.bool(), r.bool(), r.char(),
			r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(),
			r.char(), r.char(), r.bool(), r.oid(), int32(r.int()), r.int(), r.oid(), r.str()}
	})
})

// Proc is a row of pg_proc. AllArgTypes is nil where all arguments are IN.
type Proc struct {
	OID                               uint32
	Name                              string
	Namespace, Lang                   uint32
	Cost, Rows                        string
	Variadic, Support                 uint32
	Kind                              byte // f function, p procedure, a aggregate, w window
	SecDef, LeakProof, Strict, RetSet bool
	Volatile, Parallel                byte
	NArgs, NArgDefaults               int
	RetType                           uint32
	ArgTypes, AllArgTypes             []uint32
	ArgModes                          []string
	ArgNames                          []string
	ArgDefaults                       string // SQL expressions separated by ", "
	Src                               string // C symbol for language internal (12), SQL text for language sql (14)
	SQLBody                           string
	Agg                               *Aggregate `json:",omitempty"` // of aggregates of users; AggregateOf finds built-in ones
}

// Procs returns pg_proc and Tarn's own functions (tarn_proc.tsv, written by hand; OIDs from 9100) in OID order.
var Procs = sync.OnceValue(func() []Proc {
	list := append(procs("pg_proc"), procs("tarn_proc")...)
	slices.SortFunc(list, func(a, b Proc) int { return cmp.Compare(a.OID, b.OID) })
	return list
})

func procs(table string) []Proc {
	return rows(table, func(r *reader) Proc {
		return Proc{r.oid(), r.str(), r.oid(), r.oid(), r.str(), r.str(), r.oid(), r.oid(), r.char(), r.bool(), r.bool(),
			r.bool(), r.bool(), r.char(), r.char(), r.int(), r.int(), r.oid(), r.oids(), r.oids(), r.texts(), r.texts(),
			r.str(), r.str(), r.str(), nil}
	})
}

// Operator is a row of pg_operator.
type Operator struct {
	OID                              uint32
	Name                             string
	Namespace                        uint32
	Kind                             byte // b infix, l prefix
	CanMerge, CanHash                bool
	Left, Right, Result, Com, Negate uint32
	Code, Rest, Join                 uint32
}

// Operators returns pg_operator in OID order.
var Operators = sync.OnceValue(func() []Operator {
	return rows("pg_operator", func(r *reader) Operator {
		return Operator{r.oid(), r.str(), r.oid(), r.char(), r.bool(), r.bool(), r.oid(), r.oid(), r.oid(), r.oid(),
			r.oid(), r.oid(), r.oid(), r.oid()}
	})
})

// Cast is a row of pg_cast. Context: i implicit, a assignment, e explicit. Method: f function, b binary, i I/O.
type Cast struct {
	OID, Source, Target, Func uint32
	Context, Method           byte
}

// Casts returns pg_cast ordered by source and target type.
var Casts = sync.OnceValue(func() []Cast {
	return rows("pg_cast", func(r *reader) Cast {
		return Cast{r.oid(), r.oid(), r.oid(), r.oid(), r.char(), r.char()}
	})
})

// Aggregate is a row of pg_aggregate. InitVal is nil where NULL.
type Aggregate struct {
	Fn                                                uint32
	Kind                                              byte // n normal, o ordered-set, h hypothetical-set
	NumDirectArgs                                     int
	TransFn, FinalFn, CombineFn, SerialFn, DeserialFn uint32
	MTransFn, MInvTransFn, MFinalFn                   uint32
	FinalExtra, MFinalExtra                           bool
	FinalModify, MFinalModify                         byte
	SortOp, TransType                                 uint32
	TransSpace                                        int
	MTransType                                        uint32
	MTransSpace                                       int
	InitVal, MInitVal                                 *string
}

// Aggregates returns pg_aggregate in order of its function's OID.
var Aggregates = sync.OnceValue(func() []Aggregate {
	return rows("pg_aggregate", func(r *reader) Aggregate {
		a := Aggregate{r.oid(), r.char(), r.int(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(), r.oid(),
			r.bool(), r.bool(), r.char(), r.char(), r.oid(), r.oid(), r.int(), r.oid(), r.int(), nil, nil}
		a.InitVal, a.MInitVal = r.row[r.i], r.row[r.i+1]
		return a
	})
})

var aggregateByFn = sync.OnceValue(func() map[uint32]*Aggregate {
	list := Aggregates()
	out := make(map[uint32]*Aggregate, len(list))
	for i := range list {
		out[list[i].Fn] = &list[i]
	}
	return out
})

// AggregateOf is the pg_aggregate row of a function; nil for one that is none.
func AggregateOf(p *Proc) *Aggregate {
	if p.Agg != nil {
		return p.Agg
	}
	return aggregateByFn()[p.OID]
}

func rows[T any](name string, scan func(*reader) T) []T {
	t := Load(name)
	out := make([]T, len(t.Rows))
	for i, row := range t.Rows {
		out[i] = scan(&reader{row: row})
	}
	return out
}
