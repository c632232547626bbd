package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
)

// narrowing is what a scan of a lake table wants of its rows: the columns that are read, and rows for which comparisons of a
// column with a value that is known when the scan begins hold.
type narrowing struct {
	want  engine.Want
	conds []narrowCond
}

// narrowCond is a condition whose value is computed when the scan begins.
type narrowCond struct {
	column int
	op     tuple.Comparison
	value  eval.Fn
}

// narrowing looks at a scan of a lake table; nil: the scan is of another table.
func (b *builder) narrowing(x *plan.TableScan, early, late *eval.RowCols) (*narrowing, error) {
	if !x.Table.Lake() || x.Index != nil {
		return nil, nil
	}
	n := &narrowing{}
	first, whole1 := early.Columns()
	rest, whole2 := late.Columns()
	if whole1 && whole2 {
		n.want.Columns = make([]bool, len(x.Table.Columns))
		for _, cols := range [][]eval.RowCol{first, rest} {
			for _, c := range cols {
				n.want.Columns[c.Att-1] = true
			}
		}
	}
	for _, e := range x.Filter {
		att, op, value := comparison(x, e)
		if value == nil {
			continue
		}
		fn, err := b.Fn(value)
		if err != nil {
			return nil, err
		}
		n.conds = append(n.conds, narrowCond{int(att) - 1, op, fn})
	}
	return n, nil
}

// begin computes the values.
func (n *narrowing) begin() (*engine.Want, error) {
	n.want.Where = n.want.Where[:0]
	for _, c := range n.conds {
		v, err := c.value()
		if err != nil {
			return nil, err
		}
		if !v.IsNull() {
			n.want.Where = append(n.want.Where, engine.Condition{Column: c.column, Op: c.op, Value: v.Clone()})
		}
	}
	return &n.want, nil
}

// Conditions are the conditions that rows of a scan meet, of those whose values are known before it begins.
func Conditions(x *plan.TableScan) []engine.Condition {
	var out []engine.Condition
	for _, e := range x.Filter {
		att, op, value := comparison(x, e)
		if c, ok := value.(*plan.Const); ok && !c.Val.IsNull() {
			out = append(out, engine.Condition{Column: int(att) - 1, Op: op, Value: c.Val})
		}
	}
	return out
}

// firstOwnOID: operators from there on are of extensions and users.
const firstOwnOID = 14000

// comparison takes an operator of PostgreSQL's between a column and a constant or parameter; value is nil if e is something else.
func comparison(x *plan.TableScan, e plan.Expr) (att int16, op tuple.Comparison, value plan.Expr) {
	f, ok := e.(*plan.FuncCall)
	if !ok || f.Op == 0 || f.Op >= firstOwnOID || f.Func != nil || len(f.Args) != 2 {
		return 0, 0, nil
	}
	if op = tuple.ComparisonOf(f.Name); op == 0 {
		return 0, 0, nil
	}
	l, r := f.Args[0], f.Args[1]
	if known(l) {
		l, r, op = r, l, op.Mirrored()
	}
	if !known(r) {
		return 0, 0, nil
	}
	if y, ok := l.(*plan.Relabel); ok {
		l = y.Arg
	}
	c, ok := l.(*plan.ColRef)
	if !ok {
		return 0, 0, nil
	}
	for _, cols := range [][]plan.Col{x.All, x.Out} {
		for _, o := range cols {
			if o.ID == c.Col && o.AttNum > 0 && comparable(x.Table.Columns[o.AttNum-1].Type, r.Type().OID, op, f.InputColl) {
				return o.AttNum, op, r
			}
		}
	}
	return 0, 0, nil
}

func known(e plan.Expr) bool {
	switch e.(type) {
	case *plan.Const, *plan.Param:
		return true
	}
	return false
}

// comparable reports that values of a column of type a compare with values of type b as the values of rows do.
func comparable(a, b types.OID, op tuple.Comparison, coll types.OID) bool {
	switch a {
	case types.Int2, types.Int4, types.Int8:
		return b == types.Int2 || b == types.Int4 || b == types.Int8
	case types.Date, types.Timestamp, types.TimestampTZ, types.Numeric:
		return a == b
	case types.Text, types.Varchar:
		return (b == types.Text || b == types.Varchar) && byBytes(op, coll)
	}
	return false
}

// byBytes reports that a comparison of texts is one of their bytes: of equality, wherever only equal bytes are equal.
func byBytes(op tuple.Comparison, coll types.OID) bool {
	const fallback, c, posix = 100, 950, 951
	return coll == c || coll == posix || coll == fallback && op == tuple.Equal
}
