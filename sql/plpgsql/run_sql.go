package plpgsql

import (
	"strings"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// strictError says of STRICT what the parameters were, where the body asks for that.
func (f *frame) strictError(e *pgerr.Error, x *expr) error {
	if !f.fn.printStrict || x == nil {
		return e
	}
	p := f.code.stmts[x]
	if p == nil {
		return e
	}
	var parts []string
	for _, r := range p.vars.params {
		if r.field >= 0 || r.v.kind != scalar {
			continue
		}
		parts = append(parts, f.shown(r.v.name, f.vals[r.v.no].d, r.v.typ))
	}
	if parts != nil {
		e = e.WithDetail("parameters: %s", strings.Join(parts, ", "))
	}
	return e
}

func (f *frame) shown(name string, d types.Datum, t plan.Type) string {
	if d.IsNull() {
		return name + " = NULL"
	}
	return name + " = '" + strings.ReplaceAll(f.h.Text(d, t), "'", "''") + "'"
}

func (f *frame) execSQL(x *execSQL) error {
	p, params, err := f.statement(x.e)
	if err != nil {
		return err
	}
	cols := p.s.Cols()
	tag := p.s.Tag()
	if x.hasIn {
		if cols == nil {
			return pgerr.New(pgerr.SyntaxError, "INTO used with a command that cannot return data")
		}
		return f.runInto(p.s, params, p.descOf(f), x.into, x.strict, tag, func(e *pgerr.Error) error { return f.strictError(e, x.e) })
	}
	if cols != nil && tag == "SELECT" {
		return pgerr.New(pgerr.SyntaxError, "query has no destination for result data").
			WithHint("If you want to discard the results of a SELECT, use PERFORM instead.")
	}
	if cols != nil {
		return pgerr.New(pgerr.SyntaxError, "query has no destination for result data")
	}
	n, err := p.s.Run(params, nil)
	if err != nil {
		return err
	}
	switch tag {
	case "INSERT", "UPDATE", "DELETE", "MERGE":
		f.rows = n
		f.setFound(n > 0)
	default:
		f.rows = n
	}
	return nil
}

// runInto runs a statement whose first row goes into variables.
func (f *frame) runInto(s Statement, params []types.Datum, desc *rowDesc, into []*target, strict bool, tag string, mark func(*pgerr.Error) error) error {
	dml := tag != "SELECT"
	limit := 1
	if strict || dml {
		limit = 2
	}
	var first []types.Datum
	seen := 0
	n, err := s.Run(params, func(row []types.Datum) error {
		if seen++; seen == 1 {
			first = make([]types.Datum, len(row))
			for i, d := range row {
				first[i] = d.Clone()
			}
		}
		if seen >= limit && !dml {
			return ErrStop
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !dml {
		n = int64(seen)
	}
	switch {
	case seen == 0 && strict:
		return mark(pgerr.New(pgerr.NoDataFound, "query returned no rows"))
	case seen > 1 && (strict || dml):
		e := pgerr.New(pgerr.TooManyRows, "query returned more than one row")
		if strict || dml {
			e = e.WithHint("Make sure the query returns a single row, or use LIMIT 1.")
		}
		return mark(e)
	}
	if seen > 1 {
		n = 1
	}
	f.rows = n
	f.setFound(seen > 0)
	if seen == 0 {
		return f.intoRow(into, nil, desc, nil)
	}
	return f.intoRow(into, nil, desc, first)
}

// dynText evaluates the text of EXECUTE and the values of USING.
func (f *frame) dynText(e *expr, using []*expr) (string, *dynVars, []types.Datum, error) {
	d, t, _, err := f.expression(e)
	if err != nil {
		return "", nil, nil, err
	}
	if d.IsNull() {
		return "", nil, nil, pgerr.New(pgerr.NullValueNotAllowed, "query string argument of EXECUTE is null")
	}
	text := strings.Clone(f.h.Text(d, t))
	vars := &dynVars{}
	var vals []types.Datum
	for _, u := range using {
		d, t, _, err := f.expression(u)
		if err != nil {
			return "", nil, nil, err
		}
		if t.OID == types.Unknown {
			t.OID = types.Text
		}
		vars.types = append(vars.types, t)
		vals = append(vals, d.Clone())
	}
	return text, vars, vals, nil
}

func (f *frame) dynStatement(text string, vars *dynVars) (Statement, error) {
	s, err := f.h.Statement(text, vars)
	if err != nil {
		return nil, err
	}
	return s, s.Ready(false)
}

func (f *frame) dynExec(x *dynExec) error {
	text, vars, vals, err := f.dynText(x.e, x.using)
	if err != nil {
		return err
	}
	s, err := f.dynStatement(text, vars)
	if err != nil {
		return err
	}
	if s.Tag() == "SELECT INTO" {
		return pgerr.New(pgerr.FeatureNotSupported, "EXECUTE of SELECT ... INTO is not implemented").
			WithHint("You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS instead.")
	}
	if x.hasIn {
		if s.Cols() == nil {
			return pgerr.New(pgerr.SyntaxError, "INTO used with a command that cannot return data")
		}
		return f.runInto(s, vals, f.colsDesc(s.Cols()), x.into, x.strict, "SELECT", func(e *pgerr.Error) error {
			if f.fn.printStrict && len(vals) > 0 {
				var parts []string
				for i, v := range vals {
					parts = append(parts, f.shown("$"+itoa(i+1), v, vars.types[i]))
				}
				e = e.WithDetail("parameters: %s", strings.Join(parts, ", "))
			}
			e.Hint = ""
			return e
		})
	}
	n, err := s.Run(vals, func([]types.Datum) error { return nil })
	f.rows = n
	return err
}

func (f *frame) forQuery(x *forQuery) (outcome, error) {
	rows, desc, err := f.openLoop(x)
	if err != nil {
		return goOn, err
	}
	defer rows.Close()
	found := false
	end := func(out outcome, err error) (outcome, error) {
		f.setFound(found)
		return out, err
	}
	for {
		row, ok, err := rows.Next()
		if err != nil {
			return end(goOn, err)
		}
		if !ok {
			if !found {
				if err := f.intoRow(x.to, x.whole, desc, nil); err != nil {
					return end(goOn, err)
				}
				if x.whole != nil {
					f.vals[x.whole.no].fields = nil
				}
			}
			return end(goOn, nil)
		}
		found = true
		if err := f.intoRow(x.to, x.whole, desc, row); err != nil {
			return end(goOn, err)
		}
		stop, rest, err := f.round(x.label, x.body)
		if err != nil {
			return goOn, err
		}
		if stop {
			return end(rest, nil)
		}
		f.at(x)
	}
}

// openLoop starts the query of a FOR loop.
func (f *frame) openLoop(x *forQuery) (Rows, *rowDesc, error) {
	switch {
	case x.cursor != nil:
		if !f.vals[x.cursor.no].d.IsNull() {
			return nil, nil, pgerr.New(pgerr.DuplicateCursor, "cursor \"%s\" already in use", f.vals[x.cursor.no].d.Str())
		}
		if err := f.cursorArguments(x.cursor, x.args); err != nil {
			return nil, nil, err
		}
		p, params, err := f.statement(x.cursor.cursor.query)
		if err != nil {
			return nil, nil, err
		}
		name, err := f.h.OpenCursor(f.cursorLabel(x.cursor), p.s, params, x.cursor.cursor.scroll)
		if err != nil {
			return nil, nil, err
		}
		f.vals[x.cursor.no].d = tuple.String(name)
		return &cursorRows{f: f, name: name, v: x.cursor}, p.descOf(f), nil
	case x.dynamic:
		text, vars, vals, err := f.dynText(x.query, x.using)
		if err != nil {
			return nil, nil, err
		}
		s, err := f.dynStatement(text, vars)
		if err != nil {
			return nil, nil, err
		}
		if s.Cols() == nil {
			return nil, nil, pgerr.New(pgerr.InvalidCursorDefinition, "cannot open %s query as cursor", s.Tag())
		}
		rows, err := s.Open(vals)
		return rows, f.colsDesc(s.Cols()), err
	}
	p, params, err := f.statement(x.query)
	if err != nil {
		return nil, nil, err
	}
	if p.s.Cols() == nil {
		return nil, nil, pgerr.New(pgerr.InvalidCursorDefinition, "cannot open %s query as cursor", p.s.Tag())
	}
	rows, err := p.s.Open(params)
	return rows, p.descOf(f), err
}

// cursorRows reads a loop's cursor, so that the body may name it.
type cursorRows struct {
	f    *frame
	name string
	v    *variable
}

func (c *cursorRows) Next() ([]types.Datum, bool, error) {
	_, row, n, err := c.f.h.Fetch(c.name, ast.FETCH_FORWARD, 1)
	return row, n > 0, err
}

func (c *cursorRows) Close() error {
	c.f.vals[c.v.no].d = types.Null
	return c.f.h.CloseCursor(c.name)
}

// cursorLabel is the portal's name that a cursor variable asks for: a bound one's own name, or what it holds.
func (f *frame) cursorLabel(v *variable) string {
	if d := f.vals[v.no].d; !d.IsNull() {
		return d.Str()
	}
	if v.cursor != nil {
		return v.name
	}
	return ""
}

func (f *frame) cursorArguments(v *variable, args *expr) error {
	if args == nil {
		return nil
	}
	p, params, err := f.statement(args)
	if err != nil {
		return err
	}
	var row []types.Datum
	if _, err := p.s.Run(params, func(r []types.Datum) error {
		row = row[:0]
		for _, d := range r {
			row = append(row, d.Clone())
		}
		return nil
	}); err != nil {
		return err
	}
	desc := p.descOf(f)
	for i, a := range v.cursor.args {
		if err := f.setDatum(a, row[i], f.planType(desc.attrs[i]), nil, a.name); err != nil {
			return err
		}
	}
	return nil
}

func (f *frame) open(x *openStmt) error {
	if d := f.vals[x.v.no].d; !d.IsNull() && x.v.cursor != nil {
		// A bound cursor that has been closed may be opened again.
		if _, _, _, err := f.h.Fetch(d.Str(), ast.FETCH_RELATIVE, 0); err == nil || !pgerr.Is(err, pgerr.InvalidCursorName) {
			return pgerr.New(pgerr.DuplicateCursor, "cursor \"%s\" already in use", d.Str())
		}
	}
	var s Statement
	var params []types.Datum
	scroll := x.scroll
	switch {
	case x.v.cursor != nil:
		if err := f.cursorArguments(x.v, x.args); err != nil {
			return err
		}
		p, vals, err := f.statement(x.v.cursor.query)
		if err != nil {
			return err
		}
		s, params, scroll = p.s, vals, x.v.cursor.scroll
	case x.dynamic:
		text, vars, vals, err := f.dynText(x.query, x.using)
		if err != nil {
			return err
		}
		if s, err = f.dynStatement(text, vars); err != nil {
			return err
		}
		params = vals
	default:
		p, vals, err := f.statement(x.query)
		if err != nil {
			return err
		}
		s, params = p.s, vals
	}
	if s.Cols() == nil {
		return pgerr.New(pgerr.InvalidCursorDefinition, "cannot open %s query as cursor", s.Tag())
	}
	name, err := f.h.OpenCursor(f.cursorLabel(x.v), s, params, scroll)
	if err != nil {
		return err
	}
	f.vals[x.v.no].d = tuple.String(name)
	return nil
}

func (f *frame) cursorName(v *variable) (string, error) {
	d := f.vals[v.no].d
	if d.IsNull() {
		return "", pgerr.New(pgerr.NullValueNotAllowed, "cursor variable \"%s\" is null", v.name)
	}
	return d.Str(), nil
}

func (f *frame) fetch(x *fetchStmt) error {
	name, err := f.cursorName(x.v)
	if err != nil {
		return err
	}
	count := x.count
	if x.howE != nil {
		d, t, _, err := f.expression(x.howE)
		if err == nil && t.OID != types.Int4 {
			d, err = f.h.Cast(d, t, plan.Type{OID: types.Int4, Mod: -1})
		}
		if err != nil {
			return err
		}
		if d.IsNull() {
			return pgerr.New(pgerr.NullValueNotAllowed, "relative or absolute cursor position is null")
		}
		count = d.Int()
	}
	cols, row, n, err := f.h.Fetch(name, x.dir, count)
	if err != nil {
		return err
	}
	f.rows = n
	if !x.move {
		if err := f.intoRow(x.into, nil, f.colsDesc(cols), row); err != nil {
			return err
		}
	}
	f.setFound(n > 0)
	return nil
}

func (f *frame) retNext(x *retNext) error {
	fn := f.fn
	if x.e == nil {
		r, err := f.outRow()
		if err != nil {
			return err
		}
		row := []types.Datum{r.Value}
		if len(fn.outs) > 1 {
			row = r.Row
		} else if r.Row != nil {
			row, f.out.Row = r.Row, nil
			if !r.Null {
				f.out.Types = r.Types
			}
		}
		f.emit(row)
		f.out.Row = nil
		return nil
	}
	if v := f.soleRecord(x.e); v != nil && f.rowType(fn.ret.OID) {
		val := &f.vals[v.no]
		if val.desc == nil {
			return notAssigned(v)
		}
		fields := val.fields
		if fields == nil {
			fields = make([]types.Datum, len(val.desc.attrs))
			for i := range fields {
				fields[i] = types.Null
			}
		}
		row, want, err := f.fitRow(val.desc, fields, f.wantedRow(), "wrong record type supplied in RETURN NEXT", "Returned")
		if err != nil {
			return err
		}
		f.out.Types = want.types
		f.emit(row)
		return nil
	}
	d, t, attrs, err := f.expression(x.e)
	if err != nil {
		return err
	}
	if f.rowType(fn.ret.OID) {
		if d.IsNull() {
			f.out.Rows = append(f.out.Rows, nil)
			return nil
		}
		if !f.rowType(t.OID) {
			return pgerr.New(pgerr.DatatypeMismatch, "cannot return non-composite value from function returning composite type")
		}
		desc, fields := f.takeApart(d, t, attrs)
		row, want, err := f.fitRow(desc, fields, f.wantedRow(), "wrong record type supplied in RETURN NEXT", "Returned")
		if err != nil {
			return err
		}
		f.out.Types = want.types
		f.emit(row)
		return nil
	}
	if d, err = f.h.Cast(d, t, fn.ret); err != nil {
		return err
	}
	f.emit([]types.Datum{d})
	return nil
}

// emit adds a row of the set.
func (f *frame) emit(row []types.Datum) {
	c := make([]types.Datum, len(row))
	for i, d := range row {
		c[i] = d.Clone()
	}
	f.out.Rows = append(f.out.Rows, c)
}

// wantedRow is the row that a set's rows must have; nil: the first row's.
func (f *frame) wantedRow() *rowDesc {
	if d := f.compositeDesc(f.fn.ret.OID); d != nil {
		return d
	}
	if f.code.want != nil {
		return f.code.want
	}
	return nil
}

func (f *frame) retQuery(x *retQuery) error {
	var s Statement
	var params []types.Datum
	var desc *rowDesc
	if x.dynamic {
		text, vars, vals, err := f.dynText(x.e, x.using)
		if err != nil {
			return err
		}
		if s, err = f.dynStatement(text, vars); err != nil {
			return err
		}
		if s.Cols() == nil {
			return pgerr.New(pgerr.InvalidCursorDefinition, "cannot open %s query as cursor", s.Tag())
		}
		params, desc = vals, f.colsDesc(s.Cols())
	} else {
		p, vals, err := f.statement(x.e)
		if err != nil {
			return err
		}
		if p.s.Cols() == nil {
			return pgerr.New(pgerr.SyntaxError, "query does not return tuples") // SELECT and RETURNING do
		}
		s, params, desc = p.s, vals, p.descOf(f)
	}
	conv, err := f.queryRows(desc)
	if err != nil {
		return err
	}
	n, err := s.Run(params, func(row []types.Datum) error {
		r, err := conv(row)
		if err == nil {
			f.emit(r)
		}
		return err
	})
	f.rows = n
	f.setFound(n > 0)
	return err
}

// queryRows checks that a query's rows are the function's and converts them.
func (f *frame) queryRows(desc *rowDesc) (func([]types.Datum) ([]types.Datum, error), error) {
	fn := f.fn
	const msg = "structure of query does not match function result type"
	var want *rowDesc
	switch {
	case len(fn.outs) > 1 || len(fn.outs) == 1 && !f.rowType(fn.ret.OID):
		var attrs []types.Attr
		for _, v := range fn.outs {
			attrs = append(attrs, types.Attr{Name: v.name, Type: v.typ.OID, Mod: v.typ.Mod})
		}
		want = f.makeDesc(attrs)
	case f.rowType(fn.ret.OID):
		if want = f.wantedRow(); want == nil {
			want = desc
		}
	default:
		want = f.makeDesc([]types.Attr{{Name: "", Type: fn.ret.OID, Mod: fn.ret.Mod}})
	}
	if len(want.attrs) != len(desc.attrs) {
		return nil, pgerr.New(pgerr.DatatypeMismatch, msg).WithDetail("Number of returned columns (%d) does not match expected column count (%d).", len(desc.attrs), len(want.attrs))
	}
	for i := range want.attrs {
		if w, h := want.attrs[i], desc.attrs[i]; w.Type != h.Type {
			return nil, pgerr.New(pgerr.DatatypeMismatch, msg).
				WithDetail("Returned type %s does not match expected type %s in column %d.", f.h.TypeText(h.Type), f.h.TypeText(w.Type), i+1)
		}
	}
	if f.rowType(fn.ret.OID) {
		f.out.Types = want.types
	}
	return func(row []types.Datum) ([]types.Datum, error) {
		for i := range row {
			if desc.attrs[i].Mod != want.attrs[i].Mod && want.attrs[i].Mod >= 0 {
				d, err := f.h.Cast(row[i], f.planType(desc.attrs[i]), f.planType(want.attrs[i]))
				if err != nil {
					return nil, err
				}
				row[i] = d
			}
		}
		return row, nil
	}, nil
}

func (f *frame) call(x *callStmt) error {
	p := f.code.exprs[x.e]
	if p == nil {
		p = &planned{vars: &exprVars{e: x.e, f: f}}
		f.code.exprs[x.e] = p
	}
	p.vars.f = f
	p.vars.Begin()
	var perr error
	fields, row, args, err := f.h.Call(x.e.text, p.vars, func() []types.Datum {
		vals, err := p.vars.values()
		perr = err
		return append([]types.Datum(nil), vals...)
	})
	if perr != nil {
		return perr
	}
	if err != nil || len(fields) == 0 {
		return err
	}
	// The values of OUT parameters go into the variables that stand in their places.
	for i, a := range args {
		if i >= len(fields) {
			break
		}
		c, ok := a.(*ast.ColumnRef)
		var to *target
		if ok {
			var name []string
			for _, n := range c.Fields {
				if s, ok := n.(*ast.String); ok {
					name = append(name, s.Sval)
				}
			}
			if v, parts := x.e.ns.find(name); v != nil && len(name)-parts <= 1 {
				to = &target{v: v}
				if len(name) > parts {
					to.field = name[parts]
				}
			}
		}
		if to == nil || to.v.constant {
			return pgerr.New(pgerr.SyntaxError, "procedure parameter \"%s\" is an output parameter but corresponding argument is not writable", fields[i].Name)
		}
		if err := f.assignTo(to, row[i], f.planType(fields[i]), nil); err != nil {
			return err
		}
	}
	return nil
}
