package external

import (
	"path"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// Loading is a COPY INTO under way: what its read_files leaves out, and what it has read.
type Loading struct {
	Names []string // files below the path; nil: all
	Skip  func(path string) (bool, error)
	Rows  *files.Rows
}

// loadMarker is the option of a read_files that belongs to the COPY INTO under way.
const loadMarker = "copy into"

// Load is a COPY INTO as SQL: the INSERT that reads the files.
type Load struct {
	From  *Sources
	Stmt  *ast.CopyIntoStmt
	Table *catalog.Table
	// Query tells the columns of a query; AddColumn adds one to Table (mergeSchema).
	Query     func(sql string) ([]types.Attr, error)
	AddColumn func(c types.Attr) error

	Force, Merge bool     // COPY_OPTIONS
	args         []string // of read_files, without the schema
	header       bool
}

// Options reads the statement's options. Errors: 42601, 22023, 0A000.
func (x *Load) Options() error {
	for _, o := range x.Stmt.CopyOptions {
		var at *bool
		switch strings.ToLower(o.Name) {
		case "force":
			at = &x.Force
		case "mergeschema":
			at = &x.Merge
		default:
			return pgerr.New(pgerr.SyntaxError, "COPY INTO option \"%s\" not recognized", o.Name)
		}
		on, ok := files.ParseBool(o.Value)
		if !ok {
			return pgerr.New(pgerr.InvalidParameterValue, "option \"%s\" requires a Boolean value", o.Name)
		}
		*at = on
	}
	given := map[string]string{}
	where := x.Stmt.Path
	if x.Stmt.Pattern != "" {
		where = path.Join(where, x.Stmt.Pattern)
		if strings.Contains(x.Stmt.Path, "://") { // which Join would make one slash of
			where = strings.TrimSuffix(x.Stmt.Path, "/") + "/" + strings.TrimPrefix(x.Stmt.Pattern, "/")
		}
	}
	x.args = []string{where, "format", x.Stmt.Format, loadMarker, ""}
	for _, o := range x.Stmt.FormatOptions {
		name := strings.ToLower(o.Name)
		if name == "format" || name == "schema" || name == loadMarker {
			return pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", o.Name)
		}
		given[name] = o.Value
		x.args = append(x.args, o.Name, o.Value)
	}
	// What does not fit is an error, unless the statement says otherwise.
	if _, ok := given["mode"]; !ok {
		x.args = append(x.args, "mode", "FAILFAST")
	}
	_, rescued := given["rescueddatacolumn"]
	if _, ok := given["schemaevolutionmode"]; !ok && !rescued {
		x.args = append(x.args, "schemaEvolutionMode", "none")
	}
	x.header, _ = files.ParseBool(given["header"])
	if x.Stmt.ByPosition && (x.Stmt.Format != "csv" || x.header) {
		return pgerr.New(pgerr.FeatureNotSupported, "BY POSITION is for CSV files without header")
	}
	return nil
}

// SQL is the INSERT over read_files, into a table named t; "" where the path has no file that is not loaded.
func (x *Load) SQL() (string, error) {
	o, st, err := x.From.fileOptions(x.args)
	if err != nil {
		return "", err
	}
	list, err := files.Find(x.From.S.Context(), st, o)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return x.insertion(o, st)
}

func (x *Load) insertion(o *files.Options, st files.Store) (string, error) {
	if x.Stmt.Select != "" {
		return x.insertSelect()
	}
	cols, err := files.Describe(x.From.S.Context(), st, o, x.From.S.TypeNamed)
	if err != nil {
		return "", err
	}
	if x.Stmt.ByPosition || len(x.Stmt.Columns) > 0 || o.Format == files.CSV && !x.header {
		return x.insertByPosition(o, cols)
	}
	if o.Rescued != "" && !x.Merge {
		cols = slices.DeleteFunc(cols, func(c types.Attr) bool { return c.Name != o.Rescued && x.column(c.Name) == "" })
	}
	targets, err := x.match(cols)
	if err != nil {
		return "", err
	}
	var schema, sources []string
	for i, c := range cols {
		if c.Name != o.Rescued {
			schema = append(schema, ruleutils.QuoteIdent(c.Name)+" "+x.typeOf(targets[i]))
		}
		sources = append(sources, ruleutils.QuoteIdent(c.Name))
	}
	return x.insert(targets, strings.Join(sources, ", "), strings.Join(schema, ", ")), nil
}

// insertByPosition pairs the files' columns with the table's, or with those that are listed, in order.
func (x *Load) insertByPosition(o *files.Options, cols []types.Attr) (string, error) {
	targets := x.Stmt.Columns
	if len(targets) == 0 {
		for i := range x.Table.Columns {
			if c := &x.Table.Columns[i]; !c.Dropped && c.Generated == 0 {
				targets = append(targets, c.Name)
			}
		}
	}
	for _, name := range targets {
		if x.Table.ColumnByName(name) == nil {
			return "", pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, x.Table.Name)
		}
	}
	if o.Rescued != "" {
		return "", pgerr.Unsupported("rescuedDataColumn of files that are loaded by position")
	}
	if len(cols) > len(targets) {
		return "", pgerr.New(pgerr.BadCopyFileFormat, "the files have %d columns, the table takes %d", len(cols), len(targets))
	}
	targets = targets[:len(cols)]
	var schema, sources []string
	for i, name := range targets {
		src := cols[i].Name
		schema = append(schema, ruleutils.QuoteIdent(src)+" "+x.typeOf(name))
		sources = append(sources, ruleutils.QuoteIdent(src))
	}
	return x.insert(targets, strings.Join(sources, ", "), strings.Join(schema, ", ")), nil
}

// insertSelect gives the columns of the query to the table's of the same names.
func (x *Load) insertSelect() (string, error) {
	sel := "SELECT " + x.Stmt.Select + " FROM " + x.readFiles("")
	cols, err := x.Query(sel)
	if err != nil {
		return "", err
	}
	targets := x.Stmt.Columns
	if len(targets) == 0 {
		if targets, err = x.match(cols); err != nil {
			return "", err
		}
	}
	return "INSERT INTO t (" + quoted(targets) + ") " + sel, nil
}

// column finds the table's column of a name, without regard to case where none is spelled the same; "" for none.
func (x *Load) column(name string) string {
	if x.Table.ColumnByName(name) != nil {
		return name
	}
	for i := range x.Table.Columns {
		if c := &x.Table.Columns[i]; !c.Dropped && strings.EqualFold(c.Name, name) {
			return c.Name
		}
	}
	return ""
}

// match finds the table's column for each of the files'. One that the table lacks is added where mergeSchema says so.
func (x *Load) match(cols []types.Attr) ([]string, error) {
	var out []string
	for _, c := range cols {
		name := x.column(c.Name)
		if name == "" {
			if !x.Merge {
				return nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", c.Name, x.Table.Name).
					WithDetail("The files at \"%s\" have such a column.", x.Stmt.Path).
					WithHint("Use COPY_OPTIONS (mergeSchema = true) to add it, or FROM (SELECT ...) to choose columns.")
			}
			if err := x.AddColumn(c); err != nil {
				return nil, err
			}
			name = c.Name
		}
		if slices.Contains(out, name) {
			return nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", name)
		}
		out = append(out, name)
	}
	return out, nil
}

func (x *Load) typeOf(column string) string {
	c := x.Table.ColumnByName(column)
	return types.FormatType(c.Type, c.TypMod, x.From.S.Types())
}

func (x *Load) insert(targets []string, sources, schema string) string {
	return "INSERT INTO t (" + quoted(targets) + ") SELECT " + sources + " FROM " + x.readFiles(schema)
}

func (x *Load) readFiles(schema string) string {
	call := "pg_catalog.read_files(" + ruleutils.QuoteLiteral(x.args[0])
	for i := 1; i < len(x.args); i += 2 {
		call += ", " + ruleutils.QuoteIdent(x.args[i]) + " => " + ruleutils.QuoteLiteral(x.args[i+1])
	}
	if schema != "" {
		call += ", schema => " + ruleutils.QuoteLiteral(schema)
	}
	return call + ")"
}

func quoted(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, ruleutils.QuoteIdent(n))
	}
	return strings.Join(out, ", ")
}
