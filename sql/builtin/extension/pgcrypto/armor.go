package pgcrypto

import (
	"encoding/base64"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

const (
	armorBegin = "-----BEGIN PGP MESSAGE-----\n"
	armorEnd   = "\n-----END PGP MESSAGE-----\n"
	armorWidth = 76
)

// crc24 is OpenPGP's checksum (RFC 4880, 6.1).
func crc24(data []byte) uint32 {
	crc := uint32(0xb704ce)
	for _, b := range data {
		crc ^= uint32(b) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return crc & 0xffffff
}

func armorFn(_ *call.Call, a []types.Datum) (types.Datum, error) {
	headers := ""
	if len(a) > 1 {
		var err error
		if headers, err = armorHeaderText(tuple.Array(a[1].Bytes()), tuple.Array(a[2].Bytes())); err != nil {
			return types.Null, err
		}
	}
	data := a[0].Bytes()
	var b strings.Builder
	b.WriteString(armorBegin + headers + "\n")
	for body := base64.StdEncoding.EncodeToString(data); body != ""; {
		n := min(len(body), armorWidth)
		b.WriteString(body[:n] + "\n")
		body = body[n:]
	}
	sum := crc24(data)
	b.WriteString("=" + base64.StdEncoding.EncodeToString([]byte{byte(sum >> 16), byte(sum >> 8), byte(sum)}) + armorEnd)
	return call.Text(b.String())
}

func armorHeaderText(keys, values tuple.Array) (string, error) {
	if keys.NumDims() > 1 || values.NumDims() > 1 {
		return "", pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts")
	}
	if keys.Len() != values.Len() {
		return "", pgerr.New(pgerr.ArraySubscriptError, "mismatched array dimensions")
	}
	var b strings.Builder
	for i := range keys.Len() {
		for _, v := range []struct {
			val  types.Datum
			what string
		}{{keys.Elem(i), "key"}, {values.Elem(i), "value"}} {
			if v.val.IsNull() {
				return "", pgerr.New(pgerr.NullValueNotAllowed, "null value not allowed for header %s", v.what)
			}
			s := v.val.Str()
			bad := ""
			switch {
			case strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }):
				bad = "non-ASCII characters"
			case v.what == "key" && strings.Contains(s, ": "):
				bad = "\": \""
			case strings.Contains(s, "\n"):
				bad = "newlines"
			}
			if bad != "" {
				return "", pgerr.New(pgerr.InvalidParameterValue, "header %s must not contain %s", v.what, bad)
			}
		}
		b.WriteString(keys.Elem(i).Str() + ": " + values.Elem(i).Str() + "\n")
	}
	return b.String(), nil
}

func corruptArmor() error { return failed("Corrupt ascii-armor") }

// armored finds the parts of an armored text: the lines of its headers, and its body with the checksum.
func armored(s string) (headers []string, body string, err error) {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	mark := func(i int, word string) bool {
		return strings.HasPrefix(lines[i], "-----"+word+" ") && strings.HasSuffix(strings.TrimRight(lines[i], " \t"), "-----")
	}
	i := 0
	for i < len(lines) && !mark(i, "BEGIN") {
		i++
	}
	for i++; i < len(lines) && strings.TrimSpace(lines[i]) != ""; i++ {
		headers = append(headers, lines[i])
	}
	for i++; i < len(lines); i++ {
		if mark(i, "END") {
			return headers, body, nil
		}
		body += strings.TrimSpace(lines[i]) + "\n"
	}
	return nil, "", corruptArmor()
}

func dearmorFn(_ *call.Call, a []types.Datum) (types.Datum, error) {
	_, body, err := armored(a[0].Str())
	if err != nil {
		return types.Null, err
	}
	at := strings.LastIndex("\n"+body, "\n=")
	if at < 0 {
		return types.Null, corruptArmor()
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body[:at], "\n", ""))
	if err != nil {
		return types.Null, corruptArmor()
	}
	sum, err := base64.StdEncoding.DecodeString(strings.TrimSpace(body[at+1:]))
	if err != nil || len(sum) != 3 || crc24(data) != uint32(sum[0])<<16|uint32(sum[1])<<8|uint32(sum[2]) {
		return types.Null, corruptArmor()
	}
	return tuple.Bytes(data), nil
}

func armorHeaders(_ *call.Call, a []types.Datum) (call.Rows, error) {
	headers, _, err := armored(a[0].Str())
	if err != nil {
		return nil, err
	}
	var rows [][]types.Datum
	for _, h := range headers {
		key, value, ok := strings.Cut(h, ": ")
		if !ok {
			return nil, corruptArmor()
		}
		rows = append(rows, []types.Datum{tuple.String(key), tuple.String(value)})
	}
	return call.TableRows(rows), nil
}
