package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/tests/port"
)

// TestMetrics reads the numbers of a server that has done something.
func TestMetrics(t *testing.T) {
	number, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", number)
	db, stop := startServer(t, t.TempDir(), "--http", addr)
	defer stop()
	before := scrape(t, addr)
	db.run(`create table m (a int primary key); insert into m select generate_series(1, 5000)`)
	db.run(`begin; delete from m; rollback`)
	db.run(`select tarn.mirror_sync()`)
	after := scrape(t, addr)
	for _, name := range []string{`tarn_transactions_total{result="commit"}`, `tarn_transactions_total{result="rollback"}`,
		`tarn_wal_bytes_total{branch="main",database="postgres"}`, `tarn_commits_total{branch="main",database="postgres"}`,
		`tarn_mirror_files_written_total{branch="main",database="postgres"}`, `tarn_mirror_tables{branch="main",database="postgres",state="active"}`} {
		if after[name] <= before[name] {
			t.Errorf("%s: %g, then %g", name, before[name], after[name])
		}
	}
	if n := after["tarn_sessions{state=\"idle\"}"]; n != 1 {
		t.Errorf("%g idle sessions", n)
	}
	if lag, ok := after[`tarn_mirror_lag_bytes{branch="main",database="postgres"}`]; !ok || lag != 0 {
		t.Errorf("lag %g, %v, after mirror_sync", lag, ok)
	}
	// An address that was asked for and is taken is an error.
	cmd := exec.Command(binary(t), "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--http", addr)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "address already in use") {
		t.Errorf("a second server on %s: %v\n%s", addr, err, out)
	}
	if out, err := exec.Command(binary(t), "serve", "--data", t.TempDir(), "--http", "0.0.0.0:0").CombinedOutput(); err == nil || !strings.Contains(string(out), "--insecure") {
		t.Errorf("HTTP for everybody: %v\n%s", err, out)
	}
}

// The default address may be another's: the server works without HTTP.
func TestDefaultHTTPAddressTaken(t *testing.T) {
	if l, err := net.Listen("tcp", "127.0.0.1:8080"); err == nil {
		defer l.Close()
	} // else somebody has it already
	db, stop := startServer(t, t.TempDir())
	defer stop()
	if got := db.run("select 1"); got != "1\n" {
		t.Errorf("got %q", got)
	}
}

var sample = regexp.MustCompile(`(?m)^(tarn_\S+) (\S+)$`)

func scrape(t *testing.T, addr string) map[string]float64 {
	t.Helper()
	r, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%v %s", err, r.Status)
	}
	out := map[string]float64{}
	for _, m := range sample.FindAllStringSubmatch(string(body), -1) {
		if out[m[1]], err = strconv.ParseFloat(m[2], 64); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Another session sees ANALYZE and a copy into the mirror while they run, and nothing afterwards.
func TestProgressOfLongWork(t *testing.T) {
	db, stop := startServer(t, t.TempDir(), "--http", "")
	defer stop()
	watcher := db.another()
	defer watcher.close()
	db.run(`create table long (a int primary key, b text, c text, d int); insert into long select g, md5(g::text), md5((g * 7)::text), g % 100 from generate_series(1, 100000) g; analyze long`)
	db.run(`select tarn.mirror_sync()`)
	for _, w := range []struct{ work, watch, want string }{
		{"analyze long", `select format('%s %s %s %s', relid::regclass, datname, phase, sample_blks_total > 0) from pg_stat_progress_analyze where sample_blks_scanned > 0`,
			"long postgres acquiring sample rows t"},
		{"alter table long set (mirror = off); alter table long set (mirror = on); select tarn.mirror_sync()",
			`select format('%s %s %s', relid::regclass, table_name, phase) from tarn.progress_mirror where rows_done > 0 and rows_done <= rows_total and started_at <= now()`,
			"long public.long copying rows"},
	} {
		stopped, worked := make(chan struct{}), make(chan error)
		go func() { // the work again and again, until it has been seen
			for {
				var err error
				for _, statement := range strings.Split(w.work, ";") {
					if err == nil {
						_, err = db.c.Exec(context.Background(), statement).ReadAll()
					}
				}
				select {
				case <-stopped:
					worked <- err
					return
				default:
				}
				if err != nil {
					<-stopped
					worked <- err
					return
				}
			}
		}()
		seen := map[string]bool{}
		for deadline := time.Now().Add(20 * time.Second); !seen[w.want] && time.Now().Before(deadline); {
			if got := watcher.run(w.watch); got != "" {
				seen[strings.TrimSpace(got)] = true
			}
		}
		close(stopped)
		if err := <-worked; err != nil {
			t.Fatal(err)
		}
		if !seen[w.want] {
			t.Errorf("%s: %q was not seen, but %v", w.work, w.want, seen)
		}
	}
	if left := db.run(`select count(*) from pg_stat_progress_analyze`) + db.run(`select count(*) from tarn.progress_mirror`); left != "0\n0\n" {
		t.Errorf("when all is done: %s", left)
	}
}
