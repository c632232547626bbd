package session

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

var _ builtin.Queries = (*functions)(nil)

// Query runs one query for a function. Errors in its text have their places there.
func (f *functions) Query(sql string, columns func([]types.Attr) error, row func([]types.Datum) error) error {
	s := f.s()
	stmts, err := parser.Parse(sql)
	if err != nil {
		return internalPlace(err, sql, "", 0)
	}
	if len(stmts) != 1 || !isQuery(stmts[0].Node) {
		return pgerr.Unsupported("SQL of a function that is not one query")
	}
	in := inner{stmt: stmts[0]}
	if err := s.planInner(&in); err != nil {
		return internalPlace(err, sql, "", 0)
	}
	ctx := f.Context()
	if err := s.readyInner(ctx, &in, true); err != nil {
		return internalPlace(err, sql, "SQL statement", 0)
	}
	var cols []types.Attr
	for _, c := range in.q.bound.Out {
		cols = append(cols, types.Attr{Name: c.Name, Type: c.T.OID, Mod: c.T.Mod})
	}
	if err := columns(cols); err != nil {
		return err
	}
	_, err = s.runPlanned(&plHost{s: s, ctx: ctx}, &in, nil, row)
	return err
}
