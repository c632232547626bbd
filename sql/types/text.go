package types

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// NameLen is the number of bytes of a name, the final zero that PostgreSQL keeps left out.
const NameLen = 63

const varHeader = 4 // PostgreSQL's VARHDRSZ, which is part of a string's typmod

func bytesOut(_ *Type, dst []byte, d Datum, _ *Env) []byte { return append(dst, d.Bytes()...) }

var textCodec = &codec{
	out: bytesOut,
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		if err := input.CheckUTF8(s); err != nil {
			return Null, err
		}
		return tuple.String(s), nil
	},
	send: bytesOut,
	recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
		return t.io.in(t, input.String(b), mod, env)
	},
}

var varcharCodec = &codec{
	out: bytesOut,
	in: func(_ *Type, s string, mod int32, _ *Env) (Datum, error) {
		if err := input.CheckUTF8(s); err != nil {
			return Null, err
		}
		return varcharLen(tuple.String(s), mod, false)
	},
	send: bytesOut,
	recv: textCodec.recv,
}

var bpcharCodec = &codec{
	out: bytesOut,
	in: func(_ *Type, s string, mod int32, _ *Env) (Datum, error) {
		if err := input.CheckUTF8(s); err != nil {
			return Null, err
		}
		return bpcharLen(tuple.String(s), mod, false)
	},
	send: bytesOut,
	recv: textCodec.recv,
}

var nameCodec = &codec{
	out: bytesOut,
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		if err := input.CheckUTF8(s); err != nil {
			return Null, err
		}
		return tuple.String(TruncateName(s)), nil
	},
	send: bytesOut,
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		s := input.String(b)
		if err := input.CheckUTF8(s); err != nil {
			return Null, err
		}
		if len(s) > NameLen {
			return Null, pgerr.New(pgerr.NameTooLong, "identifier too long").
				WithDetail("Identifier must be less than %d characters.", NameLen+1)
		}
		return tuple.String(s), nil
	},
}

// aclItemCodec: a value is the item's text, as privilege.Grant prints it.
var aclItemCodec = &codec{out: bytesOut, in: aclItemIn, send: noCodec.send, recv: noCodec.recv}

func aclItemIn(_ *Type, s string, _ int32, env *Env) (Datum, error) {
	names := map[privilege.OID]string{privilege.Superuser: "postgres"}
	g, grantor, err := privilege.Parse(s, func(name string) (privilege.OID, error) {
		if env == nil || env.Resolver == nil {
			return 0, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", name)
		}
		oid, err := env.Resolver.RegOID(RegKindRole, `"`+strings.ReplaceAll(name, `"`, `""`)+`"`)
		names[oid] = name
		return oid, err
	})
	var pe *pgerr.Error
	switch {
	case errors.As(err, &pe):
		return Null, err
	case err != nil:
		return Null, pgerr.New(pgerr.InvalidTextRepresentation, "%s", err.Error())
	}
	if !grantor {
		g.Grantor = privilege.Superuser
	}
	return tuple.String(g.Text(func(oid privilege.OID) string { return names[oid] })), nil
}

var voidCodec = &codec{
	out:  func(_ *Type, dst []byte, _ Datum, _ *Env) []byte { return dst },
	in:   func(*Type, string, int32, *Env) (Datum, error) { return tuple.String(""), nil },
	send: func(_ *Type, dst []byte, _ Datum, _ *Env) []byte { return dst },
	recv: func(*Type, []byte, int32, *Env) (Datum, error) { return tuple.String(""), nil },
}

// TruncateName cuts an identifier to 63 bytes at a character's start.
func TruncateName(s string) string {
	if len(s) <= NameLen {
		return s
	}
	n := NameLen
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// varcharLen cuts to typmod's length: only blanks unless the cast was explicit.
func varcharLen(d Datum, mod int32, explicit bool) (Datum, error) {
	limit := int(mod) - varHeader
	if limit < 0 || d.Len() <= limit {
		return d, nil
	}
	s := d.Str()
	cut := input.CharOffset(s, limit)
	if cut == len(s) {
		return d, nil
	}
	if !explicit && strings.TrimRight(s[cut:], " ") != "" {
		return Null, pgerr.New(pgerr.StringDataRightTruncation, "value too long for type character varying(%d)", limit)
	}
	return tuple.String(s[:cut]), nil
}

// bpcharLen cuts or pads to typmod's length in characters.
func bpcharLen(d Datum, mod int32, explicit bool) (Datum, error) {
	limit := int(mod) - varHeader
	if limit < 0 {
		return d, nil
	}
	s := d.Str()
	if len(s) == limit && isASCII(s) {
		return d, nil
	}
	chars := utf8.RuneCountInString(s)
	if chars == limit {
		return d, nil
	}
	if chars < limit {
		if s == "" && limit <= len(blanks) {
			return tuple.String(blanks[:limit]), nil
		}
		b := make([]byte, len(s)+limit-chars)
		for i := copy(b, s); i < len(b); i++ {
			b[i] = ' '
		}
		return tuple.Bytes(b), nil
	}
	cut := input.CharOffset(s, limit)
	if !explicit && strings.TrimRight(s[cut:], " ") != "" {
		return Null, pgerr.New(pgerr.StringDataRightTruncation, "value too long for type character(%d)", limit)
	}
	return tuple.String(s[:cut]), nil
}

// blanks are what short empty values share.
const blanks = "                                                                                                                                "

func isASCII(s string) bool {
	var high byte
	for i := 0; i < len(s); i++ {
		high |= s[i]
	}
	return high < utf8.RuneSelf
}

// BPCharTrim is bpchar's value without its padding, which comparison, length and conversion to text ignore.
func BPCharTrim(s string) string { return strings.TrimRight(s, " ") }
