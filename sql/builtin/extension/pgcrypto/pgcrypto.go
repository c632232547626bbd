// Package pgcrypto implements the extension pgcrypto: digests, password hashes, raw encryption and OpenPGP messages.
package pgcrypto

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"hash"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"
	//lint:ignore SA1019 PostgreSQL offers it
	"golang.org/x/crypto/ripemd160"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns: call.Union(call.Fns{"pg_digest": digest, "pg_hmac": mac, "pg_random_bytes": randomBytes, "pg_random_uuid": randomUUID,
			"pg_crypt": cryptFn, "pg_gen_salt": genSalt, "pg_gen_salt_rounds": genSalt,
			"pg_encrypt": rawCipher(true, false), "pg_decrypt": rawCipher(false, false), "pg_encrypt_iv": rawCipher(true, true), "pg_decrypt_iv": rawCipher(false, true),
			"pg_armor": armorFn, "pg_dearmor": dearmorFn}, pgpFns()),
		Sets: call.Sets{"pgp_armor_headers": armorHeaders},
	}
}

// failed is the error of a function whose data or key are not right (ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION).
func failed(format string, args ...any) error {
	return pgerr.New(pgerr.ExternalRoutineInvocationException, format, args...)
}

func unusable(name, why string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "Cannot use \"%s\": %s", name, why)
}

// hashes are OpenSSL's names.
var hashes = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
	"sha512-224": sha512.New512_224, "sha512-256": sha512.New512_256,
	"sha3-224": func() hash.Hash { return sha3.New224() }, "sha3-256": func() hash.Hash { return sha3.New256() },
	"sha3-384": func() hash.Hash { return sha3.New384() }, "sha3-512": func() hash.Hash { return sha3.New512() },
	"ripemd160": ripemd160.New, "rmd160": ripemd160.New,
	"blake2b512": func() hash.Hash { h, _ := blake2b.New512(nil); return h }, // fails for keys only
	"blake2s256": func() hash.Hash { h, _ := blake2s.New256(nil); return h },
}

func hashNamed(name string) (func() hash.Hash, error) {
	lower := strings.ToLower(name)
	if h := hashes[lower]; h != nil {
		return h, nil
	}
	return nil, unusable(lower, "No such hash algorithm")
}

func digest(_ *call.Call, a []types.Datum) (types.Datum, error) {
	h, err := hashNamed(a[1].Str())
	if err != nil {
		return types.Null, err
	}
	w := h()
	w.Write(a[0].Bytes())
	return tuple.Bytes(w.Sum(nil)), nil
}

func mac(_ *call.Call, a []types.Datum) (types.Datum, error) {
	h, err := hashNamed(a[2].Str())
	if err != nil {
		return types.Null, err
	}
	w := hmac.New(h, a[1].Bytes())
	w.Write(a[0].Bytes())
	return tuple.Bytes(w.Sum(nil)), nil
}

// maxRandom is the most that gen_random_bytes gives at once.
const maxRandom = 1024

func randomBytes(_ *call.Call, a []types.Datum) (types.Datum, error) {
	n := a[0].Int()
	if n < 1 || n > maxRandom {
		return types.Null, failed("Length not in range")
	}
	return tuple.Bytes(random(int(n))), nil
}

// random reads the system's generator, which cannot fail.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func randomUUID(*call.Call, []types.Datum) (types.Datum, error) {
	id, err := uuid.NewRandom()
	return tuple.Bytes(id[:]), err
}
