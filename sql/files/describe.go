package files

import (
	"context"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Metadata are the columns of _metadata, which every row has behind its own.
var Metadata = []types.Attr{{Name: "file_path", Type: types.Text, Mod: -1}, {Name: "file_name", Type: types.Text, Mod: -1},
	{Name: "file_size", Type: types.Int8, Mod: -1}, {Name: "file_modification_time", Type: types.TimestampTZ, Mod: -1}}

// TypeNamer finds a type by its SQL name.
type TypeNamer func(name string) (oid types.OID, mod int32, err error)

// reader is what Describe and Rows have in common.
type reader struct {
	ctx   context.Context
	store Store
	o     *Options
	files []found
}

// start finds the files and settles the format.
func start(ctx context.Context, st Store, o *Options) (*reader, error) {
	own := *o
	r := &reader{ctx: ctx, store: st, o: &own}
	var err error
	if r.files, err = find(ctx, st, r.o); err != nil {
		return nil, err
	}
	if own.Format != Detect || len(r.files) == 0 {
		return r, nil
	}
	for i, f := range r.files {
		format, tabs := formatOf(f.Name)
		if format == Detect {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "could not tell the format of file \"%s\" by its name", f.Path).
				WithHint("Give the option format.")
		}
		if i > 0 && format != own.Format {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "files of different formats: \"%s\" and \"%s\"", r.files[0].Path, f.Path).
				WithHint("Give the option format, or fileNamePattern to leave files out.")
		}
		own.Format = format
		if tabs && own.Sep == "," {
			own.Sep = "\t"
		}
	}
	if own.Format == Text && !own.rescuedSet {
		own.Rescued = ""
	}
	return r, nil
}

// Describe tells the columns of files: the schema that is given, or what the files say and show. Metadata is not among them.
func Describe(ctx context.Context, st Store, o *Options, types_ TypeNamer) ([]types.Attr, error) {
	r, err := start(ctx, st, o)
	if err != nil {
		return nil, err
	}
	var cols []types.Attr
	if o.Schema != "" {
		if cols, err = parseSchema(o.Schema, types_); err != nil {
			return nil, err
		}
	} else if cols, err = r.infer(types_); err != nil {
		return nil, err
	}
	parts, err := r.partitions(cols)
	if err != nil {
		return nil, err
	}
	cols = append(cols, parts...)
	if r.o.Rescued != "" {
		if named(cols, r.o.Rescued) {
			return nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", r.o.Rescued).
				WithHint("Give the option rescuedDataColumn another name.")
		}
		cols = append(cols, types.Attr{Name: r.o.Rescued, Type: types.Text, Mod: -1})
	}
	return cols, nil
}

func named(cols []types.Attr, name string) bool {
	return slices.ContainsFunc(cols, func(c types.Attr) bool { return c.Name == name })
}

// infer unites the columns of the files.
func (r *reader) infer(names TypeNamer) ([]types.Attr, error) {
	if len(r.files) == 0 {
		return nil, pgerr.New(pgerr.UndefinedFile, "there are no files at \"%s\" to tell columns by", r.o.Path).WithHint("Give the option schema.")
	}
	s := shapes{fold: r.o.folds()}
	budget := int64(SampleBytes)
	for i, f := range r.files {
		if i == SampleFiles || budget <= 0 {
			break
		}
		used, err := r.look(&s, f.Info, budget)
		if err != nil {
			if r.o.IgnoreCorrupt && corrupt(err) {
				continue
			}
			return nil, err
		}
		budget -= used
	}
	if len(s.list) == 0 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "the files at \"%s\" have no columns", r.o.Path).WithHint("Give the option schema.")
	}
	var cols []types.Attr
	for _, c := range s.list {
		a := types.Attr{Name: c.name, Type: shapeTypes[c.shape.k], Mod: -1}
		if c.shape.k == shapeNumeric {
			a.Mod = c.shape.mod
		}
		cols = append(cols, a)
	}
	if r.o.SchemaHints == "" {
		return cols, nil
	}
	hints, err := parseSchema(r.o.SchemaHints, names)
	if err != nil {
		return nil, err
	}
	for _, h := range hints {
		i := slices.IndexFunc(cols, func(c types.Attr) bool { return c.Name == h.Name })
		if i < 0 {
			i = slices.IndexFunc(cols, func(c types.Attr) bool { return strings.EqualFold(c.Name, h.Name) })
		}
		if i < 0 {
			cols = append(cols, h)
		} else {
			cols[i].Type, cols[i].Mod = h.Type, h.Mod
		}
	}
	return cols, nil
}

// look adds what one file says or shows; used counts the bytes that were looked at.
func (r *reader) look(s *shapes, in Info, budget int64) (used int64, err error) {
	src, err := r.open(in, nil)
	if err != nil {
		return 0, err
	}
	defer src.close()
	if cols, ok := src.columns(); ok {
		for _, c := range cols {
			s.add(c.name, c.shape)
		}
		return 0, nil
	}
	if c, ok := src.(*csvSource); ok {
		for _, name := range c.names {
			s.add(name, shape{})
		}
	}
	for n := 0; used < budget; n++ {
		rec, ok, err := src.next()
		if err != nil {
			return 0, fileError(in.Path, err)
		}
		if !ok {
			break
		}
		if n&1023 == 0 {
			if err := context.Cause(r.ctx); err != nil {
				return 0, err
			}
		}
		if rec.bad != "" {
			used += int64(len(rec.bad))
			continue
		}
		for i := range rec.fields {
			f := &rec.fields[i]
			used += int64(len(f.s)) + 8
			s.add(f.name, r.o.shapeOf(f.value, r.o.Infer))
		}
	}
	return used, nil
}

// partitions are the columns that come from key=value directories.
func (r *reader) partitions(cols []types.Attr) ([]types.Attr, error) {
	if r.o.Partitions != nil && len(r.o.Partitions) == 0 {
		return nil, nil
	}
	var s shapes
	for _, f := range r.files {
		for _, p := range f.parts {
			if r.o.Partitions != nil && !slices.Contains(r.o.Partitions, p.key) {
				continue
			}
			v := value{kind: raw, s: p.value}
			if p.value == "" {
				v = value{}
			}
			s.add(p.key, r.o.shapeOf(v, r.o.Infer))
		}
	}
	var out []types.Attr
	for _, c := range s.list {
		if !named(cols, c.name) { // a file's own column comes first
			a := types.Attr{Name: c.name, Type: shapeTypes[c.shape.k], Mod: -1}
			out = append(out, a)
		}
	}
	for _, name := range r.o.Partitions {
		if !named(cols, name) && !named(out, name) {
			return nil, pgerr.New(pgerr.UndefinedColumn, "no directory at \"%s\" is named %s=value", r.o.Path, name)
		}
	}
	return out, nil
}

// Databricks's names of types that PostgreSQL does not have.
var foreignTypes = map[string]string{"string": "text", "long": "bigint", "short": "smallint", "byte": "smallint", "tinyint": "smallint",
	"double": "double precision", "binary": "bytea", "timestamp_ntz": "timestamp", "timestamp_ltz": "timestamptz", "variant": "jsonb",
	"dec": "numeric"}

// parseSchema reads name type, … : names as SQL has them (or between backticks), PostgreSQL's types and Databricks's; array<…>,
// struct<…> and map<…> are jsonb.
func parseSchema(ddl string, names TypeNamer) ([]types.Attr, error) {
	var out []types.Attr
	for _, item := range splitTop(ddl) {
		name, typ, ok := columnName(strings.TrimSpace(item))
		if !ok || typ == "" {
			return nil, pgerr.New(pgerr.SyntaxError, "invalid column definition \"%s\" in a schema", strings.TrimSpace(item)).
				WithHint("A schema is name type [, name type ...].")
		}
		if i := strings.Index(lowerASCII(typ), " comment "); i > 0 {
			typ = strings.TrimSpace(typ[:i])
		}
		lower := lowerASCII(typ)
		if cut, ok := strings.CutSuffix(lower, " not null"); ok {
			lower, typ = strings.TrimSpace(cut), strings.TrimSpace(typ[:len(cut)])
		}
		head, _, nested := strings.Cut(lower, "<")
		switch head = strings.TrimSpace(head); {
		case nested && (head == "array" || head == "struct" || head == "map"):
			typ = "jsonb"
		case foreignTypes[lower] != "":
			typ = foreignTypes[lower]
		}
		oid, mod, err := names(typ)
		if err != nil {
			return nil, err
		}
		if named(out, name) {
			return nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", name)
		}
		out = append(out, types.Attr{Name: name, Type: oid, Mod: mod})
	}
	if len(out) == 0 {
		return nil, pgerr.New(pgerr.SyntaxError, "a schema must have at least one column")
	}
	return out, nil
}

// lowerASCII keeps the length, unlike strings.ToLower.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// splitTop cuts at the commas that stand in no brackets and no quotes.
func splitTop(s string) []string {
	var out []string
	depth, from, quote := 0, 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`' || c == '\'':
			quote = c
		case c == '(' || c == '<' || c == '[':
			depth++
		case c == ')' || c == '>' || c == ']':
			depth--
		case c == ',' && depth == 0:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	if strings.TrimSpace(s[from:]) == "" && len(out) == 0 {
		return nil
	}
	return append(out, s[from:])
}

// columnName cuts the name off a column definition.
func columnName(s string) (name, rest string, ok bool) {
	if s == "" {
		return "", "", false
	}
	if q := s[0]; q == '"' || q == '`' {
		for i := 1; i < len(s); i++ {
			if s[i] != q {
				continue
			}
			if i+1 < len(s) && s[i+1] == q {
				i++
				continue
			}
			double := string([]byte{q, q})
			return strings.ReplaceAll(s[1:i], double, string(q)), strings.TrimLeft(s[i+1:], " \t\r\n:"), i > 1
		}
		return "", "", false
	}
	i := strings.IndexAny(s, " \t\r\n:")
	if i <= 0 {
		return "", "", false
	}
	return strings.ToLower(s[:i]), strings.TrimLeft(s[i:], " \t\r\n:"), true
}
