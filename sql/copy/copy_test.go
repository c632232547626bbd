package copy

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

type chunks struct {
	data []byte
	size int
}

func (c *chunks) Next() ([]byte, error) {
	if len(c.data) == 0 {
		return nil, io.EOF
	}
	n := min(c.size, len(c.data))
	b := c.data[:n]
	c.data = c.data[n:]
	return b, nil
}

var cols = []Column{{"a", types.Lookup(types.Int4), -1}, {"b", types.Lookup(types.Text), -1}}

// read returns the rows as "1|x" and the error as SQLSTATE, message and context.
func read(t *testing.T, o Options, data string, size int) string {
	t.Helper()
	r, err := NewReader(&chunks{[]byte(data), size}, o, cols, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Relation = "t"
	var out []string
	dst := make([]types.Datum, len(cols))
	for {
		ok, err := r.Next(dst)
		var pe *pgerr.Error
		if errors.As(err, &pe) {
			return strings.Join(append(out, pe.Code+" "+pe.Message+" @"+pe.Where), ";")
		}
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return strings.Join(out, ";")
		}
		var vs []string
		for i, d := range dst {
			if d.IsNull() {
				vs = append(vs, "NULL")
				continue
			}
			vs = append(vs, string(cols[i].Type.AppendText(nil, d, nil)))
		}
		out = append(out, strings.Join(vs, "|"))
	}
}

// Input is cut into chunks of every size: the rows must not depend on it.
func TestRead(t *testing.T) {
	text := Options{Delimiter: '\t', Null: `\N`}
	csv := Options{Format: CSV, Delimiter: ',', Quote: '"', Escape: '"'}
	header := csv
	header.Header, header.HeaderMatch = true, true
	for _, c := range []struct {
		o          Options
		data, want string
	}{
		{text, "1\tx\n2\t\\N\n", "1|x;2|NULL"},
		{text, "1\ta\\tb\\\\c\\x41\\101\r\n2\t\n\\.\n9\tz\n", "1|a\tb\\cAA;2|"},
		{text, "1\tlast line without end", "1|last line without end"},
		{text, "1\n", `22P04 missing data for column "b" @COPY t, line 1: "1"`},
		{text, "1\tx\ty\n", `22P04 extra data after last expected column @COPY t, line 1: "1	x	y"`},
		{text, "1\tx\nabc\ty\n", `1|x;22P02 invalid input syntax for type integer: "abc" @COPY t, line 2, column a: "abc"`},
		{csv, "1,x\n2,\n3,\"\"\n", "1|x;2|NULL;3|"},
		{csv, "1,\"a,\"\"b\"\"\nc\"\n2,d\n", "1|a,\"b\"\nc;2|d"},
		{csv, "1,\"open\n", "22P04 unterminated CSV quoted field @COPY t, line 1"},
		{header, "a,b\n1,x\n", "1|x"},
		{header, "a,c\n1,x\n", `22P04 column name mismatch in header line field 2: got "c", expected "b" @COPY t, line 1: "a,c"`},
	} {
		for _, size := range []int{1, 2, 3, 7, 1000} {
			got := read(t, c.o, c.data, size)
			if strings.HasPrefix(c.want, "22P04 unterminated") {
				got, _, _ = strings.Cut(got, " @")
				if want, _, _ := strings.Cut(c.want, " @"); got != want {
					t.Errorf("%q by %d: %s", c.data, size, got)
				}
				continue
			}
			if got != c.want {
				t.Errorf("%q by %d:\n got %s\nwant %s", c.data, size, got, c.want)
			}
		}
	}
}

// What Writer writes Reader reads, in every format.
func TestRoundTrip(t *testing.T) {
	rows := [][]types.Datum{
		{tuple.Int(1), tuple.String("plain")},
		{tuple.Int(-2), types.Null},
		{types.Null, tuple.String("")},
		{tuple.Int(3), tuple.String("tab\tquote\"comma,back\\slash\r\nnewline \\N \\.")},
	}
	for _, o := range []Options{
		{Delimiter: '\t', Null: `\N`}, {Delimiter: '|', Null: "nil", Header: true},
		{Format: CSV, Delimiter: ',', Quote: '"', Escape: '"', Header: true},
		{Format: CSV, Delimiter: ';', Quote: '\'', Escape: '\\', Null: "NULL"},
		{Format: Binary},
	} {
		w, err := NewWriter(o, cols, nil)
		if err != nil {
			t.Fatal(err)
		}
		data := w.AppendStart(nil)
		for _, r := range rows {
			data = w.AppendRow(data, r)
		}
		data = w.AppendEnd(data)
		want := "1|plain;-2|NULL;NULL|;3|tab\tquote\"comma,back\\slash\r\nnewline \\N \\."
		for _, size := range []int{1, 5, 4096} {
			if got := read(t, o, string(data), size); got != want {
				t.Errorf("format %d by %d: %q", o.Format, size, got)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("1\tx\n"), uint8(0))
	f.Add([]byte("1,\"x\"\n"), uint8(1))
	f.Add([]byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff"), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, format uint8) {
		o := []Options{{Delimiter: '\t', Null: `\N`}, {Format: CSV, Delimiter: ',', Quote: '"', Escape: '"'}, {Format: Binary}}[format%3]
		r, _ := NewReader(&chunks{data, 3}, o, cols, nil)
		dst := make([]types.Datum, 2)
		for {
			if ok, err := r.Next(dst); !ok || err != nil {
				return
			}
		}
	})
}
