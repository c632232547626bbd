package bind

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
func (b *binder) genericConsistent(actual, declared []types.OID) bool {
	var f family
	for i, d := range declared {
		a := actual[i]
		same := func(slot *types.OID) bool {
			if a == types.Unknown {
				return true
			}
			t := b.baseType(a)
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
			el := b.baseElemType(a)
			if el == 0 {
				return false
			}
			f.compat = append(f.compat, el)
		case types.AnyCompatibleRange:
			if !same(&f.cRange) {
				return false
			}
			if a != types.Unknown {
				r, ok := b.rangeType(b.baseType(a))
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
				r, ok := b.rangeOfMulti(b.baseType(a))
				if !ok {
					return false
				}
				f.compat = append(f.compat, b.rangeSub(r))
			}
		}
	}
	if f.array != 0 {
		if f.array == types.AnyArray {
			// pg_statistic's columns: only anyarray itself fits.
			return !(f.elem != 0 && f.elem != types.AnyElement)
		}
		el := b.elemType(f.array)
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
		r, ok := b.rangeOfMulti(f.multi)
		if !ok || f.rng != 0 && f.rng != r {
			return false
		}
		f.rng = r
	}
	if f.rng != 0 {
		r, ok := b.rangeType(f.rng)
		if !ok || f.elem != 0 && f.elem != r.Subtype {
			return false
		}
		f.elem = r.Subtype
	}
	if f.elem != 0 && (f.nonArray && b.baseElemType(f.elem) != 0 || f.enum && !b.isEnum(f.elem)) {
		return false
	}
	if len(f.compat) > 0 {
		common := b.commonOIDs(f.compat)
		if common == 0 {
			return false
		}
		for _, t := range f.compat {
			if !b.canCoerceOne(t, common, ctxImplicit) {
				return false
			}
		}
		if f.cNonArray && b.baseElemType(common) != 0 {
			return false
		}
		if f.cRange != 0 && b.rangeSub(f.cRange) != common {
			return false
		}
	}
	return true
}

// resolvePolymorphic is enforce_generic_type_consistency: it puts actual types into declared and returns the result type.
func (b *binder) resolvePolymorphic(actual, declared []types.OID, ret types.OID, loc int32) types.OID {
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
			t := b.baseType(a)
			if *slot != 0 && *slot != t {
				panic(b.err(pgerr.DatatypeMismatch, loc, "arguments declared \"%s\" are not all alike", what).
					WithDetail("%s versus %s", b.typeStr(*slot), b.typeStr(t)))
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
				panic(b.err(pgerr.DatatypeMismatch, loc, "arguments declared \"%s\" are not all alike", "anyelement").
					WithDetail("%s versus %s", b.typeStr(f.elem), b.typeStr(a)))
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
			el := b.baseElemType(a)
			if el == 0 {
				b.fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not an array but type %s", "anycompatiblearray", b.typeStr(b.baseType(a)))
			}
			f.compat = append(f.compat, el)
		case types.AnyCompatibleRange:
			poly2 = true
			if a == types.Unknown {
				continue
			}
			alike(&f.cRange, "anycompatiblerange")
			r, ok := b.rangeType(b.baseType(a))
			if !ok {
				b.fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a range type but type %s", "anycompatiblerange", b.typeStr(b.baseType(a)))
			}
			f.compat = append(f.compat, r.Subtype)
		case types.AnyCompatibleMultirange:
			poly2 = true
			if a == types.Unknown {
				continue
			}
			alike(&f.cMulti, "anycompatiblemultirange")
			r, ok := b.rangeOfMulti(b.baseType(a))
			if !ok {
				b.fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a multirange type but type %s", "anycompatiblemultirange", b.typeStr(b.baseType(a)))
			}
			f.compat = append(f.compat, b.rangeSub(r))
		}
	}
	if poly1 {
		b.resolveElement(&f, loc)
	}
	var common types.OID
	if poly2 {
		common = b.resolveCompatible(&f, loc)
	}
	return b.substitute(&f, common, declared, ret, loc)
}

func (b *binder) resolveElement(f *family, loc int32) {
	if f.array != 0 {
		el := b.elemType(f.array)
		if f.array == types.AnyArray {
			el = types.AnyElement
		}
		if el == 0 {
			b.fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not an array but type %s", "anyarray", b.typeStr(f.array))
		}
		if f.elem == 0 {
			f.elem = el
		} else if f.elem != el {
			panic(b.err(pgerr.DatatypeMismatch, loc, "argument declared %s is not consistent with argument declared %s", "anyarray", "anyelement").
				WithDetail("%s versus %s", b.typeStr(f.array), b.typeStr(f.elem)))
		}
	}
	if f.multi != 0 {
		r, ok := b.rangeOfMulti(f.multi)
		if !ok {
			b.fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a multirange type but type %s", "anymultirange", b.typeStr(f.multi))
		}
		if f.rng != 0 && f.rng != r {
			panic(b.err(pgerr.DatatypeMismatch, loc, "argument declared %s is not consistent with argument declared %s", "anymultirange", "anyrange").
				WithDetail("%s versus %s", b.typeStr(f.multi), b.typeStr(f.rng)))
		}
		f.rng = r
	}
	if f.rng != 0 {
		r, ok := b.rangeType(f.rng)
		if !ok {
			b.fail(pgerr.DatatypeMismatch, loc, "argument declared %s is not a range type but type %s", "anyrange", b.typeStr(f.rng))
		}
		if f.elem != 0 && f.elem != r.Subtype {
			panic(b.err(pgerr.DatatypeMismatch, loc, "argument declared %s is not consistent with argument declared %s", "anyrange", "anyelement").
				WithDetail("%s versus %s", b.typeStr(f.rng), b.typeStr(f.elem)))
		}
		f.elem = r.Subtype
	}
	if f.elem == 0 {
		if f.haveUnknown {
			b.fail(pgerr.DatatypeMismatch, loc, "could not determine polymorphic type because input has type %s", "unknown")
		}
		return
	}
	if f.nonArray && b.baseElemType(f.elem) != 0 {
		b.fail(pgerr.DatatypeMismatch, loc, "type matched to anynonarray is an array type: %s", b.typeStr(f.elem))
	}
	if f.enum && !b.isEnum(f.elem) {
		b.fail(pgerr.DatatypeMismatch, loc, "type matched to anyenum is not an enum type: %s", b.typeStr(f.elem))
	}
}

func (b *binder) resolveCompatible(f *family, loc int32) types.OID {
	if len(f.compat) == 0 {
		return types.Text
	}
	common := b.commonOIDs(f.compat)
	if common == 0 {
		b.fail(pgerr.DatatypeMismatch, loc, "arguments of anycompatible family cannot be cast to a common type")
	}
	for _, t := range f.compat {
		if !b.canCoerceOne(t, common, ctxImplicit) {
			b.fail(pgerr.DatatypeMismatch, loc, "arguments of anycompatible family cannot be cast to a common type")
		}
	}
	if f.cRange != 0 && b.rangeSub(f.cRange) != common {
		b.fail(pgerr.DatatypeMismatch, loc, "anycompatiblerange type %s does not match anycompatible type %s", b.typeStr(f.cRange), b.typeStr(common))
	}
	if f.cNonArray && b.baseElemType(common) != 0 {
		b.fail(pgerr.DatatypeMismatch, loc, "type matched to anycompatiblenonarray is an array type: %s", b.typeStr(common))
	}
	return common
}

func (b *binder) substitute(f *family, common types.OID, declared []types.OID, ret types.OID, loc int32) types.OID {
	array := func(el types.OID) types.OID {
		if el == types.AnyElement {
			return types.AnyArray
		}
		a := b.arrayOf(el)
		if a == 0 {
			b.fail(pgerr.UndefinedObject, loc, "could not find array type for data type %s", b.typeStr(el))
		}
		return a
	}
	if f.array == 0 && f.elem != 0 && f.elem != types.AnyElement {
		f.array = b.arrayOf(f.elem)
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
			return b.multirangeOf(f.rng)
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
			return b.multirangeOf(f.cRange)
		}
		return d
	}
	for i, d := range declared {
		if !isPolymorphic(d) {
			continue
		}
		t := pick(d)
		if t == 0 {
			t = d // an unknown argument of a family that nothing else fixes
		}
		declared[i] = t
	}
	if !isPolymorphic(ret) {
		return ret
	}
	t := pick(ret)
	if t == 0 {
		b.fail(pgerr.DatatypeMismatch, loc, "could not determine polymorphic type %s because input has type %s", b.typeStr(ret), "unknown")
	}
	return t
}

// rangeType finds a range type; ok is false if the type is none.
func (b *binder) rangeType(oid types.OID) (t *types.Type, ok bool) {
	t = b.typ(oid)
	return t, t != nil && t.TypType == types.TypeRange
}

// rangeOfMulti is the range type of a multirange type.
func (b *binder) rangeOfMulti(oid types.OID) (rng types.OID, ok bool) {
	if t := b.typ(oid); t != nil && t.TypType == types.TypeMultirange {
		return t.Range, true
	}
	return 0, false
}

// rangeSub and multirangeOf are 0 for what is not a range type.
func (b *binder) rangeSub(oid types.OID) types.OID {
	if t, ok := b.rangeType(oid); ok {
		return t.Subtype
	}
	return 0
}

func (b *binder) multirangeOf(oid types.OID) types.OID {
	if t, ok := b.rangeType(oid); ok {
		return t.Multirange
	}
	return 0
}
