package plpgsql

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// scope is a level of names: a block, a loop, the function.
type scope struct {
	parent *scope
	label  string
	loop   bool
	names  map[string]*variable
}

func (s *scope) child(label string, loop bool) *scope {
	return &scope{parent: s, label: label, loop: loop, names: map[string]*variable{}}
}

// find resolves a dotted name: a variable, or one behind the label of its block. parts is how many parts name the variable.
func (s *scope) find(name []string) (v *variable, parts int) {
	for l := s; l != nil; l = l.parent {
		if v := l.names[name[0]]; v != nil {
			return v, 1
		}
		if len(name) > 1 && l.label == name[0] && l.label != "" {
			if v := l.names[name[1]]; v != nil {
				return v, 2
			}
		}
	}
	return nil, 0
}

// paramRef is a parameter of a text: a whole variable, or a field of a record.
type paramRef struct {
	v     *variable
	field int // -1: the whole
}

// exprVars gives the variables of a text as parameters. The parameters are numbered as the text names them; records whose fields the
// text knows are noted with the rows that they had.
type exprVars struct {
	e      *expr
	f      *frame
	params []paramRef
	shapes []shapeRef
	buf    []types.Datum
}

// shapeRef is the row that a record had when the text was bound.
type shapeRef struct {
	v    *variable
	desc *rowDesc
}

func (x *exprVars) Begin() { x.params, x.shapes = x.params[:0], x.shapes[:0] }

func (x *exprVars) Conflict() expression.VariableConflict { return x.f.fn.conflict }

func (x *exprVars) Number(n int) expression.Variable {
	if n < 1 || n > len(x.f.fn.args) {
		return expression.Variable{}
	}
	return x.whole(x.f.fn.args[n-1], 1)
}

func (x *exprVars) Variable(name []string) expression.Variable {
	v, parts := x.e.ns.find(name)
	if v == nil {
		return expression.Variable{}
	}
	if v.kind == record && len(name) > parts {
		return x.field(v, name[parts], parts+1)
	}
	return x.whole(v, parts)
}

func (x *exprVars) index(p paramRef) int {
	for i, have := range x.params {
		if have == p {
			return i
		}
	}
	x.params = append(x.params, p)
	return len(x.params) - 1
}

func (x *exprVars) whole(v *variable, parts int) expression.Variable {
	out := expression.Variable{Parts: parts, Index: x.index(paramRef{v, -1}), Type: v.typ}
	if v.kind == record {
		if d := x.desc(v); d != nil {
			out.Attrs = d.attrs
		}
	}
	return out
}

// desc is the row that a record has, noted as what the text was bound with.
func (x *exprVars) desc(v *variable) *rowDesc {
	d := x.f.vals[v.no].desc
	x.shapes = append(x.shapes, shapeRef{v, d})
	return d
}

func (x *exprVars) field(v *variable, name string, parts int) expression.Variable {
	d := x.desc(v)
	if d == nil {
		panic(notAssigned(v))
	}
	i := d.field(name)
	if i < 0 {
		panic(pgerr.New(pgerr.UndefinedColumn, "record \"%s\" has no field \"%s\"", v.name, name))
	}
	a := d.attrs[i]
	t := x.f.planType(a)
	return expression.Variable{Parts: parts, Index: x.index(paramRef{v, i}), Type: t}
}

func notAssigned(v *variable) *pgerr.Error {
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "record \"%s\" is not assigned yet", v.name).
		WithDetail("The tuple structure of a not-yet-assigned record is indeterminate.")
}

// stale reports that a record has another row now than the text was bound with.
func (x *exprVars) stale() bool {
	for _, s := range x.shapes {
		if x.f.vals[s.v.no].desc != s.desc {
			return true
		}
	}
	return false
}

// Base numbers the variable that an assignment changes.
func (x *exprVars) Base() expression.Variable { return x.whole(x.e.target, 1) }

// Values are the parameters' values, for statements that bind late.
func (x *exprVars) Values() ([]types.Datum, error) { return x.values() }

// values are the parameters' values now.
func (x *exprVars) values() ([]types.Datum, error) {
	if cap(x.buf) < len(x.params) {
		x.buf = make([]types.Datum, len(x.params))
	}
	x.buf = x.buf[:len(x.params)]
	for i, p := range x.params {
		val := &x.f.vals[p.v.no]
		switch {
		case p.field >= 0:
			x.buf[i] = types.Null
			if p.field < len(val.fields) {
				x.buf[i] = val.fields[p.field]
			}
		case p.v.kind == record:
			d, err := x.f.recordDatum(p.v)
			if err != nil {
				return nil, err
			}
			x.buf[i] = d
		default:
			x.buf[i] = val.d
		}
	}
	return x.buf, nil
}
