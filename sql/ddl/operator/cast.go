package operator

import (
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// castTypes are the two types of a cast, which one of their owners may make and drop.
func castTypes(x *stmt.Ctx, source, target *ast.TypeName) (src, dst *types.Type, err error) {
	find := func(n *ast.TypeName) (*types.Type, error) {
		t, err := bind.TypeName(x.Bind(), n)
		if err != nil {
			return nil, err
		}
		y := x.Env.Type(t.OID)
		if y == nil {
			return nil, pgerr.Internal("type %d has gone", t.OID)
		}
		return y, nil
	}
	if src, err = find(source); err != nil {
		return nil, nil, err
	}
	dst, err = find(target)
	return src, dst, err
}

func mayChange(x *stmt.Ctx, src, dst *types.Type) error {
	if x.OwnsType(src.OID) || x.OwnsType(dst.OID) {
		return nil
	}
	return stmt.Denied("must be owner of type %s or type %s", x.TypeText(src.OID), x.TypeText(dst.OID))
}

// CreateCast is CREATE CAST.
func CreateCast(x *stmt.Ctx, n *ast.CreateCastStmt) error {
	src, dst, err := castTypes(x, n.Sourcetype, n.Targettype)
	if err != nil {
		return err
	}
	if src.TypType == types.TypePseudo {
		return pgerr.New(pgerr.WrongObjectType, "source data type %s is a pseudo-type", x.TypeText(src.OID))
	}
	if dst.TypType == types.TypePseudo {
		return pgerr.New(pgerr.WrongObjectType, "target data type %s is a pseudo-type", x.TypeText(dst.OID))
	}
	if err := mayChange(x, src, dst); err != nil {
		return err
	}
	for _, t := range []types.OID{src.OID, dst.OID} {
		if err := x.MayUseType(t); err != nil {
			return err
		}
	}
	if x.Notice != nil {
		if src.TypType == types.TypeDomain {
			x.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.WrongObjectType, "cast will be ignored because the source data type is a domain"))
		} else if dst.TypType == types.TypeDomain {
			x.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.WrongObjectType, "cast will be ignored because the target data type is a domain"))
		}
	}
	c := &catalog.Cast{Header: catalog.Header{Name: catalog.CastName(src.OID, dst.OID), Owner: catalog.SuperuserOID}}
	c.Row = pgdata.Cast{Source: src.OID, Target: dst.OID, Context: 'e'}
	switch n.Context {
	case ast.COERCION_IMPLICIT:
		c.Row.Context = 'i'
	case ast.COERCION_ASSIGNMENT:
		c.Row.Context = 'a'
	}
	args := 0
	switch {
	case n.Func != nil:
		c.Row.Method = 'f'
		p, err := castFunction(x, n.Func, src, dst)
		if err != nil {
			return err
		}
		c.Row.Func, args = p.OID, len(p.ArgTypes)
	case n.Inout:
		c.Row.Method = 'i'
	default:
		c.Row.Method = 'b'
		if err := sameBits(x, src, dst); err != nil {
			return err
		}
	}
	if src.OID == dst.OID && args < 2 {
		return pgerr.New(pgerr.InvalidObjectDefinition, "source data type and target data type are the same")
	}
	if _, err := x.Claim(0, "cast "+c.Name); err != nil {
		return err
	}
	if bind.CastBetween(x.Bind(), src.OID, dst.OID) != nil {
		return pgerr.New(pgerr.DuplicateObject, "cast from type %s to type %s already exists", x.TypeText(src.OID), x.TypeText(dst.OID))
	}
	c.OID = x.Editor.OID()
	c.Row.OID = c.OID
	c.Deps = stmt.TypeDep(stmt.TypeDep(nil, src.OID), dst.OID)
	if !catalog.BuiltIn(c.Row.Func) {
		c.Deps = append(c.Deps, catalog.Dep{On: catalog.Address{Kind: catalog.KindFunction, OID: c.Row.Func}, Type: catalog.DepNormal})
	}
	x.Editor.Put(c)
	return nil
}

// castFunction is the function of WITH FUNCTION: it takes the source, then a modifier and whether the cast is explicit.
func castFunction(x *stmt.Ctx, n *ast.ObjectWithArgs, src, dst *types.Type) (*pgdata.Proc, error) {
	f, p, err := bind.Routine(x.Bind(), n, 'f')
	if err != nil {
		return nil, err
	}
	if f != nil {
		p = &f.Proc
	}
	wrong := func(format string, args ...any) (*pgdata.Proc, error) {
		return nil, pgerr.New(pgerr.InvalidObjectDefinition, format, args...)
	}
	env := x.Bind()
	switch {
	case len(p.ArgTypes) < 1 || len(p.ArgTypes) > 3:
		return wrong("cast function must take one to three arguments")
	case !bind.BinaryCoercible(env, src.OID, p.ArgTypes[0]):
		return wrong("argument of cast function must match or be binary-coercible from source data type")
	case len(p.ArgTypes) > 1 && p.ArgTypes[1] != types.Int4:
		return wrong("second argument of cast function must be type %s", "integer")
	case len(p.ArgTypes) > 2 && p.ArgTypes[2] != types.Bool:
		return wrong("third argument of cast function must be type %s", "boolean")
	case !bind.BinaryCoercible(env, p.RetType, dst.OID):
		return wrong("return data type of cast function must match or be binary-coercible to target data type")
	case p.Kind != 'f':
		return wrong("cast function must be a normal function")
	case p.RetSet:
		return wrong("cast function must not return a set")
	}
	return p, nil
}

// sameBits refuses WITHOUT FUNCTION for types whose values are held in different ways, in PostgreSQL or here.
func sameBits(x *stmt.Ctx, src, dst *types.Type) error {
	wrong := func(text string) error { return pgerr.New(pgerr.InvalidObjectDefinition, "%s", text) }
	if !x.Super() {
		return stmt.Denied("must be superuser to create a cast WITHOUT FUNCTION")
	}
	either := func(f func(*types.Type) bool) bool { return f(src) || f(dst) }
	switch {
	case src.Len != dst.Len || src.ByVal != dst.ByVal || src.Align != dst.Align:
		return wrong("source and target data types are not physically compatible")
	case either(func(t *types.Type) bool { return t.TypType == types.TypeComposite }):
		return wrong("composite data types are not binary-compatible")
	case either(func(t *types.Type) bool { return t.TypType == types.TypeEnum }):
		return wrong("enum data types are not binary-compatible")
	case either((*types.Type).IsArray):
		return wrong("array data types are not binary-compatible")
	case either(func(t *types.Type) bool { return t.TypType == types.TypeDomain }):
		return wrong("domain data types must not be marked binary-compatible")
	case src.Kind != dst.Kind:
		return pgerr.Unsupported("a cast WITHOUT FUNCTION from " + x.TypeText(src.OID) + " to " + x.TypeText(dst.OID))
	}
	return nil
}

// openCast finds the cast of users that a statement names by its types; nil: IF EXISTS, and there is none.
func openCast(x *stmt.Ctx, n ast.Node, missingOK bool) (*catalog.Cast, error) {
	l, ok := n.(*ast.List)
	if !ok || len(l.Items) != 2 {
		return nil, pgerr.Internal("cast name of form %T", n)
	}
	src, dst, err := castTypes(x, l.Items[0].(*ast.TypeName), l.Items[1].(*ast.TypeName))
	if err != nil {
		if missingOK && pgerr.Is(err, pgerr.UndefinedObject) {
			x.Note("", "%s, skipping", pgerr.From(err).Message)
			return nil, nil
		}
		return nil, err
	}
	text := "from type " + x.TypeText(src.OID) + " to type " + x.TypeText(dst.OID)
	row := bind.CastBetween(x.Bind(), src.OID, dst.OID)
	if row == nil {
		if missingOK {
			x.Note("", "cast %s does not exist, skipping", text)
			return nil, nil
		}
		return nil, pgerr.New(pgerr.UndefinedObject, "cast %s does not exist", text)
	}
	if err := mayChange(x, src, dst); err != nil {
		return nil, err
	}
	c := x.Catalog().CastBetween(src.OID, dst.OID)
	if c == nil {
		return nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop cast from %s to %s because it is required by the database system", x.TypeText(src.OID), x.TypeText(dst.OID))
	}
	return c, nil
}

// DropCast is DROP CAST.
func DropCast(x *stmt.Ctx, n *ast.DropStmt) error {
	var list []catalog.Address
	for _, e := range n.Objects {
		c, err := openCast(x, e, n.MissingOk)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		if err := depend.NotPart(x, c); err != nil {
			return err
		}
		list = append(list, catalog.AddressOf(c))
	}
	return depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}

// CommentCast is COMMENT ON CAST.
func CommentCast(x *stmt.Ctx, n ast.Node, comment string) error {
	c, err := openCast(x, n, false)
	if err != nil {
		return err
	}
	next := *c
	next.Comment = comment
	x.Editor.Put(&next)
	return nil
}
