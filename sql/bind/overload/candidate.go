package overload

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// Candidate is a function or operator that may be meant, with the argument types as the call would see them.
type Candidate struct {
	Proc     *pgdata.Proc
	op       *pgdata.Operator
	Args     []types.OID
	Variadic int   // how many actual arguments the VARIADIC parameter takes; 0: it is given as an array, or there is none
	Defaults int   // how many parameters take their defaults
	Order    []int // named notation: Order[i] is the parameter of actual argument i; nil positional
}

// candidates is FuncnameGetCandidates: functions of that name that take n arguments, the last ones named;
// procedures: as CALL sees them.
func (rs *Resolver) candidates(name []string, n int, argNames []string, expandVariadic, procedures bool) []Candidate {
	var out []Candidate
	for _, p := range rs.ProcsNamed(name) {
		if procedures {
			p = withOutArgs(p)
		}
		decl := p.ArgTypes
		np := len(decl)
		if len(argNames) > 0 {
			if p.Variadic != 0 && expandVariadic {
				if n < np {
					continue
				}
			}
			if n > np || n+p.NArgDefaults < np {
				continue
			}
			order := matchNamed(p, n, argNames)
			if order == nil {
				continue
			}
			c := Candidate{Proc: p, Order: order, Defaults: np - n}
			for _, at := range order {
				c.Args = append(c.Args, decl[at])
			}
			for i := range decl {
				if !slices.Contains(order, i) {
					c.Args = append(c.Args, decl[i])
				}
			}
			out = append(out, c)
			continue
		}
		variadic := p.Variadic != 0 && expandVariadic && np <= n
		switch {
		case variadic:
			c := Candidate{Proc: p, Variadic: n - np + 1, Args: append([]types.OID(nil), decl[:np-1]...)}
			for len(c.Args) < n {
				c.Args = append(c.Args, p.Variadic)
			}
			out = rs.addCandidate(out, c)
			continue
		case np > n && n+p.NArgDefaults >= np:
			out = rs.addCandidate(out, Candidate{Proc: p, Defaults: np - n, Args: append([]types.OID(nil), decl[:n]...)})
			continue
		case np == n:
			out = rs.addCandidate(out, Candidate{Proc: p, Args: append([]types.OID(nil), decl...)})
		}
	}
	return out
}

// addCandidate keeps one of two candidates that look alike to this call: the non-variadic, the one with fewer defaults.
func (rs *Resolver) addCandidate(list []Candidate, c Candidate) []Candidate {
	if c.Variadic == 0 && c.Defaults == 0 {
		for i := range list {
			if (list[i].Variadic > 0 || list[i].Defaults > 0) && slices.Equal(list[i].Args, c.Args) {
				list[i] = c
				return list
			}
		}
		return append(list, c)
	}
	for i := range list {
		if slices.Equal(list[i].Args, c.Args) && list[i].Variadic == 0 && list[i].Defaults == 0 {
			return list
		}
	}
	return append(list, c)
}

// matchNamed is MatchNamedCall: nil where the names do not fit.
func matchNamed(p *pgdata.Proc, n int, argNames []string) []int {
	if p.ArgNames == nil {
		return nil
	}
	positional := n - len(argNames)
	var order []int
	used := map[int]bool{}
	for i := 0; i < positional; i++ {
		order = append(order, i)
		used[i] = true
	}
	for _, want := range argNames {
		in, found := 0, -1
		for i, name := range p.ArgNames {
			mode := "i"
			if p.ArgModes != nil {
				mode = p.ArgModes[i]
			}
			if mode != "i" && mode != "b" && mode != "v" {
				continue
			}
			if name == want {
				found = in
			}
			in++
		}
		if found < 0 || used[found] {
			return nil
		}
		used[found] = true
		order = append(order, found)
	}
	for i := n - len(argNames); i < len(p.ArgTypes); i++ {
		if !used[i] && i < len(p.ArgTypes)-p.NArgDefaults {
			return nil
		}
	}
	return order
}

// matchArgs is func_match_argtypes: candidates whose arguments convert implicitly.
func (rs *Resolver) matchArgs(actual []types.OID, list []Candidate) []Candidate {
	var out []Candidate
	for _, c := range list {
		if rs.canCoerceAll(actual, c.Args[:len(actual)], Implicit) {
			out = append(out, c)
		}
	}
	return out
}

// selectCandidate is func_select_candidate (manual: 10.3 step 4); nil where none is best.
func (rs *Resolver) selectCandidate(actual []types.OID, list []Candidate) *Candidate {
	n := len(actual)
	base := make([]types.OID, n)
	unknowns := 0
	for i, t := range actual {
		if t == types.Unknown {
			base[i] = t
			unknowns++
		} else {
			base[i] = rs.BaseType(t)
		}
	}
	best := func(score func(Candidate) int) {
		top := -1
		var keep []Candidate
		for _, c := range list {
			switch s := score(c); {
			case s > top:
				top, keep = s, []Candidate{c}
			case s == top:
				keep = append(keep, c)
			}
		}
		list = keep
	}
	best(func(c Candidate) (m int) {
		for i := range base {
			if base[i] != types.Unknown && c.Args[i] == base[i] {
				m++
			}
		}
		return m
	})
	if len(list) == 1 {
		return &list[0]
	}
	cats := make([]byte, n)
	for i := range base {
		cats[i] = rs.Category(base[i])
	}
	best(func(c Candidate) (m int) {
		for i := range base {
			if base[i] != types.Unknown && (c.Args[i] == base[i] || rs.isPreferredIn(cats[i], c.Args[i])) {
				m++
			}
		}
		return m
	})
	if len(list) == 1 {
		return &list[0]
	}
	if unknowns == 0 {
		return nil
	}
	rs.resolveByCategory(base, &list)
	if len(list) == 1 {
		return &list[0]
	}
	// One known type: assume the unknowns have it too.
	if unknowns < n {
		known := types.Unknown
		for _, t := range base {
			if t == types.Unknown {
				continue
			}
			if known == types.Unknown {
				known = t
			} else if known != t {
				known = types.Unknown
				break
			}
		}
		if known != types.Unknown {
			same := make([]types.OID, n)
			for i := range same {
				same[i] = known
			}
			var hit *Candidate
			hits := 0
			for i := range list {
				if rs.canCoerceAll(same, list[i].Args[:n], Implicit) {
					hits++
					hit = &list[i]
				}
			}
			if hits == 1 {
				return hit
			}
		}
	}
	return nil
}

func (rs *Resolver) isPreferredIn(cat byte, t types.OID) bool {
	return rs.Category(t) == cat && rs.Preferred(t)
}

// resolveByCategory settles each unknown position on one type category (string wins a conflict) and, where that works for
// all of them, drops the candidates that do not fit.
func (rs *Resolver) resolveByCategory(base []types.OID, list *[]Candidate) {
	n := len(base)
	slotCat := make([]byte, n)
	slotPref := make([]bool, n)
	for i := range base {
		if base[i] != types.Unknown {
			continue
		}
		conflict := false
		for _, c := range *list {
			cat, pref := rs.Category(c.Args[i]), rs.Preferred(c.Args[i])
			switch {
			case slotCat[i] == 0, cat != slotCat[i] && cat == types.CategoryString:
				slotCat[i], slotPref[i] = cat, pref
			case cat == slotCat[i]:
				slotPref[i] = slotPref[i] || pref
			default:
				conflict = true
			}
		}
		if conflict && slotCat[i] != types.CategoryString {
			return
		}
	}
	var keep []Candidate
	for _, c := range *list {
		ok := true
		for i := range base {
			if base[i] == types.Unknown && (rs.Category(c.Args[i]) != slotCat[i] || slotPref[i] && !rs.Preferred(c.Args[i])) {
				ok = false
				break
			}
		}
		if ok {
			keep = append(keep, c)
		}
	}
	if len(keep) > 0 {
		*list = keep
	}
}
