package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

// SASL mechanisms that the server speaks.
const (
	MechSCRAM     = "SCRAM-SHA-256"
	MechSCRAMPlus = "SCRAM-SHA-256-PLUS"
)

// Exchange is the server's side of one SCRAM exchange: First, then Final. The user name inside the messages is
// ignored, as in PostgreSQL: the startup packet has named the user.
type Exchange struct {
	secret  Secret
	doomed  bool   // no real secret: the proof is refused whatever it is
	binding []byte // tls-server-end-point data; nil without TLS
	plus    bool

	gs2         string
	clientFirst string // client-first-message-bare
	serverFirst string
	nonce       string
}

// NewExchange starts an exchange for one mechanism. A zero secret runs against mock and fails at the end.
// binding is the channel's tls-server-end-point data, nil without TLS.
func NewExchange(mechanism string, secret, mock Secret, binding []byte) (*Exchange, error) {
	x := &Exchange{secret: secret, binding: binding}
	switch {
	case mechanism == MechSCRAM:
	case mechanism == MechSCRAMPlus && binding != nil:
		x.plus = true
	default:
		return nil, pgerr.Fatal(pgerr.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	}
	if secret.IsZero() {
		x.secret, x.doomed = mock, true
	}
	return x, nil
}

func malformed(detail string) error {
	return pgerr.Fatal(pgerr.ProtocolViolation, "malformed SCRAM message").WithDetail("%s", detail)
}

// First takes the client-first-message and returns the server-first-message.
func (x *Exchange) First(msg []byte) ([]byte, error) {
	var raw [18]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return nil, fmt.Errorf("make SCRAM nonce: %w", err)
	}
	return x.first(string(msg), base64.StdEncoding.EncodeToString(raw[:]))
}

func (x *Exchange) first(msg, serverNonce string) ([]byte, error) {
	if strings.IndexByte(msg, 0) >= 0 {
		return nil, malformed("Message length does not match input length.")
	}
	flag, rest, ok := strings.Cut(msg, ",")
	authzid, bare, ok2 := strings.Cut(rest, ",")
	if !ok || !ok2 {
		return nil, malformed("The message ended where a channel binding flag and authorization identity were expected.")
	}
	switch {
	case flag == "n" && !x.plus:
	case flag == "y" && !x.plus:
		// The client believes that the server cannot bind; it was offered PLUS, so someone took it out of the list.
		if x.binding != nil {
			return nil, pgerr.Fatal(pgerr.InvalidAuthorizationSpecification, "SCRAM channel binding negotiation error").
				WithDetail("The client supports SCRAM channel binding but thinks the server does not.  " +
					"However, this server does support channel binding.")
		}
	case flag == "p=tls-server-end-point" && x.plus:
	case strings.HasPrefix(flag, "p=") && x.plus:
		return nil, pgerr.Fatal(pgerr.ProtocolViolation, "unsupported SCRAM channel-binding type %q", flag[2:])
	case flag == "n" || flag == "y":
		return nil, malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.")
	case strings.HasPrefix(flag, "p="):
		return nil, malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.")
	default:
		return nil, malformed("Unexpected channel-binding flag.")
	}
	if authzid != "" {
		return nil, pgerr.Fatal(pgerr.FeatureNotSupported, "client uses authorization identity, but it is not supported")
	}
	x.gs2 = msg[:len(msg)-len(bare)]
	x.clientFirst = bare

	if strings.HasPrefix(bare, "m=") {
		return nil, pgerr.Fatal(pgerr.FeatureNotSupported, "client requires an unsupported SCRAM extension")
	}
	user, rest, ok := strings.Cut(bare, ",")
	if !ok || !strings.HasPrefix(user, "n=") {
		return nil, malformed("Expected attribute \"n\".")
	}
	nonce, _, _ := strings.Cut(rest, ",")
	if !strings.HasPrefix(nonce, "r=") {
		return nil, malformed("Expected attribute \"r\".")
	}
	nonce = nonce[2:]
	for i := 0; i < len(nonce); i++ {
		if nonce[i] < 0x21 || nonce[i] > 0x7e {
			return nil, pgerr.Fatal(pgerr.ProtocolViolation, "non-printable characters in SCRAM nonce")
		}
	}
	if nonce == "" {
		return nil, malformed("Empty nonce.")
	}
	x.nonce = nonce + serverNonce
	x.serverFirst = fmt.Sprintf("r=%s,s=%s,i=%d", x.nonce, base64.StdEncoding.EncodeToString(x.secret.Salt), x.secret.Iterations)
	return []byte(x.serverFirst), nil
}

// Final takes the client-final-message. It returns the server-final-message and true when the client knows the
// password, false when it does not, and an error for a message that breaks the protocol.
func (x *Exchange) Final(msg []byte) ([]byte, bool, error) {
	s := string(msg)
	at := strings.LastIndex(s, ",p=")
	if at < 0 {
		return nil, false, malformed("Expected attribute \"p\".")
	}
	withoutProof := s[:at]
	proof, err := base64.StdEncoding.DecodeString(s[at+3:])
	if err != nil || len(proof) != sha256.Size {
		return nil, false, malformed("Malformed proof in client-final-message.")
	}
	c, rest, ok := strings.Cut(withoutProof, ",")
	nonce, _, _ := strings.Cut(rest, ",")
	if !ok || !strings.HasPrefix(c, "c=") || !strings.HasPrefix(nonce, "r=") {
		return nil, false, malformed("Expected attributes \"c\" and \"r\".")
	}
	bound, err := base64.StdEncoding.DecodeString(c[2:])
	want := []byte(x.gs2)
	if x.plus {
		want = append(want, x.binding...)
	}
	if err != nil || !bytes.Equal(bound, want) {
		if x.plus {
			return nil, false, pgerr.Fatal(pgerr.InvalidAuthorizationSpecification, "SCRAM channel binding check failed")
		}
		return nil, false, pgerr.Fatal(pgerr.ProtocolViolation, "unexpected SCRAM channel-binding attribute in client-final-message")
	}
	if nonce[2:] != x.nonce {
		return nil, false, pgerr.Fatal(pgerr.ProtocolViolation, "invalid SCRAM response").WithDetail("Nonce does not match.")
	}

	message := x.clientFirst + "," + x.serverFirst + "," + withoutProof
	signature := mac(x.secret.StoredKey, message)
	subtle.XORBytes(proof, proof, signature)
	stored := sha256.Sum256(proof)
	if !hmac.Equal(stored[:], x.secret.StoredKey) || x.doomed {
		return nil, false, nil
	}
	return []byte("v=" + base64.StdEncoding.EncodeToString(mac(x.secret.ServerKey, message))), true, nil
}
