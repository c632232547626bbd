package pgcrypto

import (
	"bytes"
	"crypto/rsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/elgamal"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/input"
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
	cipher, s2kCipher    byte // s2kCipher may be noCipher: the same
	compress, level      int
	crlf, noMDC, sessKey bool
	s2kMode, s2kCount    int // s2kCount 0: none is given
	s2kDigest            string
	unicode              bool
	expect               facts
}

// facts are what a message says of how it is made, or is expected to say, by the option's name.
type facts map[string]int

// OpenPGP's numbers of what is used here (RFC 4880, 9.2 to 9.4).
var (
	cipherNumbers = map[string]byte{"3des": 2, "cast5": 3, "bf": 4, "blowfish": 4, "aes": 7, "aes128": 7, "aes192": 8, "aes256": 9, "twofish": 10}
	digestNumbers = map[string]byte{"md5": 1, "sha1": 2, "sha-1": 2, "ripemd160": 3, "sha256": 8, "sha384": 9, "sha512": 10}
)

// digestNames are those that hashes has.
var digestNames = map[byte]string{1: "md5", 2: "sha1", 3: "ripemd160", 8: "sha256", 9: "sha384", 10: "sha512"}

// noCipher is no cipher's number.
const noCipher = 0

const (
	compressNone = iota
	compressZIP
	compressZLIB
	compressBZIP2
)

// maxLevel is zlib's best compression.
const maxLevel = 9

func illegal() error        { return failed("Illegal argument to function") }
func badCipher() error      { return failed("Unsupported cipher algorithm") }
func badDigest() error      { return failed("Unsupported digest algorithm") }
func badCompression() error { return failed("Unsupported compression algorithm") }

const optionBlanks = " \t\n"

// optionWord takes the next word off: "=" and "," are words of their own.
func optionWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, optionBlanks)
	n := strings.IndexAny(s, optionBlanks+"=,")
	switch {
	case n < 0:
		n = len(s)
	case n == 0:
		n = 1
	}
	return s[:n], strings.TrimLeft(s[n:], optionBlanks)
}

// parseOptions reads "name=value, name=value".
func parseOptions(list string) (o options, err error) {
	o = options{cipher: cipherNumbers["aes128"], level: 6, s2kMode: 3, s2kDigest: "sha1", expect: facts{}}
	for rest := strings.ToLower(list); rest != ""; {
		var name, value string
		ok, last := false, false
		name, rest = optionWord(rest)
		if rest, ok = strings.CutPrefix(rest, "="); !ok || name == "" {
			return o, illegal()
		}
		value, rest = optionWord(rest)
		last = rest == ""
		if rest, ok = strings.CutPrefix(rest, ","); !ok && !last || value == "" {
			return o, illegal()
		}
		if err := o.set(name, value); err != nil {
			return o, err
		}
	}
	return o, nil
}

// number reads digits with a sign as far as they go, as C's atoi does; what is none is 0.
func number(s string) int {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || n == 0 && (s[0] == '-' || s[0] == '+')) {
		n++
	}
	v, err := strconv.Atoi(s[:n])
	if err != nil {
		return 0
	}
	return v
}

func (o *options) set(name, value string) error {
	if what, ok := strings.CutPrefix(name, "expect-"); ok {
		return o.setExpected(what, value)
	}
	n := number(value)
	within := func(to *int, lo, hi int) error {
		if n < lo || n > hi {
			return illegal()
		}
		*to = n
		return nil
	}
	switch name {
	case "cipher-algo", "s2k-cipher-algo":
		code := cipherNumbers[value]
		if code == noCipher {
			return badCipher()
		}
		if name == "cipher-algo" {
			o.cipher = code
		} else {
			o.s2kCipher = code
		}
	case "compress-algo":
		return within(&o.compress, compressNone, compressBZIP2)
	case "compress-level":
		return within(&o.level, 0, maxLevel)
	case "convert-crlf":
		o.crlf = n != 0
	case "disable-mdc":
		o.noMDC = n != 0
	case "sess-key":
		o.sessKey = n != 0
	case "unicode-mode":
		o.unicode = n != 0
	case "s2k-mode":
		if n == 2 {
			return illegal()
		}
		return within(&o.s2kMode, 0, 3)
	case "s2k-count":
		if o.s2kMode != 3 {
			return illegal()
		}
		return within(&o.s2kCount, 1024, 65011712)
	case "s2k-digest-algo":
		if digestNumbers[value] == 0 {
			return badDigest()
		}
		o.s2kDigest = digestNames[digestNumbers[value]]
	case "debug": // asks for notices about the work, of which there are none
	default:
		return illegal()
	}
	return nil
}

// setExpected is an option that only tests have: decryption gives a notice where the message says something else.
func (o *options) setExpected(what, value string) error {
	switch what {
	case "cipher-algo", "s2k-cipher-algo":
		o.expect[what] = int(cipherNumbers[value])
	case "s2k-digest-algo":
		o.expect[what] = int(digestNumbers[value])
	case "disable-mdc", "sess-key", "s2k-mode", "s2k-count", "compress-algo", "unicode-mode":
		o.expect[what] = number(value)
	default:
		return illegal()
	}
	return nil
}

// expectable are what is compared, in the order of the notices, with PostgreSQL's names.
var expectable = [][2]string{{"cipher-algo", "cipher_algo"}, {"s2k-mode", "s2k_mode"}, {"s2k-count", "s2k_count"}, {"s2k-digest-algo", "s2k_digest_algo"},
	{"sess-key", "use_sess_key"}, {"s2k-cipher-algo", "s2k_cipher_algo"}, {"disable-mdc", "disable_mdc"}, {"compress-algo", "compress_algo"},
	{"unicode-mode", "unicode_mode"}}

// compare gives notice of what a message says and is not expected to say.
func (o *options) compare(says facts, env *types.Env) {
	for _, e := range expectable {
		want, ok := o.expect[e[0]]
		if got := says[e[0]]; ok && got != want && env != nil && env.Notice != nil && !(e[0] == "s2k-cipher-algo" && says["sess-key"] == 0) {
			env.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.SuccessfulCompletion, "pgp_decrypt: unexpected %s: expected %d got %d", e[1], want, got))
		}
	}
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
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
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
				says := facts{}
				defer func() { o.compare(says, c.Env) }()
				cipher, key, err := passwordKey(p.body, a[1].Bytes(), &says)
				if err != nil {
					return types.Null, err
				}
				return opened(packets, cipher, key, text, &o, says)
			}
		}
		return types.Null, corrupt()
	}
}

// opened decrypts the data of a message, and gives its literal.
func opened(packets []pgpPacket, cipher byte, key []byte, text bool, o *options, says facts) (types.Datum, error) {
	kind, data, err := decryptMessage(packets, cipher, key, says)
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
	return tuple.Bytes(data), input.CheckUTF8(string(data))
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
	packets, err := readPackets(data)
	if err != nil {
		return r, err
	}
	main := false
	for _, raw := range packets {
		switch raw.tag {
		case tagSecretKey, tagPublicKey:
			if main {
				return r, failed("Several keys given - pgcrypto does not handle keyring")
			}
			main = true
		case tagSecretSubkey, tagPublicSubkey:
		case tagSignature, tagMarker, tagTrust, tagUserID, tagUserAttribute, tagPrivate:
			continue
		default:
			return r, failed("Unexpected packet in key data")
		}
		p, err := packet.Read(bytes.NewReader(appendPacket(nil, raw.tag, raw.body)))
		if err != nil {
			return r, failed("Corrupt key packet")
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

// encryptionKey is the only subkey that encrypts. The main key signs.
func (r ring) encryptionKey() (k *packet.PublicKey, err error) {
	for _, p := range r.public {
		switch {
		case !p.IsSubkey || !canEncrypt(p):
		case k != nil:
			return nil, failed("Several subkeys not supported")
		default:
			k = p
		}
	}
	if k == nil {
		return nil, failed("No encryption key found")
	}
	return k, nil
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
		to, err := r.encryptionKey()
		if err != nil {
			return types.Null, err
		}
		if keySizes[o.cipher] == 0 {
			return types.Null, badCipher()
		}
		if pub, ok := to.PublicKey.(*rsa.PublicKey); ok && pub.Size() < minRSA {
			return types.Null, smallRSA()
		}
		key := random(keySizes[o.cipher])
		var msg bytes.Buffer
		if err := packet.SerializeEncryptedKey(&msg, to, packet.CipherFunction(o.cipher), key, nil); err != nil {
			return types.Null, failed("%s", err.Error())
		}
		out, err := appendEncrypted(msg.Bytes(), literal(a[0].Bytes(), text, &o), key, &o)
		return tuple.Bytes(out), err
	}
}

func pubDecrypt(text bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
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
		says := facts{"cipher-algo": int(cipher), "s2k-mode": 3, "s2k-count": -1, "s2k-digest-algo": int(digestNumbers["sha1"])} // PostgreSQL shows its defaults
		defer func() { o.compare(says, c.Env) }()
		return opened(packets, cipher, key, text, &o, says)
	}
}

// privateKey is the subkey that decrypts, opened with its password.
func (r ring) privateKey(password []byte) (*packet.PrivateKey, error) {
	to, err := r.encryptionKey()
	if err != nil {
		return nil, err
	}
	for _, k := range r.private {
		if &k.PublicKey != to {
			continue
		}
		if k.Encrypted {
			if password == nil {
				return nil, failed("Need password for secret key")
			}
			if err := k.Decrypt(password); err != nil {
				return nil, corrupt()
			}
		}
		return k, nil
	}
	return nil, failed("No encryption key found")
}

// minRSA is the length in bytes of the shortest RSA key that crypto/rsa takes.
const minRSA = 128

func smallRSA() error { return pgerr.Unsupported("an RSA key of less than 1024 bits") }

func wrongKey() error { return failed("Wrong key") }

// maxKey is the length in bytes of the longest key of a cipher.
const maxKey = 32

// sessionKey decrypts the key of a message that is for the ring's subkey (RFC 4880, 5.1).
func (r ring) sessionKey(packets []pgpPacket, password []byte) (cipher byte, key []byte, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = corrupt()
		}
	}()
	k, err := r.privateKey(password)
	if err != nil {
		return 0, nil, err
	}
	for _, p := range packets {
		if p.tag != tagSessionKey {
			continue
		}
		if len(p.body) < 10 || p.body[0] != 3 {
			return 0, nil, corrupt()
		}
		if to := binary.BigEndian.Uint64(p.body[1:]); to != 0 && to != k.KeyId {
			return 0, nil, wrongKey()
		}
		plain, err := decryptWith(k, packet.PublicKeyAlgorithm(p.body[9]), p.body[10:])
		if err != nil {
			return 0, nil, err
		}
		return openKey(plain)
	}
	return 0, nil, corrupt()
}

// decryptWith decrypts what a public key has encrypted, its padding taken off.
func decryptWith(k *packet.PrivateKey, algo packet.PublicKeyAlgorithm, body []byte) (plain []byte, err error) {
	first, rest, err := mpi(body)
	if err != nil {
		return nil, err
	}
	switch priv := k.PrivateKey.(type) {
	case *rsa.PrivateKey:
		if algo != packet.PubKeyAlgoRSA && algo != packet.PubKeyAlgoRSAEncryptOnly {
			return nil, wrongKey()
		}
		size := priv.Size()
		switch {
		case size < minRSA:
			return nil, smallRSA()
		case len(first) > size:
			return nil, wrongKey()
		}
		//lint:ignore SA1019 RFC 4880 knows no other padding
		plain, err = rsa.DecryptPKCS1v15(nil, priv, append(make([]byte, size-len(first)), first...))
	case *elgamal.PrivateKey:
		if algo != packet.PubKeyAlgoElGamal {
			return nil, wrongKey()
		}
		var second []byte
		if second, rest, err = mpi(rest); err != nil {
			return nil, err
		}
		plain, err = elgamal.Decrypt(priv, new(big.Int).SetBytes(first), new(big.Int).SetBytes(second))
	default:
		return nil, failed("Unknown public-key encryption algorithm")
	}
	switch {
	case err != nil:
		return nil, wrongKey()
	case len(rest) > 0:
		return nil, corrupt()
	}
	return plain, nil
}

// mpi reads a number that starts with its length in bits (RFC 4880, 3.2).
func mpi(b []byte) (n, rest []byte, err error) {
	if len(b) < 2 {
		return nil, nil, corrupt()
	}
	size := (int(binary.BigEndian.Uint16(b)) + 7) / 8
	if len(b) < 2+size {
		return nil, nil, corrupt()
	}
	return b[2 : 2+size], b[2+size:], nil
}

// openKey takes a session key apart: the cipher, the key, the sum of its bytes.
func openKey(plain []byte) (cipher byte, key []byte, err error) {
	if len(plain) < 3 {
		return 0, nil, wrongKey()
	}
	key = plain[1 : len(plain)-2]
	var sum uint16
	for _, b := range key {
		sum += uint16(b)
	}
	switch {
	case sum != binary.BigEndian.Uint16(plain[len(plain)-2:]):
		return 0, nil, wrongKey()
	case len(key) > maxKey:
		return 0, nil, failed("Session key too big")
	}
	return plain[0], key, nil
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
	k, err := r.encryptionKey()
	if err != nil {
		return types.Null, err
	}
	return call.Text(fmt.Sprintf("%016X", k.KeyId))
}
