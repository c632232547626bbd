package conn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/server/auth"
)

// makeCert writes a self-signed certificate and its key.
func makeCert(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
	return certFile, keyFile
}

func passwordServer(t *testing.T, cfg *tls.Config) string {
	b := newFakeBackend()
	for user, password := range map[string]string{"alice": "secret", "bob": "p\u00a0ÿ", "carl": "\u2168"} {
		v, err := auth.MakeVerifier(password)
		if err != nil {
			t.Fatal(err)
		}
		b.secrets[user] = v
	}
	_, _, addr := startServer(t, "tcp", Options{Backend: b, TLS: cfg, Rules: auth.Rules{{Kind: auth.KindHost, Method: auth.MethodSCRAM}}})
	return addr
}

// connect uses pgx as client; the result is "ok" or the server's error.
func connect(t *testing.T, addr, params string) string {
	host, port, _ := net.SplitHostPort(addr)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	pc, err := pgconn.Connect(ctx, "host="+host+" port="+port+" dbname=d "+params)
	if err != nil {
		if i := strings.Index(err.Error(), "FATAL"); i >= 0 {
			return err.Error()[i:]
		}
		return err.Error()
	}
	defer pc.Close(ctx)
	if _, err := pc.Exec(ctx, "row 1").ReadAll(); err != nil {
		return err.Error()
	}
	return "ok"
}

func TestSCRAMWithPgx(t *testing.T) {
	addr := passwordServer(t, nil)
	const refused = `(SQLSTATE 28P01)`
	for params, want := range map[string]string{
		"user=alice password=secret sslmode=disable":                         "ok",
		"user=bob password='p\u00a0ÿ' sslmode=disable":                       "ok",
		"user=bob password='p ÿ' sslmode=disable":                            "ok", // the same after SASLprep
		"user=alice password=wrong sslmode=disable":                          `FATAL: password authentication failed for user "alice" ` + refused,
		"user=nobody password=secret sslmode=disable":                        `FATAL: password authentication failed for user "nobody" ` + refused,
		"user=alice password=secret sslmode=require":                         "refused TLS",
		"user=alice password=secret sslmode=prefer":                          "ok",
		"user=alice password=secret channel_binding=require sslmode=disable": "channel binding",
	} {
		if got := connect(t, addr, params); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
}

func TestTLS(t *testing.T) {
	certFile, keyFile := makeCert(t)
	cfg, err := auth.LoadTLS(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	addr := passwordServer(t, cfg)
	for params, want := range map[string]string{
		"user=alice password=secret sslmode=require":                             "ok",
		"user=alice password=secret sslmode=verify-full sslrootcert=" + certFile: "ok",
		"user=alice password=secret sslmode=require channel_binding=require":     "ok", // SCRAM-SHA-256-PLUS
		"user=alice password=secret sslmode=require channel_binding=disable":     "ok",
		"user=alice password=wrong sslmode=require channel_binding=require":      "28P01",
		"user=alice password=secret sslmode=disable":                             "ok",
	} {
		if got := connect(t, addr, params); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
	// Bytes behind the SSLRequest are not taken for the client's.
	c := newClient(t, dialRaw(t, addr))
	c.sendRaw(startupPacket(1234<<16|5679, "") + startupPacket(3<<16, "user\x00u\x00\x00"))
	if got := c.next(); got != "FATAL 08P01 received unencrypted data after SSL request" {
		t.Error(got)
	}
}

func TestHostRules(t *testing.T) {
	_, _, addr := startServer(t, "tcp", Options{Rules: auth.Rules{
		{Kind: auth.KindHost, Users: []string{"mallory"}, Method: auth.MethodReject},
		{Kind: auth.KindHost, Databases: []string{"d"}, Users: []string{"u"}, Method: auth.MethodTrust}}})
	for params, want := range map[string]string{
		"user=u sslmode=disable":       "ok",
		"user=other sslmode=disable":   `FATAL: no pg_hba.conf entry for host "127.0.0.1", user "other", database "d", no encryption (SQLSTATE 28000)`,
		"user=mallory sslmode=disable": `FATAL: pg_hba.conf rejects connection for host "127.0.0.1", user "mallory", database "d", no encryption (SQLSTATE 28000)`,
	} {
		if got := connect(t, addr, params); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
}

// libpq agrees: psql over TCP with TLS, channel binding and a password, and over the unix socket.
func TestPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql here")
	}
	certFile, keyFile := makeCert(t)
	cfg, err := auth.LoadTLS(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(passwordServer(t, cfg))
	_, _, sock := startServer(t, "unix", Options{})
	for _, c := range []struct{ conninfo, sql, want string }{
		{"host=" + host + " port=" + port + " user=alice password=secret sslmode=require channel_binding=require", "row 2", "0|t\n1|t\n"},
		{"host=" + host + " port=" + port + " user=alice password=no sslmode=require", "row 2", "password authentication failed"},
		{"host=" + host + " port=" + port + " user=carl password=IX", "row 1", "0|t\n"}, // as SASLprep has it
		{"host=" + host + " port=" + port + " user=carl password=\u2168", "row 1", "0|t\n"},
		{"host=" + filepath.Dir(sock) + " user=u", "row 4", "0|t\n1|t\n2|t\n3|\n"},
		{"host=" + filepath.Dir(sock) + " user=u", "copyout 2", "line 0\nline 1\n"},
		{"host=" + filepath.Dir(sock) + " user=u", "fail 22012", "ERROR:  22012: failed as asked"},
	} {
		cmd := exec.Command(psql, "-XAt", "-v", "VERBOSITY=verbose", c.conninfo+" dbname=d", "-c", c.sql)
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), c.want) {
			t.Errorf("%s: got %s", c.sql, out)
		}
	}
}
