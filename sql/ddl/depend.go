package ddl

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/storage/lock"
)

// What depends on a relation or a part of it is what the descriptors say: foreign keys, views, defaults. What expressions and
// columns need of the general store is listed in the catalog (Catalog.Users). A dependent goes along silently (auto: an index with
// its table) or only with CASCADE.

// dependent is an object that depends on another one, or on via, which belongs to that.
type dependent struct {
	catalog.Address
	auto bool
	via  catalog.Address
}

// objectKind says how the objects of a kind of the general store are named in messages and taken away. A nil remove drops the
// descriptor; a nil uses: the object's own address is what others depend on.
type objectKind struct {
	describe func(x *exec, o catalog.Address) string
	remove   func(x *exec, o catalog.Address) error
	uses     func(x *exec, o catalog.Address) []catalog.Address
}

// objectKinds has a line for each kind, whose functions stand in the kind's own file.
func objectKinds(k catalog.Kind) (objectKind, bool) {
	switch k {
	case catalog.KindType:
		return objectKind{describe: (*exec).describeType, remove: (*exec).removeType, uses: (*exec).typeAddresses}, true
	case catalog.KindFunction:
		return objectKind{describe: (*exec).describeFunction}, true
	}
	return objectKind{}, false
}

// addresses are those by which others depend on an object.
func (x *exec) addresses(o catalog.Address) []catalog.Address {
	if k, ok := objectKinds(o.Kind); ok && k.uses != nil {
		return k.uses(x, o)
	}
	if o.Kind == catalog.KindRelation {
		return append([]catalog.Address{o}, x.rowTypeAddresses(o.OID)...)
	}
	return []catalog.Address{o}
}

// there reports whether a part that a descriptor lists is still there.
func (x *exec) there(o catalog.Address) bool {
	switch o.Kind {
	case catalog.KindDefault:
		t := x.Catalog().Table(o.OID)
		return t != nil && int(o.Sub) <= len(t.Columns) && t.Column(o.Sub).Default != ""
	case catalog.KindConstraint:
		t, _ := x.constraint(o.OID)
		return t != nil
	case catalog.KindIndex:
		_, ix := x.Catalog().RelationByOID(o.OID)
		return ix != nil
	}
	return true
}

// listed are the dependents that descriptors list.
func (x *exec) listed(o catalog.Address) (out []dependent) {
	for _, via := range x.addresses(o) {
		x.Catalog().Users(via, func(from catalog.Address, t catalog.DepType) {
			if from != o && x.there(from) {
				out = append(out, dependent{Address: from, auto: t != catalog.DepNormal, via: via})
			}
		})
	}
	return out
}

// dropObjects drops objects with what depends on them.
func (x *exec) dropObjects(list []catalog.Address, cascade bool) error {
	if len(list) == 0 {
		return nil
	}
	asked := map[catalog.Address]bool{}
	for _, o := range list {
		asked[o] = true
	}
	seen := map[catalog.Address]bool{}
	order := append([]catalog.Address(nil), list...)
	for _, o := range list {
		seen[o] = true
	}
	var told, refused []string
	for i := 0; i < len(order); i++ {
		deps, err := x.dependents(order[i])
		if err != nil {
			return err
		}
		for _, d := range deps {
			if seen[d.Address] {
				continue
			}
			// What goes with another object that is dropped anyway is no reason for anything.
			if !d.auto && x.coveredBy(d.Address, seen) {
				d.auto = true
			}
			seen[d.Address] = true
			order = append(order, d.Address)
			if !d.auto {
				text := x.describe(d.Address)
				told = append(told, "drop cascades to "+text)
				refused = append(refused, text+" depends on "+x.describe(d.via))
			}
		}
	}
	if len(told) > 0 && !cascade {
		what := "cannot drop desired object(s) because other objects depend on them"
		if len(list) == 1 {
			what = "cannot drop " + x.describe(list[0]) + " because other objects depend on it"
		}
		return pgerr.New(pgerr.DependentObjectsStillExist, "%s", what).WithDetail("%s", strings.Join(refused, "\n")).
			WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	if x.Notice != nil && len(told) == 1 {
		x.notice("", "%s", told[0])
	} else if x.Notice != nil && len(told) > 1 {
		x.Notice(pgerr.Notice(pgerr.SeverityNotice, "", "drop cascades to %d other objects", len(told)).WithDetail("%s", strings.Join(told, "\n")))
	}
	for i := len(order) - 1; i >= 0; i-- {
		if err := x.remove(order[i]); err != nil {
			return err
		}
	}
	return nil
}

// coveredBy reports whether an object belongs to one that is being dropped.
func (x *exec) coveredBy(o catalog.Address, seen map[catalog.Address]bool) bool {
	if o.Kind == catalog.KindDefault && seen[catalog.Address{Kind: catalog.KindColumn, OID: o.OID, Sub: o.Sub}] {
		return true
	}
	t := x.tableOf(o)
	if t == nil || o.Kind == catalog.KindSchema {
		return false
	}
	return o.Kind != catalog.KindRelation && seen[catalog.Address{Kind: catalog.KindRelation, OID: t.OID}]
}

// tableOf is the relation that an object is or belongs to.
func (x *exec) tableOf(o catalog.Address) *catalog.Table {
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindRelation, catalog.KindDefault, catalog.KindColumn:
		return cat.Table(o.OID)
	case catalog.KindIndex:
		t, _ := cat.RelationByOID(o.OID)
		return t
	case catalog.KindConstraint:
		t, _ := x.constraint(o.OID)
		return t
	}
	return nil
}

func (x *exec) constraint(oid catalog.OID) (table *catalog.Table, con *catalog.Constraint) {
	x.Catalog().Tables(func(t *catalog.Table) bool {
		for _, c := range t.Constraints {
			if c.OID == oid {
				table, con = t, c
			}
		}
		return con == nil
	})
	return table, con
}

// dependents lists what depends on an object directly.
func (x *exec) dependents(o catalog.Address) (out []dependent, err error) {
	out = x.listed(o)
	add := func(kind catalog.Kind, oid catalog.OID, sub int16, auto bool) {
		out = append(out, dependent{Address: catalog.Address{Kind: kind, OID: oid, Sub: sub}, auto: auto, via: o})
	}
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindSchema:
		cat.Tables(func(t *catalog.Table) bool {
			if t.Schema == o.OID {
				add(catalog.KindRelation, t.OID, 0, t.Sequence != nil && t.Sequence.OwnerTable != 0)
			}
			return true
		})
		for _, k := range catalog.Kinds() {
			cat.Objects(k, func(m catalog.Object) bool {
				if m.Head().Schema == o.OID {
					add(k, m.Head().OID, 0, false)
				}
				return true
			})
		}
	case catalog.KindRelation:
		t := cat.Table(o.OID)
		if t == nil {
			return out, nil
		}
		for _, s := range x.ownedSequences(t.OID, 0) {
			add(catalog.KindRelation, s.OID, 0, true)
		}
		cat.Children(t.OID, func(k *catalog.Table) bool {
			add(catalog.KindRelation, k.OID, 0, k.Bound != nil)
			return true
		})
		cat.Tables(func(r *catalog.Table) bool {
			if r.OID == t.OID || r.Virtual {
				return true
			}
			for _, c := range r.Constraints {
				if c.Type == catalog.ConForeign && c.RefTable == t.OID {
					add(catalog.KindConstraint, c.OID, 0, c.Parent != 0)
				}
			}
			if t.Kind == catalog.RelSequence {
				for i := range r.Columns {
					if c := &r.Columns[i]; !c.Dropped && x.usesSequence(c.Default, t) {
						add(catalog.KindDefault, r.OID, c.AttNum, false)
					}
				}
			}
			if r.HasQuery() && x.viewUses(r, t) {
				add(catalog.KindRelation, r.OID, 0, false)
			}
			return true
		})
	case catalog.KindColumn:
		list, err := x.columnDependents(o)
		return append(out, list...), err
	case catalog.KindConstraint:
		t, c := x.constraint(o.OID)
		if c == nil {
			return out, nil
		}
		cat.Children(t.OID, func(k *catalog.Table) bool {
			for _, part := range k.Constraints {
				if part.Parent == c.OID {
					add(catalog.KindConstraint, part.OID, 0, true)
				}
			}
			return true
		})
		if c.Type == catalog.ConPrimary || c.Type == catalog.ConUnique {
			add(catalog.KindIndex, c.Index, 0, true)
		}
	case catalog.KindIndex:
		if t, _ := cat.RelationByOID(o.OID); t != nil {
			cat.Children(t.OID, func(k *catalog.Table) bool {
				for _, part := range k.Indexes {
					if part.Parent == o.OID {
						add(catalog.KindIndex, part.OID, 0, true)
					}
				}
				return true
			})
		}
		cat.Tables(func(r *catalog.Table) bool {
			for _, c := range r.Constraints {
				if c.Type == catalog.ConForeign && c.Index == o.OID {
					add(catalog.KindConstraint, c.OID, 0, c.Parent != 0)
				}
			}
			return true
		})
	}
	return out, nil
}

// columnDependents lists what depends on a column: its indexes and constraints go along, views and foreign keys of others do
// not.
func (x *exec) columnDependents(o catalog.Address) (out []dependent, err error) {
	t := x.Catalog().Table(o.OID)
	add := func(kind catalog.Kind, oid catalog.OID, sub int16, auto bool) {
		out = append(out, dependent{Address: catalog.Address{Kind: kind, OID: oid, Sub: sub}, auto: auto, via: o})
	}
	for _, s := range x.ownedSequences(t.OID, o.Sub) {
		add(catalog.KindRelation, s.OID, 0, true)
	}
	for _, c := range t.Constraints {
		if slices.Contains(c.Cols, o.Sub) {
			add(catalog.KindConstraint, c.OID, 0, true)
		}
	}
	for _, ix := range t.Indexes {
		if ix.Constraint == 0 && (indexUses(ix, o.Sub) || x.indexExprUses(t, ix, o.Sub)) {
			add(catalog.KindIndex, ix.OID, 0, true)
		}
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Generated != 0 && !c.Dropped && c.AttNum != o.Sub && x.exprUses(t, c.Default, o.Sub) {
			add(catalog.KindColumn, t.OID, c.AttNum, false)
		}
	}
	x.Catalog().Tables(func(r *catalog.Table) bool {
		for _, c := range r.Constraints {
			if c.Type == catalog.ConForeign && c.RefTable == t.OID && slices.Contains(c.RefCols, o.Sub) && !(r.OID == t.OID && slices.Contains(c.Cols, o.Sub)) {
				add(catalog.KindConstraint, c.OID, 0, false)
			}
		}
		if r.HasQuery() && x.viewUsesColumn(r, t, o.Sub) {
			add(catalog.KindRelation, r.OID, 0, false)
		}
		return true
	})
	return out, nil
}

func indexUses(ix *catalog.Index, att int16) bool {
	for i := range ix.Keys {
		if ix.Keys[i].Att == att {
			return true
		}
	}
	return slices.Contains(ix.Include, att)
}

func (x *exec) indexExprUses(t *catalog.Table, ix *catalog.Index, att int16) bool {
	for i := range ix.Keys {
		if ix.Keys[i].Att == 0 && x.exprUses(t, ix.Keys[i].Expr, att) {
			return true
		}
	}
	return ix.Pred != "" && x.exprUses(t, ix.Pred, att)
}

// exprUses reports whether a stored expression names a column of its table.
func (x *exec) exprUses(t *catalog.Table, sql string, att int16) bool {
	name, found := t.Column(att).Name, false
	for _, n := range parseExpr(sql) {
		ast.Walk(n, func(n ast.Node) bool {
			if c, ok := n.(*ast.ColumnRef); ok {
				if s, ok := c.Fields[len(c.Fields)-1].(*ast.String); ok && s.Sval == name {
					found = true
				}
			}
			return !found
		})
	}
	return found
}

// parseExpr parses a stored expression; nothing for one that does not parse.
func parseExpr(sql string) []ast.Node {
	if sql == "" {
		return nil
	}
	stmts, err := parser.Parse("SELECT " + sql)
	if err != nil || len(stmts) != 1 {
		return nil
	}
	return []ast.Node{stmts[0].Node}
}

// usesSequence reports whether a default names a sequence as a regclass constant.
func (x *exec) usesSequence(sql string, seq *catalog.Table) bool {
	if !strings.Contains(sql, "regclass") {
		return false
	}
	found := false
	for _, n := range parseExpr(sql) {
		ast.Walk(n, func(n ast.Node) bool {
			if t := x.regclass(n); t != nil && t.OID == seq.OID {
				found = true
			}
			return !found
		})
	}
	return found
}

// regclass is the relation that 'name'::regclass names, or nil.
func (x *exec) regclass(n ast.Node) *catalog.Table {
	c, ok := n.(*ast.TypeCast)
	if !ok || c.TypeName == nil {
		return nil
	}
	p := strs(c.TypeName.Names)
	k, ok := c.Arg.(*ast.A_Const)
	if !ok || len(p) == 0 || p[len(p)-1] != "regclass" {
		return nil
	}
	s, ok := k.Val.(*ast.String)
	if !ok {
		return nil
	}
	t, _, err := x.lookup(splitName(s.Sval))
	if err != nil {
		return nil
	}
	return t
}

// splitName takes a qualified name apart as regclass input does.
func splitName(s string) *ast.RangeVar {
	var parts []string
	var cur strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			cur.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			parts = append(parts, cur.String())
			cur.Reset()
		default:
			cur.WriteByte(c)
		}
	}
	parts = append(parts, cur.String())
	rv := &ast.RangeVar{Relname: parts[len(parts)-1]}
	if len(parts) > 1 {
		rv.Schemaname = parts[len(parts)-2]
	}
	return rv
}

// viewRelations lists the relations that a view's query names. Stored queries qualify every relation: a name without schema is
// a WITH query's.
func (x *exec) viewRelations(v *catalog.Table) (out []*catalog.Table) {
	stmts, err := parser.Parse(v.View)
	if err != nil || len(stmts) != 1 {
		return nil
	}
	ast.Walk(stmts[0].Node, func(n ast.Node) bool {
		switch r := n.(type) {
		case *ast.RangeVar:
			if r.Schemaname == "" {
				return true
			}
			if t, _, err := x.lookup(r); err == nil && t != nil {
				out = append(out, t)
			}
		default:
			if t := x.regclass(n); t != nil {
				out = append(out, t)
			}
		}
		return true
	})
	return out
}

func (x *exec) viewUses(v, t *catalog.Table) bool {
	if v.Schema == catalog.PgCatalogOID || v.Schema == catalog.InformationSchemaOID {
		return false
	}
	for _, r := range x.viewRelations(v) {
		if r.OID == t.OID {
			return true
		}
	}
	return false
}

// viewUsesColumn reports whether a view that reads a table names one of its columns; a column of the same name in another of its
// tables counts, too.
func (x *exec) viewUsesColumn(v, t *catalog.Table, att int16) bool {
	if !x.viewUses(v, t) {
		return false
	}
	stmts, err := parser.Parse(v.View)
	if err != nil {
		return false
	}
	name, found := t.Column(att).Name, false
	ast.Walk(stmts[0].Node, func(n ast.Node) bool {
		if c, ok := n.(*ast.ColumnRef); ok {
			switch f := c.Fields[len(c.Fields)-1].(type) {
			case *ast.String:
				found = found || f.Sval == name
			case *ast.A_Star:
				found = true
			}
		}
		return !found
	})
	return found
}

// remove takes one object out of the catalog, with its rows.
func (x *exec) remove(o catalog.Address) error {
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindSchema:
		x.Editor.DropSchema(o.OID)
	case catalog.KindRelation:
		if cat.Table(o.OID) == nil {
			return nil
		}
		t, err := x.reopen(o.OID, lock.AccessExclusive)
		if err != nil || t == nil {
			return err
		}
		if t.Bound != nil {
			if p, err := x.reopen(t.Parents[0], lock.AccessExclusive); err != nil {
				return err
			} else if p != nil {
				x.put(edit(p))
			}
		}
		return x.removeRelation(t)
	case catalog.KindIndex:
		t, ix := cat.RelationByOID(o.OID)
		if ix == nil {
			return nil
		}
		return x.removeIndexOf(t.OID, o.OID)
	case catalog.KindConstraint:
		return x.removeConstraint(o.OID)
	case catalog.KindDefault:
		t, err := x.reopen(o.OID, lock.AccessExclusive)
		if err != nil || t == nil {
			return err
		}
		next := edit(t)
		next.Column(o.Sub).Default = ""
		x.put(next)
	case catalog.KindColumn:
		t, err := x.reopen(o.OID, lock.AccessExclusive)
		if err != nil || t == nil {
			return err
		}
		x.removeColumn(t, o.Sub)
	default:
		if cat.Object(o.Kind, o.OID) == nil {
			return nil
		}
		if k, ok := objectKinds(o.Kind); ok && k.remove != nil {
			return k.remove(x, o)
		}
		x.Editor.Drop(o)
	}
	return nil
}

func (x *exec) removeRelation(t *catalog.Table) error {
	switch t.Kind {
	case catalog.RelTable, catalog.RelMatView:
		if err := x.removeStorage(t.StorageID); err != nil {
			return err
		}
	case catalog.RelSequence:
		key, _ := x.SeqState(t.StorageID, 0, false)
		if err := x.Txn.Delete(key, 0); err != nil {
			return err
		}
	}
	x.Editor.DropTable(t.OID)
	return nil
}

// removeIndexOf drops an index. Without its primary key a table keeps its rows under new, hidden keys.
func (x *exec) removeIndexOf(table, index catalog.OID) error {
	t, err := x.reopen(table, lock.AccessExclusive)
	if err != nil || t == nil {
		return err
	}
	next := edit(t)
	next.Indexes = nil
	var gone *catalog.Index
	for _, ix := range t.Indexes {
		if ix.OID == index {
			gone = ix
			continue
		}
		next.Indexes = append(next.Indexes, ix)
	}
	if gone == nil {
		return nil
	}
	if gone.ID != primaryIndexID {
		x.put(next)
		return x.removeIndex(t.StorageID, gone.ID)
	}
	next.StorageID = x.Editor.StorageID()
	x.put(next)
	return x.rewrite(t, next, nil)
}

func (x *exec) removeConstraint(oid catalog.OID) error {
	t, _ := x.constraint(oid)
	if t == nil {
		return nil
	}
	t, err := x.reopen(t.OID, lock.AccessExclusive)
	if err != nil || t == nil {
		return err
	}
	next := edit(t)
	next.Constraints = nil
	for _, c := range t.Constraints {
		if c.OID != oid {
			next.Constraints = append(next.Constraints, c)
		}
	}
	x.put(next)
	return nil
}

// droppedName is the name that a dropped column keeps.
func droppedName(att int16) string {
	return "........pg.dropped." + strconv.Itoa(int(att)) + "........"
}

func (x *exec) removeColumn(t *catalog.Table, att int16) {
	next := edit(t)
	c := next.Column(att)
	c.Name, c.Dropped, c.NotNull, c.Default, c.Generated, c.Identity, c.IdentSeq = droppedName(att), true, false, "", 0, 0, 0
	c.HasMissing, c.Missing = false, ""
	delete(next.ColComments, att)
	x.put(next)
}

// describe is an object as PostgreSQL's messages name it.
func (x *exec) describe(o catalog.Address) string {
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindSchema:
		if s := cat.SchemaByOID(o.OID); s != nil {
			return "schema " + s.Name
		}
	case catalog.KindRelation:
		if t := cat.Table(o.OID); t != nil {
			if t.Kind == catalog.RelComposite {
				return "type " + x.relationText(t)
			}
			return kindWord(t.Kind) + " " + x.relationText(t)
		}
	case catalog.KindIndex:
		if t, ix := cat.RelationByOID(o.OID); ix != nil {
			return "index " + x.nameText(t.Schema, ix.Name)
		}
	case catalog.KindConstraint:
		if t, c := x.constraint(o.OID); c != nil {
			return "constraint " + c.Name + " on " + kindWord(t.Kind) + " " + x.relationText(t)
		}
	case catalog.KindDefault:
		if t := cat.Table(o.OID); t != nil {
			return "default value for column " + t.Column(o.Sub).Name + " of " + kindWord(t.Kind) + " " + x.relationText(t)
		}
	case catalog.KindColumn:
		if t := cat.Table(o.OID); t != nil {
			return "column " + t.Column(o.Sub).Name + " of " + kindWord(t.Kind) + " " + x.relationText(t)
		}
	default:
		if k, ok := objectKinds(o.Kind); ok {
			return k.describe(x, o)
		}
	}
	return "object " + strconv.Itoa(int(o.OID))
}

func kindWord(k catalog.RelKind) string {
	switch k {
	case catalog.RelView:
		return "view"
	case catalog.RelMatView:
		return "materialized view"
	case catalog.RelSequence:
		return "sequence"
	case catalog.RelComposite:
		return "composite type"
	}
	return "table"
}

func (x *exec) relationText(t *catalog.Table) string { return x.nameText(t.Schema, t.Name) }

// nameText is a relation's name, qualified where search_path does not find it.
func (x *exec) nameText(schema catalog.OID, name string) string {
	cat := x.Catalog()
	mine, _ := cat.Relation(schema, name)
	for _, s := range x.path() {
		if t, _ := cat.Relation(s, name); t != nil {
			if s == schema || mine == t {
				return ruleutils.QuoteIdent(name)
			}
			break
		}
	}
	if s := cat.SchemaByOID(schema); s != nil {
		return ruleutils.QuoteIdent(s.Name) + "." + ruleutils.QuoteIdent(name)
	}
	return ruleutils.QuoteIdent(name)
}

// objectText is the name of an object of the general store, qualified where its schema is not in the search path.
func (x *exec) objectText(k catalog.Kind, schema catalog.OID, name string) string {
	for _, s := range x.path() {
		if s == schema {
			return ruleutils.QuoteIdent(name)
		}
	}
	if s := x.Catalog().SchemaByOID(schema); s != nil {
		return ruleutils.QuoteIdent(s.Name) + "." + ruleutils.QuoteIdent(name)
	}
	return ruleutils.QuoteIdent(name)
}
