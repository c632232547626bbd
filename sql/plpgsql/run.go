package plpgsql

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// TriggerCall is what a trigger function is told.
type TriggerCall struct {
	Name, When, Level, Op string
	RelID                 types.OID
	Table, Schema         string
	Args                  []string
	Attrs                 []types.Attr
	RowType               types.OID
	New, Old              []types.Datum // nil: not there
	Event, Tag            string        // of event triggers
	desc                  *rowDesc
}

// outcome is how a list of statements has ended.
type outcome uint8

const (
	goOn outcome = iota
	doExit
	doContinue
	doReturn
)

// Call is what a function is called with.
type Call struct {
	Args    []types.Datum
	Trigger *TriggerCall
	// Want are the columns that the rows of a function returning records must have; nil: any.
	Want []types.Attr
}

// Run calls a function. args are the values of its input parameters. Errors have the function's line in Where.
func (fn *Function) Run(h Host, code *Code, c Call) (res *Result, err error) {
	args, trig := c.Args, c.Trigger
	f := &frame{fn: fn, h: h, code: code, vals: make([]value, len(fn.vars)), out: &Result{Value: types.Null, Null: true}, retVal: types.Null, trig: trig, descs: code.descs}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*pgerr.Error)
			if !ok {
				panic(r)
			}
			res, err = nil, e
		}
		if err != nil {
			err = f.withContext(err)
		}
	}()
	for i := range f.vals {
		f.vals[i].d = types.Null
	}
	f.vals[fn.found.no].d = tuple.Bool(false)
	f.code.want = nil
	if c.Want != nil {
		f.code.want = f.makeDesc(c.Want)
	}
	f.errText = "while storing call arguments into local variables"
	for i, v := range fn.ins {
		if i >= len(args) {
			break
		}
		if v.kind == record {
			if err := f.setDatum(v, args[i], v.typ, nil, v.name); err != nil {
				return nil, err
			}
			continue
		}
		f.vals[v.no].d = args[i].Clone()
	}
	for _, v := range fn.vars {
		if v.kind == record && v.typ.OID != types.Record && f.vals[v.no].desc == nil {
			f.vals[v.no].desc = f.compositeDesc(v.typ.OID)
		}
	}
	if trig != nil && fn.trigger != nil {
		f.setTrigger(trig)
	}
	f.errText = "during function entry"
	out, err := f.block(fn.body)
	if err != nil {
		return nil, err
	}
	f.line, f.stmt, f.errText = 0, "", ""
	if out != doReturn && !fn.set && fn.ret.OID != types.Void && fn.ret.OID != types.EventTrigger && fn.outs == nil && fn.kind != 'p' && fn.kind != 'd' {
		what := "function"
		if fn.trigger != nil && fn.ret.OID == types.Trigger {
			what = "trigger procedure"
		}
		return nil, pgerr.New(pgerr.SREFunctionExecutedNoReturnStatement, "control reached end of %s without RETURN", what)
	}
	f.errText = "while casting return value to function's return type"
	return f.result()
}

// setTrigger fills the special variables of a trigger function.
func (f *frame) setTrigger(t *TriggerCall) {
	tv := f.fn.trigger
	set := func(name string, d types.Datum) { f.vals[tv.list[name].no].d = d }
	text := func(name, v string) {
		if v != "" {
			set(name, tuple.String(v))
		}
	}
	if t.Event != "" {
		text("tg_event", t.Event)
		text("tg_tag", t.Tag)
		return
	}
	text("tg_name", t.Name)
	text("tg_when", t.When)
	text("tg_level", t.Level)
	text("tg_op", t.Op)
	text("tg_relname", t.Table)
	text("tg_table_name", t.Table)
	text("tg_table_schema", t.Schema)
	set("tg_relid", tuple.Uint(uint64(t.RelID)))
	set("tg_nargs", tuple.Int(int64(len(t.Args))))
	vals := make([]types.Datum, len(t.Args))
	for i, a := range t.Args {
		vals[i] = tuple.String(a)
	}
	if len(vals) > 0 {
		set("tg_argv", types.MakeArrayDims(types.Lookup(types.Text), []tuple.ArrayDim{{Len: len(vals), Lower: 0}}, vals))
	}
	d := f.descs[t.RowType]
	if d == nil || !slices.Equal(d.attrs, t.Attrs) {
		d = f.makeDesc(t.Attrs)
		d.oid = t.RowType
		f.descs[t.RowType] = d
	}
	t.desc = d
	if t.Level == "ROW" {
		put := func(v *variable, row []types.Datum) {
			f.vals[v.no].desc = d
			if row != nil {
				fields := make([]types.Datum, len(row))
				for i := range row {
					fields[i] = row[i].Clone()
				}
				f.vals[v.no].fields = fields
			}
		}
		put(tv.newRow, t.New)
		put(tv.oldRow, t.Old)
	}
}

// withContext adds the function's line to an error.
func (f *frame) withContext(err error) error {
	e := *pgerr.From(err)
	if e.Where != "" {
		e.Where += "\n"
	}
	e.Where += f.contextLine()
	return &e
}

func (f *frame) contextLine() string {
	s := "PL/pgSQL function " + f.fn.signature
	switch {
	case f.errText != "" && f.line > 0:
		return s + " line " + itoa(f.line) + " " + f.errText
	case f.errText != "":
		return s + " " + f.errText
	case f.line > 0:
		return s + " line " + itoa(f.line) + " at " + f.stmt
	}
	return s
}

// result converts what RETURN gave.
func (f *frame) result() (*Result, error) {
	fn, r := f.fn, f.out
	switch {
	case fn.kind == 'd':
		return r, nil
	case fn.set:
		return r, nil
	case f.trig != nil && fn.trigger != nil:
		return f.triggerResult()
	case fn.outs != nil:
		return f.outRow()
	case fn.ret.OID == types.Void:
		r.Value, r.Null = tuple.String(""), false
		return r, nil
	case f.rowType(fn.ret.OID):
		return f.rowResult()
	}
	d := f.retVal
	if f.retType.OID != fn.ret.OID || fn.ret.OID >= 16384 {
		var err error
		if d, err = f.h.Cast(d, f.retType, fn.ret); err != nil {
			return nil, err
		}
	}
	r.Value, r.Null = d.Clone(), d.IsNull()
	return r, nil
}

// outRow is the result of OUT parameters.
func (f *frame) outRow() (*Result, error) {
	r, outs := f.out, f.fn.outs
	if len(outs) == 1 && f.fn.kind != 'p' {
		v := outs[0]
		if v.kind == record {
			val := &f.vals[v.no]
			if val.desc != nil && val.fields != nil {
				r.Row, r.Types, r.Attrs, r.Null = val.fields, val.desc.types, val.desc.attrs, false
			}
			return r, nil
		}
		r.Value = f.vals[v.no].d
		r.Null = r.Value.IsNull()
		return r, nil
	}
	r.Null = false
	for _, v := range outs {
		d, t := f.vals[v.no].d, f.typ(v.typ.OID)
		if v.kind == record {
			var err error
			if f.vals[v.no].desc == nil {
				d = types.Null
			} else if d, err = f.recordDatum(v); err != nil {
				return nil, err
			}
		}
		r.Row, r.Types = append(r.Row, d), append(r.Types, t)
		r.Attrs = append(r.Attrs, types.Attr{Name: v.name, Type: v.typ.OID, Mod: v.typ.Mod})
	}
	return r, nil
}

func (f *frame) rowResult() (*Result, error) {
	r := f.out
	if !f.hasRet || f.retVal.IsNull() && f.retDesc == nil || f.retDesc != nil && f.retRow == nil {
		return r, nil
	}
	desc, row := f.retDesc, f.retRow
	if desc == nil {
		if !f.rowType(f.retType.OID) {
			return nil, pgerr.New(pgerr.DatatypeMismatch, "cannot return non-composite value from function returning composite type")
		}
		desc, row = f.takeApart(f.retVal, f.retType, nil)
	}
	row, want, err := f.fitRow(desc, row, f.compositeDesc(f.fn.ret.OID), "returned record type does not match expected record type", "Returned")
	if err != nil {
		return nil, err
	}
	r.Row, r.Types, r.Attrs, r.Null = row, want.types, want.attrs, false
	if y := f.typ(f.fn.ret.OID); y != nil && y.TypType == types.TypeDomain {
		if _, err := f.h.Cast(types.MakeRecord(want.types, row), f.fn.ret, f.fn.ret); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// fitRow makes a row of one shape another's; want nil: any.
func (f *frame) fitRow(desc *rowDesc, row []types.Datum, want *rowDesc, msg, word string) ([]types.Datum, *rowDesc, error) {
	if want == nil {
		want = desc
	}
	if len(desc.attrs) != len(want.attrs) {
		return nil, nil, pgerr.New(pgerr.DatatypeMismatch, "%s", msg).
			WithDetail("Number of returned columns (%d) does not match expected column count (%d).", len(desc.attrs), len(want.attrs))
	}
	out := make([]types.Datum, len(want.attrs))
	for i := range out {
		if desc.attrs[i].Type != want.attrs[i].Type {
			if desc.attrs[i].Type != types.Unknown {
				return nil, nil, pgerr.New(pgerr.DatatypeMismatch, "%s", msg).
					WithDetail("Returned type %s does not match expected type %s in column %d.", f.h.TypeText(desc.attrs[i].Type), f.h.TypeText(want.attrs[i].Type), i+1)
			}
		}
		d, err := f.h.Cast(row[i], f.planType(desc.attrs[i]), f.planType(want.attrs[i]))
		if err != nil {
			return nil, nil, err
		}
		out[i] = d.Clone()
	}
	return out, want, nil
}

// triggerResult is the row that a trigger function returns; Null: none.
func (f *frame) triggerResult() (*Result, error) {
	r := f.out
	if f.trig.Level != "ROW" || f.trig.Event != "" {
		return r, nil
	}
	if f.retDesc == nil && f.retVal.IsNull() || f.retDesc != nil && f.retRow == nil {
		return r, nil
	}
	desc, row := f.retDesc, f.retRow
	if desc == nil {
		if !f.rowType(f.retType.OID) {
			return nil, pgerr.New(pgerr.DatatypeMismatch, "cannot return non-composite value from function returning composite type")
		}
		desc, row = f.takeApart(f.retVal, f.retType, nil)
	}
	if desc == f.trig.desc {
		r.Row, r.Null = row, false
		return r, nil
	}
	out, _, err := f.fitRow(desc, row, f.trig.desc, "returned row structure does not match the structure of the triggering table", "Returned")
	if err != nil {
		return nil, err
	}
	r.Row, r.Null = out, false
	return r, nil
}

func (f *frame) statements(list []stmt) (outcome, error) {
	for _, s := range list {
		line, name := s.at()
		f.line, f.stmt, f.errText = line, name, ""
		if err := f.h.Check(); err != nil {
			return goOn, err
		}
		out, err := f.run(s)
		if err != nil {
			return goOn, err
		}
		if out != goOn {
			return out, nil
		}
	}
	return goOn, nil
}

// at sets the statement of CONTEXT again, after statements inside of it.
func (f *frame) at(s stmt) {
	line, name := s.at()
	f.line, f.stmt, f.errText = line, name, ""
}

func (f *frame) run(s stmt) (outcome, error) {
	switch x := s.(type) {
	case *block:
		return f.block(x)
	case *assign:
		return goOn, f.assign(x)
	case *ifStmt:
		for i, c := range x.conds {
			ok, err := f.condition(c)
			if err != nil {
				return goOn, err
			}
			if ok {
				return f.statements(x.thens[i])
			}
		}
		return f.statements(x.els)
	case *caseStmt:
		return f.caseOf(x)
	case *loop:
		return f.loop(x)
	case *forInt:
		return f.forInt(x)
	case *forQuery:
		return f.forQuery(x)
	case *foreach:
		return f.foreach(x)
	case *exit:
		if x.cond != nil {
			ok, err := f.condition(x.cond)
			if err != nil || !ok {
				return goOn, err
			}
		}
		f.exitTo = x.label
		if x.isExit {
			return doExit, nil
		}
		return doContinue, nil
	case *ret:
		return f.ret(x)
	case *retNext:
		return goOn, f.retNext(x)
	case *retQuery:
		return goOn, f.retQuery(x)
	case *raise:
		return goOn, f.raise(x)
	case *assert:
		return goOn, f.assert(x)
	case *execSQL:
		return goOn, f.execSQL(x)
	case *dynExec:
		return goOn, f.dynExec(x)
	case *perform:
		p, params, err := f.statement(x.e)
		if err != nil {
			return goOn, err
		}
		n, err := p.s.Run(params, func([]types.Datum) error { return nil })
		f.rows = n
		f.setFound(n > 0)
		return goOn, err
	case *callStmt:
		return goOn, f.call(x)
	case *getDiag:
		return goOn, f.diagnostics(x)
	case *openStmt:
		return goOn, f.open(x)
	case *fetchStmt:
		return goOn, f.fetch(x)
	case *closeStmt:
		name, err := f.cursorName(x.v)
		if err != nil {
			return goOn, err
		}
		return goOn, f.h.CloseCursor(name)
	case *transStmt:
		if x.commit {
			return goOn, f.h.Commit(x.chain)
		}
		return goOn, f.h.Rollback(x.chain)
	case *nullStmt:
		return goOn, nil
	}
	return goOn, pgerr.Internal("PL/pgSQL statement %T", s)
}

func (f *frame) setFound(ok bool) { f.vals[f.fn.found.no].d = tuple.Bool(ok) }

// block runs DECLARE … BEGIN … EXCEPTION … END.
func (f *frame) block(b *block) (outcome, error) {
	for _, v := range b.decls {
		f.line, f.stmt, f.errText = v.line, "", "during statement block local variable initialization"
		f.vals[v.no] = value{d: types.Null}
		if v.kind == record && v.typ.OID != types.Record {
			f.vals[v.no].desc = f.compositeDesc(v.typ.OID)
		}
		if v.def == nil {
			if err := f.initNull(v); err != nil {
				return goOn, err
			}
			continue
		}
		d, t, attrs, err := f.expression(v.def)
		if err == nil {
			err = f.setDatum(v, d, t, attrs, v.name)
		}
		if err != nil {
			return goOn, err
		}
	}
	f.errText = ""
	if !b.hasHandler {
		out, err := f.statements(b.body)
		return f.leave(b.label, out), err
	}
	saved := f.caught
	sub, err := f.h.Begin()
	if err != nil {
		return goOn, err
	}
	out, err := f.guarded(b.body)
	if err == nil {
		f.errText = "during statement block exit"
		if err = sub.Release(); err != nil {
			return goOn, err
		}
		f.errText = ""
		return f.leave(b.label, out), nil
	}
	e := pgerr.From(err)
	here := f.contextLine()
	line, st, et := f.line, f.stmt, f.errText
	if rerr := sub.Rollback(); rerr != nil {
		return goOn, rerr
	}
	h := handlerFor(b.handlers, e)
	if h == nil {
		f.line, f.stmt, f.errText = line, st, et
		return goOn, err
	}
	c := *e
	if c.Where != "" {
		c.Where += "\n"
	}
	c.Where += here
	f.caught = &c
	f.vals[h.state.no].d, f.vals[h.errmsg.no].d = tuple.String(e.Code), tuple.String(e.Message)
	f.errText = ""
	out, err = f.statements(h.body)
	f.caught = saved
	return f.leave(b.label, out), err
}

// guarded turns panics of the binder's callbacks into errors, so that a handler can catch them.
func (f *frame) guarded(list []stmt) (out outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*pgerr.Error)
			if !ok {
				panic(r)
			}
			out, err = goOn, e
		}
	}()
	return f.statements(list)
}

// initNull makes a variable without a default NULL: a domain may refuse that.
func (f *frame) initNull(v *variable) error {
	if v.kind == scalar {
		if y := f.typ(v.typ.OID); y != nil && y.TypType == types.TypeDomain {
			_, err := f.h.Cast(types.Null, plan.Type{OID: types.Unknown, Mod: -1}, v.typ)
			return err
		}
		return nil
	}
	return f.checkDomain(v)
}

// leave ends an EXIT to the block's label.
func (f *frame) leave(label string, out outcome) outcome {
	if out == doExit && f.exitTo != "" && f.exitTo == label {
		f.exitTo = ""
		return goOn
	}
	return out
}

// handlerFor finds the handler of an error. OTHERS does not catch cancellations and failed assertions.
func handlerFor(list []*handler, e *pgerr.Error) *handler {
	for _, h := range list {
		for _, c := range h.conds {
			switch {
			case c == "":
				if e.Code != pgerr.QueryCanceled && e.Code != pgerr.AssertFailure {
					return h
				}
			case c == e.Code, strings.HasSuffix(c, "000") && c[:2] == e.Code[:2]:
				return h
			}
		}
	}
	return nil
}

func (f *frame) assign(x *assign) error {
	d, t, attrs, err := f.expression(x.e)
	if err != nil {
		return err
	}
	return f.assignTo(x.to, d, t, attrs)
}

func (f *frame) caseOf(x *caseStmt) (outcome, error) {
	if x.arg != nil {
		d, t, _, err := f.expression(x.arg)
		if err != nil {
			return goOn, err
		}
		// The hidden variable takes the argument's type.
		if x.v.typ.OID != t.OID {
			for _, c := range x.conds {
				delete(f.code.exprs, c)
			}
			if t.OID == types.Unknown {
				t.OID = types.Text
			}
			x.v.typ = t
		}
		f.vals[x.v.no].d = d.Clone()
	}
	for i, c := range x.conds {
		ok, err := f.condition(c)
		if err != nil {
			return goOn, err
		}
		if ok {
			return f.statements(x.thens[i])
		}
	}
	if !x.hasElse {
		return goOn, pgerr.New(pgerr.CaseNotFound, "case not found").WithHint("CASE statement is missing ELSE part.")
	}
	return f.statements(x.els)
}

// round runs a loop's body once: stop ends the loop, with rest for the statements around; an error does.
func (f *frame) round(label string, body []stmt) (stop bool, rest outcome, err error) {
	out, err := f.statements(body)
	if err != nil {
		return true, goOn, err
	}
	if (out == doExit || out == doContinue) && (f.exitTo == "" || f.exitTo == label) {
		f.exitTo = ""
		return out == doExit, goOn, nil
	}
	return out != goOn, out, nil
}

func (f *frame) loop(x *loop) (outcome, error) {
	for {
		if x.cond != nil {
			f.at(x)
			ok, err := f.condition(x.cond)
			if err != nil || !ok {
				return goOn, err
			}
		}
		if err := f.h.Check(); err != nil {
			return goOn, err
		}
		if stop, rest, err := f.round(x.label, x.body); stop {
			return rest, err
		}
	}
}

// integer evaluates a bound of an integer loop.
func (f *frame) integer(e *expr, what string) (int64, error) {
	d, t, _, err := f.expression(e)
	if err == nil && t.OID != types.Int4 {
		d, err = f.h.Cast(d, t, plan.Type{OID: types.Int4, Mod: -1})
	}
	if err != nil {
		return 0, err
	}
	if d.IsNull() {
		return 0, pgerr.New(pgerr.NullValueNotAllowed, "%s of FOR loop cannot be null", what)
	}
	return d.Int(), nil
}

func (f *frame) forInt(x *forInt) (outcome, error) {
	lo, err := f.integer(x.lo, "lower bound")
	if err != nil {
		return goOn, err
	}
	hi, err := f.integer(x.hi, "upper bound")
	if err != nil {
		return goOn, err
	}
	step := int64(1)
	if x.step != nil {
		if step, err = f.integer(x.step, "BY value"); err != nil {
			return goOn, err
		}
		if step <= 0 {
			return goOn, pgerr.New(pgerr.InvalidParameterValue, "BY value of FOR loop must be greater than zero")
		}
	}
	found := false
	defer func() { f.setFound(found) }()
	if x.reverse {
		step = -step
	}
	for i := lo; !x.reverse && i <= hi || x.reverse && i >= hi; i += step {
		found = true
		f.vals[x.v.no].d = tuple.Int(i)
		if err := f.h.Check(); err != nil {
			return goOn, err
		}
		if stop, rest, err := f.round(x.label, x.body); stop {
			return rest, err
		}
	}
	return goOn, nil
}

func (f *frame) foreach(x *foreach) (outcome, error) {
	d, t, _, err := f.expression(x.e)
	if err != nil {
		return goOn, err
	}
	if d.IsNull() {
		return goOn, pgerr.New(pgerr.NullValueNotAllowed, "FOREACH expression must not be null")
	}
	y := f.typ(t.OID)
	for y != nil && y.TypType == types.TypeDomain {
		y = f.typ(y.Base)
	}
	if y == nil || !y.IsArray() {
		return goOn, pgerr.New(pgerr.DatatypeMismatch, "FOREACH expression must yield an array, not type %s", f.h.TypeText(t.OID))
	}
	arr := tuple.Array(append([]byte(nil), d.Bytes()...))
	dims := arr.Dims(nil)
	if x.slice < 0 || x.slice > len(dims) {
		return goOn, pgerr.New(pgerr.ArraySubscriptError, "slice dimension (%d) is out of the valid range 0..%d", x.slice, len(dims))
	}
	elem := f.typ(y.Elem)
	to := x.to[0]
	wantArray := false
	if len(x.to) == 1 && to.field == "" && to.v.kind == scalar {
		if vy := f.typ(to.v.typ.OID); vy != nil {
			wantArray = vy.IsArray()
		}
	}
	if x.slice > 0 && !wantArray {
		return goOn, pgerr.New(pgerr.DatatypeMismatch, "FOREACH ... SLICE loop variable must be of an array type")
	}
	if x.slice == 0 && wantArray {
		return goOn, pgerr.New(pgerr.DatatypeMismatch, "FOREACH loop variable must not be of an array type")
	}
	vals := arr.Elems(nil)
	per := 1
	for _, dim := range dims[len(dims)-x.slice:] {
		per *= dim.Len
	}
	found := false
	defer func() { f.setFound(found) }()
	for i := 0; i+per <= len(vals) && per > 0; i += per {
		found = true
		var err error
		if x.slice > 0 {
			part := types.MakeArrayDims(elem, dims[len(dims)-x.slice:], vals[i:i+per])
			err = f.assignTo(to, part, plan.Type{OID: y.OID, Mod: -1}, nil)
		} else {
			et := plan.Type{OID: elem.OID, Mod: t.Mod, Coll: elem.Collation}
			if len(x.to) > 1 || f.rowType(elem.OID) && to.v.kind != record {
				if !f.rowType(elem.OID) {
					return goOn, pgerr.New(pgerr.DatatypeMismatch, "cannot assign non-composite value to a row variable")
				}
				desc, fields := f.takeApart(vals[i], et, nil)
				err = f.intoRow(x.to, nil, desc, fields)
			} else {
				err = f.assignTo(to, vals[i], et, nil)
			}
		}
		if err != nil {
			return goOn, err
		}
		if stop, rest, err := f.round(x.label, x.body); stop {
			return rest, err
		}
		f.at(x)
	}
	return goOn, nil
}

func (f *frame) ret(x *ret) (outcome, error) {
	if x.e == nil {
		return doReturn, nil
	}
	f.hasRet = true
	// RETURN of a record variable keeps its row.
	if v := f.soleRecord(x.e); v != nil {
		val := &f.vals[v.no]
		f.retDesc, f.retRow = val.desc, val.fields
		if val.desc == nil {
			if v.typ.OID == types.Record && f.trig == nil {
				return doReturn, notAssigned(v)
			}
			f.retVal = types.Null
		}
		if f.trig != nil || f.rowType(f.fn.ret.OID) {
			return doReturn, nil
		}
	}
	d, t, attrs, err := f.expression(x.e)
	if err != nil {
		return goOn, err
	}
	f.retVal, f.retType, f.retDesc, f.retRow = d.Clone(), t, nil, nil
	if !d.IsNull() && t.OID == types.Record && attrs != nil {
		f.retDesc, f.retRow = f.takeApart(f.retVal, t, attrs)
	}
	return doReturn, nil
}

// soleRecord is the record variable that an expression is; nil where it is something else.
func (f *frame) soleRecord(e *expr) *variable {
	name := strings.ToLower(strings.TrimSpace(e.text))
	if v, parts := e.ns.find([]string{name}); v != nil && parts == 1 && v.kind == record {
		return v
	}
	return nil
}
