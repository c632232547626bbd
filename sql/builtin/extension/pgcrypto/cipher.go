package pgcrypto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"strings"

	//lint:ignore SA1019 PostgreSQL offers it
	"golang.org/x/crypto/blowfish"
	//lint:ignore SA1019 PostgreSQL offers it
	"golang.org/x/crypto/cast5"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// method is what the third argument of encrypt names: aes-cbc/pad:pkcs.
type method struct {
	block    func(key []byte) (cipher.Block, error)
	ecb, pad bool
}

// padded makes a key as long as the smallest size that holds it; the largest one cuts.
func padded(key []byte, sizes ...int) []byte {
	for _, n := range sizes {
		if len(key) <= n || n == sizes[len(sizes)-1] {
			out := make([]byte, n)
			copy(out, key)
			return out
		}
	}
	return key
}

// shortCAST5 is the length in bytes up to which a key makes CAST5 leave out its last four rounds (RFC 2144, 2.5).
const shortCAST5 = 10

var blocks = map[string]func(key []byte) (cipher.Block, error){
	"aes": func(k []byte) (cipher.Block, error) { return aes.NewCipher(padded(k, 16, 24, 32)) },
	"bf": func(k []byte) (cipher.Block, error) {
		if len(k) == 0 {
			k = []byte{0}
		}
		return blowfish.NewCipher(k[:min(len(k), 56)])
	},
	"des":  func(k []byte) (cipher.Block, error) { return des.NewCipher(padded(k, 8)) },
	"3des": func(k []byte) (cipher.Block, error) { return des.NewTripleDESCipher(padded(k, 24)) },
	"cast5": func(k []byte) (cipher.Block, error) {
		if len(k) <= shortCAST5 {
			return nil, pgerr.Unsupported("CAST5 with a key of 80 bits or less")
		}
		return cast5.NewCipher(padded(k, 16))
	},
}

var cipherAliases = map[string]string{"blowfish": "bf", "rijndael": "aes", "des3": "3des"}

func methodNamed(name string) (m method, err error) {
	lower := strings.ToLower(name)
	const none = "No such cipher algorithm"
	parts := strings.Split(lower, "/")
	m.pad = true
	for _, o := range parts[1:] {
		key, val, _ := strings.Cut(o, ":")
		switch {
		case key != "pad":
			return m, unusable(lower, "Unknown option")
		case val == "none":
			m.pad = false
		case val != "pkcs":
			return m, unusable(lower, none)
		}
	}
	algo, mode, _ := strings.Cut(parts[0], "-")
	if full, ok := cipherAliases[algo]; ok {
		algo = full
	}
	m.ecb = mode == "ecb"
	if m.block = blocks[algo]; m.block == nil || mode != "" && mode != "cbc" && mode != "ecb" {
		return m, unusable(lower, none)
	}
	return m, nil
}

// rawCipher is encrypt and decrypt: data, key, with iv an initial vector, method.
func rawCipher(encrypt, iv bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		m, err := methodNamed(a[len(a)-1].Str())
		if err != nil {
			return types.Null, err
		}
		var vector []byte
		if iv {
			vector = a[2].Bytes()
		}
		b, err := m.block(a[1].Bytes())
		if err != nil {
			return types.Null, err
		}
		name, work, what := "decrypt", m.decrypt, "Decryption"
		if encrypt {
			name, work, what = "encrypt", m.encrypt, "Encryption"
		}
		if iv {
			name += "_iv"
		}
		out, ok := work(b, a[0].Bytes(), vector)
		if !ok {
			return types.Null, failed("%s error: %s failed", name, what)
		}
		return tuple.Bytes(out), nil
	}
}

func (m method) encrypt(b cipher.Block, data, iv []byte) (out []byte, ok bool) {
	size := b.BlockSize()
	out = append([]byte(nil), data...)
	if m.pad {
		n := size - len(data)%size
		out = append(out, bytes.Repeat([]byte{byte(n)}, n)...)
	}
	if len(out)%size != 0 {
		return nil, false
	}
	m.run(b, out, iv, b.Encrypt, cipher.NewCBCEncrypter)
	return out, true
}

func (m method) decrypt(b cipher.Block, data, iv []byte) (out []byte, ok bool) {
	size := b.BlockSize()
	if len(data)%size != 0 || m.pad && len(data) == 0 {
		return nil, false
	}
	out = append([]byte(nil), data...)
	m.run(b, out, iv, b.Decrypt, cipher.NewCBCDecrypter)
	if m.pad {
		n := int(out[len(out)-1])
		if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
			return nil, false
		}
		out = out[:len(out)-n]
	}
	return out, true
}

// run works in place, with an initial vector that is cut or filled with zeros.
func (m method) run(b cipher.Block, data, iv []byte, one func(dst, src []byte), chain func(cipher.Block, []byte) cipher.BlockMode) {
	if !m.ecb {
		chain(b, padded(iv, b.BlockSize())).CryptBlocks(data, data)
		return
	}
	for i := 0; i < len(data); i += b.BlockSize() {
		one(data[i:], data[i:])
	}
}
