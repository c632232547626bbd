package textsearch

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

const defaultParserOID = 3722 // pg_ts_parser

func checkParser(oid types.OID) error {
	if oid != defaultParserOID {
		return pgerr.New(pgerr.InternalError, "cache lookup failed for text search parser %d", oid)
	}
	return nil
}

func checkParserName(name string) error {
	if name != "default" && name != "pg_catalog.default" {
		return pgerr.New(pgerr.UndefinedObject, "text search parser \"%s\" does not exist", name)
	}
	return nil
}

func parseByOID(_ *call.Call, a []types.Datum) (call.Rows, error) {
	if err := checkParser(types.OID(a[0].Uint())); err != nil {
		return nil, err
	}
	return parsed(a[1].Str()), nil
}

func parseByName(_ *call.Call, a []types.Datum) (call.Rows, error) {
	if err := checkParserName(a[0].Str()); err != nil {
		return nil, err
	}
	return parsed(a[1].Str()), nil
}

func parsed(text string) call.Rows {
	p := newParser(string(append([]byte(nil), text...)))
	return call.RowsFunc(func() ([]types.Datum, bool, error) {
		kind, token, ok := p.next()
		if !ok {
			return nil, false, nil
		}
		return []types.Datum{tuple.Int(int64(kind)), tuple.String(token)}, true, nil
	})
}

func tokenTypesByOID(_ *call.Call, a []types.Datum) (call.Rows, error) {
	if err := checkParser(types.OID(a[0].Uint())); err != nil {
		return nil, err
	}
	return tokenTypes(), nil
}

func tokenTypesByName(_ *call.Call, a []types.Datum) (call.Rows, error) {
	if err := checkParserName(a[0].Str()); err != nil {
		return nil, err
	}
	return tokenTypes(), nil
}

func tokenTypes() call.Rows {
	var rows [][]types.Datum
	for k := tokASCIIWord; k <= tokLast; k++ {
		rows = append(rows, []types.Datum{tuple.Int(int64(k)), tuple.String(tokenNames[k][0]), tuple.String(tokenNames[k][1])})
	}
	return call.TableRows(rows)
}

func debugCurrent(c *call.Call, a []types.Datum) (call.Rows, error) {
	oid, err := currentOID(c)
	if err != nil {
		return nil, err
	}
	return debugRows(c.Env, oid, a[0].Clone().Str())
}

func debug(c *call.Call, a []types.Datum) (call.Rows, error) {
	return debugRows(c.Env, types.OID(a[0].Uint()), a[1].Clone().Str())
}

// debugRows are ts_debug's: alias, description, token, the dictionaries of its type, the one that knows it, its lexemes.
func debugRows(env *types.Env, oid types.OID, text string) (call.Rows, error) {
	cfg, err := configByOID(env, oid)
	if err != nil {
		return nil, err
	}
	regdictionary := types.Lookup(types.RegDictionary)
	p := newParser(text)
	return call.RowsFunc(func() ([]types.Datum, bool, error) {
		kind, token, ok := p.next()
		if !ok {
			return nil, false, nil
		}
		var all []types.Datum
		dict, lexemes := types.Null, types.Null
		for i, oid := range cfg.oids[kind] {
			all = append(all, tuple.Uint(uint64(oid)))
			norms, err := cfg.dicts[kind][i].lexize(token)
			if err != nil {
				return nil, false, err
			}
			if norms != nil && lexemes.IsNull() {
				dict, lexemes = tuple.Uint(uint64(oid)), textArray(norms)
			}
		}
		if dict.IsNull() && len(all) > 0 {
			dict = all[0]
		}
		return []types.Datum{tuple.String(tokenNames[kind][0]), tuple.String(tokenNames[kind][1]), tuple.String(token),
			types.MakeArray(regdictionary, all), dict, lexemes}, true, nil
	}), nil
}
