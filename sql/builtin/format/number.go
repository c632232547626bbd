package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// to_char of numbers and to_number (manual: 9.8, table 9.29), for locale C: decimal point ., group separator ,.

var numKeywords = []string{"B", "C", "D", "EEEE", "FM", "G", "L", "MI", "PL", "PR", "RN", "SG", "SP", "S", "TH", "V", ",", ".", "0", "9"}

// numTemplate is a parsed template with what it says about the whole number.
type numTemplate struct {
	parts                []field
	pre, post, multi     int // digits before and after the point, and after V
	zeroFrom, zeroTo     int // first 0 position before the point (from 1; 0 none), last 0 position
	signAt               int // digits before the point when S came
	zero, fill, dec      bool
	blank, sci, roman    bool
	bracket, plus, minus bool
	sign                 byte // S: '<' before, '>' after the number
	hasS, hasV           bool
}

func errFormat(format string, args ...any) error {
	return pgerr.New(pgerr.SyntaxError, format, args...)
}

func parseNumTemplate(f string) (*numTemplate, error) {
	t := &numTemplate{}
	for f != "" {
		w := matchKeyword(f, numKeywords)
		if w == "" {
			lit, n := literalAt(f)
			t.parts, f = append(t.parts, field{literal: lit}), f[n:]
			continue
		}
		t.parts = append(t.parts, field{key: w, as: f[:len(w)]})
		f = f[len(w):]
		if t.sci && w != "EEEE" {
			return nil, errFormat("\"EEEE\" must be the last pattern used")
		}
		if err := t.note(w); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// note takes one element into account.
func (t *numTemplate) note(w string) error {
	together := func() error { return errFormat("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together") }
	switch w {
	case "9":
		if t.bracket {
			return errFormat("\"9\" must be ahead of \"PR\"")
		}
		switch {
		case t.hasV:
			t.multi++
		case t.dec:
			t.post++
		default:
			t.pre++
		}
	case "0":
		if t.bracket {
			return errFormat("\"0\" must be ahead of \"PR\"")
		}
		if !t.zero && !t.dec {
			t.zero, t.zeroFrom = true, t.pre+1
		}
		if t.dec {
			t.post++
		} else {
			t.pre++
		}
		t.zeroTo = t.pre + t.post
	case "B":
		t.blank = true
	case "D", ".":
		if t.dec {
			return errFormat("multiple decimal points")
		}
		if t.hasV {
			return errFormat("cannot use \"V\" and decimal point together")
		}
		t.dec = true
	case "FM":
		t.fill = true
	case "S":
		if t.hasS {
			return errFormat("cannot use \"S\" twice")
		}
		if t.plus || t.minus || t.bracket {
			return together()
		}
		t.hasS = true
		if t.dec {
			t.sign = '>'
		} else {
			t.sign, t.signAt = '<', t.pre
		}
	case "MI":
		if t.hasS {
			return errFormat("cannot use \"S\" and \"MI\" together")
		}
		t.minus = true
	case "PL":
		if t.hasS {
			return errFormat("cannot use \"S\" and \"PL\" together")
		}
		t.plus = true
	case "SG":
		if t.hasS {
			return errFormat("cannot use \"S\" and \"SG\" together")
		}
		t.plus, t.minus = true, true
	case "PR":
		if t.hasS || t.plus || t.minus {
			return errFormat("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together")
		}
		t.bracket = true
	case "RN":
		t.roman = true
	case "V":
		if t.dec {
			return errFormat("cannot use \"V\" and decimal point together")
		}
		t.hasV = true
	case "EEEE":
		if t.sci {
			return errFormat("cannot use \"EEEE\" twice")
		}
		if t.fill || t.hasS || t.bracket || t.minus || t.plus || t.roman || t.hasV {
			return errFormat("\"EEEE\" is incompatible with other formats").(*pgerr.Error).
				WithDetail("\"EEEE\" may only be used together with digit and decimal point patterns.")
		}
		t.sci = true
	}
	return nil
}

// numWriter puts the digits of a number into a template.
type numWriter struct {
	*numTemplate
	digits  string // with a point, without sign
	at      int    // next digit
	neg     bool
	lead    int  // positions before the first digit
	pos     int  // current position among those of digits and point
	last    int  // index of the last digit that FM keeps; -1: all
	signed  bool // the sign has been written, or is not wanted here
	started bool // a digit has been written at the last position
	sign    byte
	// countSign: the sign takes a position of its own
	countSign bool
	out       []byte
}

func (w *numWriter) digit() byte {
	if w.at < len(w.digits) {
		return w.digits[w.at]
	}
	return 0
}

// hiddenZero: the only digit before the point is a 0 that the template has no 0 for.
func (w *numWriter) hiddenZero() bool {
	return !w.zero && w.at == 0 && w.digits != "" && w.digits[0] == '0' && w.post != 0
}

func (w *numWriter) keepsPointOnly() bool { return w.last >= 0 && w.digits[w.last] == '.' }

func (w *numWriter) signChar(pos byte) byte {
	if w.neg {
		return '-'
	}
	return pos
}

// put writes one position of the template: 9, 0 or the point.
func (w *numWriter) put(key string) {
	if w.roman {
		return
	}
	w.started = false
	zeroFrom := w.zeroFrom - 1
	if !w.signed && (w.pos >= w.lead || w.zero && zeroFrom == w.pos) && (!w.hiddenZero() || w.keepsPointOnly()) {
		w.leadingSign()
	}
	switch {
	case w.pos < w.lead && !(w.zero && zeroFrom <= w.pos):
		if !w.fill {
			w.out = append(w.out, ' ')
		}
	case w.pos < w.lead:
		w.out = append(w.out, '0')
		w.started = true
	default:
		w.number(key)
	}
	end := w.post + w.pre - 1
	if w.countSign {
		end++
	}
	if w.lead > 0 {
		end++
	}
	if w.dec {
		end++
	}
	if w.last >= 0 && w.last == w.at {
		end = w.pos
	}
	if w.pos+1 == end {
		switch {
		case w.signed && w.bracket:
			if w.neg {
				w.out = append(w.out, '>')
			} else {
				w.out = append(w.out, ' ')
			}
		case w.hasS && w.sign == '>' && !(w.dec && (w.digits == "NaN" || w.digits == "Infinity")):
			w.out = append(w.out, w.signChar('+'))
		}
	}
	w.pos++
}

func (w *numWriter) leadingSign() {
	switch {
	case w.hasS:
		if w.sign != '<' {
			return
		}
		w.out = append(w.out, w.signChar('+'))
	case w.bracket:
		if w.neg {
			w.out = append(w.out, '<')
		} else {
			w.out = append(w.out, ' ')
		}
	case w.neg:
		w.out = append(w.out, '-')
	case !w.fill:
		w.out = append(w.out, ' ')
	}
	w.signed = true
}

// number writes the next character of the digits, or what stands for it.
func (w *numWriter) number(key string) {
	c := w.digit()
	switch {
	case c == '.':
		if !w.keepsPointOnly() || w.fill {
			w.out = append(w.out, '.')
		}
	case w.last >= 0 && w.at > w.last && key != "0":
	case w.hiddenZero():
		if !w.fill {
			w.out = append(w.out, ' ')
		} else if w.keepsPointOnly() {
			w.out = append(w.out, '0')
		}
	case c != 0:
		w.out = append(w.out, c)
		w.started = true
	}
	if c != 0 {
		w.at++
	}
}

// fillIn writes the whole template. digits has no sign; a number that does not fit is all #.
func (t *numTemplate) fillIn(digits string, neg bool, lead int, roman string) string {
	w := &numWriter{numTemplate: t, digits: digits, neg: neg, lead: lead, last: -1, sign: t.sign}
	bracket := t.bracket
	if t.plus || t.minus {
		w.signed = !(t.plus && !t.minus)
	} else {
		if !neg && t.bracket && t.fill {
			bracket = false
		}
		w.signed = !neg && t.fill && !t.hasS
		if t.sign == '<' && t.pre == t.signAt {
			w.sign = '>'
		}
	}
	own := *t
	own.bracket = bracket
	w.numTemplate = &own
	if t.fill && t.dec {
		w.last = lastKept(digits)
		if w.last >= 0 && t.zeroTo > lead {
			w.last = max(w.last, min(len(digits)-1, t.zeroTo-lead))
		}
	}
	w.countSign = !w.signed && lead == 0
	return w.run(roman)
}

// lastKept is the index of the last digit of a fraction that is not 0, or of the point; -1 without one.
func lastKept(s string) int {
	p := strings.IndexByte(s, '.')
	if p < 0 {
		return -1
	}
	last := p
	for i := p + 1; i < len(s); i++ {
		if s[i] != '0' {
			last = i
		}
	}
	return last
}

func (w *numWriter) run(roman string) string {
	for _, p := range w.parts {
		switch p.key {
		case "":
			w.out = append(w.out, p.literal...)
		case "9", "0", ".", "D":
			w.put(p.key)
		case ",", "G":
			if w.started {
				w.out = append(w.out, ',')
			} else if !w.fill {
				w.out = append(w.out, ' ')
			}
		case "L":
			w.out = append(w.out, ' ')
		case "RN":
			s := roman
			if p.as == "rn" {
				s = strings.ToLower(s)
			}
			if !w.fill {
				s = fmt.Sprintf("%15s", s)
			}
			w.out = append(w.out, s...)
		case "TH":
			if w.roman || strings.HasPrefix(w.digits, "#") || w.neg || w.dec {
				continue
			}
			w.out = append(w.out, ordinal(w.digits, p.as == "TH")...)
		case "MI":
			if w.neg {
				w.out = append(w.out, '-')
			} else if !w.fill {
				w.out = append(w.out, ' ')
			}
		case "PL":
			if !w.neg {
				w.out = append(w.out, '+')
			} else if !w.fill {
				w.out = append(w.out, ' ')
			}
		case "SG":
			w.out = append(w.out, w.signChar('+'))
		}
	}
	return string(w.out)
}

func romanNumber(n int64) string {
	if n <= 0 || n > 3999 {
		return "###############"
	}
	var b strings.Builder
	for _, r := range []struct {
		v int64
		s string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= r.v; n -= r.v {
			b.WriteString(r.s)
		}
	}
	return b.String()
}

// numFormat is the call site's cached template.
type numFormat struct {
	template string
	t        *numTemplate
}

func numTemplateOf(c *call.Call, s string) (*numTemplate, error) {
	if f, _ := c.Cache.(*numFormat); f != nil && f.template == s {
		return f.t, nil
	}
	own := strings.Clone(s)
	t, err := parseNumTemplate(own)
	if err != nil {
		return nil, err
	}
	c.Cache = &numFormat{own, t}
	return t, nil
}

// write puts a decimal text ("-12.50", or NaN and the infinities) into the template.
func (t *numTemplate) write(s string) (types.Datum, error) {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	pre := t.pre + t.multi
	own := *t
	own.pre = pre
	n := len(s)
	if i := strings.IndexByte(s, '.'); i >= 0 {
		n = i
	}
	lead := 0
	switch {
	case n < pre:
		lead = pre - n
	case n > pre:
		s = strings.Repeat("#", pre) + "." + strings.Repeat("#", t.post)
	}
	if (s == "NaN" || s == "Infinity") && !neg && !t.dec && n <= pre {
		for _, p := range t.parts {
			if p.key == "TH" {
				return types.Null, pgerr.New(pgerr.InvalidTextRepresentation, "\"%s\" is not a number", s)
			}
		}
	}
	return call.Text(own.fillIn(s, neg, lead, ""))
}

// overflowed is the result of EEEE for what has no exponent.
func (t *numTemplate) overflowed() (types.Datum, error) {
	return call.Text(" " + strings.Repeat("#", t.pre) + "." + strings.Repeat("#", t.post+4))
}

// scientific writes d.ddde+dd.
func (t *numTemplate) scientific(s string) (types.Datum, error) {
	if !strings.HasPrefix(s, "-") {
		s = " " + s
	}
	return call.Text(s)
}

func numericToChar(c *call.Call, v types.Datum, template string) (types.Datum, error) {
	t, err := numTemplateOf(c, template)
	if err != nil {
		return types.Null, err
	}
	special := numeric.IsNaN(v) || numeric.IsInf(v)
	switch {
	case t.roman:
		n, err := numeric.ToInt(v, 32, "integer")
		if err != nil {
			return types.Null, err
		}
		return call.Text(t.fillIn("", false, 0, romanNumber(n)))
	case t.sci && special:
		return t.overflowed()
	case t.sci:
		return t.scientific(numericScientific(v, t.post))
	}
	if t.hasV {
		p, err := numeric.FromBig(number.BigPow10(t.multi), 0)
		if err != nil {
			return types.Null, err
		}
		if v, err = numeric.Mul(v, p); err != nil {
			return types.Null, err
		}
	}
	if v, err = numeric.Round(v, t.post); err != nil {
		return types.Null, err
	}
	return t.write(types.Lookup(types.Numeric).Text(v, nil))
}

// numericScientific prints with one digit before the point and places after it.
func numericScientific(v types.Datum, places int) string {
	s := types.Lookup(types.Numeric).Text(v, nil)
	neg := strings.HasPrefix(s, "-")
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	digits := whole + frac
	exp := len(whole) - 1
	lead := len(digits) - len(strings.TrimLeft(digits, "0"))
	if lead == len(digits) {
		digits, exp = "0", 0
	} else {
		digits, exp = digits[lead:], exp-lead
	}
	d, err := numeric.Parse(digits[:1] + "." + digits[1:] + "0")
	if err != nil {
		return s
	}
	r, err := numeric.Round(d, places)
	if err != nil {
		return s
	}
	m := types.Lookup(types.Numeric).Text(r, nil)
	// A significand that rounds up to 10 stays one, as in PostgreSQL.
	if neg && digits != "0" {
		m = "-" + m
	}
	return fmt.Sprintf("%se%c%02d", m, sign(exp), abs(exp))
}

func floatToChar(single bool) call.Fn {
	digits := 15
	if single {
		digits = 6
	}
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		t, err := numTemplateOf(c, a[1].Str())
		if err != nil {
			return types.Null, err
		}
		v := a[0].Float()
		special := v != v || number.IsInf(v)
		switch {
		case t.roman:
			n := int64(0)
			if r := math.RoundToEven(v); r >= math.MinInt32 && r <= math.MaxInt32 {
				n = int64(r)
			}
			return call.Text(t.fillIn("", false, 0, romanNumber(n)))
		case t.sci && special:
			return t.overflowed()
		case t.sci:
			return t.scientific(strconv.FormatFloat(v, 'e', t.post, 64))
		}
		if t.hasV {
			v *= math.Pow(10, float64(t.multi))
		}
		// No more than 15 (6) digits are shown, so that no noise is.
		whole := len(strconv.FormatFloat(math.Abs(v), 'f', 0, 64))
		if number.IsInf(v) {
			whole = len("Infinity")
		}
		post := t.post
		if whole >= digits {
			post = 0
		} else if whole+post > digits {
			post = digits - whole
		}
		own := *t
		own.post = post
		s := "NaN"
		switch {
		case number.IsInf(v) && v < 0:
			s = "-Infinity"
		case number.IsInf(v):
			s = "Infinity"
		case v == v:
			s = strconv.FormatFloat(v, 'f', post, 64)
		}
		return own.write(s)
	}
}

func toCharFns() call.Fns {
	ofInt := func(mul call.Fn) call.Fn {
		return func(c *call.Call, a []types.Datum) (types.Datum, error) {
			t, err := numTemplateOf(c, a[1].Str())
			if err != nil {
				return types.Null, err
			}
			if t.hasV && t.multi < 19 { // PostgreSQL multiplies in the type itself
				if _, err := mul(c, []types.Datum{a[0], tuple.Int(number.Pow10(t.multi))}); err != nil {
					return types.Null, err
				}
			}
			return numericToChar(c, numeric.Int(a[0].Int()), a[1].Str())
		}
	}
	return call.Fns{
		"numeric_to_char": func(c *call.Call, a []types.Datum) (types.Datum, error) { return numericToChar(c, a[0], a[1].Str()) },
		"int4_to_char":    ofInt(number.Int4Mul), "int8_to_char": ofInt(number.Int8Mul), "float8_to_char": floatToChar(false), "float4_to_char": floatToChar(true),
		"timestamp_to_char": charOfTime(false), "timestamptz_to_char": charOfTime(true), "interval_to_char": charOfInterval,
	}
}
