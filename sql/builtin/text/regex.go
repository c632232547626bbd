package text

import (
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/are"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Regular expression functions and operators (manual: 9.7.3).

// regexCache keeps the patterns of a call site; most have one.
type regexCache struct {
	pattern string
	flags   are.Flags
	re      *are.Regexp
	more    map[regexKey]*are.Regexp
}

type regexKey struct {
	pattern string
	flags   are.Flags
}

const regexCacheSize = 32

func compileRegex(c *call.Call, pattern string, f are.Flags) (*are.Regexp, error) {
	cache, _ := c.Cache.(*regexCache)
	if cache == nil {
		cache = &regexCache{}
		c.Cache = cache
	}
	if cache.re != nil && cache.pattern == pattern && cache.flags == f {
		return cache.re, nil
	}
	key := regexKey{pattern, f}
	if re := cache.more[key]; re != nil {
		return re, nil
	}
	re, err := are.Compile(pattern, f)
	if err != nil {
		return nil, pgerr.New(pgerr.InvalidRegularExpression, "invalid regular expression: %s", err)
	}
	own := strings.Clone(pattern)
	if cache.re == nil {
		cache.pattern, cache.flags, cache.re = own, f, re
		return re, nil
	}
	if cache.more == nil || len(cache.more) >= regexCacheSize {
		cache.more = map[regexKey]*are.Regexp{}
	}
	cache.more[regexKey{own, f}] = re
	return re, nil
}

func regexMatch(fold, not bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		re, err := compileRegex(c, a[1].Str(), are.Flags{IgnoreCase: fold})
		if err != nil {
			return types.Null, err
		}
		ok, err := re.Match(a[0].Str())
		return tuple.Bool(ok != not), err
	}
}

// parseFlags reads option letters; g is returned apart.
func parseFlags(s string) (f are.Flags, global bool, err error) {
	for i := 0; i < len(s); i++ {
		if s[i] == 'g' {
			global = true
			continue
		}
		opt := s[i]
		if opt == 'e' {
			opt = 'b' // PostgreSQL's e clears the bit that it sets
		}
		if !f.Set(opt) {
			return f, false, pgerr.New(pgerr.InvalidParameterValue, "invalid regular expression option: \"%s\"", s[i:i+OneRune(s[i:])])
		}
	}
	return f, global, nil
}

func errNoGlobal(fn string) *pgerr.Error {
	return pgerr.New(pgerr.InvalidParameterValue, "%s does not support the \"global\" option", fn)
}

// eachMatch calls f with the offsets of successive matches from a byte offset on until it returns false. After an empty
// match the search goes on one character later.
func eachMatch(re *are.Regexp, s string, from int, f func(loc []int) (bool, error)) error {
	var loc []int
	for from <= len(s) {
		var err error
		loc, err = re.Find(s, from, loc)
		if err != nil {
			return err
		}
		if loc == nil {
			return nil
		}
		more, err := f(loc)
		if err != nil || !more {
			return err
		}
		from = loc[1]
		if loc[0] == loc[1] {
			if from == len(s) {
				return nil
			}
			from += OneRune(s[from:])
		}
	}
	return nil
}

// captures is a match as text[]: its groups, or the whole where there are none.
func captures(re *are.Regexp, s string, loc []int) types.Datum {
	if re.Groups() == 0 {
		return call.TextArray([]types.Datum{tuple.String(s[loc[0]:loc[1]])})
	}
	vals := make([]types.Datum, re.Groups())
	for i := range vals {
		vals[i] = types.Null
		if lo := loc[2*i+2]; lo >= 0 {
			vals[i] = tuple.String(s[lo:loc[2*i+3]])
		}
	}
	return call.TextArray(vals)
}

func flagsArg(a []types.Datum, i int) string {
	if i < len(a) {
		return a[i].Str()
	}
	return ""
}

func regexpMatch(c *call.Call, a []types.Datum) (types.Datum, error) {
	f, global, err := parseFlags(flagsArg(a, 2))
	if err != nil {
		return types.Null, err
	}
	if global {
		return types.Null, errNoGlobal("regexp_match()").WithHint("Use the regexp_matches function instead.")
	}
	re, err := compileRegex(c, a[1].Str(), f)
	if err != nil {
		return types.Null, err
	}
	s := a[0].Str()
	loc, err := re.Find(s, 0, nil)
	if err != nil || loc == nil {
		return types.Null, err
	}
	return captures(re, s, loc), nil
}

func regexpMatches(c *call.Call, a []types.Datum) (call.Rows, error) {
	f, global, err := parseFlags(flagsArg(a, 2))
	if err != nil {
		return nil, err
	}
	re, err := compileRegex(c, a[1].Str(), f)
	if err != nil {
		return nil, err
	}
	s := strings.Clone(a[0].Str())
	var vals []types.Datum
	err = eachMatch(re, s, 0, func(loc []int) (bool, error) {
		vals = append(vals, captures(re, s, loc))
		return global, nil
	})
	return call.ListRows(vals), err
}

// substring is substring(text from pattern): the first group, else the whole match.
func regexSubstring(c *call.Call, a []types.Datum) (types.Datum, error) {
	re, err := compileRegex(c, a[1].Str(), are.Flags{})
	if err != nil {
		return types.Null, err
	}
	s := a[0].Str()
	loc, err := re.Find(s, 0, nil)
	if err != nil || loc == nil {
		return types.Null, err
	}
	if re.Groups() > 0 {
		loc = loc[2:]
	}
	if loc[0] < 0 {
		return types.Null, nil
	}
	return tuple.String(s[loc[0]:loc[1]]), nil
}

// appendReplacement appends with, in which \1 to \9 and \& stand for parts of the match.
func appendReplacement(dst []byte, with, s string, loc []int) []byte {
	for {
		i := strings.IndexByte(with, '\\')
		if i < 0 || i+1 == len(with) {
			return append(dst, with...)
		}
		dst = append(dst, with[:i]...)
		c := with[i+1]
		with = with[i+2:]
		switch {
		case c == '&':
			dst = append(dst, s[loc[0]:loc[1]]...)
		case c >= '1' && c <= '9':
			if g := 2 * int(c-'0'); g < len(loc) && loc[g] >= 0 {
				dst = append(dst, s[loc[g]:loc[g+1]]...)
			}
		case c == '\\':
			dst = append(dst, '\\')
		default:
			dst = append(dst, '\\', c)
		}
	}
}

// replaceRegex replaces the nth match from a character position on, or with n = 0 all.
func replaceRegex(c *call.Call, a []types.Datum, start, n int64, f are.Flags) (types.Datum, error) {
	re, err := compileRegex(c, a[1].Str(), f)
	if err != nil {
		return types.Null, err
	}
	s, with := a[0].Str(), a[2].Str()
	if start > int64(runeLen(s))+1 {
		return a[0], nil
	}
	var out []byte
	done, count := 0, int64(0)
	err = eachMatch(re, s, byteAt(s, int(start-1)), func(loc []int) (bool, error) {
		count++
		if n > 0 && count < n {
			return true, nil
		}
		out = append(out, s[done:loc[0]]...)
		out = appendReplacement(out, with, s, loc)
		done = loc[1]
		return n == 0, nil
	})
	if err != nil {
		return types.Null, err
	}
	if done == 0 && out == nil {
		return a[0], nil
	}
	return call.Bytes(append(out, s[done:]...))
}

func errParameter(name string, v int64) error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"%s\": %d", name, v)
}

// regexpReplace is regexp_replace(string, pattern, replacement [, flags]).
func regexpReplace(c *call.Call, a []types.Datum) (types.Datum, error) {
	opts := flagsArg(a, 3)
	if opts != "" && opts[0] >= '0' && opts[0] <= '9' {
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "invalid regular expression option: \"%s\"", opts[:1]).
			WithHint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.")
	}
	f, global, err := parseFlags(opts)
	if err != nil {
		return types.Null, err
	}
	n := int64(1)
	if global {
		n = 0
	}
	return replaceRegex(c, a, 1, n, f)
}

// regexpReplaceAt is regexp_replace(string, pattern, replacement, start [, n [, flags]]).
func regexpReplaceAt(c *call.Call, a []types.Datum) (types.Datum, error) {
	start, n := a[3].Int(), int64(1)
	if start <= 0 {
		return types.Null, errParameter("start", start)
	}
	if len(a) > 4 {
		if n = a[4].Int(); n < 0 {
			return types.Null, errParameter("n", n)
		}
	}
	f, global, err := parseFlags(flagsArg(a, 5))
	if err != nil {
		return types.Null, err
	}
	if len(a) < 5 && global {
		n = 0
	}
	return replaceRegex(c, a, start, n, f)
}

// splitRegex calls f with the parts between matches. An empty match at the ends or right after another match does not
// split.
func splitRegex(c *call.Call, a []types.Datum, name string, f func(part string)) error {
	flags, global, err := parseFlags(flagsArg(a, 2))
	if err != nil {
		return err
	}
	if global {
		return errNoGlobal(name)
	}
	re, err := compileRegex(c, a[1].Str(), flags)
	if err != nil {
		return err
	}
	s := a[0].Str()
	prev := 0
	err = eachMatch(re, s, 0, func(loc []int) (bool, error) {
		if loc[1] > loc[0] || loc[0] > prev && loc[0] < len(s) {
			if !(loc[0] == loc[1] && loc[0] == prev) {
				f(s[prev:loc[0]])
				prev = loc[1]
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	f(s[prev:])
	return nil
}

func regexpSplitArray(c *call.Call, a []types.Datum) (types.Datum, error) {
	var vals []types.Datum
	err := splitRegex(c, a, "regexp_split_to_array()", func(part string) { vals = append(vals, tuple.String(part)) })
	if err != nil {
		return types.Null, err
	}
	return call.TextArray(vals), nil
}

func regexpSplitTable(c *call.Call, a []types.Datum) (call.Rows, error) {
	own := append([]types.Datum{a[0].Clone()}, a[1:]...)
	var vals []types.Datum
	err := splitRegex(c, own, "regexp_split_to_table()", func(part string) { vals = append(vals, tuple.String(part)) })
	return call.ListRows(vals), err
}

func regexpLike(c *call.Call, a []types.Datum) (types.Datum, error) {
	f, global, err := parseFlags(flagsArg(a, 2))
	if err != nil {
		return types.Null, err
	}
	if global {
		return types.Null, errNoGlobal("regexp_like()")
	}
	re, err := compileRegex(c, a[1].Str(), f)
	if err != nil {
		return types.Null, err
	}
	ok, err := re.Match(a[0].Str())
	return tuple.Bool(ok), err
}

func regexpCount(c *call.Call, a []types.Datum) (types.Datum, error) {
	start := int64(1)
	if len(a) > 2 {
		if start = a[2].Int(); start <= 0 {
			return types.Null, errParameter("start", start)
		}
	}
	f, global, err := parseFlags(flagsArg(a, 3))
	if err != nil {
		return types.Null, err
	}
	if global {
		return types.Null, errNoGlobal("regexp_count()")
	}
	re, err := compileRegex(c, a[1].Str(), f)
	if err != nil {
		return types.Null, err
	}
	s, n := a[0].Str(), int64(0)
	if start > int64(runeLen(s))+1 {
		return call.Int(0)
	}
	err = eachMatch(re, s, byteAt(s, int(start-1)), func([]int) (bool, error) { n++; return true, nil })
	return tuple.Int(n), err
}

// nthMatch serves regexp_instr and regexp_substr: the nth match from start, or its group; lo -1 if there is none.
func nthMatch(c *call.Call, a []types.Datum, end int64, flags string, group int64, name string) (lo, hi int, err error) {
	start, n := int64(1), int64(1)
	if len(a) > 2 {
		if start = a[2].Int(); start <= 0 {
			return 0, 0, errParameter("start", start)
		}
	}
	if len(a) > 3 {
		if n = a[3].Int(); n <= 0 {
			return 0, 0, errParameter("n", n)
		}
	}
	if end != 0 && end != 1 {
		return 0, 0, errParameter("endoption", end)
	}
	if group < 0 {
		return 0, 0, errParameter("subexpr", group)
	}
	f, global, err := parseFlags(flags)
	if err != nil {
		return 0, 0, err
	}
	if global {
		return 0, 0, errNoGlobal(name)
	}
	re, err := compileRegex(c, a[1].Str(), f)
	if err != nil {
		return 0, 0, err
	}
	s := a[0].Str()
	lo = -1
	if group == 1 && re.Groups() == 0 {
		group = 0 // without groups the whole is the first
	}
	if group > int64(re.Groups()) || start > int64(runeLen(s))+1 {
		return lo, hi, nil
	}
	err = eachMatch(re, s, byteAt(s, int(start-1)), func(loc []int) (bool, error) {
		if n--; n > 0 {
			return true, nil
		}
		lo, hi = loc[2*group], loc[2*group+1]
		return false, nil
	})
	return lo, hi, err
}

// regexpInstr is regexp_instr(string, pattern, start, n, endoption, flags, subexpr).
func regexpInstr(c *call.Call, a []types.Datum) (types.Datum, error) {
	end, group := int64(0), int64(0)
	if len(a) > 4 {
		end = a[4].Int()
	}
	if len(a) > 6 {
		group = a[6].Int()
	}
	lo, hi, err := nthMatch(c, a, end, flagsArg(a, 5), group, "regexp_instr()")
	if err != nil || lo < 0 {
		return tuple.Int(0), err
	}
	at := lo
	if end == 1 {
		at = hi
	}
	return call.Int(int64(utf8.RuneCountInString(a[0].Str()[:at]) + 1))
}

// regexpSubstr is regexp_substr(string, pattern, start, n, flags, subexpr).
func regexpSubstr(c *call.Call, a []types.Datum) (types.Datum, error) {
	group := int64(0)
	if len(a) > 5 {
		group = a[5].Int()
	}
	lo, hi, err := nthMatch(c, a, 0, flagsArg(a, 4), group, "regexp_substr()")
	if err != nil || lo < 0 {
		return types.Null, err
	}
	return tuple.String(a[0].Str()[lo:hi]), nil
}

// similarToRegex turns a SIMILAR TO pattern into a regular expression (manual: 9.7.2). With two escape-double-quotes the
// pattern has three parts, of which the middle one is captured.
func similarToRegex(p, esc string) (string, error) {
	var b strings.Builder
	b.WriteString("^(?:")
	after, inSet, setStart := false, false, 0
	separators := 0
	for i := 0; i < len(p); {
		n := OneRune(p[i:])
		ch := p[i : i+n]
		i += n
		switch {
		case after:
			if ch == `"` && !inSet {
				switch separators {
				case 0:
					b.WriteString("){1,1}?(")
				case 1:
					b.WriteString("){1,1}(?:")
				default:
					return "", pgerr.New(pgerr.InvalidUseOfEscapeCharacter, "SQL regular expression may not contain more than two escape-double-quote separators")
				}
				separators++
			} else {
				// An alphabetic character must not become one of the engine's escapes.
				b.WriteByte('\\')
				b.WriteString(ch)
			}
			after = false
		case esc != "" && ch == esc:
			after = true
		case inSet:
			if ch == `\` {
				b.WriteByte('\\')
			}
			b.WriteString(ch)
			if ch == "]" && i-n > setStart {
				inSet = false
			}
		case ch == "[":
			b.WriteByte('[')
			inSet = true
			setStart = i
			if i < len(p) && p[i] == '^' {
				setStart++
			}
		case ch == "%":
			b.WriteString(".*")
		case ch == "_":
			b.WriteByte('.')
		case ch == "(":
			b.WriteString("(?:")
		case ch == `\` || ch == "." || ch == "^" || ch == "$":
			b.WriteByte('\\')
			b.WriteString(ch)
		default:
			b.WriteString(ch)
		}
	}
	b.WriteString(")$")
	return b.String(), nil
}

// similarEscape: strict is similar_to_escape; the old form takes a NULL escape for backslash.
func similarEscape(strict bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		if a[0].IsNull() {
			return types.Null, nil
		}
		esc := `\`
		if len(a) > 1 && !(a[1].IsNull() && !strict) {
			if esc = a[1].Str(); runeLen(esc) > 1 {
				return types.Null, pgerr.New(pgerr.InvalidEscapeSequence, "invalid escape string").WithHint("Escape string must be empty or one character.")
			}
		}
		s, err := similarToRegex(a[0].Str(), esc)
		if err != nil {
			return types.Null, err
		}
		return call.Text(s)
	}
}

func regexFns() call.Fns {
	m := call.Fns{
		"regexp_match": regexpMatch, "regexp_match_no_flags": regexpMatch, "textregexsubstr": regexSubstring,
		"textregexreplace": regexpReplace, "textregexreplace_noopt": regexpReplace,
		"textregexreplace_extended": regexpReplaceAt, "textregexreplace_extended_no_flags": regexpReplaceAt, "textregexreplace_extended_no_n": regexpReplaceAt,
		"regexp_split_to_array": regexpSplitArray, "regexp_split_to_array_no_flags": regexpSplitArray,
		"regexp_like": regexpLike, "regexp_like_no_flags": regexpLike,
		"similar_escape": similarEscape(false), "similar_to_escape_1": similarEscape(true), "similar_to_escape_2": similarEscape(true),
	}
	for _, s := range []string{"", "_no_flags", "_no_start"} {
		m["regexp_count"+s] = regexpCount
	}
	for _, s := range []string{"", "_no_endoption", "_no_flags", "_no_n", "_no_start", "_no_subexpr"} {
		m["regexp_instr"+s] = regexpInstr
	}
	for _, s := range []string{"", "_no_flags", "_no_n", "_no_start", "_no_subexpr"} {
		m["regexp_substr"+s] = regexpSubstr
	}
	for _, p := range []string{"text", "name"} {
		m[p+"regexeq"], m[p+"regexne"] = regexMatch(false, false), regexMatch(false, true)
		m[p+"icregexeq"], m[p+"icregexne"] = regexMatch(true, false), regexMatch(true, true)
	}
	return m
}

func regexSets() call.Sets {
	return call.Sets{
		"regexp_matches": regexpMatches, "regexp_matches_no_flags": regexpMatches,
		"regexp_split_to_table": regexpSplitTable, "regexp_split_to_table_no_flags": regexpSplitTable,
	}
}

// regexSQL: substring(string, pattern, escape) by a SIMILAR TO pattern.
func regexSQL() map[types.OID]call.Fn {
	return map[types.OID]call.Fn{
		2074: func(c *call.Call, a []types.Datum) (types.Datum, error) {
			p, err := similarEscape(true)(c, a[1:])
			if err != nil {
				return types.Null, err
			}
			return regexSubstring(c, []types.Datum{a[0], p})
		},
	}
}
