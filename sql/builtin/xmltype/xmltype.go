// Package xmltype holds what makes values of type xml: functions, the aggregate xmlagg, and how values of other types become XML.
package xmltype

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/xmldoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what Lookup finds.
func Family() call.Family {
	wellFormed := func(check func(string) error) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Bool(check(string(a[0].Bytes())) == nil), nil
		}
	}
	return call.Family{
		Fns: call.Fns{
			"texttoxml": func(c *call.Call, a []types.Datum) (types.Datum, error) {
				return types.ParseXML(string(a[0].Bytes()), c.Env.XMLDocument)
			},
			"xmltotext":  func(_ *call.Call, a []types.Datum) (types.Datum, error) { return a[0], nil },
			"xmlcomment": comment,
			"xmlconcat2": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
				switch {
				case a[0].IsNull():
					return a[1], nil
				case a[1].IsNull():
					return a[0], nil
				}
				return tuple.String(xmldoc.Concat([]string{string(a[0].Bytes()), string(a[1].Bytes())})), nil
			},
			"xml_is_well_formed": func(c *call.Call, a []types.Datum) (types.Datum, error) {
				_, err := types.ParseXML(string(a[0].Bytes()), c.Env.XMLDocument)
				return tuple.Bool(err == nil), nil
			},
			"xml_is_well_formed_document": wellFormed(xmldoc.Document),
			"xml_is_well_formed_content":  wellFormed(xmldoc.Content),
		},
		Aggs: call.AggByName{"xmlagg": func(*pgdata.Proc) *call.Agg {
			return &call.Agg{New: func(*call.Call, []types.Datum) (call.AggState, error) { return &joined{}, nil }}
		}},
	}
}

func comment(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s := string(a[0].Bytes())
	if strings.Contains(s, "--") || strings.HasSuffix(s, "-") {
		return types.Null, pgerr.New(pgerr.InvalidXMLComment, "invalid XML comment")
	}
	return tuple.String("<!--" + s + "-->"), nil
}

// joined is xmlagg: the values one after the other.
type joined struct {
	list []string
	size int
}

func (j *joined) Add(a []types.Datum) error {
	if !a[0].IsNull() {
		j.list = append(j.list, string(a[0].Bytes()))
		j.size += a[0].Len() + 16
	}
	return nil
}

func (j *joined) Size() int { return call.SmallState + j.size }

func (j *joined) Final() (types.Datum, error) {
	switch len(j.list) {
	case 0:
		return types.Null, nil
	case 1:
		return tuple.String(j.list[0]), nil
	}
	return tuple.String(xmldoc.Concat(j.list)), nil
}
