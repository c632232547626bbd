package pgcrypto

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"
	//lint:ignore SA1019 OpenPGP messages may use it
	"golang.org/x/crypto/blowfish"
	//lint:ignore SA1019 OpenPGP messages may use it
	"golang.org/x/crypto/cast5"
)

// Packets of OpenPGP (RFC 4880, 4.3).
const (
	tagSessionKey    = 1
	tagSignature     = 2
	tagPassword      = 3
	tagSecretKey     = 5
	tagPublicKey     = 6
	tagSecretSubkey  = 7
	tagCompressed    = 8
	tagEncrypted     = 9
	tagMarker        = 10
	tagLiteral       = 11
	tagTrust         = 12
	tagUserID        = 13
	tagPublicSubkey  = 14
	tagUserAttribute = 17
	tagProtected     = 18
	tagPrivate       = 61
	versionPassword  = 4
)

func corrupt() error { return failed("Wrong key or corrupt data") }

type pgpPacket struct {
	tag  byte
	body []byte
}

// appendPacket writes a packet with a header of the new form.
func appendPacket(dst []byte, tag byte, body []byte) []byte {
	dst = append(dst, 0xc0|tag, 0xff)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	return append(dst, body...)
}

// readPackets takes a message apart. Parts of a packet that came in pieces are put together.
func readPackets(data []byte) (out []pgpPacket, err error) {
	for len(data) > 0 {
		if data[0]&0x80 == 0 {
			return nil, corrupt()
		}
		var p pgpPacket
		if data[0]&0x40 != 0 {
			p.tag = data[0] & 0x3f
			p.body, data, err = newBody(data[1:])
		} else {
			p.tag = data[0] >> 2 & 0xf
			p.body, data, err = oldBody(data[0]&3, data[1:])
		}
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if out == nil {
		return nil, corrupt()
	}
	return out, nil
}

func newBody(data []byte) (body, rest []byte, err error) {
	for {
		n, head, last := 0, 1, true
		switch {
		case len(data) > 0 && data[0] < 192:
			n = int(data[0])
		case len(data) > 1 && data[0] < 224:
			n, head = (int(data[0])-192)<<8+int(data[1])+192, 2
		case len(data) > 4 && data[0] == 255:
			n, head = int(binary.BigEndian.Uint32(data[1:])), 5
		case len(data) > 0 && data[0] >= 224 && data[0] < 255:
			n, last = 1<<(data[0]&0x1f), false
		default:
			return nil, nil, corrupt()
		}
		if n > len(data)-head {
			return nil, nil, corrupt()
		}
		body, data = append(body, data[head:head+n]...), data[head+n:]
		if last {
			return body, data, nil
		}
	}
}

func oldBody(form byte, data []byte) (body, rest []byte, err error) {
	if form == 3 { // up to the end
		return data, nil, nil
	}
	head := 1 << form
	if len(data) < head {
		return nil, nil, corrupt()
	}
	n := 0
	for _, b := range data[:head] {
		n = n<<8 | int(b)
	}
	if n > len(data)-head {
		return nil, nil, corrupt()
	}
	return data[head : head+n], data[head+n:], nil
}

// keySizes are the lengths in bytes of the keys of OpenPGP's ciphers, by number (RFC 4880, 9.2).
var keySizes = map[byte]int{2: 24, 3: 16, 4: 16, 7: 16, 8: 24, 9: 32}

func blockOf(number byte, key []byte) (cipher.Block, error) {
	if len(key) != keySizes[number] || len(key) == 0 {
		return nil, corrupt()
	}
	switch number {
	case 2:
		return des.NewTripleDESCipher(key)
	case 3:
		return cast5.NewCipher(key)
	case 4:
		return blowfish.NewCipher(key)
	}
	return aes.NewCipher(key)
}

// passwordPacket makes the packet that says how the password becomes the key, and the key of the message.
func passwordPacket(password []byte, o *options) (msg, key []byte, err error) {
	if len(password) == 0 {
		return nil, nil, illegal()
	}
	if o.s2kCipher == noCipher {
		o.s2kCipher = o.cipher
	}
	if keySizes[o.s2kCipher] == 0 || keySizes[o.cipher] == 0 {
		return nil, nil, badCipher()
	}
	body := []byte{versionPassword, o.s2kCipher, byte(o.s2kMode), digestNumbers[o.s2kDigest]}
	derived := make([]byte, keySizes[o.s2kCipher])
	h := hashes[o.s2kDigest]()
	switch o.s2kMode {
	case 0:
		s2k.Simple(derived, h, password)
	case 1:
		salt := random(8)
		body = append(body, salt...)
		s2k.Salted(derived, h, password, salt)
	default:
		salt := random(8)
		code := byte(0)
		if o.s2kCount == 0 {
			code = leastIterations + random(1)[0]&31
		}
		for code < 255 && iterations(code) < o.s2kCount {
			code++
		}
		body = append(append(body, salt...), code)
		s2k.Iterated(derived, h, password, salt, iterations(code))
	}
	key = derived
	if o.sessKey {
		key = random(keySizes[o.cipher])
		b, err := blockOf(o.s2kCipher, derived)
		if err != nil {
			return nil, nil, err
		}
		body = append(body, cfb(b, append([]byte{o.cipher}, key...), true)...)
	} else {
		o.cipher = o.s2kCipher
	}
	return appendPacket(nil, tagPassword, body), key, nil
}

// leastIterations is the code of 65536: what is used if no count is given lies between it and 253952.
const leastIterations = 96

// iterations decodes how many bytes are hashed (RFC 4880, 3.7.1.3).
func iterations(code byte) int { return (16 + int(code&15)) << (code>>4 + 6) }

// passwordKey reads such a packet, and notes what it says.
func passwordKey(body, password []byte, says *facts) (number byte, key []byte, err error) {
	if len(password) == 0 {
		return 0, nil, illegal()
	}
	if len(body) < 4 || body[0] != versionPassword {
		return 0, nil, corrupt()
	}
	number = body[1]
	*says = facts{"cipher-algo": int(number), "s2k-cipher-algo": int(number), "s2k-mode": int(body[2]), "s2k-digest-algo": int(body[3]), "sess-key": 0}
	if len(body) > 12 && body[2] == 3 {
		(*says)["s2k-count"] = iterations(body[12])
	}
	size := keySizes[number]
	if size == 0 {
		return 0, nil, badCipher()
	}
	key = make([]byte, size)
	rest, err := derive(key, body[2:], password)
	if err != nil || len(rest) == 0 {
		return number, key, err
	}
	b, err := blockOf(number, key)
	if err != nil {
		return 0, nil, err
	}
	plain := cfb(b, rest, false)
	(*says)["sess-key"], (*says)["cipher-algo"] = 1, int(plain[0])
	return plain[0], plain[1:], nil
}

// derive makes a key of a password as a specifier says (RFC 4880, 3.7), and returns what follows the specifier.
func derive(key, spec, password []byte) (rest []byte, err error) {
	if len(spec) < 2 {
		return nil, corrupt()
	}
	mode, digest, spec := spec[0], spec[1], spec[2:]
	name, ok := digestNames[digest]
	switch {
	case mode > 3 || mode == 2:
		return nil, failed("Bad S2K mode")
	case !ok:
		return nil, corrupt()
	}
	h := hashes[name]()
	switch {
	case mode == 0:
		s2k.Simple(key, h, password)
		return spec, nil
	case mode == 1 && len(spec) >= 8:
		s2k.Salted(key, h, password, spec[:8])
		return spec[8:], nil
	case mode == 3 && len(spec) >= 9:
		s2k.Iterated(key, h, password, spec[:8], iterations(spec[8]))
		return spec[9:], nil
	}
	return nil, corrupt()
}

// cfb is plain cipher feedback from zeros.
func cfb(b cipher.Block, data []byte, encrypt bool) []byte {
	feed, out := make([]byte, b.BlockSize()), make([]byte, len(data))
	for i := 0; i < len(data); i += len(feed) {
		b.Encrypt(feed, feed)
		n := subtle.XORBytes(out[i:], data[i:], feed)
		if encrypt {
			copy(feed, out[i:i+n])
		} else {
			copy(feed, data[i:i+n])
		}
	}
	return out
}

// appendEncrypted writes the data of a message, compressed as the options say.
func appendEncrypted(dst, data, key []byte, o *options) ([]byte, error) {
	if o.compress > compressZLIB {
		return nil, badCompression()
	}
	if o.compress != compressNone && o.level > 0 {
		var b bytes.Buffer
		b.WriteByte(byte(o.compress))
		var w io.WriteCloser
		var err error
		if o.compress == compressZIP {
			w, err = flate.NewWriter(&b, o.level)
		} else {
			w, err = zlib.NewWriterLevel(&b, o.level)
		}
		if err == nil {
			_, err = w.Write(data)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return nil, failed("Compression error")
		}
		data = appendPacket(nil, tagCompressed, b.Bytes())
	}
	block, err := blockOf(o.cipher, key)
	if err != nil {
		return nil, err
	}
	resync := packet.OCFBResyncOption(o.noMDC)
	prefix := random(block.BlockSize())
	stream, head := packet.NewOCFBEncrypter(block, prefix, resync)
	if o.noMDC {
		out := append([]byte(nil), data...)
		stream.XORKeyStream(out, out)
		return appendPacket(dst, tagEncrypted, append(head, out...)), nil
	}
	// The digest covers the prefix with its last two bytes twice, and its own header.
	data = append(append([]byte(nil), data...), 0xd3, 0x14)
	h := sha1.New()
	h.Write(prefix)
	h.Write(prefix[len(prefix)-2:])
	h.Write(data)
	data = h.Sum(data)
	stream.XORKeyStream(data, data)
	return appendPacket(dst, tagProtected, append(append([]byte{1}, head...), data...)), nil
}

// maxPlain bounds what a compressed message may grow to: a value of bytea.
const maxPlain = 1 << 30

// decryptMessage finds the encrypted data among a message's packets, and the literal in it; it notes what they say.
func decryptMessage(packets []pgpPacket, number byte, key []byte, says facts) (kind byte, data []byte, err error) {
	block, err := blockOf(number, key)
	if err != nil {
		return 0, nil, err
	}
	for _, p := range packets {
		if p.tag != tagEncrypted && p.tag != tagProtected {
			continue
		}
		body, protected := p.body, p.tag == tagProtected
		says["disable-mdc"], says["compress-algo"] = 1, compressNone
		if protected {
			says["disable-mdc"] = 0
		}
		if protected {
			if len(body) == 0 || body[0] != 1 {
				return 0, nil, corrupt()
			}
			body = body[1:]
		}
		size := block.BlockSize() + 2
		if len(body) < size {
			return 0, nil, corrupt()
		}
		head := append([]byte(nil), body[:size]...)
		stream := packet.NewOCFBDecrypter(block, head, packet.OCFBResyncOption(!protected))
		if stream == nil {
			return 0, nil, corrupt()
		}
		plain := append([]byte(nil), body[size:]...)
		stream.XORKeyStream(plain, plain)
		if protected {
			if plain, err = checked(head, plain); err != nil {
				return 0, nil, err
			}
		}
		return literalOf(plain, says, true)
	}
	return 0, nil, corrupt()
}

// checked takes the digest off, if it is right. head is the decrypted prefix.
func checked(head, plain []byte) ([]byte, error) {
	n := len(plain) - sha1.Size
	if n < 2 || plain[n-2] != 0xd3 || plain[n-1] != 0x14 {
		return nil, corrupt()
	}
	h := sha1.New()
	h.Write(head)
	h.Write(plain[:n])
	if !bytes.Equal(h.Sum(nil), plain[n:]) {
		return nil, corrupt()
	}
	return plain[:n-2], nil
}

// literalOf finds the literal, inside of compressed data too.
func literalOf(data []byte, says facts, compressed bool) (kind byte, out []byte, err error) {
	packets, err := readPackets(data)
	if err != nil {
		return 0, nil, corrupt()
	}
	for _, p := range packets {
		switch {
		case p.tag == tagLiteral && len(p.body) >= 2 && len(p.body) >= 6+int(p.body[1]):
			says["unicode-mode"] = 0
			if p.body[0] == 'u' {
				says["unicode-mode"] = 1
			}
			return p.body[0], p.body[6+int(p.body[1]):], nil
		case p.tag == tagCompressed && len(p.body) > 0 && compressed:
			says["compress-algo"] = int(p.body[0])
			plain, err := inflate(p.body)
			if err != nil {
				return 0, nil, err
			}
			return literalOf(plain, says, false)
		default:
			return 0, nil, corrupt()
		}
	}
	return 0, nil, corrupt()
}

func inflate(body []byte) ([]byte, error) {
	var r io.Reader
	switch body[0] {
	case compressNone:
		return body[1:], nil
	case compressZIP:
		r = flate.NewReader(bytes.NewReader(body[1:]))
	case compressZLIB:
		z, err := zlib.NewReader(bytes.NewReader(body[1:]))
		if err != nil {
			return nil, corrupt()
		}
		r = z
	default:
		if body[0] == compressBZIP2 {
			return nil, badCompression()
		}
		return nil, corrupt()
	}
	out, err := io.ReadAll(io.LimitReader(r, maxPlain+1))
	if err != nil || len(out) > maxPlain {
		return nil, corrupt()
	}
	return out, nil
}
