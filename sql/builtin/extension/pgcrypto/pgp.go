package pgcrypto

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func pgpFns() call.Fns {
	out := call.Fns{"pgp_key_id_w": keyID}
	for _, text := range []bool{true, false} {
		kind := map[bool]string{true: "text", false: "bytea"}[text]
		out["pgp_sym_encrypt_"+kind] = symEncrypt(text)
		out["pgp_sym_decrypt_"+kind] = symDecrypt(text)
		out["pgp_pub_encrypt_"+kind] = pubEncrypt(text)
		out["pgp_pub_decrypt_"+kind] = pubDecrypt(text)
	}
	return out
}

// options of the pgp_ functions (manual: F.28.3.7).
type options struct {
	cipher, s2kCipher    byte
	compress, level      int
	crlf, noMDC, sessKey bool
	s2kMode, s2kCount    int
	s2kDigest            string
	unicode              bool
}

// OpenPGP's numbers of what is used here (RFC 4880, 9.2 to 9.4).
var (
	cipherNumbers = map[string]byte{"3des": 2, "cast5": 3, "aes": 7, "aes128": 7, "aes192": 8, "aes256": 9}
	digestNumbers = map[string]byte{"md5": 1, "sha1": 2, "sha256": 8, "sha384": 9, "sha512": 10, "sha224": 11}
)

const (
	compressNone = iota
	compressZIP
	compressZLIB
)

// maxLevel is zlib's best compression.
const maxLevel = 9

func illegal() error { return failed("Illegal argument to function") }

// parseOptions reads "name=value, name=value".
func parseOptions(list string) (o options, err error) {
	o = options{cipher: cipherNumbers["aes128"], level: 6, s2kMode: 3, s2kCount: 65536, s2kDigest: "sha1"}
	for _, f := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' }) {
		name, value, ok := strings.Cut(strings.ToLower(f), "=")
		if !ok {
			return o, illegal()
		}
		if err := o.set(name, value); err != nil {
			return o, err
		}
	}
	if o.s2kCipher == 0 {
		o.s2kCipher = o.cipher
	}
	return o, nil
}

func (o *options) set(name, value string) error {
	number := func(lo, hi int) (int, error) {
		n, err := strconv.Atoi(value)
		if err != nil || n < lo || n > hi {
			return 0, illegal()
		}
		return n, nil
	}
	flag := func(to *bool) error {
		n, err := number(0, 1)
		*to = n != 0
		return err
	}
	code := func(to *byte) error {
		if value == "bf" || value == "blowfish" || value == "twofish" {
			return pgerr.Unsupported("cipher algorithm " + value + " in OpenPGP messages")
		}
		if *to = cipherNumbers[value]; *to == 0 {
			return failed("Unsupported cipher algorithm")
		}
		return nil
	}
	var err error
	switch name {
	case "cipher-algo":
		return code(&o.cipher)
	case "s2k-cipher-algo":
		return code(&o.s2kCipher)
	case "compress-algo":
		o.compress, err = number(compressNone, compressZLIB)
	case "compress-level":
		o.level, err = number(0, maxLevel)
	case "convert-crlf":
		return flag(&o.crlf)
	case "disable-mdc":
		return flag(&o.noMDC)
	case "sess-key":
		return flag(&o.sessKey)
	case "unicode-mode":
		return flag(&o.unicode)
	case "s2k-mode":
		if o.s2kMode, err = number(0, 3); err == nil && o.s2kMode == 2 {
			err = failed("Bad S2K mode")
		}
	case "s2k-count":
		o.s2kCount, err = number(1024, 65011712)
	case "s2k-digest-algo":
		if digestNumbers[value] == 0 {
			return failed("Unsupported digest algorithm")
		}
		o.s2kDigest = value
	default:
		return illegal()
	}
	return err
}

func optionsAt(a []types.Datum, i int) (options, error) {
	if i < len(a) {
		return parseOptions(a[i].Str())
	}
	return parseOptions("")
}

// literal wraps data as OpenPGP's literal data: b, t or u.
func literal(data []byte, text bool, o *options) []byte {
	kind := byte('b')
	if text {
		kind = 't'
		if o.unicode {
			kind = 'u'
		}
		if o.crlf {
			data = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
		}
	}
	now := uint32(time.Now().Unix())
	head := []byte{kind, 0, byte(now >> 24), byte(now >> 16), byte(now >> 8), byte(now)}
	return appendPacket(nil, tagLiteral, append(head, data...))
}

func symEncrypt(text bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		o, err := optionsAt(a, 2)
		if err != nil {
			return types.Null, err
		}
		msg, key, err := passwordPacket(a[1].Bytes(), &o)
		if err != nil {
			return types.Null, err
		}
		msg, err = appendEncrypted(msg, literal(a[0].Bytes(), text, &o), key, &o)
		return tuple.Bytes(msg), err
	}
}

func symDecrypt(text bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		o, err := optionsAt(a, 2)
		if err != nil {
			return types.Null, err
		}
		packets, err := readPackets(a[0].Bytes())
		if err != nil {
			return types.Null, err
		}
		for _, p := range packets {
			if p.tag == tagPassword {
				cipher, key, err := passwordKey(p.body, a[1].Bytes())
				if err != nil {
					return types.Null, err
				}
				return opened(packets, cipher, key, text, &o)
			}
		}
		return types.Null, corrupt()
	}
}

// opened decrypts the data of a message, and gives its literal.
func opened(packets []pgpPacket, cipher byte, key []byte, text bool, o *options) (types.Datum, error) {
	kind, data, err := decryptMessage(packets, cipher, key)
	if err != nil {
		return types.Null, err
	}
	if !text {
		return tuple.Bytes(data), nil
	}
	if kind != 't' && kind != 'u' {
		return types.Null, failed("Not text data")
	}
	if o.crlf {
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	if !utf8.Valid(data) {
		return types.Null, pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
	}
	return tuple.Bytes(data), nil
}

// ring is a key with its subkeys.
type ring struct {
	public  []*packet.PublicKey // the main key first
	private []*packet.PrivateKey
}

func readRing(data []byte) (r ring, err error) {
	// A damaged key must not end the server.
	defer func() {
		if e := recover(); e != nil {
			err = failed("Corrupt key packet")
		}
	}()
	in := bytes.NewReader(data)
	for in.Len() > 0 {
		p, err := packet.Read(in)
		if err != nil {
			return r, corrupt()
		}
		switch k := p.(type) {
		case *packet.PublicKey:
			r.public = append(r.public, k)
		case *packet.PrivateKey:
			r.private = append(r.private, k)
			r.public = append(r.public, &k.PublicKey)
		}
	}
	return r, nil
}

func canEncrypt(k *packet.PublicKey) bool {
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSAEncryptOnly, packet.PubKeyAlgoElGamal:
		return true
	}
	return false
}

// encryptionKey is the place of the key that encrypts: a subkey before the main one; -1 for none.
func (r ring) encryptionKey() int {
	for _, sub := range []bool{true, false} {
		for i, k := range r.public {
			if (i > 0) == sub && canEncrypt(k) {
				return i
			}
		}
	}
	return -1
}

func pubEncrypt(text bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		o, err := optionsAt(a, 2)
		if err != nil {
			return types.Null, err
		}
		r, err := readRing(a[1].Bytes())
		if err != nil {
			return types.Null, err
		}
		if len(r.private) > 0 {
			return types.Null, failed("Refusing to encrypt with secret key")
		}
		i := r.encryptionKey()
		if i < 0 {
			return types.Null, failed("No encryption key found")
		}
		key := random(packet.CipherFunction(o.cipher).KeySize())
		var msg bytes.Buffer
		if err := packet.SerializeEncryptedKey(&msg, r.public[i], packet.CipherFunction(o.cipher), key, nil); err != nil {
			return types.Null, failed("%s", err.Error())
		}
		out, err := appendEncrypted(msg.Bytes(), literal(a[0].Bytes(), text, &o), key, &o)
		return tuple.Bytes(out), err
	}
}

func pubDecrypt(text bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		o, err := optionsAt(a, 3)
		if err != nil {
			return types.Null, err
		}
		r, err := readRing(a[1].Bytes())
		if err != nil {
			return types.Null, err
		}
		if len(r.private) == 0 {
			return types.Null, failed("Cannot decrypt with public key")
		}
		packets, err := readPackets(a[0].Bytes())
		if err != nil {
			return types.Null, err
		}
		password := []byte(nil)
		if len(a) > 2 {
			password = a[2].Bytes()
		}
		cipher, key, err := r.sessionKey(packets, password)
		if err != nil {
			return types.Null, err
		}
		return opened(packets, cipher, key, text, &o)
	}
}

// sessionKey decrypts the key of a message that is for one of the ring's.
func (r ring) sessionKey(packets []pgpPacket, password []byte) (cipher byte, key []byte, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = corrupt()
		}
	}()
	seen := false
	for _, p := range packets {
		if p.tag != tagSessionKey {
			continue
		}
		seen = true
		parsed, err := packet.Read(bytes.NewReader(appendPacket(nil, p.tag, p.body)))
		ek, ok := parsed.(*packet.EncryptedKey)
		if err != nil || !ok {
			return 0, nil, corrupt()
		}
		for _, k := range r.private {
			if ek.KeyId != 0 && ek.KeyId != k.KeyId || !canEncrypt(&k.PublicKey) {
				continue
			}
			if k.Encrypted {
				if password == nil {
					return 0, nil, failed("Need password for secret key")
				}
				if err := k.Decrypt(password); err != nil {
					return 0, nil, corrupt()
				}
			}
			if err := ek.Decrypt(k, nil); err != nil {
				return 0, nil, corrupt()
			}
			return byte(ek.CipherFunc), ek.Key, nil
		}
	}
	if seen {
		return 0, nil, failed("Wrong key")
	}
	return 0, nil, corrupt()
}

// keyID is pgp_key_id: of a key's encryption key, or of the one that a message is for.
func keyID(_ *call.Call, a []types.Datum) (types.Datum, error) {
	packets, err := readPackets(a[0].Bytes())
	if err != nil {
		return types.Null, err
	}
	for _, p := range packets {
		switch {
		case p.tag == tagPassword:
			return call.Text("SYMKEY")
		case p.tag == tagSessionKey && len(p.body) >= 9:
			if id := fmt.Sprintf("%X", p.body[1:9]); id != "0000000000000000" {
				return call.Text(id)
			}
			return call.Text("ANYKEY")
		}
	}
	r, err := readRing(a[0].Bytes())
	if err != nil {
		return types.Null, err
	}
	i := r.encryptionKey()
	if i < 0 {
		return types.Null, failed("No encryption key found")
	}
	return call.Text(fmt.Sprintf("%016X", r.public[i].KeyId))
}
