// Package e2e runs txtar scripts against the real binary: start, SQL, branch, kill, restart.
//
// Commands beside testscript's own:
//
//	serve [flags]          start the server on $WORK/data; waits until it answers
//	[!] sql DATABASE TEXT  run a query string, $WORK in it replaced; rows go to stdout, cells separated by |, NULL as empty; errors, as SQLSTATE and
//	                       message, to stderr
//	crash                  SIGKILL
//	shutdown                 SIGTERM, and wait for the end; it must be an orderly one
//	tarn ARGS…             run a subcommand
package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tarndb/tarn/tests/port"
)

var update = flag.Bool("update", false, "rewrite expected output in the scripts")

// server is the one that a script has running.
type server struct {
	cmd  *exec.Cmd
	port int
	log  string

	bucket *bucket  // nil: none was started
	env    []string // of the server; nil: that of the test
}

type serverKey struct{}

func TestScripts(t *testing.T) {
	bin := binary(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			s := &server{}
			env.Values[serverKey{}] = s
			env.Setenv("TARN", bin)
			env.Defer(func() {
				if s.cmd != nil {
					s.cmd.Process.Kill()
					s.cmd.Wait()
				}
			})
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "sql": sql, "hold": hold, "bucket": bucketCmd, "crash": crash, "shutdown": shutdown, "tarn": tarn,
		},
	})
}

func of(ts *testscript.TestScript) *server { return ts.Value(serverKey{}).(*server) }

func serve(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	var err error
	s.port, err = port.Free()
	ts.Check(err)
	ts.Setenv("DSN", fmt.Sprintf("host=127.0.0.1 port=%d user=postgres", s.port))
	s.log = ts.MkAbs("server.log")
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer log.Close()
	args = append([]string{"serve", "--data", ts.MkAbs("data"), "--listen", fmt.Sprintf("127.0.0.1:%d", s.port)}, args...)
	s.cmd = exec.Command(ts.Getenv("TARN"), args...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Env = log, log, s.env
	ts.Check(s.cmd.Start())
	deadline := time.Now().Add(30 * time.Second)
	for {
		c, err := connect(s, "postgres")
		if err == nil {
			c.Close(context.Background())
			return
		}
		if time.Now().After(deadline) {
			b, _ := os.ReadFile(s.log)
			ts.Fatalf("server does not answer: %v\n%s", err, b)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func connect(s *server, database string) (*pgconn.PgConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d user=postgres sslmode=disable", s.port))
	if err != nil {
		return nil, err
	}
	c.Database = database
	return pgconn.ConnectConfig(ctx, &c.Config)
}

func sql(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sql DATABASE TEXT")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := connect(of(ts), args[0])
	if err == nil {
		defer c.Close(ctx)
		var results []*pgconn.Result
		results, err = c.Exec(ctx, strings.ReplaceAll(args[1], "$WORK", ts.Getenv("WORK"))).ReadAll()
		var out strings.Builder
		for _, r := range results {
			for _, row := range r.Rows {
				cells := make([]string, len(row))
				for i, v := range row {
					cells[i] = string(v)
				}
				fmt.Fprintln(&out, strings.Join(cells, "|"))
			}
		}
		fmt.Fprint(ts.Stdout(), out.String())
	}
	var pe *pgconn.PgError
	switch {
	case err == nil && neg:
		ts.Fatalf("unexpected success")
	case err == nil:
	case neg && errors.As(err, &pe):
		fmt.Fprintf(ts.Stderr(), "%s %s\n", pe.Code, pe.Message)
		if pe.Hint != "" {
			fmt.Fprintf(ts.Stderr(), "HINT %s\n", pe.Hint)
		}
	default:
		ts.Fatalf("%v", err)
	}
}

// hold is sql in a session that stays until the server goes: what it has locked stays locked.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: hold DATABASE TEXT")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := connect(of(ts), args[0])
	ts.Check(err)
	_, err = c.Exec(ctx, args[1]).ReadAll()
	ts.Check(err)
	ts.Defer(func() { c.Close(context.Background()) })
}

func crash(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	ts.Check(s.cmd.Process.Kill())
	s.cmd.Wait()
	s.cmd = nil
}

func shutdown(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	err := s.cmd.Wait()
	s.cmd = nil
	if err != nil {
		b, _ := os.ReadFile(s.log)
		ts.Fatalf("stop: %v\n%s", err, b)
	}
}

func tarn(ts *testscript.TestScript, neg bool, args []string) {
	cmd := exec.Command(ts.Getenv("TARN"), args...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), of(ts).env
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	if err := cmd.Run(); (err != nil) != neg {
		ts.Fatalf("tarn %v: %v", args, err)
	}
}
