package merge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Definer prints objects as the statements that make them, by the catalog that As says.
type Definer interface {
	Printer
	ViewDef(view types.OID, pretty bool) (string, error)
	IndexDef(index types.OID, column int, pretty bool) (string, error)
	ConstraintDef(con types.OID, pretty bool) (string, error)
	TriggerDef(trigger types.OID, pretty bool) (string, error)
	FunctionDef(fn types.OID) (string, error)
	Expr(node string, rel types.OID, pretty bool) (string, error)
}

// SchemaDiff is the rows of branch_schema_diff. It closes the pair.
func SchemaDiff(ctx context.Context, p *branchdiff.Pair, pr Definer) (builtin.Rows, error) {
	defer p.Close()
	t, err := compareCatalogs(ctx, p)
	if err != nil || t == nil {
		return call.TableRows(nil), err
	}
	var out [][]types.Datum
	for _, c := range t.Plan(p.Target.Cat).Changes {
		row := []types.Datum{tuple.String(c.Object), tuple.String(c.What.String()), types.Null, types.Null}
		for i, side := range []struct {
			cat  *catalog.Catalog
			desc any
		}{{p.Source.Cat, c.Source}, {p.Target.Cat, c.Target}} {
			if side.desc == nil {
				continue
			}
			var text string
			err := pr.As(side.cat, func(env *types.Env) (err error) {
				text, err = ddl(pr, env, side.cat, side.desc)
				return err
			})
			if err != nil {
				return nil, err
			}
			if text != "" {
				row[2+i] = tuple.String(text)
			}
		}
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b []types.Datum) int { return cmp.Compare(string(a[0].Bytes()), string(b[0].Bytes())) })
	return call.TableRows(out), nil
}

// ddl is the statements that make an object; "" for kinds of which none are printed.
func ddl(pr Definer, env *types.Env, cat *catalog.Catalog, desc any) (string, error) {
	switch o := desc.(type) {
	case *catalog.Schema:
		return "CREATE SCHEMA " + ruleutils.QuoteIdent(o.Name), nil
	case *catalog.Function:
		if o.Proc.Kind == 'a' {
			return "", nil
		}
		text, err := pr.FunctionDef(o.OID)
		return strings.TrimRight(text, "\n"), err
	case *catalog.Type:
		if o.Form == types.TypeEnum {
			return enumDDL(env, o.OID, o), nil
		}
	case *catalog.Table:
		return relationDDL(pr, env, cat, o)
	}
	return "", nil
}

func enumDDL(env *types.Env, oid types.OID, t *catalog.Type) string {
	labels := make([]string, len(t.Labels))
	for i, l := range t.Labels {
		labels[i] = ruleutils.QuoteLiteral(l.Name)
	}
	return "CREATE TYPE " + types.FormatType(oid, -1, env) + " AS ENUM (" + strings.Join(labels, ", ") + ")"
}

func relationDDL(pr Definer, env *types.Env, cat *catalog.Catalog, t *catalog.Table) (string, error) {
	name := ruleutils.Qualified(cat, t.Schema, t.Name)
	switch t.Kind {
	case catalog.RelView, catalog.RelMatView:
		word := "VIEW"
		if t.Kind == catalog.RelMatView {
			word = "MATERIALIZED VIEW"
		}
		query, err := pr.ViewDef(t.OID, false)
		return "CREATE " + word + " " + name + " AS\n" + strings.TrimSuffix(query, ";"), err
	case catalog.RelSequence:
		s := t.Sequence
		text := fmt.Sprintf("CREATE SEQUENCE %s AS %s INCREMENT BY %d MINVALUE %d MAXVALUE %d START WITH %d CACHE %d", name,
			types.FormatType(s.Type, -1, env), s.Inc, s.Min, s.Max, s.Start, s.Cache)
		if s.Cycle {
			text += " CYCLE"
		}
		return text, nil
	case catalog.RelTable, catalog.RelPartitioned:
		return tableDDL(pr, env, t, name)
	}
	return "", nil
}

// tableDDL is a table with its constraints, and then its indexes and triggers.
func tableDDL(pr Definer, env *types.Env, t *catalog.Table, name string) (string, error) {
	var parts, rest []string
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		text, err := columnDDL(pr, env, t, c)
		if err != nil {
			return "", err
		}
		parts = append(parts, text)
	}
	own := map[types.OID]bool{}
	for _, c := range t.Constraints {
		if c.Type != catalog.ConForeign {
			own[c.Index] = true
		}
		if c.Type == catalog.ConTrigger {
			continue
		}
		def, err := pr.ConstraintDef(c.OID, false)
		if err != nil {
			return "", err
		}
		parts = append(parts, "CONSTRAINT "+ruleutils.QuoteIdent(c.Name)+" "+def)
	}
	for _, ix := range t.Indexes {
		if own[ix.OID] {
			continue
		}
		def, err := pr.IndexDef(ix.OID, 0, false)
		if err != nil {
			return "", err
		}
		rest = append(rest, ";\n"+def)
	}
	for _, g := range t.Triggers {
		def, err := pr.TriggerDef(g.OID, false)
		if err != nil {
			return "", err
		}
		rest = append(rest, ";\n"+def)
	}
	return "CREATE TABLE " + name + " (\n    " + strings.Join(parts, ",\n    ") + "\n)" + strings.Join(rest, ""), nil
}

func columnDDL(pr Definer, env *types.Env, t *catalog.Table, c *catalog.Column) (string, error) {
	text := ruleutils.QuoteIdent(c.Name) + " " + types.FormatType(c.Type, c.TypMod, env)
	if c.NotNull {
		text += " NOT NULL"
	}
	switch {
	case c.Identity == 'a':
		return text + " GENERATED ALWAYS AS IDENTITY", nil
	case c.Identity == 'd':
		return text + " GENERATED BY DEFAULT AS IDENTITY", nil
	case c.Default == "":
		return text, nil
	}
	e, err := pr.Expr(c.Default, t.OID, false)
	if c.Generated != 0 {
		return text + " GENERATED ALWAYS AS (" + e + ") STORED", err
	}
	return text + " DEFAULT " + e, err
}
