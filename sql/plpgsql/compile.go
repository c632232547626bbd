package plpgsql

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Arg is a parameter of a function in declared order.
type Arg struct {
	Name string
	Mode byte // i, o, b, v, t
	Type plan.Type
}

// Source is what Compile reads.
type Source struct {
	Name      string // of the function; "inline_code_block" for DO
	Signature string // as CONTEXT names it
	Body      string
	Args      []Arg
	Ret       plan.Type
	Set       bool
	Kind      byte // pg_proc.prokind; 'd' for DO
	Trigger   bool
	Conflict  expression.VariableConflict
}

// Function is a compiled body. It is immutable and may run in several sessions.
type Function struct {
	name, signature string
	kind            byte
	body            *block
	vars            []*variable
	args            []*variable // $1…
	ins             []*variable // those that a call gives
	outs            []*variable // nil: none
	ret             plan.Type
	set             bool
	trigger         *triggerVars
	found           *variable
	conflict        expression.VariableConflict
	printStrict     bool
	src             string
}

// triggerVars are the special variables of trigger functions.
type triggerVars struct {
	newRow, oldRow *variable
	list           map[string]*variable
}

var conflictModes = map[string]expression.VariableConflict{"error": expression.ConflictError, "use_variable": expression.UseVariable, "use_column": expression.UseColumn}

// ConflictMode is plpgsql.variable_conflict's value.
func ConflictMode(s string) expression.VariableConflict {
	if m, ok := conflictModes[s]; ok {
		return m
	}
	return expression.ConflictError
}

// Compile parses a body. Errors in it have their place in Position, counted in characters of the body; the others name the line in
// their context.
func Compile(src *Source, ty Types) (fn *Function, err error) {
	fn = &Function{name: src.Name, signature: src.Signature, kind: src.Kind, ret: src.Ret, set: src.Set, conflict: src.Conflict, src: src.Body}
	p := &bodyParser{fn: fn, types: ty}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *pgerr.Error:
			e := *r
			if e.Position == 0 {
				line := 1
				if p.at < len(p.toks) {
					line = lineOf(src.Body, p.toks[p.at].pos)
				}
				if e.Where != "" {
					e.Where += "\n"
				}
				e.Where += "compilation of PL/pgSQL function \"" + src.Name + "\" near line " + itoa(line)
			}
			fn, err = nil, &e
		default:
			panic(r)
		}
	}()
	p.ns = (*scope)(nil).child(src.Name, false)
	fn.found = p.declare("found", 0, plan.Type{OID: types.Bool, Mod: -1}, scalar)
	p.ns = p.ns.child(src.Name, false)
	p.arguments(src)
	s, err := scan(src.Body)
	if err != nil {
		return nil, err
	}
	p.scanner = *s
	fn.body = p.parseBody()
	return fn, nil
}

func (p *bodyParser) arguments(src *Source) {
	fn := p.fn
	for i, a := range src.Args {
		v := p.declTyped("", 0, a.Type)
		v.arg = true
		name := "$" + itoa(i+1)
		v.name = name
		p.ns.names[name] = v
		if a.Name != "" {
			if have := p.ns.names[a.Name]; have != nil {
				panic(pgerr.New(pgerr.InvalidFunctionDefinition, "parameter name \"%s\" used more than once", a.Name))
			}
			v.name = a.Name
			p.ns.names[a.Name] = v
		}
		if a.Mode == 'i' || a.Mode == 'b' || a.Mode == 'v' {
			fn.ins = append(fn.ins, v)
		}
		if a.Mode == 'o' || a.Mode == 'b' || a.Mode == 't' {
			fn.outs = append(fn.outs, v)
		}
		if a.Mode != 't' {
			fn.args = append(fn.args, v)
		}
	}
	if src.Trigger {
		t := &triggerVars{list: map[string]*variable{}}
		rec := plan.Type{OID: types.Record, Mod: -1}
		t.newRow, t.oldRow = p.declare("new", 0, rec, record), p.declare("old", 0, rec, record)
		text := plan.Type{OID: types.Text, Mod: -1, Coll: 100}
		for name, ty := range map[string]plan.Type{"tg_name": {OID: types.Name, Mod: -1, Coll: 950}, "tg_when": text, "tg_level": text, "tg_op": text,
			"tg_relid": {OID: types.Oid, Mod: -1}, "tg_relname": {OID: types.Name, Mod: -1, Coll: 950}, "tg_table_name": {OID: types.Name, Mod: -1, Coll: 950},
			"tg_table_schema": {OID: types.Name, Mod: -1, Coll: 950}, "tg_nargs": {OID: types.Int4, Mod: -1}, "tg_argv": {OID: types.Lookup(types.Text).Array, Mod: -1, Coll: 100},
			"tg_event": text, "tg_tag": text} {
			v := p.declare(name, 0, ty, scalar)
			v.special = true
			t.list[name] = v
		}
		fn.trigger = t
	}
}
