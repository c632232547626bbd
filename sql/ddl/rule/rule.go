package rule

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rewrite"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// viewRule is the name of the rule that a view's query is.
const viewRule = "_RETURN"

var events = map[ast.CmdType]catalog.RuleEvent{ast.CMD_INSERT: catalog.RuleInsert, ast.CMD_UPDATE: catalog.RuleUpdate, ast.CMD_DELETE: catalog.RuleDelete}

// Create is CREATE RULE.
func Create(x *stmt.Ctx, n *ast.RuleStmt) error {
	v, err := open(x, n.Relation)
	if err != nil {
		return err
	}
	r := &catalog.Rule{Name: types.TruncateName(n.Rulename), Event: events[n.Event], Instead: n.Instead}
	switch {
	case r.Event == 0 && v.Kind == catalog.RelView:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "\"%s\" is already a view", v.Name)
	case r.Event == 0:
		return pgerr.Unsupported("CREATE RULE ON SELECT")
	case v.Kind == catalog.RelMatView:
		return pgerr.New(pgerr.FeatureNotSupported, "rules on materialized views are not supported")
	case v.Kind != catalog.RelView:
		return pgerr.Unsupported("CREATE RULE on a table")
	}
	next := stmt.Edit(v)
	old := v.RuleByName(r.Name)
	r.OID = x.Editor.OID()
	if old != nil && n.Replace {
		r.OID, r.Comment = old.OID, old.Comment
	}
	next.Deps = stmt.Independent(next.Deps, address(r))
	if err := contents(x, next, r, n); err != nil {
		return err
	}
	if r.Name == viewRule {
		return pgerr.New(pgerr.InvalidObjectDefinition, "non-view rule for \"%s\" must not be named \"%s\"", v.Name, viewRule)
	}
	switch {
	case old == nil:
		next.Rules = append(next.Rules, r)
	case !n.Replace:
		return exists(r.Name, v)
	default:
		next.Rules[slices.Index(next.Rules, old)] = r
	}
	x.Put(next)
	return nil
}

// contents binds a rule's condition and commands and stores them, with what they need.
func contents(x *stmt.Ctx, v *catalog.Table, r *catalog.Rule, n *ast.RuleStmt) error {
	if n.WhereClause != nil {
		t, err := text(x, v, r, n.WhereClause, true)
		if err != nil {
			return err
		}
		r.Where = t.SQL
	}
	for _, a := range n.Actions {
		rv, _ := rewrite.Target(a)
		if rv == nil {
			switch a.(type) {
			case *ast.SelectStmt:
				return pgerr.Unsupported("SELECT as the command of a rule")
			case *ast.NotifyStmt:
				return pgerr.Unsupported("NOTIFY as the command of a rule")
			}
			return pgerr.Unsupported("this command in a rule")
		}
		t, err := text(x, v, r, a, false)
		if err != nil {
			return err
		}
		if len(rewrite.Returning(a)) > 0 {
			if err := returning(x, v, r, t.Output); err != nil {
				return err
			}
			r.Returning = len(r.Actions) + 1
		}
		r.Actions = append(r.Actions, t.SQL)
	}
	return nil
}

// text prints a part of a rule as it is stored and adds what it needs to the view's Deps.
func text(x *stmt.Ctx, v *catalog.Table, r *catalog.Rule, n ast.Node, where bool) (bind.RuleText, error) {
	// Errors have places in the statement; what is stored is printed with all names qualified.
	if _, err := bind.RuleSQL(x.Bind(), v, r.Event, n, where, bind.DefOptions{}); err != nil {
		return bind.RuleText{}, err
	}
	env := *x.Bind()
	env.Types, env.Source, env.Needs = x.StoredEnv(), "", &lexicon.Needs{}
	t, err := bind.RuleSQL(&env, v, r.Event, n, where, bind.DefOptions{})
	if err != nil {
		return t, err
	}
	add := func(on catalog.Address) {
		d := catalog.Dep{From: address(r), On: on, Type: catalog.DepNormal}
		if !catalog.BuiltIn(on.OID) && !slices.Contains(v.Deps, d) {
			v.Deps = append(v.Deps, d)
		}
	}
	for _, on := range env.Needs.List {
		add(on)
	}
	for _, a := range t.Access {
		if a.Table.OID == v.OID {
			continue
		}
		add(catalog.Address{Kind: catalog.KindRelation, OID: a.Table.OID})
		for _, list := range [][]int16{a.Select, a.Insert, a.Update} {
			for _, att := range list {
				if att > 0 {
					add(catalog.Address{Kind: catalog.KindColumn, OID: a.Table.OID, Sub: att})
				}
			}
		}
	}
	return t, nil
}

// returning checks a RETURNING list, whose columns are to be the view's.
func returning(x *stmt.Ctx, v *catalog.Table, r *catalog.Rule, cols []plan.Col) error {
	switch {
	case r.Returning != 0:
		return pgerr.New(pgerr.FeatureNotSupported, "cannot have multiple RETURNING lists in a rule")
	case r.Where != "":
		return pgerr.New(pgerr.FeatureNotSupported, "RETURNING lists are not supported in conditional rules")
	case !r.Instead:
		return pgerr.New(pgerr.FeatureNotSupported, "RETURNING lists are not supported in non-INSTEAD rules")
	}
	at := 0
	for i := range v.Columns {
		c := &v.Columns[i]
		if c.Dropped {
			continue
		}
		if at == len(cols) {
			return pgerr.New(pgerr.InvalidObjectDefinition, "RETURNING list has too few entries")
		}
		t := cols[at].T
		at++
		if t.OID != c.Type {
			return pgerr.New(pgerr.InvalidObjectDefinition, "RETURNING list's entry %d has different type from column \"%s\"", at, c.Name).
				WithDetail("RETURNING list entry has type %s, but column has type %s.", x.TypeText(t.OID), x.TypeText(c.Type))
		}
		if t.Mod != c.TypMod && t.Mod != -1 {
			return pgerr.New(pgerr.InvalidObjectDefinition, "RETURNING list's entry %d has different size from column \"%s\"", at, c.Name).
				WithDetail("RETURNING list entry has type %s, but column has type %s.", types.FormatType(t.OID, t.Mod, x.Env), types.FormatType(c.Type, c.TypMod, x.Env))
		}
	}
	if at < len(cols) {
		return pgerr.New(pgerr.InvalidObjectDefinition, "RETURNING list has too many entries")
	}
	return nil
}

// Rename is ALTER RULE … RENAME TO.
func Rename(x *stmt.Ctx, n *ast.RenameStmt, name string) error {
	v, err := open(x, n.Relation)
	if err != nil {
		return err
	}
	if v.HasQuery() && n.Subname == viewRule {
		return pgerr.New(pgerr.InvalidObjectDefinition, "renaming an ON SELECT rule is not allowed")
	}
	if v.RuleByName(n.Subname) != nil && (v.RuleByName(name) != nil || name == viewRule) {
		return exists(name, v)
	}
	return change(x, v, n.Subname, func(r *catalog.Rule) { r.Name = name })
}

// Comment is COMMENT ON RULE.
func Comment(x *stmt.Ctx, rv *ast.RangeVar, name, comment string) error {
	v, err := open(x, rv)
	if err != nil {
		return err
	}
	if v.HasQuery() && name == viewRule {
		return pgerr.Unsupported("COMMENT ON RULE of a view's query")
	}
	return change(x, v, name, func(r *catalog.Rule) { r.Comment = comment })
}

// ToDrop finds the rule of DROP RULE; ok false: there is none, and that has been said.
func ToDrop(x *stmt.Ctx, rv *ast.RangeVar, name string, missingOK bool) (o catalog.Address, ok bool, err error) {
	if missingOK && x.SkipsRelation(rv) {
		return o, false, nil
	}
	v, ix, err := x.OpenRelation(rv, lock.AccessExclusive)
	if err != nil {
		return o, false, err
	}
	r := v.RuleByName(name)
	switch {
	case r == nil && v.HasQuery() && name == viewRule:
		word := stmt.KindWord(v.Kind)
		return o, false, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop rule %s on %s %s because %s %s requires it", viewRule, word, x.RelationText(v), word, x.RelationText(v)).
			WithHint("You can drop %s %s instead.", word, x.RelationText(v))
	case r == nil && missingOK:
		x.Note("", "rule \"%s\" for relation \"%s\" does not exist, skipping", name, rv.Relname)
		return o, false, nil
	case r == nil:
		return o, false, missing(name, v)
	}
	if x.MustOwn(v, ix) != nil {
		return o, false, stmt.Denied("must be owner of relation %s", v.Name)
	}
	return address(r), true, nil
}

// MayRename refuses to rename what the text of a rule names: a relation, a column of one, or a column of the rule's view.
func MayRename(x *stmt.Ctx, o catalog.Address) error {
	refused := func(r *catalog.Rule, v *catalog.Table) error {
		return pgerr.Unsupported("renaming what rule \"" + r.Name + "\" of view \"" + v.Name + "\" names")
	}
	if t := x.Catalog().Table(o.OID); t != nil && o.Sub != 0 && len(t.Rules) > 0 {
		return refused(t.Rules[0], t)
	}
	var err error
	x.Catalog().Users(o, func(from catalog.Address, _ catalog.DepType) {
		if v, r := x.Catalog().RuleByOID(from.OID); from.Kind == catalog.KindRule && r != nil && err == nil {
			err = refused(r, v)
		}
	})
	return err
}

func address(r *catalog.Rule) catalog.Address {
	return catalog.Address{Kind: catalog.KindRule, OID: r.OID}
}

func exists(name string, v *catalog.Table) error {
	return pgerr.New(pgerr.DuplicateObject, "rule \"%s\" for relation \"%s\" already exists", name, v.Name)
}

func missing(name string, v *catalog.Table) error {
	return pgerr.New(pgerr.UndefinedObject, "rule \"%s\" for relation \"%s\" does not exist", name, v.Name)
}

// open locks the relation of a rule for its owner.
func open(x *stmt.Ctx, rv *ast.RangeVar) (*catalog.Table, error) {
	v, ix, err := x.OpenRelation(rv, lock.AccessExclusive)
	if err != nil {
		return nil, err
	}
	if ix != nil || !v.LikeTable() && !v.HasQuery() {
		return nil, pgerr.New(pgerr.WrongObjectType, "relation \"%s\" cannot have rules", rv.Relname)
	}
	if catalog.BuiltIn(v.OID) {
		return nil, stmt.Denied("permission denied: \"%s\" is a system catalog", rv.Relname)
	}
	return v, x.MustOwn(v, ix)
}

func change(x *stmt.Ctx, v *catalog.Table, name string, f func(*catalog.Rule)) error {
	at := slices.IndexFunc(v.Rules, func(r *catalog.Rule) bool { return r.Name == name })
	if at < 0 {
		return missing(name, v)
	}
	r, next := *v.Rules[at], stmt.Edit(v)
	f(&r)
	next.Rules[at] = &r
	x.Put(next)
	return nil
}
