package types

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// enumCodec reads and prints labels; the Datum is the label's sort position.
var enumCodec = &codec{
	out: func(t *Type, dst []byte, d Datum, _ *Env) []byte {
		if l := t.Label(d); l != nil {
			dst = append(dst, l.Name...)
		}
		return dst
	},
	in: enumIn,
	send: func(t *Type, dst []byte, d Datum, env *Env) []byte {
		return t.AppendText(dst, d, env)
	},
	recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) { return enumIn(t, string(b), mod, env) },
}

func enumIn(t *Type, s string, _ int32, env *Env) (Datum, error) {
	for i := range t.Labels {
		if t.Labels[i].Name == s {
			return t.LabelValue(i, env)
		}
	}
	return Null, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input value for enum %s: \"%s\"", FormatType(t.OID, -1, env), s)
}

// LabelValue is the value of an enum's i-th label. Error: 55P04 for one that the transaction under way has added: what holds it
// would outlive the label if that transaction were rolled back.
func (t *Type) LabelValue(i int, env *Env) (Datum, error) {
	l := &t.Labels[i]
	if env != nil && env.Uncommitted != nil && env.Uncommitted(l.OID) {
		return Null, pgerr.New(pgerr.UnsafeNewEnumValueUsage, "unsafe use of new value \"%s\" of enum type %s", l.Name, FormatType(t.OID, -1, env)).
			WithHint("New enum values must be committed before they can be used.")
	}
	return tuple.Float(float64(l.Sort)), nil
}

// Label is the enum label that d stands for; nil if it was dropped from the type.
func (t *Type) Label(d Datum) *Label {
	lo, hi := 0, len(t.Labels)
	want := float32(d.Float())
	for lo < hi {
		mid := (lo + hi) / 2
		if t.Labels[mid].Sort < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(t.Labels) && t.Labels[lo].Sort == want {
		return &t.Labels[lo]
	}
	return nil
}

// domainCodec reads and prints as the base type does; what is read is checked.
var domainCodec = &codec{
	out: func(t *Type, dst []byte, d Datum, env *Env) []byte {
		if b := env.Type(t.Base); b != nil {
			dst = b.AppendText(dst, d, env)
		}
		return dst
	},
	in: func(t *Type, s string, _ int32, env *Env) (Datum, error) {
		b, mod, err := t.underDomains(env)
		if err != nil {
			return Null, err
		}
		d, err := b.ParseText(s, mod, env)
		if err != nil {
			return Null, err
		}
		return d, env.CheckDomain(t.OID, d)
	},
	send: func(t *Type, dst []byte, d Datum, env *Env) []byte {
		if b := env.Type(t.Base); b != nil {
			dst = b.AppendBinary(dst, d, env)
		}
		return dst
	},
	recv: func(t *Type, data []byte, _ int32, env *Env) (Datum, error) {
		b, mod, err := t.underDomains(env)
		if err != nil {
			return Null, err
		}
		d, err := b.ParseBinary(data, mod, env)
		if err != nil {
			return Null, err
		}
		return d, env.CheckDomain(t.OID, d)
	},
}

// underDomains is the type below a domain and those that it is over, with the modifier that the nearest of them gives.
func (t *Type) underDomains(env *Env) (*Type, int32, error) {
	mod := int32(-1)
	for t.TypType == TypeDomain {
		if mod < 0 {
			mod = t.BaseMod
		}
		b, err := env.typeOrErr(t.Base)
		if err != nil {
			return nil, 0, err
		}
		t = b
	}
	return t, mod, nil
}
