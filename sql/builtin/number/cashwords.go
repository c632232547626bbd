package number

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
)

var smallWords = [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
	"fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}

var tensWords = [...]string{"", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

// numberWords spells a number below 1000. "and" stands before what is below twenty only, as PostgreSQL has it.
func numberWords(n uint64) string {
	below := n % 100
	var low string
	switch {
	case below < 20:
		low = smallWords[below]
	case below%10 == 0:
		low = tensWords[below/10]
	default:
		low = tensWords[below/10] + " " + smallWords[below%10]
	}
	switch {
	case n < 100:
		return low
	case below == 0:
		return smallWords[n/100] + " hundred"
	case below < 20:
		return smallWords[n/100] + " hundred and " + low
	}
	return smallWords[n/100] + " hundred " + low
}

// cashWords spells an amount of money: "One hundred dollars and one cent".
func cashWords(_ *call.Call, a []types.Datum) (types.Datum, error) {
	var b strings.Builder
	v := Magnitude(a[0].Int())
	if a[0].Int() < 0 {
		b.WriteString("minus ")
	}
	cents, dollars := v%100, v/100
	scale := uint64(1_000_000_000_000_000)
	for _, name := range [...]string{" quadrillion ", " trillion ", " billion ", " million ", " thousand ", ""} {
		if part := dollars / scale % 1000; part > 0 {
			b.WriteString(numberWords(part) + name)
		}
		scale /= 1000
	}
	if dollars == 0 {
		b.WriteString("zero")
	}
	plural := func(n uint64) string {
		if n == 1 {
			return ""
		}
		return "s"
	}
	b.WriteString(" dollar" + plural(dollars) + " and " + numberWords(cents) + " cent" + plural(cents))
	s := b.String()
	return call.Text(strings.ToUpper(s[:1]) + s[1:])
}
