package wire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// target is the server named by TARN_WIRE_ADDR ("host:port" or a socket's path; TARN_WIRE_USER and TARN_WIRE_DB go with it;
// TARN_WIRE_IS=pg for a PostgreSQL 15), or else Tarn's binary, built and started here.
func target(t *testing.T) Target {
	t.Helper()
	env := func(name, def string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return def
	}
	addr := os.Getenv("TARN_WIRE_ADDR")
	if addr == "" {
		return Target{Network: "tcp", Addr: server(t).addr, Tarn: true, User: "postgres", Database: "postgres"}
	}
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	return Target{Network: network, Addr: addr, Tarn: os.Getenv("TARN_WIRE_IS") != "pg",
		User: env("TARN_WIRE_USER", "postgres"), Database: env("TARN_WIRE_DB", "postgres")}
}

// Every script gets the answers that it records. TARN_WIRE_UPDATE=1 writes the answers that came into the scripts:
// look at the diff before you believe them.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	tg := target(t)
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			res, err := Run(tg, string(src))
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("TARN_WIRE_UPDATE") != "" {
				if err := os.WriteFile(f, []byte(res.Updated), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if res.Diff != "" {
				t.Error("\n" + res.Diff)
			}
		})
	}
}

// A script survives parsing and writing unchanged when the answers are as recorded.
func TestScriptsKeepTheirForm(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := parseScript(string(src))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		var b strings.Builder
		for _, st := range steps {
			st.write(&b, st.pg, false)
		}
		if b.String() != string(src) {
			t.Errorf("%s is not in the form that the runner writes", f)
		}
	}
}
