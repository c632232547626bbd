package network

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/types"
)

// abbreviated prints a cidr with its network's octets or words only: "10.1/16".
func abbreviated(v types.InetVal) string {
	b := masked(v, keepNetwork).AsSlice()
	suffix := "/" + strconv.Itoa(v.Bits)
	if v.Addr.Is4() {
		parts := []string{}
		for _, octet := range b[:(v.Bits+7)/8] {
			parts = append(parts, strconv.Itoa(int(octet)))
		}
		if len(parts) == 0 {
			parts = []string{"0"}
		}
		return strings.Join(parts, ".") + suffix
	}
	if v.Bits == 0 {
		return "::" + suffix
	}
	return abbreviated6(b, v.Bits) + suffix
}

// abbreviated6 shortens the longest run of zero words among those that are shown, which are at least two.
func abbreviated6(b []byte, bits int) string {
	words := max((bits+15)/16, 2)
	from, length := zeroRun(b, words)
	ipv4 := length != words && from == 0 && (length == 6 || length == 5 && b[10] == 0xff && b[11] == 0xff || length == 7 && b[14] != 0 && b[15] != 1)
	var out []byte
	for p := range words {
		switch {
		case length != 0 && p >= from && p < from+length:
			if p == from {
				out = append(out, ':')
			}
			if p == words-1 {
				out = append(out, ':')
			}
		case ipv4 && p > 5:
			sep := byte(':')
			if p == 7 {
				sep = '.'
			}
			out = strconv.AppendInt(append(out, sep), int64(b[2*p]), 10)
			if p != 7 || bits > 120 {
				out = strconv.AppendInt(append(out, '.'), int64(b[2*p+1]), 10)
			}
		default:
			if len(out) > 0 {
				out = append(out, ':')
			}
			out = strconv.AppendInt(out, int64(b[2*p])<<8|int64(b[2*p+1]), 16)
		}
	}
	return string(out)
}

// zeroRun is the longest run of zero words as PostgreSQL finds it: a run that is not longer than the longest one before
// it goes on counting in the next.
func zeroRun(b []byte, words int) (from, length int) {
	start, n := 0, 0
	for i := range words {
		if b[2*i]|b[2*i+1] == 0 {
			if n == 0 {
				start = i
			}
			n++
		} else if n > length {
			from, length, n = start, n, 0
		}
	}
	if n > length {
		from, length = start, n
	}
	return from, length
}
