package tablefunc

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// tree is one call of connectby.
type tree struct {
	*result
	relation, key, parent, order string
	maxDepth                     int64
	delimiter                    string
	branch, serial               bool // what the result shows besides key, parent and level
	n                            int
}

// connectBy walks a table that keeps a tree as keys and parents' keys; ordered calls name a column that orders brothers.
func connectBy(ordered bool) call.SetFn {
	return func(c *call.Call, a []types.Datum) (call.Rows, error) {
		if c.RetFields == nil {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "materialize mode required, but it is not allowed in this context")
		}
		t := &tree{result: newResult(c), relation: a[0].Str(), key: a[1].Str(), parent: a[2].Str(), delimiter: "~", serial: ordered}
		a = a[3:]
		if ordered {
			t.order, a = a[0].Str(), a[1:]
		}
		start := a[0].Str()
		t.maxDepth = a[1].Int()
		if len(a) > 2 {
			t.branch, t.delimiter = true, a[2].Str()
		}
		if err := t.check(); err != nil {
			return nil, err
		}
		if err := t.emit(start, nil, 0, start); err != nil {
			return nil, err
		}
		if err := t.children(start, start, 1); err != nil {
			return nil, err
		}
		return call.TableRows(t.rows), nil
	}
}

// check compares the declared columns with what the call gives.
func (t *tree) check() error {
	bad := func(detail string) error {
		return pgerr.New(pgerr.DatatypeMismatch, "invalid return type").WithDetail("%s", detail)
	}
	want := 3
	if t.branch {
		want++
	}
	if t.serial {
		want++
	}
	is := func(i int, typ types.OID) bool { return t.cols[i].Type == typ }
	switch {
	case len(t.cols) != want:
		return bad("Query-specified return tuple has wrong number of columns.")
	case t.cols[0].Type != t.cols[1].Type:
		return bad("First two columns must be the same type.")
	case !is(2, types.Int4):
		return bad("Third column must be type integer.")
	case t.branch && !is(3, types.Text):
		return bad("Fourth column must be type text.")
	case t.branch && t.serial && !is(4, types.Int4):
		return pgerr.New(pgerr.DatatypeMismatch, "query-specified return tuple not valid for Connectby: fifth column must be type integer")
	case !t.branch && t.serial && !is(3, types.Int4):
		return pgerr.New(pgerr.DatatypeMismatch, "query-specified return tuple not valid for Connectby: fourth column must be type integer")
	}
	return nil
}

func (t *tree) emit(key string, parent text, level int64, branch string) error {
	t.n++
	depth, serial := strconv.FormatInt(level, 10), strconv.Itoa(t.n)
	row := []text{&key, parent, &depth}
	if t.branch {
		row = append(row, &branch)
	}
	if t.serial {
		row = append(row, &serial)
	}
	return t.add(row)
}

// children adds what stands below a key, depth first. A branch that meets itself is 42P19.
func (t *tree) children(parent, branch string, level int64) error {
	if t.maxDepth > 0 && level > t.maxDepth {
		return nil
	}
	literal := "'" + strings.ReplaceAll(parent, "'", "''") + "'"
	if strings.Contains(parent, `\`) {
		literal = "E" + strings.ReplaceAll(literal, `\`, `\\`)
	}
	sql := "SELECT " + t.key + ", " + t.parent + " FROM " + t.relation + " WHERE " + t.parent + " = " + literal + " AND " + t.key + " IS NOT NULL AND " +
		t.key + " <> " + t.parent
	if t.order != "" {
		sql += " ORDER BY " + t.order
	}
	var keys [][2]string
	if err := query(t.c, sql, func(int) error { return nil }, func(row []text) error {
		keys = append(keys, [2]string{*row[0], *row[1]})
		return nil
	}); err != nil {
		return err
	}
	for _, k := range keys {
		if strings.Contains(t.delimiter+branch+t.delimiter, t.delimiter+k[0]+t.delimiter) {
			return pgerr.New(pgerr.InvalidRecursion, "infinite recursion detected")
		}
		below := branch + t.delimiter + k[0]
		if err := t.emit(k[0], &k[1], level, below); err != nil {
			return err
		}
		if err := t.children(k[0], below, level+1); err != nil {
			return err
		}
	}
	return nil
}
