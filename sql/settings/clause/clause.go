// Package clause reads settings out of texts and statements: PGOPTIONS, SET, and the SET of ALTER ROLE and ALTER DATABASE.
package clause

import (
	"strings"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/settings"
)

// Startup reads PGOPTIONS: -c name=value, --name=value; a backslash keeps a blank.
func Startup(v string) [][2]string {
	var words []string
	var b strings.Builder
	in := false
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && i+1 < len(v):
			i++
			b.WriteByte(v[i])
			in = true
		case v[i] == ' ' || v[i] == '\t' || v[i] == '\n':
			if in {
				words = append(words, b.String())
				b.Reset()
				in = false
			}
		default:
			b.WriteByte(v[i])
			in = true
		}
	}
	if in {
		words = append(words, b.String())
	}
	var out [][2]string
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		case strings.HasPrefix(w, "--"):
			w = w[2:]
		default:
			continue
		}
		if name, value, ok := strings.Cut(w, "="); ok {
			out = append(out, [2]string{strings.ReplaceAll(name, "-", "_"), value})
		}
	}
	return out
}

// Value joins the arguments of SET as PostgreSQL does: identifiers of a list are quoted where they must be.
func Value(n *ast.VariableSetStmt) string {
	list := strings.EqualFold(n.Name, "search_path") || strings.EqualFold(n.Name, "temp_tablespaces") ||
		strings.EqualFold(n.Name, "session_preload_libraries") || strings.EqualFold(n.Name, "local_preload_libraries")
	var parts []string
	for _, a := range n.Args {
		var v string
		switch c := a.(type) {
		case *ast.A_Const:
			v = ast.Text(c)
			if _, str := c.Val.(*ast.String); str && list {
				v = ruleutils.QuoteIdent(v)
			}
		case *ast.TypeCast: // SET TIME ZONE INTERVAL '…'
			if k, ok := c.Arg.(*ast.A_Const); ok {
				v = intervalZone(ast.Text(k))
			}
		}
		parts = append(parts, v)
	}
	return strings.Join(parts, ", ")
}

// intervalZone turns INTERVAL '-08:00' HOUR TO MINUTE into a POSIX zone.
func intervalZone(v string) string {
	v = strings.TrimSpace(v)
	sign := "+"
	if strings.HasPrefix(v, "-") {
		sign, v = "-", v[1:]
	}
	v = strings.TrimPrefix(v, "+")
	inverse := map[string]string{"+": "-", "-": "+"}[sign]
	return "<" + sign + v + ">" + inverse + v
}

// Option is the value of a transaction mode.
func Option(d *ast.DefElem) string {
	switch a := d.Arg.(type) {
	case *ast.A_Const:
		if i, ok := a.Val.(*ast.Integer); ok {
			return map[bool]string{true: "on", false: "off"}[i.Ival != 0]
		}
		return ast.Text(a)
	case *ast.String:
		return a.Sval
	case *ast.Integer:
		return map[bool]string{true: "on", false: "off"}[a.Ival != 0]
	}
	return ""
}

// Apply changes settings that are kept for a database or a role by ALTER … SET and RESET.
func Apply(kept *map[string]string, n *ast.VariableSetStmt) error {
	switch n.Kind {
	case ast.VAR_RESET_ALL:
		*kept = nil
		return nil
	case ast.VAR_RESET, ast.VAR_SET_DEFAULT:
		delete(*kept, n.Name)
		return nil
	case ast.VAR_SET_VALUE:
		d := settings.Lookup(n.Name)
		v := Value(n)
		if d != nil {
			var err error
			if v, err = d.Parse(v); err != nil {
				return err
			}
		}
		if *kept == nil {
			*kept = map[string]string{}
		}
		(*kept)[n.Name] = v
		return nil
	}
	return pgerr.Unsupported("this form of ALTER … SET")
}
