package plpgsql

import (
	"slices"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// rowDesc is the row that a record has. Descriptors are compared by address.
type rowDesc struct {
	attrs []types.Attr
	types []*types.Type
	oid   types.OID // the composite type, or Record
	names tuple.FieldNames
}

func (d *rowDesc) field(name string) int {
	for i := range d.attrs {
		if d.attrs[i].Name == name {
			return i
		}
	}
	return -1
}

// value is a variable's: a Datum, or a record's fields. A record with a descriptor and nil fields is NULL.
type value struct {
	d      types.Datum
	desc   *rowDesc
	fields []types.Datum
}

// frame is one call of a function.
type frame struct {
	fn    *Function
	h     Host
	vals  []value
	code  *Code
	descs map[types.OID]*rowDesc

	// The statement under way, for CONTEXT; errText replaces its name.
	line    int
	stmt    string
	errText string
	rows    int64 // ROW_COUNT
	caught  *pgerr.Error
	out     *Result
	retVal  types.Datum
	retRow  []types.Datum
	retDesc *rowDesc
	retType plan.Type
	hasRet  bool
	exitTo  string
	trig    *TriggerCall
}

// Code keeps what one session has planned for a function's texts.
type Code struct {
	exprs map[*expr]*planned
	stmts map[*expr]*plannedStmt
	// Busy: a call is under way; another call uses a Code of its own.
	Busy  bool
	descs map[types.OID]*rowDesc
	want  *rowDesc // the row that the query around wants of a function that returns records
}

// NewCode returns an empty Code.
func NewCode() *Code {
	return &Code{exprs: map[*expr]*planned{}, stmts: map[*expr]*plannedStmt{}, descs: map[types.OID]*rowDesc{}}
}

type planned struct {
	vars *exprVars
	e    Expression
}

type plannedStmt struct {
	vars *exprVars
	s    Statement
	cols []plan.Col // that desc was made of
	desc *rowDesc
}

// Result is what a call has given.
type Result struct {
	Rows [][]types.Datum // of a set; nil rows are NULL records
	// Value is the result of a function that is no set; for a composite one its fields are in Row and Types, Null if it is NULL.
	Value types.Datum
	Row   []types.Datum
	Types []*types.Type
	Null  bool
	Attrs []types.Attr
}

func (f *frame) typ(oid types.OID) *types.Type {
	if t := types.Lookup(oid); t != nil {
		return t
	}
	return f.h.Type(oid)
}

func (f *frame) planType(a types.Attr) plan.Type {
	t := plan.Type{OID: a.Type, Mod: a.Mod}
	if y := f.typ(a.Type); y != nil {
		t.Coll = y.Collation
	}
	return t
}

// compositeDesc is the row of a composite type, looked through domains.
func (f *frame) compositeDesc(oid types.OID) *rowDesc {
	if d := f.descs[oid]; d != nil {
		return d
	}
	y := f.typ(oid)
	for y != nil && y.TypType == types.TypeDomain {
		y = f.typ(y.Base)
	}
	if y == nil || y.TypType != types.TypeComposite {
		return nil
	}
	d := f.makeDesc(y.Attrs)
	d.oid = y.OID
	f.descs[oid] = d
	return d
}

func (f *frame) makeDesc(attrs []types.Attr) *rowDesc {
	d := &rowDesc{attrs: attrs, oid: types.Record, names: types.AttrNames(attrs)}
	for _, a := range attrs {
		t := f.typ(a.Type)
		if t == nil {
			panic(pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", a.Type))
		}
		d.types = append(d.types, t)
	}
	return d
}

// recordDatum is a record as one value; one that nothing has been assigned to is NULL.
func (f *frame) recordDatum(v *variable) (types.Datum, error) {
	val := &f.vals[v.no]
	if val.desc == nil || val.fields == nil {
		return types.Null, nil
	}
	if v.typ.OID != types.Record {
		return types.MakeRecord(val.desc.types, val.fields), nil
	}
	return types.MakeNamedRecord(val.desc.types, val.desc.names, val.fields), nil
}

// setRecord assigns a row to a record: of any row it takes the shape, of a composite type the values are converted.
func (f *frame) setRecord(v *variable, desc *rowDesc, fields []types.Datum) error {
	val := &f.vals[v.no]
	if v.typ.OID == types.Record {
		val.desc = desc
		val.fields = nil
		if fields != nil {
			val.fields = make([]types.Datum, len(desc.attrs))
			for i := range val.fields {
				val.fields[i] = types.Null
				if i < len(fields) {
					val.fields[i] = fields[i].Clone()
				}
			}
		}
		return nil
	}
	want := f.compositeDesc(v.typ.OID)
	if want == nil {
		return pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", v.typ.OID)
	}
	val.desc = want
	if fields == nil {
		val.fields = nil
		return f.checkDomain(v)
	}
	out := make([]types.Datum, len(want.attrs))
	for i := range out {
		out[i] = types.Null
		if i >= len(fields) {
			continue
		}
		d, err := f.h.Cast(fields[i], f.planType(desc.attrs[i]), f.planType(want.attrs[i]))
		if err != nil {
			return err
		}
		out[i] = d.Clone()
	}
	val.fields = out
	return f.checkDomain(v)
}

// checkDomain checks the constraints of a domain over a composite type.
func (f *frame) checkDomain(v *variable) error {
	y := f.typ(v.typ.OID)
	if y == nil || y.TypType != types.TypeDomain {
		return nil
	}
	d, err := f.recordDatum(v)
	if err != nil {
		return err
	}
	_, err = f.h.Cast(d, v.typ, v.typ)
	return err
}

// setDatum assigns a value of a type to a whole variable.
func (f *frame) setDatum(v *variable, d types.Datum, t plan.Type, attrs []types.Attr, text string) error {
	if v.kind == record {
		if d.IsNull() {
			desc := f.vals[v.no].desc
			switch {
			case v.typ.OID != types.Record:
				desc = f.compositeDesc(v.typ.OID)
			case f.rowType(t.OID) && attrs != nil:
				desc = f.makeDesc(attrs)
			case f.rowType(t.OID) && t.OID != types.Record:
				desc = f.compositeDesc(t.OID)
			}
			f.vals[v.no].desc, f.vals[v.no].fields = desc, nil
			if v.notNull {
				return nullError(v)
			}
			return f.checkDomain(v)
		}
		if !f.rowType(t.OID) {
			return pgerr.New(pgerr.DatatypeMismatch, "cannot assign non-composite value to a record variable")
		}
		desc, fields := f.takeApart(d, t, attrs)
		return f.setRecord(v, desc, fields)
	}
	if t.OID != v.typ.OID || v.typ.Mod >= 0 && v.typ.Mod != t.Mod || v.typ.OID >= 16384 {
		var err error
		if d, err = f.h.Cast(d, t, v.typ); err != nil {
			return err
		}
	}
	if v.notNull && d.IsNull() {
		return nullError(v)
	}
	f.vals[v.no].d = d.Clone()
	return nil
}

func nullError(v *variable) error {
	return pgerr.New(pgerr.NullValueNotAllowed, "null value cannot be assigned to variable \"%s\" declared NOT NULL", v.name)
}

func (f *frame) rowType(oid types.OID) bool {
	return oid == types.Record || f.compositeDesc(oid) != nil
}

// takeApart gives the fields of a composite value with what is known of their names.
func (f *frame) takeApart(d types.Datum, t plan.Type, attrs []types.Attr) (*rowDesc, []types.Datum) {
	r := tuple.Record(d.Bytes())
	fields := make([]types.Datum, r.Len())
	desc := f.compositeDesc(t.OID)
	if desc == nil && attrs != nil && len(attrs) == r.Len() {
		desc = f.makeDesc(attrs)
	}
	if desc == nil {
		desc = f.makeDesc(types.RecordAttrs(r))
	}
	for i := range fields {
		fields[i] = r.Field(i).Value
	}
	return desc, fields
}

// setField assigns a value to a field of a record.
func (f *frame) setField(v *variable, name string, d types.Datum, t plan.Type) error {
	val := &f.vals[v.no]
	if val.desc == nil {
		if v.typ.OID == types.Record {
			return notAssigned(v)
		}
		val.desc = f.compositeDesc(v.typ.OID)
	}
	i := val.desc.field(name)
	if i < 0 {
		return pgerr.New(pgerr.UndefinedColumn, "record \"%s\" has no field \"%s\"", v.name, name)
	}
	c, err := f.h.Cast(d, t, f.planType(val.desc.attrs[i]))
	if err != nil {
		return err
	}
	if val.fields == nil {
		val.fields = make([]types.Datum, len(val.desc.attrs))
		for k := range val.fields {
			val.fields[k] = types.Null
		}
	}
	val.fields[i] = c.Clone()
	return f.checkDomain(v)
}

// expression evaluates a text as one value.
func (f *frame) expression(e *expr) (types.Datum, plan.Type, []types.Attr, error) {
	p := f.code.exprs[e]
	if p == nil {
		p = &planned{vars: &exprVars{e: e, f: f}}
		p.vars.f = f
		var err error
		if e.kind == exprAssign {
			base := p.vars.whole(e.target, 1)
			p.e, err = f.h.Assignment(e.text[assignValue(e):], base, e.path, p.vars)
		} else {
			p.e, err = f.h.Expression(e.text, p.vars)
		}
		if err != nil {
			return types.Null, plan.Type{}, nil, err
		}
		f.code.exprs[e] = p
	}
	p.vars.f = f
	if err := p.e.Ready(p.vars.stale()); err != nil {
		return types.Null, plan.Type{}, nil, err
	}
	params, err := p.vars.values()
	if err != nil {
		return types.Null, plan.Type{}, nil, err
	}
	d, err := p.e.Eval(params)
	return d, p.e.Type(), p.e.Attrs(), err
}

// assignValue is where the value begins in the text of an assignment to a part.
func assignValue(e *expr) int {
	depth := 0
	for i := 0; i < len(e.text); i++ {
		switch c := e.text[i]; {
		case c == '[' || c == '(':
			depth++
		case c == ']' || c == ')':
			depth--
		case c == ':' && depth == 0 && i+1 < len(e.text) && e.text[i+1] == '=':
			return i + 2
		case c == '=' && depth == 0:
			return i + 1
		}
	}
	return 0
}

// condition evaluates a text as a truth value; NULL counts as false.
func (f *frame) condition(e *expr) (bool, error) {
	d, t, _, err := f.expression(e)
	if err != nil {
		return false, err
	}
	if t.OID != types.Bool {
		if d, err = f.h.Cast(d, t, plan.Type{OID: types.Bool, Mod: -1}); err != nil {
			return false, err
		}
	}
	return !d.IsNull() && d.Bool(), nil
}

// statement readies a text as a statement and gives it with its parameters.
func (f *frame) statement(e *expr) (*plannedStmt, []types.Datum, error) {
	p := f.code.stmts[e]
	if p == nil {
		p = &plannedStmt{vars: &exprVars{e: e, f: f}}
		var err error
		if p.s, err = f.h.Statement(e.text, p.vars); err != nil {
			return nil, nil, err
		}
		f.code.stmts[e] = p
	}
	p.vars.f = f
	if err := p.s.Ready(p.vars.stale()); err != nil {
		return nil, nil, err
	}
	params, err := p.vars.values()
	if err != nil {
		return nil, nil, err
	}
	return p, append([]types.Datum(nil), params...), nil
}

// descOf is the row of a statement's columns; it is the same descriptor as long as the plan is the same.
func (p *plannedStmt) descOf(f *frame) *rowDesc {
	cols := p.s.Cols()
	if p.desc != nil && len(cols) == len(p.cols) && (len(cols) == 0 || &cols[0] == &p.cols[0]) {
		return p.desc
	}
	p.cols = cols
	d := f.colsDesc(cols)
	if p.desc != nil && slices.Equal(p.desc.attrs, d.attrs) {
		return p.desc
	}
	p.desc = d
	return d
}

func (f *frame) colsDesc(cols []plan.Col) *rowDesc {
	attrs := make([]types.Attr, len(cols))
	for i, c := range cols {
		attrs[i] = types.Attr{Name: c.Name, Type: c.T.OID, Mod: c.T.Mod}
		if c.T.OID == types.Unknown {
			attrs[i].Type = types.Text
		}
	}
	return f.makeDesc(attrs)
}

// intoRow assigns a row to the targets of INTO, FETCH or a loop; a nil row makes them NULL.
func (f *frame) intoRow(to []*target, whole *variable, desc *rowDesc, row []types.Datum) error {
	if whole == nil && len(to) == 1 && to[0].v.kind == record && to[0].field == "" {
		whole = to[0].v
	}
	if whole != nil {
		if row == nil {
			row = make([]types.Datum, len(desc.attrs))
			for i := range row {
				row[i] = types.Null
			}
		}
		// One composite column may be the whole row.
		if len(desc.attrs) == 1 && whole.typ.OID != types.Record && f.rowType(desc.attrs[0].Type) {
			want := f.compositeDesc(whole.typ.OID)
			if len(want.attrs) != 1 || !f.rowType(want.attrs[0].Type) {
				return f.setDatum(whole, row[0], f.planType(desc.attrs[0]), nil, "")
			}
		}
		return f.setRecord(whole, desc, row)
	}
	for i, t := range to {
		d, ty := types.Null, plan.Type{OID: types.Unknown, Mod: -1}
		if i < len(desc.attrs) {
			ty = f.planType(desc.attrs[i])
			if row != nil {
				d = row[i]
			}
		}
		if err := f.assignTo(t, d, ty, nil); err != nil {
			return err
		}
	}
	return nil
}

// assignTo assigns to a variable or a field.
func (f *frame) assignTo(t *target, d types.Datum, ty plan.Type, attrs []types.Attr) error {
	if t.field != "" {
		return f.setField(t.v, t.field, d, ty)
	}
	return f.setDatum(t.v, d, ty, attrs, t.text)
}
