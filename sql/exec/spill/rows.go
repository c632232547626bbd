package spill

import (
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/types"
)

// Rows keeps rows of a result that is read again later: in memory up to a bound, then in a file.
type Rows struct {
	b    Budget
	f    frame.Frame
	tape Tape
	all  []int
}

// NewRows returns an empty store that holds mem bytes in memory, and the rest in a file in dir.
func NewRows(mem int64, dir string) *Rows { return &Rows{b: Budget{Mem: mem, Dir: dir}} }

// Add keeps a copy of a row. All rows have as many columns.
func (r *Rows) Add(row []types.Datum) error {
	if r.all == nil {
		r.all = make([]int, len(row))
		for i := range r.all {
			r.all[i] = r.f.Add()
		}
		r.tape = NewTape(&r.b, &r.f, r.all)
	}
	r.f.Put(r.all, row)
	return r.tape.Add()
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.tape.Len() }

// Row gives row i, from 0 on. It stays as it is when others are read or added.
func (r *Rows) Row(i int) ([]types.Datum, error) {
	if err := r.tape.Load(i, r.all); err != nil {
		return nil, err
	}
	row := make([]types.Datum, len(r.all))
	for i, s := range r.all {
		row[i] = r.f.S[s].Clone()
	}
	return row, nil
}

// Close gives the rows up; the store is empty then.
func (r *Rows) Close() {
	if r.all != nil {
		r.tape.Reset()
	}
}
