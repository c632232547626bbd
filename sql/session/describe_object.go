package session

import (
	"strconv"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Catalogs of objects that pg_describe_object knows besides those of comments.
const (
	classAuthid types.OID = 1260
)

// Description is pg_describe_object.
func (f *functions) Description(class, obj types.OID, sub int32) (text string, ok bool, err error) {
	s, cat := f.s(), f.Catalog()
	a := catalog.Address{OID: obj, Sub: int16(sub)}
	there := false
	switch class {
	case classClass:
		t, ix := cat.RelationByOID(obj)
		switch {
		case ix != nil:
			a.Kind, there = catalog.KindIndex, true
		case t != nil && sub != 0:
			a.Kind, there = catalog.KindColumn, sub > 0 && int(sub) <= len(t.Columns)
		default:
			a.Kind, there = catalog.KindRelation, t != nil
		}
	case classNamespace:
		a.Kind, there = catalog.KindSchema, cat.SchemaByOID(obj) != nil
	case classConstraint:
		_, c := cat.ConstraintByOID(obj)
		a.Kind, there = catalog.KindConstraint, c != nil
	case classTrigger:
		_, g := cat.TriggerByOID(obj)
		a.Kind, there = catalog.KindTrigger, g != nil
	case classPolicy:
		_, p := cat.PolicyByOID(obj)
		a.Kind, there = catalog.KindPolicy, p != nil
	case classType:
		if y := s.lookupType(obj); y == nil {
			return "", false, nil
		}
		return "type " + types.FormatType(obj, -1, s.env), true, nil
	case classProc:
		p := s.names().Function(obj)
		if p == nil {
			return "", false, nil
		}
		return "function " + s.names().FunctionText(p, true), true, nil
	case classOperator:
		o := bind.OperatorByOID(s.bindEnv(cat, ""), obj)
		if o == nil {
			return "", false, nil
		}
		return "operator " + s.names().OperatorText(o, true), true, nil
	case classCast, classEventTrigger:
		a.Kind = catalog.KindCast
		if class == classEventTrigger {
			a.Kind = catalog.KindEventTrigger
		}
		there = cat.Object(a.Kind, obj) != nil
	case classAuthid:
		if name, ok := f.RoleName(obj); ok {
			return "role " + name, true, nil
		}
		return "", false, nil
	default:
		return "", false, pgerr.Unsupported("pg_describe_object of catalog " + strconv.Itoa(int(class)))
	}
	if !there {
		return "", false, nil
	}
	x := &stmt.Ctx{Catalog: s.catalog, Env: s.env, Roles: s.Roles(), User: s.UserOID(), Bind: func() *bind.Env { return s.bindEnv(cat, "") },
		SearchPath: func() []catalog.OID {
			path, _ := s.searchPath(cat)
			return path
		}}
	return depend.Describe(x, a), true, nil
}
