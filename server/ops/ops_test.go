package ops

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

type fake struct{ stopping atomic.Bool }

func (f *fake) Health() error {
	if f.stopping.Load() {
		return errors.New("stopping")
	}
	return nil
}

func (*fake) Metrics() Metrics {
	return Metrics{Sessions: map[string]int{"idle": 2, "active": 1}, Copies: &Copies{Bytes: 77, Hits: 3},
		Accepted: 7, Committed: 5, RolledBack: 1, Branches: []Branch{
			{Database: "app", Name: "main", LogBytes: 4096, Columnar: ColumnarCounts{Ran: 3},
				Mirror: &Mirror{Tables: map[string]int{"active": 4}, LagBytes: 100, LagSeconds: 0.25, Publications: 9}},
			{Database: "app", Name: `odd"name`},
		}}
}

func TestServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	src := &fake{}
	s := Serve(l, src, slog.New(slog.DiscardHandler))
	base := "http://" + l.Addr().String()
	get := func(path string, want int) string {
		t.Helper()
		r, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != want {
			t.Fatalf("%s: status %d, %v: %s", path, r.StatusCode, err, body)
		}
		return string(body)
	}
	text := get("/metrics", http.StatusOK)
	for _, line := range []string{
		`tarn_sessions{state="idle"} 2`, `tarn_connections_total{result="accepted"} 7`, `tarn_transactions_total{result="rollback"} 1`,
		"tarn_warehouse_cache_bytes 77", `tarn_warehouse_cache_uses_total{result="hit"} 3`,
		`tarn_wal_bytes_total{branch="main",database="app"} 4096`, `tarn_mirror_lag_bytes{branch="main",database="app"} 100`,
		`tarn_mirror_lag_seconds{branch="main",database="app"} 0.25`, `tarn_mirror_tables{branch="main",database="app",state="active"} 4`,
		`tarn_mirror_versions_total{branch="main",database="app",kind="publication"} 9`,
		`tarn_columnar_fragments_total{branch="main",database="app",result="ran"} 3`, `tarn_commits_total{branch="odd\"name",database="app"} 0`,
		"# TYPE tarn_mirror_lag_bytes gauge", "# TYPE tarn_wal_bytes_total counter", "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
	if strings.Contains(text, `tarn_mirror_lag_bytes{branch="odd`) {
		t.Error("a branch without mirror has a lag")
	}
	if got := get("/healthz", http.StatusOK); got != "ok\n" {
		t.Errorf("health: %q", got)
	}
	src.stopping.Store(true)
	if got := get("/healthz", http.StatusServiceUnavailable); got != "stopping\n" {
		t.Errorf("health while stopping: %q", got)
	}
	get("/", http.StatusNotFound)
	if r, err := http.Post(base+"/metrics", "", nil); err != nil || r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %v %v", r, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("answers after Close")
	}
}
