package auth

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// saslprep normalises a password by RFC 4013. Like PostgreSQL it uses the bytes as they are when they are not UTF-8
// or hold what the profile prohibits: a password of any bytes works as long as both sides treat it alike.
func saslprep(password string) string {
	ascii := true
	for i := 0; i < len(password); i++ {
		if c := password[i]; c >= utf8.RuneSelf || c < 0x20 || c == 0x7f {
			ascii = false
			break
		}
	}
	if ascii || !utf8.ValidString(password) {
		return password
	}
	var mapped []rune
	for _, r := range password {
		switch {
		case mappedToNothing(r):
		case nonASCIISpace(r):
			mapped = append(mapped, ' ')
		default:
			mapped = append(mapped, r)
		}
	}
	out := norm.NFKC.String(string(mapped))
	if out == "" || prohibited(out) || mixedDirections(out) {
		return password
	}
	return out
}

// mappedToNothing is table B.1 of RFC 3454.
func mappedToNothing(r rune) bool {
	switch {
	case r == 0xad, r == 0x34f, r == 0x1806, 0x180b <= r && r <= 0x180d, 0x200b <= r && r <= 0x200d, r == 0x2060,
		0xfe00 <= r && r <= 0xfe0f, r == 0xfeff:
		return true
	}
	return false
}

// nonASCIISpace is table C.1.2. (U+200B is in both tables; B.1 comes first.)
func nonASCIISpace(r rune) bool {
	switch {
	case r == 0xa0, r == 0x1680, 0x2000 <= r && r <= 0x200a, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}

// prohibited covers tables C.1.2 to C.9.
func prohibited(s string) bool {
	for _, r := range s {
		switch {
		case nonASCIISpace(r), unicode.Is(unicode.Cc, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r),
			r == 0x6dd, r == 0x70f, r == 0x180e, r == 0x2028, r == 0x2029, 0x200c <= r && r <= 0x200f,
			0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x2063, 0x206a <= r && r <= 0x206f, r == 0x340, r == 0x341,
			0xfff9 <= r && r <= 0xfffd, 0x2ff0 <= r && r <= 0x2ffb, 0x1d173 <= r && r <= 0x1d17a,
			0xfdd0 <= r && r <= 0xfdef, r&0xfffe == 0xfffe, r == 0xe0001, 0xe0020 <= r && r <= 0xe007f:
			return true
		}
	}
	return false
}

// mixedDirections is the bidirectional rule of RFC 3454 section 6, with scripts standing in for table D.1.
func mixedDirections(s string) bool {
	rtl := func(r rune) bool {
		return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana) && unicode.IsLetter(r)
	}
	var anyRTL, anyLTR bool
	for _, r := range s {
		switch {
		case rtl(r):
			anyRTL = true
		case unicode.IsLetter(r):
			anyLTR = true
		}
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return anyRTL && (anyLTR || !rtl(first) || !rtl(last))
}
