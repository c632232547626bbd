package eval

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/xmltype"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/xmldoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// xml computes XMLELEMENT and its kin.
func (b *Builder) xml(x *plan.XML) (Operand, error) {
	all := append(append([]plan.Expr(nil), x.Named...), x.Args...)
	args, err := b.Exprs(all)
	if err != nil {
		return Operand{}, err
	}
	typs := make([]*types.Type, len(all))
	fns := make([]Fn, len(all))
	for i := range all {
		if typs[i], err = b.TypeOf(all[i].Type().OID); err != nil {
			return Operand{}, err
		}
		fns[i] = args[i].eval(&b.run.F)
	}
	in, n := b.run, len(x.Named)
	values := make([]types.Datum, len(all))
	return fnOperand(func() (types.Datum, error) {
		for i, fn := range fns {
			v, err := fn()
			if err != nil {
				return types.Null, err
			}
			values[i] = v
		}
		return makeXML(x, typs[:n], typs[n:], values, in.EC.Env)
	}), nil
}

// makeXML computes an XML expression from the values of its arguments; named and args are their types.
func makeXML(x *plan.XML, named, args []*types.Type, values []types.Datum, env *types.Env) (types.Datum, error) {
	attrs, rest := values[:len(named)], values[len(named):]
	switch x.Op {
	case plan.XMLConcat:
		var list []string
		for _, v := range rest {
			if !v.IsNull() {
				list = append(list, string(v.Bytes()))
			}
		}
		if len(list) == 0 {
			return types.Null, nil
		}
		return tuple.String(xmldoc.Concat(list)), nil
	case plan.XMLElement:
		return xmlElement(x, named, args, attrs, rest, env)
	case plan.XMLForest:
		var out []byte
		found := false
		for i, v := range attrs {
			if v.IsNull() {
				continue
			}
			found = true
			var err error
			out = append(append(append(out, '<'), x.Names[i]...), '>')
			if out, err = xmltype.AppendValue(out, v, named[i], env, true); err != nil {
				return types.Null, err
			}
			out = append(append(append(out, "</"...), x.Names[i]...), '>')
		}
		if !found {
			return types.Null, nil
		}
		return tuple.Bytes(out), nil
	case plan.XMLPI:
		return xmlPI(x.Name, rest)
	}
	if rest[0].IsNull() {
		return types.Null, nil
	}
	text := string(rest[0].Bytes())
	switch x.Op {
	case plan.XMLParse:
		return types.ParseXML(text, x.Document)
	case plan.XMLSerialize:
		if x.Document && xmldoc.Document(text) != nil {
			return types.Null, pgerr.New(pgerr.NotAnXMLDocument, "not an XML document")
		}
		return rest[0], nil
	case plan.XMLIsDocument:
		return tuple.Bool(xmldoc.Document(text) == nil), nil
	}
	return xmlRoot(x, text, rest), nil
}

func xmlElement(x *plan.XML, named, args []*types.Type, attrs, rest []types.Datum, env *types.Env) (types.Datum, error) {
	out := append([]byte{'<'}, x.Name...)
	for i, v := range attrs {
		if v.IsNull() {
			continue
		}
		text, err := xmltype.AppendValue(nil, v, named[i], env, false)
		if err != nil {
			return types.Null, err
		}
		out = append(append(append(out, ' '), x.Names[i]...), '=')
		out = xmldoc.EscapeAttribute(out, string(text))
	}
	open, err := false, error(nil)
	for i, v := range rest {
		if v.IsNull() {
			continue
		}
		if !open {
			out, open = append(out, '>'), true
		}
		if out, err = xmltype.AppendValue(out, v, args[i], env, true); err != nil {
			return types.Null, err
		}
	}
	if !open {
		return tuple.Bytes(append(out, "/>"...)), nil
	}
	return tuple.Bytes(append(append(append(out, "</"...), x.Name...), '>')), nil
}

// xmlPI is XMLPI.
func xmlPI(target string, rest []types.Datum) (types.Datum, error) {
	if strings.EqualFold(target, "xml") {
		return types.Null, pgerr.New(pgerr.SyntaxError, "invalid XML processing instruction").
			WithDetail("XML processing instruction target name cannot be \"%s\".", target)
	}
	if len(rest) == 0 {
		return tuple.String("<?" + target + "?>"), nil
	}
	if rest[0].IsNull() {
		return types.Null, nil
	}
	text := string(rest[0].Bytes())
	if strings.Contains(text, "?>") {
		return types.Null, pgerr.New(pgerr.InvalidXMLProcessingInstruction, "invalid XML processing instruction").
			WithDetail("XML processing instruction cannot contain \"?>\".")
	}
	return tuple.String("<?" + target + " " + strings.TrimLeft(text, " ") + "?>"), nil
}

// xmlRoot is XMLROOT.
func xmlRoot(x *plan.XML, text string, rest []types.Datum) types.Datum {
	d, body, _ := xmldoc.ParseDecl(text)
	d.Version = ""
	if len(rest) > 1 && !rest[1].IsNull() {
		d.Version = string(rest[1].Bytes())
	}
	switch x.Standalone {
	case plan.XMLStandaloneYes:
		d.Standalone = 1
	case plan.XMLStandaloneNo:
		d.Standalone = 0
	case plan.XMLStandaloneNoValue:
		d.Standalone = -1
	}
	out, _ := d.Append(nil)
	return tuple.Bytes(append(out, body...))
}
