package usertype

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// rangeOptions is what CREATE TYPE … AS RANGE says.
type rangeOptions struct {
	subtype                           *ast.TypeName
	class, collation, canonical, diff []ast.Node
	multirange                        []ast.Node
}

// CreateRange is CREATE TYPE … AS RANGE (DefineRange): the type, its multirange type, their constructors and the cast between them.
func CreateRange(x *stmt.Ctx, n *ast.CreateRangeStmt) error {
	schema, name, err := newType(x, n.TypeName)
	if err != nil {
		return err
	}
	o, err := readRangeOptions(n.Params)
	if err != nil {
		return err
	}
	r, err := o.resolve(x, name)
	if err != nil {
		return err
	}
	multiSchema, multiName, err := o.multirangeName(x, schema, name)
	if err != nil {
		return err
	}
	first := x.Editor.OIDs(4)
	t := &catalog.Type{Header: catalog.Header{OID: first, Schema: schema.OID, Name: name, Owner: x.User}, Form: types.TypeRange, Array: first + 1, Range: r}
	m := &catalog.Type{Header: catalog.Header{OID: first + 2, Schema: multiSchema.OID, Name: multiName, Owner: x.User}, Form: types.TypeMultirange, Array: first + 3, Of: t.OID}
	t.ACL, m.ACL = x.NewACL(privilege.Type, 'T', t.Schema), x.NewACL(privilege.Type, 'T', m.Schema)
	r.Multirange = m.OID
	t.Deps = stmt.TypeDep(nil, r.Subtype)
	if !catalog.BuiltIn(r.Diff) {
		t.Deps = append(t.Deps, catalog.Dep{On: catalog.Address{Kind: catalog.KindFunction, OID: r.Diff}, Type: catalog.DepNormal})
	}
	m.Deps = []catalog.Dep{{On: catalog.AddressOf(t), Type: catalog.DepInternal}}
	x.Editor.Put(t)
	x.Editor.Put(m)
	constructor(x, t, "range_constructor2", r.Subtype, r.Subtype)
	constructor(x, t, "range_constructor3", r.Subtype, r.Subtype, types.Text)
	constructor(x, m, "multirange_constructor0")
	one := constructor(x, m, "multirange_constructor1", t.OID)
	constructor(x, m, "multirange_constructor2", t.Array)
	cast := &catalog.Cast{Header: catalog.Header{OID: x.Editor.OID(), Name: catalog.CastName(t.OID, m.OID), Owner: catalog.SuperuserOID}}
	cast.Row = pgdata.Cast{OID: cast.OID, Source: t.OID, Target: m.OID, Func: one.OID, Context: 'e', Method: 'f'}
	for _, on := range []catalog.Address{catalog.AddressOf(t), catalog.AddressOf(m), catalog.AddressOf(one)} {
		cast.Deps = append(cast.Deps, catalog.Dep{On: on, Type: catalog.DepInternal})
	}
	x.Editor.Put(cast)
	return nil
}

// constructor makes a function of a range or multirange type that has its name.
func constructor(x *stmt.Ctx, t *catalog.Type, src string, args ...types.OID) *catalog.Function {
	f := &catalog.Function{Header: catalog.Header{OID: x.Editor.OID(), Schema: t.Schema, Name: t.Name, Owner: x.User}, Language: "internal"}
	f.Proc = pgdata.Proc{OID: f.OID, Name: t.Name, Namespace: t.Schema, Lang: langInternal, Kind: 'f', Volatile: 'i', Parallel: 's', Cost: "1", Rows: "0",
		Strict: t.Form == types.TypeMultirange, NArgs: len(args), RetType: t.OID, ArgTypes: args, Src: src}
	if src == "multirange_constructor2" {
		f.Proc.Variadic, f.Proc.AllArgTypes, f.Proc.ArgModes = t.Of, args, []string{"v"}
	}
	f.Deps = []catalog.Dep{{On: catalog.AddressOf(t), Type: catalog.DepInternal}}
	x.Editor.Put(f)
	return f
}

const langInternal types.OID = 12 // pg_language

func readRangeOptions(list []ast.Node) (*rangeOptions, error) {
	o := &rangeOptions{}
	seen := map[string]bool{}
	for _, e := range list {
		d, ok := e.(*ast.DefElem)
		if !ok {
			return nil, pgerr.Internal("range option of form %T", e)
		}
		if seen[d.Defname] {
			return nil, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").WithPosition(int(d.Location) + 1)
		}
		seen[d.Defname] = true
		switch d.Defname {
		case "subtype":
			o.subtype = stmt.DefType(d)
		case "subtype_opclass":
			o.class = stmt.NameList(d.Arg)
		case "collation":
			o.collation = stmt.NameList(d.Arg)
		case "canonical":
			o.canonical = stmt.NameList(d.Arg)
		case "subtype_diff":
			o.diff = stmt.NameList(d.Arg)
		case "multirange_type_name":
			o.multirange = stmt.NameList(d.Arg)
		default:
			return nil, pgerr.New(pgerr.SyntaxError, "type attribute \"%s\" not recognized", d.Defname)
		}
	}
	if o.subtype == nil {
		return nil, pgerr.New(pgerr.SyntaxError, "type attribute \"subtype\" is required")
	}
	return o, nil
}

// resolve finds what the options name.
func (o *rangeOptions) resolve(x *stmt.Ctx, name string) (*catalog.Range, error) {
	sub, err := bind.TypeName(x.Bind(), o.subtype)
	if err != nil {
		return nil, err
	}
	if err := x.MayUseType(sub.OID); err != nil {
		return nil, err
	}
	y := x.Env.Type(sub.OID)
	if y == nil || y.TypType == types.TypePseudo {
		return nil, pgerr.New(pgerr.DatatypeMismatch, "range subtype cannot be %s", x.TypeText(sub.OID))
	}
	r := &catalog.Range{Subtype: sub.OID, Collation: y.Collation}
	if o.collation != nil {
		if !y.Collatable() {
			return nil, pgerr.New(pgerr.WrongObjectType, "range collation specified but subtype does not support collation")
		}
		if r.Collation, err = bind.Collation(x.Bind(), o.collation); err != nil {
			return nil, err
		}
		if x.Catalog().KeyOrder(r.Collation) != nil {
			return nil, pgerr.Unsupported("a range type under an ICU collation")
		}
	}
	if r.OpClass, err = bind.OpClass(x.Bind(), "btree", o.class, sub.OID); err != nil {
		if o.class == nil && pgerr.Is(err, pgerr.UndefinedObject) {
			return nil, pgerr.From(err).WithHint("You must specify an operator class for the range type or define a default operator class for the subtype.")
		}
		return nil, err
	}
	if o.canonical != nil {
		return nil, pgerr.New(pgerr.InvalidObjectDefinition, "cannot specify a canonical function without a pre-created shell type").
			WithHint("Create the type as a shell type, then create its canonicalization function, then do a full CREATE TYPE.")
	}
	if o.diff == nil {
		return r, nil
	}
	p, err := bind.ExactFunction(x.Bind(), o.diff, []types.OID{sub.OID, sub.OID})
	if err != nil {
		return nil, err
	}
	text := strings.Join(stmt.Strs(o.diff), ".") + "(" + x.TypeText(sub.OID) + ", " + x.TypeText(sub.OID) + ")"
	switch {
	case p.RetType != types.Float8:
		return nil, pgerr.New(pgerr.InvalidObjectDefinition, "range subtype diff function %s must return type %s", text, "double precision")
	case p.Volatile != 'i':
		return nil, pgerr.New(pgerr.InvalidObjectDefinition, "range subtype diff function %s must be immutable", text)
	}
	if f := x.Catalog().Function(p.OID); f != nil && x.Roles != nil {
		if err := f.Executable(x.Roles, x.User); err != nil {
			return nil, err
		}
	}
	r.Diff = p.OID
	return r, nil
}

// multirangeName is where the multirange type goes: what the options say, or the range's name with "multirange" for "range".
func (o *rangeOptions) multirangeName(x *stmt.Ctx, schema *catalog.Schema, name string) (*catalog.Schema, string, error) {
	if o.multirange != nil {
		s, m, err := newType(x, o.multirange)
		if err == nil && s.OID == schema.OID && m == name {
			err = pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists", m)
		}
		return s, m, err
	}
	m := strings.Replace(name, "range", "multirange", 1)
	if m == name {
		m = stmt.Clip(name, stmt.MaxName-len("_multirange")) + "_multirange"
	}
	m = stmt.Clip(m, stmt.MaxName)
	if _, err := x.Claim(schema.OID, m); err != nil {
		return nil, "", err
	}
	if Free(x, schema.OID, m) != nil {
		return nil, "", pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists", m).
			WithDetail("Failed while creating a multirange type for type \"%s\".", name).
			WithHint("You can manually specify a multirange type name using the \"multirange_type_name\" attribute.")
	}
	return schema, m, nil
}
