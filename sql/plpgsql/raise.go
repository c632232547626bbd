package plpgsql

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// dynVars are the values of EXECUTE … USING: $1 and so on, and no names.
type dynVars struct{ types []plan.Type }

func (d *dynVars) Begin()                                     {}
func (d *dynVars) Conflict() expression.VariableConflict      { return expression.UseColumn }
func (d *dynVars) Variable(name []string) expression.Variable { return expression.Variable{} }
func (d *dynVars) Number(n int) expression.Variable {
	if n < 1 || n > len(d.types) {
		return expression.Variable{}
	}
	return expression.Variable{Parts: 1, Index: n - 1, Type: d.types[n-1]}
}

// textOf evaluates an expression as text; ok is false for NULL.
func (f *frame) textOf(e *expr) (s string, ok bool, err error) {
	d, t, _, err := f.expression(e)
	if err != nil || d.IsNull() {
		return "", false, err
	}
	return strings.Clone(f.h.Text(d, t)), true, nil
}

func (f *frame) raise(x *raise) error {
	if x.level == "" && x.cond == "" && !x.hasFmt && x.options == nil {
		if f.caught == nil {
			return pgerr.New(pgerr.StackedDiagnosticsAccessedWithoutActiveHandler, "RAISE without parameters cannot be used outside an exception handler")
		}
		c := *f.caught
		if i := strings.LastIndex(c.Where, "\n"); i >= 0 {
			c.Where = c.Where[:i]
		} else {
			c.Where = ""
		}
		return &c
	}
	e := &pgerr.Error{Severity: pgerr.SeverityError}
	msg, has := "", false
	if x.hasFmt {
		var err error
		if msg, err = f.format(x); err != nil {
			return err
		}
		has = true
	}
	code := x.cond
	for _, o := range x.options {
		v, ok, err := f.textOf(o.e)
		if err != nil {
			return err
		}
		if !ok {
			return pgerr.New(pgerr.NullValueNotAllowed, "RAISE statement option cannot be null")
		}
		set := func(p *string) error {
			if *p != "" {
				return pgerr.New(pgerr.SyntaxError, "RAISE option already specified: %s", strings.ToUpper(o.name))
			}
			*p = v
			return nil
		}
		switch o.name {
		case "errcode":
			if code != "" {
				return pgerr.New(pgerr.SyntaxError, "RAISE option already specified: %s", "ERRCODE")
			}
			if code, err = sqlState(v); err != nil {
				return err
			}
			if x.format == "" && !x.hasFmt {
				x.format = ""
			}
		case "message":
			if has {
				return pgerr.New(pgerr.SyntaxError, "RAISE option already specified: %s", "MESSAGE")
			}
			msg, has = v, true
		case "detail":
			err = set(&e.Detail)
		case "hint":
			err = set(&e.Hint)
		case "column":
			err = set(&e.Column)
		case "constraint":
			err = set(&e.Constraint)
		case "datatype":
			err = set(&e.DataType)
		case "table":
			err = set(&e.Table)
		case "schema":
			err = set(&e.Schema)
		}
		if err != nil {
			return err
		}
	}
	if code == "" && x.level == "exception" {
		code = pgerr.RaiseException
	}
	if !has {
		switch {
		case x.cond != "" && !x.hasFmt && x.format != "":
			msg = x.format
		case code != "":
			msg = code
		default:
			msg = pgerr.RaiseException
		}
	}
	e.Code, e.Message = code, msg
	if x.level == "exception" {
		return e
	}
	e.Severity = map[string]string{"debug": "DEBUG", "log": pgerr.SeverityLog, "info": "INFO", "notice": pgerr.SeverityNotice, "warning": pgerr.SeverityWarning}[x.level]
	if e.Code == "" {
		e.Code = "00000"
		if x.level == "warning" {
			e.Code = "01000"
		}
	}
	e.Where = f.contextLine()
	f.h.Notice(e)
	return nil
}

func sqlState(s string) (string, error) {
	if len(s) == 5 && strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return s, nil
	}
	if c := pgerr.ConditionCodes(s); c != nil {
		return c[0], nil
	}
	return "", pgerr.New(pgerr.UndefinedObject, "unrecognized exception condition \"%s\"", s)
}

// format puts the parameters into the places of the format's percent signs.
func (f *frame) format(x *raise) (string, error) {
	var b strings.Builder
	n := 0
	for i := 0; i < len(x.format); i++ {
		c := x.format[i]
		if c != '%' {
			b.WriteByte(c)
			continue
		}
		if i+1 < len(x.format) && x.format[i+1] == '%' {
			b.WriteByte('%')
			i++
			continue
		}
		s, ok, err := f.textOf(x.params[n])
		if err != nil {
			return "", err
		}
		if n++; !ok {
			s = "<NULL>"
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func (f *frame) assert(x *assert) error {
	if !f.h.Asserts() {
		return nil
	}
	ok, err := f.condition(x.cond)
	if err != nil || ok {
		return err
	}
	if x.msg != nil {
		s, ok, err := f.textOf(x.msg)
		if err != nil {
			return err
		}
		if ok {
			return pgerr.New(pgerr.AssertFailure, "%s", s)
		}
	}
	return pgerr.New(pgerr.AssertFailure, "assertion failed")
}

func (f *frame) diagnostics(x *getDiag) error {
	if x.stacked && f.caught == nil {
		return pgerr.New(pgerr.StackedDiagnosticsAccessedWithoutActiveHandler, "GET STACKED DIAGNOSTICS cannot be used outside an exception handler")
	}
	text := plan.Type{OID: types.Text, Mod: -1, Coll: 100}
	for _, it := range x.items {
		d, t := types.Null, text
		c := f.caught
		switch it.kind {
		case "row_count":
			d, t = tuple.Int(f.rows), plan.Type{OID: types.Int8, Mod: -1}
		case "pg_routine_oid":
			d, t = tuple.Uint(0), plan.Type{OID: types.Oid, Mod: -1}
		case "pg_context":
			s := f.contextLine()
			if w, ok := f.h.(interface{ CallStack() string }); ok {
				if outer := w.CallStack(); outer != "" {
					s += "\n" + outer
				}
			}
			d = tuple.String(s)
		case "returned_sqlstate":
			d = tuple.String(c.Code)
		case "message_text":
			d = tuple.String(c.Message)
		case "pg_exception_detail":
			d = tuple.String(c.Detail)
		case "pg_exception_hint":
			d = tuple.String(c.Hint)
		case "pg_exception_context":
			d = tuple.String(c.Where)
		case "column_name":
			d = tuple.String(c.Column)
		case "constraint_name":
			d = tuple.String(c.Constraint)
		case "pg_datatype_name":
			d = tuple.String(c.DataType)
		case "table_name":
			d = tuple.String(c.Table)
		case "schema_name":
			d = tuple.String(c.Schema)
		}
		if err := f.assignTo(it.to, d, t, nil); err != nil {
			return err
		}
	}
	return nil
}
