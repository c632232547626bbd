package bind

import (
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// nsItem is what one FROM item (or target relation) offers to names.
type nsItem struct {
	alias   string
	schema  types.OID // a table without alias can be named with its schema
	table   *catalog.Table
	cols    []nsCol
	scope   *scope
	rel     plan.Rel
	unnamed bool // a join without alias
	// relVisible: alias.column works; colVisible: column alone works.
	relVisible, colVisible bool
	lateralOnly, lateralOK bool
	// system makes a system column by attribute number; nil where there are none.
	system func(att int16) plan.Expr
	// row makes the whole-row reference.
	row   func() plan.Expr
	rowID plan.ColID // its column, where row has made one
	// access is what the statement needs of a relation; nil for other items.
	access *plan.Access
	// unread are the columns as they were before reading: what a statement reads of itself is no reference of the user's.
	unread []nsCol
}

type nsCol struct {
	name string
	t    plan.Type
	ref  func() plan.Expr
	// hidden: found by name, left out of *.
	hidden bool
}

// find is scanNSItemForColumn without system columns; many: the name is ambiguous within the item.
func (it *nsItem) find(name string) (c *nsCol, many bool) {
	for i := range it.cols {
		if it.cols[i].name == name {
			if c != nil {
				return nil, true
			}
			c = &it.cols[i]
		}
	}
	return c, false
}

// systemCol is a column that every table has.
type systemCol struct {
	name string
	att  int16
	typ  types.OID
}

// systemCols are the system columns (manual: 5.5).
var systemCols = [...]systemCol{
	{"ctid", -1, types.TID},
	{"xmin", -2, types.XID},
	{"cmin", -3, types.CID},
	{"xmax", -4, types.XID},
	{"cmax", -5, types.CID},
	{"tableoid", -6, types.Oid},
}

// tableOID is the attribute number of tableoid.
const tableOID = -6

// systemColumn finds a system column by its name; nil if there is none.
func systemColumn(name string) *systemCol {
	for i := range systemCols {
		if systemCols[i].name == name {
			return &systemCols[i]
		}
	}
	return nil
}

// systemColumnAt finds a system column by its attribute number; nil if there is none.
func systemColumnAt(att int16) *systemCol {
	for i := range systemCols {
		if systemCols[i].att == att {
			return &systemCols[i]
		}
	}
	return nil
}

// itemColumn is a column of an item by name, system columns included; nil where there is none.
func (b *binder) itemColumn(it *nsItem, name string, loc int32) plan.Expr {
	c, many := it.find(name)
	if many {
		b.Fail(pgerr.AmbiguousColumn, loc, "column reference \"%s\" is ambiguous", name)
	}
	if c != nil {
		return b.at(c.ref(), loc)
	}
	if sys := systemColumn(name); sys != nil && it.system != nil {
		return b.at(it.system(sys.att), loc)
	}
	return nil
}

// colRef makes a reference to a column of query level s.
func (b *binder) colRef(s *scope, c plan.Col) plan.Expr {
	if _, ok := b.owner[c.ID]; !ok {
		b.owner[c.ID] = s
	}
	return &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}
}

// checkLateral is check_lateral_ref_ok.
func (b *binder) checkLateral(s *scope, it *nsItem, loc int32) {
	if !it.lateralOnly {
		return
	}
	b.lateralHits++
	if !it.lateralOK {
		panic(b.Err(pgerr.InvalidColumnReference, loc, "invalid reference to FROM-clause entry for table \"%s\"", it.alias).
			WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference."))
	}
}

// lookupColumn resolves an unqualified name; nil where nothing has it.
func (b *binder) lookupColumn(s *scope, name string, loc int32) plan.Expr {
	for ; s != nil; s = s.parent {
		var hit plan.Expr
		for _, it := range s.ns {
			if !it.colVisible || it.lateralOnly && !s.lateral {
				continue
			}
			c, many := it.find(name)
			if many || c != nil && hit != nil {
				b.Fail(pgerr.AmbiguousColumn, loc, "column reference \"%s\" is ambiguous", name)
			}
			if c != nil {
				b.checkLateral(s, it, loc)
				hit = b.at(c.ref(), loc)
			}
		}
		if hit != nil {
			return hit
		}
		if sys := systemColumn(name); sys != nil {
			for _, it := range s.ns {
				if !it.colVisible || it.lateralOnly && !s.lateral || it.system == nil {
					continue
				}
				if hit != nil {
					b.Fail(pgerr.AmbiguousColumn, loc, "column reference \"%s\" is ambiguous", name)
				}
				b.checkLateral(s, it, loc)
				hit = b.at(it.system(sys.att), loc)
			}
			if hit != nil {
				return hit
			}
		}
	}
	return nil
}

// lookupItem is refnameNamespaceItem: schema "" matches aliases and bare table names.
func (b *binder) lookupItem(s *scope, schema, name string, loc int32) (*nsItem, *scope) {
	var oid types.OID
	if schema != "" {
		sc := b.Catalog.Schema(schema)
		if sc == nil {
			return nil, nil
		}
		oid = sc.OID
	}
	for ; s != nil; s = s.parent {
		var hit *nsItem
		for _, it := range s.ns {
			if !it.relVisible || it.lateralOnly && !s.lateral || it.alias != name || schema != "" && (it.schema == 0 || it.schema != oid) {
				continue
			}
			if hit != nil {
				b.Fail(pgerr.AmbiguousAlias, loc, "table reference \"%s\" is ambiguous", name)
			}
			b.checkLateral(s, it, loc)
			hit = it
		}
		if hit != nil {
			return hit, s
		}
	}
	return nil, nil
}

// columnRef is transformColumnRef.
func (b *binder) columnRef(s *scope, n *ast.ColumnRef) plan.Expr {
	if _, ok := n.Fields[len(n.Fields)-1].(*ast.A_Star); ok {
		return b.wholeRow(s, n)
	}
	if b.vars != nil && b.Quiet == 0 {
		return b.columnOrVariable(s, n)
	}
	return b.plainColumnRef(s, n)
}

func (b *binder) plainColumnRef(s *scope, n *ast.ColumnRef) plan.Expr {
	b.noColumns(s, n)
	name := lexicon.Names(n.Fields)
	loc := n.Location
	switch len(name) {
	case 1:
		if e := b.lookupColumn(s, name[0], loc); e != nil {
			return e
		}
		if it, _ := b.lookupItem(s, "", name[0], loc); it != nil {
			return b.at(it.row(), loc)
		}
		b.noColumn(s, "", name[0], loc)
	case 2:
		it, _ := b.lookupItem(s, "", name[0], loc)
		return b.qualified(s, it, "", name[0], name[1], loc)
	case 3:
		it, _ := b.lookupItem(s, name[0], name[1], loc)
		return b.qualified(s, it, name[0], name[1], name[2], loc)
	case 4:
		if b.Database != "" && name[0] != b.Database {
			b.Fail(pgerr.FeatureNotSupported, loc, "cross-database references are not implemented: %s", strings.Join(name, "."))
		}
		it, _ := b.lookupItem(s, name[1], name[2], loc)
		return b.qualified(s, it, name[1], name[2], name[3], loc)
	}
	b.Fail(pgerr.SyntaxError, loc, "improper qualified name (too many dotted names): %s", strings.Join(name, "."))
	return nil
}

// wholeRow is t.* where it is not expanded: the row as one value.
func (b *binder) wholeRow(s *scope, n *ast.ColumnRef) plan.Expr {
	name := lexicon.Names(n.Fields[:len(n.Fields)-1])
	schema, rel := "", ""
	switch len(name) {
	case 0:
		b.Fail(pgerr.SyntaxError, n.Location, "invalid use of \"*\"")
	case 1:
		rel = name[0]
	default:
		schema, rel = name[len(name)-2], name[len(name)-1]
	}
	it, _ := b.lookupItem(s, schema, rel, n.Location)
	if it == nil {
		if b.vars != nil {
			if e := b.variableRef(s, name, n.Location); e != nil {
				return e
			}
		}
		b.noItem(s, schema, rel, n.Location)
	}
	return b.at(it.row(), n.Location)
}

// noColumns refuses column references where the clause has no row.
func (b *binder) noColumns(s *scope, n *ast.ColumnRef) {
	switch s.kind {
	case kindColumnDefault:
		b.Fail(pgerr.FeatureNotSupported, n.Location, "cannot use column reference in DEFAULT expression")
	}
}

func (b *binder) qualified(s *scope, it *nsItem, schema, rel, col string, loc int32) plan.Expr {
	if it == nil {
		b.noItem(s, schema, rel, loc)
	}
	if e := b.itemColumn(it, col, loc); e != nil {
		return e
	}
	row := it.row()
	if b.IsRowType(row.Type().OID) {
		d := b.Function([]string{col}, nil, []types.OID{row.Type().OID}, true, false)
		if d.Candidate != nil && d.Kind == 'f' {
			call := &ast.FuncCall{Funcname: []ast.Node{&ast.String{Sval: col}}, Location: loc}
			return b.callOn(s, call, []plan.Expr{row}, len(s.srfs))
		}
	}
	b.noColumn(s, rel, col, loc)
	return nil
}

// noItem is errorMissingRTE.
func (b *binder) noItem(s *scope, schema, name string, loc int32) {
	for sc := s; sc != nil; sc = sc.parent {
		for _, it := range sc.tables {
			if schema == "" && it.alias == name {
				panic(b.Err(pgerr.UndefinedTable, loc, "invalid reference to FROM-clause entry for table \"%s\"", name).
					WithHint("There is an entry for table \"%s\", but it cannot be referenced from this part of the query.", name))
			}
		}
	}
	for sc := s; sc != nil; sc = sc.parent {
		for _, it := range sc.tables {
			if it.table != nil && it.table.Name == name && it.alias != name {
				panic(b.Err(pgerr.UndefinedTable, loc, "invalid reference to FROM-clause entry for table \"%s\"", name).
					WithHint("Perhaps you meant to reference the table alias \"%s\".", it.alias))
			}
		}
	}
	b.Fail(pgerr.UndefinedTable, loc, "missing FROM-clause entry for table \"%s\"", name)
}

const maxFuzzyDistance = 3

// noColumn is errorMissingColumn with its guesses.
func (b *binder) noColumn(s *scope, rel, col string, loc int32) {
	msg := "column \"" + col + "\" does not exist"
	if rel != "" {
		msg = "column " + rel + "." + col + " does not exist"
	}
	e := b.Err(pgerr.UndefinedColumn, loc, "%s", msg)
	type guess struct {
		it  *nsItem
		col string
	}
	var exact, first, second *guess
	distance := maxFuzzyDistance + 1
	for sc := s; sc != nil; sc = sc.parent {
		for _, it := range sc.tables {
			penalty := 0
			if rel != "" && it.alias != "" && !it.unnamed {
				penalty = levenshtein(rel, it.alias)
			}
			if it.unnamed {
				continue
			}
			for i := range it.cols {
				c := it.cols[i].name
				if c == col && rel == "" {
					if exact == nil {
						exact = &guess{it, c}
					}
					continue
				}
				d := levenshtein(col, c)
				if d > utf8.RuneCountInString(col)/2 || d > maxFuzzyDistance {
					continue
				}
				d += penalty
				switch {
				case d < distance:
					distance, first, second = d, &guess{it, c}, nil
				case d == distance && first != nil:
					if second == nil {
						second = &guess{it, c}
					} else {
						// Too many equally good guesses.
						first, second, distance = nil, nil, d-1
					}
				}
			}
		}
	}
	switch {
	case exact != nil:
		e = e.WithHint("There is a column named \"%s\" in table \"%s\", but it cannot be referenced from this part of the query.", exact.col, exact.it.alias)
	case first != nil && second != nil:
		e = e.WithHint("Perhaps you meant to reference the column \"%s.%s\" or the column \"%s.%s\".", first.it.alias, first.col, second.it.alias, second.col)
	case first != nil:
		e = e.WithHint("Perhaps you meant to reference the column \"%s.%s\".", first.it.alias, first.col)
	}
	panic(e)
}

// levenshtein is the edit distance in characters.
func levenshtein(a, c string) int {
	x, y := []rune(a), []rune(c)
	prev := make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range x {
		diag := prev[0]
		prev[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			next := min(prev[j]+1, prev[j+1]+1, diag+cost)
			diag, prev[j+1] = prev[j+1], next
		}
	}
	return prev[len(y)]
}

// named is a column of an expanded star.
type namedExpr struct {
	name string
	e    plan.Expr
}

// expandStar expands *, t.* and (composite).*; ok is false for other nodes.
func (b *binder) expandStar(s *scope, n ast.Node) ([]namedExpr, bool) {
	switch v := n.(type) {
	case *ast.ColumnRef:
		if _, ok := v.Fields[len(v.Fields)-1].(*ast.A_Star); ok {
			return b.expandRefStar(s, v), true
		}
	case *ast.A_Indirection:
		last := len(v.Indirection) - 1
		if _, ok := v.Indirection[last].(*ast.A_Star); ok {
			e := b.expr(s, v.Arg)
			e = b.applyIndirection(s, e, v.Indirection[:last], b.locOf(e))
			return b.expandRow(e, b.locOf(e)), true
		}
	case *ast.ResTarget:
		return nil, false
	}
	return nil, false
}

func (b *binder) expandRefStar(s *scope, v *ast.ColumnRef) []namedExpr {
	name := lexicon.Names(v.Fields[:len(v.Fields)-1])
	loc := v.Location
	if len(name) == 0 {
		var out []namedExpr
		seen := false
		for _, it := range s.ns {
			if !it.colVisible || it.lateralOnly {
				continue
			}
			seen = true
			out = append(out, b.itemColumns(it, loc)...)
		}
		if !seen {
			b.Fail(pgerr.SyntaxError, loc, "SELECT * with no tables specified is not valid")
		}
		return out
	}
	schema := ""
	rel := name[len(name)-1]
	if len(name) > 1 {
		schema = name[len(name)-2]
	}
	it, _ := b.lookupItem(s, schema, rel, loc)
	if it == nil {
		// x.* where x is a composite column.
		if len(name) <= 2 {
			var e plan.Expr
			if len(name) == 1 {
				e = b.lookupColumn(s, rel, loc)
			} else if parent, _ := b.lookupItem(s, "", name[0], loc); parent != nil {
				e = b.itemColumn(parent, rel, loc)
			}
			if e != nil {
				return b.expandRow(e, loc)
			}
		}
		if cols := b.variableStar(s, name, loc); cols != nil {
			return cols
		}
		b.noItem(s, schema, rel, loc)
	}
	return b.itemColumns(it, loc)
}

func (b *binder) itemColumns(it *nsItem, loc int32) []namedExpr {
	out := make([]namedExpr, 0, len(it.cols))
	for i := range it.cols {
		if it.cols[i].hidden {
			continue
		}
		out = append(out, namedExpr{name: it.cols[i].name, e: b.at(it.cols[i].ref(), loc)})
	}
	return out
}

// expandRow lists the fields of a composite value.
func (b *binder) expandRow(e plan.Expr, loc int32) []namedExpr {
	if row, ok := e.(*plan.RowCtor); ok {
		out := make([]namedExpr, len(row.Fields))
		for i, f := range row.Fields {
			out[i] = namedExpr{name: row.Names[i], e: f}
		}
		return out
	}
	fields := b.fieldsOf(e)
	if fields == nil {
		if e.Type().OID == types.Record {
			b.Fail(pgerr.UndefinedFunction, loc, "record type has not been registered")
		}
		b.Fail(pgerr.WrongObjectType, loc, "type %s is not composite", b.TypeText(e.Type().OID))
	}
	out := make([]namedExpr, len(fields))
	for i, f := range fields {
		x := &plan.FieldSelect{Arg: e, Field: i, Name: f.Name, T: plan.Type{OID: f.Type, Mod: f.Mod, Coll: b.CollationOf(f.Type)}}
		out[i] = namedExpr{name: f.Name, e: b.at(x, loc)}
	}
	return out
}
