package builtin

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// TestGolden runs testdata/calls.txt: one call per line, name(type 'text', …) → result, as ask() words it. The answers
// were given by PostgreSQL 15.
func TestGolden(t *testing.T) {
	f, err := os.Open("testdata/calls.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		line := sc.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		call, want, ok := strings.Cut(line, " → ")
		if !ok {
			t.Fatalf("no arrow: %s", line)
		}
		n++
		if got := strings.ReplaceAll(evalCall(t, call), "\n", `\n`); got != want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", call, got, want)
		}
	}
	if n == 0 {
		t.Error("no calls")
	}
}

// evalCall runs name(int4 '1', text 'x').
func evalCall(t *testing.T, call string) string {
	t.Helper()
	name, rest, ok := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	if !ok {
		t.Fatalf("not a call: %s", call)
	}
	c := askedCall{}
	for rest != "" {
		typ, lit, ok := strings.Cut(rest, " '")
		end := strings.Index(lit, "'")
		if !ok || end < 0 {
			t.Fatalf("arguments of %s", call)
		}
		at := types.LookupName(typ)
		if at == nil {
			t.Fatalf("type %q in %s", typ, call)
		}
		c.args = append(c.args, at.OID)
		c.texts = append(c.texts, lit[:end])
		rest = strings.TrimPrefix(lit[end+1:], ", ")
	}
	for _, p := range procNamed(name) {
		if !accepts(p, c.args) {
			continue
		}
		fn, err := Lookup(p.OID)
		if err != nil {
			continue // another one of that name may fit
		}
		c.fn, c.ret = fn, p.RetType
		if len(c.args) > 0 && p.RetType == types.AnyCompatibleArray {
			c.ret = c.args[0]
		}
		if p.RetType == types.AnyRange || p.RetType == types.AnyMultirange {
			c.ret = c.args[0]
		}
		if len(c.args) > 0 && p.RetType == types.AnyElement {
			c.ret = types.Lookup(c.args[0]).Elem
		}
		return c.answer()
	}
	t.Fatalf("no function for %s", call)
	return ""
}

func accepts(p *pgdata.Proc, args []types.OID) bool {
	if len(p.ArgTypes) != len(args) {
		return false
	}
	for i, a := range p.ArgTypes {
		if t := types.Lookup(a); a != args[i] && t.TypType != types.TypePseudo || !rangeFits(a, args[i]) {
			return false
		}
	}
	return true
}

// The kernels that point look-ups and aggregates run must not allocate.
func TestNoAllocations(t *testing.T) {
	c := &Call{Env: testEnv, ArgTypes: []types.OID{types.Int4, types.Int4}}
	one, two := mustParse(types.Int4, "1"), mustParse(types.Int4, "2")
	ab, cd := mustParse(types.Text, "abcdef"), mustParse(types.Text, "abcdeg")
	ts := mustParse(types.Timestamp, "2020-01-01")
	num := mustParse(types.Numeric, "12.50")
	for _, k := range []struct {
		name string
		args []types.Datum
		most float64
	}{
		{"int4pl", []types.Datum{one, two}, 0}, {"int8pl", []types.Datum{one, two}, 0}, {"int8mul", []types.Datum{one, two}, 0}, {"int4eq", []types.Datum{one, two}, 0},
		{"int84lt", []types.Datum{one, two}, 0}, {"float8pl", []types.Datum{mustParse(types.Float8, "1.5"), mustParse(types.Float8, "2")}, 0},
		{"texteq", []types.Datum{ab, cd}, 0}, {"text_lt", []types.Datum{ab, cd}, 0}, {"bttextcmp", []types.Datum{ab, cd}, 0}, {"textlike", []types.Datum{ab, mustParse(types.Text, "%cd%")}, 0},
		{"timestamp_lt", []types.Datum{ts, ts}, 0}, {"numeric_lt", []types.Datum{num, num}, 0}, {"numeric_add", []types.Datum{num, num}, 1},
	} {
		fn := bySymbol[k.name]
		if n := testing.AllocsPerRun(100, func() {
			if _, err := fn(c, k.args); err != nil {
				t.Fatal(err)
			}
		}); n > k.most {
			t.Errorf("%s: %v allocations", k.name, n)
		}
	}
	for oid, args := range map[types.OID][]types.Datum{2108: {one}, 2107: {one}, 2114: {num}, 2116: {one}, 2147: {one}, 2101: {one}} { // sum, sum(int8), sum(numeric), max, count, avg
		agg, err := LookupAgg(oid)
		if err != nil {
			t.Fatal(err)
		}
		st, err := agg.New(&Call{Env: testEnv, Proc: oid, ArgTypes: []types.OID{types.Int4}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { st.Add(args) }); n > 0 {
			t.Errorf("%s: %v allocations per row", Signature(oid), n)
		}
	}
}

func mustParse(typ types.OID, s string) types.Datum {
	v, err := types.Lookup(typ).ParseText(s, -1, testEnv)
	if err != nil {
		panic(err)
	}
	return v
}

// rangeFits reports whether a type fits where a range or multirange is declared.
func rangeFits(declared, actual types.OID) bool {
	switch t := types.Lookup(actual); declared {
	case types.AnyRange, types.AnyCompatibleRange:
		return t.TypType == types.TypeRange
	case types.AnyMultirange, types.AnyCompatibleMultirange:
		return t.TypType == types.TypeMultirange
	}
	return true
}
