package textsearch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
)

// parts says which values of a JSON document count.
type parts struct{ strings, numbers, bools, keys bool }

func errFlag(format string, args ...any) error {
	return pgerr.New(pgerr.InvalidParameterValue, format, args...).
		WithHint("Possible values are: \"string\", \"numeric\", \"boolean\", \"key\", and \"all\".")
}

func partsOf(filter string) (p parts, err error) {
	var v any
	if err := json.Unmarshal([]byte(filter), &v); err != nil {
		return p, pgerr.New(pgerr.InternalError, "filter is no JSON")
	}
	list, ok := v.([]any)
	if !ok {
		if _, object := v.(map[string]any); object {
			return p, pgerr.New(pgerr.InvalidParameterValue, "wrong flag type, only arrays and scalars are allowed")
		}
		list = []any{v}
	}
	for _, e := range list {
		name, ok := e.(string)
		switch e.(type) {
		case []any, map[string]any:
			return p, pgerr.New(pgerr.InternalError, "unexpected end of flag array")
		}
		if !ok {
			return p, errFlag("flag array element is not a string")
		}
		switch strings.ToLower(name) {
		case "all":
			p = parts{true, true, true, true}
		case "string":
			p.strings = true
		case "numeric":
			p.numbers = true
		case "boolean":
			p.bools = true
		case "key":
			p.keys = true
		default:
			return p, errFlag("wrong flag in flag array: \"%s\"", name)
		}
	}
	return p, nil
}

// walk calls f for each token of a document; key says that a string is one.
func walk(doc []byte, f func(tok json.Token, key bool) error) error {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	type level struct{ object, key bool }
	var stack []level
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type json")
		}
		top := len(stack) - 1
		closing := tok == json.Delim('}') || tok == json.Delim(']')
		key := top >= 0 && stack[top].object && stack[top].key && !closing
		if err := f(tok, key); err != nil {
			return err
		}
		switch {
		case tok == json.Delim('{') || tok == json.Delim('['):
			if top >= 0 {
				stack[top].key = true // a value, after which a key comes
			}
			stack = append(stack, level{object: tok == json.Delim('{'), key: true})
		case closing:
			stack = stack[:top]
		case top >= 0:
			stack[top].key = !key
		}
	}
}

func jsonVector(c *call.Call, cfg *config, doc []byte, p parts) (types.Datum, error) {
	var all []word
	pos := 0
	err := walk(doc, func(tok json.Token, key bool) error {
		text, want := "", false
		switch v := tok.(type) {
		case string:
			text, want = v, key && p.keys || !key && p.strings
		case json.Number:
			text, want = v.String(), p.numbers
		case bool:
			text, want = map[bool]string{true: "true", false: "false"}[v], p.bools
		}
		if !want {
			return nil
		}
		words, last, err := cfg.words(text, pos, notices(c))
		pos = last
		if len(words) > 0 { // the next value is no neighbour
			pos++
		}
		all = append(all, words...)
		return err
	})
	if err != nil {
		return types.Null, err
	}
	return packVector(vector(all))
}

// jsonHeadline puts a headline in the place of each string that is a value.
func jsonHeadline(c *call.Call, cfg *config, a []types.Datum) ([]byte, error) {
	o, err := headlineArgs(a)
	if err != nil {
		return nil, err
	}
	var out []byte
	q := queryOf(a[1])
	err = walk(a[0].Bytes(), func(tok json.Token, key bool) error {
		if n := len(out); n > 0 && !bytes.ContainsRune([]byte("{[:"), rune(out[n-1])) && tok != json.Delim('}') && tok != json.Delim(']') {
			out = append(out, ',')
		}
		switch v := tok.(type) {
		case json.Delim:
			out = append(out, byte(v))
		case string:
			if !key {
				if v, err = makeHeadline(cfg, v, q, o, notices(c)); err != nil {
					return err
				}
			}
			out = jsondoc.AppendString(out, v)
			if key {
				out = append(out, ':')
			}
		case json.Number:
			out = append(out, v...)
		case bool:
			out = append(out, map[bool]string{true: "true", false: "false"}[v]...)
		case nil:
			out = append(out, "null"...)
		}
		return nil
	})
	return out, err
}

func jsonFns() call.Fns {
	out := call.Fns{}
	for _, typ := range []string{"json", "jsonb"} {
		configured(out, typ+"_string_to_tsvector", typ+"_string_to_tsvector_byid", func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error) {
			return jsonVector(c, cfg, a[0].Bytes(), parts{strings: true})
		})
		configured(out, typ+"_to_tsvector", typ+"_to_tsvector_byid", func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error) {
			p, err := partsOf(a[1].Str())
			if err != nil {
				return types.Null, err
			}
			return jsonVector(c, cfg, a[0].Bytes(), p)
		})
		headline := func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error) {
			b, err := jsonHeadline(c, cfg, a)
			switch {
			case err != nil:
				return types.Null, err
			case typ == "json":
				return call.Bytes(b)
			}
			return types.Lookup(types.JSONB).ParseText(string(b), -1, c.Env)
		}
		configured(out, "ts_headline_"+typ, "ts_headline_"+typ+"_byid", headline)
		configured(out, "ts_headline_"+typ+"_opt", "ts_headline_"+typ+"_byid_opt", headline)
	}
	return out
}
