package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/tarndb/tarn/tests/port"
)

// binDir holds the binary of this run.
var binDir string

func TestMain(m *testing.M) {
	var err error
	if binDir, err = os.MkdirTemp("", "tarn-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(binDir)
	os.Exit(code)
}

var build = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(binDir, "tarn")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/tarn").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
})

// binary is the path of tarn, which the first test builds.
func binary(t testing.TB) string {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// client is a connection to a server of its test.
type client struct {
	t    *testing.T
	port int
	c    *pgconn.PgConn
	cmd  *exec.Cmd // of startServer
}

// startServer runs a server until stop or the end of the test.
func startServer(t *testing.T, data string, flags ...string) (c *client, stop func()) {
	t.Helper()
	number, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary(t), "serve", "--data", data, "--listen", fmt.Sprintf("127.0.0.1:%d", number))
	cmd.Args = append(cmd.Args, flags...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(kill)
	c = (&client{t: t, port: number}).another()
	c.cmd = cmd
	return c, func() {
		c.close()
		kill()
	}
}

func (c *client) dsn() string { return c.dsnOf("postgres") }

func (c *client) dsnOf(database string) string {
	return fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=%s", c.port, database)
}

// another waits until the server answers.
func (c *client) another() *client { return c.on("postgres") }

// on is another for any database.
func (c *client) on(database string) *client {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgconn.Connect(context.Background(), c.dsnOf(database))
		if err == nil {
			return &client{t: c.t, port: c.port, c: conn}
		}
		if time.Now().After(deadline) {
			c.t.Fatal(err)
		}
	}
}

// shutdown ends the server in an orderly way.
func (c *client) shutdown() {
	c.t.Helper()
	c.close()
	if err := errors.Join(c.cmd.Process.Signal(syscall.SIGTERM), c.cmd.Wait()); err != nil {
		c.t.Fatalf("stop: %v", err)
	}
}

func (c *client) close() { c.c.Close(context.Background()) }

// run gives the first column of all rows, a line each.
func (c *client) run(sql string) string {
	c.t.Helper()
	results, err := c.c.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
	var out strings.Builder
	for _, r := range results {
		for _, row := range r.Rows {
			out.Write(row[0])
			out.WriteByte('\n')
		}
	}
	return out.String()
}
