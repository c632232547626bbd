package overload

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// family collects what the arguments of one polymorphic call say (manual: 38.2.5).
type family struct {
	elem, array, rng, multi types.OID // anyelement family
	nonArray, enum          bool
	haveUnknown             bool

	compat         []types.OID // anycompatible: types that take part
	cRange, cMulti types.OID
	cNonArray      bool
}

// genericConsistent is check_generic_type_consistency.
func (rs *Resolver) genericConsistent(actual, declared []types.OID) bool {
	var f family
	for i, d := range declared {
		a := actual[i]
		same := func(slot *types.OID) bool {
			if a == types.Unknown {
				return true
			}
			t := rs.BaseType(a)
			if *slot != 0 && *slot != t {
				return false
			}
			*slot = t
			return true
		}
		switch d {
		case types.AnyElement, types.AnyNonArray, types.AnyEnum:
			f.nonArray = f.nonArray || d == types.AnyNonArray
			f.enum = f.enum || d == types.AnyEnum
			if a == types.Unknown {
				continue
			}
			if f.elem != 0 && a != f.elem {
				return false
			}
			f.elem = a
		case types.AnyArray:
			if !same(&f.array) {
				return false
			}
		case types.AnyRange:
			if !same(&f.rng) {
				return false
			}
		case types.AnyMultirange:
			if !same(&f.multi) {
				return false
			}
		case types.AnyCompatible, types.AnyCompatibleNonArray:
			f.cNonArray = f.cNonArray || d == types.AnyCompatibleNonArray
			if a != types.Unknown {
				f.compat = append(f.compat, a)
			}
		case types.AnyCompatibleArray:
			if a == types.Unknown {
				continue
			}
			el := rs.BaseElemType(a)
			if el == 0 {
				return false
			}
			f.compat = append(f.compat, el)
		case types.AnyCompatibleRange:
			if !same(&f.cRange) {
				return false
			}
			if a != types.Unknown {
				r, ok := rs.rangeType(rs.BaseType(a))
				if !ok {
					return false
				}
				f.compat = append(f.compat, r.Subtype)
			}
		case types.AnyCompatibleMultirange:
			if !same(&f.cMulti) {
				return false
			}
			if a != types.Unknown {
				r, ok := rs.rangeOfMulti(rs.BaseType(a))
				if !ok {
					return false
				}
				f.compat = append(f.compat, rs.rangeSub(r))
			}
		}
	}
	if f.array != 0 {
		if f.array == types.AnyArray {
			// pg_statistic's columns: only anyarray itself fits.
			return !(f.elem != 0 && f.elem != types.AnyElement)
		}
		el := rs.ElemType(f.array)
		if el == 0 {
			return false
		}
		if f.elem == 0 {
			f.elem = el
		} else if f.elem != el {
			return false
		}
	}
	if f.multi != 0 {
		r, ok := rs.rangeOfMulti(f.multi)
		if !ok || f.rng != 0 && f.rng != r {
			return false
		}
		f.rng = r
	}
	if f.rng != 0 {
		r, ok := rs.rangeType(f.rng)
		if !ok || f.elem != 0 && f.elem != r.Subtype {
			return false
		}
		f.elem = r.Subtype
	}
	if f.elem != 0 && (f.nonArray && rs.BaseElemType(f.elem) != 0 || f.enum && !rs.IsEnum(f.elem)) {
		return false
	}
	if f.cMulti != 0 {
		r, ok := rs.rangeOfMulti(f.cMulti)
		if !ok || f.cRange != 0 && f.cRange != r {
			return false
		}
		f.cRange = r
	}
	if len(f.compat) > 0 {
		common := rs.commonOIDs(f.compat)
		if common == 0 {
			return false
		}
		for _, t := range f.compat {
			if !rs.CanCoerce(t, common, Implicit) {
				return false
			}
		}
		if f.cNonArray && rs.BaseElemType(common) != 0 {
			return false
		}
		if f.cRange != 0 && rs.rangeSub(f.cRange) != common {
			return false
		}
	}
	return true
}

// ResolvePolymorphic is enforce_generic_type_consistency: it puts actual types into declared and returns the result type.
// Errors: 42804.
func (rs *Resolver) ResolvePolymorphic(actual, declared []types.OID, ret types.OID, loc int32) types.OID {
	has1, has2 := false, false
	for _, d := range declared {
		has1, has2 = has1 || isPolymorphic1(d), has2 || isPolymorphic2(d)
	}
	if !has1 && !has2 {
		return ret
	}
	var f family
	poly1, poly2 := false, false
	for i, d := range declared {
		a := actual[i]
		alike := func(slot *types.OID, what string) {
			if a == types.Unknown {
				return
			}
			t := rs.BaseType(a)
			if *slot != 0 && *slot != t {
				panic(rs.Err(pgerr.DatatypeMismatch, loc, "arguments declared \"%s\" are not all alike", what).
					WithDetail("%s versus %s", rs.TypeText(*slot), rs.TypeText(t)))
			}
			*slot = t
		}
		switch d {
		case types.AnyElement, types.AnyNonArray, types.AnyEnum:
			poly1 = true
			f.nonArray = f.nonArray || d == types.AnyNonArray
			f.enum = f.enum || d == types.AnyEnum
			if a == types.Unknown {
				f.haveUnknown = true
				continue
			}
			if f.elem != 0 && f.elem != a {
				panic(rs.Err(pgerr.DatatypeMismatch, loc, "arguments declared \"%s\" are not all alike", "anyelement").
					WithDetail("%s versus %s", rs.TypeText(f.elem), rs.TypeText(a)))
			}
			f.elem = a
		case types.AnyArray:
			poly1 = true
			f.haveUnknown = f.haveUnknown || a == types.Unknown
			alike(&f.array, "anyarray")
		case types.AnyRange:
			poly1 = true
			f.haveUnknown = f.haveUnknown || a == types.Unknown
			alike(&f.rng, "anyrange")
		case types.AnyMultirange:
			poly1 = true
			f.haveUnknown = f.haveUnknown || a == types.Unknown
			alike(&f.multi, "anymultirange")
		case types.AnyCompatible, types.AnyCompatibleNonArray:
			poly2 = true
			f.cNonArray = f.cNonArray || d == types.AnyCompatibleNonArray
			if a != types.Unknown {
				f.compat = append(f.compat, a)
			}
		case types.AnyCompatibleArray:
			poly2 = true
			if a == types.Unknown {
				continue
			}
			el := rs.BaseElemType(a)
			if el == 0 {
				rs.Fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not an array but type %s", "anycompatiblearray", rs.TypeText(rs.BaseType(a)))
			}
			f.compat = append(f.compat, el)
		case types.AnyCompatibleRange:
			poly2 = true
			if a == types.Unknown {
				continue
			}
			alike(&f.cRange, "anycompatiblerange")
			r, ok := rs.rangeType(rs.BaseType(a))
			if !ok {
				rs.Fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a range type but type %s", "anycompatiblerange", rs.TypeText(rs.BaseType(a)))
			}
			f.compat = append(f.compat, r.Subtype)
		case types.AnyCompatibleMultirange:
			poly2 = true
			if a == types.Unknown {
				continue
			}
			alike(&f.cMulti, "anycompatiblemultirange")
			r, ok := rs.rangeOfMulti(rs.BaseType(a))
			if !ok {
				rs.Fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a multirange type but type %s", "anycompatiblemultirange", rs.TypeText(rs.BaseType(a)))
			}
			f.compat = append(f.compat, rs.rangeSub(r))
		}
	}
	if poly1 {
		rs.resolveElement(&f, loc)
	}
	var common types.OID
	if poly2 {
		if f.cMulti != 0 {
			r, _ := rs.rangeOfMulti(f.cMulti)
			if f.cRange != 0 && f.cRange != r {
				panic(rs.Err(pgerr.DatatypeMismatch, loc, "argument declared %s is not consistent with argument declared %s", "anycompatiblemultirange", "anycompatiblerange").
					WithDetail("%s versus %s", rs.TypeText(f.cMulti), rs.TypeText(f.cRange)))
			}
			f.cRange = r
		}
		common = rs.resolveCompatible(&f, loc)
	}
	return rs.substitute(&f, common, declared, ret, loc)
}

func (rs *Resolver) resolveElement(f *family, loc int32) {
	if f.array != 0 {
		el := rs.ElemType(f.array)
		if f.array == types.AnyArray {
			el = types.AnyElement
		}
		if el == 0 {
			rs.Fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not an array but type %s", "anyarray", rs.TypeText(f.array))
		}
		if f.elem == 0 {
			f.elem = el
		} else if f.elem != el {
			panic(rs.Err(pgerr.DatatypeMismatch, loc, "argument declared %s is not consistent with argument declared %s", "anyarray", "anyelement").
				WithDetail("%s versus %s", rs.TypeText(f.array), rs.TypeText(f.elem)))
		}
	}
	if f.multi != 0 {
		r, ok := rs.rangeOfMulti(f.multi)
		if !ok {
			rs.Fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a multirange type but type %s", "anymultirange", rs.TypeText(f.multi))
		}
		if f.rng != 0 && f.rng != r {
			panic(rs.Err(pgerr.DatatypeMismatch, loc, "argument declared %s is not consistent with argument declared %s", "anymultirange", "anyrange").
				WithDetail("%s versus %s", rs.TypeText(f.multi), rs.TypeText(f.rng)))
		}
		f.rng = r
	}
	if f.rng != 0 {
		r, ok := rs.rangeType(f.rng)
		if !ok {
			rs.Fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a range type but type %s", "anyrange", rs.TypeText(f.rng))
		}
		if f.elem != 0 && f.elem != r.Subtype {
			panic(rs.Err(pgerr.DatatypeMismatch, loc, "argument declared %s is not consistent with argument declared %s", "anyrange", "anyelement").
				WithDetail("%s versus %s", rs.TypeText(f.rng), rs.TypeText(f.elem)))
		}
		f.elem = r.Subtype
	}
	if f.elem == 0 {
		if f.haveUnknown {
			rs.Fail(pgerr.DatatypeMismatch, loc, "could not determine polymorphic type because input has type %s", "unknown")
		}
		return
	}
	if f.nonArray && rs.BaseElemType(f.elem) != 0 {
		rs.Fail(pgerr.DatatypeMismatch, loc, "type matched to anynonarray is an array type: %s", rs.TypeText(f.elem))
	}
	if f.enum && !rs.IsEnum(f.elem) {
		rs.Fail(pgerr.DatatypeMismatch, loc, "type matched to anyenum is not an enum type: %s", rs.TypeText(f.elem))
	}
}

func (rs *Resolver) resolveCompatible(f *family, loc int32) types.OID {
	if len(f.compat) == 0 {
		return types.Text
	}
	common := rs.commonOIDs(f.compat)
	if common == 0 {
		rs.Fail(pgerr.DatatypeMismatch, loc, "arguments of anycompatible family cannot be cast to a common type")
	}
	for _, t := range f.compat {
		if !rs.CanCoerce(t, common, Implicit) {
			rs.Fail(pgerr.DatatypeMismatch, loc, "arguments of anycompatible family cannot be cast to a common type")
		}
	}
	if f.cRange != 0 && rs.rangeSub(f.cRange) != common {
		rs.Fail(pgerr.DatatypeMismatch, loc, "anycompatiblerange type %s does not match anycompatible type %s", rs.TypeText(f.cRange), rs.TypeText(common))
	}
	if f.cNonArray && rs.BaseElemType(common) != 0 {
		rs.Fail(pgerr.DatatypeMismatch, loc, "type matched to anycompatiblenonarray is an array type: %s", rs.TypeText(common))
	}
	return common
}

func (rs *Resolver) substitute(f *family, common types.OID, declared []types.OID, ret types.OID, loc int32) types.OID {
	array := func(el types.OID) types.OID {
		if el == types.AnyElement {
			return types.AnyArray
		}
		a := rs.ArrayOf(el)
		if a == 0 {
			rs.Fail(pgerr.UndefinedObject, loc, "could not find array type for data type %s", rs.TypeText(el))
		}
		return a
	}
	if f.array == 0 && f.elem != 0 && f.elem != types.AnyElement {
		f.array = rs.ArrayOf(f.elem)
	}
	pick := func(d types.OID) types.OID {
		switch d {
		case types.AnyElement, types.AnyNonArray, types.AnyEnum:
			return f.elem
		case types.AnyArray:
			if f.array == 0 && f.elem != 0 {
				return array(f.elem)
			}
			return f.array
		case types.AnyRange:
			return f.rng
		case types.AnyMultirange:
			if f.multi != 0 {
				return f.multi
			}
			return rs.multirangeOf(f.rng)
		case types.AnyCompatible, types.AnyCompatibleNonArray:
			return common
		case types.AnyCompatibleArray:
			return array(common)
		case types.AnyCompatibleRange:
			return f.cRange
		case types.AnyCompatibleMultirange:
			if f.cMulti != 0 {
				return f.cMulti
			}
			return rs.multirangeOf(f.cRange)
		}
		return d
	}
	for i, d := range declared {
		if !IsPolymorphic(d) {
			continue
		}
		t := pick(d)
		if t == 0 {
			t = d // an unknown argument of a family that nothing else fixes
		}
		declared[i] = t
	}
	if !IsPolymorphic(ret) {
		return ret
	}
	t := pick(ret)
	if t == 0 {
		rs.Fail(pgerr.DatatypeMismatch, loc, "could not determine polymorphic type %s because input has type %s", rs.TypeText(ret), "unknown")
	}
	return t
}

// rangeType finds a range type; ok is false if the type is none.
func (rs *Resolver) rangeType(oid types.OID) (t *types.Type, ok bool) {
	t = rs.Type(oid)
	return t, t != nil && t.TypType == types.TypeRange
}

// rangeOfMulti is the range type of a multirange type.
func (rs *Resolver) rangeOfMulti(oid types.OID) (rng types.OID, ok bool) {
	if t := rs.Type(oid); t != nil && t.TypType == types.TypeMultirange {
		return t.Range, true
	}
	return 0, false
}

// rangeSub and multirangeOf are 0 for what is not a range type.
func (rs *Resolver) rangeSub(oid types.OID) types.OID {
	if t, ok := rs.rangeType(oid); ok {
		return t.Subtype
	}
	return 0
}

func (rs *Resolver) multirangeOf(oid types.OID) types.OID {
	if t, ok := rs.rangeType(oid); ok {
		return t.Multirange
	}
	return 0
}
