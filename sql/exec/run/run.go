package run

import (
	"context"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// Run is what compiled code runs on: slots, and one execution after the other that fills them. What is compiled keeps a pointer to it.
type Run struct {
	F frame.Frame
	// Calls are the call sites of built-in functions, Params the slots of the parameters.
	Calls  []*builtin.Call
	Params []int

	// Of the execution under way.
	EC   *Context
	View txn.View // what the statement sees, if it is a statement
	// Gen is the number of the execution: what was computed in another one is void.
	Gen     uint64
	ownView bool
	ticks   uint32
	done    <-chan struct{}
}

// Param is the slot of a parameter, counted from 0.
func (r *Run) Param(i int) int {
	for len(r.Params) <= i {
		r.Params = append(r.Params, r.F.Add())
	}
	return r.Params[i]
}

// Begin starts an execution; parameters that ec lacks are NULL.
func (r *Run) Begin(ec *Context) {
	r.EC, r.Gen, r.ticks = ec, r.Gen+1, 0
	r.done = nil
	if ec.Ctx != nil {
		r.done = ec.Ctx.Done()
	}
	r.ownView = false
	if ec.View != nil {
		r.View = *ec.View
	}
	r.setParams(ec.Params)
	for _, c := range r.Calls {
		c.Env, c.Sess = ec.Env, ec.Sess
	}
}

func (r *Run) setParams(vals []types.Datum) {
	for i, s := range r.Params {
		r.F.S[s] = types.Null
		if i < len(vals) {
			r.F.S[s] = vals[i]
		}
	}
}

// BeginStatement is Begin for a statement: it sees what there is now, where ec has no View.
func (r *Run) BeginStatement(ec *Context) {
	r.Begin(ec)
	if ec.View == nil && ec.Txn != nil {
		r.View, r.ownView = ec.Txn.Statement(), true
	}
}

// Again goes on with other parameters: what was computed with the ones before is void.
func (r *Run) Again(params []types.Datum) {
	r.setParams(params)
	r.Gen++
}

// End gives up what the execution holds of its session.
func (r *Run) End() {
	r.setParams(nil)
	for _, c := range r.Calls {
		c.Env, c.Sess = nil, nil
	}
	if r.ownView {
		r.View.Release()
		r.ownView = false
	}
	r.View, r.EC, r.done = txn.View{}, nil, nil
}

// Seen is what the statement sees; nil in an expression outside of one.
func (r *Run) Seen() *txn.View {
	if r.ownView || r.EC.View != nil {
		return &r.View
	}
	return nil
}

// Tick is called about once per row by whatever produces rows. Its error ends the execution (57014).
func (r *Run) Tick() error {
	r.ticks++
	if r.ticks&1023 != 0 || r.done == nil {
		return nil
	}
	return r.Canceled()
}

// Canceled is the error of an execution that is to end now.
func (r *Run) Canceled() error {
	select {
	case <-r.done:
		return pgerr.From(context.Cause(r.EC.Ctx))
	default:
		return nil
	}
}
