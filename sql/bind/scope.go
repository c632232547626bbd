package bind

import (
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
)

// scope is one query level (PostgreSQL's ParseState).
type scope struct {
	parent *scope
	depth  int
	ns     []*nsItem // what names may refer to
	tables []*nsItem // every FROM item of the level, visible or not, for hints
	ctes   []*cteRef
	kind   exprKind // the clause being bound
	// lateral: the item being bound may name its siblings (LATERAL).
	lateral bool

	aggs    []aggSlot
	group   []groupingSlot
	windows []*window
	named   map[string]*ast.WindowDef
	namedBy map[string]*window
	srfs    []srfSlot
	// srfStop is why set-returning functions are refused where they stand now ("CASE", "COALESCE"), or empty.
	srfStop string
	locking []*ast.LockingClause
	selfRef bool // FROM holds the recursive reference of a WITH query
}

// queries binds what expressions hold of queries: what is above this package.
type queries interface {
	// Subquery binds a query in an expression; s is its level.
	Subquery(s *scope, n *ast.SelectStmt) (plan.Rel, []plan.Col)
}

type aggSlot struct {
	id  plan.ColID
	agg *plan.Aggref
	loc int32
}

type groupingSlot struct {
	id   plan.ColID
	args []plan.Expr
	loc  int32
	call *plan.GroupingCall
}

type srfSlot struct {
	id    plan.ColID
	call  plan.Expr
	level int // 0: its arguments hold no set-returning calls
}

func (b *binder) newScope(parent *scope) *scope {
	s := &scope{parent: parent}
	if parent != nil {
		s.depth = parent.depth + 1
	}
	return s
}

// above reports whether s is o or encloses it.
func (s *scope) above(o *scope) bool {
	for ; o != nil; o = o.parent {
		if o == s {
			return true
		}
	}
	return false
}

// exprKind is the clause that an expression stands in (PostgreSQL's ParseExprKind).
type exprKind uint8

const (
	kindNone exprKind = iota
	kindOther
	kindJoinOn
	kindJoinUsing
	kindFromSubselect
	kindFromFunction
	kindWhere
	kindHaving
	kindFilter
	kindWindowPartition
	kindWindowOrder
	kindWindowRange
	kindWindowRows
	kindWindowGroups
	kindSelect
	kindInsertTarget
	kindUpdateSource
	kindUpdateTarget
	kindMergeWhen
	kindGroupBy
	kindOrderBy
	kindDistinctOn
	kindLimit
	kindOffset
	kindReturning
	kindValues
	kindValuesSingle
	kindCheck
	kindCallArgument
	kindFunctionDefault
	kindColumnDefault
	kindIndexExpr
	kindIndexPred
	kindAlterTransform
	kindGenerated
	kindExecute
	kindCopyWhere
	kindPartKey
	kindPartBound
)

// kindNames are the words of the generic message "… are not allowed in %s".
var kindNames = [...]string{
	kindJoinOn: "JOIN/ON", kindJoinUsing: "JOIN/USING", kindFromSubselect: "sub-SELECT in FROM", kindFromFunction: "function in FROM",
	kindWhere: "WHERE", kindHaving: "HAVING", kindFilter: "FILTER", kindWindowPartition: "window PARTITION BY",
	kindWindowOrder: "window ORDER BY", kindWindowRange: "window RANGE", kindWindowRows: "window ROWS", kindWindowGroups: "window GROUPS",
	kindSelect: "SELECT", kindInsertTarget: "INSERT", kindUpdateSource: "UPDATE", kindUpdateTarget: "UPDATE", kindMergeWhen: "MERGE WHEN",
	kindGroupBy: "GROUP BY", kindOrderBy: "ORDER BY", kindDistinctOn: "DISTINCT ON", kindLimit: "LIMIT", kindOffset: "OFFSET",
	kindReturning: "RETURNING", kindValues: "VALUES", kindValuesSingle: "VALUES", kindCheck: "CHECK", kindCallArgument: "CALL", kindFunctionDefault: "DEFAULT", kindColumnDefault: "DEFAULT",
	kindIndexExpr: "index expression", kindIndexPred: "index predicate", kindAlterTransform: "USING", kindGenerated: "GENERATED AS",
	kindExecute: "EXECUTE", kindCopyWhere: "WHERE",
	kindPartKey: "PARTITION BY", kindPartBound: "partition bound",
}

func (k exprKind) name() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unrecognized expression kind"
}

// notIn is the end of "… are not allowed in …" for aggregates and window functions; "" where they are allowed.
func (k exprKind) notIn(aggregate bool) string {
	switch k {
	case kindSelect, kindOrderBy, kindDistinctOn, kindNone, kindOther:
		return ""
	case kindHaving:
		if aggregate {
			return ""
		}
		return k.name()
	case kindWindowPartition, kindWindowOrder:
		if aggregate {
			return ""
		}
		return "window definitions"
	case kindWindowRange, kindWindowRows, kindWindowGroups:
		if aggregate {
			return k.name()
		}
		return "window definitions"
	case kindJoinOn, kindJoinUsing:
		return "JOIN conditions"
	case kindFromFunction:
		return "functions in FROM"
	case kindFromSubselect:
		if aggregate {
			return "FROM clause of their own query level"
		}
		return ""
	case kindMergeWhen:
		return "MERGE WHEN conditions"
	case kindCheck:
		return "check constraints"
	case kindColumnDefault, kindFunctionDefault:
		return "DEFAULT expressions"
	case kindCallArgument:
		return "CALL arguments"
	case kindIndexExpr:
		return "index expressions"
	case kindIndexPred:
		return "index predicates"
	case kindAlterTransform:
		return "transform expressions"
	case kindGenerated:
		return "column generation expressions"
	case kindExecute:
		return "EXECUTE parameters"
	case kindCopyWhere:
		return "COPY FROM WHERE conditions"
	case kindPartKey:
		return "partition key expressions"
	case kindPartBound:
		return "partition bound"
	}
	return k.name()
}

// noSubquery is the message for subqueries in clauses without them; "" where they are allowed.
func (k exprKind) noSubquery() string {
	switch k {
	case kindCheck:
		return "cannot use subquery in check constraint"
	case kindColumnDefault, kindFunctionDefault:
		return "cannot use subquery in DEFAULT expression"
	case kindCallArgument:
		return "cannot use subquery in CALL argument"
	case kindIndexExpr:
		return "cannot use subquery in index expression"
	case kindIndexPred:
		return "cannot use subquery in index predicate"
	case kindAlterTransform:
		return "cannot use subquery in transform expression"
	case kindGenerated:
		return "cannot use subquery in column generation expression"
	case kindExecute:
		return "cannot use subquery in EXECUTE parameter"
	case kindCopyWhere:
		return "cannot use subquery in COPY FROM WHERE condition"
	case kindPartKey:
		return "cannot use subquery in partition key expression"
	case kindPartBound:
		return "cannot use subquery in partition bound"
	}
	return ""
}

// noSRF is the end of "set-returning functions are not allowed in …"; "" where they are allowed.
func (k exprKind) noSRF() string {
	switch k {
	case kindSelect, kindInsertTarget, kindGroupBy, kindOrderBy, kindDistinctOn, kindValuesSingle,
		kindWindowPartition, kindWindowOrder, kindFromFunction, kindOther:
		return ""
	case kindWindowRange, kindWindowRows, kindWindowGroups:
		return "window definitions"
	case kindJoinOn, kindJoinUsing:
		return "JOIN conditions"
	case kindCheck, kindColumnDefault, kindFunctionDefault, kindCallArgument, kindIndexExpr, kindIndexPred, kindAlterTransform, kindGenerated, kindExecute, kindMergeWhen, kindCopyWhere,
		kindPartKey, kindPartBound:
		return k.notIn(true)
	}
	return k.name()
}
