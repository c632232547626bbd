package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// String functions (manual: 9.4). Positions and lengths count characters.

func asciiOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func runeLen(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i]&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// byteAt is the byte offset of the nth character (from 0); len(s) beyond the last one.
func byteAt(s string, n int) int {
	if n <= 0 {
		return 0
	}
	for i := 0; i < len(s); i++ {
		if s[i]&0xC0 != 0x80 {
			if n == 0 {
				return i
			}
			n--
		}
	}
	return len(s)
}

func str1(f func(string) string) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return tuple.String(f(a[0].Str())), nil }
}

func textCat(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Bytes(), a[1].Bytes()
	out := make([]byte, len(x)+len(y))
	copy(out[copy(out, x):], y)
	return tuple.Bytes(out), nil
}

func mapRunes(s string, f func(rune) rune) string { return strings.Map(f, s) }

func lowerText(s string) string {
	if asciiOnly(s) {
		return strings.ToLower(s)
	}
	return mapRunes(s, unicode.ToLower)
}

func UpperText(s string) string {
	if asciiOnly(s) {
		return strings.ToUpper(s)
	}
	return mapRunes(s, unicode.ToUpper)
}

// caseOf changes case as the call's collation does, or by letters.
func caseOf(f collation.Fold, byLetters func(string) string) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		s := a[0].Str()
		if out, ok := c.Env.Collation(c.Coll).Case(f, s); ok {
			return tuple.String(out), nil
		}
		return tuple.String(byLetters(s)), nil
	}
}

func isAlnum(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

func initcap(s string) string {
	inWord := false
	return mapRunes(s, func(r rune) rune {
		if inWord {
			r = unicode.ToLower(r)
		} else {
			r = unicode.ToUpper(r)
		}
		inWord = isAlnum(r)
		return r
	})
}

func errNegativeLength() error {
	return pgerr.New(pgerr.SubstringError, "negative substring length not allowed")
}

// substrBounds turns SQL's start (from 1) and length into character offsets [from, to); to -1 is the end.
func substrBounds(a []types.Datum) (from, to int, err error) {
	start := a[1].Int()
	from, to = int(max(start-1, 0)), -1
	if len(a) > 2 {
		if a[2].Int() < 0 {
			return 0, 0, errNegativeLength()
		}
		to = int(max(start-1+a[2].Int(), 0))
	}
	return from, to, nil
}

func textSubstr(_ *call.Call, a []types.Datum) (types.Datum, error) {
	from, to, err := substrBounds(a)
	if err != nil {
		return types.Null, err
	}
	s := a[0].Str()
	lo := byteAt(s, from)
	if to < 0 {
		return tuple.String(s[lo:]), nil
	}
	if to <= from {
		return tuple.String(""), nil
	}
	return tuple.String(s[lo : lo+byteAt(s[lo:], to-from)]), nil
}

func overlayBounds(a []types.Datum, length int) (start, n int64, err error) {
	start, n = a[2].Int(), int64(length)
	if len(a) > 3 {
		n = a[3].Int()
	}
	if start <= 0 {
		return 0, 0, errNegativeLength()
	}
	if s := start + n; s != int64(int32(s)) {
		return 0, 0, call.Fresh(number.ErrIntegerRange)
	}
	return start, n, nil
}

func textOverlay(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, with := a[0].Str(), a[1].Str()
	start, n, err := overlayBounds(a, runeLen(with))
	if err != nil {
		return types.Null, err
	}
	head := s[:byteAt(s, int(start-1))]
	tail := s[byteAt(s, int(max(start-1+n, 0))):]
	return call.Text(head + with + tail)
}

func textPos(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s := a[0].Str()
	i := strings.Index(s, a[1].Str())
	if i < 0 {
		return tuple.Int(0), nil
	}
	return tuple.Int(int64(runeLen(s[:i]) + 1)), nil
}

// Length over a limit on results, as PostgreSQL's palloc gives it.
func errRequestTooLarge() error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "requested length too large")
}

func pad(left bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, fill := a[0].Str(), " "
		if len(a) > 2 {
			fill = a[2].Str()
		}
		n := max(a[1].Int(), 0)
		if n > MaxFieldSize/4 {
			return types.Null, errRequestTooLarge()
		}
		have := int64(runeLen(s))
		if have >= n {
			return tuple.String(s[:byteAt(s, int(n))]), nil
		}
		if fill == "" {
			return a[0], nil
		}
		need, per := int(n-have), runeLen(fill)
		padding := strings.Repeat(fill, need/per) + fill[:byteAt(fill, need%per)]
		if left {
			return call.Text(padding + s)
		}
		return call.Text(s + padding)
	}
}

func textRepeat(_ *call.Call, a []types.Datum) (types.Datum, error) {
	n := max(a[1].Int(), 0)
	if n*int64(a[0].Len()) > MaxFieldSize {
		return types.Null, errRequestTooLarge()
	}
	return call.Text(strings.Repeat(a[0].Str(), int(n)))
}

func trimming(left, right bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, set := a[0].Str(), " "
		if len(a) > 1 {
			set = a[1].Str()
		}
		if left {
			s = strings.TrimLeft(s, set)
		}
		if right {
			s = strings.TrimRight(s, set)
		}
		return tuple.String(s), nil
	}
}

// textLeft and textRight: a negative count leaves out that many from the other end.
func textLeft(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, n := a[0].Str(), a[1].Int()
	if n < 0 {
		n = max(int64(runeLen(s))+n, 0)
	}
	return tuple.String(s[:byteAt(s, int(n))]), nil
}

func textRight(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, n := a[0].Str(), a[1].Int()
	switch {
	case n < 0:
		n = -n
	default:
		n = max(int64(runeLen(s))-n, 0)
	}
	return tuple.String(s[byteAt(s, int(n)):]), nil
}

func reverseText(s string) string {
	out := make([]byte, len(s))
	at := len(s)
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		at -= n
		copy(out[at:], s[i:i+n])
		i += n
	}
	return string(out)
}

func replaceText(_ *call.Call, a []types.Datum) (types.Datum, error) {
	if a[1].Len() == 0 {
		return a[0], nil
	}
	return call.Text(strings.ReplaceAll(a[0].Str(), a[1].Str(), a[2].Str()))
}

func splitPart(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, sep, n := a[0].Str(), a[1].Str(), a[2].Int()
	if n == 0 {
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "field position must not be zero")
	}
	if s == "" {
		return call.Text("")
	}
	if sep == "" {
		if n == 1 || n == -1 {
			return a[0], nil
		}
		return call.Text("")
	}
	if n < 0 {
		n += int64(strings.Count(s, sep)) + 2
		if n <= 0 {
			return call.Text("")
		}
	}
	for ; n > 1; n-- {
		i := strings.Index(s, sep)
		if i < 0 {
			return call.Text("")
		}
		s = s[i+len(sep):]
	}
	if i := strings.Index(s, sep); i >= 0 {
		s = s[:i]
	}
	return tuple.String(s), nil
}

func translate(_ *call.Call, a []types.Datum) (types.Datum, error) {
	from, to := []rune(a[1].Str()), []rune(a[2].Str())
	return call.Text(strings.Map(func(r rune) rune {
		for i, f := range from {
			if f == r {
				if i < len(to) {
					return to[i]
				}
				return -1
			}
		}
		return r
	}, a[0].Str()))
}

func textASCII(_ *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].Len() == 0 {
		return tuple.Int(0), nil
	}
	r, _ := utf8.DecodeRuneInString(a[0].Str())
	return tuple.Int(int64(r)), nil
}

func chr(_ *call.Call, a []types.Datum) (types.Datum, error) {
	switch v := a[0].Int(); {
	case v < 0:
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "character number must be positive")
	case v == 0:
		return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "null character not permitted")
	case v > 0x10ffff:
		return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "requested character too large for encoding: %d", v)
	case v >= 0xd800 && v < 0xe000:
		return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "requested character not valid for encoding: %d", v)
	default:
		return call.Text(string(rune(v)))
	}
}

// outText is what concat and format make of any value: its output function.
func outText(c *call.Call, i int, v types.Datum) (string, error) {
	t := c.Env.Type(c.ArgTypes[i])
	if t == nil {
		return "", call.TypeNotFound(c.ArgTypes[i])
	}
	if t.ByteLayout() {
		return v.Str(), nil
	}
	return t.Text(v, c.Env), nil
}

// anyArgs lists the values of a VARIADIC "any" call as texts; NULL ones have ok false. skip arguments come before them.
func anyArgs(c *call.Call, a []types.Datum, skip int, each func(s string, ok bool)) error {
	if c.Variadic && len(a) == skip+1 {
		if a[skip].IsNull() {
			return errNullVariadic
		}
		arr := tuple.Array(a[skip].Bytes())
		elem := c.Env.Type(arr.ElemOID())
		if elem == nil {
			return call.TypeNotFound(arr.ElemOID())
		}
		for i := range arr.Len() {
			if v := arr.Elem(i); v.IsNull() {
				each("", false)
			} else {
				each(elem.Text(v, c.Env), true)
			}
		}
		return nil
	}
	for i := skip; i < len(a); i++ {
		if a[i].IsNull() {
			each("", false)
			continue
		}
		s, err := outText(c, i, a[i])
		if err != nil {
			return err
		}
		each(s, true)
	}
	return nil
}

// errNullVariadic marks VARIADIC NULL, which makes concat and its like NULL.
var errNullVariadic = pgerr.Internal("variadic list is null")

func textConcat(c *call.Call, a []types.Datum) (types.Datum, error) {
	var b strings.Builder
	err := anyArgs(c, a, 0, func(s string, _ bool) { b.WriteString(s) })
	if err == error(errNullVariadic) {
		return types.Null, nil
	}
	if err != nil {
		return types.Null, err
	}
	return call.Text(b.String())
}

func concatWS(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	var b strings.Builder
	sep, n := a[0].Str(), 0
	err := anyArgs(c, a, 1, func(s string, ok bool) {
		if !ok {
			return
		}
		if n > 0 {
			b.WriteString(sep)
		}
		n++
		b.WriteString(s)
	})
	if err == error(errNullVariadic) {
		return types.Null, nil
	}
	if err != nil {
		return types.Null, err
	}
	return call.Text(b.String())
}

// splitText is string_to_array and string_to_table: a NULL separator splits into characters, an empty one not at all.
func splitText(a []types.Datum, each func(v types.Datum)) {
	s := a[0].Str()
	emit := func(part string) {
		if len(a) > 2 && !a[2].IsNull() && part == a[2].Str() {
			each(types.Null)
			return
		}
		each(tuple.String(part))
	}
	switch {
	case s == "":
	case a[1].IsNull():
		for i := 0; i < len(s); {
			_, n := utf8.DecodeRuneInString(s[i:])
			emit(s[i : i+n])
			i += n
		}
	case a[1].Len() == 0:
		emit(s)
	default:
		sep := a[1].Str()
		for {
			i := strings.Index(s, sep)
			if i < 0 {
				emit(s)
				return
			}
			emit(s[:i])
			s = s[i+len(sep):]
		}
	}
}

func stringToArray(_ *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	var vals []types.Datum
	splitText(a, func(v types.Datum) { vals = append(vals, v) })
	return types.MakeArray(types.Lookup(types.Text), vals), nil
}

func stringToTable(_ *call.Call, a []types.Datum) (call.Rows, error) {
	if a[0].IsNull() {
		return call.ListRows(nil), nil
	}
	own := []types.Datum{a[0].Clone(), a[1].Clone()}
	if len(a) > 2 {
		own = append(own, a[2].Clone())
	}
	var vals []types.Datum
	splitText(own, func(v types.Datum) { vals = append(vals, v) })
	return call.ListRows(vals), nil
}

// unistr decodes \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX.
func unistr(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s := a[0].Str()
	var b strings.Builder
	var high rune
	bad := func() (types.Datum, error) {
		return types.Null, pgerr.New(pgerr.SyntaxError, "invalid Unicode surrogate pair")
	}
	for len(s) > 0 {
		if s[0] != '\\' {
			if high != 0 {
				return bad()
			}
			_, n := utf8.DecodeRuneInString(s)
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		if strings.HasPrefix(s, `\\`) {
			if high != 0 {
				return bad()
			}
			b.WriteByte('\\')
			s = s[2:]
			continue
		}
		skip, digits := 1, 4
		switch {
		case strings.HasPrefix(s, `\+`):
			skip, digits = 2, 6
		case strings.HasPrefix(s, `\u`):
			skip = 2
		case strings.HasPrefix(s, `\U`):
			skip, digits = 2, 8
		}
		if len(s) < skip+digits || !allHex(s[skip:skip+digits]) {
			return types.Null, pgerr.New(pgerr.SyntaxError, "invalid Unicode escape").WithHint(`Unicode escapes must be \XXXX, \+XXXXXX, \uXXXX, or \UXXXXXXXX.`)
		}
		v, _ := strconv.ParseUint(s[skip:skip+digits], 16, 32)
		s = s[skip+digits:]
		if v == 0 || v > 0x10ffff {
			return types.Null, pgerr.New(pgerr.SyntaxError, "invalid Unicode code point: %04X", v)
		}
		r := rune(v)
		switch {
		case high != 0:
			if r < 0xdc00 || r > 0xdfff {
				return bad()
			}
			b.WriteRune((high-0xd800)<<10 + r - 0xdc00 + 0x10000)
			high = 0
		case r >= 0xd800 && r < 0xdc00:
			high = r
		case r >= 0xdc00 && r < 0xe000:
			return bad()
		default:
			b.WriteRune(r)
		}
	}
	if high != 0 {
		return bad()
	}
	return call.Text(b.String())
}

func allHex(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i] | 0x20; !(s[i] >= '0' && s[i] <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

func stringFns() call.Fns {
	textLen := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return tuple.Int(int64(runeLen(a[0].Str()))), nil
	}
	octets := func(_ *call.Call, a []types.Datum) (types.Datum, error) { return tuple.Int(int64(a[0].Len())), nil }
	typmod := func(oid types.OID) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return types.Lookup(oid).ApplyTypmod(a[0], int32(a[1].Int()), len(a) > 2 && a[2].Bool())
		}
	}
	toName := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return tuple.String(types.TruncateName(a[0].Str())), nil
	}
	return call.Fns{
		"textcat": textCat, "textlen": textLen, "textoctetlen": octets, "bpcharoctetlen": octets,
		"bpcharlen": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Int(int64(runeLen(types.BPCharTrim(a[0].Str())))), nil
		},
		"lower": caseOf(collation.Lower, lowerText), "upper": caseOf(collation.Upper, UpperText), "initcap": caseOf(collation.Title, initcap), "text_reverse": str1(reverseText),
		"text_substr": textSubstr, "text_substr_no_len": textSubstr, "textoverlay": textOverlay, "textoverlay_no_len": textOverlay,
		"textpos": textPos, "lpad": pad(true), "rpad": pad(false), "repeat": textRepeat,
		"ltrim": trimming(true, false), "ltrim1": trimming(true, false), "rtrim": trimming(false, true), "rtrim1": trimming(false, true),
		"btrim": trimming(true, true), "btrim1": trimming(true, true),
		"text_left": textLeft, "text_right": textRight, "replace_text": replaceText, "split_part": splitPart, "translate": translate,
		"text_starts_with": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Bool(strings.HasPrefix(a[0].Str(), a[1].Str())), nil
		},
		"ascii": textASCII, "chr": chr, "unistr": unistr,
		"to_hex32": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Text(strconv.FormatUint(uint64(uint32(a[0].Int())), 16))
		},
		"to_hex64": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Text(strconv.FormatUint(uint64(a[0].Int()), 16))
		},
		"text_concat": textConcat, "text_concat_ws": concatWS, "text_to_array": stringToArray, "text_to_array_null": stringToArray,

		"bpchar": typmod(types.BPChar), "varchar": typmod(types.Varchar),
		"text_name": toName, "name_text": call.First, "name_bpchar": call.First,
		"bpchar_name": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.String(types.TruncateName(types.BPCharTrim(a[0].Str()))), nil
		},
		"text_char": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return types.Lookup(types.Char).ParseText(a[0].Str(), -1, nil)
		},
		"char_text": charText, "char_bpchar": charText,
		"nameconcatoid": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			tail := "_" + strconv.FormatUint(a[1].Uint(), 10)
			s := a[0].Str()
			for len(s)+len(tail) > types.NameLen {
				_, n := utf8.DecodeLastRuneInString(s)
				s = s[:len(s)-n]
			}
			return call.Text(s + tail)
		},
	}
}

func charText(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bytes(types.Lookup(types.Char).AppendText(nil, a[0], nil)), nil
}

func stringSets() call.Sets {
	return call.Sets{"text_to_table": stringToTable, "text_to_table_null": stringToTable}
}

// stringSQL are string functions that PostgreSQL writes in SQL.
func stringSQL() map[types.OID]call.Fn {
	bits := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return number.Int4Result(int64(a[0].Len()) * 8)
	}
	return map[types.OID]call.Fn{
		879: pad(true), 880: pad(false), 1810: bits, 1811: bits,
		1812: func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(a[0].Len())) }, // one byte holds one bit
		1285: quoteAny, 1290: quoteAny,
		2003: func(c *call.Call, a []types.Datum) (types.Datum, error) { // text || any
			s, err := castText(c, 1, a[1])
			if err != nil {
				return types.Null, err
			}
			return call.Text(a[0].Str() + s)
		},
		2004: func(c *call.Call, a []types.Datum) (types.Datum, error) { // any || text
			s, err := castText(c, 0, a[0])
			if err != nil {
				return types.Null, err
			}
			return call.Text(s + a[1].Str())
		},
	}
}

// MaxFieldSize is the most bytes that a value may have.
const MaxFieldSize = 1<<30 - 1
