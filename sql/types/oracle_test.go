package types

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
)

const defaultOracle = "host=/tmp/pgo port=5499 user=postgres dbname=postgres"

// oracle connects to a PostgreSQL 15 server, the authority on what the right answer is; without one the test is skipped.
func oracle(t *testing.T) *pgconn.PgConn {
	t.Helper()
	if testing.Short() {
		t.Skip("short")
	}
	dsn := os.Getenv("TARN_ORACLE")
	if dsn == "" {
		dsn = defaultOracle
	}
	conn, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, c *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := c.Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// answer is what a server says to a text: its output in both formats, or an error.
type answer struct {
	text   string
	binary []byte
	err    string
}

func (a answer) String() string {
	if a.err != "" {
		return a.err
	}
	return fmt.Sprintf("%.200q %.100x", a.text, a.binary)
}

func errString(code, message, detail, hint string) string {
	s := code + " " + message
	if detail != "" {
		s += " | " + detail
	}
	if hint != "" {
		s += " | " + hint
	}
	return s
}

// askAll sends each literal as a text parameter of the type and reads it back as text and as binary.
func askAll(t *testing.T, c *pgconn.PgConn, typ string, oid OID, lits []string) []answer {
	t.Helper()
	ctx := context.Background()
	out := make([]answer, len(lits))
	sql := "select $1::" + typ
	for _, format := range []int16{0, 1} {
		name := fmt.Sprintf("q%d", format)
		if _, err := c.Prepare(ctx, name, sql, []uint32{oid}); err != nil {
			t.Fatal(err)
		}
		p := c.StartPipeline(ctx)
		for i := range lits {
			p.SendQueryPrepared(name, [][]byte{[]byte(lits[i])}, nil, []int16{format})
			p.SendPipelineSync()
		}
		p.Flush()
		for i := range lits {
			for {
				r, err := p.GetResults()
				if err != nil {
					pe, ok := err.(*pgconn.PgError)
					if !ok {
						t.Fatal(err)
					}
					out[i].err = errString(pe.Code, pe.Message, pe.Detail, pe.Hint+jsonWhere(pe.Where))
					continue
				}
				if _, ok := r.(*pgconn.PipelineSync); ok {
					break
				}
				rr := r.(*pgconn.ResultReader)
				if rr.NextRow() {
					v := rr.Values()[0]
					if format == 0 {
						out[i].text = string(v)
					} else {
						out[i].binary = append([]byte(nil), v...)
					}
				}
				if _, err := rr.Close(); err != nil {
					pe, ok := err.(*pgconn.PgError)
					if !ok {
						t.Fatal(err)
					}
					out[i].err = errString(pe.Code, pe.Message, pe.Detail, pe.Hint+jsonWhere(pe.Where))
				}
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		exec(t, c, "deallocate "+name)
	}
	return out
}

// ours is the same from this package.
func ours(oid OID, lit string, env *Env) (a answer) {
	ty := Lookup(oid)
	d, err := ty.ParseText(lit, -1, env)
	if err != nil {
		e := pgerr.From(err)
		a.err = errString(e.Code, e.Message, e.Detail, e.Hint+jsonWhere(e.Where))
		return a
	}
	a.text = ty.Text(d, env)
	a.binary = ty.AppendBinary(nil, d, env)
	back, err := ty.ParseBinary(a.binary, -1, env)
	if pgerr.Is(err, pgerr.InvalidTimeZoneDisplacementValue) {
		return a // text input takes POSIX zones of more than 16 hours, binary input does not
	}
	if err != nil {
		a.text += " and binary input: " + err.Error()
	} else if !ty.Equal(d, back) || ty.Text(back, env) != a.text {
		a.text += " and binary gives " + ty.Text(back, env)
	}
	if ty.Hash(d, 1) != ty.Hash(back, 1) {
		a.text += " and another hash"
	}
	return a
}

func compareAnswers(t *testing.T, typ string, lits []string, want []answer, oid OID, env *Env) {
	t.Helper()
	bad := 0
	for i, lit := range lits {
		got := ours(oid, lit, env)
		if got.err == want[i].err && got.text == want[i].text && bytes.Equal(got.binary, want[i].binary) {
			continue
		}
		if bad++; bad <= 6 {
			t.Errorf("%s %.150q\n   got %v\n  want %v", typ, lit, got, want[i])
		}
	}
	if bad > 0 {
		t.Errorf("%s: %d of %d differ", typ, bad, len(lits))
	}
}

// Input and both outputs of each type give PostgreSQL's bytes, SQLSTATE and words.
func TestOracleInputOutput(t *testing.T) {
	c := oracle(t)
	now := time.Now()
	exec(t, c, "set timezone = 'UTC'")
	_ = now
	for _, k := range oracleCases {
		t.Run(k.typ, func(t *testing.T) {
			lits := k.literals()
			compareAnswers(t, k.typ, lits, askAll(t, c, k.typ, k.oid, lits), k.oid, nil)
		})
	}
}

type oracleCase struct {
	typ      string
	oid      OID
	seeds    []string
	alphabet string // random literals are seeds with characters of it changed, added and dropped
	random   int
}

// literals are the seeds and mutations of them, the same ones in each run.
func (k oracleCase) literals() []string {
	r := newRand(k.typ)
	lits := append([]string(nil), k.seeds...)
	for range k.random {
		b := []byte(k.seeds[r.IntN(len(k.seeds))])
		for range 1 + r.IntN(3) {
			ch := k.alphabet[r.IntN(len(k.alphabet))]
			at := 0
			if len(b) > 0 {
				at = r.IntN(len(b))
			}
			switch r.IntN(4) {
			case 0:
				b = append(b[:at:at], append([]byte{ch}, b[at:]...)...)
			case 1:
				if len(b) > 0 {
					b = append(b[:at:at], b[at+1:]...)
				}
			case 2:
				if len(b) > 0 {
					b[at] = ch
				}
			case 3: // a piece of another seed
				o := k.seeds[r.IntN(len(k.seeds))]
				if o != "" {
					i := r.IntN(len(o))
					b = append(b, o[i:]...)
				}
			}
		}
		s := string(b)
		if input.CheckUTF8(s) == nil && !strings.Contains(s, "now") && !strings.Contains(s, "tod") && !strings.Contains(s, "tom") && !strings.Contains(s, "yest") {
			lits = append(lits, s)
		}
	}
	return lits
}

// jsonWhere keeps the first line of a context that the JSON parser wrote.
func jsonWhere(where string) string {
	line, _, _ := strings.Cut(where, "\nunnamed portal")
	if strings.HasPrefix(line, "JSON data") {
		return line
	}
	return ""
}
