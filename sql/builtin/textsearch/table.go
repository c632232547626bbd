package textsearch

import (
	"slices"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/tsearch"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns: call.Union(vectorFns(), queryFns(), orderFns("tsvector_", tuple.KindBytes), orderFns("tsquery_", tuple.KindKeyed),
			matchFns(), makeFns(), rankFns(), headlineFns(), jsonFns(), call.Fns{"ts_lexize": lexize, "get_current_ts_config": currentConfig}),
		Sets: call.Sets{"tsvector_unnest": unnest, "ts_parse_byid": parseByOID, "ts_parse_byname": parseByName,
			"ts_token_type_byid": tokenTypesByOID, "ts_token_type_byname": tokenTypesByName},
		SetsByOID: map[types.OID]call.SetFn{6183: debug, 6184: debugCurrent},
	}
}

func vectorOf(d types.Datum) tsearch.Vector { return tsearch.Of(d.Str()) }
func queryOf(d types.Datum) tsearch.Query   { return tsearch.QueryOf(d.Bytes()) }

func packVector(v tsearch.Vector) (types.Datum, error) {
	b, err := v.Pack()
	return tuple.Bytes(b), err
}

func packQuery(q tsearch.Query) (types.Datum, error) { return tuple.Bytes(tsearch.PackQuery(q)), nil }

func orderFns(prefix string, k tuple.Kind) call.Fns {
	by := func(yes func(int) bool) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(yes(tuple.Compare(k, a[0], a[1])))
		}
	}
	return call.Fns{
		prefix + "eq": by(func(c int) bool { return c == 0 }), prefix + "ne": by(func(c int) bool { return c != 0 }),
		prefix + "lt": by(func(c int) bool { return c < 0 }), prefix + "le": by(func(c int) bool { return c <= 0 }),
		prefix + "gt": by(func(c int) bool { return c > 0 }), prefix + "ge": by(func(c int) bool { return c >= 0 }),
		prefix + "cmp": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(tuple.Compare(k, a[0], a[1])))
		},
	}
}

// weightOf is the number of a weight's letter.
func weightOf(c byte) (uint8, bool) {
	if c |= 0x20; c < 'a' || c > 'd' {
		return 0, false
	}
	return 'd' - c, true
}

// texts are an array's elements that are not NULL.
func texts(d types.Datum) []string {
	var out []string
	for _, v := range tuple.Array(d.Bytes()).Elems(nil) {
		if !v.IsNull() {
			out = append(out, v.Str())
		}
	}
	return out
}

// reweigh gives all positions of the lexemes that are wanted a weight.
func reweigh(v tsearch.Vector, letter byte, want func(string) bool) (types.Datum, error) {
	w, ok := weightOf(letter)
	if !ok {
		return types.Null, pgerr.New(pgerr.InternalError, "unrecognized weight: %d", int8(letter))
	}
	for _, l := range v {
		for j := range l.Pos {
			if want(l.Word) {
				l.Pos[j].Weight = w
			}
		}
	}
	return packVector(v)
}

func without(v tsearch.Vector, words []string) (types.Datum, error) {
	return packVector(slices.DeleteFunc(v, func(l tsearch.Lexeme) bool { return slices.Contains(words, l.Word) }))
}

// concat puts b's positions behind a's.
func concat(a, b tsearch.Vector) tsearch.Vector {
	shift := 0
	for _, l := range a {
		for _, p := range l.Pos {
			shift = max(shift, int(p.At))
		}
	}
	for _, l := range b {
		at, found := a.Find(l.Word)
		if !found {
			a = slices.Insert(a, at, tsearch.Lexeme{Word: l.Word})
		}
		pos := slices.Clone(a[at].Pos)
		for _, p := range l.Pos {
			if n := len(pos); n >= tsearch.MaxPositions || n > 0 && pos[n-1].At == tsearch.MaxPosition {
				break
			}
			pos = append(pos, tsearch.Pos{At: uint16(min(int(p.At)+shift, tsearch.MaxPosition)), Weight: p.Weight})
		}
		a[at].Pos = pos
	}
	return a
}

func vectorFns() call.Fns {
	return call.Fns{
		"tsvector_strip": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v := vectorOf(a[0])
			for i := range v {
				v[i].Pos = nil
			}
			return packVector(v)
		},
		"tsvector_length": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(len(vectorOf(a[0])))) },
		"tsvector_setweight": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return reweigh(vectorOf(a[0]), byte(a[1].Uint()), func(string) bool { return true })
		},
		"tsvector_setweight_by_filter": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			words := texts(a[2])
			return reweigh(vectorOf(a[0]), byte(a[1].Uint()), func(w string) bool { return slices.Contains(words, w) })
		},
		"tsvector_delete_str": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return without(vectorOf(a[0]), []string{a[1].Str()})
		},
		"tsvector_delete_arr": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return without(vectorOf(a[0]), texts(a[1])) },
		"tsvector_concat": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return packVector(concat(vectorOf(a[0]), vectorOf(a[1])))
		},
		"tsvector_filter": filter,
		"tsvector_to_array": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			var words []types.Datum
			for _, l := range vectorOf(a[0]) {
				words = append(words, tuple.String(l.Word))
			}
			return call.TextArray(words), nil
		},
		"array_to_tsvector": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			var v tsearch.Vector
			arr := tuple.Array(a[0].Bytes())
			for _, d := range arr.Elems(nil) {
				switch {
				case d.IsNull():
					return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "lexeme array may not contain nulls")
				case d.Len() == 0:
					return types.Null, pgerr.New(pgerr.ZeroLengthCharacterString, "lexeme array may not contain empty strings")
				}
				v = append(v, tsearch.Lexeme{Word: d.Str()})
			}
			return packVector(v.Normalize())
		},
	}
}

// filter keeps positions with one of the weights, and the lexemes that have any.
func filter(_ *call.Call, a []types.Datum) (types.Datum, error) {
	mask := uint8(0)
	for _, d := range tuple.Array(a[1].Bytes()).Elems(nil) {
		if d.IsNull() {
			return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "weight array may not contain nulls")
		}
		w, ok := weightOf(byte(d.Uint()))
		if !ok {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "unrecognized weight: \"%c\"", rune(d.Uint()))
		}
		mask |= 1 << w
	}
	var out tsearch.Vector
	for _, l := range vectorOf(a[0]) {
		l.Pos = slices.DeleteFunc(l.Pos, func(p tsearch.Pos) bool { return mask&(1<<p.Weight) == 0 })
		if len(l.Pos) > 0 {
			out = append(out, l)
		}
	}
	return packVector(out)
}

func unnest(_ *call.Call, a []types.Datum) (call.Rows, error) {
	int2, text := types.Lookup(types.Int2), types.Lookup(types.Text)
	var rows [][]types.Datum
	for _, l := range vectorOf(a[0].Clone()) {
		row := []types.Datum{tuple.String(l.Word), types.Null, types.Null}
		if len(l.Pos) > 0 {
			var at, weights []types.Datum
			for _, p := range l.Pos {
				at, weights = append(at, tuple.Int(int64(p.At))), append(weights, tuple.String(string(rune('D'-p.Weight))))
			}
			row[1], row[2] = types.MakeArray(int2, at), types.MakeArray(text, weights)
		}
		rows = append(rows, row)
	}
	return call.TableRows(rows), nil
}

// join makes an operator of two queries; an empty one does not count.
func join(op tsearch.Op, a, b tsearch.Query, distance int) (types.Datum, error) {
	switch {
	case a == nil:
		return packQuery(b)
	case b == nil:
		return packQuery(a)
	}
	return packQuery(&tsearch.Node{Op: op, Left: a, Right: b, Distance: distance})
}

func joining(op tsearch.Op, distance int) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return join(op, queryOf(a[0]), queryOf(a[1]), distance)
	}
}

// distinctWords are a query's words, each once.
func distinctWords(q tsearch.Query) map[string]bool {
	out := map[string]bool{}
	q.Words(func(n *tsearch.Node) { out[n.Word] = true })
	return out
}

func containsWords(a, b tsearch.Query) bool {
	has := distinctWords(a)
	for w := range distinctWords(b) {
		if !has[w] {
			return false
		}
	}
	return true
}

func queryFns() call.Fns {
	return call.Fns{
		"tsquery_and": joining(tsearch.OpAnd, 0), "tsquery_or": joining(tsearch.OpOr, 0), "tsquery_phrase": joining(tsearch.OpPhrase, 1),
		"tsquery_phrase_distance": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			d := a[2].Int()
			if d < 0 || d > tsearch.MaxPosition+1 {
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "distance in phrase operator must be an integer value between zero and %d inclusive", tsearch.MaxPosition+1)
			}
			return join(tsearch.OpPhrase, queryOf(a[0]), queryOf(a[1]), int(d))
		},
		"tsquery_not": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			q := queryOf(a[0])
			if q == nil {
				return a[0], nil
			}
			return packQuery(&tsearch.Node{Op: tsearch.OpNot, Right: q})
		},
		"tsquery_numnode": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(queryOf(a[0]).Size())) },
		"tsquerytree": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			q := queryOf(a[0])
			if q == nil {
				return call.Text("")
			}
			if q = q.WithoutNot(); q == nil {
				return call.Text("T")
			}
			return call.Bytes(tsearch.AppendQueryText(nil, q))
		},
		"tsquery_rewrite": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return packQuery(rewrite(queryOf(a[0]), queryOf(a[1]), queryOf(a[2])))
		},
		"tsq_mcontains": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(containsWords(queryOf(a[0]), queryOf(a[1])))
		},
		"tsq_mcontained": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(containsWords(queryOf(a[1]), queryOf(a[0])))
		},
	}
}

// currentOID is the configuration of default_text_search_config, whose own default serves where there is no session.
func currentOID(c *call.Call) (types.OID, error) {
	name := "pg_catalog.english"
	if c.Sess != nil {
		name, _ = c.Sess.Setting("default_text_search_config")
	}
	if c.Env == nil || c.Env.Resolver == nil {
		return 0, pgerr.New(pgerr.UndefinedObject, "text search configuration \"%s\" does not exist", name)
	}
	return c.Env.Resolver.RegOID(types.RegKindConfig, name)
}

func currentConfig(c *call.Call, _ []types.Datum) (types.Datum, error) {
	oid, err := currentOID(c)
	return tuple.Uint(uint64(oid)), err
}

func notices(c *call.Call) func(*pgerr.Error) {
	if c.Env == nil {
		return nil
	}
	return c.Env.Notice
}

// configured makes two functions of one: name takes the session's configuration, name_byid has it as its first argument.
func configured(out call.Fns, name, byID string, f func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error)) {
	out[name] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
		oid, err := currentOID(c)
		if err != nil {
			return types.Null, err
		}
		cfg, err := configByOID(c.Env, oid)
		if err != nil {
			return types.Null, err
		}
		return f(c, cfg, a)
	}
	out[byID] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
		cfg, err := configByOID(c.Env, types.OID(a[0].Uint()))
		if err != nil {
			return types.Null, err
		}
		return f(c, cfg, a[1:])
	}
}

func toVector(c *call.Call, cfg *config, text string) (tsearch.Vector, error) {
	words, _, err := cfg.words(text, 0, notices(c))
	return vector(words), err
}

func makeFns() call.Fns {
	out := call.Fns{}
	configured(out, "to_tsvector", "to_tsvector_byid", func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error) {
		v, err := toVector(c, cfg, a[0].Str())
		if err != nil {
			return types.Null, err
		}
		return packVector(v)
	})
	for _, q := range [...]struct {
		name   string
		syntax tsearch.Syntax
		op     tsearch.Op
	}{{"to_tsquery", tsearch.Standard, tsearch.OpPhrase}, {"plainto_tsquery", tsearch.Plain, tsearch.OpAnd},
		{"phraseto_tsquery", tsearch.Plain, tsearch.OpPhrase}, {"websearch_to_tsquery", tsearch.WebSearch, tsearch.OpPhrase}} {
		configured(out, q.name, q.name+"_byid", func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error) {
			parsed, err := tsearch.ParseQuery(a[0].Str(), q.syntax, cfg.push(q.op, notices(c)), notices(c))
			if err != nil {
				return types.Null, err
			}
			return packQuery(parsed)
		})
	}
	return out
}

func matchFns() call.Fns {
	out := call.Fns{
		"ts_match_vq": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(matches(queryOf(a[1]), inVector(vectorOf(a[0]))))
		},
		"ts_match_qv": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(matches(queryOf(a[0]), inVector(vectorOf(a[1]))))
		},
	}
	with := func(name string, query func(c *call.Call, cfg *config, d types.Datum) (tsearch.Query, error)) {
		configured(out, name, name+"_", func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error) {
			v, err := toVector(c, cfg, a[0].Str())
			if err != nil {
				return types.Null, err
			}
			q, err := query(c, cfg, a[1])
			if err != nil {
				return types.Null, err
			}
			return call.Bool(matches(q, inVector(v)))
		})
		delete(out, name+"_")
	}
	with("ts_match_tq", func(_ *call.Call, _ *config, d types.Datum) (tsearch.Query, error) { return queryOf(d), nil })
	with("ts_match_tt", func(c *call.Call, cfg *config, d types.Datum) (tsearch.Query, error) {
		return tsearch.ParseQuery(d.Str(), tsearch.Plain, cfg.push(tsearch.OpAnd, notices(c)), notices(c))
	})
	return out
}

// weightsOf reads the array {D, C, B, A}; a negative weight stands for its default.
func weightsOf(d types.Datum) (weights, error) {
	a := tuple.Array(d.Bytes())
	w := defaultWeights
	switch {
	case a.NumDims() != 1:
		return w, pgerr.New(pgerr.ArraySubscriptError, "array of weight must be one-dimensional")
	case a.Len() < len(w):
		return w, pgerr.New(pgerr.ArraySubscriptError, "array of weight is too short")
	case a.HasNulls():
		return w, pgerr.New(pgerr.NullValueNotAllowed, "array of weight must not contain nulls")
	}
	for i := range w {
		if v := float32(a.Elem(i).Float()); v >= 0 {
			w[i] = v
		}
		if w[i] > 1 {
			return w, pgerr.New(pgerr.InvalidParameterValue, "weight out of range")
		}
	}
	return w, nil
}

func rankFns() call.Fns {
	out := call.Fns{}
	for name, f := range map[string]func(weights, tsearch.Vector, tsearch.Query, int) float32{"ts_rank_": rank, "ts_rankcd_": rankCovers} {
		for suffix, form := range map[string]struct{ weights, method bool }{"tt": {}, "ttf": {method: true}, "wtt": {weights: true}, "wttf": {true, true}} {
			out[name+suffix] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
				w, method := defaultWeights, 0
				if form.weights {
					var err error
					if w, err = weightsOf(a[0]); err != nil {
						return types.Null, err
					}
					a = a[1:]
				}
				if form.method {
					method = int(a[2].Int())
				}
				return call.Float(float64(f(w, vectorOf(a[0]), queryOf(a[1]), method)))
			}
		}
	}
	return out
}

func headlineFns() call.Fns {
	out := call.Fns{}
	one := func(c *call.Call, cfg *config, a []types.Datum) (types.Datum, error) {
		o, err := headlineArgs(a)
		if err != nil {
			return types.Null, err
		}
		s, err := makeHeadline(cfg, a[0].Str(), queryOf(a[1]), o, notices(c))
		if err != nil {
			return types.Null, err
		}
		return call.Text(s)
	}
	configured(out, "ts_headline", "ts_headline_byid", one)
	configured(out, "ts_headline_opt", "ts_headline_byid_opt", one)
	return out
}

func headlineArgs(a []types.Datum) (headlineOptions, error) {
	if len(a) > 2 {
		return parseHeadlineOptions(a[2].Str())
	}
	return parseHeadlineOptions("")
}

func lexize(c *call.Call, a []types.Datum) (types.Datum, error) {
	norms, err := Lexize(c.Env, types.OID(a[0].Uint()), a[1].Str())
	if err != nil || norms == nil {
		return types.Null, err
	}
	return textArray(norms), nil
}

func textArray(words []string) types.Datum {
	var out []types.Datum
	for _, w := range words {
		out = append(out, tuple.String(w))
	}
	return call.TextArray(out)
}
