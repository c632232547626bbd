package depend

import (
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ruleutils"
)

// describe is an object as PostgreSQL's messages name it.
func describe(x *stmt.Ctx, o catalog.Address) string {
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindSchema:
		if s := cat.SchemaByOID(o.OID); s != nil {
			return "schema " + s.Name
		}
	case catalog.KindRelation:
		if t := cat.Table(o.OID); t != nil {
			if t.Kind == catalog.RelComposite {
				return "type " + x.RelationText(t)
			}
			return stmt.KindWord(t.Kind) + " " + x.RelationText(t)
		}
	case catalog.KindIndex:
		if t, ix := cat.RelationByOID(o.OID); ix != nil {
			return "index " + x.NameText(t.Schema, ix.Name)
		}
	case catalog.KindConstraint:
		if t, c := cat.ConstraintByOID(o.OID); c != nil {
			return "constraint " + c.Name + " on " + stmt.KindWord(t.Kind) + " " + x.RelationText(t)
		}
	case catalog.KindPolicy:
		if t, p := cat.PolicyByOID(o.OID); p != nil {
			return "policy " + p.Name + " on " + stmt.KindWord(t.Kind) + " " + x.RelationText(t)
		}
	case catalog.KindRule:
		if t, r := cat.RuleByOID(o.OID); r != nil {
			return "rule " + r.Name + " on " + stmt.KindWord(t.Kind) + " " + x.RelationText(t)
		}
	case catalog.KindDefault:
		if t := cat.Table(o.OID); t != nil {
			return "default value for column " + t.Column(o.Sub).Name + " of " + stmt.KindWord(t.Kind) + " " + x.RelationText(t)
		}
	case catalog.KindColumn:
		if t := cat.Table(o.OID); t != nil {
			return "column " + t.Column(o.Sub).Name + " of " + stmt.KindWord(t.Kind) + " " + x.RelationText(t)
		}
	default:
		if k, ok := objectKinds(o.Kind); ok {
			return k.describe(x, o)
		}
	}
	return "object " + strconv.Itoa(int(o.OID))
}

func describeFunction(x *stmt.Ctx, o catalog.Address) string {
	f := x.Catalog().Function(o.OID)
	if f == nil {
		return "function " + strconv.Itoa(int(o.OID))
	}
	return "function " + x.Signature(f)
}

func describeOperator(x *stmt.Ctx, o catalog.Address) string {
	d := x.Catalog().Operator(o.OID)
	if d == nil {
		return "operator " + strconv.Itoa(int(o.OID))
	}
	side := func(t catalog.OID) string {
		if t == 0 {
			return "NONE"
		}
		return x.TypeText(t)
	}
	name := d.Name
	if !slices.Contains(x.Path(), d.Schema) {
		name = ruleutils.QuoteIdent(x.Catalog().SchemaByOID(d.Schema).Name) + "." + name
	}
	return "operator " + name + "(" + side(d.Op.Left) + "," + side(d.Op.Right) + ")"
}

func describeCast(x *stmt.Ctx, o catalog.Address) string {
	c, _ := x.Catalog().Object(o.Kind, o.OID).(*catalog.Cast)
	if c == nil {
		return "cast " + strconv.Itoa(int(o.OID))
	}
	return "cast from " + x.TypeText(c.Row.Source) + " to " + x.TypeText(c.Row.Target)
}

// describeNamed is an object that its schema and its name are all of.
func describeNamed(x *stmt.Ctx, o catalog.Address) string {
	h := x.Catalog().Object(o.Kind, o.OID).Head()
	return o.Kind.String() + " " + x.ObjectText(h.Schema, h.Name)
}

func describeType(x *stmt.Ctx, o catalog.Address) string { return "type " + x.TypeText(o.OID) }
