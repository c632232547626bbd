package fuzzystrmatch

import "strings"

// doubleMetaphone is Lawrence Philips' double metaphone: a code of four sounds, and a second one for another way to say the word.
func doubleMetaphone(s string) (first, second string) {
	b := []byte(s)
	for i := range b {
		b[i] = upper(b[i])
	}
	// Padding keeps looks ahead inside.
	d := &double{s: string(b) + "     ", n: len(b)}
	d.run()
	return d.code(d.first), d.code(d.second)
}

// codeLen is the length of a code.
const codeLen = 4

type double struct {
	s             string
	n             int // the length of the word
	i             int // the current letter
	first, second []byte
}

func (d *double) code(b []byte) string { return string(b[:min(len(b), codeLen)]) }

// put adds a sound to both codes, or different ones to each; it goes on by step letters.
func (d *double) put(step int, sounds ...string) {
	d.first = append(d.first, sounds[0]...)
	d.second = append(d.second, sounds[len(sounds)-1]...)
	d.i += step
}

func (d *double) at(i int) byte {
	if i < 0 || i >= len(d.s) {
		return 0
	}
	return d.s[i]
}

func (d *double) vowel(i int) bool { return in(d.at(i), "AEIOUY") }

// is reports whether one of the texts, all of a length, stands at a place.
func (d *double) is(start int, texts ...string) bool {
	if start < 0 || start >= len(d.s) {
		return false
	}
	for _, t := range texts {
		if strings.HasPrefix(d.s[start:], t) {
			return true
		}
	}
	return false
}

// slavic: W, K, CZ or WITZ somewhere.
func (d *double) slavic() bool {
	w := d.s[:d.n]
	return strings.ContainsAny(w, "WK") || strings.Contains(w, "CZ") || strings.Contains(w, "WITZ")
}

// twice is 2 where a letter of the set follows, else 1.
func (d *double) twice(set string) int {
	if in(d.at(d.i+1), set) {
		return 2
	}
	return 1
}

func (d *double) run() {
	last := d.n - 1
	if d.is(0, "GN", "KN", "PN", "WR", "PS") {
		d.i = 1 // silent at the beginning
	}
	if d.at(0) == 'X' {
		d.put(1, "S")
	}
	for (len(d.first) < codeLen || len(d.second) < codeLen) && d.i < d.n {
		switch c := d.at(d.i); c {
		case 'A', 'E', 'I', 'O', 'U', 'Y':
			if d.i == 0 {
				d.put(0, "A")
			}
			d.i++
		case 'B':
			d.put(d.twice("B"), "P")
		case 'C':
			d.c()
		case 'D':
			switch {
			case d.is(d.i, "DG") && in(d.at(d.i+2), "IEY"):
				d.put(3, "J")
			case d.is(d.i, "DG"):
				d.put(2, "TK")
			case d.is(d.i, "DT", "DD"):
				d.put(2, "T")
			default:
				d.put(1, "T")
			}
		case 'F', 'K', 'N':
			d.put(d.twice(string(c)), string(c))
		case 'G':
			d.g()
		case 'H':
			if (d.i == 0 || d.vowel(d.i-1)) && d.vowel(d.i+1) {
				d.put(2, "H")
			} else {
				d.i++
			}
		case 'J':
			d.j(last)
		case 'L':
			d.l(last)
		case 'M':
			step := d.twice("M")
			if d.is(d.i-1, "UMB") && (d.i+1 == last || d.is(d.i+2, "ER")) {
				step = 2
			}
			d.put(step, "M")
		case 'P':
			if d.at(d.i+1) == 'H' {
				d.put(2, "F")
			} else {
				d.put(d.twice("PB"), "P")
			}
		case 'Q':
			d.put(d.twice("Q"), "K")
		case 'R':
			step := d.twice("R")
			if d.i == last && !d.slavic() && d.is(d.i-2, "IE") && !d.is(d.i-4, "ME", "MA") {
				d.put(step, "", "R")
			} else {
				d.put(step, "R")
			}
		case 'S':
			d.sibilant(last)
		case 'T':
			d.t()
		case 'V':
			d.put(d.twice("V"), "F")
		case 'W':
			d.w(last)
		case 'X':
			if !(d.i == last && (d.is(d.i-3, "IAU", "EAU") || d.is(d.i-2, "AU", "OU"))) {
				d.put(0, "KS")
			}
			d.i += d.twice("CX")
		case 'Z':
			d.z()
		default:
			d.i++
		}
	}
}

func (d *double) c() {
	i := d.i
	switch {
	case i > 1 && !d.vowel(i-2) && d.is(i-1, "ACH") && d.at(i+2) != 'I' && (d.at(i+2) != 'E' || d.is(i-2, "BACHER", "MACHER")):
		d.put(2, "K") // germanic
	case i == 0 && d.is(i, "CAESAR"):
		d.put(2, "S")
	case d.is(i, "CHIA"):
		d.put(2, "K")
	case d.is(i, "CH"):
		d.ch()
	case d.is(i, "CZ") && !d.is(i-2, "WICZ"):
		d.put(2, "S", "X")
	case d.is(i+1, "CIA"):
		d.put(3, "X")
	case d.is(i, "CC") && !(i == 1 && d.at(0) == 'M'):
		switch {
		case !in(d.at(i+2), "IEH") || d.is(i+2, "HU"):
			d.put(2, "K")
		case i == 1 && d.at(i-1) == 'A' || d.is(i-1, "UCCEE", "UCCES"):
			d.put(3, "KS")
		default:
			d.put(3, "X")
		}
	case d.is(i, "CK", "CG", "CQ"):
		d.put(2, "K")
	case d.is(i, "CI", "CE", "CY"):
		if d.is(i, "CIO", "CIE", "CIA") {
			d.put(2, "S", "X")
		} else {
			d.put(2, "S")
		}
	default:
		step := 1
		switch {
		case d.is(i+1, " C", " Q", " G"):
			step = 3
		case in(d.at(i+1), "CKQ") && !d.is(i+1, "CE", "CI"):
			step = 2
		}
		d.put(step, "K")
	}
}

func (d *double) ch() {
	i := d.i
	greek := i == 0 && (d.is(i+1, "HARAC", "HARIS") || d.is(i+1, "HOR", "HYM", "HIA", "HEM")) && !d.is(0, "CHORE")
	germanic := d.is(0, "VAN ", "VON ") || d.is(0, "SCH") || d.is(i-2, "ORCHES", "ARCHIT", "ORCHID") || in(d.at(i+2), "TS") ||
		(in(d.at(i-1), "AOUE") || i == 0) && in(d.at(i+2), "LRNMBHFVW ")
	switch {
	case i > 0 && d.is(i, "CHAE"):
		d.put(2, "K", "X")
	case greek, germanic:
		d.put(2, "K")
	case i == 0:
		d.put(2, "X")
	case d.is(0, "MC"):
		d.put(2, "K")
	default:
		d.put(2, "X", "K")
	}
}

func (d *double) g() {
	i := d.i
	switch {
	case d.at(i+1) == 'H':
		d.gh()
	case d.at(i+1) == 'N':
		switch {
		case i == 1 && d.vowel(0) && !d.slavic():
			d.put(2, "KN", "N")
		case !d.is(i+2, "EY") && d.at(i+1) != 'Y' && !d.slavic():
			d.put(2, "N", "KN")
		default:
			d.put(2, "KN")
		}
	case d.is(i+1, "LI") && !d.slavic():
		d.put(2, "KL", "L")
	case i == 0 && (d.at(i+1) == 'Y' || d.is(i+1, "ES", "EP", "EB", "EL", "EY", "IB", "IL", "IN", "IE", "EI", "ER")):
		d.put(2, "K", "J")
	case (d.is(i+1, "ER") || d.at(i+1) == 'Y') && !d.is(0, "DANGER", "RANGER", "MANGER") && !in(d.at(i-1), "EI") && !d.is(i-1, "RGY", "OGY"):
		d.put(2, "K", "J")
	case in(d.at(i+1), "EIY") || d.is(i-1, "AGGI", "OGGI"):
		switch {
		case d.is(0, "VAN ", "VON ") || d.is(0, "SCH") || d.is(i+1, "ET"):
			d.put(2, "K")
		case d.is(i+1, "IER "):
			d.put(2, "J")
		default:
			d.put(2, "J", "K")
		}
	default:
		d.put(d.twice("G"), "K")
	}
}

func (d *double) gh() {
	i := d.i
	switch {
	case i > 0 && !d.vowel(i-1):
		d.put(2, "K")
	case i == 0 && d.at(i+2) == 'I':
		d.put(2, "J")
	case i == 0:
		d.put(2, "K")
	case i > 1 && in(d.at(i-2), "BHD") || i > 2 && in(d.at(i-3), "BHD") || i > 3 && in(d.at(i-4), "BH"):
		d.i += 2
	case i > 2 && d.at(i-1) == 'U' && in(d.at(i-3), "CGLRT"):
		d.put(2, "F")
	case i > 0 && d.at(i-1) != 'I':
		d.put(2, "K")
	default:
		d.i += 2
	}
}

func (d *double) j(last int) {
	i := d.i
	if d.is(i, "JOSE") || d.is(0, "SAN ") {
		if i == 0 && d.at(i+4) == ' ' || d.is(0, "SAN ") {
			d.put(1, "H")
		} else {
			d.put(1, "J", "H")
		}
		return
	}
	switch {
	case i == 0:
		d.put(0, "J", "A")
	case d.vowel(i-1) && !d.slavic() && in(d.at(i+1), "AO"):
		d.put(0, "J", "H")
	case i == last:
		d.put(0, "J", "")
	case !in(d.at(i+1), "LTKSNMBZ") && !in(d.at(i-1), "SKL"):
		d.put(0, "J")
	}
	d.i += d.twice("J")
}

func (d *double) l(last int) {
	i := d.i
	if d.at(i+1) != 'L' {
		d.put(1, "L")
		return
	}
	if i == d.n-3 && d.is(i-1, "ILLO", "ILLA", "ALLE") || (d.is(last-1, "AS", "OS") || in(d.at(last), "AO")) && d.is(i-1, "ALLE") {
		d.put(2, "L", "")
		return
	}
	d.put(2, "L")
}

func (d *double) sibilant(last int) {
	i := d.i
	switch {
	case d.is(i-1, "ISL", "YSL"):
		d.i++
	case i == 0 && d.is(i, "SUGAR"):
		d.put(1, "X", "S")
	case d.is(i, "SH"):
		if d.is(i+1, "HEIM", "HOEK", "HOLM", "HOLZ") {
			d.put(2, "S")
		} else {
			d.put(2, "X")
		}
	case d.is(i, "SIO", "SIA") || d.is(i, "SIAN"):
		if d.slavic() {
			d.put(3, "S")
		} else {
			d.put(3, "S", "X")
		}
	case i == 0 && in(d.at(i+1), "MNLW") || d.at(i+1) == 'Z':
		d.put(0, "S", "X")
		d.i += d.twice("Z")
	case d.is(i, "SC"):
		d.sc()
	default:
		if i == last && d.is(i-2, "AI", "OI") {
			d.put(0, "", "S")
		} else {
			d.put(0, "S")
		}
		d.i += d.twice("SZ")
	}
}

func (d *double) sc() {
	i := d.i
	switch {
	case d.at(i+2) == 'H' && d.is(i+3, "OO", "ER", "EN", "UY", "ED", "EM"):
		if d.is(i+3, "ER", "EN") {
			d.put(3, "X", "SK")
		} else {
			d.put(3, "SK")
		}
	case d.at(i+2) == 'H':
		if i == 0 && !d.vowel(3) && d.at(3) != 'W' {
			d.put(3, "X", "S")
		} else {
			d.put(3, "X")
		}
	case in(d.at(i+2), "IEY"):
		d.put(3, "S")
	default:
		d.put(3, "SK")
	}
}

func (d *double) t() {
	i := d.i
	switch {
	case d.is(i, "TION"), d.is(i, "TIA", "TCH"):
		d.put(3, "X")
	case d.is(i, "TH") || d.is(i, "TTH"):
		if d.is(i+2, "OM", "AM") || d.is(0, "VAN ", "VON ") || d.is(0, "SCH") {
			d.put(2, "T")
		} else {
			d.put(2, "0", "T")
		}
	default:
		d.put(d.twice("TD"), "T")
	}
}

func (d *double) w(last int) {
	i := d.i
	if d.is(i, "WR") {
		d.put(2, "R")
		return
	}
	if i == 0 && (d.vowel(i+1) || d.is(i, "WH")) {
		if d.vowel(i + 1) {
			d.put(0, "A", "F")
		} else {
			d.put(0, "A")
		}
	}
	switch {
	case i == last && d.vowel(i-1) || d.is(i-1, "EWSKI", "EWSKY", "OWSKI", "OWSKY") || d.is(0, "SCH"):
		d.put(1, "", "F")
	case d.is(i, "WICZ", "WITZ"):
		d.put(4, "TS", "FX")
	default:
		d.i++
	}
}

func (d *double) z() {
	i := d.i
	if d.at(i+1) == 'H' {
		d.put(2, "J")
		return
	}
	if d.is(i+1, "ZO", "ZI", "ZA") || d.slavic() && i > 0 && d.at(i-1) != 'T' {
		d.put(0, "S", "TS")
	} else {
		d.put(0, "S")
	}
	d.i += d.twice("Z")
}
