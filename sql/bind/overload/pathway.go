package overload

import (
	"github.com/tarndb/tarn/sql/types"
)

// Context is where a conversion is asked for (pg_cast.castcontext), from the strictest.
type Context uint8

// Contexts.
const (
	Implicit Context = iota
	Assignment
	Explicit
)

// Pathway is how one type becomes another.
type Pathway uint8

// Pathways: none, a function, the same bits, element by element, through text.
const (
	NoPath Pathway = iota
	ByFunc
	ByRelabel
	ByArray
	ByIO
)

// IsPolymorphic: one of the any… pseudo-types that a call resolves.
func IsPolymorphic(t types.OID) bool { return isPolymorphic1(t) || isPolymorphic2(t) }

// isPolymorphic1 is the anyelement family.
func isPolymorphic1(t types.OID) bool {
	switch t {
	case types.AnyElement, types.AnyArray, types.AnyNonArray, types.AnyEnum, types.AnyRange, types.AnyMultirange:
		return true
	}
	return false
}

// isPolymorphic2 is the anycompatible family.
func isPolymorphic2(t types.OID) bool {
	switch t {
	case types.AnyCompatible, types.AnyCompatibleArray, types.AnyCompatibleNonArray, types.AnyCompatibleRange, types.AnyCompatibleMultirange:
		return true
	}
	return false
}

// BinaryCoercible: values of src can stand where dst is expected without any change.
func (rs *Resolver) BinaryCoercible(src, dst types.OID) bool {
	if src == dst {
		return true
	}
	switch dst {
	case types.Any, types.AnyElement, types.AnyCompatible:
		return true
	}
	src = rs.BaseType(src)
	switch {
	case src == dst:
		return true
	case dst == types.AnyArray || dst == types.AnyCompatibleArray:
		return rs.ElemType(src) != 0
	case dst == types.AnyNonArray || dst == types.AnyCompatibleNonArray:
		return rs.ElemType(src) == 0
	case dst == types.AnyEnum:
		return rs.IsEnum(src)
	case dst == types.AnyRange || dst == types.AnyCompatibleRange:
		return rs.IsRange(src)
	case dst == types.AnyMultirange || dst == types.AnyCompatibleMultirange:
		return rs.IsMultirange(src)
	case dst == types.Record:
		return rs.IsComposite(src)
	case dst == types.RecordArray:
		el := rs.ElemType(src)
		return el != 0 && rs.IsComposite(el)
	}
	c := rs.Cast(src, dst)
	return c != nil && c.Method == 'b' && c.Context == 'i'
}

// FindPathway is PostgreSQL's find_coercion_pathway; fn is set for ByFunc.
func (rs *Resolver) FindPathway(dst, src types.OID, ctx Context) (path Pathway, fn types.OID) {
	src, dst = rs.BaseType(src), rs.BaseType(dst)
	if src == dst {
		return ByRelabel, 0
	}
	if c := rs.Cast(src, dst); c != nil {
		need := Explicit
		switch c.Context {
		case 'i':
			need = Implicit
		case 'a':
			need = Assignment
		}
		if ctx < need {
			return NoPath, 0
		}
		switch c.Method {
		case 'f':
			return ByFunc, c.Func
		case 'i':
			return ByIO, 0
		}
		return ByRelabel, 0
	}
	if dst != types.OidVector && dst != types.Int2Vector {
		if de, se := rs.ElemType(dst), rs.ElemType(src); de != 0 && se != 0 {
			switch p, _ := rs.FindPathway(de, se, ctx); p {
			case NoPath:
			case ByIO:
				return ByIO, 0
			default:
				return ByArray, 0
			}
		}
	}
	if ctx >= Assignment && rs.Category(dst) == types.CategoryString {
		return ByIO, 0
	}
	if ctx >= Explicit && rs.Category(src) == types.CategoryString {
		return ByIO, 0
	}
	return NoPath, 0
}

// canCoerceAll is can_coerce_type.
func (rs *Resolver) canCoerceAll(in, dst []types.OID, ctx Context) bool {
	generic := false
	for i := range in {
		if !rs.canCoerce1(in[i], dst[i], ctx, &generic) {
			return false
		}
	}
	return !generic || rs.genericConsistent(in, dst)
}

// CanCoerce is can_coerce_type for one value.
func (rs *Resolver) CanCoerce(in, dst types.OID, ctx Context) bool {
	return rs.canCoerceAll([]types.OID{in}, []types.OID{dst}, ctx)
}

func (rs *Resolver) canCoerce1(in, dst types.OID, ctx Context, generic *bool) bool {
	switch {
	case in == dst, dst == types.Any:
		return true
	case IsPolymorphic(dst):
		*generic = true
		return true
	case in == types.Unknown:
		return true
	}
	if p, _ := rs.FindPathway(dst, in, ctx); p != NoPath {
		return true
	}
	switch {
	case in == types.Record && rs.IsComposite(dst):
		return true
	case dst == types.Record && rs.IsComposite(in):
		return true
	case in == types.RecordArray && rs.ElemType(dst) != 0 && rs.IsComposite(rs.ElemType(dst)):
		return true
	case dst == types.RecordArray && rs.ElemType(in) != 0 && rs.IsComposite(rs.ElemType(in)):
		return true
	}
	return false
}

// commonOIDs is select_common_type over types, for anycompatible; 0 where they do not agree.
func (rs *Resolver) commonOIDs(ts []types.OID) types.OID {
	p := ts[0]
	if p != types.Unknown {
		same := true
		for _, t := range ts[1:] {
			same = same && t == p
		}
		if same {
			return p
		}
	}
	p = rs.BaseType(p)
	cat, pref := rs.Category(p), rs.Preferred(p)
	for _, t := range ts[1:] {
		n := rs.BaseType(t)
		if n == types.Unknown || n == p {
			continue
		}
		nc, np := rs.Category(n), rs.Preferred(n)
		switch {
		case p == types.Unknown:
			p, cat, pref = n, nc, np
		case nc != cat:
			return 0
		case !pref && rs.CanCoerce(p, n, Implicit) && !rs.CanCoerce(n, p, Implicit):
			p, cat, pref = n, nc, np
		}
	}
	if p == types.Unknown {
		return types.Text
	}
	return p
}
