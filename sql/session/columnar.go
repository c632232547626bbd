package session

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// columnar runs fragments over the columnar shape where the settings and the transaction allow it.
func (s *Session) columnar() exec.ColumnarRunner {
	if s.db.Columnar == nil {
		return nil
	}
	return columnarRunner{s}
}

// routeColumnar cuts fragments out of a plan. Cached plans outlive settings: those count when a fragment starts.
// The reason says why there are none.
func (s *Session) routeColumnar(p *plan.Physical) (reason string) {
	switch {
	case s.db.Columnar == nil:
		return ""
	case p.Guarded:
		return "row security or a security barrier"
	}
	return columnar.Route(p, columnar.Options{Rows: s.rows})
}

// columnarOn reports whether the settings let a fragment run over the columnar shape.
func (s *Session) columnarOn(n *plan.Columnar) bool {
	switch mode, _ := s.settings.Get("tarn.columnar"); mode {
	case "on":
		return true
	case "auto":
		return n.Input >= float64(s.settings.Int("tarn.columnar_min_rows")) && n.Cost < n.RowCost()
	}
	return false
}

type columnarRunner struct{ s *Session }

func (r columnarRunner) Accepts(n *plan.Columnar) bool { return r.s.columnarOn(n) }

func (r columnarRunner) RunColumnar(ec *run.Context, view *txn.View, n *plan.Columnar, params []types.Datum, feeds exec.ColumnarFeeds) (exec.ColumnarRows, bool, error) {
	// The columnar shape holds what is committed: of a table to which the transaction has written it needs the rows.
	for i, t := range n.Tables {
		switch {
		case columnar.Outside(t):
			feeds[i] = func() (builtin.Rows, error) { return r.s.outside(t, n.Calls[i]) }
		case columnar.Shaped(t) && !view.Wrote(tuple.AppendPrefix(nil, t.StorageID, 0), tuple.AppendPrefix(nil, t.StorageID+1, 0)):
			feeds[i] = nil
		case feeds[i] == nil:
			return nil, false, nil
		}
	}
	return r.s.db.Columnar.RunColumnar(ec, view, n, params, feeds)
}

// outside is where the rows of an external table are, or of a call of delta_scan, whose arguments are constants.
func (s *Session) outside(t *catalog.Table, call *plan.FuncCall) (*columnar.Place, error) {
	p := &columnar.Place{}
	var err error
	if call == nil {
		p.Dir, p.Version, err = s.sources().TablePlace(t, s.pins())
		p.Opened = func(version int64) { s.pins()[p.Dir] = version }
		return p, err
	}
	args := make([]string, len(call.Args))
	for i, a := range call.Args {
		args[i] = a.(*plan.Const).Val.Str()
	}
	p.Dir, p.Version, err = s.sources().DeltaVersion(args)
	return p, err
}

// rows estimates the rows of a table.
func (s *Session) rows(t *catalog.Table) float64 {
	if t.Kind == catalog.RelForeign {
		if n := s.sources().TableRows(t); n > 0 {
			return n
		}
	}
	return s.db.Rows(t)
}
