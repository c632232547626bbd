package session

import (
	"context"
	"io"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/copy"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/session/copyrows"
	"github.com/tarndb/tarn/sql/types"
)

// copy is COPY … FROM and TO.
func (s *Session) copy(ctx context.Context, n *ast.CopyStmt, c *call) (string, error) {
	o, err := copy.ParseOptions(n.Options, n.IsFrom)
	if err != nil {
		return "", err
	}
	if n.IsProgram {
		return "", pgerr.Unsupported("COPY with PROGRAM")
	}
	s.open()
	if n.IsFrom {
		return s.copyFrom(ctx, n, o, c)
	}
	return s.copyTo(ctx, n, o, c)
}

// copyTarget resolves the table and the columns of a COPY.
func (s *Session) copyTarget(n *ast.CopyStmt) (*catalog.Table, []copy.Column, []string, error) {
	t, err := s.resolveTable(n.Relation, "")
	if err != nil {
		e := *pgerr.From(err)
		e.Position = 0 // PostgreSQL gives none here
		return nil, nil, nil, &e
	}
	var cols []copy.Column
	var names []string
	add := func(col *catalog.Column) {
		cols = append(cols, copy.Column{Name: col.Name, Type: s.env.Type(col.Type), TypeMod: col.TypMod})
		names = append(names, col.Name)
	}
	if len(n.Attlist) == 0 {
		for i := range t.Columns {
			if col := &t.Columns[i]; !col.Dropped && col.Generated == 0 {
				add(col)
			}
		}
		return t, cols, names, nil
	}
	seen := map[string]bool{}
	for _, a := range n.Attlist {
		name := a.(*ast.String).Sval
		col := t.ColumnByName(name)
		switch {
		case col == nil:
			return nil, nil, nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, t.Name)
		case col.Generated != 0:
			return nil, nil, nil, pgerr.New(pgerr.InvalidColumnReference, "column \"%s\" is a generated column", name).
				WithDetail("Generated columns cannot be used in COPY.")
		case seen[name]:
			return nil, nil, nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", name)
		}
		seen[name] = true
		add(col)
	}
	return t, cols, names, nil
}

// copyAllowed checks the privilege that COPY needs on a table or its columns, before anything else is said about the table.
func (s *Session) copyAllowed(t *catalog.Table, names []string, p privilege.Set) error {
	a := &plan.Access{Table: t, Need: p}
	for _, n := range names {
		att := t.ColumnByName(n).AttNum
		if p == privilege.Insert {
			a.Insert = plan.AddAtt(a.Insert, att)
		} else {
			a.Read(att)
		}
	}
	if id := s.identity(); !a.Allowed(id.roles, id.current) {
		return t.Denied()
	}
	return nil
}

// fileSource reads a file of the server.
type fileSource struct {
	f   io.Reader
	buf []byte
}

func (f *fileSource) Next() ([]byte, error) {
	n, err := f.f.Read(f.buf)
	if n > 0 {
		return f.buf[:n], nil
	}
	if err == nil {
		err = io.EOF
	}
	return nil, err
}

// countedSource tells how much of the data has been read.
type countedSource struct {
	copy.Source
	report *progress.Report
}

func (c countedSource) Next() ([]byte, error) {
	chunk, err := c.Source.Next()
	c.report.Add(progress.CopyBytes, int64(len(chunk)))
	return chunk, err
}

func (s *Session) copyFrom(ctx context.Context, n *ast.CopyStmt, o copy.Options, c *call) (string, error) {
	t, cols, names, err := s.copyTarget(n)
	if err != nil {
		return "", err
	}
	if err := s.copyAllowed(t, names, privilege.Insert); err != nil {
		return "", err
	}
	if guards, err := s.viewer().Guards(t, 0); err != nil {
		return "", err
	} else if guards {
		return "", pgerr.New(pgerr.FeatureNotSupported, "COPY FROM not supported with row-level security").WithHint("Use INSERT statements instead.")
	}
	switch t.Kind {
	case catalog.RelTable, catalog.RelPartitioned:
	case catalog.RelView:
		if !t.Instead(catalog.TriggerInsert) {
			return "", pgerr.New(pgerr.WrongObjectType, "cannot copy to view \"%s\"", t.Name).
				WithHint("To enable copying to a view, provide an INSTEAD OF INSERT trigger.")
		}
	case catalog.RelSequence:
		return "", pgerr.New(pgerr.WrongObjectType, "cannot copy to sequence \"%s\"", t.Name)
	case catalog.RelForeign:
		return "", pgerr.New(pgerr.FeatureNotSupported, "cannot insert into foreign table \"%s\"", t.Name)
	default:
		return "", pgerr.New(pgerr.WrongObjectType, "cannot copy to non-table relation \"%s\"", t.Name)
	}
	if _, err := copy.NewReader(nil, o, cols, s.env); err != nil {
		return "", err // before the client is asked for data
	}
	if s.block.readOnly && t.Persistence != catalog.Temporary {
		return "", pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute COPY FROM in a read-only transaction")
	}
	var filter *copyrows.Filter
	all, allNames := cols, names
	if n.WhereClause != nil {
		if filter, all, allNames, err = copyrows.NewFilter(s.bindEnv(s.catalog(), c.source), n, t, cols, names); err != nil {
			return "", err
		}
	}
	// The rows go through the plan of an INSERT, with its defaults, checks, indexes and foreign keys.
	insert, err := s.copyInsert(n.Relation, t, all, allNames)
	if err != nil {
		return "", err
	}
	var ec exec.Context
	if insert, err = s.prepareRun(ctx, insert, "", &ec, make([]types.Datum, len(all))); err != nil {
		return "", err
	}
	var src copy.Source
	var size int64
	if n.Filename != "" {
		f, length, err := s.sources().OpenFile(n.Filename)
		if err != nil {
			return "", err
		}
		defer f.Close()
		size = length
		src = &fileSource{f, make([]byte, 64<<10)}
	} else {
		format, formats := copyFormats(o, len(cols))
		if src, err = s.out.CopyIn(format, formats); err != nil {
			return "", err
		}
	}
	if o.Freeze && !s.freshStorage(t) {
		return "", pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot perform COPY FREEZE because the table was not created or truncated in the current subtransaction")
	}
	report := s.progress.Begin(progress.Copy, t.OID, map[progress.Param]int64{progress.CopyCommand: progress.CopyFrom, progress.CopyType: copyType(n), progress.CopyBytesAll: size})
	defer s.progress.End(report)
	r, err := copy.NewReader(countedSource{src, report}, o, cols, s.env)
	if err != nil {
		return "", err
	}
	r.Relation = t.Name
	var rows int64
	if filter == nil && s.bulkable(t, names) {
		rows, err = s.bulkLoad(ctx, t, cols, r, report)
	} else {
		rows, err = s.loadRows(&ec, insert, r, len(cols), filter, report)
	}
	if err != nil {
		return "", err
	}
	return "COPY " + itoa(rows), nil
}

// copyType is where COPY reads or writes, for pg_stat_progress_copy.
func copyType(n *ast.CopyStmt) int64 {
	if n.Filename != "" {
		return progress.CopyFile
	}
	return progress.CopyPipe
}

func copyFormats(o copy.Options, n int) (byte, []int16) {
	f := int16(0)
	if o.Format == copy.Binary {
		f = 1
	}
	formats := make([]int16, n)
	for i := range formats {
		formats[i] = f
	}
	return byte(f), formats
}

// copyInsert plans INSERT INTO t (cols) VALUES ($1, …).
func (s *Session) copyInsert(rel *ast.RangeVar, t *catalog.Table, cols []copy.Column, names []string) (*query, error) {
	row := make([]ast.Node, len(cols))
	oids := make([]types.OID, len(cols))
	targets := make([]ast.Node, len(cols))
	for i := range cols {
		row[i] = &ast.ParamRef{Number: int32(i + 1)}
		oids[i] = cols[i].Type.OID
		targets[i] = &ast.ResTarget{Name: names[i]}
	}
	ins := &ast.InsertStmt{Relation: rel, Cols: targets, Override: ast.OVERRIDING_SYSTEM_VALUE}
	if len(cols) > 0 {
		ins.SelectStmt = &ast.SelectStmt{ValuesLists: []ast.Node{&ast.List{Items: row}}, Op: ast.SETOP_NONE, LimitOption: ast.LIMIT_OPTION_DEFAULT}
	}
	return s.plan(ast.Stmt{Node: ins, Text: "COPY"}, "", oids)
}

// loadRows runs the insert for every row of the input that the filter, if any, lets pass, as one statement. The input has n columns.
func (s *Session) loadRows(ec *exec.Context, insert *query, r *copy.Reader, n int, filter *copyrows.Filter, report *progress.Report) (int64, error) {
	if filter != nil {
		filter.Begin(&ec.Context)
		s.begunQuery(insert)
		defer s.endedQuery()
		return insert.prog.ExecEach(ec, filter.Next(ec.Ctx, r, n, report), r.RowError)
	}
	rows := 0
	s.begunQuery(insert)
	defer s.endedQuery()
	return insert.prog.ExecEach(ec, func(params []types.Datum, written int64) (bool, error) {
		report.Set(progress.CopyTuples, written)
		if rows++; rows&1023 == 0 {
			if err := context.Cause(ec.Ctx); err != nil {
				return false, err
			}
		}
		return r.Next(params)
	}, r.RowError)
}

// freshStorage tells that the current subtransaction has made the table's storage: by CREATE TABLE or TRUNCATE.
func (s *Session) freshStorage(t *catalog.Table) bool {
	b := &s.block
	if b.editor == nil {
		return false
	}
	if old := s.committedCatalog().Table(t.OID); old != nil && old.StorageID == t.StorageID {
		return false
	}
	if n := len(b.saves); n > 0 {
		return t.StorageID >= b.saves[n-1].nextStorage
	}
	return true
}

func (s *Session) copyTo(ctx context.Context, n *ast.CopyStmt, o copy.Options, c *call) (string, error) {
	node, relation := n.Query, catalog.OID(0)
	if node == nil {
		t, cols, names, err := s.copyTarget(n)
		if err != nil {
			return "", err
		}
		if err := s.copyAllowed(t, names, privilege.Select); err != nil {
			return "", err
		}
		switch t.Kind {
		case catalog.RelTable:
		case catalog.RelPartitioned:
			return "", pgerr.New(pgerr.WrongObjectType, "cannot copy from partitioned table \"%s\"", t.Name).WithHint("Try the COPY (SELECT ...) TO variant.")
		case catalog.RelView:
			return "", pgerr.New(pgerr.WrongObjectType, "cannot copy from view \"%s\"", t.Name).WithHint("Try the COPY (SELECT ...) TO variant.")
		case catalog.RelSequence:
			return "", pgerr.New(pgerr.WrongObjectType, "cannot copy from sequence \"%s\"", t.Name)
		case catalog.RelForeign:
			return "", pgerr.New(pgerr.WrongObjectType, "cannot copy from foreign table \"%s\"", t.Name).WithHint("Try the COPY (SELECT ...) TO variant.")
		default:
			return "", pgerr.New(pgerr.WrongObjectType, "cannot copy from non-table relation \"%s\"", t.Name)
		}
		relation = t.OID
		only := *n.Relation
		only.Inh = false
		sel := &ast.SelectStmt{FromClause: []ast.Node{&only}, Op: ast.SETOP_NONE, LimitOption: ast.LIMIT_OPTION_DEFAULT}
		for i := range cols {
			sel.TargetList = append(sel.TargetList, &ast.ResTarget{Val: &ast.ColumnRef{Fields: []ast.Node{&ast.String{Sval: names[i]}}}})
		}
		node = sel
	}
	q, err := s.plan(ast.Stmt{Node: node, Text: c.stmt.Text}, c.source, nil)
	if err != nil {
		return "", err
	}
	if q.cols == nil {
		return "", pgerr.New(pgerr.FeatureNotSupported, "COPY query must have a RETURNING clause")
	}
	var ec exec.Context
	if q, err = s.prepareRun(ctx, q, c.source, &ec, c.params); err != nil {
		return "", err
	}
	cols := make([]copy.Column, len(q.cols))
	for i, f := range q.cols {
		cols[i] = copy.Column{Name: f.Name, Type: s.env.Type(f.TypeOID), TypeMod: f.TypeMod}
	}
	w, err := copy.NewWriter(o, cols, s.env)
	if err != nil {
		return "", err
	}
	var dst io.Writer
	var done func() error
	if n.Filename != "" {
		var abort func()
		if dst, done, abort, err = s.sources().CreateFile(n.Filename); err != nil {
			return "", err
		}
		defer abort()
	} else {
		format, formats := copyFormats(o, len(cols))
		out := s.out.CopyOut(format, formats)
		dst, done = out, out.Close
	}
	report := s.progress.Begin(progress.Copy, relation, map[progress.Param]int64{progress.CopyCommand: progress.CopyTo, progress.CopyType: copyType(n)})
	defer s.progress.End(report)
	var rows int64
	buf := w.AppendStart(nil)
	flush := func() error {
		if len(buf) == 0 {
			return nil
		}
		_, err := dst.Write(buf)
		report.Add(progress.CopyBytes, int64(len(buf)))
		report.Set(progress.CopyTuples, rows)
		buf = buf[:0]
		return err
	}
	if o.Format != copy.Binary {
		if err := flush(); err != nil {
			return "", err
		}
	}
	_, err = q.prog.Exec(&ec, func(row []types.Datum) error {
		buf = w.AppendRow(buf, row)
		rows++
		return flush()
	})
	if err == nil {
		if buf = w.AppendEnd(buf); len(buf) > 0 {
			err = flush()
		}
	}
	if err != nil {
		return "", err
	}
	if err := done(); err != nil {
		return "", err
	}
	return "COPY " + itoa(rows), nil
}
