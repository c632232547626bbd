package bind

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/policy"
	"github.com/tarndb/tarn/sql/rewrite"
	"github.com/tarndb/tarn/sql/types"
)

// Env is what a statement is bound against. It is not changed while it is in use.
type Env struct {
	Catalog *catalog.Catalog
	// SearchPath is the resolved search_path: schemas that exist, in order. pg_catalog, where it is not listed, and
	// TempSchema come first.
	SearchPath []types.OID
	TempSchema types.OID // the session's temporary schema; 0 none
	Database   string    // current database, for db.schema.table
	// Types is the environment of input functions for literals; may be nil.
	Types *types.Env
	// Source is the text that locations in the parse tree count in, for error positions in characters.
	// Empty: byte positions.
	Source string
	// Cache keeps the parse trees of views, defaults, checks and index expressions; may be nil.
	Cache *parser.Cache
	// Notice receives warnings; nil drops them.
	Notice func(*pgerr.Error)
	// Vars are names that stand for parameters; nil: there are none.
	Vars expression.Variables
	// Inline has calls of simple SQL functions replaced by their bodies.
	Inline bool
	// ViewDefinition is set while a view's query is bound for CREATE VIEW: parameters are refused.
	ViewDefinition bool
	// Needs collects what the statement itself, not the views in it, names of types and functions of users; nil: nobody asks.
	Needs *lexicon.Needs
	// Viewer is for whom a statement runs: row security's policies go into its plan. nil: they stay out.
	Viewer *policy.Viewer
	// MayUse reports whether names in a schema may be looked up; nil: everywhere. SearchPath holds no other schemas.
	MayUse func(*catalog.Schema) bool
	// Stored: the SQL is what the catalog keeps. It names operators without schema: those of all extensions are found. Its casts stand
	// where they were applied.
	Stored bool
	// Named finds relations that only this statement knows; nil: there are none.
	Named func(name string) *catalog.Table
	// Tables describes functions whose columns depend on their arguments; nil: they answer 0A000.
	Tables TableFunctions
}

// binder is the state of binding one statement.
type binder struct {
	expression.Binder
	env       *Env
	origin    map[plan.ColID]origin           // table columns
	wraps     map[plan.Rel]*plan.Project      // relations whose whole row is asked for
	rowScans  map[plan.ColID]*[]plan.Col      // whole-row columns and the scan's list that holds them
	items     map[plan.ColID]*expression.Item // the FROM item that a column is named through
	uses      []plan.TableUse
	access    []*plan.Access
	viewOwner types.OID // 0 outside of views
	modifies  bool
	locks     bool
	viewNest  int
	shapes    *shapes                          // not nil: clauses are bound to be printed, see viewdef.go
	viewCols  map[plan.Expr]origin             // what stands for a column of a view that is written through
	cycles    map[*expression.CTE]*searchCycle // of WITH queries with SEARCH or CYCLE
	viewer    *policy.Viewer                   // nil: no policy applies
	guards    map[plan.Rel]*guard              // by the relation below
	policing  []types.OID                      // tables whose policies are being bound
	sourceOf  *catalog.Table                   // the view whose statement is bound as the rows of a rule's action
	unruled   *catalog.Table                   // the view whose statement is bound as if it had no rules
	ruled     *ruleReturning                   // nil: no RETURNING list is a rule's
}

// origin is the table column that a result column is, for RowDescription.
type origin struct {
	table types.OID
	att   int16
}

func newBinder(env *Env) *binder {
	lex := lexicon.Lexicon{Text: place.Text{Source: env.Source}, Catalog: env.Catalog, SearchPath: env.SearchPath, TempSchema: env.TempSchema,
		Database: env.Database, Types: env.Types, MayUse: env.MayUse, Needs: env.Needs, Named: env.Named, Stored: env.Stored}
	b := &binder{env: env, origin: map[plan.ColID]origin{}, items: map[plan.ColID]*expression.Item{}, rowScans: map[plan.ColID]*[]plan.Col{},
		wraps: map[plan.Rel]*plan.Project{}, viewCols: map[plan.Expr]origin{}}
	b.Binder.Init(lex, b, env.Cache)
	b.Vars, b.Inline, b.ViewDefinition = env.Vars, env.Inline, env.ViewDefinition
	return b
}

// Statement binds SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE and MERGE. paramTypes are the declared types of $1…; 0
// (or unknown, 705) is to be inferred, and parameters beyond the list are added. Result columns named in a SELECT INTO
// are the caller's business.
func Statement(env *Env, stmt ast.Node, paramTypes []types.OID) (st *plan.Statement, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.Infer = true
	if !env.ViewDefinition {
		b.viewer = env.Viewer
	}
	b.giveParams(paramTypes)
	st = &plan.Statement{}
	top := b.NewScope(nil)
	var ok bool
	if st.Steps, st.Counted, ok = b.rewritten(stmt, 0); ok {
		st.Rewritten, st.Tag = true, rewrite.Tag(stmt)
		st.Rel = &plan.Values{} // no rows: what runs are the steps
		if st.Counted >= 0 {
			st.Out = st.Steps[st.Counted].Out
		}
	} else {
		st.Rel, st.Out, st.Tag = b.statement(top, stmt)
	}
	for _, p := range append([]*plan.Statement{st}, st.Steps...) {
		b.FoldCasts(p.Rel)
		b.dropUnusedRows(p.Rel)
	}
	out := st.Out
	st.Params = b.FinishParams()
	st.Functions = b.Functions
	st.Tables, st.Access, st.Volatile, st.Momentary, st.NextCol = b.uses, b.access, b.Volatile, b.Momentary, b.NextCol
	st.ReadOnly = !b.modifies && !b.locks
	for _, p := range st.Steps {
		p.Params, p.Volatile, p.Momentary, p.NextCol = st.Params, st.Volatile, st.Momentary, st.NextCol
	}
	for i, c := range out {
		if c.T.OID == types.Record && b.Fields[c.ID] != nil {
			if st.Fields == nil {
				st.Fields = map[int][]types.Attr{}
			}
			st.Fields[i] = b.Fields[c.ID]
		}
	}
	return st, nil
}

// giveParams tells the types of parameters that are known, 0 and unknown for the others.
func (b *binder) giveParams(list []types.OID) {
	for _, t := range list {
		if t == types.Unknown {
			t = 0
		}
		b.Params = append(b.Params, &expression.Param{Typ: t, Given: t != 0})
	}
}

// TableExpr binds a stored expression (default, generation expression, check, index expression or predicate) over one row
// of t and converts it to want (OID 0: its own type). cols maps the attribute numbers that it names to the ColIDs in it.
func TableExpr(env *Env, t *catalog.Table, sql string, want plan.Type) (e plan.Expr, cols map[int16]plan.Col, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.NextCol = storedCols
	cols = map[int16]plan.Col{}
	e = b.storedExpr(t, sql, want, func(c *catalog.Column) plan.Col {
		col, ok := cols[c.AttNum]
		if !ok {
			col = plan.Col{ID: b.NewCol(), Name: c.Name, T: lexicon.ColumnType(c), Table: t.OID, AttNum: c.AttNum}
			cols[c.AttNum] = col
		}
		return col
	})
	b.FoldExpr(&e)
	return e, cols, nil
}

// storedCols is where the ColIDs of stored expressions start: they are put into statements with ColIDs of their own.
const storedCols = 1 << 24

// Expression binds an expression that a statement gives over one row of t (nil: no columns), for DDL. want.OID 0: its own
// type; the conversion is an assignment whose error names column what ("column %q is of type …").
func Expression(env *Env, t *catalog.Table, n ast.Node, kind expression.Kind, want plan.Type, what string) (e plan.Expr, cols map[int16]plan.Col, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	cols = map[int16]plan.Col{}
	s := b.NewScope(nil)
	if t != nil {
		s.Names = append(s.Names, b.rowItem(s, t, t.Name, func(c *catalog.Column) plan.Col {
			col, ok := cols[c.AttNum]
			if !ok {
				col = plan.Col{ID: b.NewCol(), Name: c.Name, T: lexicon.ColumnType(c), Table: t.OID, AttNum: c.AttNum}
				cols[c.AttNum] = col
			}
			return col
		}))
	}
	if want.OID == types.Bool && kind != expression.KindColumnDefault && kind != expression.KindGenerated {
		e = b.BoolExpr(s, n, kind, what)
	} else {
		e = b.ExprIn(s, n, kind)
		if want.OID != 0 {
			e = b.assign(e, want, what, b.LocOf(e), assignDefault)
		} else {
			e = b.ResolveUnknown(e)
		}
	}
	b.Collate(e)
	b.FinishParams()
	return e, cols, nil
}

// UtilityArg binds an expression without columns, as EXECUTE's arguments and the like are, and converts it as an
// assignment to want (0: own type).
func UtilityArg(env *Env, n ast.Node, want types.OID) (e plan.Expr, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	s := b.NewScope(nil)
	e = b.ExprIn(s, n, expression.KindExecute)
	if want != 0 {
		from := e.Type().OID
		x := b.CoerceToTarget(e, want, -1, overload.Assignment, plan.CallCastImplicit, -1)
		if x == nil {
			panic(b.Err(pgerr.DatatypeMismatch, b.LocOf(e), "parameter of type %s cannot be coerced to the expected type %s", b.TypeText(from), b.TypeText(want)).
				WithHint("You will need to rewrite or cast the expression."))
		}
		e = x
	} else {
		e = b.ResolveUnknown(e)
	}
	b.Collate(e)
	return e, nil
}

// TypeName resolves a type name with its modifiers.
func TypeName(env *Env, n *ast.TypeName) (t plan.Type, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	return b.TypeName(n), nil
}

// ResolveTable finds a relation. Errors: 42P01 for an unknown one, 3F000 for an unknown schema, 0A000 for another database.
func ResolveTable(env *Env, r *ast.RangeVar) (t *catalog.Table, ix *catalog.Index, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	t, ix = b.Relation(r)
	if t == nil {
		b.NoRelation(r)
	}
	return t, ix, nil
}

// Collation finds a collation by its name; 42704.
func Collation(env *Env, name []ast.Node) (oid types.OID, err error) {
	defer place.Guard(&err)
	return newBinder(env).CollationByName(name, -1), nil
}

// OpClass returns the operator class of an access method for a type: the one of that name, or without a name the type's
// default. 42704, 42804.
func OpClass(env *Env, method string, name []ast.Node, typ types.OID) (oid types.OID, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	am := accessMethod(method)
	if len(name) == 0 {
		c, ok := b.DefaultClass(am, typ)
		if !ok {
			return 0, pgerr.New(pgerr.UndefinedObject, "data type %s has no default operator class for access method \"%s\"", b.TypeText(typ), method).
				WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
		}
		return c.OID, nil
	}
	parts := lexicon.Names(name)
	for _, c := range b.ClassesNamed(parts) {
		if c.Method != am {
			continue
		}
		if !b.BinaryCoercible(typ, c.Input) {
			return 0, pgerr.New(pgerr.DatatypeMismatch, "operator class \"%s\" does not accept data type %s", strings.Join(parts, "."), b.TypeText(typ))
		}
		return c.OID, nil
	}
	return 0, pgerr.New(pgerr.UndefinedObject, "operator class \"%s\" does not exist for access method \"%s\"", strings.Join(parts, "."), method)
}

func accessMethod(name string) types.OID {
	for _, r := range pgdata.Load("pg_am").Rows {
		if *r[1] == name {
			oid, _ := types.ParseOID(*r[0])
			return oid
		}
	}
	return 0
}
