package routine

import (
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Shape is what a function gives, with polymorphic types resolved.
type Shape struct {
	Type   plan.Type
	Void   bool
	Set    bool
	Row    bool // composite, or a record
	Fields []types.Attr
	Types  []*types.Type // of Fields
	Open   bool          // a record whose fields the statement decides
}

// ShapeOf says what a call gives: the declared result with polymorphic types resolved.
func ShapeOf(e Env, c *run.RoutineCall) (Shape, error) {
	p := &c.Func.Proc
	r := Shape{Type: c.Ret, Set: p.RetSet, Void: c.Ret.OID == types.Void}
	y := e.Lookup(c.Ret.OID)
	for y != nil && y.TypType == types.TypeDomain {
		y = e.Lookup(y.Base)
	}
	switch {
	case c.Ret.OID == types.Record:
		r.Row = true
		if r.Fields = bind.OutColumns(e.Bind(), c.Func, c.ArgTypes); r.Fields == nil {
			r.Fields = c.Fields
		}
		r.Open = r.Fields == nil
	case y != nil && y.TypType == types.TypeComposite:
		r.Row, r.Fields = true, y.Attrs
	}
	return r, r.SetFields(e, r.Fields)
}

// SetFields gives a row its columns.
func (r *Shape) SetFields(e Env, fields []types.Attr) error {
	r.Fields, r.Types = fields, nil
	for _, a := range r.Fields {
		t := e.Lookup(a.Type)
		if t == nil {
			return pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", a.Type)
		}
		r.Types = append(r.Types, t)
	}
	return nil
}

// WholeRow reports whether the one column of the last statement is the whole row.
func (r *Shape) WholeRow(e Env, f *catalog.Function, cols []plan.Col) bool {
	return len(cols) == 1 && f.Proc.Kind != 'p' && isRow(e, cols[0].T.OID) && (r.Open || r.rowFits(e, cols[0].T.OID))
}

// RecordFits reports a record whose fields are not the result's.
func (r *Shape) RecordFits(e Env, ts []*types.Type) error {
	if len(ts) != len(r.Types) {
		return types.RowWidthError(len(ts), len(r.Types))
	}
	for i, t := range ts {
		if t != nil && t.OID != r.Types[i].OID && t.OID != types.Unknown {
			return types.RowFieldError(i, t.OID, r.Types[i].OID, e.Text())
		}
	}
	return nil
}

// CheckDomain checks the constraints of a domain over a composite type.
func (r *Shape) CheckDomain(e Env, v []types.Datum) error {
	if y := e.Lookup(r.Type.OID); y != nil && y.TypType == types.TypeDomain {
		return e.Text().CheckDomain(y.OID, types.MakeRecord(r.Types, v))
	}
	return nil
}

func isRow(e Env, oid types.OID) bool {
	if oid == types.Record {
		return true
	}
	y := e.Lookup(oid)
	for y != nil && y.TypType == types.TypeDomain {
		y = e.Lookup(y.Base)
	}
	return y != nil && y.TypType == types.TypeComposite
}

// rowFits reports whether a value of a row type can stand for the result.
func (r *Shape) rowFits(e Env, oid types.OID) bool {
	if oid == types.Record {
		return true
	}
	if len(r.Fields) == 1 && isRow(e, r.Fields[0].Type) && r.Fields[0].Type == oid {
		return false
	}
	y := e.Lookup(oid)
	for y != nil && y.TypType == types.TypeDomain {
		y = e.Lookup(y.Base)
	}
	if y == nil || len(y.Attrs) != len(r.Fields) {
		return false
	}
	for i, a := range y.Attrs {
		if a.Type != r.Fields[i].Type {
			return false
		}
	}
	return true
}

// Mismatch is the error of a body that gives something else.
func (r *Shape) Mismatch(e Env, detail string, args ...any) error {
	return pgerr.New(pgerr.InvalidFunctionDefinition, "return type mismatch in function declared to return %s", types.FormatType(r.Type.OID, -1, e.Text())).
		WithDetail(detail, args...)
}

// Check reports columns of the last statement that are not the result's; nil: it gives no rows.
func (r *Shape) Check(e Env, f *catalog.Function, cols []plan.Col) error {
	if r.Void {
		return nil
	}
	if cols == nil {
		return r.Mismatch(e, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.")
	}
	env := e.Bind()
	if !r.Row {
		if len(cols) != 1 {
			return r.Mismatch(e, "Final statement must return exactly one column.")
		}
		if !bind.Assignable(env, cols[0].T.OID, r.Type.OID) {
			return r.Mismatch(e, "Actual return type is %s.", types.FormatType(cols[0].T.OID, -1, e.Text()))
		}
		return nil
	}
	if r.Open || r.WholeRow(e, f, cols) {
		return nil
	}
	for i, c := range cols {
		if i >= len(r.Fields) {
			return r.Mismatch(e, "Final statement returns too many columns.")
		}
		if !bind.Assignable(env, c.T.OID, r.Fields[i].Type) {
			return r.Mismatch(e, "Final statement returns %s instead of %s at column %d.", types.FormatType(c.T.OID, -1, e.Text()),
				types.FormatType(r.Fields[i].Type, -1, e.Text()), i+1)
		}
	}
	if len(cols) < len(r.Fields) {
		return r.Mismatch(e, "Final statement returns too few columns.")
	}
	return nil
}
