package types

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
)

var rewrite = flag.Bool("rewrite", false, "write testdata from what the package does now")

// goldenEnv reads the settings of a section: "# timezone=Europe/Berlin datestyle=german".
func goldenEnv(line string) *Env {
	e := &Env{Settings: temporal.Settings{TxnTime: time.Date(2024, 2, 29, 12, 30, 45, 678901000, time.UTC)}}
	for _, w := range strings.Fields(line) {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "timezone":
			e.TimeZone, _ = timezone.Load(v)
		case "datestyle":
			e.DateStyle = map[string]temporal.DateStyle{"iso": temporal.DateISO, "sql": temporal.DateSQL, "postgres": temporal.DatePostgres, "german": temporal.DateGerman}[v]
		case "order":
			e.DateOrder = map[string]temporal.DateOrder{"mdy": temporal.OrderMDY, "dmy": temporal.OrderDMY, "ymd": temporal.OrderYMD}[v]
		case "intervalstyle":
			e.IntervalStyle = map[string]temporal.IntervalStyle{"postgres": temporal.IntervalPostgres, "verbose": temporal.IntervalPostgresVerbose, "sql": temporal.IntervalSQLStandard, "iso": temporal.IntervalISO8601}[v]
		}
	}
	return e
}

// Each line of testdata/*.txt is "type <tab> input <tab> output or error". PostgreSQL 15 wrote the first version
// (the oracle tests compare with it); it must stay so on machines without one.
func TestGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no testdata")
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		var env *Env
		sc := bufio.NewScanner(strings.NewReader(string(raw)))
		for n := 1; sc.Scan(); n++ {
			line := sc.Text()
			if line == "" || strings.HasPrefix(line, "#") {
				env = goldenEnv(strings.TrimPrefix(line, "#"))
				out.WriteString(line + "\n")
				continue
			}
			f := strings.SplitN(line, "\t", 3)
			if len(f) < 2 {
				t.Fatalf("%s:%d: %q", file, n, line)
			}
			ty := LookupName(f[0])
			got := ""
			if d, err := ty.ParseText(f[1], -1, env); err != nil {
				e := pgerr.From(err)
				got = "ERROR " + errString(e.Code, e.Message, e.Detail, e.Hint)
			} else {
				got = ty.Text(d, env)
			}
			fmt.Fprintf(&out, "%s\t%s\t%s\n", f[0], f[1], got)
			if !*rewrite && (len(f) < 3 || got != f[2]) {
				t.Errorf("%s:%d: %s %q: got %q", file, n, f[0], f[1], got)
			}
		}
		if *rewrite {
			if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
