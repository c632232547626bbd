package overload

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/types"
)

// Found is the result of a function look-up: a Candidate, a Cast, or neither.
type Found struct {
	Candidate *Candidate
	Cast      types.OID // the call is a cast to this type
	Many      bool      // several candidates, none best
	Kind      byte      // pg_proc.prokind
}

// Function is func_get_detail (manual: 10.3). The last len(argNames) of the actual arguments are named; expandVariadic is false
// for VARIADIC calls; procedures looks for what CALL names. The first of equal candidates is not taken: see Found.Many.
func (rs *Resolver) Function(name []string, argNames []string, actual []types.OID, expandVariadic, procedures bool) Found {
	list := rs.candidates(name, len(actual), argNames, expandVariadic, procedures)
	for i := range list {
		if slices.Equal(list[i].Args[:len(actual)], actual) {
			return Found{Candidate: &list[i], Kind: list[i].Proc.Kind}
		}
	}
	if len(actual) == 1 && len(argNames) == 0 {
		if t := rs.castTarget(name, actual[0]); t != 0 {
			return Found{Cast: t}
		}
	}
	if len(list) == 0 {
		return Found{}
	}
	match := rs.matchArgs(actual, list)
	switch len(match) {
	case 0:
		return Found{}
	case 1:
		return Found{Candidate: &match[0], Kind: match[0].Proc.Kind}
	}
	if c := rs.selectCandidate(actual, match); c != nil {
		return Found{Candidate: c, Kind: c.Proc.Kind}
	}
	return Found{Many: true}
}

// castTarget: f(x) where f is a type name may be a cast, unless it is a row type's.
func (rs *Resolver) castTarget(name []string, src types.OID) types.OID {
	var t *types.Type
	switch len(name) {
	case 1:
		t = rs.TypeByName("", name[0])
	case 2:
		t = rs.TypeByName(name[0], name[1])
	}
	if t == nil || t.TypType == types.TypePseudo || t.TypType == types.TypeComposite {
		return 0
	}
	if src == types.Unknown {
		return t.OID
	}
	switch p, _ := rs.FindPathway(t.OID, src, Explicit); p {
	case ByRelabel:
		return t.OID
	case ByIO:
		if rs.IsRowType(src) && t.Category == types.CategoryString {
			return 0
		}
		return t.OID
	}
	return 0
}

// Signature prints a call for "function … does not exist".
func (rs *Resolver) Signature(name []string, argNames []string, actual []types.OID) string {
	var s strings.Builder
	s.WriteString(strings.Join(name, "."))
	s.WriteByte('(')
	for i, t := range actual {
		if i > 0 {
			s.WriteString(", ")
		}
		if at := i - (len(actual) - len(argNames)); at >= 0 {
			s.WriteString(argNames[at])
			s.WriteString(" => ")
		}
		s.WriteString(rs.TypeText(t))
	}
	s.WriteByte(')')
	return s.String()
}
