package expression

import (
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
)

// Scope is one query level (PostgreSQL's ParseState).
type Scope struct {
	Parent *Scope
	Depth  int
	Names  []*Item // what names may refer to
	Tables []*Item // every FROM item of the level, visible or not, for hints
	CTEs   []*CTE
	Kind   Kind // the clause being bound
	// Lateral: the item being bound may name its siblings (LATERAL).
	Lateral bool

	Aggs    []AggSlot
	Group   []GroupingSlot
	Windows []*Window
	named   map[string]*ast.WindowDef
	NamedBy map[string]*Window
	SRFs    []SRFSlot
	// srfStop is why set-returning functions are refused where they stand now ("CASE", "COALESCE"), or empty.
	srfStop string
	Locking []*ast.LockingClause
	SelfRef bool // FROM holds the recursive reference of a WITH query
}

// CTE is a WITH query as a query level sees it.
type CTE struct {
	Name  string
	Def   *plan.CTE
	Cols  []plan.Col // names and types
	Ready bool
	// Working: the recursive part of it is being bound; references read the working table.
	Working *plan.RecursiveUnion
	SelfUse int
	Node    *ast.CommonTableExpr
}

// Register adds a FROM item to the level.
func (s *Scope) Register(it *Item) *Item {
	it.Scope = s
	s.Tables = append(s.Tables, it)
	return it
}

// LockFor finds the locking clause that names alias, or all tables.
func (s *Scope) LockFor(alias string) *ast.LockingClause {
	for _, l := range s.Locking {
		if len(l.LockedRels) == 0 {
			return l
		}
		for _, r := range l.LockedRels {
			if rv, ok := r.(*ast.RangeVar); ok && rv.Relname == alias {
				return l
			}
		}
	}
	return nil
}

// Queries binds what expressions hold of queries: what is above this package.
type Queries interface {
	// Subquery binds a query in an expression; s is its level.
	Subquery(s *Scope, n *ast.SelectStmt) (plan.Rel, []plan.Col)
}

// AggSlot is an aggregate call of the level, column ID of its Aggregate.
type AggSlot struct {
	ID  plan.ColID
	Agg *plan.Aggref
	Loc int32
}

// GroupingSlot is a GROUPING call of the level.
type GroupingSlot struct {
	ID   plan.ColID
	Args []plan.Expr
	loc  int32
	Call *plan.GroupingCall
}

// SRFSlot is a set-returning call of the level, column ID of a ProjectSet.
type SRFSlot struct {
	ID    plan.ColID
	Call  plan.Expr
	Level int // 0: its arguments hold no set-returning calls
}

// NewScope makes a query level below parent; nil: the outermost.
func (b *Binder) NewScope(parent *Scope) *Scope {
	s := &Scope{Parent: parent}
	if parent != nil {
		s.Depth = parent.Depth + 1
	}
	return s
}

// above reports whether s is o or encloses it.
func (s *Scope) above(o *Scope) bool {
	for ; o != nil; o = o.Parent {
		if o == s {
			return true
		}
	}
	return false
}

// Kind is the clause that an expression stands in (PostgreSQL's ParseExprKind).
type Kind uint8

const (
	kindNone Kind = iota
	KindOther
	KindJoinOn
	kindJoinUsing
	KindFromSubselect
	KindFromFunction
	KindWhere
	KindHaving
	kindFilter
	kindWindowPartition
	kindWindowOrder
	kindWindowRange
	kindWindowRows
	kindWindowGroups
	KindSelect
	kindInsertTarget
	KindUpdateSource
	kindUpdateTarget
	KindMergeWhen
	KindGroupBy
	KindOrderBy
	KindDistinctOn
	KindLimit
	KindOffset
	KindReturning
	KindValues
	KindValuesSingle
	KindCheck
	KindCallArgument
	KindFunctionDefault
	KindColumnDefault
	KindIndexExpr
	KindIndexPred
	KindAlterTransform
	KindGenerated
	KindExecute
	KindCopyWhere
	KindPartKey
	KindPartBound
	KindTriggerWhen
	KindPolicy
)

// kindNames are the words of the generic message "… are not allowed in %s".
var kindNames = [...]string{
	KindJoinOn: "JOIN/ON", kindJoinUsing: "JOIN/USING", KindFromSubselect: "sub-SELECT in FROM", KindFromFunction: "function in FROM",
	KindWhere: "WHERE", KindHaving: "HAVING", kindFilter: "FILTER", kindWindowPartition: "window PARTITION BY",
	kindWindowOrder: "window ORDER BY", kindWindowRange: "window RANGE", kindWindowRows: "window ROWS", kindWindowGroups: "window GROUPS",
	KindSelect: "SELECT", kindInsertTarget: "INSERT", KindUpdateSource: "UPDATE", kindUpdateTarget: "UPDATE", KindMergeWhen: "MERGE WHEN",
	KindGroupBy: "GROUP BY", KindOrderBy: "ORDER BY", KindDistinctOn: "DISTINCT ON", KindLimit: "LIMIT", KindOffset: "OFFSET",
	KindReturning: "RETURNING", KindValues: "VALUES", KindValuesSingle: "VALUES", KindCheck: "CHECK", KindCallArgument: "CALL", KindFunctionDefault: "DEFAULT", KindColumnDefault: "DEFAULT",
	KindIndexExpr: "index expression", KindIndexPred: "index predicate", KindAlterTransform: "USING", KindGenerated: "GENERATED AS",
	KindExecute: "EXECUTE", KindCopyWhere: "WHERE",
	KindPartKey: "PARTITION BY", KindPartBound: "partition bound", KindTriggerWhen: "WHEN", KindPolicy: "POLICY",
}

func (k Kind) name() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unrecognized expression kind"
}

// notIn is the end of "… are not allowed in …" for aggregates and window functions; "" where they are allowed.
func (k Kind) notIn(aggregate bool) string {
	switch k {
	case KindSelect, KindOrderBy, KindDistinctOn, kindNone, KindOther:
		return ""
	case KindHaving:
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
	case KindJoinOn, kindJoinUsing:
		return "JOIN conditions"
	case KindFromFunction:
		return "functions in FROM"
	case KindFromSubselect:
		if aggregate {
			return "FROM clause of their own query level"
		}
		return ""
	case KindMergeWhen:
		return "MERGE WHEN conditions"
	case KindCheck:
		return "check constraints"
	case KindColumnDefault, KindFunctionDefault:
		return "DEFAULT expressions"
	case KindCallArgument:
		return "CALL arguments"
	case KindIndexExpr:
		return "index expressions"
	case KindIndexPred:
		return "index predicates"
	case KindAlterTransform:
		return "transform expressions"
	case KindGenerated:
		return "column generation expressions"
	case KindExecute:
		return "EXECUTE parameters"
	case KindCopyWhere:
		return "COPY FROM WHERE conditions"
	case KindPartKey:
		return "partition key expressions"
	case KindPartBound:
		return "partition bound"
	case KindTriggerWhen:
		return "trigger WHEN conditions"
	case KindPolicy:
		return "policy expressions"
	}
	return k.name()
}

// noSubquery is the message for subqueries in clauses without them; "" where they are allowed.
func (k Kind) noSubquery() string {
	switch k {
	case KindCheck:
		return "cannot use subquery in check constraint"
	case KindColumnDefault, KindFunctionDefault:
		return "cannot use subquery in DEFAULT expression"
	case KindCallArgument:
		return "cannot use subquery in CALL argument"
	case KindIndexExpr:
		return "cannot use subquery in index expression"
	case KindIndexPred:
		return "cannot use subquery in index predicate"
	case KindAlterTransform:
		return "cannot use subquery in transform expression"
	case KindGenerated:
		return "cannot use subquery in column generation expression"
	case KindExecute:
		return "cannot use subquery in EXECUTE parameter"
	case KindCopyWhere:
		return "cannot use subquery in COPY FROM WHERE condition"
	case KindPartKey:
		return "cannot use subquery in partition key expression"
	case KindPartBound:
		return "cannot use subquery in partition bound"
	case KindTriggerWhen:
		return "cannot use subquery in trigger WHEN condition"
	}
	return ""
}

// noSRF is the end of "set-returning functions are not allowed in …"; "" where they are allowed.
func (k Kind) noSRF() string {
	switch k {
	case KindSelect, kindInsertTarget, KindGroupBy, KindOrderBy, KindDistinctOn, KindValuesSingle,
		kindWindowPartition, kindWindowOrder, KindFromFunction, KindOther:
		return ""
	case kindWindowRange, kindWindowRows, kindWindowGroups:
		return "window definitions"
	case KindJoinOn, kindJoinUsing:
		return "JOIN conditions"
	case KindCheck, KindColumnDefault, KindFunctionDefault, KindCallArgument, KindIndexExpr, KindIndexPred, KindAlterTransform, KindGenerated, KindExecute, KindMergeWhen, KindCopyWhere,
		KindPartKey, KindPartBound, KindTriggerWhen, KindPolicy:
		return k.notIn(true)
	}
	return k.name()
}
