package ruleutils

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
)

// TriggerNames are what a trigger's definition names.
type TriggerNames struct {
	Table    string
	From     string // of a constraint trigger; "": none
	Function string
	When     string // the condition, "": none
}

// TriggerDef is pg_get_triggerdef.
func TriggerDef(t *catalog.Table, g *catalog.Trigger, n TriggerNames) string {
	var b strings.Builder
	b.WriteString("CREATE ")
	if g.Constraint != 0 {
		b.WriteString("CONSTRAINT ")
	}
	b.WriteString("TRIGGER " + QuoteIdent(g.Name) + " " + g.Type.When())
	sep := " "
	for _, ev := range []catalog.TriggerType{catalog.TriggerInsert, catalog.TriggerDelete, catalog.TriggerUpdate, catalog.TriggerTruncate} {
		if !g.Type.Has(ev) {
			continue
		}
		b.WriteString(sep + ev.Op())
		sep = " OR "
		if ev == catalog.TriggerUpdate && len(g.Cols) > 0 {
			cols := make([]string, len(g.Cols))
			for i, att := range g.Cols {
				cols[i] = QuoteIdent(t.Column(att).Name)
			}
			b.WriteString(" OF " + strings.Join(cols, ", "))
		}
	}
	b.WriteString(" ON " + n.Table + " ")
	if g.Constraint != 0 {
		if n.From != "" {
			b.WriteString("FROM " + n.From + " ")
		}
		b.WriteString(deferral(t, g))
	}
	if g.OldTable != "" || g.NewTable != "" {
		b.WriteString("REFERENCING ")
		if g.OldTable != "" {
			b.WriteString("OLD TABLE AS " + QuoteIdent(g.OldTable) + " ")
		}
		if g.NewTable != "" {
			b.WriteString("NEW TABLE AS " + QuoteIdent(g.NewTable) + " ")
		}
	}
	b.WriteString("FOR EACH " + g.Type.Level() + " ")
	if n.When != "" {
		b.WriteString("WHEN (" + n.When + ") ")
	}
	b.WriteString("EXECUTE FUNCTION " + n.Function + "(")
	for i, a := range g.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(QuoteLiteral(a))
	}
	b.WriteString(")")
	return b.String()
}

func deferral(t *catalog.Table, g *catalog.Trigger) string {
	for _, c := range t.Constraints {
		switch {
		case c.OID != g.Constraint:
		case !c.Deferrable:
			return "NOT DEFERRABLE INITIALLY IMMEDIATE "
		case c.Deferred:
			return "DEFERRABLE INITIALLY DEFERRED "
		default:
			return "DEFERRABLE INITIALLY IMMEDIATE "
		}
	}
	return ""
}
