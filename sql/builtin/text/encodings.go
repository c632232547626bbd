package text

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// Conversions between encodings and Unicode normal forms. Text is UTF-8; besides it only the encodings that Unicode
// starts with are converted: SQL_ASCII (nothing is) and LATIN1.

const (
	encASCII  = 0
	encUTF8   = 6
	encLatin1 = 8
)

func encodingArg(d types.Datum, role string) (int64, error) {
	n := EncodingNumber(d.Str())
	if n < 0 {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid %sencoding name \"%s\"", role, d.Str())
	}
	if n != encASCII && n != encUTF8 && n != encLatin1 {
		return 0, pgerr.Unsupported("conversion of encoding " + EncodingNames[n])
	}
	return n, nil
}

// toUTF8 reads bytes of an encoding.
func toUTF8(b []byte, enc int64) (string, error) {
	if enc == encLatin1 {
		var s strings.Builder
		for _, c := range b {
			if c == 0 {
				return "", pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"%s\": 0x00", EncodingNames[enc])
			}
			s.WriteRune(rune(c))
		}
		return s.String(), nil
	}
	s := string(b)
	return s, input.CheckUTF8(s)
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

func normalForm(d types.Datum) (norm.Form, error) {
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

func encodingFns() call.Fns {
	convert := func(from, to func(a []types.Datum) (int64, error)) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			x, err := from(a)
			if err != nil {
				return types.Null, err
			}
			y, err := to(a)
			if err != nil {
				return types.Null, err
			}
			b, err := convertBytes(a[0].Bytes(), x, y)
			return tuple.Bytes(b), err
		}
	}
	utf8 := func([]types.Datum) (int64, error) { return encUTF8, nil }
	arg := func(i int, role string) func(a []types.Datum) (int64, error) {
		return func(a []types.Datum) (int64, error) { return encodingArg(a[i], role) }
	}
	return call.Fns{
		"pg_convert_from": convert(arg(1, "source "), utf8), "pg_convert_to": convert(utf8, arg(1, "destination ")),
		"pg_convert": convert(arg(1, "source "), arg(2, "destination ")),
		"length_in_encoding": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			enc, err := encodingArg(a[1], "")
			if err != nil {
				return types.Null, err
			}
			s, err := toUTF8(a[0].Bytes(), enc)
			return tuple.Int(int64(runeLen(s))), err
		},
		"unicode_normalize_func": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			f, err := normalForm(a[1])
			if err != nil {
				return types.Null, err
			}
			return call.Text(f.String(a[0].Str()))
		},
		"unicode_is_normalized": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			f, err := normalForm(a[1])
			if err != nil {
				return types.Null, err
			}
			return call.Bool(f.IsNormalString(a[0].Str()))
		},
	}
}

// EncodingWidths is the most bytes of a character, where that is more than one.
var EncodingWidths = map[int64]int64{1: 3, 2: 3, 3: 3, 4: 4, 5: 3, 6: 4, 7: 4, 35: 2, 36: 2, 37: 2, 38: 2, 39: 4, 40: 3, 41: 2}

// EncodingNames are PostgreSQL's encodings by number; only UTF8 is stored.
var EncodingNames = map[int64]string{
	0: "SQL_ASCII", 1: "EUC_JP", 2: "EUC_CN", 3: "EUC_KR", 4: "EUC_TW", 5: "EUC_JIS_2004", 6: "UTF8", 7: "MULE_INTERNAL",
	8: "LATIN1", 9: "LATIN2", 10: "LATIN3", 11: "LATIN4", 12: "LATIN5", 13: "LATIN6", 14: "LATIN7", 15: "LATIN8", 16: "LATIN9", 17: "LATIN10",
	18: "WIN1256", 19: "WIN1258", 20: "WIN866", 21: "WIN874", 22: "KOI8R", 23: "WIN1251", 24: "WIN1252", 25: "ISO_8859_5", 26: "ISO_8859_6",
	27: "ISO_8859_7", 28: "ISO_8859_8", 29: "WIN1250", 30: "WIN1253", 31: "WIN1254", 32: "WIN1255", 33: "WIN1257", 34: "KOI8U",
	35: "SJIS", 36: "BIG5", 37: "GBK", 38: "UHC", 39: "GB18030", 40: "JOHAB", 41: "SHIFT_JIS_2004",
}

// EncodingNumber ignores case and everything but letters and digits; -1 if there is none.
func EncodingNumber(name string) int64 {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '_' || r == '-' || r == ' ' {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	want := plain(name)
	switch want {
	case "unicode":
		want = "utf8"
	}
	for n, s := range EncodingNames {
		if plain(s) == want {
			return n
		}
	}
	return -1
}
