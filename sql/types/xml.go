package types

import (
	"errors"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/xmldoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// xmlCodec keeps the text of a document or content as it was given, once it is seen to be well-formed.
var xmlCodec = &codec{
	in: func(_ *Type, s string, _ int32, env *Env) (Datum, error) {
		return ParseXML(s, env != nil && env.XMLDocument)
	},
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		return xmldoc.AppendText(dst, string(d.Bytes()))
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		return xmldoc.AppendText(dst, string(d.Bytes()))
	},
	recv: func(_ *Type, b []byte, _ int32, env *Env) (Datum, error) {
		return ParseXML(string(b), env != nil && env.XMLDocument)
	},
}

// ParseXML checks a text to be a document or content. Errors: 2200M, 2200N.
func ParseXML(s string, document bool) (Datum, error) {
	err := xmldoc.Content(s)
	code, what := pgerr.InvalidXMLContent, "invalid XML content"
	if document {
		err = xmldoc.Document(s)
		code, what = pgerr.InvalidXMLDocument, "invalid XML document"
	}
	if err == nil {
		return tuple.String(s), nil
	}
	if m := (*xmldoc.Malformed)(nil); errors.As(err, &m) && m.Declaration {
		what += ": invalid XML declaration"
	}
	return Null, pgerr.New(code, "%s", what).WithDetail("%s", err.Error())
}
