package auth

import (
	"crypto"
	_ "crypto/sha256" // hashes that a certificate's signature may name
	_ "crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// LoadTLS reads a certificate chain and its key (PEM) and returns the server's TLS settings.
func LoadTLS(certFile, keyFile string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load TLS certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// EndPointBinding is the tls-server-end-point channel binding of a server certificate (RFC 5929 section 4.1): the
// hash of the certificate under its own signature's hash function, SHA-256 in place of MD5 and SHA-1. It is nil when
// there is no certificate to tell from the settings, or its signature has no such hash (Ed25519): then the server
// does not offer binding.
func EndPointBinding(cfg *tls.Config) []byte {
	if cfg == nil || len(cfg.Certificates) != 1 || len(cfg.Certificates[0].Certificate) == 0 {
		return nil
	}
	der := cfg.Certificates[0].Certificate[0]
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	var h crypto.Hash
	switch leaf.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		h = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		h = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		h = crypto.SHA512
	default:
		return nil
	}
	hash := h.New()
	hash.Write(der)
	return hash.Sum(nil)
}
