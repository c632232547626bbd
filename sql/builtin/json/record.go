package json

import (
	"github.com/tarndb/tarn/sql/builtin/array"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// JSON as rows: json_populate_record and its siblings (manual: table 9.47).

// targetFields are the columns that a JSON object is read into; base is NULL or the record that gives the other values.
func targetFields(c *call.Call, name string, hasBase bool, base types.Datum) ([]types.Attr, error) {
	if c.RetFields != nil {
		if hasBase && c.ArgTypes[0] == types.Record && !base.IsNull() {
			return c.RetFields, sameFields(types.RecordAttrs(base.Bytes()), c.RetFields, c.Env)
		}
		return c.RetFields, nil
	}
	oid := c.RetType
	if hasBase && (oid == types.AnyElement || oid == types.Record || oid == 0) {
		oid = c.ArgTypes[0]
	}
	if t := c.Env.Type(oid); t != nil && len(t.Attrs) > 0 {
		return t.Attrs, nil
	}
	if hasBase && oid == types.Record && !base.IsNull() {
		return types.RecordAttrs(base.Bytes()), nil
	}
	if t := c.Env.Type(oid); hasBase && t != nil && t.Kind != tuple.KindRecord {
		return nil, pgerr.New(pgerr.DatatypeMismatch, "first argument of %s must be a row type", name)
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "could not determine row type for result of %s", name).
		WithHint("Provide a non-null record argument, or call the function in the FROM clause using a column definition list.")
}

// fromJSON reads a JSON value as a value of a type.
func (d *doc) fromJSON(c *call.Call, n *node, t *types.Type, mod int32) (types.Datum, error) {
	if n == nil || n.Kind == jsondoc.Null && t.OID != types.JSON && t.OID != types.JSONB {
		return types.Null, nil
	}
	switch {
	case t.OID == types.JSON:
		if d.binary {
			return tuple.Bytes(n.AppendJSONB(nil)), nil
		}
		return tuple.String(d.s[n.From:n.To]), nil
	case t.OID == types.JSONB:
		if d.binary {
			return n.JSONB(), nil
		}
		return jsondoc.ParseJSONB(d.s[n.From:n.To])
	case t.Kind == tuple.KindRecord && len(t.Attrs) > 0 && n.Kind == jsondoc.Object:
		return d.row(c, n, t.Attrs, nil)
	case t.IsArray() && n.Kind == jsondoc.List:
		return d.array(c, n, t, mod)
	case t.IsArray() && n.Kind != jsondoc.String:
		return types.Null, pgerr.New(pgerr.InvalidTextRepresentation, "expected JSON array")
	}
	s := n.Text
	if n.Kind != jsondoc.String {
		if d.binary {
			s = string(n.AppendJSONB(nil))
		} else {
			s = d.s[n.From:n.To]
		}
	}
	return t.ParseText(s, mod, c.Env)
}

// row makes a record of an object; a column without member keeps its value of base.
func (d *doc) row(c *call.Call, n *node, attrs []types.Attr, base []types.Datum) (types.Datum, error) {
	ts, vals, err := d.fields(c, n, attrs, base)
	if err != nil {
		return types.Null, err
	}
	return types.MakeRecord(ts, vals), nil
}

func (d *doc) fields(c *call.Call, n *node, attrs []types.Attr, base []types.Datum) ([]*types.Type, []types.Datum, error) {
	ts, vals := make([]*types.Type, len(attrs)), make([]types.Datum, len(attrs))
	for i, a := range attrs {
		t := c.Env.Type(a.Type)
		if t == nil {
			return nil, nil, call.TypeNotFound(a.Type)
		}
		ts[i], vals[i] = t, types.Null
		m := member(n, a.Name)
		if m == nil {
			if i < len(base) {
				vals[i] = base[i]
			}
			continue
		}
		v, err := d.fromJSON(c, m, t, a.Mod)
		if err != nil {
			return nil, nil, err
		}
		vals[i] = v
	}
	return ts, vals, nil
}

// array reads nested lists as dimensions; all lists of a level have the same length.
func (d *doc) array(c *call.Call, n *node, t *types.Type, mod int32) (types.Datum, error) {
	elem := c.Env.Type(t.Elem)
	if elem == nil {
		return types.Null, call.TypeNotFound(t.Elem)
	}
	var dims []tuple.ArrayDim
	for at := n; at.Kind == jsondoc.List && elem.OID != types.JSON && elem.OID != types.JSONB || at == n; at = &at.Elems[0] {
		if len(at.Elems) == 0 {
			return types.MakeArray(elem, nil), nil
		}
		dims = append(dims, tuple.ArrayDim{Len: len(at.Elems), Lower: 1})
		if len(dims) > tuple.MaxArrayDims {
			return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", len(dims), tuple.MaxArrayDims)
		}
	}
	var vals []types.Datum
	var walk func(n *node, level int) error
	walk = func(n *node, level int) error {
		if level == len(dims) {
			v, err := d.fromJSON(c, n, elem, mod)
			vals = append(vals, v)
			return err
		}
		if n.Kind != jsondoc.List {
			return pgerr.New(pgerr.InvalidTextRepresentation, "expected JSON array")
		}
		if len(n.Elems) != dims[level].Len {
			return pgerr.New(pgerr.InvalidTextRepresentation, "malformed JSON array").
				WithDetail("Multidimensional arrays must have sub-arrays with matching dimensions.")
		}
		for i := range n.Elems {
			if err := walk(&n.Elems[i], level+1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(n, 0); err != nil {
		return types.Null, err
	}
	return types.MakeArrayDims(elem, dims, vals), nil
}

// sameFields checks that a record has the types of the columns that FROM declares (tupledesc_match).
func sameFields(got, want []types.Attr, env *types.Env) error {
	if len(got) != len(want) {
		return types.RowWidthError(len(got), len(want))
	}
	for i := range got {
		if got[i].Type != want[i].Type {
			return types.RowFieldError(i, got[i].Type, want[i].Type, env)
		}
	}
	return nil
}

// populate is json_populate_record (hasBase) and json_to_record.
func populate(name string, binary, hasBase bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		attrs, err := targetFields(c, name, hasBase, a[0])
		if err != nil {
			return types.Null, err
		}
		from := a[0]
		var base []types.Datum
		if hasBase {
			from = a[1]
			if !a[0].IsNull() {
				base = array.RecordFields(a[0], nil)
			}
		}
		if from.IsNull() {
			if hasBase {
				return a[0], nil
			}
			return types.Null, nil
		}
		d, err := parseDoc(from, binary)
		if err != nil {
			return types.Null, err
		}
		if d.Kind != jsondoc.Object {
			return types.Null, errNotObject(&d.node, name)
		}
		if hasBase && c.ArgTypes[0] == types.Record {
			ts, vals, err := d.fields(c, &d.node, attrs, base)
			if err != nil {
				return types.Null, err
			}
			return types.MakeNamedRecord(ts, types.AttrNames(attrs), vals), nil
		}
		return d.row(c, &d.node, attrs, base)
	}
}

func errNotObject(n *node, name string) error {
	if n.Kind == jsondoc.List {
		return errJSON("cannot call %s on an array", name)
	}
	return errJSON("cannot call %s on a scalar", name)
}

// populateSet is json_populate_recordset and json_to_recordset.
func populateSet(name string, binary, hasBase bool) call.SetFn {
	return func(c *call.Call, a []types.Datum) (call.Rows, error) {
		attrs, err := targetFields(c, name, hasBase, a[0])
		if err != nil {
			return nil, err
		}
		from := a[0]
		var base []types.Datum
		if hasBase {
			from = a[1]
			if !a[0].IsNull() {
				base = array.RecordFields(a[0].Clone(), nil)
			}
		}
		if from.IsNull() {
			return call.TableRows(nil), nil
		}
		d, err := parseDoc(from.Clone(), binary)
		if err != nil {
			return nil, err
		}
		switch d.Kind {
		case jsondoc.List:
		case jsondoc.Object:
			return nil, errJSON("cannot call %s on an object", name)
		default:
			return nil, errJSON("cannot call %s on a scalar", name)
		}
		one := c.RetFields == nil && hasBase && c.ArgTypes[0] == types.Record // in the select list: nothing else says what the fields are
		rows := make([][]types.Datum, len(d.Elems))
		for i := range rows {
			e := &d.Elems[i]
			if e.Kind != jsondoc.Object {
				return nil, errJSON("argument of %s must be an array of objects", name)
			}
			ts, vals, err := d.fields(c, e, attrs, base)
			if err != nil {
				return nil, err
			}
			if rows[i] = vals; one {
				rows[i] = []types.Datum{types.MakeNamedRecord(ts, types.AttrNames(attrs), vals)}
			}
		}
		return call.TableRows(rows), nil
	}
}

func jsonRecordFns() call.Fns {
	return call.Fns{
		"json_populate_record": populate("json_populate_record", false, true), "jsonb_populate_record": populate("jsonb_populate_record", true, true),
		"json_to_record": populate("json_to_record", false, false), "jsonb_to_record": populate("jsonb_to_record", true, false),
	}
}

func jsonRecordSets() call.Sets {
	return call.Sets{
		"json_populate_recordset": populateSet("json_populate_recordset", false, true), "jsonb_populate_recordset": populateSet("jsonb_populate_recordset", true, true),
		"json_to_recordset": populateSet("json_to_recordset", false, false), "jsonb_to_recordset": populateSet("jsonb_to_recordset", true, false),
	}
}
