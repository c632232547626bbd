package types

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// moneyCodec is money in the C locale: a dollar sign, commas between thousands, two decimals.
var moneyCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		u, neg := uint64(max(d.Int(), -d.Int())), d.Int() < 0
		if d.Int() == math.MinInt64 {
			u = 1 << 63
		}
		if neg {
			dst = append(dst, '-')
		}
		dst = append(dst, '$')
		var buf [24]byte
		whole := strconv.AppendUint(buf[:0], u/100, 10)
		for i, c := range whole {
			if i > 0 && (len(whole)-i)%3 == 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, c)
		}
		cents := byte(u % 100)
		return append(dst, '.', '0'+cents/10, '0'+cents%10)
	},
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) { return parseMoney(s) },
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		return binary.BigEndian.AppendUint64(dst, uint64(d.Int()))
	},
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 8); err != nil {
			return Null, err
		}
		return tuple.Int(int64(binary.BigEndian.Uint64(b))), nil
	},
}

func parseMoney(all string) (Datum, error) {
	s := input.TrimLeft(all)
	s = input.TrimLeft(strings.TrimPrefix(s, "$"))
	neg := false
	switch {
	case strings.HasPrefix(s, "-"):
		neg, s = true, s[1:]
	case strings.HasPrefix(s, "("):
		neg, s = true, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	s = input.TrimLeft(s)
	s = input.TrimLeft(strings.TrimPrefix(s, "$"))
	var u uint64
	decimals, point := 0, false
	i := 0
	over := false
	add := func(d uint64) {
		if u > (1<<63-d)/10 {
			over = true
			return
		}
		u = u*10 + d
	}
loop:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case input.IsDigit(c) && decimals < 2:
			add(uint64(c - '0'))
			if point {
				decimals++
			}
		case c == '.' && !point:
			point = true
		case c == ',':
		default:
			break loop
		}
	}
	up := i < len(s) && input.IsDigit(s[i]) && s[i] >= '5'
	for ; decimals < 2; decimals++ {
		add(0)
	}
	if up {
		over = over || u == 1<<63
		u++
	}
	if over {
		return Null, input.RangeError("money", all)
	}
	for i < len(s) && input.IsDigit(s[i]) {
		i++
	}
	for rest := s[i:]; rest != ""; rest = rest[1:] {
		switch {
		case input.IsSpace(rest[0]), rest[0] == ')':
		case rest[0] == '-':
			neg = true
		case rest[0] == '+', rest[0] == '$':
		default:
			return Null, input.SyntaxError("money", all)
		}
	}
	if !neg && u > math.MaxInt64 {
		return Null, input.RangeError("money", all)
	}
	if neg {
		u = -u
	}
	return tuple.Int(int64(u)), nil
}
