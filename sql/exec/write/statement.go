package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/rowstore"
)

// Statement is what the changes of one instance of a program share: the execution, and the constraint checks and actions that wait for
// its end.
type Statement struct {
	*run.Run
	deferred *Deferred
	ri       *queue
	loaders  map[*target]*rowstore.Loader
}

// Bind names the Run of the instance; once, before anything is compiled.
func (st *Statement) Bind(r *run.Run) { st.Run = r }

// Begin starts an execution. deferred keeps checks that wait for the commit; nil: all are due at the statement's end.
func (st *Statement) Begin(deferred *Deferred) { st.deferred, st.ri = deferred, nil }

// Finish runs what has waited for the statement's end. Errors: 23503, 23505.
func (st *Statement) Finish() error {
	if st.ri != nil {
		return st.ri.run()
	}
	return nil
}

// Drop gives up what waits.
func (st *Statement) Drop() {
	for _, l := range st.loaders {
		l.Drop()
	}
	clear(st.loaders)
	if st.ri != nil {
		st.ri.drop()
	}
	st.deferred, st.ri = nil, nil
}

func (st *Statement) queue() *queue {
	if st.ri == nil {
		st.ri = &queue{ec: st.EC, deferred: st.deferred, view: st.Seen(), targets: map[catalog.OID]*cascadeTarget{}}
	}
	return st.ri
}
