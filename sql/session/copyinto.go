package session

import (
	"context"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/session/external"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

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
	table, err := x.lockTarget()
	if err != nil {
		return "", err
	}
	loading := &external.Loading{Names: n.Files}
	defer func(old *external.Loading) { s.loading = old }(s.loading)
	s.loading = loading
	x.load = external.Load{From: s.sources(), Stmt: n, Table: table, Query: x.columns, AddColumn: x.addColumn}
	if err := x.load.Options(); err != nil {
		return "", err
	}
	if !x.load.Force {
		loading.Skip = x.loaded
	}
	inserted, skipped, err := x.run(loading)
	if err != nil {
		return "", err
	}
	row := []types.Datum{tuple.Int(inserted), tuple.Int(inserted), tuple.Int(skipped)}
	return "COPY " + itoa(inserted), s.sendRows(c, copyIntoColumns(), [][]types.Datum{row})
}

// copyInto is the statement's state.
type copyInto struct {
	s    *Session
	ctx  context.Context
	n    *ast.CopyIntoStmt
	c    *call
	load external.Load
}

// lockTarget finds the table; one COPY INTO at a time loads it, so that none loads what another is loading.
func (x *copyInto) lockTarget() (*catalog.Table, error) {
	s := x.s
	t, err := s.resolveTable(x.n.Relation, x.c.source)
	if err != nil {
		return nil, err
	}
	if !t.LikeTable() {
		return nil, pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table", t.Name)
	}
	if id := s.identity(); !id.super && t.Privileges(id.roles, id.current, privilege.Insert) == 0 && len(x.n.Columns) == 0 {
		return nil, t.Denied()
	}
	if s.block.readOnly && t.Persistence != catalog.Temporary {
		return nil, pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", "COPY INTO")
	}
	if _, err := s.block.t.LockTable(x.ctx, uint64(t.OID), lock.ShareUpdateExclusive, s.lockOptions()); err != nil {
		return nil, err
	}
	locked := s.catalog().Table(t.OID)
	if locked == nil {
		return nil, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", t.Name)
	}
	return locked, nil
}

// loaded reports whether the table has a file.
func (x *copyInto) loaded(path string) (bool, error) {
	_, ok, err := x.s.block.t.GetLatest(nil, database.LoadedKey(x.load.Table.OID, path))
	return ok, err
}

// run loads what is new.
func (x *copyInto) run(loading *external.Loading) (inserted, skipped int64, err error) {
	s := x.s
	sql, err := x.load.SQL()
	if err != nil || sql == "" {
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
	rows := loading.Rows
	if rows == nil {
		return 0, 0, pgerr.Internal("COPY INTO has read no files")
	}
	now := s.env.Now()
	for _, f := range rows.Files() {
		if slices.Contains(rows.Skipped(), f.Path) {
			skipped++
			continue
		}
		if err := s.block.t.Put(database.LoadedKey(x.load.Table.OID, f.Path), database.LoadedValue(f.Size, f.ModTime, now), 0); err != nil {
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

// columns are those of a query.
func (x *copyInto) columns(sql string) ([]types.Attr, error) {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil, unplaced(err)
	}
	if len(stmts) != 1 {
		return nil, pgerr.New(pgerr.SyntaxError, "COPY INTO takes one query")
	}
	q, err := x.s.plan(stmts[0], "", nil)
	if err != nil {
		return nil, unplaced(err)
	}
	var cols []types.Attr
	for _, f := range q.cols {
		cols = append(cols, types.Attr{Name: f.Name, Type: f.TypeOID, Mod: f.TypeMod})
	}
	return cols, nil
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
	x.load.Table = x.s.catalog().Table(x.load.Table.OID)
	return nil
}
