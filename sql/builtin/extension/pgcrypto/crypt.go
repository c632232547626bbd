package pgcrypto

import (
	"bytes"
	"crypto/md5"
	"strconv"
	"strings"

	//lint:ignore SA1019 bcrypt is made of it, and its package does not take a salt
	"golang.org/x/crypto/blowfish"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// cryptNull is the message for a salt of a known form that nothing can be made with.
const cryptNull = "crypt(3) returned NULL"

func badSalt() error { return pgerr.New(pgerr.InvalidParameterValue, "invalid salt") }

func cryptFn(_ *call.Call, a []types.Datum) (types.Datum, error) {
	out, err := crypt(a[0].Str(), a[1].Str())
	if err != nil {
		return types.Null, err
	}
	return call.Text(out)
}

// crypt hashes a password as the salt says.
func crypt(password, salt string) (string, error) {
	// PostgreSQL's are C's strings.
	if i := strings.IndexByte(password, 0); i >= 0 {
		password = password[:i]
	}
	switch {
	case strings.HasPrefix(salt, "$2a$"), strings.HasPrefix(salt, "$2x$"):
		return bcrypt(password, salt)
	case strings.HasPrefix(salt, "$2$"):
		return "", failed(cryptNull)
	case strings.HasPrefix(salt, "$1$"):
		return md5Crypt(password, salt), nil
	case strings.HasPrefix(salt, "_"):
		return extendedDES(password, salt)
	}
	return traditionalDES(password, salt)
}

const (
	itoa64       = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	bcryptDigits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// Rounds of bcrypt, as powers of 2.
const (
	minBcrypt = 4
	maxBcrypt = 31
)

// bcryptSalt is the length of a salt with its prefix: $2a$06$ and 22 digits.
const bcryptSalt = 29

func bcrypt(password, salt string) (string, error) {
	if len(salt) < bcryptSalt || salt[6] != '$' {
		return "", badSalt()
	}
	cost, err := strconv.Atoi(salt[4:6])
	if err != nil || cost < minBcrypt || cost > maxBcrypt {
		return "", badSalt()
	}
	raw := make([]byte, 0, 18)
	var bits, n uint
	for i := 7; i < bcryptSalt; i++ {
		d := strings.IndexByte(bcryptDigits, salt[i])
		if d < 0 {
			return "", badSalt()
		}
		bits, n = bits<<6|uint(d), n+6
		if n >= 8 {
			n -= 8
			raw = append(raw, byte(bits>>n))
		}
	}
	raw = raw[:16]
	key := bcryptKey(password, salt[2] == 'x')
	c, err := blowfish.NewSaltedCipher(key, raw)
	if err != nil {
		return "", badSalt()
	}
	for range 1 << cost {
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(raw, c)
	}
	block := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(block); i += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(block[i:], block[i:])
		}
	}
	last := strings.IndexByte(bcryptDigits, salt[bcryptSalt-1]) & 0x30 // the bits that count
	out := append([]byte(salt[:bcryptSalt-1]), bcryptDigits[last])
	return string(appendDigits(out, block[:23])), nil
}

// appendDigits writes bytes in bcrypt's base 64, without padding.
func appendDigits(dst, b []byte) []byte {
	var bits, n uint
	for _, c := range b {
		bits, n = bits<<8|uint(c), n+8
		for n >= 6 {
			n -= 6
			dst = append(dst, bcryptDigits[bits>>n&63])
		}
	}
	if n > 0 {
		dst = append(dst, bcryptDigits[bits<<(6-n)&63])
	}
	return dst
}

// bcryptKey are the 18 words that the password, with its final zero, gives over and over. signed: of $2x$, where bytes from 128 on
// overwrite what stands before them in their word, as an old mistake has it.
func bcryptKey(password string, signed bool) []byte {
	src := append([]byte(password), 0)
	out, at := make([]byte, 0, 72), 0
	for range 18 {
		var w uint32
		for range 4 {
			c := src[at%len(src)]
			at++
			if w <<= 8; signed {
				w |= uint32(int32(int8(c)))
			} else {
				w |= uint32(c)
			}
		}
		out = append(out, byte(w>>24), byte(w>>16), byte(w>>8), byte(w))
	}
	return out
}

// md5Crypt is FreeBSD's $1$ hash.
func md5Crypt(password, salt string) string {
	salt = strings.TrimPrefix(salt, "$1$")
	if i := strings.IndexByte(salt, '$'); i >= 0 {
		salt = salt[:i]
	}
	salt = salt[:min(len(salt), 8)]
	pw := []byte(password)
	sum := func(parts ...[]byte) []byte {
		h := md5.Sum(bytes.Join(parts, nil))
		return h[:]
	}
	inner := sum(pw, []byte(salt), pw)
	first := append(append([]byte(nil), pw...), "$1$"+salt...)
	for n := len(pw); n > 0; n -= 16 {
		first = append(first, inner[:min(n, 16)]...)
	}
	for n := len(pw); n > 0; n >>= 1 {
		if n&1 != 0 {
			first = append(first, 0)
		} else {
			first = append(first, password[0])
		}
	}
	h := sum(first)
	for i := range 1000 {
		var parts [][]byte
		if i&1 != 0 {
			parts = append(parts, pw)
		} else {
			parts = append(parts, h)
		}
		if i%3 != 0 {
			parts = append(parts, []byte(salt))
		}
		if i%7 != 0 {
			parts = append(parts, pw)
		}
		if i&1 != 0 {
			parts = append(parts, h)
		} else {
			parts = append(parts, pw)
		}
		h = sum(parts...)
	}
	out := []byte("$1$" + salt + "$")
	digits := func(v uint32, n int) {
		for range n {
			out = append(out, itoa64[v&63])
			v >>= 6
		}
	}
	for i := range 5 {
		last := i + 12
		if i == 4 {
			last = 5
		}
		digits(uint32(h[i])<<16|uint32(h[i+6])<<8|uint32(h[last]), 4)
	}
	digits(uint32(h[11]), 2)
	return string(out)
}

// genSalt makes a salt of a kind, with a number of rounds or 0 for the default.
func genSalt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	rounds := int64(0)
	if len(a) > 1 {
		rounds = a[1].Int()
	}
	bad := func(why string) (types.Datum, error) {
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "gen_salt: %s", why)
	}
	const badRounds = "Incorrect number of rounds"
	switch strings.ToLower(a[0].Str()) {
	case "des":
		if rounds != 0 && rounds != 25 {
			return bad(badRounds)
		}
		return call.Text(randomDigits(2))
	case "md5":
		if rounds != 0 && rounds != 1000 {
			return bad(badRounds)
		}
		return call.Text("$1$" + randomDigits(8))
	case "xdes":
		if rounds == 0 {
			rounds = 29 * 25
		}
		if rounds < 1 || rounds > 0xffffff || rounds&1 == 0 { // even numbers give weak keys away
			return bad(badRounds)
		}
		out := []byte{'_'}
		for n := rounds; len(out) < 5; n >>= 6 {
			out = append(out, itoa64[n&63])
		}
		return call.Text(string(out) + randomDigits(4))
	case "bf":
		if rounds == 0 {
			rounds = 6
		}
		if rounds < minBcrypt || rounds > maxBcrypt {
			return bad(badRounds)
		}
		out := []byte("$2a$" + strconv.FormatInt(100+rounds, 10)[1:] + "$")
		return call.Text(string(appendDigits(out, random(16))))
	}
	return bad("Unknown salt algorithm")
}

func randomDigits(n int) string {
	b := random(n)
	for i := range b {
		b[i] = itoa64[b[i]&63]
	}
	return string(b)
}
