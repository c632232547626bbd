package overload

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

func routineWord(kind byte) string {
	switch kind {
	case 'p':
		return "procedure"
	case 'a':
		return "aggregate"
	case 0:
		return "routine"
	}
	return "function"
}

// Routine is the function, procedure or aggregate that a statement names, by kind (pg_proc.prokind, 0 any). Errors: 42883, 42725,
// 42809 for one of another kind, 3F000.
func (rs *Resolver) Routine(n *ast.ObjectWithArgs, kind byte) *pgdata.Proc {
	name := lexicon.Names(n.Objname)
	full := lexicon.Dotted(n.Objname)
	if len(name) == 2 && name[0] != "pg_temp" && rs.Catalog.Schema(name[0]) == nil {
		rs.Fail(pgerr.InvalidSchemaName, -1, "schema \"%s\" does not exist", name[0])
	}
	fits := func(p *pgdata.Proc) bool {
		switch kind {
		case 'f':
			return p.Kind != 'p' && p.Kind != 'a' || p.Kind == 'a'
		case 'p', 'a':
			return p.Kind == kind
		}
		return true
	}
	rs.UseSchema(name, -1)
	list := rs.ProcsNamed(name)
	if n.ArgsUnspecified {
		var hit []*pgdata.Proc
		for _, p := range list {
			if kind == 0 || p.Kind == kind || kind == 'f' && p.Kind == 'w' {
				hit = append(hit, p)
			}
		}
		switch len(hit) {
		case 1:
			return hit[0]
		case 0:
			rs.Fail(pgerr.UndefinedFunction, -1, "could not find a %s named \"%s\"", routineWord(kind), full)
		}
		panic(rs.Err(pgerr.AmbiguousFunction, -1, "%s name \"%s\" is not unique", routineWord(kind), full).
			WithHint("Specify the argument list to select the %s unambiguously.", routineWord(kind)))
	}
	in, all := rs.objectArgs(n, kind)
	var found *pgdata.Proc
	for _, p := range list {
		if slices.Equal(p.ArgTypes, in) && (found == nil || !fits(found) && fits(p)) {
			found = p
		}
	}
	// A procedure may be named with its OUT arguments, too.
	if (found == nil || kind == 'p' && found.Kind != 'p') && all != nil && (kind == 'p' || kind == 0) {
		for _, p := range list {
			if p.Kind == 'p' && slices.Equal(allArgs(p), all) {
				found = p
			}
		}
	}
	if found == nil {
		sig := rs.Signature(name, nil, in)
		switch kind {
		case 'p':
			rs.Fail(pgerr.UndefinedFunction, -1, "procedure %s does not exist", sig)
		case 'a':
			if len(in) == 0 {
				sig = full + "(*)"
			}
			rs.Fail(pgerr.UndefinedFunction, -1, "aggregate %s does not exist", sig)
		}
		rs.Fail(pgerr.UndefinedFunction, -1, "function %s does not exist", sig)
	}
	if kind != 0 && found.Kind != kind && !(kind == 'f' && found.Kind == 'w') {
		if kind == 'f' && found.Kind == 'a' {
			return found
		}
		rs.Fail(pgerr.WrongObjectType, -1, "%s is not %s", rs.Signature(name, nil, found.ArgTypes), map[byte]string{'f': "a function", 'p': "a procedure", 'a': "an aggregate"}[kind])
	}
	return found
}

func allArgs(p *pgdata.Proc) []types.OID {
	if p.AllArgTypes != nil {
		return p.AllArgTypes
	}
	return p.ArgTypes
}

// objectArgs are the types of the input arguments that a statement lists, and of all of them where there are more.
func (rs *Resolver) objectArgs(n *ast.ObjectWithArgs, kind byte) (in, all []types.OID) {
	for _, a := range n.Objargs {
		in = append(in, rs.TypeName(a.(*ast.TypeName)).OID)
	}
	if n.Objfuncargs == nil {
		return in, in
	}
	for _, a := range n.Objfuncargs {
		p := a.(*ast.FunctionParameter)
		if p.Mode != ast.FUNC_PARAM_TABLE {
			all = append(all, rs.TypeName(p.ArgType).OID)
		}
	}
	return in, all
}

// withOutArgs is a procedure as CALL sees it: its OUT arguments are written, too.
func withOutArgs(p *pgdata.Proc) *pgdata.Proc {
	if p.Kind != 'p' || p.ArgModes == nil {
		return p
	}
	q := *p
	q.ArgTypes, q.ArgModes = p.AllArgTypes, append([]string(nil), p.ArgModes...)
	for i, m := range q.ArgModes {
		if m == "o" {
			q.ArgModes[i] = "b"
		}
	}
	return &q
}
