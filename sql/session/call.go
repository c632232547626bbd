package session

import (
	"context"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// callStatement is CALL. Outside of a transaction block the procedure may end transactions.
func (s *Session) callStatement(ctx context.Context, n *ast.CallStmt, c *call) (string, error) {
	s.open()
	bound, err := bind.Call(s.bindEnv(s.catalog(), c.source), n.Funccall, c.types != nil, c.types)
	if err != nil {
		return "", err
	}
	fields, row, err := s.callProcedure(ctx, bound, c.params, s.block.mode == implicit && !c.several && s.depth == 0)
	if err != nil {
		return "", err
	}
	if fields != nil {
		if err := s.sendRows(c, s.callColumns(fields), [][]types.Datum{row}); err != nil {
			return "", err
		}
	}
	return "CALL", nil
}

// callColumns are the columns of the row that CALL answers; nil for none.
func (s *Session) callColumns(outs []types.Attr) []types.Field {
	if len(outs) == 0 {
		return nil
	}
	cols := make([]types.Field, len(outs))
	for i, a := range outs {
		cols[i] = types.Field{Name: a.Name, TypeOID: a.Type, TypeMod: a.Mod, TypeSize: -1}
		if y := s.lookupType(a.Type); y != nil {
			cols[i].TypeSize = y.Len
		}
	}
	return cols
}

// callProcedure calls a procedure; fields and row are what its OUT parameters give, nil where it has none.
func (s *Session) callProcedure(ctx context.Context, c bind.BoundCall, params []types.Datum, nonAtomic bool) (fields []types.Attr, row []types.Datum, err error) {
	f, args, fields := c.Func, c.Args, c.Outs
	if id := s.identity(); !id.super {
		if err := f.Executable(id.roles, id.current); err != nil {
			return nil, nil, err
		}
	}
	var ec run.Context
	s.runContext(ctx, &ec, s.catalog(), params)
	rc := &run.RoutineCall{Func: f, Ret: plan.Type{OID: f.Proc.RetType, Mod: -1}, Fields: fields}
	vals := make([]types.Datum, len(args))
	for i, a := range args {
		if vals[i], err = eval.Const(&ec, a); err != nil {
			return nil, nil, err
		}
		vals[i] = vals[i].Clone()
		rc.ArgTypes = append(rc.ArgTypes, a.Type().OID)
	}
	old := s.nonAtomic
	s.nonAtomic = nonAtomic && !f.Proc.SecDef && len(f.Config) == 0
	defer func() { s.nonAtomic = old }()
	rows, err := s.callRoutine(&ec, rc, vals)
	if err != nil || len(fields) == 0 {
		return nil, nil, err
	}
	row = make([]types.Datum, len(fields))
	for i := range row {
		row[i] = types.Null
	}
	if len(rows.rows) > 0 && rows.rows[0] != nil {
		copy(row, rows.rows[0])
	}
	return fields, row, nil
}

// doStatement is DO.
func (s *Session) doStatement(ctx context.Context, n *ast.DoStmt, c *call) (string, error) {
	body, lang := "", "plpgsql"
	for _, a := range n.Args {
		d, ok := a.(*ast.DefElem)
		if !ok {
			continue
		}
		v, ok := d.Arg.(*ast.String)
		if !ok {
			continue
		}
		switch d.Defname {
		case "as":
			body = v.Sval
		case "language":
			lang = strings.ToLower(v.Sval)
		}
	}
	switch lang {
	case "plpgsql":
	case "sql", "c", "internal":
		return "", pgerr.New(pgerr.FeatureNotSupported, "language \"%s\" does not support inline code execution", lang)
	default:
		return "", pgerr.New(pgerr.UndefinedObject, "language \"%s\" does not exist", lang)
	}
	s.open()
	if err := s.catalog().MayUseLanguage(catalog.PLpgSQLOID, lang, s.Roles(), s.UserOID()); err != nil {
		return "", err
	}
	old := s.nonAtomic
	s.nonAtomic = s.block.mode == implicit && !c.several && s.depth == 0
	defer func() { s.nonAtomic = old }()
	return "DO", s.doPL(ctx, body)
}
