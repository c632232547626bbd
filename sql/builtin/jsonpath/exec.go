package jsonpath

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/format"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/jsonpath"
	"github.com/tarndb/tarn/sql/types/numeric"
)

// exec evaluates one path over one document.
type exec struct {
	call  *call.Call
	lax   bool
	zones bool // the *_tz functions: the session's time zone may be used
	throw bool // soft errors end the call; else they are errSoft

	root, current value
	vars          *node // nil: variables are null
	forgiving     bool  // structural errors are empty results
	lastSize      int   // of the array whose subscript is evaluated, -1 outside of one

	// base is what keyvalue() counts its ids from: the number of a document and the places of its objects.
	base      base
	lastID    int
	templates map[*jsonpath.Item]*format.Strict
}

type base struct {
	root *node
	id   int
}

// result is what an item did: found something, nothing, or failed softly.
type result uint8

const (
	nothing result = iota
	found
	failed
)

// list collects results; nil where only their existence matters, and the first one ends the search.
type list = *[]value

// soft is a suppressible error.
func (x *exec) soft(err error) (result, error) {
	if x.throw {
		return failed, err
	}
	return failed, nil
}

func (x *exec) softf(code, format string, args ...any) (result, error) {
	if !x.throw {
		return failed, nil
	}
	return failed, pgerr.New(code, format, args...)
}

// ended reports that a sequence of results need not go on.
func ended(r result, err error, out list) bool {
	return err != nil || r == failed || r == found && out == nil
}

// next applies the step behind v, or puts the value out.
func (x *exec) next(v *jsonpath.Item, val value, out list) (result, error) {
	if v != nil && v.Next != nil {
		return x.item(v.Next, val, out)
	}
	if out != nil {
		*out = append(*out, val)
	}
	return found, nil
}

func (x *exec) item(v *jsonpath.Item, val value, out list) (result, error) {
	return x.eval(v, val, out, x.lax)
}

// eval evaluates an item; unwrap: an array that the item cannot take is replaced by its elements.
func (x *exec) eval(v *jsonpath.Item, val value, out list, unwrap bool) (result, error) {
	if v.Kind.Predicate() {
		t, err := x.predicate(v, val)
		if err != nil {
			return failed, err
		}
		b := &node{Kind: jsondoc.Bool, Bool: t == yes}
		if t == unknown {
			b = &node{Kind: jsondoc.Null}
		}
		return x.next(v, value{node: b}, out)
	}
	switch v.Kind {
	case jsonpath.Key, jsonpath.AnyKey, jsonpath.Filter, jsonpath.Abs, jsonpath.Floor, jsonpath.Ceiling, jsonpath.Double,
		jsonpath.Datetime, jsonpath.KeyValue:
		if unwrap && val.is(jsondoc.List) {
			return x.elements(v, val.node, out, false)
		}
	}
	switch v.Kind {
	case jsonpath.Root:
		old := x.base
		x.base = base{root: x.root.node}
		r, err := x.next(v, x.root, out)
		x.base = old
		return r, err
	case jsonpath.Current:
		return x.next(v, x.current, out)
	case jsonpath.Last:
		return x.next(v, numberValue(numeric.Int(int64(x.lastSize-1))), out)
	case jsonpath.Null, jsonpath.Bool, jsonpath.Number, jsonpath.String:
		return x.next(v, constant(v), out)
	case jsonpath.Variable:
		return x.variable(v, out)
	case jsonpath.Key:
		return x.key(v, val, out)
	case jsonpath.AnyKey:
		if !val.is(jsondoc.Object) {
			return x.structural(pgerr.SQLJSONObjectNotFound, "jsonpath wildcard member accessor can only be applied to an object")
		}
		return x.descend(v.Next, val.node, out, 1, 1, 1, false, x.lax)
	case jsonpath.AnyArray:
		switch {
		case val.is(jsondoc.List):
			return x.elements(v.Next, val.node, out, x.lax)
		case x.lax:
			return x.next(v, val, out)
		}
		return x.structural(pgerr.SQLJSONArrayNotFound, "jsonpath wildcard array accessor can only be applied to an array")
	case jsonpath.Index:
		return x.index(v, val, out)
	case jsonpath.Any:
		return x.any(v, val, out)
	case jsonpath.Filter:
		t, err := x.filter(v.Left, val)
		if err != nil || t != yes {
			return nothing, err
		}
		return x.next(v, val, out)
	case jsonpath.Add, jsonpath.Sub, jsonpath.Mul, jsonpath.Div, jsonpath.Mod:
		return x.binary(v, val, out)
	case jsonpath.Plus, jsonpath.Minus:
		return x.unary(v, val, out)
	}
	return x.method(v, val, out)
}

func constant(v *jsonpath.Item) value {
	switch v.Kind {
	case jsonpath.Bool:
		return value{node: &node{Kind: jsondoc.Bool, Bool: v.Flag}}
	case jsonpath.Number:
		return value{node: &node{Kind: jsondoc.Number, Text: v.Text}}
	case jsonpath.String:
		return stringValue(v.Text)
	}
	return value{node: &node{Kind: jsondoc.Null}}
}

func (x *exec) structural(code, msg string) (result, error) {
	if x.forgiving {
		return nothing, nil
	}
	return x.softf(code, "%s", msg)
}

func (x *exec) variable(v *jsonpath.Item, out list) (result, error) {
	if x.vars == nil {
		return x.next(v, value{node: &node{Kind: jsondoc.Null}}, out)
	}
	i := x.vars.Find(v.Text)
	if i < 0 {
		return failed, pgerr.New(pgerr.UndefinedObject, "could not find jsonpath variable \"%s\"", v.Text)
	}
	old := x.base
	x.base = base{root: x.vars, id: 1}
	r, err := x.next(v, value{node: &x.vars.Elems[i]}, out)
	x.base = old
	return r, err
}

func (x *exec) key(v *jsonpath.Item, val value, out list) (result, error) {
	if !val.is(jsondoc.Object) {
		return x.structural(pgerr.SQLJSONMemberNotFound, "jsonpath member accessor can only be applied to an object")
	}
	if i := val.Find(v.Text); i >= 0 {
		return x.next(v, value{node: &val.Elems[i]}, out)
	}
	if x.forgiving {
		return nothing, nil
	}
	return x.softf(pgerr.SQLJSONMemberNotFound, "JSON object does not contain key \"%s\"", v.Text)
}

// elements applies an item (nil: none) to each element of an array.
func (x *exec) elements(v *jsonpath.Item, n *node, out list, unwrap bool) (result, error) {
	return x.descend(v, n, out, 1, 1, 1, false, unwrap)
}

// descend applies an item to what is in a container, from level first to level last below it.
func (x *exec) descend(v *jsonpath.Item, n *node, out list, level, first, last uint32, forgive, unwrap bool) (result, error) {
	r := nothing
	if level > last {
		return r, nil
	}
	for i := range n.Elems {
		e := &n.Elems[i]
		container := e.Kind == jsondoc.List || e.Kind == jsondoc.Object
		if level >= first || first == jsonpath.Deepest && last == jsonpath.Deepest && !container {
			var err error
			if v == nil {
				if r = found; out == nil {
					return r, nil
				}
				*out = append(*out, value{node: e})
			} else {
				old := x.forgiving
				x.forgiving = old || forgive
				r, err = x.eval(v, value{node: e}, out, unwrap)
				x.forgiving = old
			}
			if ended(r, err, out) {
				return r, err
			}
		}
		if level < last && container {
			var err error
			if r, err = x.descend(v, e, out, level+1, first, last, forgive, unwrap); ended(r, err, out) {
				return r, err
			}
		}
	}
	return r, nil
}

func (x *exec) any(v *jsonpath.Item, val value, out list) (result, error) {
	r := nothing
	if v.First == 0 {
		old := x.forgiving
		x.forgiving = true
		var err error
		r, err = x.next(v, val, out)
		x.forgiving = old
		if err != nil || r == found && out == nil {
			return r, err
		}
	}
	if val.is(jsondoc.List) || val.is(jsondoc.Object) {
		return x.descend(v.Next, val.node, out, 1, v.First, v.Last, true, x.lax)
	}
	return r, nil
}

// index is [from to to, …]; a single value counts as an array of one in lax mode.
func (x *exec) index(v *jsonpath.Item, val value, out list) (result, error) {
	list := val.is(jsondoc.List)
	if !list && !x.lax {
		return x.structural(pgerr.SQLJSONArrayNotFound, "jsonpath array accessor can only be applied to an array")
	}
	size := 1
	if list {
		size = len(val.Elems)
	}
	old := x.lastSize
	defer func() { x.lastSize = old }()
	r := nothing
	for _, s := range v.Subs {
		x.lastSize = size
		from, res, err := x.subscript(s.From, val)
		if err != nil || res == failed {
			return res, err
		}
		to := from
		if s.To != nil {
			if to, res, err = x.subscript(s.To, val); err != nil || res == failed {
				return res, err
			}
		}
		if !x.forgiving && (from < 0 || from > to || to >= int64(size)) {
			return x.softf(pgerr.InvalidSQLJSONSubscript, "jsonpath array subscript is out of bounds")
		}
		r = nothing
		for i := max(from, 0); i <= min(to, int64(size-1)); i++ {
			e := val
			if list {
				e = value{node: &val.Elems[i]}
			}
			if r, err = x.next(v, e, out); ended(r, err, out) {
				return r, err
			}
		}
	}
	return r, nil
}

// subscript evaluates an array position, cut to an integer.
func (x *exec) subscript(v *jsonpath.Item, val value) (int64, result, error) {
	var got []value
	if r, err := x.item(v, val, &got); err != nil || r == failed {
		return 0, failed, err
	}
	if len(got) != 1 || !got[0].is(jsondoc.Number) {
		r, err := x.softf(pgerr.InvalidSQLJSONSubscript, "jsonpath array subscript is not a single numeric value")
		return 0, r, err
	}
	d, err := numeric.Trunc(got[0].numeric(), 0)
	if err == nil {
		var i int64
		if i, err = numeric.ToInt(d, 32, "integer"); err == nil {
			return i, found, nil
		}
	}
	r, err := x.softf(pgerr.InvalidSQLJSONSubscript, "jsonpath array subscript is out of integer range")
	return 0, r, err
}

// unwrapped evaluates an operand; in lax mode arrays among its results are replaced by their elements.
func (x *exec) unwrapped(v *jsonpath.Item, val value) ([]value, result, error) {
	var got []value
	r, err := x.item(v, val, &got)
	if err != nil || r == failed || !x.lax {
		return got, r, err
	}
	var flat []value
	for _, g := range got {
		if !g.is(jsondoc.List) {
			flat = append(flat, g)
			continue
		}
		for i := range g.Elems {
			flat = append(flat, value{node: &g.Elems[i]})
		}
	}
	return flat, found, nil
}

var arithmetic = map[jsonpath.Kind]func(a, b types.Datum) (types.Datum, error){
	jsonpath.Add: numeric.Add, jsonpath.Sub: numeric.Sub, jsonpath.Mul: numeric.Mul, jsonpath.Div: numeric.Div,
	jsonpath.Mod: numeric.Mod,
}

func (x *exec) binary(v *jsonpath.Item, val value, out list) (result, error) {
	left, r, err := x.unwrapped(v.Left, val)
	if err != nil || r == failed {
		return failed, err
	}
	right, r, err := x.unwrapped(v.Right, val)
	if err != nil || r == failed {
		return failed, err
	}
	for i, side := range [][]value{left, right} {
		if len(side) != 1 || !side[0].is(jsondoc.Number) {
			return x.softf(pgerr.SingletonSQLJSONItemRequired, "%s operand of jsonpath operator %s is not a single numeric value",
				[...]string{"left", "right"}[i], v.Kind.Name())
		}
	}
	d, err := arithmetic[v.Kind](left[0].numeric(), right[0].numeric())
	if err != nil {
		return x.soft(err)
	}
	return x.next(v, numberValue(d), out)
}

func (x *exec) unary(v *jsonpath.Item, val value, out list) (result, error) {
	got, r, err := x.unwrapped(v.Left, val)
	if err != nil || r == failed {
		return failed, err
	}
	sum := nothing
	for _, g := range got {
		if !g.is(jsondoc.Number) {
			if out == nil && v.Next == nil {
				continue
			}
			return x.softf(pgerr.SQLJSONNumberNotFound, "operand of unary jsonpath operator %s is not a numeric value", v.Kind.Name())
		}
		if v.Kind == jsonpath.Minus {
			g = numberValue(numeric.Neg(g.numeric()))
		}
		if r, err = x.next(v, g, out); ended(r, err, out) {
			return r, err
		}
		if r == found {
			sum = found
		}
	}
	return sum, nil
}

var numberMethods = map[jsonpath.Kind]func(types.Datum) (types.Datum, error){
	jsonpath.Abs:   func(d types.Datum) (types.Datum, error) { return numeric.Abs(d), nil },
	jsonpath.Floor: numeric.Floor, jsonpath.Ceiling: numeric.Ceil,
}

func (x *exec) method(v *jsonpath.Item, val value, out list) (result, error) {
	name := v.Kind.Name()
	switch v.Kind {
	case jsonpath.Type:
		return x.next(v, stringValue(val.typeName()), out)
	case jsonpath.Size:
		size := 1
		if val.is(jsondoc.List) {
			size = len(val.Elems)
		} else if !x.lax {
			return x.structural(pgerr.SQLJSONArrayNotFound, "jsonpath item method .size() can only be applied to an array")
		}
		return x.next(v, numberValue(numeric.Int(int64(size))), out)
	case jsonpath.Double:
		switch {
		case val.is(jsondoc.Number):
			if _, ok := double(val.Text); !ok {
				return x.softf(pgerr.NonNumericSQLJSONItem, "numeric argument of jsonpath item method .%s() is out of range for type double precision", name)
			}
			return x.next(v, val, out)
		case val.is(jsondoc.String):
			d, ok := double(val.Text)
			if !ok {
				return x.softf(pgerr.NonNumericSQLJSONItem, "string argument of jsonpath item method .%s() is not a valid representation of a double precision number", name)
			}
			return x.next(v, numberValue(d), out)
		}
		return x.softf(pgerr.NonNumericSQLJSONItem, "jsonpath item method .%s() can only be applied to a string or numeric value", name)
	case jsonpath.Datetime:
		if !val.is(jsondoc.String) {
			return x.softf(pgerr.InvalidArgumentForSQLJSONDatetimeFunction, "jsonpath item method .%s() can only be applied to a string", name)
		}
		m, soft, hard := x.datetime(v, val.Text)
		switch {
		case hard != nil:
			return failed, hard
		case soft != nil:
			return x.soft(soft)
		}
		return x.next(v, value{when: &m}, out)
	case jsonpath.KeyValue:
		return x.keyValue(v, val, out)
	}
	if !val.is(jsondoc.Number) {
		return x.softf(pgerr.NonNumericSQLJSONItem, "jsonpath item method .%s() can only be applied to a numeric value", name)
	}
	d, err := numberMethods[v.Kind](val.numeric())
	if err != nil {
		return failed, err
	}
	return x.next(v, numberValue(d), out)
}

// keyValue makes an object of each member. Its id is the place of the object in PostgreSQL's binary form of the document,
// plus 10^10 times the document's number: 0 is the root, 1 the variables, later ones are objects made by keyvalue itself.
func (x *exec) keyValue(v *jsonpath.Item, val value, out list) (result, error) {
	if !val.is(jsondoc.Object) {
		return x.softf(pgerr.SQLJSONObjectNotFound, "jsonpath item method .keyvalue() can only be applied to an object")
	}
	id := int64(x.base.id) * 10_000_000_000
	if len(val.Keys) > 0 && x.base.root != nil {
		jsondoc.Layout(x.base.root, func(n *node, offset int) {
			if n == val.node {
				id += int64(offset)
			}
		})
	}
	r := nothing
	for i, k := range val.Keys {
		made := &node{Kind: jsondoc.Object, Keys: []string{"id", "key", "value"}, Elems: []node{
			*numberValue(numeric.Int(id)).node, *stringValue(k).node, val.Elems[i],
		}}
		old := x.base
		x.base = base{root: made, id: x.lastID}
		x.lastID++
		var err error
		r, err = x.next(v, value{node: made}, out)
		x.base = old
		if ended(r, err, out) {
			return r, err
		}
	}
	return r, nil
}

// quietly evaluates without raising soft errors.
func (x *exec) quietly(f func() (result, error)) (result, error) {
	old := x.throw
	x.throw = false
	r, err := f()
	x.throw = old
	return r, err
}

// filter evaluates a predicate with val as @.
func (x *exec) filter(v *jsonpath.Item, val value) (truth, error) {
	old := x.current
	x.current = val
	t, err := x.predicate(v, val)
	x.current = old
	return t, err
}

func (x *exec) predicate(v *jsonpath.Item, val value) (truth, error) {
	switch v.Kind {
	case jsonpath.And, jsonpath.Or:
		decides := no
		if v.Kind == jsonpath.Or {
			decides = yes
		}
		a, err := x.predicate(v.Left, val)
		if err != nil || a == decides {
			return a, err
		}
		b, err := x.predicate(v.Right, val)
		if err != nil || b == decides || b == unknown {
			return b, err
		}
		return a, nil
	case jsonpath.Not:
		t, err := x.predicate(v.Left, val)
		if t != unknown {
			t = truthOf(t == no)
		}
		return t, err
	case jsonpath.IsUnknown:
		t, err := x.predicate(v.Left, val)
		return truthOf(t == unknown), err
	case jsonpath.Exists:
		return x.exists(v.Left, val)
	case jsonpath.StartsWith:
		return x.pairs(v, val, false, func(a, b value) (truth, error) {
			if !a.is(jsondoc.String) || !b.is(jsondoc.String) {
				return unknown, nil
			}
			return truthOf(len(a.Text) >= len(b.Text) && a.Text[:len(b.Text)] == b.Text), nil
		})
	case jsonpath.LikeRegex:
		return x.pairs(v, val, false, func(a, _ value) (truth, error) {
			if !a.is(jsondoc.String) {
				return unknown, nil
			}
			ok, err := v.Regexp.Match(a.Text)
			return truthOf(ok), err
		})
	}
	return x.pairs(v, val, true, func(a, b value) (truth, error) { return x.compare(v.Kind, a, b) })
}

func (x *exec) exists(v *jsonpath.Item, val value) (truth, error) {
	var got []value
	out := list(nil)
	if !x.lax { // every result must be looked at, for errors
		out = &got
	}
	r, err := x.quietly(func() (result, error) { return x.item(v, val, out) })
	switch {
	case err != nil || r == failed:
		return unknown, err
	case out != nil:
		return truthOf(len(got) > 0), nil
	}
	return truthOf(r == found), nil
}

// pairs tests each result of the left operand with each of the right one: true if one pair is. In strict mode all are
// tested, and an error makes it unknown.
func (x *exec) pairs(v *jsonpath.Item, val value, unwrapRight bool, test func(a, b value) (truth, error)) (truth, error) {
	var left []value
	right := []value{{}}
	r, err := x.quietly(func() (r result, err error) {
		if left, r, err = x.unwrapped(v.Left, val); err != nil || r == failed || v.Right == nil {
			return r, err
		}
		right = nil
		if unwrapRight {
			right, r, err = x.unwrapped(v.Right, val)
			return r, err
		}
		return x.item(v.Right, val, &right)
	})
	if err != nil || r == failed {
		return unknown, err
	}
	sum := no
	for _, a := range left {
		for _, b := range right {
			t, err := test(a, b)
			switch {
			case err != nil:
				return unknown, err
			case t == unknown && !x.lax:
				return unknown, nil
			case t == yes && x.lax:
				return yes, nil
			case t == yes:
				sum = yes
			case t == unknown && sum == no:
				sum = unknown
			}
		}
	}
	return sum, nil
}

// run evaluates a path over a document. out nil: only whether there is a result.
func run(c *call.Call, path *jsonpath.Path, doc, vars *node, throw, zones bool, out list) (result, error) {
	x := &exec{call: c, lax: path.Lax, forgiving: path.Lax, zones: zones, throw: throw, vars: vars, lastSize: -1, lastID: 1}
	x.root, x.current = value{node: doc}, value{node: doc}
	x.base = base{}
	if vars != nil {
		x.lastID = 2
	}
	if !path.Lax && out == nil {
		var all []value
		r, err := x.item(path.Root, x.root, &all)
		if err != nil || r == failed {
			return r, err
		}
		if len(all) == 0 {
			return nothing, nil
		}
		return found, nil
	}
	return x.item(path.Root, x.root, out)
}
