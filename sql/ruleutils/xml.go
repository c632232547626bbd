package ruleutils

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types/xmldoc"
)

var xmlWords = map[plan.XMLOp]string{plan.XMLConcat: "XMLCONCAT", plan.XMLElement: "XMLELEMENT", plan.XMLForest: "XMLFOREST", plan.XMLParse: "XMLPARSE",
	plan.XMLPI: "XMLPI", plan.XMLRoot: "XMLROOT", plan.XMLSerialize: "XMLSERIALIZE"}

func (p *printer) xml(v *plan.XML) {
	if v.Op == plan.XMLIsDocument {
		p.paren(v.Args[0], false, v)
		p.put(" IS DOCUMENT")
		return
	}
	p.put(xmlWords[v.Op], "(")
	if v.Op == plan.XMLParse || v.Op == plan.XMLSerialize {
		p.put(map[bool]string{true: "DOCUMENT ", false: "CONTENT "}[v.Document])
	}
	comma := false
	sep := func() {
		if comma {
			p.put(", ")
		}
		comma = true
	}
	if v.Name != "" {
		sep()
		p.put("NAME ", QuoteIdent(xmldoc.Identifier(v.Name)))
	}
	if len(v.Named) > 0 {
		sep()
		if v.Op != plan.XMLForest {
			p.put("XMLATTRIBUTES(")
		}
		for i, e := range v.Named {
			if i > 0 {
				p.put(", ")
			}
			p.list([]plan.Expr{e}, true)
			p.put(" AS ", QuoteIdent(xmldoc.Identifier(v.Names[i])))
		}
		if v.Op != plan.XMLForest {
			p.put(")")
		}
	}
	args := v.Args
	if v.Op == plan.XMLRoot {
		args = args[:1]
	}
	if len(args) > 0 {
		sep()
		p.list(args, true)
	}
	switch v.Op {
	case plan.XMLParse:
		p.put(map[bool]string{true: " PRESERVE WHITESPACE", false: " STRIP WHITESPACE"}[v.KeepSpace])
	case plan.XMLSerialize:
		p.put(" AS ", p.typeName(v.As))
	case plan.XMLRoot:
		p.put(", VERSION ")
		if c, ok := v.Args[1].(*plan.Const); ok && c.Val.IsNull() {
			p.put("NO VALUE")
		} else {
			p.list(v.Args[1:], true)
		}
		p.put([]string{", STANDALONE YES", ", STANDALONE NO", ", STANDALONE NO VALUE", ""}[v.Standalone])
	}
	p.put(")")
}
