package bind

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Words for assign's error: what does not fit the column.
const (
	assignExpr    = ""
	assignDefault = "default "
)

// assign is the conversion of an assignment: column names the target in the error.
func (b *binder) assign(e plan.Expr, want plan.Type, column string, loc int32, what string) plan.Expr {
	have := e.Type().OID
	x := b.CoerceToTarget(e, want.OID, want.Mod, overload.Assignment, plan.CallCastImplicit, -1)
	if x == nil {
		panic(b.Err(pgerr.DatatypeMismatch, loc, "column \"%s\" is of type %s but %sexpression is of type %s", column, b.TypeText(want.OID), what, b.TypeText(have)).
			WithHint("You will need to rewrite or cast the expression."))
	}
	return x
}

// storedExpr binds SQL that the catalog keeps, over the columns of t that col gives.
func (b *binder) storedExpr(t *catalog.Table, sql string, want plan.Type, col func(*catalog.Column) plan.Col) plan.Expr {
	s := b.NewScope(nil)
	name := ""
	if t != nil {
		s.Names, name = append(s.Names, b.rowItem(s, t, t.Name, col)), t.Name
	}
	return b.storedIn(s, sql, want, name)
}

// storedIn binds SQL that the catalog keeps, in a scope of its own; name is for errors.
func (b *binder) storedIn(s *expression.Scope, sql string, want plan.Type, name string) plan.Expr {
	return b.stored(sql, func(n ast.Node) plan.Expr {
		e := b.ExprIn(s, n, expression.KindOther)
		if want.OID != 0 {
			return b.assign(e, want, name, -1, assignExpr)
		}
		return b.ResolveUnknown(e)
	})
}

// stored parses SQL that the catalog keeps and has f bind it: names are looked up as in a view, and errors have no place.
func (b *binder) stored(sql string, f func(n ast.Node) plan.Expr) plan.Expr {
	n, err := b.Cache.ParseExpr(sql)
	b.Check(err, -1)
	path := b.ViewPath
	b.ViewPath = storedPath(b.SearchPath)
	was := b.Stored
	b.Stored = true
	b.Quiet++
	e := f(n)
	b.Collate(e)
	b.Quiet--
	b.ViewPath, b.Stored = path, was
	return e
}

// columnDefault is what a column takes when nothing is given: nil for NULL.
func (b *binder) columnDefault(t *catalog.Table, c *catalog.Column) plan.Expr {
	if c.Generated != 0 {
		return nil
	}
	if c.Identity != 0 {
		var e plan.Expr = &plan.NextVal{Seq: c.IdentSeq, T: b.PlanType(types.Int8, -1)}
		b.Volatile = true
		return b.assign(e, lexicon.ColumnType(c), c.Name, -1, assignDefault)
	}
	if c.Default == "" {
		if d := b.Catalog.Type(c.Type); d != nil && d.OID == c.Type && d.Domain != nil && d.Domain.Default != "" {
			return b.storedExpr(nil, d.Domain.Default, lexicon.ColumnType(c), nil)
		}
		if b.IsDomain(c.Type) {
			return b.orNull(nil, c) // the domain may refuse NULL
		}
		return nil
	}
	return b.storedExpr(t, c.Default, lexicon.ColumnType(c), func(*catalog.Column) plan.Col {
		panic(pgerr.Internal("default of column %q names a column", c.Name))
	})
}

// defaultOrNull is columnDefault as an expression.
func (b *binder) defaultOrNull(t *catalog.Table, c *catalog.Column) plan.Expr {
	return b.orNull(b.columnDefault(t, c), c)
}

func (b *binder) orNull(e plan.Expr, c *catalog.Column) plan.Expr {
	if e != nil {
		return e
	}
	if b.IsDomain(c.Type) {
		base, mod := b.BaseTypeMod(c.Type, c.TypMod)
		return &plan.CoerceToDomain{Arg: &plan.Const{Val: types.Null, T: b.PlanType(base, mod)}, T: lexicon.ColumnType(c), Form: plan.CallCastImplicit}
	}
	return &plan.Const{Val: types.Null, T: lexicon.ColumnType(c)}
}

// newRow are the columns of a row that is being stored, with the checks and generated columns over them.
type newRow struct {
	cols []plan.Col
	by   map[int16]plan.Col
}

func (b *binder) newRow(t *catalog.Table) *newRow {
	r := &newRow{by: map[int16]plan.Col{}}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		col := plan.Col{ID: b.NewCol(), Name: c.Name, T: lexicon.ColumnType(c), Table: t.OID, AttNum: c.AttNum}
		b.origin[col.ID] = origin{t.OID, c.AttNum}
		r.cols = append(r.cols, col)
		r.by[c.AttNum] = col
	}
	if t.Partitioned() || b.Catalog.HasChildren(t.OID) {
		col := plan.Col{ID: b.NewCol(), Name: "tableoid", T: plan.Type{OID: types.Oid, Mod: -1}, Table: t.OID, AttNum: expression.TableOIDAttNum}
		r.cols = append(r.cols, col)
		r.by[col.AttNum] = col
	}
	return r
}

func (r *newRow) col(c *catalog.Column) plan.Col { return r.by[c.AttNum] }

func (b *binder) checks(t *catalog.Table, r *newRow) []plan.Check {
	var out []plan.Check
	for _, c := range t.Constraints {
		if c.Type == catalog.ConCheck {
			e := b.storedExpr(t, c.Expr, plan.Type{OID: types.Bool, Mod: -1}, r.col)
			out = append(out, plan.Check{Constraint: c.Name, Expr: e})
		}
	}
	slices.SortStableFunc(out, func(a, b plan.Check) int { return strings.Compare(a.Constraint, b.Constraint) }) // as PostgreSQL checks them
	return out
}

func (b *binder) generated(t *catalog.Table, r *newRow) []plan.GenCol {
	var out []plan.GenCol
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped || c.Generated == 0 {
			continue
		}
		out = append(out, plan.GenCol{AttNum: c.AttNum, Expr: b.storedExpr(t, c.Default, lexicon.ColumnType(c), r.col)})
	}
	return out
}
