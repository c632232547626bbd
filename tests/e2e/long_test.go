package e2e

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestLongStatements writes values that are constants of long statements and parameters, each a different one, in one transaction that spills
// its writes too, and reads them back from rows and, after a restart, from columns: a long message is not copied on its way to a row.
func TestLongStatements(t *testing.T) {
	data := t.TempDir()
	server, stop := startServer(t, data)
	ctx := context.Background()
	server.run("create table t (id int primary key, v text); create index on t (length(v))")
	var want []string
	value := func(id, n int) string {
		v := strings.Repeat(fmt.Sprintf("it's %d of %d \\ ", id, n), n/16+1)[:n]
		want = append(want, fmt.Sprintf("%d|%d|%x", id, n, md5.Sum([]byte(v))))
		return v
	}
	server.run("begin")
	id := 0
	for _, n := range []int{5000, 70_000, 1 << 20, 3_000_000, 9_000_000} {
		for _, quote := range []bool{true, false} {
			id++
			v := value(id, n)
			if !quote {
				v = strings.ReplaceAll(v, "\\", "/") // no backslash: the constant is the message's own bytes
				want[len(want)-1] = fmt.Sprintf("%d|%d|%x", id, n, md5.Sum([]byte(v)))
			}
			server.run(fmt.Sprintf("insert into t values (%d, '%s')", id, strings.ReplaceAll(v, "'", "''")))
			id++
			v = value(id, n)
			server.run(fmt.Sprintf("insert into t values (%d, '')", id))
			if r := server.c.ExecParams(ctx, "update t set v = $1 where id = $2", [][]byte{[]byte(v), []byte(strconv.Itoa(id))}, nil, nil, nil).Read(); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	check := func(when string) {
		t.Helper()
		for i, mode := range []string{"off", "on"} {
			results, err := server.c.Exec(ctx, "set tarn.columnar = "+mode+"; select id || '|' || length(v) || '|' || md5(v) from t order by id").ReadAll()
			if err != nil {
				t.Fatal(when, err)
			}
			rows := results[1].Rows
			if len(rows) != len(want) {
				t.Fatalf("%s: %d rows, want %d", when, len(rows), len(want))
			}
			for j, row := range rows {
				if string(row[0]) != want[j] {
					t.Errorf("%s, columnar %d: %s, want %s", when, i, row[0], want[j])
				}
			}
		}
	}
	check("in the transaction")
	server.run("commit")
	check("after the commit")
	// The next statement of a session knows all of itself; an idle session keeps the beginning.
	text := "select current_query() /* " + strings.Repeat("é", 100_000) + " */"
	results, err := server.c.Exec(ctx, text).ReadAll()
	if err != nil || string(results[0].Rows[0][0]) != text {
		t.Errorf("current_query() is not the statement: %v", err)
	}
	other := server.another()
	results, err = other.c.Exec(ctx, fmt.Sprintf("select query from pg_stat_activity where pid = %d", server.c.PID())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if q := results[0].Rows[0][0]; !bytes.HasPrefix([]byte(text), q) || len(q) < 1000 {
		t.Errorf("pg_stat_activity has %d bytes that are no beginning of the statement", len(q))
	}
	other.close()
	stop()
	server, stop = startServer(t, data)
	defer stop()
	check("after a restart")
}

// TestLongValueMemory bounds what a value of 64 MB in a statement costs the server: eleven times its size, the mirror included.
func TestLongValueMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 64 MB")
	}
	server, stop := startServer(t, t.TempDir())
	defer stop()
	server.run("create table t (id int primary key, v text); select tarn.mirror_sync()")
	before := peakMemory(t, server.cmd.Process.Pid)
	server.run("insert into t values (1, '" + strings.Repeat("0123456789abcdef", 4<<20) + "')")
	insert := peakMemory(t, server.cmd.Process.Pid)
	server.run("select tarn.mirror_sync()")
	published := peakMemory(t, server.cmd.Process.Pid)
	t.Logf("peak %d MB, %d after the insert, %d when published", before>>20, insert>>20, published>>20)
	if most := (published - before) >> 20; most > 11*64 {
		t.Errorf("a value of 64 MB took %d MB", most)
	}
}

// peakMemory is the most memory that a process has had, in bytes.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	kb, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
