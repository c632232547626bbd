package routine

import (
	"slices"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// checkInternal refuses a body that names no built-in function (fmgr_internal_validator), and declarations under which the function
// would see values of another form than its own.
func checkInternal(x *stmt.Ctx, p *pgdata.Proc) error {
	rows := builtin.WithSymbol(p.Src)
	if len(rows) == 0 {
		return pgerr.New(pgerr.UndefinedFunction, "there is no built-in function named \"%s\"", p.Src)
	}
	if p.RetSet || !slices.ContainsFunc(rows, func(r *pgdata.Proc) bool { return sameForm(x, p, r) }) {
		return pgerr.Unsupported("built-in function " + p.Src + " with other argument or result types than its own")
	}
	return nil
}

// sameForm reports whether two functions take and give values of the same forms.
func sameForm(x *stmt.Ctx, p, r *pgdata.Proc) bool {
	like := func(a, b types.OID) bool {
		if a == b || polymorphic(b) || b == types.Any {
			return true
		}
		s, t := x.Env.Type(a), x.Env.Type(b)
		return s != nil && t != nil && s.Kind.Valid() && s.Kind == t.Kind
	}
	if len(p.ArgTypes) != len(r.ArgTypes) || p.RetSet != r.RetSet || !like(p.RetType, r.RetType) || !p.Strict && r.Strict {
		return false
	}
	for i := range p.ArgTypes {
		if !like(p.ArgTypes[i], r.ArgTypes[i]) {
			return false
		}
	}
	return true
}
