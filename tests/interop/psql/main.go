// Command psql compares what psql's \d commands print of one schema on Tarn and on PostgreSQL 15, command by command.
//
//	go run ./tests/interop/psql -tarn 127.0.0.1:5432 -postgres 127.0.0.1:5433
//
// Both servers let postgres in without a password; database transcript and the roles shop_* are made anew. schema*.sql make the
// schema, commands.txt holds the commands, expected.txt the commands that differ, each with its reason after a tab. A command that
// differs and is not listed fails, and so does a listed one that does not differ any more.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	tarn := flag.String("tarn", "127.0.0.1:5432", "address of Tarn")
	postgres := flag.String("postgres", "127.0.0.1:5433", "address of PostgreSQL 15")
	dir := flag.String("dir", "tests/interop/psql", "where the files are")
	show := flag.Int("lines", 20, "lines to show of each difference")
	flag.Parse()
	if err := run(*tarn, *postgres, *dir, *show); err != nil {
		fmt.Fprintln(os.Stderr, "psql:", err)
		os.Exit(1)
	}
}

func run(tarn, postgres, dir string, show int) error {
	commands, err := lines(filepath.Join(dir, "commands.txt"))
	if err != nil {
		return err
	}
	listed, err := lines(filepath.Join(dir, "expected.txt"))
	if err != nil {
		return err
	}
	reasons := map[string]string{}
	for _, l := range listed {
		command, reason, ok := strings.Cut(l, "\t")
		if !ok || reason == "" {
			return fmt.Errorf("expected.txt: %q has no reason", l)
		}
		reasons[command] = reason
	}
	want, err := transcript(postgres, dir, commands)
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	got, err := transcript(tarn, dir, commands)
	if err != nil {
		return fmt.Errorf("transcript of Tarn: %w", err)
	}
	bad := 0
	for i, c := range commands {
		same, reason := want[i] == got[i], reasons[c]
		switch {
		case same && reason != "":
			bad++
			fmt.Printf("%s: listed in expected.txt and equal\n", c)
		case !same && reason == "":
			bad++
			fmt.Printf("%s: differs\n%s\n", c, difference(want[i], got[i], show))
		}
		delete(reasons, c)
	}
	for c := range reasons {
		bad++
		fmt.Printf("%s: listed in expected.txt, no command\n", c)
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d commands are not as expected", bad, len(commands))
	}
	fmt.Printf("psql: %d commands as on PostgreSQL, %d listed\n", len(commands), len(listed))
	return nil
}

func lines(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, l := range strings.Split(string(raw), "\n") {
		if l != "" && !strings.HasPrefix(l, "#") {
			out = append(out, l)
		}
	}
	return out, nil
}

// transcript makes the schema on a server and returns what each command prints.
func transcript(addr, dir string, commands []string) ([]string, error) {
	p, err := newPsql(addr)
	if err != nil {
		return nil, err
	}
	fresh := "set client_min_messages = error;\ndrop database if exists transcript;\n"
	for _, r := range []string{"shop_admin", "shop_reader", "shop_owner"} {
		fresh += "drop role if exists " + r + ";\n"
	}
	if _, err := p.run("postgres", fresh+"create database transcript;\n"); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "schema*.sql"))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"schema", "schema_acl", "schema_matview", "schema_rls"} { // in this order
		sql, err := os.ReadFile(filepath.Join(dir, name+".sql"))
		if err != nil {
			return nil, err
		}
		files = files[:len(files)-1]
		if _, err := p.run("transcript", string(sql)); err != nil {
			return nil, fmt.Errorf("%s.sql: %w", name, err)
		}
	}
	if len(files) != 0 {
		return nil, fmt.Errorf("schema files that are not in the list")
	}
	script := "set search_path = shop, public;\n"
	for _, c := range commands {
		script += "\\echo '" + mark + "'\n" + c + "\n"
	}
	out, err := p.output("transcript", script)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(where.ReplaceAllString(out, ""), mark+"\n")
	if len(parts) != len(commands)+1 {
		return nil, fmt.Errorf("%d answers to %d commands", len(parts)-1, len(commands))
	}
	return parts[1:], nil
}

const mark = "---- next command"

// where is psql's place in its input, which differs with nothing.
var where = regexp.MustCompile(`(?m)^psql:<stdin>:\d+: `)

type psql struct{ host, port string }

func newPsql(addr string) (psql, error) {
	host, port, err := net.SplitHostPort(addr)
	return psql{host, port}, err
}

// run fails on the first error.
func (p psql) run(db, script string) (string, error) {
	return p.start(db, script, "-v", "ON_ERROR_STOP=1")
}

// output goes on after errors, which are part of it.
func (p psql) output(db, script string) (string, error) { return p.start(db, script) }

func (p psql) start(db, script string, args ...string) (string, error) {
	cmd := exec.Command("psql", append([]string{"-X", "-q", "-h", p.host, "-p", p.port, "-U", "postgres", "-d", db, "-f", "-"}, args...)...)
	cmd.Stdin = strings.NewReader(script)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out.String())
	}
	return out.String(), nil
}

// difference lists lines that only one side has.
func difference(want, got string, limit int) string {
	count := func(s string) map[string]int {
		m := map[string]int{}
		for sc := bufio.NewScanner(strings.NewReader(s)); sc.Scan(); {
			m[sc.Text()]++
		}
		return m
	}
	var b strings.Builder
	n := 0
	only := func(sign, a string, other map[string]int) {
		for sc := bufio.NewScanner(strings.NewReader(a)); sc.Scan(); {
			if other[sc.Text()] == 0 && n < limit {
				fmt.Fprintf(&b, "  %s%s\n", sign, sc.Text())
				n++
			}
		}
	}
	only("-", want, count(got))
	only("+", got, count(want))
	return b.String()
}
