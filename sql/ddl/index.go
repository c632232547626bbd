package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

func (x *exec) createIndex(n *ast.IndexStmt) error {
	if n.Concurrent && x.InBlock {
		return pgerr.New(pgerr.ActiveSQLTransaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	x.Concurrently = n.Concurrent
	t, tix, err := x.OpenRelation(n.Relation, lock.ShareTable)
	switch {
	case err != nil:
		return err
	case tix != nil || !t.LikeTable() && t.Kind != catalog.RelMatView:
		return pgerr.New(pgerr.WrongObjectType, "cannot create index on relation \"%s\"", n.Relation.Relname).
			WithDetail("This operation is not supported for %s.", stmt.KindPlural(t, tix))
	}
	if err := x.MustOwn(t, nil); err != nil {
		return err
	}
	if err := x.NotInUse(t, "CREATE INDEX"); err != nil {
		return err
	}
	if t.Partitioned() && n.Concurrent {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot create index on partitioned table \"%s\" concurrently", t.Name)
	}
	method, err := x.indexMethod(n)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	ix := &catalog.Index{OID: x.Editor.OID(), Unique: n.Unique, Method: method, NullsNotDistinct: n.NullsNotDistinct, ID: next.NextIndexID}
	next.NextIndexID++
	part := catalog.Address{Kind: catalog.KindIndex, OID: ix.OID}
	if ix.Options, err = relOptions(n.Options); err != nil {
		return err
	}
	var names []string
	for _, p := range n.IndexParams {
		e, ok := p.(*ast.IndexElem)
		if !ok {
			return pgerr.Internal("index column of form %T", p)
		}
		key, err := x.indexKey(t, e, method, func(e plan.Expr) { x.DependOn(&next.Deps, part, e) })
		if err != nil {
			return err
		}
		if !catalog.BuiltIn(key.OpClass) {
			next.Deps = append(next.Deps, catalog.Dep{From: part, On: catalog.Address{Kind: catalog.KindOpClass, OID: key.OpClass}, Type: catalog.DepNormal})
		}
		ix.Keys = append(ix.Keys, key)
		names = append(names, indexColumnName(t, &key, names))
	}
	for i := range ix.Keys {
		if ix.Keys[i].Att == 0 {
			ix.Keys[i].ExprName = names[i]
		}
	}
	for _, p := range n.IndexIncludingParams {
		e, ok := p.(*ast.IndexElem)
		if !ok || e.Expr != nil {
			return pgerr.New(pgerr.FeatureNotSupported, "expressions are not supported in included columns")
		}
		c := t.ColumnByName(e.Name)
		if c == nil {
			return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" does not exist", e.Name)
		}
		ix.Include = append(ix.Include, c.AttNum)
		names = append(names, c.Name)
	}
	if n.WhereClause != nil {
		e, _, err := bind.Expression(x.Bind(), t, n.WhereClause, expression.KindIndexPred, plan.Type{OID: types.Bool, Mod: -1}, "WHERE")
		if err != nil {
			return err
		}
		if err := immutable(e, "functions in index predicate must be marked IMMUTABLE"); err != nil {
			return err
		}
		if ix.Pred, err = x.ExprSQL(e, t); err != nil {
			return err
		}
		x.DependOn(&next.Deps, part, e)
	}
	if n.Unique {
		if err := keyCovers(t, ix, "UNIQUE"); err != nil {
			return err
		}
	}
	if method == catalog.MethodHNSW {
		if err := x.checkVectorIndex(t, ix); err != nil {
			return err
		}
	}
	if ix.Name = types.TruncateName(n.Idxname); ix.Name == "" {
		ix.Name = x.RelationName(t.Name, stmt.Joined(names), "idx", t.Schema, false, nil)
	}
	if exists, err := x.ClaimUnless(t.Schema, ix.Name, n.IfNotExists); err != nil || exists {
		return err
	}
	next.Indexes = append(next.Indexes, ix)
	if t.Partitioned() {
		x.Last = false
		x.Put(next)
		return x.passIndex(t.OID, ix, n.Relation.Inh)
	}
	if err := content.BuildIndex(x.Ctx, next, ix); err != nil {
		return err
	}
	x.Put(next)
	return nil
}

func (x *exec) indexMethod(n *ast.IndexStmt) (string, error) {
	method := strings.ToLower(n.AccessMethod)
	if method == "" {
		return "btree", nil
	}
	for _, r := range pgdata.Load("pg_am").Rows {
		if oid, err := types.ParseOID(*r[0]); *r[1] != method || err != nil || !x.Catalog().HasExtensionObject(oid) {
			continue
		}
		if *r[3] != "i" {
			return "", pgerr.New(pgerr.WrongObjectType, "access method \"%s\" is not of type INDEX", n.AccessMethod)
		}
		switch method {
		case catalog.MethodHNSW:
			return method, checkVectorStatement(n)
		case "ivfflat":
			return "", pgerr.Unsupported("index access method \"" + method + "\"")
		}
		if n.Unique && method != "btree" {
			return "", pgerr.New(pgerr.FeatureNotSupported, "access method \"%s\" does not support unique indexes", method)
		}
		if len(n.IndexIncludingParams) > 0 && (method == "hash" || method == "gin" || method == "brin") {
			return "", pgerr.New(pgerr.FeatureNotSupported, "access method \"%s\" does not support included columns", method)
		}
		if len(n.IndexParams) > 1 && (method == "hash" || method == "spgist") {
			return "", pgerr.New(pgerr.FeatureNotSupported, "access method \"%s\" does not support multicolumn indexes", method)
		}
		return method, nil
	}
	return "", pgerr.New(pgerr.UndefinedObject, "access method \"%s\" does not exist", n.AccessMethod)
}

// indexKey makes one key of an index: a column or an expression, which needs is told of.
func (x *exec) indexKey(t *catalog.Table, e *ast.IndexElem, method string, needs func(plan.Expr)) (catalog.IndexKey, error) {
	var k catalog.IndexKey
	if e.Name != "" {
		c := t.ColumnByName(e.Name)
		if c == nil {
			if systemColumn(e.Name) {
				return k, pgerr.New(pgerr.FeatureNotSupported, "index creation on system columns is not supported")
			}
			return k, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" does not exist", e.Name)
		}
		k = catalog.IndexKey{Att: c.AttNum, Type: c.Type, Kind: c.Kind, Collation: c.Collation}
	} else {
		b, cols, err := bind.Expression(x.Bind(), t, e.Expr, expression.KindIndexExpr, plan.Type{}, "")
		if err != nil {
			return k, err
		}
		typ := b.Type()
		if ref, ok := b.(*plan.ColRef); ok {
			for att, c := range cols {
				if c.ID == ref.Col && att > 0 {
					k.Att = att // (a) is a
				}
			}
		}
		ty := x.Env.Type(typ.OID)
		if ty == nil || !ty.Kind.Valid() {
			return k, pgerr.Unsupported("an index over an expression of type " + types.FormatType(typ.OID, -1, x.Env))
		}
		k.Type, k.Kind, k.Collation = typ.OID, ty.Kind, typ.Coll
		if ty.Collatable() && typ.Coll == 0 && len(e.Collation) == 0 {
			return k, pgerr.New(pgerr.IndeterminateCollation, "could not determine which collation to use for index expression").
				WithHint("Use the COLLATE clause to set the collation explicitly.")
		}
		if k.Att == 0 {
			if err := immutable(b, "functions in index expression must be marked IMMUTABLE"); err != nil {
				return k, err
			}
			if k.Expr, err = x.ExprSQL(b, t); err != nil {
				return k, err
			}
			shown, err := ruleutils.Expr(b, &ruleutils.Options{Pretty: true, Env: x.Env})
			if err != nil {
				return k, err
			}
			if !ruleutils.IsCallText(shown) {
				shown = "(" + shown + ")"
			}
			if shown != k.Expr {
				k.Shown = shown
			}
			k.ExprName = exprName(e.Expr)
			needs(b)
		}
	}
	if len(e.Collation) > 0 {
		if ty := x.Env.Type(k.Type); ty != nil && !ty.Collatable() {
			return k, pgerr.New(pgerr.DatatypeMismatch, "collations are not supported by type %s", types.FormatType(k.Type, -1, x.Env))
		}
		oid, err := bind.Collation(x.Bind(), e.Collation)
		if err != nil {
			return k, err
		}
		k.Collation = oid
	}
	k.Desc = e.Ordering == ast.SORTBY_DESC
	k.NullsFirst = e.NullsOrdering == ast.SORTBY_NULLS_FIRST || k.Desc && e.NullsOrdering != ast.SORTBY_NULLS_LAST
	var err error
	if k.OpClass, err = bind.OpClass(x.Bind(), method, e.Opclass, k.Type); err != nil {
		return k, err
	}
	return k, x.keyOrder(&k)
}

// patternClasses are text_pattern_ops and its kin, of btree and hash.
var patternClasses = map[catalog.OID]bool{4217: true, 4218: true, 4219: true, 10056: true, 10057: true, 10058: true}

// keyOrder says by what a key with its collation and class is ordered.
func (x *exec) keyOrder(k *catalog.IndexKey) error {
	k.Order = x.Catalog().KeyOrder(k.Collation)
	if k.Order == nil || !patternClasses[k.OpClass] {
		return nil
	}
	// The classes that serve LIKE compare bytes, whatever the collation.
	if k.Order.Nondeterministic {
		name, _ := ruleutils.OpClassName(k.OpClass)
		return pgerr.New(pgerr.FeatureNotSupported, "nondeterministic collations are not supported for operator class \"%s\"", name)
	}
	k.Order = nil
	return nil
}

// exprName is the name of an index column over an expression: the function's, or "expr".
func exprName(n ast.Node) string {
	switch v := n.(type) {
	case *ast.FuncCall:
		p := stmt.Strs(v.Funcname)
		return p[len(p)-1]
	case *ast.TypeCast:
		if v.Arg != nil {
			if s := exprName(v.Arg); s != "expr" {
				return s
			}
		}
		p := stmt.Strs(v.TypeName.Names)
		return p[len(p)-1]
	case *ast.ColumnRef:
		if s, ok := v.Fields[len(v.Fields)-1].(*ast.String); ok {
			return s.Sval
		}
	case *ast.CoalesceExpr:
		return "coalesce"
	case *ast.CollateClause:
		return exprName(v.Arg)
	}
	return "expr"
}

// indexColumnName is the attribute name of an index column, numbered where an earlier one has it.
func indexColumnName(t *catalog.Table, k *catalog.IndexKey, before []string) string {
	base := k.ExprName
	if k.Att != 0 {
		base = t.Column(k.Att).Name
	}
	name := base
	for i := 1; ; i++ {
		clash := false
		for _, b := range before {
			clash = clash || b == name
		}
		if !clash {
			return name
		}
		s := itoa(int64(i))
		name = stmt.Clip(base, stmt.MaxName-len(s)) + s
	}
}

// immutable refuses expressions that could give another value for the same row later (42P17).
func immutable(e plan.Expr, msg string) error {
	bad := false
	plan.WalkExpr(e, func(e plan.Expr) bool {
		switch f := e.(type) {
		case *plan.FuncCall:
			switch f.Proc {
			case textAnyCat:
				bad = bad || !stableText(f.Args[1].Type().OID)
			case anyTextCat:
				bad = bad || !stableText(f.Args[0].Type().OID)
			default:
				bad = bad || callVolatility(f) != 'i'
			}
		case *plan.CoerceViaIO:
			from, to := types.Lookup(f.Arg.Type().OID), types.Lookup(f.T.OID)
			bad = bad || from == nil || to == nil || volatility(from.OutputFunc) != 'i' || volatility(to.InputFunc) != 'i'
		case *plan.SQLValue, *plan.NextVal:
			bad = true
		}
		return true
	})
	if bad {
		return pgerr.New(pgerr.InvalidObjectDefinition, "%s", msg)
	}
	return nil
}

// text || any value and any value || text are SQL functions, as immutable as the value's output.
const (
	textAnyCat types.OID = 2003
	anyTextCat types.OID = 2004
)

func stableText(t types.OID) bool {
	ty := types.Lookup(t)
	return ty != nil && volatility(ty.OutputFunc) == 'i'
}

// callVolatility is pg_proc.provolatile of a call's function.
func callVolatility(f *plan.FuncCall) byte {
	if f.Func != nil {
		return f.Func.Proc.Volatile
	}
	return volatility(f.Proc)
}

func volatility(proc types.OID) byte {
	list := pgdata.Procs()
	lo, hi := 0, len(list)
	for lo < hi {
		mid := (lo + hi) / 2
		if list[mid].OID < proc {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(list) && list[lo].OID == proc {
		return list[lo].Volatile
	}
	return 'v'
}
