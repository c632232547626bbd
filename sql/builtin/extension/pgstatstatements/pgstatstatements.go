// Package pgstatstatements implements the functions of the extension pg_stat_statements over package stmtstats.
package pgstatstatements

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/stmtstats"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:  call.Fns{"pg_stat_statements_reset_1_7": reset, "pg_stat_statements_info": info},
		Sets: call.Sets{"pg_stat_statements_1_10": statements},
	}
}

func storeOf(c *call.Call) (*stmtstats.Store, error) {
	if s, ok := c.Sess.(call.Statements); ok && s.StatementStats() != nil {
		return s.StatementStats(), nil
	}
	return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "pg_stat_statements must be loaded via shared_preload_libraries")
}

// reset takes the role, the database and the query; 0 stands for all.
func reset(c *call.Call, a []types.Datum) (types.Datum, error) {
	s, err := storeOf(c)
	if err != nil {
		return types.Null, err
	}
	s.Reset(uint32(a[0].Uint()), uint32(a[1].Uint()), a[2].Int())
	return types.Null, nil
}

// info is a row of how often entries were dropped, and of when all were.
func info(c *call.Call, _ []types.Datum) (types.Datum, error) {
	s, err := storeOf(c)
	if err != nil {
		return types.Null, err
	}
	dropped, since := s.Info()
	return tuple.Bytes(tuple.AppendRecord(nil, []tuple.Field{
		{OID: types.Int8, Kind: types.Lookup(types.Int8).Kind, Value: tuple.Int(dropped)},
		{OID: types.TimestampTZ, Kind: types.Lookup(types.TimestampTZ).Kind, Value: tuple.Int(calendar.TimestampOf(since))},
	})), nil
}

// Columns of the view that nothing is measured for (blocks, their times, the log, JIT), in their order: whole numbers, fractions, and the
// one that is numeric.
const unmeasured = "nnnnnnnnnnffffnndnfnfnfnf"

// statements are the rows of the view; with false, without the texts.
func statements(c *call.Call, a []types.Datum) (call.Rows, error) {
	s, err := storeOf(c)
	if err != nil {
		return nil, err
	}
	none, err := types.Lookup(types.Numeric).ParseText("0", -1, c.Env)
	if err != nil {
		return nil, err
	}
	none = none.Clone()
	user, all := c.Sess.UserOID(), false
	if r := c.Sess.Roles(); r == nil || r.HasPrivsOf(user, privilege.ReadAllStats) {
		all = true
	}
	var rows [][]types.Datum
	for _, e := range s.Rows() {
		if e.Plans.Count == 0 && e.Execs.Count == 0 {
			continue // it has not ended yet
		}
		id, text := tuple.Int(e.ID), types.Null
		if a[0].Bool() {
			text = tuple.String(e.Text)
		}
		if !all && user != e.User {
			id = types.Null
			if a[0].Bool() {
				text = tuple.String("<insufficient privilege>")
			}
		}
		row := []types.Datum{tuple.Uint(uint64(e.User)), tuple.Uint(uint64(e.Database)), tuple.Bool(e.TopLevel), id, text}
		row = append(row, times(&e.Plans)...)
		row = append(append(row, times(&e.Execs)...), tuple.Int(e.Counts.Rows))
		for _, k := range unmeasured {
			switch k {
			case 'n':
				row = append(row, tuple.Int(0))
			case 'f':
				row = append(row, tuple.Float(0))
			case 'd':
				row = append(row, none)
			}
		}
		rows = append(rows, row)
	}
	return call.TableRows(rows), nil
}

func times(t *stmtstats.Times) []types.Datum {
	return []types.Datum{tuple.Int(t.Count), tuple.Float(t.Total), tuple.Float(t.Min), tuple.Float(t.Max), tuple.Float(t.Mean), tuple.Float(t.Deviation())}
}
