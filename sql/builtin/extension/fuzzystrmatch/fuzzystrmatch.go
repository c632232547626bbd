// Package fuzzystrmatch implements the extension fuzzystrmatch: how alike two texts are, and how they sound.
package fuzzystrmatch

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{Fns: call.Fns{
		"levenshtein": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return distance(a[0].Str(), a[1].Str(), costs{1, 1, 1}, -1)
		},
		"levenshtein_with_costs": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return distance(a[0].Str(), a[1].Str(), costsOf(a[2:]), -1)
		},
		"levenshtein_less_equal": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return distance(a[0].Str(), a[1].Str(), costs{1, 1, 1}, int(a[2].Int()))
		},
		"levenshtein_less_equal_with_costs": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return distance(a[0].Str(), a[1].Str(), costsOf(a[2:]), int(a[5].Int()))
		},
		"soundex":    func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Text(soundex(a[0].Str())) },
		"difference": difference,
		"metaphone":  metaphoneFn,
		"dmetaphone": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			primary, _ := doubleMetaphone(a[0].Str())
			return call.Text(primary)
		},
		"dmetaphone_alt": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			_, second := doubleMetaphone(a[0].Str())
			return call.Text(second)
		},
	}}
}

// costs of an insertion, a deletion and a substitution.
type costs struct{ insert, remove, replace int }

func costsOf(a []types.Datum) costs { return costs{int(a[0].Int()), int(a[1].Int()), int(a[2].Int())} }

// maxDistance is how many characters are compared at most.
const maxDistance = 255

// distance is Levenshtein's. A limit that is not negative is enough to know: what is above it is limit + 1.
func distance(source, target string, c costs, limit int) (types.Datum, error) {
	s, t := []rune(source), []rune(target)
	switch {
	case len(s) == 0:
		return call.Int(int64(int32(len(t) * c.insert)))
	case len(t) == 0:
		return call.Int(int64(int32(len(s) * c.remove)))
	case len(s) > maxDistance || len(t) > maxDistance:
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "levenshtein argument exceeds maximum length of %d characters", maxDistance)
	}
	row := make([]int, len(s)+1) // the cost of making t[:j] of s[:i]
	for i := range row {
		row[i] = i * c.remove
	}
	for j, r := range t {
		diagonal := row[0]
		row[0] = (j + 1) * c.insert
		for i := range s {
			change := diagonal
			if s[i] != r {
				change += c.replace
			}
			diagonal = row[i+1]
			row[i+1] = min(row[i+1]+c.insert, row[i]+c.remove, change)
		}
	}
	d := row[len(s)]
	if limit >= 0 && d > limit {
		d = limit + 1
	}
	return call.Int(int64(int32(d)))
}

// soundexLen is the length of a soundex code.
const soundexLen = 4

// soundexCodes are the classes of A to Z.
const soundexCodes = "01230120022455012623010202"

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}

func letter(c byte) bool { c = upper(c); return 'A' <= c && c <= 'Z' }

// class is the code of a letter; other bytes are classes of their own.
func class(c byte) byte {
	if letter(c) {
		return soundexCodes[upper(c)-'A']
	}
	return c
}

func soundex(s string) string {
	for len(s) > 0 && !letter(s[0]) {
		s = s[1:]
	}
	if s == "" {
		return ""
	}
	code := []byte{upper(s[0])}
	for i := 1; i < len(s) && len(code) < soundexLen; i++ {
		if k := class(s[i]); letter(s[i]) && k != class(s[i-1]) && k != '0' {
			code = append(code, k)
		}
	}
	for len(code) < soundexLen {
		code = append(code, '0')
	}
	return string(code)
}

// difference is the number of places at which two soundex codes agree.
func difference(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y, n := soundex(a[0].Str()), soundex(a[1].Str()), int64(0)
	if x == "" || y == "" {
		if x == y {
			n = soundexLen
		}
		return call.Int(n)
	}
	for i := range soundexLen {
		if x[i] == y[i] {
			n++
		}
	}
	return call.Int(n)
}
