package auth

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

const (
	defaultIterations = 4096
	saltLen           = 16
)

// Secret is what the server keeps of a password. The zero Secret is a role without password: nobody gets in with it.
type Secret struct {
	Iterations int
	Salt       []byte
	StoredKey  []byte
	ServerKey  []byte
}

// IsZero reports whether there is no password.
func (s Secret) IsZero() bool { return s.Iterations == 0 }

// String is the form that pg_authid.rolpassword has:
//
//	SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>      (base64)
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	enc := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", s.Iterations, enc(s.Salt), enc(s.StoredKey), enc(s.ServerKey))
}

// IsVerifier reports whether a password given to CREATE ROLE is a verifier already and must be stored as it is.
func IsVerifier(s string) bool {
	_, err := ParseVerifier(s)
	return err == nil
}

// ParseVerifier reads the form that String writes.
func ParseVerifier(v string) (Secret, error) {
	rest, ok := strings.CutPrefix(v, "SCRAM-SHA-256$")
	params, keys, ok2 := strings.Cut(rest, "$")
	iter, salt, ok3 := strings.Cut(params, ":")
	stored, server, ok4 := strings.Cut(keys, ":")
	if !ok || !ok2 || !ok3 || !ok4 {
		return Secret{}, fmt.Errorf("parse SCRAM verifier: not of the form SCRAM-SHA-256$iterations:salt$stored:server")
	}
	var s Secret
	var err error
	if s.Iterations, err = strconv.Atoi(iter); err != nil || s.Iterations < 1 {
		return Secret{}, fmt.Errorf("parse SCRAM verifier: invalid iteration count")
	}
	for _, f := range []struct {
		text string
		dst  *[]byte
		size int
	}{{salt, &s.Salt, 0}, {stored, &s.StoredKey, sha256.Size}, {server, &s.ServerKey, sha256.Size}} {
		if *f.dst, err = base64.StdEncoding.Strict().DecodeString(f.text); err != nil ||
			len(*f.dst) == 0 || f.size > 0 && len(*f.dst) != f.size {
			return Secret{}, fmt.Errorf("parse SCRAM verifier: invalid base64 field")
		}
	}
	return s, nil
}

// MakeVerifier hashes a password with a fresh salt.
func MakeVerifier(password string) (Secret, error) {
	salt := make([]byte, saltLen)
	if _, err := rand.Read(salt); err != nil {
		return Secret{}, fmt.Errorf("make SCRAM verifier: %w", err)
	}
	return makeVerifier(password, salt, defaultIterations)
}

func makeVerifier(password string, salt []byte, iterations int) (Secret, error) {
	salted, err := pbkdf2.Key(sha256.New, saslprep(password), salt, iterations, sha256.Size)
	if err != nil {
		return Secret{}, fmt.Errorf("make SCRAM verifier: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	return Secret{Iterations: iterations, Salt: salt, StoredKey: stored[:], ServerKey: mac(salted, "Server Key")}, nil
}

// MockSecret is the verifier of a user that does not exist: stable per user and server, and matched by no password.
func MockSecret(nonce []byte, user string) Secret {
	salt := mac(nonce, "salt "+user)
	return Secret{Iterations: defaultIterations, Salt: salt[:saltLen],
		StoredKey: mac(nonce, "stored "+user), ServerKey: mac(nonce, "server "+user)}
}

func mac(key []byte, msg string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(msg))
	return h.Sum(nil)
}
