package json

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/array"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// JSON operators and functions (manual: 9.16). json keeps its text and is searched as it stands (the last of equal keys
// counts); jsonb is parsed, changed and written in its canonical form.

type node = jsondoc.Node

// doc is a parsed document together with its text, from which json results are cut.
type doc struct {
	node
	s      string
	binary bool
}

func parseDoc(d types.Datum, binary bool) (doc, error) {
	s := d.Str()
	n, err := jsondoc.Parse(s, binary)
	return doc{n, s, binary}, err
}

// member finds a key's value; the last one counts.
func member(n *node, key string) *node {
	for i := len(n.Keys) - 1; i >= 0; i-- {
		if n.Keys[i] == key {
			return &n.Elems[i]
		}
	}
	return nil
}

// element finds an array's element; negative positions count from the end.
func element(n *node, i int64) *node {
	if i < 0 {
		i += int64(len(n.Elems))
	}
	if i < 0 || i >= int64(len(n.Elems)) {
		return nil
	}
	return &n.Elems[i]
}

// cut is a part of a document: as JSON, or as text (strings decoded, null is NULL).
func (d *doc) cut(n *node, asText bool) types.Datum {
	switch {
	case n == nil, asText && n.Kind == jsondoc.Null:
		return types.Null
	case asText && n.Kind == jsondoc.String:
		return tuple.String(n.Text)
	case d.binary:
		return n.JSONB()
	}
	return tuple.String(d.s[n.From:n.To])
}

// part is what a look-up in a jsonb has found: as jsonb, or as text.
func part(v types.Datum, ok, asText bool) (types.Datum, error) {
	switch {
	case !ok:
		return types.Null, nil
	case asText:
		return jsondoc.Text(v), nil
	}
	return v, nil
}

func fieldFn(binary, asText bool) call.Fn {
	if binary {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, ok := jsondoc.Field(a[0], a[1].Str())
			return part(v, ok, asText)
		}
	}
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := parseDoc(a[0], false)
		if err != nil || d.Kind != jsondoc.Object {
			return types.Null, err
		}
		return d.cut(member(&d.node, a[1].Str()), asText), nil
	}
}

func elementFn(binary, asText bool) call.Fn {
	if binary {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, ok := jsondoc.Elem(a[0], int(a[1].Int()))
			return part(v, ok, asText)
		}
	}
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := parseDoc(a[0], false)
		if err != nil || d.Kind != jsondoc.List {
			return types.Null, err
		}
		return d.cut(element(&d.node, a[1].Int()), asText), nil
	}
}

// pathIndex reads a path step as an array position.
func pathIndex(step string) (int64, bool) {
	s := strings.TrimLeft(step, " \t\n\r\v\f")
	v, err := strconv.ParseInt(s, 10, 32)
	return v, err == nil && v >= -math.MaxInt32
}

// walk follows a path; nil if it leads nowhere or has a NULL step.
func walk(n *node, path []types.Datum) *node {
	for _, step := range path {
		if n == nil || step.IsNull() {
			return nil
		}
		switch n.Kind {
		case jsondoc.Object:
			n = member(n, step.Str())
		case jsondoc.List:
			i, ok := pathIndex(step.Str())
			if !ok {
				return nil
			}
			n = element(n, i)
		default:
			return nil
		}
	}
	return n
}

// follow is walk through a jsonb's text; ok is false where the path leads nowhere.
func follow(d types.Datum, path []types.Datum) (v types.Datum, ok bool) {
	for _, step := range path {
		switch jsondoc.KindOf(d) {
		case jsondoc.Object:
			d, ok = jsondoc.Field(d, step.Str())
		case jsondoc.List:
			var i int64
			if i, ok = pathIndex(step.Str()); ok {
				d, ok = jsondoc.Elem(d, int(i))
			}
		default:
			ok = false
		}
		if !ok {
			return types.Null, false
		}
	}
	return d, true
}

func pathFn(binary, asText bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		path := array.Arr(a[1])
		if path.HasNulls() {
			return types.Null, nil
		}
		steps := path.Elems(nil)
		if binary {
			v, ok := follow(a[0], steps)
			return part(v, ok, asText)
		}
		d, err := parseDoc(a[0], false)
		if err != nil {
			return types.Null, err
		}
		return d.cut(walk(&d.node, steps), asText), nil
	}
}

func typeName(n *node) string {
	switch n.Kind {
	case jsondoc.String:
		return "string"
	case jsondoc.Number:
		return "number"
	case jsondoc.Bool:
		return "boolean"
	case jsondoc.List:
		return "array"
	case jsondoc.Object:
		return "object"
	}
	return "null"
}

func errJSON(format string, args ...any) error {
	return pgerr.New(pgerr.InvalidParameterValue, format, args...)
}

func isScalar(n *node) bool { return n.Kind != jsondoc.Object && n.Kind != jsondoc.List }

func arrayLength(binary bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := parseDoc(a[0], binary)
		switch {
		case err != nil:
			return types.Null, err
		case d.Kind == jsondoc.List:
			return call.Int(int64(len(d.Elems)))
		case d.Kind == jsondoc.Object:
			return types.Null, errJSON("cannot get array length of a non-array")
		}
		return types.Null, errJSON("cannot get array length of a scalar")
	}
}

// contains is @>: every part of y is in x. A scalar y may be an element of an array x at the top.
func contains(x, y *node, top bool) bool {
	switch {
	case top && x.Kind == jsondoc.List && isScalar(y):
		return slices.ContainsFunc(x.Elems, func(e node) bool { return isScalar(&e) && sameScalar(&e, y) })
	case x.Kind != y.Kind:
		return false
	case x.Kind == jsondoc.Object:
		for i, k := range y.Keys {
			v := member(x, k)
			if v == nil || !contains(v, &y.Elems[i], false) {
				return false
			}
		}
		return true
	case x.Kind == jsondoc.List:
		for i := range y.Elems {
			if !slices.ContainsFunc(x.Elems, func(e node) bool { return contains(&e, &y.Elems[i], false) }) {
				return false
			}
		}
		return true
	}
	return sameScalar(x, y)
}

func sameScalar(x, y *node) bool {
	if x.Kind != y.Kind {
		return false
	}
	switch x.Kind {
	case jsondoc.Bool:
		return x.Bool == y.Bool
	case jsondoc.Null:
		return true
	case jsondoc.String:
		return x.Text == y.Text
	}
	nx, err1 := numeric.Parse(x.Text)
	ny, err2 := numeric.Parse(y.Text)
	return err1 == nil && err2 == nil && numeric.Cmp(nx, ny) == 0
}

func containment(x, y types.Datum) (types.Datum, error) {
	dx, err := parseDoc(x, true)
	if err != nil {
		return types.Null, err
	}
	dy, err := parseDoc(y, true)
	if err != nil {
		return types.Null, err
	}
	return call.Bool(contains(&dx.node, &dy.node, true))
}

func existsFn(all bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		keys := array.Arr(a[1])
		for i := range keys.Len() {
			k := keys.Elem(i)
			if k.IsNull() {
				continue
			}
			if jsondoc.Exists(a[0], k.Str()) != all {
				return call.Bool(!all)
			}
		}
		return call.Bool(all)
	}
}

func setMember(n *node, key string, v node) {
	for i, k := range n.Keys {
		if k == key {
			n.Elems[i] = v
			return
		}
	}
	n.Keys, n.Elems = append(n.Keys, key), append(n.Elems, v)
	n.SortKeys()
}

func concat(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, err := parseDoc(a[0], true)
	if err != nil {
		return types.Null, err
	}
	y, err := parseDoc(a[1], true)
	if err != nil {
		return types.Null, err
	}
	n := x.node
	if x.Kind == jsondoc.Object && y.Kind == jsondoc.Object {
		n.Keys, n.Elems = append(n.Keys, y.Keys...), append(n.Elems, y.Elems...)
		n.SortKeys()
		return n.JSONB(), nil
	}
	list := func(d *doc) []node {
		if d.Kind == jsondoc.List {
			return d.Elems
		}
		return []node{d.node}
	}
	out := node{Kind: jsondoc.List, Elems: append(slices.Clone(list(&x)), list(&y)...)}
	return out.JSONB(), nil
}

// dropKeys removes members, or elements that are such strings.
func dropKeys(n *node, keep func(key string) bool) {
	elems, keys := n.Elems[:0], n.Keys[:0]
	for i := range n.Elems {
		e := n.Elems[i]
		if n.Kind == jsondoc.Object {
			if keep(n.Keys[i]) {
				keys, elems = append(keys, n.Keys[i]), append(elems, e)
			}
		} else if e.Kind != jsondoc.String || keep(e.Text) {
			elems = append(elems, e)
		}
	}
	n.Elems, n.Keys = elems, keys
}

func deleteKeys(_ *call.Call, a []types.Datum, isArray bool) (types.Datum, error) {
	if isArray && array.Arr(a[1]).NumDims() > 1 {
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts")
	}
	d, err := parseDoc(a[0], true)
	if err != nil {
		return types.Null, err
	}
	if isScalar(&d.node) {
		return types.Null, errJSON("cannot delete from scalar")
	}
	gone := map[string]bool{}
	if isArray {
		keys := array.Arr(a[1])
		for i := range keys.Len() {
			if k := keys.Elem(i); !k.IsNull() {
				gone[k.Str()] = true
			}
		}
	} else {
		gone[a[1].Str()] = true
	}
	dropKeys(&d.node, func(k string) bool { return !gone[k] })
	return d.JSONB(), nil
}

func deleteIndex(_ *call.Call, a []types.Datum) (types.Datum, error) {
	d, err := parseDoc(a[0], true)
	switch {
	case err != nil:
		return types.Null, err
	case d.Kind == jsondoc.Object:
		return types.Null, errJSON("cannot delete from object using integer index")
	case d.Kind != jsondoc.List:
		return types.Null, errJSON("cannot delete from scalar")
	}
	i := a[1].Int()
	if i < 0 {
		i += int64(len(d.Elems))
	}
	if i < 0 || i >= int64(len(d.Elems)) {
		return a[0], nil
	}
	d.Elems = slices.Delete(d.Elems, int(i), int(i)+1)
	return d.JSONB(), nil
}

// change says what setPath does where the path ends.
type change uint8

const (
	changeDelete change = iota
	changeReplace
	changeCreate // replace, or make where it is missing
	changeInsertBefore
	changeInsertAfter
)

func errPathNull(i int) error {
	return pgerr.New(pgerr.NullValueNotAllowed, "path element at position %d is null", i+1)
}

// setPath changes what path names below n; level counts the steps behind.
func setPath(n *node, path []types.Datum, level int, v *node, how change) error {
	step := path[level]
	if step.IsNull() {
		return errPathNull(level)
	}
	last := level == len(path)-1
	switch n.Kind {
	case jsondoc.Object:
		key := step.Str()
		at := -1
		for i, k := range n.Keys {
			if k == key {
				at = i
			}
		}
		switch {
		case at < 0 && last && (how == changeCreate || how == changeInsertBefore || how == changeInsertAfter):
			setMember(n, key, *v)
		case at < 0:
		case !last:
			return setPath(&n.Elems[at], path, level+1, v, how)
		case how == changeDelete:
			n.Keys, n.Elems = slices.Delete(n.Keys, at, at+1), slices.Delete(n.Elems, at, at+1)
		case how == changeInsertBefore || how == changeInsertAfter:
			return errJSON("cannot replace existing key").(*pgerr.Error).WithHint("Try using the function jsonb_set to replace key value.")
		default:
			n.Elems[at] = *v
		}
	case jsondoc.List:
		i, ok := pathIndex(step.Str())
		if !ok {
			return pgerr.New(pgerr.InvalidTextRepresentation, "path element at position %d is not an integer: \"%s\"", level+1, step.Str())
		}
		size := int64(len(n.Elems))
		at := i
		if at < 0 {
			if at += size; at < 0 {
				at = -1
			}
		}
		inside := at >= 0 && at < size
		switch {
		case !last:
			if inside {
				return setPath(&n.Elems[at], path, level+1, v, how)
			}
		case inside && how == changeDelete:
			n.Elems = slices.Delete(n.Elems, int(at), int(at)+1)
		case inside && how == changeInsertBefore:
			n.Elems = slices.Insert(n.Elems, int(at), *v)
		case inside && how == changeInsertAfter:
			n.Elems = slices.Insert(n.Elems, int(at)+1, *v)
		case inside:
			n.Elems[at] = *v
		case how == changeCreate || how == changeInsertBefore || how == changeInsertAfter:
			if at < 0 {
				n.Elems = slices.Insert(n.Elems, 0, *v)
			} else {
				n.Elems = append(n.Elems, *v)
			}
		}
	}
	return nil
}

func pathOf(d types.Datum) ([]types.Datum, error) {
	p := array.Arr(d)
	if p.NumDims() > 1 {
		return nil, pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts")
	}
	return p.Elems(nil), nil
}

func jsonbSet(target, path types.Datum, v types.Datum, how change) (types.Datum, error) {
	steps, err := pathOf(path)
	if err != nil {
		return types.Null, err
	}
	d, err := parseDoc(target, true)
	if err != nil {
		return types.Null, err
	}
	if isScalar(&d.node) {
		if how == changeDelete {
			return types.Null, errJSON("cannot delete path in scalar")
		}
		return types.Null, errJSON("cannot set path in scalar")
	}
	if len(steps) == 0 || len(d.Elems) == 0 && (how == changeDelete || how == changeReplace) {
		return target, nil
	}
	var nv node
	if how != changeDelete {
		x, err := parseDoc(v, true)
		if err != nil {
			return types.Null, err
		}
		nv = x.node
	}
	if err := setPath(&d.node, steps, 0, &nv, how); err != nil {
		return types.Null, err
	}
	return d.JSONB(), nil
}

func setFn(_ *call.Call, a []types.Datum) (types.Datum, error) {
	how := changeReplace
	if len(a) < 4 || a[3].Bool() {
		how = changeCreate
	}
	return jsonbSet(a[0], a[1], a[2], how)
}

func setLax(_ *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() || a[1].IsNull() || a[3].IsNull() {
		return types.Null, nil
	}
	if a[4].IsNull() {
		return types.Null, errJSON("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"")
	}
	if !a[2].IsNull() {
		return setFn(nil, a[:4])
	}
	switch a[4].Str() {
	case "raise_exception":
		return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "JSON value must not be null").
			WithDetail("Exception was raised because null_value_treatment is \"raise_exception\".").
			WithHint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.")
	case "use_json_null":
		return setFn(nil, []types.Datum{a[0], a[1], tuple.String("null"), a[3]})
	case "delete_key":
		return jsonbSet(a[0], a[1], types.Null, changeDelete)
	case "return_target":
		return a[0], nil
	}
	return types.Null, errJSON("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"")
}

func insertFn(_ *call.Call, a []types.Datum) (types.Datum, error) {
	how := changeInsertBefore
	if a[3].Bool() {
		how = changeInsertAfter
	}
	return jsonbSet(a[0], a[1], a[2], how)
}

func prettyJSON(dst []byte, n *node, depth int) []byte {
	indent := func(k int) {
		dst = append(dst, '\n')
		for range k * 4 {
			dst = append(dst, ' ')
		}
	}
	if isScalar(n) {
		return n.AppendJSONB(dst)
	}
	open, end := byte('['), byte(']')
	if n.Kind == jsondoc.Object {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i := range n.Elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		indent(depth + 1)
		if n.Kind == jsondoc.Object {
			dst = append(jsondoc.AppendString(dst, n.Keys[i]), ": "...)
		}
		dst = prettyJSON(dst, &n.Elems[i], depth+1)
	}
	indent(depth)
	return append(dst, end)
}

func stripNulls(n *node) {
	if n.Kind == jsondoc.Object {
		keys, elems := n.Keys[:0], n.Elems[:0]
		for i := range n.Elems {
			if n.Elems[i].Kind != jsondoc.Null {
				keys, elems = append(keys, n.Keys[i]), append(elems, n.Elems[i])
			}
		}
		n.Keys, n.Elems = keys, elems
	}
	for i := range n.Elems {
		stripNulls(&n.Elems[i])
	}
}

// compact writes json without white space; scalars keep their text.
func (d *doc) compact(dst []byte, n *node) []byte {
	switch n.Kind {
	case jsondoc.Object:
		dst = append(dst, '{')
		for i := range n.Elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(jsondoc.AppendString(dst, n.Keys[i]), ':')
			dst = d.compact(dst, &n.Elems[i])
		}
		return append(dst, '}')
	case jsondoc.List:
		dst = append(dst, '[')
		for i := range n.Elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = d.compact(dst, &n.Elems[i])
		}
		return append(dst, ']')
	case jsondoc.String:
		return jsondoc.AppendString(dst, n.Text)
	}
	return append(dst, d.s[n.From:n.To]...)
}

func stripFn(binary bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := parseDoc(a[0], binary)
		if err != nil {
			return types.Null, err
		}
		stripNulls(&d.node)
		if binary {
			return d.JSONB(), nil
		}
		return call.Bytes(d.compact(nil, &d.node))
	}
}

// numberCast is jsonb to a number type; finish converts the numeric.
func numberCast(typ string, finish func(types.Datum) (types.Datum, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := parseDoc(a[0], true)
		if err != nil {
			return types.Null, err
		}
		if d.Kind != jsondoc.Number {
			return types.Null, errJSONCast(&d.node, typ)
		}
		v, err := numeric.Parse(d.Text)
		if err != nil {
			return types.Null, err
		}
		return finish(v)
	}
}

func errJSONCast(n *node, typ string) error {
	what := typeName(n)
	if n.Kind == jsondoc.Number {
		what = "numeric"
	}
	return errJSON("cannot cast jsonb %s to type %s", what, typ)
}

func jsonOpFns() call.Fns {
	m := call.Fns{}
	for _, binary := range []bool{false, true} {
		p := "json"
		if binary {
			p = "jsonb"
		}
		m[p+"_object_field"], m[p+"_object_field_text"] = fieldFn(binary, false), fieldFn(binary, true)
		m[p+"_array_element"], m[p+"_array_element_text"] = elementFn(binary, false), elementFn(binary, true)
		m[p+"_extract_path"], m[p+"_extract_path_text"] = pathFn(binary, false), pathFn(binary, true)
		m[p+"_array_length"] = arrayLength(binary)
		m[p+"_strip_nulls"] = stripFn(binary)
		m[p+"_typeof"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			d, err := parseDoc(a[0], binary)
			if err != nil {
				return types.Null, err
			}
			return call.Text(typeName(&d.node))
		}
	}
	m["jsonb_contains"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) { return containment(a[0], a[1]) }
	m["jsonb_contained"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) { return containment(a[1], a[0]) }
	m["jsonb_exists"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.Bool(jsondoc.Exists(a[0], a[1].Str()))
	}
	m["jsonb_exists_any"], m["jsonb_exists_all"] = existsFn(false), existsFn(true)
	m["jsonb_concat"] = concat
	m["jsonb_delete"] = func(c *call.Call, a []types.Datum) (types.Datum, error) { return deleteKeys(c, a, false) }
	m["jsonb_delete_array"] = func(c *call.Call, a []types.Datum) (types.Datum, error) { return deleteKeys(c, a, true) }
	m["jsonb_delete_idx"] = deleteIndex
	m["jsonb_delete_path"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return jsonbSet(a[0], a[1], types.Null, changeDelete)
	}
	m["jsonb_set"], m["jsonb_set_lax"], m["jsonb_insert"] = setFn, setLax, insertFn
	m["jsonb_pretty"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := parseDoc(a[0], true)
		if err != nil {
			return types.Null, err
		}
		return call.Bytes(prettyJSON(nil, &d.node, 0))
	}
	toInt := func(size int, name string) call.Fn {
		return numberCast(name, func(v types.Datum) (types.Datum, error) { return call.IntOrErr(numeric.ToInt(v, size, name)) })
	}
	m["jsonb_int2"], m["jsonb_int4"], m["jsonb_int8"] = toInt(16, "smallint"), toInt(32, "integer"), toInt(64, "bigint")
	m["jsonb_numeric"] = numberCast("numeric", func(v types.Datum) (types.Datum, error) { return v, nil })
	m["jsonb_float8"] = numberCast("double precision", func(v types.Datum) (types.Datum, error) {
		f, err := numeric.ToFloat8(v)
		return tuple.Float(f), err
	})
	m["jsonb_float4"] = numberCast("real", func(v types.Datum) (types.Datum, error) {
		f, err := numeric.ToFloat4(v)
		return tuple.Float(f), err
	})
	m["jsonb_bool"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := parseDoc(a[0], true)
		if err != nil {
			return types.Null, err
		}
		if d.Kind != jsondoc.Bool {
			return types.Null, errJSONCast(&d.node, "boolean")
		}
		return tuple.Bool(d.Bool), nil
	}
	return m
}

// elementRows is json_array_elements and its siblings.
func elementRows(name string, binary, asText bool) call.SetFn {
	return func(_ *call.Call, a []types.Datum) (call.Rows, error) {
		d, err := parseDoc(a[0].Clone(), binary)
		switch {
		case err != nil:
			return nil, err
		case d.Kind == jsondoc.List:
		case binary && d.Kind == jsondoc.Object:
			return nil, errJSON("cannot extract elements from an object")
		case binary:
			return nil, errJSON("cannot extract elements from a scalar")
		case d.Kind == jsondoc.Object:
			return nil, errJSON("cannot call %s on a non-array", name)
		default:
			return nil, errJSON("cannot call %s on a scalar", name)
		}
		vals := make([]types.Datum, len(d.Elems))
		for i := range vals {
			vals[i] = d.cut(&d.Elems[i], asText)
		}
		return call.ListRows(vals), nil
	}
}

func memberRows(name string, binary, asText bool) call.SetFn {
	return func(_ *call.Call, a []types.Datum) (call.Rows, error) {
		d, err := parseDoc(a[0].Clone(), binary)
		switch {
		case err != nil:
			return nil, err
		case d.Kind == jsondoc.Object:
		case binary:
			return nil, errJSON("cannot call %s on a non-object", name)
		case d.Kind == jsondoc.List:
			return nil, errJSON("cannot deconstruct an array as an object")
		default:
			return nil, errJSON("cannot deconstruct a scalar")
		}
		rows := make([][]types.Datum, len(d.Keys))
		for i := range rows {
			rows[i] = []types.Datum{tuple.String(d.Keys[i]), d.cut(&d.Elems[i], asText)}
		}
		return call.TableRows(rows), nil
	}
}

func keyRows(name string, binary bool) call.SetFn {
	return func(_ *call.Call, a []types.Datum) (call.Rows, error) {
		d, err := parseDoc(a[0].Clone(), binary)
		switch {
		case err != nil:
			return nil, err
		case d.Kind == jsondoc.List:
			return nil, errJSON("cannot call %s on an array", name)
		case d.Kind != jsondoc.Object:
			return nil, errJSON("cannot call %s on a scalar", name)
		}
		vals := make([]types.Datum, len(d.Keys))
		for i := range vals {
			vals[i] = tuple.String(d.Keys[i])
		}
		return call.ListRows(vals), nil
	}
}

func jsonSets() call.Sets {
	m := call.Sets{}
	for _, binary := range []bool{false, true} {
		p := "json"
		if binary {
			p = "jsonb"
		}
		for _, asText := range []bool{false, true} {
			suffix := ""
			if asText {
				suffix = "_text"
			}
			m[p+"_array_elements"+suffix] = elementRows(p+"_array_elements"+suffix, binary, asText)
			m[p+"_each"+suffix] = memberRows(p+"_each"+suffix, binary, asText)
		}
		m[p+"_object_keys"] = keyRows(p+"_object_keys", binary)
	}
	return m
}
