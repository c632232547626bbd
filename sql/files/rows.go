package files

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// Rows are the rows of files: the columns that Describe told, then Metadata. The caller closes them.
type Rows struct {
	*reader
	env     *types.Env
	cols    []column
	data    []string // names of the columns that are not partitions' or the rescued data column
	exact   map[string]int
	folded  map[string]int // nil: names must be equal
	rescued int            // -1: none

	at      int // next file
	cur     source
	in      found
	row     []types.Datum
	given   []bool // columns that the record under way has given
	rescue  []byte // members of the rescued data's object
	line    int64
	skipped []string // files that ignoreCorruptFiles has passed over
}

type column struct {
	types.Attr
	typ *types.Type
}

// Open starts reading. cols are Describe's.
func Open(ctx context.Context, st Store, o *Options, cols []types.Attr, env *types.Env) (*Rows, error) {
	r, err := start(ctx, st, o)
	if err != nil {
		return nil, err
	}
	return newRows(r, cols, env)
}

func newRows(r *reader, cols []types.Attr, env *types.Env) (*Rows, error) {
	rows := &Rows{reader: r, env: env, rescued: -1, exact: map[string]int{}, row: make([]types.Datum, len(cols)+len(Metadata)), given: make([]bool, len(cols))}
	keys := map[string]bool{}
	for _, f := range r.files {
		for _, p := range f.parts {
			keys[p.key] = true
		}
	}
	if r.o.folds() {
		rows.folded = map[string]int{}
	}
	for i, a := range cols {
		c := column{Attr: a, typ: env.Type(a.Type)}
		if c.typ == nil {
			return nil, pgerr.Internal("cache lookup failed for type %d", a.Type)
		}
		rows.cols = append(rows.cols, c)
		if a.Name == r.o.Rescued && i == len(cols)-1 {
			rows.rescued = i
			continue
		}
		rows.exact[a.Name] = i
		if rows.folded != nil {
			if _, taken := rows.folded[strings.ToLower(a.Name)]; !taken {
				rows.folded[strings.ToLower(a.Name)] = i
			}
		}
		if !keys[a.Name] {
			rows.data = append(rows.data, a.Name)
		}
	}
	return rows, nil
}

// Close ends the reading; it may be called more than once.
func (r *Rows) Close() error {
	if r.cur != nil {
		r.cur.close()
		r.cur = nil
	}
	r.at = len(r.files)
	return nil
}

// File is the path of the file that the last row came from.
func (r *Rows) File() string { return r.in.Path }

// Files lists what is read.
func (r *Rows) Files() []Info {
	var out []Info
	for _, f := range r.files {
		out = append(out, f.Info)
	}
	return out
}

// Skipped lists the files that were passed over as damaged.
func (r *Rows) Skipped() []string { return r.skipped }

// Next reads a row; it is valid until the next call.
func (r *Rows) Next() ([]types.Datum, bool, error) {
	for {
		if r.cur == nil {
			if ok, err := r.nextFile(); !ok || err != nil {
				return nil, false, err
			}
			continue
		}
		rec, ok, err := r.cur.next()
		if err != nil {
			err = fileError(r.in.Path, err)
			if !r.pass(err) {
				return nil, false, err
			}
			continue
		}
		if !ok {
			r.cur.close()
			r.cur = nil
			continue
		}
		keep, err := r.fill(rec)
		if err != nil {
			return nil, false, err
		}
		if keep {
			return r.row, true, nil
		}
	}
}

func corrupt(err error) bool {
	return pgerr.Is(err, pgerr.BadCopyFileFormat) || pgerr.Is(err, pgerr.IOError)
}

// pass goes on with the next file where an option says so.
func (r *Rows) pass(err error) bool {
	switch {
	case r.o.IgnoreCorrupt && corrupt(err):
		r.skipped = append(r.skipped, r.in.Path)
	case r.o.IgnoreMissing && errors.Is(err, fs.ErrNotExist):
	default:
		return false
	}
	if r.cur != nil {
		r.cur.close()
		r.cur = nil
	}
	return true
}

func (r *Rows) nextFile() (bool, error) {
	if err := context.Cause(r.ctx); err != nil {
		return false, err
	}
	if r.at == len(r.files) {
		return false, nil
	}
	r.in = r.files[r.at]
	r.at++
	src, err := r.open(r.in.Info, r.data)
	if err != nil {
		if r.pass(err) {
			return true, nil
		}
		return false, err
	}
	r.cur = src
	n := len(r.cols)
	r.row[n], r.row[n+1] = tuple.String(r.in.Path), tuple.String(r.in.Name)
	r.row[n+2], r.row[n+3] = tuple.Int(r.in.Size), tuple.Int(calendar.TimestampOf(r.in.ModTime))
	return true, nil
}

// fill makes a row of a record; keep is false for one that the mode drops.
func (r *Rows) fill(rec record) (keep bool, err error) {
	clear(r.row[:len(r.cols)])
	for i := range r.cols {
		r.row[i], r.given[i] = types.Null, false
	}
	r.line, r.rescue = rec.line, r.rescue[:0]
	if rec.malformed {
		switch r.o.Mode {
		case FailFast:
			return false, r.where(damaged("malformed record"))
		case DropMalformed:
			return false, nil
		}
		if rec.bad != "" {
			r.save("_corrupt_record", value{kind: str, s: rec.bad})
		}
	}
	for i := range rec.fields {
		if keep, err := r.field(&rec.fields[i]); !keep || err != nil {
			return false, err
		}
	}
	for _, p := range r.in.parts {
		if i, ok := r.exact[p.key]; ok && !r.given[i] && p.value != "" {
			if keep, err := r.set(i, &field{p.key, value{kind: raw, s: p.value}}); !keep || err != nil {
				return false, err
			}
		}
	}
	if r.rescued >= 0 && len(r.rescue) > 0 {
		r.save("_file_path", value{kind: str, s: r.in.Path})
		r.row[r.rescued] = tuple.Bytes(append(append([]byte("{"), r.rescue...), '}'))
	}
	return true, nil
}

func (r *Rows) field(f *field) (keep bool, err error) {
	i, ok := r.exact[f.name]
	if !ok && r.folded != nil {
		i, ok = r.folded[strings.ToLower(f.name)]
	}
	if !ok || r.given[i] {
		if r.o.evolution == "failonnewcolumns" {
			return false, r.where(pgerr.New(pgerr.UndefinedColumn, "column \"%s\" is not in the schema", f.name))
		}
		if f.kind != null {
			r.save(f.name, f.value)
		}
		return true, nil
	}
	return r.set(i, f)
}

// set puts a value into column i; what does not fit is rescued, or what the mode makes of it.
func (r *Rows) set(i int, f *field) (keep bool, err error) {
	r.given[i] = true
	v, err := convert(r.o, r.env, &r.cols[i], f.value)
	if err == nil {
		r.row[i] = v
		return true, nil
	}
	if r.rescued >= 0 {
		r.save(f.name, f.value)
		return true, nil
	}
	switch r.o.Mode {
	case FailFast:
		var pe *pgerr.Error
		if !errors.As(err, &pe) {
			pe = pgerr.From(err)
		}
		return false, r.where(pe)
	case DropMalformed:
		return false, nil
	}
	return true, nil
}

// save adds a member to the rescued data.
func (r *Rows) save(name string, v value) {
	if r.rescued < 0 {
		return
	}
	if len(r.rescue) > 0 {
		r.rescue = append(r.rescue, ',')
	}
	r.rescue = append(jsondoc.AppendString(r.rescue, valid(name)), ':')
	r.rescue = v.appendJSON(r.rescue)
}

// where tells the place of an error.
func (r *Rows) where(err error) error {
	e := *pgerr.From(err)
	if e.Where == "" {
		e.Where = "file \"" + r.in.Path + "\""
		if r.line > 0 {
			e.Where += ", line " + value{kind: integer, i: r.line}.text()
		}
	}
	return &e
}
