// Package tablefunc implements the extension tablefunc: normally distributed numbers, cross tables and trees out of queries.
package tablefunc

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{Sets: call.Sets{"normal_rand": normalRand, "crosstab": crosstab, "crosstab_hash": crosstabByCategory,
		"connectby_text": connectBy(false), "connectby_text_serial": connectBy(true)}}
}

// normalRand gives numbers of a normal distribution: n, mean, standard deviation.
func normalRand(c *call.Call, a []types.Datum) (call.Rows, error) {
	if c.Sess == nil {
		return nil, call.ErrNoSession
	}
	n, mean, deviation := a[0].Int(), a[1].Float(), a[2].Float()
	if n < 0 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "number of rows cannot be negative")
	}
	row := make([]types.Datum, 1)
	return call.RowsFunc(func() ([]types.Datum, bool, error) {
		if n == 0 {
			return nil, false, nil
		}
		n--
		// Box and Muller: 1 - u is never 0.
		radius := math.Sqrt(-2 * math.Log(1-c.Sess.Random()))
		row[0] = tuple.Float(mean + deviation*radius*math.Cos(2*math.Pi*c.Sess.Random()))
		return row, true, nil
	}), nil
}

// text is a value as its output function prints it; nil is NULL.
type text = *string

// query runs the SQL of an argument and gives its rows as text.
func query(c *call.Call, sql string, columns func(cols []types.Attr) error, row func([]text) error) error {
	q, ok := c.Sess.(call.Queries)
	if !ok {
		return call.ErrNoSession
	}
	var ts []*types.Type
	return q.Query(sql, func(cols []types.Attr) error {
		for _, col := range cols {
			ts = append(ts, c.Env.Type(col.Type))
		}
		return columns(cols)
	}, func(vals []types.Datum) error {
		out := make([]text, len(vals))
		for i, v := range vals {
			if !v.IsNull() {
				s := ts[i].Text(v, c.Env)
				out[i] = &s
			}
		}
		return row(out)
	})
}

// result are the columns that a call's rows have; the values come as text.
type result struct {
	c    *call.Call
	cols []types.Attr
	rows [][]types.Datum
}

func newResult(c *call.Call) (*result, error) {
	r := &result{c: c, cols: c.RetFields}
	if t := c.Env.Type(c.RetType); r.cols == nil && t != nil {
		r.cols = t.Attrs
	}
	if len(r.cols) == 0 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "function returning record called in context that cannot accept type record")
	}
	return r, nil
}

// add adds a row, read as the columns' types read text.
func (r *result) add(vals []text) error {
	row := make([]types.Datum, len(r.cols))
	for i := range row {
		row[i] = types.Null
		if i >= len(vals) || vals[i] == nil {
			continue
		}
		t := r.c.Env.Type(r.cols[i].Type)
		if t == nil {
			return call.TypeNotFound(r.cols[i].Type)
		}
		v, err := t.ParseText(*vals[i], r.cols[i].Mod, r.c.Env)
		if err != nil {
			return err
		}
		row[i] = v.Clone()
	}
	r.rows = append(r.rows, row)
	return nil
}

func same(a, b text) bool { return a == b || a != nil && b != nil && *a == *b }

func sourceError(detail string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid source data SQL statement").WithDetail("%s", detail)
}

// accepts compares what crosstab's query gives with the result's columns: a name and values of one type.
func (r *result) accepts(source []types.Attr) error {
	incompatible := pgerr.New(pgerr.SyntaxError, "return and sql tuple descriptions are incompatible")
	switch {
	case len(source) != 3:
		return sourceError("The provided SQL must return 3 columns: rowid, category, and values.")
	case len(r.cols) < 2:
		return incompatible
	case r.cols[0].Type != source[0].Type:
		return pgerr.New(pgerr.DatatypeMismatch, "invalid return type").WithDetail("SQL rowid datatype does not match return rowid datatype.")
	}
	for _, c := range r.cols[1:] {
		if c.Type != source[2].Type {
			return incompatible
		}
	}
	return nil
}

// crosstab makes one row of all rows with the same first column that follow each other: their third columns, in their order.
func crosstab(c *call.Call, a []types.Datum) (call.Rows, error) {
	r, err := newResult(c)
	if err != nil {
		return nil, err
	}
	categories := len(r.cols) - 1
	var source []types.Attr
	var current []text // the row under way: its name and values
	flush := func() error {
		if current == nil {
			return nil
		}
		return r.add(current)
	}
	err = query(c, a[0].Str(), func(cols []types.Attr) error {
		source = cols
		return nil
	}, func(row []text) error {
		if current == nil {
			if err := r.accepts(source); err != nil {
				return err
			}
		}
		if current == nil || !same(current[0], row[0]) {
			if err := flush(); err != nil {
				return err
			}
			current = []text{row[0]}
		}
		if len(current) <= categories {
			current = append(current, row[2])
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	return call.TableRows(r.rows), err
}

// crosstabByCategory is crosstab whose columns are the values of a second query; columns between the first and the last two are kept.
func crosstabByCategory(c *call.Call, a []types.Datum) (call.Rows, error) {
	r, err := newResult(c)
	if err != nil {
		return nil, err
	}
	place := map[string]int{}
	badCategories := pgerr.New(pgerr.SyntaxError, "provided \"categories\" SQL must return 1 column of at least one row")
	err = query(c, a[1].Str(), func(cols []types.Attr) error {
		if len(cols) != 1 {
			return badCategories
		}
		return nil
	}, func(row []text) error {
		if row[0] == nil {
			return pgerr.New(pgerr.SyntaxError, "provided \"categories\" SQL must not return NULL values")
		}
		if _, ok := place[*row[0]]; ok {
			return pgerr.New(pgerr.DuplicateObject, "duplicate category name")
		}
		place[*row[0]] = len(place)
		return nil
	})
	if err != nil {
		return nil, err
	}
	columns := 0 // of the source
	var current []text
	flush := func() error {
		if current == nil {
			return nil
		}
		return r.add(current)
	}
	first := func() error { // what can be wrong is looked at only if there is a row
		switch want := columns - 2 + len(place); {
		case len(place) == 0:
			return badCategories
		case columns < 3:
			return sourceError("The provided SQL must return 3  columns; rowid, category, and values.")
		case len(r.cols) != want:
			return pgerr.New(pgerr.SyntaxError, "invalid return type").
				WithDetail("Query-specified return tuple has %d columns but crosstab returns %d.", len(r.cols), want)
		}
		return nil
	}
	err = query(c, a[0].Str(), func(cols []types.Attr) error {
		columns = len(cols)
		return nil
	}, func(row []text) error {
		if current == nil {
			if err := first(); err != nil {
				return err
			}
		}
		if current == nil || !same(current[0], row[0]) {
			if err := flush(); err != nil {
				return err
			}
			current = append(append([]text{}, row[:columns-2]...), make([]text, len(place))...)
		}
		if name := row[columns-2]; name != nil {
			if i, ok := place[*name]; ok {
				current[columns-2+i] = row[columns-1]
			}
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	return call.TableRows(r.rows), err
}
