package definition

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/types"
)

// Function is pg_get_functiondef.
func (p Printer) Function(oid types.OID, sess builtin.Session) (string, error) {
	d := p.S.Catalog().Function(oid)
	if d == nil {
		if p.Names.Function(oid) != nil {
			return "", pgerr.Unsupported("pg_get_functiondef of a built-in function")
		}
		return "", nil
	}
	proc := &d.Proc
	if proc.Kind == 'a' {
		return "", pgerr.New(pgerr.WrongObjectType, "\"%s\" is an aggregate function", d.Name)
	}
	var b strings.Builder
	schema := ""
	if sc := p.S.Catalog().SchemaByOID(d.Schema); sc != nil {
		schema = ruleutils.QuoteIdent(sc.Name) + "."
	}
	word := "FUNCTION"
	if proc.Kind == 'p' {
		word = "PROCEDURE"
	}
	c := &builtin.Call{Env: p.S.Types(), Sess: sess}
	b.WriteString("CREATE OR REPLACE " + word + " " + schema + ruleutils.QuoteIdent(d.Name) + "(" + system.FunctionArguments(c, proc) + ")\n")
	if proc.Kind != 'p' {
		ret, err := system.FunctionResult(c, proc)
		if err != nil {
			return "", err
		}
		b.WriteString(" RETURNS " + ret + "\n")
	}
	b.WriteString(" LANGUAGE " + ruleutils.QuoteIdent(d.Language) + "\n")
	var opts []string
	if proc.Kind == 'f' {
		switch proc.Volatile {
		case 'i':
			opts = append(opts, "IMMUTABLE")
		case 's':
			opts = append(opts, "STABLE")
		}
		switch proc.Parallel {
		case 's':
			opts = append(opts, "PARALLEL SAFE")
		case 'r':
			opts = append(opts, "PARALLEL RESTRICTED")
		}
		if proc.Strict {
			opts = append(opts, "STRICT")
		}
		if proc.SecDef {
			opts = append(opts, "SECURITY DEFINER")
		}
		if proc.LeakProof {
			opts = append(opts, "LEAKPROOF")
		}
		if proc.Cost != "100" && proc.Cost != "" {
			opts = append(opts, "COST "+proc.Cost)
		}
		if proc.RetSet && proc.Rows != "1000" || !proc.RetSet && proc.Rows != "0" && proc.Rows != "" {
			opts = append(opts, "ROWS "+proc.Rows)
		}
	} else if proc.SecDef {
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
	for strings.Contains(proc.Src, tag) {
		tag += "x"
	}
	b.WriteString("AS " + tag + "$" + proc.Src + tag + "$\n")
	return b.String(), nil
}

// quotedPath prints a list of schemas as SET takes it.
func quotedPath(v string) string {
	var out []string
	for _, name := range settings.Identifiers(v) {
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
