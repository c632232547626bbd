package exec

import (
	"github.com/tarndb/tarn/sql/plan"
)

// valuesScanOp gives rows of expressions.
type valuesScanOp struct {
	in   *instance
	rows [][]func() error
	out  []int
	pos  int
}

func (b *builder) valuesScan(x *plan.ValuesScan) (operator, error) {
	single := b.Single
	b.Single = b.rescan == 0
	defer func() { b.Single = single }()
	o := &valuesScanOp{in: b.in, out: b.ColSlots(x.Out), rows: make([][]func() error, len(x.Rows))}
	for i, row := range x.Rows {
		o.rows[i] = make([]func() error, len(row))
		for j, e := range row {
			var err error
			if o.rows[i][j], err = b.Into(e, o.out[j]); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

func (o *valuesScanOp) open() error {
	o.pos = 0
	return nil
}

func (o *valuesScanOp) next() (bool, error) {
	if o.pos >= len(o.rows) {
		return false, nil
	}
	row := o.rows[o.pos]
	o.pos++
	for _, load := range row {
		if err := load(); err != nil {
			return false, err
		}
	}
	return true, o.in.Tick()
}

func (o *valuesScanOp) close() {}
