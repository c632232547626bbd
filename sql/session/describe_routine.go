package session

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// FunctionDef is pg_get_functiondef.
func (f *functions) FunctionDef(oid types.OID) (string, error) {
	s := f.s()
	d := s.catalog().Function(oid)
	if d == nil {
		if s.names().Function(oid) != nil {
			return "", pgerr.Unsupported("pg_get_functiondef of a built-in function")
		}
		return "", nil
	}
	p := &d.Proc
	if p.Kind == 'a' {
		return "", pgerr.New(pgerr.WrongObjectType, "\"%s\" is an aggregate function", d.Name)
	}
	var b strings.Builder
	schema := ""
	if sc := s.catalog().SchemaByOID(d.Schema); sc != nil {
		schema = ruleutils.QuoteIdent(sc.Name) + "."
	}
	word := "FUNCTION"
	if p.Kind == 'p' {
		word = "PROCEDURE"
	}
	c := &builtin.Call{Env: s.env, Sess: f}
	b.WriteString("CREATE OR REPLACE " + word + " " + schema + ruleutils.QuoteIdent(d.Name) + "(" + system.FunctionArguments(c, p) + ")\n")
	if p.Kind != 'p' {
		ret, err := system.FunctionResult(c, p)
		if err != nil {
			return "", err
		}
		b.WriteString(" RETURNS " + ret + "\n")
	}
	b.WriteString(" LANGUAGE " + ruleutils.QuoteIdent(d.Language) + "\n")
	var opts []string
	if p.Kind == 'f' {
		switch p.Volatile {
		case 'i':
			opts = append(opts, "IMMUTABLE")
		case 's':
			opts = append(opts, "STABLE")
		}
		switch p.Parallel {
		case 's':
			opts = append(opts, "PARALLEL SAFE")
		case 'r':
			opts = append(opts, "PARALLEL RESTRICTED")
		}
		if p.Strict {
			opts = append(opts, "STRICT")
		}
		if p.SecDef {
			opts = append(opts, "SECURITY DEFINER")
		}
		if p.LeakProof {
			opts = append(opts, "LEAKPROOF")
		}
		if p.Cost != "100" && p.Cost != "" {
			opts = append(opts, "COST "+p.Cost)
		}
		if p.RetSet && p.Rows != "1000" || !p.RetSet && p.Rows != "0" && p.Rows != "" {
			opts = append(opts, "ROWS "+p.Rows)
		}
	} else if p.SecDef {
		opts = append(opts, "SECURITY DEFINER")
	}
	if len(opts) > 0 {
		b.WriteString(" " + strings.Join(opts, " ") + "\n")
	}
	for _, c := range d.Config {
		name, value, _ := strings.Cut(c, "=")
		shown := "'" + strings.ReplaceAll(value, "'", "''") + "'"
		if strings.EqualFold(name, "search_path") {
			shown = quotedPath(value)
		}
		b.WriteString(" SET " + ruleutils.QuoteIdent(name) + " TO " + shown + "\n")
	}
	if d.Body != "" {
		b.WriteString(bodyText(d.Body) + "\n")
		return b.String(), nil
	}
	tag := "$" + strings.ToLower(word)
	for strings.Contains(p.Src, tag) {
		tag += "x"
	}
	b.WriteString("AS " + tag + "$" + p.Src + tag + "$\n")
	return b.String(), nil
}

// quotedPath prints a list of schemas as SET takes it.
func quotedPath(v string) string {
	var out []string
	for _, name := range splitPath(v) {
		out = append(out, "'"+strings.ReplaceAll(name, "'", "''")+"'")
	}
	if out == nil {
		return "''"
	}
	return strings.Join(out, ", ")
}

// bodyText is the body in a CREATE FUNCTION statement with BEGIN ATOMIC or RETURN, as it was written.
func bodyText(stmt string) string {
	lower := strings.ToLower(stmt)
	at := strings.Index(lower, "begin atomic")
	if at < 0 {
		at = strings.Index(lower, "\nreturn ")
	}
	if at < 0 {
		at = strings.LastIndex(lower, " return ")
	}
	if at < 0 {
		return stmt
	}
	return strings.TrimRight(strings.TrimSpace(stmt[at:]), ";")
}
