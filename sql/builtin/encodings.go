package builtin

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Conversions between encodings and Unicode normal forms. Text is UTF-8; besides it only the encodings that Unicode
// starts with are converted: SQL_ASCII (nothing is) and LATIN1.

const (
	encASCII  = 0
	encUTF8   = 6
	encLatin1 = 8
)

func encodingArg(d datum, role string) (int64, error) {
	n := encodingNumber(d.Str())
	if n < 0 {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid %sencoding name \"%s\"", role, d.Str())
	}
	if n != encASCII && n != encUTF8 && n != encLatin1 {
		return 0, pgerr.Unsupported("conversion of encoding " + encodingNames[n])
	}
	return n, nil
}

// toUTF8 reads bytes of an encoding.
func toUTF8(b []byte, enc int64) (string, error) {
	if enc == encLatin1 {
		var s strings.Builder
		for _, c := range b {
			if c == 0 {
				return "", pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"%s\": 0x00", encodingNames[enc])
			}
			s.WriteRune(rune(c))
		}
		return s.String(), nil
	}
	s := string(b)
	return s, types.CheckUTF8(s)
}

func fromUTF8(s string, enc int64) ([]byte, error) {
	if enc != encLatin1 {
		return []byte(s), nil
	}
	var out []byte
	for _, r := range s {
		if r > 0xff {
			b := []byte(string(r))
			var hex strings.Builder
			for _, c := range b {
				const digits = "0123456789abcdef"
				hex.WriteString(" 0x" + string([]byte{digits[c>>4], digits[c&15]}))
			}
			return nil, pgerr.New(pgerr.UntranslatableCharacter, "character with byte sequence%s in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"", hex.String())
		}
		out = append(out, byte(r))
	}
	return out, nil
}

func convertBytes(b []byte, from, to int64) ([]byte, error) {
	s, err := toUTF8(b, from)
	if err != nil {
		return nil, err
	}
	return fromUTF8(s, to)
}

func normalForm(d datum) (norm.Form, error) {
	switch strings.ToUpper(d.Str()) {
	case "NFC":
		return norm.NFC, nil
	case "NFD":
		return norm.NFD, nil
	case "NFKC":
		return norm.NFKC, nil
	case "NFKD":
		return norm.NFKD, nil
	}
	return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid normalization form: %s", d.Str())
}

func encodingFns() fns {
	convert := func(from, to func(a []datum) (int64, error)) Fn {
		return func(_ *Call, a []datum) (datum, error) {
			x, err := from(a)
			if err != nil {
				return null, err
			}
			y, err := to(a)
			if err != nil {
				return null, err
			}
			b, err := convertBytes(a[0].Bytes(), x, y)
			return tuple.Bytes(b), err
		}
	}
	utf8 := func([]datum) (int64, error) { return encUTF8, nil }
	arg := func(i int, role string) func(a []datum) (int64, error) {
		return func(a []datum) (int64, error) { return encodingArg(a[i], role) }
	}
	return fns{
		"pg_convert_from": convert(arg(1, "source "), utf8), "pg_convert_to": convert(utf8, arg(1, "destination ")),
		"pg_convert": convert(arg(1, "source "), arg(2, "destination ")),
		"length_in_encoding": func(_ *Call, a []datum) (datum, error) {
			enc, err := encodingArg(a[1], "")
			if err != nil {
				return null, err
			}
			s, err := toUTF8(a[0].Bytes(), enc)
			return tuple.Int(int64(runeLen(s))), err
		},
		"unicode_normalize_func": func(_ *Call, a []datum) (datum, error) {
			f, err := normalForm(a[1])
			if err != nil {
				return null, err
			}
			return text(f.String(a[0].Str()))
		},
		"unicode_is_normalized": func(_ *Call, a []datum) (datum, error) {
			f, err := normalForm(a[1])
			if err != nil {
				return null, err
			}
			return boolean(f.IsNormalString(a[0].Str()))
		},
	}
}
