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
		r, err := newResult(c)
		if err != nil {
			return nil, err
		}
		t := &tree{result: r, relation: a[0].Str(), key: a[1].Str(), parent: a[2].Str(), delimiter: "~", serial: ordered}
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
		if err := t.emit(&start, nil, 0, start); err != nil {
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

func (t *tree) emit(key, parent text, level int64, branch string) error {
	t.n++
	depth, serial := strconv.FormatInt(level, 10), strconv.Itoa(t.n)
	row := []text{key, parent, &depth}
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
	var source []types.Attr
	var keys [][2]text
	if err := query(t.c, sql, func(cols []types.Attr) error {
		source = cols
		return nil
	}, func(row []text) error {
		if keys == nil {
			if err := t.checkSource(source); err != nil {
				return err
			}
		}
		keys = append(keys, [2]text{row[0], row[1]})
		return nil
	}); err != nil {
		return err
	}
	for _, k := range keys {
		if k[0] == nil { // it ends here
			if err := t.emit(nil, k[1], level, branch); err != nil {
				return err
			}
			continue
		}
		key := *k[0]
		if strings.Contains(t.delimiter+branch+t.delimiter, t.delimiter+key+t.delimiter) {
			return pgerr.New(pgerr.InvalidRecursion, "infinite recursion detected")
		}
		below := branch + t.delimiter + key
		if err := t.emit(&key, k[1], level, below); err != nil {
			return err
		}
		if err := t.children(key, below, level+1); err != nil {
			return err
		}
	}
	return nil
}

// checkSource compares the columns that the query gives with the declared ones.
func (t *tree) checkSource(source []types.Attr) error {
	bad := func(detail string, args ...any) error {
		return pgerr.New(pgerr.DatatypeMismatch, "invalid return type").WithDetail(detail, args...)
	}
	if len(source) < 2 {
		return bad("Query must return at least two columns.")
	}
	for i, name := range []string{"key", "parent key"} {
		s, want := source[i], t.cols[i]
		if s.Type != want.Type || want.Mod >= 0 && s.Mod != want.Mod {
			return bad("SQL %s field type %s does not match return %s field type %s.", name, types.FormatType(want.Type, want.Mod, t.c.Env), name,
				types.FormatType(s.Type, s.Mod, t.c.Env)) // PostgreSQL names them the wrong way round
		}
	}
	return nil
}
