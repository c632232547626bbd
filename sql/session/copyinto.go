package session

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

// copying is a COPY INTO under way: what its read_files leaves out, and what it has read.
type copying struct {
	names []string // files below the path; nil: all
	skip  func(path string) (bool, error)
	rows  *files.Rows
}

// copyMarker is the option of a read_files that belongs to the COPY INTO under way.
const copyMarker = "copy into"

// copyIntoColumns are what COPY INTO answers.
func copyIntoColumns() []types.Field {
	var out []types.Field
	for _, name := range []string{"num_affected_rows", "num_inserted_rows", "num_skipped_corrupt_files"} {
		out = append(out, types.Field{Name: name, TypeOID: types.Int8, TypeSize: 8, TypeMod: -1})
	}
	return out
}

// copyInto loads the files at a path that the table does not have yet, and remembers them, in one transaction with its rows.
func (s *Session) copyInto(ctx context.Context, n *ast.CopyIntoStmt, c *call) (string, error) {
	x := &copyInto{s: s, ctx: ctx, n: n, c: c}
	s.open()
	s.stmtCtx = ctx
	s.block.levelFixed = true
	if err := x.lockTarget(); err != nil {
		return "", err
	}
	if err := x.options(); err != nil {
		return "", err
	}
	old := s.copying
	defer func() { s.copying = old }()
	s.copying = &copying{names: n.Files}
	if !x.force {
		s.copying.skip = x.loaded
	}
	inserted, skipped, err := x.run()
	if err != nil {
		return "", err
	}
	row := []types.Datum{tuple.Int(inserted), tuple.Int(inserted), tuple.Int(skipped)}
	return "COPY " + itoa(inserted), s.sendRows(c, copyIntoColumns(), [][]types.Datum{row})
}

// copyInto is the statement's state.
type copyInto struct {
	s            *Session
	ctx          context.Context
	n            *ast.CopyIntoStmt
	c            *call
	table        *catalog.Table
	force, merge bool
	args         []string // of read_files, without the schema
	header       bool
}

// lockTarget finds the table; one COPY INTO at a time loads it, so that none loads what another is loading.
func (x *copyInto) lockTarget() error {
	s := x.s
	t, err := s.resolveTable(x.n.Relation, x.c.source)
	if err != nil {
		return err
	}
	if !t.LikeTable() {
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table", t.Name)
	}
	if id := s.identity(); !id.super && t.Privileges(id.roles, id.current, privilege.Insert) == 0 && len(x.n.Columns) == 0 {
		return t.Denied()
	}
	if s.block.readOnly && t.Persistence != catalog.Temporary {
		return pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", "COPY INTO")
	}
	if _, err := s.block.t.LockTable(x.ctx, uint64(t.OID), lock.ShareUpdateExclusive, s.lockOptions()); err != nil {
		return err
	}
	if x.table = s.catalog().Table(t.OID); x.table == nil {
		return pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", t.Name)
	}
	return nil
}

func (x *copyInto) options() error {
	for _, o := range x.n.CopyOptions {
		var at *bool
		switch strings.ToLower(o.Name) {
		case "force":
			at = &x.force
		case "mergeschema":
			at = &x.merge
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
	where := x.n.Path
	if x.n.Pattern != "" {
		where = path.Join(where, x.n.Pattern)
		if strings.Contains(x.n.Path, "://") { // which Join would make one slash of
			where = strings.TrimSuffix(x.n.Path, "/") + "/" + strings.TrimPrefix(x.n.Pattern, "/")
		}
	}
	x.args = []string{where, "format", x.n.Format, copyMarker, ""}
	for _, o := range x.n.FormatOptions {
		name := strings.ToLower(o.Name)
		if name == "format" || name == "schema" || name == copyMarker {
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
	if x.n.ByPosition && (x.n.Format != "csv" || x.header) {
		return pgerr.New(pgerr.FeatureNotSupported, "BY POSITION is for CSV files without header")
	}
	return nil
}

// loaded reports whether the table has a file.
func (x *copyInto) loaded(path string) (bool, error) {
	_, ok, err := x.s.block.t.GetLatest(nil, database.LoadedKey(x.table.OID, path))
	return ok, err
}

// run loads what is new.
func (x *copyInto) run() (inserted, skipped int64, err error) {
	s := x.s
	o, st, err := s.fileOptions(x.args)
	if err != nil {
		return 0, 0, err
	}
	list, err := files.Find(x.ctx, st, o)
	if err != nil || len(list) == 0 {
		return 0, 0, err
	}
	sql, err := x.insertion(o, st)
	if err != nil {
		return 0, 0, err
	}
	stmts, err := parser.Parse(sql)
	if err != nil {
		return 0, 0, err
	}
	ins := stmts[0].Node.(*ast.InsertStmt)
	ins.Relation = x.n.Relation
	q, err := s.plan(ast.Stmt{Node: ins, Text: "COPY INTO"}, "", nil)
	if err != nil {
		return 0, 0, unplaced(err)
	}
	var ec exec.Context
	if q, err = s.prepareRun(x.ctx, q, "", &ec, nil); err != nil {
		return 0, 0, err
	}
	s.begunQuery(q)
	inserted, err = q.prog.Exec(&ec, nil)
	s.endedQuery()
	if err != nil {
		return 0, 0, err
	}
	rows := s.copying.rows
	if rows == nil {
		return 0, 0, pgerr.Internal("COPY INTO has read no files")
	}
	now := s.env.Now()
	for _, f := range rows.Files() {
		if slices.Contains(rows.Skipped(), f.Path) {
			skipped++
			continue
		}
		if err := s.block.t.Put(database.LoadedKey(x.table.OID, f.Path), database.LoadedValue(f.Size, f.ModTime, now), 0); err != nil {
			return 0, 0, err
		}
	}
	return inserted, skipped, nil
}

// unplaced is an error without its position: the text is not the user's.
func unplaced(err error) error {
	e := *pgerr.From(err)
	e.Position = 0
	return &e
}

// insertion is the INSERT over read_files.
func (x *copyInto) insertion(o *files.Options, st files.Store) (string, error) {
	if x.n.Select != "" {
		return x.insertSelect()
	}
	cols, err := files.Describe(x.ctx, st, o, x.s.typeNamed)
	if err != nil {
		return "", err
	}
	if x.n.ByPosition || len(x.n.Columns) > 0 || o.Format == files.CSV && !x.header {
		return x.insertByPosition(o, cols)
	}
	if o.Rescued != "" && !x.merge {
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
func (x *copyInto) insertByPosition(o *files.Options, cols []types.Attr) (string, error) {
	targets := x.n.Columns
	if len(targets) == 0 {
		for i := range x.table.Columns {
			if c := &x.table.Columns[i]; !c.Dropped && c.Generated == 0 {
				targets = append(targets, c.Name)
			}
		}
	}
	for _, name := range targets {
		if x.table.ColumnByName(name) == nil {
			return "", pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, x.table.Name)
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
func (x *copyInto) insertSelect() (string, error) {
	sel := "SELECT " + x.n.Select + " FROM " + x.readFiles("")
	stmts, err := parser.Parse(sel)
	if err != nil {
		return "", unplaced(err)
	}
	if len(stmts) != 1 {
		return "", pgerr.New(pgerr.SyntaxError, "COPY INTO takes one query")
	}
	q, err := x.s.plan(stmts[0], "", nil)
	if err != nil {
		return "", unplaced(err)
	}
	targets := x.n.Columns
	if len(targets) == 0 {
		var cols []types.Attr
		for _, f := range q.cols {
			cols = append(cols, types.Attr{Name: f.Name, Type: f.TypeOID, Mod: f.TypeMod})
		}
		if targets, err = x.match(cols); err != nil {
			return "", err
		}
	}
	return "INSERT INTO t (" + quoted(targets) + ") " + sel, nil
}

// column finds the table's column of a name, without regard to case where none is spelled the same; "" for none.
func (x *copyInto) column(name string) string {
	if x.table.ColumnByName(name) != nil {
		return name
	}
	for i := range x.table.Columns {
		if c := &x.table.Columns[i]; !c.Dropped && strings.EqualFold(c.Name, name) {
			return c.Name
		}
	}
	return ""
}

// match finds the table's column for each of the files'. One that the table lacks is added where mergeSchema says so.
func (x *copyInto) match(cols []types.Attr) ([]string, error) {
	var out []string
	for _, c := range cols {
		name := x.column(c.Name)
		if name == "" {
			if !x.merge {
				return nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", c.Name, x.table.Name).
					WithDetail("The files at \"%s\" have such a column.", x.n.Path).
					WithHint("Use COPY_OPTIONS (mergeSchema = true) to add it, or FROM (SELECT ...) to choose columns.")
			}
			if err := x.addColumn(c); err != nil {
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

func (x *copyInto) addColumn(c types.Attr) error {
	stmts, err := parser.Parse("ALTER TABLE t ADD COLUMN " + ruleutils.QuoteIdent(c.Name) + " " + types.FormatType(c.Type, c.Mod, x.s.env))
	if err != nil {
		return err
	}
	stmts[0].Node.(*ast.AlterTableStmt).Relation = x.n.Relation
	add := *x.c
	add.stmt, add.source, add.params = stmts[0], "", nil
	if _, err := x.s.ddl(x.ctx, &add); err != nil {
		return unplaced(err)
	}
	x.table = x.s.catalog().Table(x.table.OID)
	return nil
}

func (x *copyInto) typeOf(column string) string {
	c := x.table.ColumnByName(column)
	return types.FormatType(c.Type, c.TypMod, x.s.env)
}

func (x *copyInto) insert(targets []string, sources, schema string) string {
	return "INSERT INTO t (" + quoted(targets) + ") SELECT " + sources + " FROM " + x.readFiles(schema)
}

func (x *copyInto) readFiles(schema string) string {
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
