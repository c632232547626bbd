package protocols

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/tests/port"
)

// TestScripts runs the scripts of sql/exec, sql/ddl and tests/e2e, and those of TARN_PROTOCOLS (a directory of PostgreSQL's regression
// suite; TARN_PROTOCOLS_FILES=a,b names some of them).
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	bin := filepath.Join(t.TempDir(), "tarn")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/tarn").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	groups := map[string][]string{}
	for _, dir := range []string{"../../sql/exec/testdata", "../../sql/ddl/testdata", "../e2e/testdata"} {
		files, err := filepath.Glob(dir + "/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err, len(files))
		}
		for _, f := range files { // each script expects an empty database
			if filepath.Base(f) == "pg_stat_statements.sql" {
				continue // it would find the statements that print binary values
			}
			groups[strings.TrimPrefix(strings.TrimSuffix(f, ".sql"), "../")] = []string{f}
		}
	}
	if src := os.Getenv("TARN_PROTOCOLS"); src != "" {
		groups = map[string][]string{"regress": regression(src)}
	}
	compared := 0
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		t.Run(name, func(t *testing.T) { compared += ways(t, bin, groups[name]) })
	}
	t.Logf("%d statements compared", compared)
}

func regression(src string) []string {
	files := []string{filepath.Join(src, "test_setup.sql")}
	for _, f := range strings.Split(os.Getenv("TARN_PROTOCOLS_FILES"), ",") {
		files = append(files, filepath.Join(src, f+".sql"))
	}
	return files
}

// server is one Tarn of its own, and a session on it.
type server struct {
	cmd     *exec.Cmd
	dsn     string
	conn    *pgconn.PgConn
	notices []string
}

func start(t *testing.T, bin string) *server {
	t.Helper()
	n, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", n)
	s := &server{cmd: exec.Command(bin, "serve", "--data", t.TempDir(), "--listen", addr, "--mirror=false"), dsn: "postgres://postgres@" + addr + "/postgres"}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	})
	if err := s.connect(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) connect() error {
	cfg, err := pgconn.ParseConfig(s.dsn)
	if err != nil {
		return err
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		s.notices = append(s.notices, n.Severity+": "+n.Message)
	}
	for range 100 {
		if s.conn, err = pgconn.ConnectConfig(context.Background(), cfg); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// ways runs scripts on each way and reports statements whose answers differ; it returns how many it compared.
func ways(t *testing.T, bin string, files []string) (compared int) {
	simple, again, text, binary := start(t, bin), start(t, bin), start(t, bin), start(t, bin)
	for _, f := range files {
		script, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*server{simple, again, text, binary} {
			s.conn.Close(context.Background())
			if err := s.connect(); err != nil {
				t.Fatal(err)
			}
		}
		for _, sql := range statements(string(script)) {
			want := simple.query(sql)
			other := again.query(sql)
			inText := text.execute(sql, 0)
			inBinary := binary.execute(sql, 1)
			if want.String() != other.String() {
				continue // not the same twice
			}
			compared++
			if d := inText.String(); d != want.String() {
				t.Errorf("%s: extended protocol, text\n%s\n%s", filepath.Base(f), sql, difference(d, want.String()))
			}
			for i, r := range inBinary.rows {
				for j, v := range r {
					if v == unread && i < len(want.rows) && j < len(want.rows[i]) {
						r[j] = want.rows[i][j]
					}
				}
			}
			if d := inBinary.String(); d != want.String() {
				t.Errorf("%s: extended protocol, binary\n%s\n%s", filepath.Base(f), sql, difference(d, want.String()))
			}
		}
	}
	return compared
}

// statements cuts a script where PostgreSQL's scanner says; psql's own commands and the rows of COPY FROM stdin are left out.
func statements(script string) (out []string) {
	var kept strings.Builder
	copying := false
	for line := range strings.Lines(script) {
		switch {
		case copying:
			copying = strings.TrimRight(line, "\r\n") != `\.`
		case strings.HasPrefix(line, `\`):
		default:
			if low := strings.ToLower(line); strings.HasPrefix(low, "copy ") && strings.Contains(low, "from stdin") {
				copying = strings.HasSuffix(strings.TrimSpace(line), ";")
				continue
			}
			kept.WriteString(line)
		}
	}
	parts, err := parser.Split(kept.String())
	if err != nil {
		return nil
	}
	for _, p := range parts {
		if low := strings.ToLower(strings.TrimSpace(p)); p != "" && !(strings.HasPrefix(low, "copy") && strings.Contains(low, "std")) {
			out = append(out, p)
		}
	}
	return out
}

// answer is what a statement gave.
type answer struct {
	notices []string
	columns []string
	rows    [][]string
	tag     string
	err     string
}

func (a *answer) String() string {
	var b strings.Builder
	for _, n := range a.notices {
		b.WriteString(n + "\n")
	}
	if a.err != "" { // by the extended protocol a result is described before its statement fails, and complete before its commit fails
		return b.String() + a.err
	}
	b.WriteString(strings.Join(a.columns, "|") + "\n")
	for _, r := range a.rows {
		b.WriteString(strings.Join(r, "|") + "\n")
	}
	return b.String() + "[" + a.tag + "]"
}

func (a *answer) fail(err error) {
	if e, ok := err.(*pgconn.PgError); ok {
		a.err = fmt.Sprintf("%s: %s; %s; %s", e.Code, e.Message, e.Detail, e.Hint)
	} else if err != nil {
		a.err = err.Error()
	}
}

const timeout = 30 * time.Second

func (s *server) query(sql string) *answer {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	a := s.begin()
	m := s.conn.Exec(ctx, sql)
	for m.NextResult() {
		s.read(a, m.ResultReader(), nil)
	}
	a.fail(m.Close())
	a.notices = s.notices
	return a
}

func (s *server) begin() *answer {
	s.notices = nil
	if s.conn.IsClosed() {
		s.connect()
	}
	return &answer{}
}

func (s *server) execute(sql string, format int16) *answer {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	a := s.begin()
	var raw [][][]byte
	r := s.conn.ExecParams(ctx, sql, nil, nil, nil, []int16{format})
	s.read(a, r, func(row [][]byte) {
		if format == 1 {
			raw = append(raw, cloneRow(row))
		}
	})
	a.notices = s.notices
	if len(raw) > 0 {
		var oids []uint32
		for _, f := range r.FieldDescriptions() {
			oids = append(oids, f.DataTypeOID)
		}
		s.printed(ctx, a, oids, raw)
	}
	return a
}

func (s *server) read(a *answer, r *pgconn.ResultReader, also func([][]byte)) {
	a.columns = nil
	for _, f := range r.FieldDescriptions() {
		a.columns = append(a.columns, fmt.Sprintf("%s %d", f.Name, f.TypeModifier))
	}
	for r.NextRow() {
		if also != nil {
			also(r.Values())
		}
		row := make([]string, len(r.Values()))
		for i, v := range r.Values() {
			if v == nil {
				row[i] = "∅"
			} else {
				row[i] = string(v)
			}
		}
		a.rows = append(a.rows, row)
	}
	tag, err := r.Close()
	a.tag = tag.String()
	a.fail(err)
}

// unreadable are types that have no input in binary: record, record[], anyarray, aclitem, aclitem[], query_int, query_int[].
var unreadable = []uint32{2249, 2287, 2277, 1033, 1034, 14820, 14823}

const unread = "(unread)"

// printed replaces a's values, which are in binary, by what the server prints for them.
func (s *server) printed(ctx context.Context, a *answer, oids []uint32, raw [][][]byte) {
	if s.conn.TxStatus() == 'E' {
		return
	}
	batch := &pgconn.Batch{}
	type place struct{ row, col int }
	var places []place
	for i, row := range raw {
		for j, v := range row {
			if v == nil {
				continue
			}
			if slices.Contains(unreadable, oids[j]) {
				a.rows[i][j] = unread
				continue
			}
			batch.ExecParams("select format('%s', $1)", [][]byte{v}, []uint32{oids[j]}, []int16{1}, []int16{0})
			places = append(places, place{i, j})
		}
	}
	if len(places) == 0 {
		return
	}
	m := s.conn.ExecBatch(ctx, batch)
	for _, p := range places {
		if !m.NextResult() {
			break
		}
		r := m.ResultReader()
		for r.NextRow() {
			a.rows[p.row][p.col] = string(r.Values()[0])
		}
		if _, err := r.Close(); err != nil {
			a.fail(err)
			a.err += fmt.Sprintf(" (type %d)", oids[p.col])
		}
	}
	if err := m.Close(); err != nil && a.err == "" {
		a.fail(err)
	}
}

func cloneRow(row [][]byte) [][]byte {
	out := make([][]byte, len(row))
	for i, v := range row {
		out[i] = slices.Clone(v)
		if v != nil && out[i] == nil {
			out[i] = []byte{}
		}
	}
	return out
}

// difference shows the first lines that differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("  got:    %.300s\n  simple: %.300s", a, b)
		}
	}
	return ""
}
