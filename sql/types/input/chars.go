package input

import (
	"math"
	"strings"
	"unsafe"
)

// Atoi reads as far as there are digits, in the range of an int32.
func Atoi(s string) int {
	v := 0
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	for i := 0; i < len(s) && IsDigit(s[i]) && v < math.MaxInt32; i++ {
		v = v*10 + int(s[i]-'0')
	}
	if neg {
		return max(-v, math.MinInt32)
	}
	return min(v, math.MaxInt32)
}

// IsSpace is C's isspace, which PostgreSQL's input functions skip.
func IsSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// TrimSpace cuts what IsSpace takes from both ends.
func TrimSpace(s string) string { return TrimRight(TrimLeft(s)) }

// TrimLeft cuts it from the left.
func TrimLeft(s string) string {
	for len(s) > 0 && IsSpace(s[0]) {
		s = s[1:]
	}
	return s
}

// TrimRight cuts it from the right.
func TrimRight(s string) string {
	for len(s) > 0 && IsSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// IsDigit is 0 to 9.
func IsDigit(c byte) bool { return c >= '0' && c <= '9' }

// IsAlpha is an ASCII letter.
func IsAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// IsAlnum is an ASCII letter or digit.
func IsAlnum(c byte) bool { return IsDigit(c) || IsAlpha(c) }

// Unhex is a hexadecimal digit's value.
func Unhex(c byte) (byte, bool) {
	switch {
	case IsDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// SkipSign is where the number behind an optional sign starts: 0 or 1.
func SkipSign(s string) int {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return 1
	}
	return 0
}

// AllDigits reports that nothing but digits is in s, which may be empty.
func AllDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !IsDigit(s[i]) {
			return false
		}
	}
	return true
}

// String is b as a string without a copy: b must not change while it is in use.
func String(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// CharOffset is the byte offset of the n-th character, or len(s).
func CharOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// Skip is the first position from i on whose byte is not in.
func Skip(s string, i int, in func(byte) bool) int {
	for i < len(s) && in(s[i]) {
		i++
	}
	return i
}
