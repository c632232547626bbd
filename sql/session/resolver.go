package session

import (
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/session/domain"
	"github.com/tarndb/tarn/sql/session/regname"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
)

// resolver answers what the text forms of the reg* types ask.
type resolver Session

var (
	_ types.Resolver        = (*resolver)(nil)
	_ types.CollationFinder = (*resolver)(nil)
	_ types.SearchFinder    = (*resolver)(nil)
	_ types.DomainChecker   = (*resolver)(nil)
	_ domain.Session        = (*functions)(nil)
)

func (r *resolver) s() *Session { return (*Session)(r) }

// UserType finds row types of tables and their arrays.
func (r *resolver) UserType(oid types.OID) *types.Type { return r.s().catalog().UserType(oid) }

func (r *resolver) Collation(oid types.OID) *collation.Collator {
	return (*functions)(r).Catalog().Collator(oid)
}

func (r *resolver) SearchConfig(oid types.OID) (map[int][]types.OID, bool) {
	return (*functions)(r).Catalog().SearchConfig(oid)
}

func (r *resolver) SearchDictionary(oid types.OID) (template types.OID, options string, ok bool) {
	return (*functions)(r).Catalog().SearchDictionary(oid)
}

func (r *resolver) CheckDomain(oid types.OID, v types.Datum) error {
	s := r.s()
	return s.domains.Check((*functions)(s), s.catalog(), oid, v)
}

func (r *resolver) RegOID(kind types.RegKind, name string) (types.OID, error) {
	return r.s().names().OID(kind, name)
}

func (r *resolver) RegName(kind types.RegKind, oid types.OID) (string, bool) {
	return r.s().names().Text(kind, oid)
}

// lookupType finds a built-in type or one of users.
func (s *Session) lookupType(oid types.OID) *types.Type {
	if t := types.Lookup(oid); t != nil {
		return t
	}
	return s.catalog().UserType(oid)
}

func (s *Session) names() regname.Names { return regname.Names{S: (*functions)(s)} }

var _ regname.Session = (*functions)(nil)

func (f *functions) Bind() *bind.Env   { return f.s().bindEnv(f.Catalog(), "") }
func (f *functions) Types() *types.Env { return f.env }

// Run fills in what an expression outside of a query is evaluated in.
func (f *functions) Run(ec *run.Context) { f.s().runContext(f.Context(), ec, f.Catalog(), nil) }
