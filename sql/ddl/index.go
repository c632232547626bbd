package ddl

import (
	"slices"
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
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

func (x *exec) createIndex(n *ast.IndexStmt) error {
	if n.Concurrent && x.InBlock {
		return pgerr.New(pgerr.ActiveSQLTransaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
	}
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
	taken, err := x.Claim(t.Schema, ix.Name)
	if err != nil {
		return err
	}
	if taken {
		if n.IfNotExists {
			x.Note(pgerr.DuplicateTable, "relation \"%s\" already exists, skipping", ix.Name)
			return nil
		}
		return stmt.RelationExists(ix.Name)
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
		if k.Att == 0 {
			if err := immutable(b, "functions in index expression must be marked IMMUTABLE"); err != nil {
				return k, err
			}
			if k.Expr, err = x.ExprSQL(b, t); err != nil {
				return k, err
			}
			k.ExprName = exprName(e.Expr)
			needs(b)
		}
	}
	if len(e.Collation) > 0 {
		oid, err := bind.Collation(x.Bind(), e.Collation)
		if err != nil {
			return k, err
		}
		k.Collation = oid
	}
	k.Desc = e.Ordering == ast.SORTBY_DESC
	k.NullsFirst = e.NullsOrdering == ast.SORTBY_NULLS_FIRST || k.Desc && e.NullsOrdering != ast.SORTBY_NULLS_LAST
	return k, x.keyClass(&k, e, method)
}

// keyClass resolves the operator class: the one that is named, or the type's default.
func (x *exec) keyClass(k *catalog.IndexKey, e *ast.IndexElem, method string) error {
	data := pgdata.Load("pg_opclass")
	am := methodOID(method)
	cell := func(r []*string, col string) string { return *r[data.Col(col)] }
	if len(e.Opclass) > 0 {
		p := stmt.Strs(e.Opclass)
		name := p[len(p)-1]
		for _, r := range data.Rows {
			if cell(r, "opcmethod") != am || cell(r, "opcname") != name {
				continue
			}
			oid, err := types.ParseOID(cell(r, "oid"))
			if err != nil {
				return err
			}
			if !x.classVisible(oid, p) {
				continue
			}
			if in, err := types.ParseOID(cell(r, "opcintype")); err != nil || !bind.ClassAccepts(x.Bind(), in, k.Type) {
				return pgerr.New(pgerr.DatatypeMismatch, "operator class \"%s\" does not accept data type %s", strings.Join(p, "."), types.FormatType(k.Type, -1, x.Env))
			}
			k.OpClass = oid
			return nil
		}
		return pgerr.New(pgerr.UndefinedObject, "operator class \"%s\" does not exist for access method \"%s\"", strings.Join(p, "."), method)
	}
	if method == "btree" || method == "hash" {
		k.OpClass = bind.DefaultOpClass(x.Bind(), method, k.Type)
	} else {
		for _, r := range data.Rows {
			if cell(r, "opcmethod") == am && cell(r, "opcdefault") == "t" && cell(r, "opcintype") == itoa(int64(k.Type)) {
				oid, err := types.ParseOID(cell(r, "oid"))
				if err != nil {
					return err
				}
				if x.Catalog().HasExtensionObject(oid) {
					k.OpClass = oid
				}
			}
		}
	}
	if k.OpClass == 0 && (method == "btree" || method == "hash" || method == catalog.MethodHNSW) {
		return pgerr.New(pgerr.UndefinedObject, "data type %s has no default operator class for access method \"%s\"",
			types.FormatType(k.Type, -1, x.Env), method).
			WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
	}
	return nil
}

// classVisible reports whether a name, with a schema or along search_path, finds an operator class.
func (x *exec) classVisible(oid catalog.OID, name []string) bool {
	schema := catalog.PgCatalogOID
	if !catalog.BuiltIn(oid) {
		o := x.Catalog().Object(catalog.KindOpClass, oid)
		if o == nil {
			return false
		}
		schema = o.Head().Schema
	}
	if len(name) > 1 {
		s := x.Catalog().Schema(name[len(name)-2])
		return s != nil && s.OID == schema
	}
	return slices.Contains(x.Path(), schema)
}

func methodOID(name string) string {
	for _, r := range pgdata.Load("pg_am").Rows {
		if *r[1] == name {
			return *r[0]
		}
	}
	return ""
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
