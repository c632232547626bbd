package syscat

import (
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// pgProc adds the functions of users; those of extensions are among the static rows.
func pgProc(s *scan) error {
	if o, ok := s.keyOID(1); ok {
		if f := s.cat.Function(o); f != nil && catalog.OfUser(o) {
			s.addProc(f)
		}
		return nil
	}
	add := func(o catalog.Object) bool {
		s.addProc(o.(*catalog.Function))
		return true
	}
	if name, ok := s.keyName(2); ok {
		s.cat.Schemas(func(sc *catalog.Schema) bool {
			s.cat.Named(catalog.KindFunction, sc.OID, name, add)
			return true
		})
		return nil
	}
	s.cat.Objects(catalog.KindFunction, add)
	return nil
}

func (s *scan) addProc(f *catalog.Function) {
	if !catalog.OfUser(f.OID) {
		return
	}
	p := &f.Proc
	body := null
	if f.Body != "" {
		body = text(f.Body)
	}
	s.add(oid(f.OID), text(f.Name), oid(f.Schema), oid(f.Owner), oid(p.Lang), costOf(p.Cost), costOf(p.Rows), oid(p.Variadic), oid(p.Support), char(p.Kind),
		boolean(p.SecDef), boolean(p.LeakProof), boolean(p.Strict), boolean(p.RetSet), char(p.Volatile), char(p.Parallel), num(p.NArgs), num(p.NArgDefaults),
		oid(p.RetType), oidVector(p.ArgTypes), oidArray(p.AllArgTypes), charArray(p.ArgModes), nameArray(p.ArgNames), textOrNull(p.ArgDefaults), null, text(p.Src), null, body,
		texts(f.Config), s.acl(f.ACL))
}

// pgAggregate adds the aggregates of users.
func pgAggregate(s *scan) error {
	add := func(f *catalog.Function) {
		if f == nil || f.Proc.Agg == nil {
			return
		}
		a := f.Proc.Agg
		s.add(oid(f.OID), char(a.Kind), num(a.NumDirectArgs), oid(a.TransFn), oid(a.FinalFn), oid(a.CombineFn), oid(a.SerialFn), oid(a.DeserialFn),
			oid(a.MTransFn), oid(a.MInvTransFn), oid(a.MFinalFn), boolean(a.FinalExtra), boolean(a.MFinalExtra), char(a.FinalModify), char(a.MFinalModify),
			oid(a.SortOp), oid(a.TransType), num(a.TransSpace), oid(a.MTransType), num(a.MTransSpace), textPtr(a.InitVal), textPtr(a.MInitVal))
	}
	if o, ok := s.keyOID(1); ok {
		add(s.cat.Function(o))
		return nil
	}
	s.cat.Objects(catalog.KindFunction, func(o catalog.Object) bool {
		add(o.(*catalog.Function))
		return true
	})
	return nil
}

func textPtr(s *string) types.Datum {
	if s == nil {
		return null
	}
	return text(*s)
}

func costOf(s string) types.Datum {
	f, err := strconv.ParseFloat(s, 32)
	if err != nil {
		return tuple.Float(0)
	}
	return tuple.Float(f)
}

func charArray(list []string) types.Datum {
	if len(list) == 0 {
		return null
	}
	vals := make([]types.Datum, len(list))
	for i, m := range list {
		vals[i] = char(m[0])
	}
	return types.MakeArray(types.Lookup(types.Char), vals)
}

// nameArray is a text[] whose elements may be empty.
func nameArray(list []string) types.Datum { return textArray(types.Text, list) }
