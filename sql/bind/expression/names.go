package expression

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

// Locator adds the row locator column to a scan.
func (b *Binder) Locator(s *Scope, it *Item) plan.ColID {
	scan := it.Rel.(*plan.Scan)
	for _, c := range scan.Out {
		if c.AttNum == plan.RowLocAttNum {
			return c.ID
		}
	}
	c := plan.Col{ID: b.NewCol(), Name: "rowloc", T: plan.Type{OID: types.Bytea, Mod: -1}, Table: it.Table.OID, AttNum: plan.RowLocAttNum}
	scan.Out = append(scan.Out, c)
	b.Owner[c.ID] = s
	return c.ID
}

// ColByAtt is the item's column with that attribute number: alias columns may have other names.
func (it *Item) ColByAtt(t *catalog.Table, att int16) plan.Expr {
	i := 0
	for j := range t.Columns {
		if t.Columns[j].Dropped {
			continue
		}
		if t.Columns[j].AttNum == att {
			if it.Unread != nil {
				return it.Unread[i].Ref()
			}
			return it.Cols[i].Ref()
		}
		i++
	}
	return nil
}

// Item is what one FROM item (or target relation) offers to names.
type Item struct {
	Alias   string
	Schema  types.OID // a table without alias can be named with its schema
	Table   *catalog.Table
	Cols    []ItemCol
	Scope   *Scope
	Rel     plan.Rel
	Unnamed bool // a join without alias
	// RelVisible: alias.column works; colVisible: column alone works.
	RelVisible, ColVisible bool
	LateralOnly, LateralOK bool
	// Implied: the statement does not name it; two of the same name are an ambiguity only where it is used.
	Implied bool
	// system makes a system column by attribute number; nil where there are none.
	System func(att int16) plan.Expr
	// row makes the whole-row reference.
	Row   func() plan.Expr
	RowID plan.ColID // its column, where row has made one
	// access is what the statement needs of a relation; nil for other items.
	Access *plan.Access
	// unread are the columns as they were before reading: what a statement reads of itself is no reference of the user's.
	Unread []ItemCol
}

// ItemCol is a column of an Item.
type ItemCol struct {
	Name string
	T    plan.Type
	Ref  func() plan.Expr
	// hidden: found by name, left out of *.
	Hidden bool
}

// Find is scanNSItemForColumn without system columns; many: the name is ambiguous within the item.
func (it *Item) Find(name string) (c *ItemCol, many bool) {
	for i := range it.Cols {
		if it.Cols[i].Name == name {
			if c != nil {
				return nil, true
			}
			c = &it.Cols[i]
		}
	}
	return c, false
}

// systemCol is a column that every table has.
type systemCol struct {
	Name string
	att  int16
	Typ  types.OID
}

// systemCols are the system columns (manual: 5.5).
var systemCols = [...]systemCol{
	{"ctid", -1, types.TID},
	{"xmin", -2, types.XID},
	{"cmin", -3, types.CID},
	{"xmax", -4, types.XID},
	{"cmax", -5, types.CID},
	{"tableoid", -6, types.Oid},
	{plan.RowLocName, plan.RowLocAttNum, types.Bytea},
}

// tableOID is the attribute number of tableoid.
const TableOIDAttNum = -6

// SystemColumn finds a system column by its name; nil if there is none.
func SystemColumn(name string) *systemCol {
	for i := range systemCols {
		if systemCols[i].Name == name {
			return &systemCols[i]
		}
	}
	return nil
}

// SystemColumnAt finds a system column by its attribute number; nil if there is none.
func SystemColumnAt(att int16) *systemCol {
	for i := range systemCols {
		if systemCols[i].att == att {
			return &systemCols[i]
		}
	}
	return nil
}

// itemColumn is a column of an item by name, system columns included; nil where there is none.
func (b *Binder) itemColumn(it *Item, name string, loc int32) plan.Expr {
	c, many := it.Find(name)
	if many {
		b.Fail(pgerr.AmbiguousColumn, loc, "column reference \"%s\" is ambiguous", name)
	}
	if c != nil {
		return b.At(c.Ref(), loc)
	}
	if sys := SystemColumn(name); sys != nil && it.System != nil {
		return b.At(it.System(sys.att), loc)
	}
	return nil
}

// ColRef makes a reference to a column of query level s.
func (b *Binder) ColRef(s *Scope, c plan.Col) plan.Expr {
	if _, ok := b.Owner[c.ID]; !ok {
		b.Owner[c.ID] = s
	}
	return &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}
}

// checkLateral is check_lateral_ref_ok.
func (b *Binder) checkLateral(s *Scope, it *Item, loc int32) {
	if !it.LateralOnly {
		return
	}
	b.LateralHits++
	if !it.LateralOK {
		panic(b.Err(pgerr.InvalidColumnReference, loc, "invalid reference to FROM-clause entry for table \"%s\"", it.Alias).
			WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference."))
	}
}

// lookupColumn resolves an unqualified name; nil where nothing has it.
func (b *Binder) lookupColumn(s *Scope, name string, loc int32) plan.Expr {
	for ; s != nil; s = s.Parent {
		var hit plan.Expr
		for _, it := range s.Names {
			if !it.ColVisible || it.LateralOnly && !s.Lateral {
				continue
			}
			c, many := it.Find(name)
			if many || c != nil && hit != nil {
				b.Fail(pgerr.AmbiguousColumn, loc, "column reference \"%s\" is ambiguous", name)
			}
			if c != nil {
				b.checkLateral(s, it, loc)
				hit = b.At(c.Ref(), loc)
			}
		}
		if hit != nil {
			return hit
		}
		if sys := SystemColumn(name); sys != nil {
			for _, it := range s.Names {
				if !it.ColVisible || it.LateralOnly && !s.Lateral || it.System == nil {
					continue
				}
				if hit != nil {
					b.Fail(pgerr.AmbiguousColumn, loc, "column reference \"%s\" is ambiguous", name)
				}
				b.checkLateral(s, it, loc)
				hit = b.At(it.System(sys.att), loc)
			}
			if hit != nil {
				return hit
			}
		}
	}
	return nil
}

// lookupItem is refnameNamespaceItem: schema "" matches aliases and bare table names.
func (b *Binder) lookupItem(s *Scope, schema, name string, loc int32) (*Item, *Scope) {
	var oid types.OID
	if schema != "" {
		sc := b.Catalog.Schema(schema)
		if sc == nil {
			return nil, nil
		}
		oid = sc.OID
	}
	for ; s != nil; s = s.Parent {
		var hit *Item
		for _, it := range s.Names {
			if !it.RelVisible || it.LateralOnly && !s.Lateral || it.Alias != name || schema != "" && (it.Schema == 0 || it.Schema != oid) {
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
func (b *Binder) columnRef(s *Scope, n *ast.ColumnRef) plan.Expr {
	if _, ok := n.Fields[len(n.Fields)-1].(*ast.A_Star); ok {
		return b.wholeRow(s, n)
	}
	if b.Vars != nil && b.Quiet == 0 {
		return b.columnOrVariable(s, n)
	}
	return b.plainColumnRef(s, n)
}

func (b *Binder) plainColumnRef(s *Scope, n *ast.ColumnRef) plan.Expr {
	b.noColumns(s, n)
	name := lexicon.Names(n.Fields)
	loc := n.Location
	switch len(name) {
	case 1:
		if e := b.lookupColumn(s, name[0], loc); e != nil {
			return e
		}
		if it, _ := b.lookupItem(s, "", name[0], loc); it != nil {
			return b.At(it.Row(), loc)
		}
		b.NoColumn(s, "", name[0], loc)
	case 2:
		it, _ := b.lookupItem(s, "", name[0], loc)
		return b.qualified(s, it, name[0], name[1], loc)
	case 3:
		it, _ := b.lookupItem(s, name[0], name[1], loc)
		return b.qualified(s, it, name[1], name[2], loc)
	case 4:
		if b.Database != "" && name[0] != b.Database {
			b.Fail(pgerr.FeatureNotSupported, loc, "cross-database references are not implemented: %s", strings.Join(name, "."))
		}
		it, _ := b.lookupItem(s, name[1], name[2], loc)
		return b.qualified(s, it, name[2], name[3], loc)
	}
	b.Fail(pgerr.SyntaxError, loc, "improper qualified name (too many dotted names): %s", strings.Join(name, "."))
	return nil
}

// wholeRow is t.* where it is not expanded: the row as one value.
func (b *Binder) wholeRow(s *Scope, n *ast.ColumnRef) plan.Expr {
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
		if b.Vars != nil {
			if e := b.variableRef(s, name, n.Location); e != nil {
				return e
			}
		}
		b.noItem(s, rel, n.Location)
	}
	return b.At(it.Row(), n.Location)
}

// noColumns refuses column references where the clause has no row.
func (b *Binder) noColumns(s *Scope, n *ast.ColumnRef) {
	switch s.Kind {
	case KindColumnDefault:
		b.Fail(pgerr.FeatureNotSupported, n.Location, "cannot use column reference in DEFAULT expression")
	}
}

func (b *Binder) qualified(s *Scope, it *Item, rel, col string, loc int32) plan.Expr {
	if it == nil {
		b.noItem(s, rel, loc)
	}
	if e := b.itemColumn(it, col, loc); e != nil {
		return e
	}
	row := it.Row()
	if b.IsRowType(row.Type().OID) {
		d := b.Function([]string{col}, nil, []types.OID{row.Type().OID}, true, false)
		if d.Candidate != nil && d.Kind == 'f' {
			call := &ast.FuncCall{Funcname: []ast.Node{&ast.String{Sval: col}}, Location: loc}
			return b.callOn(s, call, []plan.Expr{row}, len(s.SRFs))
		}
	}
	b.NoColumn(s, rel, col, loc)
	return nil
}

// noItem is errorMissingRTE.
func (b *Binder) noItem(s *Scope, name string, loc int32) {
	for sc := s; sc != nil; sc = sc.Parent {
		for _, it := range sc.Tables {
			if it.Alias == name {
				panic(b.Err(pgerr.UndefinedTable, loc, "invalid reference to FROM-clause entry for table \"%s\"", name).
					WithHint("There is an entry for table \"%s\", but it cannot be referenced from this part of the query.", name))
			}
		}
	}
	for sc := s; sc != nil; sc = sc.Parent {
		for _, it := range sc.Tables {
			if it.Table != nil && it.Table.Name == name && it.Alias != name {
				panic(b.Err(pgerr.UndefinedTable, loc, "invalid reference to FROM-clause entry for table \"%s\"", name).
					WithHint("Perhaps you meant to reference the table alias \"%s\".", it.Alias))
			}
		}
	}
	b.Fail(pgerr.UndefinedTable, loc, "missing FROM-clause entry for table \"%s\"", name)
}

const maxFuzzyDistance = 3

// NoColumn is errorMissingColumn with its guesses.
func (b *Binder) NoColumn(s *Scope, rel, col string, loc int32) {
	msg := "column \"" + col + "\" does not exist"
	if rel != "" {
		msg = "column " + rel + "." + col + " does not exist"
	}
	e := b.Err(pgerr.UndefinedColumn, loc, "%s", msg)
	type guess struct {
		it  *Item
		col string
	}
	var exact, first, second *guess
	distance := maxFuzzyDistance + 1
	for sc := s; sc != nil; sc = sc.Parent {
		for _, it := range sc.Tables {
			penalty := 0
			if rel != "" && it.Alias != "" && !it.Unnamed {
				penalty = levenshtein(rel, it.Alias)
			}
			if it.Unnamed {
				continue
			}
			for i := range it.Cols {
				c := it.Cols[i].Name
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
		e = e.WithHint("There is a column named \"%s\" in table \"%s\", but it cannot be referenced from this part of the query.", exact.col, exact.it.Alias)
	case first != nil && second != nil:
		e = e.WithHint("Perhaps you meant to reference the column \"%s.%s\" or the column \"%s.%s\".", first.it.Alias, first.col, second.it.Alias, second.col)
	case first != nil:
		e = e.WithHint("Perhaps you meant to reference the column \"%s.%s\".", first.it.Alias, first.col)
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
	Name string
	Expr plan.Expr
}

// ExpandStar expands *, t.* and (composite).*; ok is false for other nodes.
func (b *Binder) ExpandStar(s *Scope, n ast.Node) ([]namedExpr, bool) {
	switch v := n.(type) {
	case *ast.ColumnRef:
		if _, ok := v.Fields[len(v.Fields)-1].(*ast.A_Star); ok {
			return b.expandRefStar(s, v), true
		}
	case *ast.A_Indirection:
		last := len(v.Indirection) - 1
		if _, ok := v.Indirection[last].(*ast.A_Star); ok {
			e := b.Expr(s, v.Arg)
			e = b.applyIndirection(s, e, v.Indirection[:last], b.LocOf(e))
			return b.expandRow(e, b.LocOf(e)), true
		}
	case *ast.ResTarget:
		return nil, false
	}
	return nil, false
}

func (b *Binder) expandRefStar(s *Scope, v *ast.ColumnRef) []namedExpr {
	name := lexicon.Names(v.Fields[:len(v.Fields)-1])
	loc := v.Location
	if len(name) == 0 {
		var out []namedExpr
		seen := false
		for _, it := range s.Names {
			if !it.ColVisible || it.LateralOnly {
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
		b.noItem(s, rel, loc)
	}
	return b.itemColumns(it, loc)
}

func (b *Binder) itemColumns(it *Item, loc int32) []namedExpr {
	out := make([]namedExpr, 0, len(it.Cols))
	for i := range it.Cols {
		if it.Cols[i].Hidden {
			continue
		}
		out = append(out, namedExpr{Name: it.Cols[i].Name, Expr: b.At(it.Cols[i].Ref(), loc)})
	}
	return out
}

// expandRow lists the fields of a composite value.
func (b *Binder) expandRow(e plan.Expr, loc int32) []namedExpr {
	if row, ok := e.(*plan.RowCtor); ok {
		out := make([]namedExpr, len(row.Fields))
		for i, f := range row.Fields {
			out[i] = namedExpr{Name: row.Names[i], Expr: f}
		}
		return out
	}
	fields := b.FieldsOf(e)
	if fields == nil {
		if e.Type().OID == types.Record {
			b.Fail(pgerr.UndefinedFunction, loc, "record type has not been registered")
		}
		b.Fail(pgerr.WrongObjectType, loc, "type %s is not composite", b.TypeText(e.Type().OID))
	}
	out := make([]namedExpr, len(fields))
	for i, f := range fields {
		x := &plan.FieldSelect{Arg: e, Field: i, Name: f.Name, T: plan.Type{OID: f.Type, Mod: f.Mod, Coll: b.CollationOf(f.Type)}}
		out[i] = namedExpr{Name: f.Name, Expr: b.At(x, loc)}
	}
	return out
}
