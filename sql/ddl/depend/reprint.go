package depend

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
)

// reprint finds the stored SQL that may name an object, and what there is to do to it.
type reprint struct {
	x     *stmt.Ctx
	names []string // as they stand inside of quotes
	steps []func() error
	err   error
}

// printer prints what was bound before.
type printer func() (string, error)

// Reprint binds the stored SQL that may name an object of one of these names, or one of a schema of that name. It is asked before the
// catalog changes; store, called after that, puts in its place the same with the names that objects have then.
func Reprint(x *stmt.Ctx, names ...string) (store func() error, err error) {
	r := &reprint{x: x}
	for _, name := range names {
		name = strings.ReplaceAll(name, `"`, `""`)
		r.names = append(r.names, name, strings.ReplaceAll(name, "'", "''"))
	}
	x.Catalog().Tables(func(t *catalog.Table) bool {
		if !stmt.SystemSchema(t.Schema) && !t.Virtual {
			r.table(t)
		}
		return r.err == nil
	})
	x.Catalog().Objects(catalog.KindType, func(o catalog.Object) bool {
		if t, ok := o.(*catalog.Type); ok && t.Domain != nil {
			r.domain(t)
		}
		return r.err == nil
	})
	x.Catalog().Objects(catalog.KindFunction, func(o catalog.Object) bool {
		if f, ok := o.(*catalog.Function); ok {
			r.function(f)
		}
		return r.err == nil
	})
	if r.err != nil {
		return nil, r.err
	}
	return func() error {
		for _, step := range r.steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// add binds sql if it may name what changes, and stores it when that has changed.
func (r *reprint) add(sql string, bound func() (printer, error), store func(sql string)) {
	if r.err != nil || sql == "" || !slices.ContainsFunc(r.names, func(name string) bool { return strings.Contains(sql, name) }) {
		return
	}
	print, err := bound()
	if err != nil {
		r.err = err
		return
	}
	r.steps = append(r.steps, func() error {
		sql, err := print()
		if err == nil {
			store(sql)
		}
		return err
	})
}

// refuse is for text that is not printed again.
func (r *reprint) refuse(sql, what string) {
	if r.err == nil && slices.ContainsFunc(r.names, func(name string) bool { return wordOf(sql, name) }) {
		r.err = pgerr.Unsupported("renaming or moving what " + what)
	}
}

// expr adds an expression over a row of t; nil: over nothing.
func (r *reprint) expr(t *catalog.Table, sql string, store func(sql string)) {
	r.add(sql, func() (printer, error) {
		e, err := bind.WrittenExpr(r.x.Bind(), t, sql)
		return func() (string, error) { return r.x.ExprSQL(e, t) }, err
	}, store)
}

// query adds what has queries in it.
func (r *reprint) query(sql string, bound func(*bind.Env) (bind.Printer, error), store func(sql string)) {
	env := func() *bind.Env {
		e := *r.x.Bind()
		e.Types, e.Source = r.x.StoredEnv(), ""
		return &e
	}
	r.add(sql, func() (printer, error) {
		p, err := bound(env())
		return func() (string, error) { return p(env()) }, err
	}, store)
}

func (r *reprint) table(t *catalog.Table) {
	in := func(set func(next *catalog.Table, sql string)) func(sql string) {
		return func(sql string) {
			next := stmt.Edit(r.x.Catalog().Table(t.OID))
			set(next, sql)
			r.x.Put(next)
		}
	}
	if t.HasQuery() {
		r.query(t.View, func(env *bind.Env) (bind.Printer, error) { return bind.ViewPrinter(env, t) }, in(func(next *catalog.Table, sql string) { next.View = sql }))
	}
	for i := range t.Columns {
		r.expr(t, t.Columns[i].Default, in(func(next *catalog.Table, sql string) { next.Columns[i].Default = sql }))
	}
	for i, c := range t.Constraints {
		r.expr(t, c.Expr, in(func(next *catalog.Table, sql string) { changed(next.Constraints, i).Expr = sql }))
	}
	for i, ix := range t.Indexes {
		r.expr(t, ix.Pred, in(func(next *catalog.Table, sql string) { changed(next.Indexes, i).Pred = sql }))
		r.keys(t, ix.Keys, func(k int) func(set func(*catalog.IndexKey)) {
			return func(set func(*catalog.IndexKey)) {
				in(func(next *catalog.Table, _ string) {
					ix := changed(next.Indexes, i)
					ix.Keys = slices.Clone(ix.Keys)
					set(&ix.Keys[k])
				})("")
			}
		})
	}
	if t.PartKey != nil {
		r.keys(t, t.PartKey.Keys, func(k int) func(set func(*catalog.IndexKey)) {
			return func(set func(*catalog.IndexKey)) {
				in(func(next *catalog.Table, _ string) {
					key := *next.PartKey
					key.Keys = slices.Clone(key.Keys)
					set(&key.Keys[k])
					next.PartKey = &key
				})("")
			}
		})
	}
	for i, g := range t.Triggers {
		r.add(g.When, func() (printer, error) {
			e, err := bind.WrittenWhen(r.x.Bind(), t, g.When)
			return func() (string, error) {
				return r.x.StoredSQL(e, func(c *plan.ColRef) string { return bind.WhenColumn(t, c) })
			}, err
		}, in(func(next *catalog.Table, sql string) { changed(next.Triggers, i).When = sql }))
	}
	for _, rule := range t.Rules {
		for _, sql := range append([]string{rule.Where}, rule.Actions...) {
			r.refuse(sql, "rule \""+rule.Name+"\" of view \""+t.Name+"\" names")
		}
	}
	for i, p := range t.Policies {
		condition := func(sql string, set func(p *catalog.Policy, sql string)) {
			r.query(sql, func(env *bind.Env) (bind.Printer, error) { return bind.ConditionPrinter(env, t, sql) },
				in(func(next *catalog.Table, sql string) { set(changed(next.Policies, i), sql) }))
		}
		condition(p.Using, func(p *catalog.Policy, sql string) { p.Using = sql })
		condition(p.Check, func(p *catalog.Policy, sql string) { p.Check = sql })
	}
}

// changed puts a copy of an element in its place.
func changed[T any](list []*T, i int) *T {
	n := *list[i]
	list[i] = &n
	return &n
}

// keys adds the expressions of an index or a partition key; at changes the key of a place.
func (r *reprint) keys(t *catalog.Table, keys []catalog.IndexKey, at func(k int) func(set func(*catalog.IndexKey))) {
	for i := range keys {
		r.expr(t, keys[i].Expr, func(sql string) { at(i)(func(k *catalog.IndexKey) { k.Expr = sql }) })
		shown := keys[i].Shown
		r.add(shown, func() (printer, error) {
			e, err := bind.WrittenExpr(r.x.Bind(), t, keys[i].Expr)
			return func() (string, error) {
				sql, err := ruleutils.Expr(e, &ruleutils.Options{Pretty: true, Env: r.x.Env})
				if err == nil && !ruleutils.IsCallText(sql) {
					sql = "(" + sql + ")"
				}
				return sql, err
			}, err
		}, func(sql string) { at(i)(func(k *catalog.IndexKey) { k.Shown = sql }) })
	}
}

func (r *reprint) domain(t *catalog.Type) {
	in := func(set func(next *catalog.Domain, sql string)) func(sql string) {
		return func(sql string) {
			next := *r.x.Catalog().Type(t.OID)
			d := *next.Domain
			d.Constraints = slices.Clone(d.Constraints)
			set(&d, sql)
			next.Domain = &d
			r.x.Editor.Put(&next)
		}
	}
	r.expr(nil, t.Domain.Default, in(func(next *catalog.Domain, sql string) { next.Default = sql }))
	for i, c := range t.Domain.Constraints {
		r.add(c.Expr, func() (printer, error) {
			e, err := bind.WrittenCheck(r.x.Bind(), c.Expr, plan.Type{OID: t.Domain.Base, Mod: t.Domain.Mod, Coll: t.Domain.Collation})
			return func() (string, error) { return r.x.StoredSQL(e, func(*plan.ColRef) string { return "VALUE" }) }, err
		}, in(func(next *catalog.Domain, sql string) { changed(next.Constraints, i).Expr = sql }))
	}
}

// function adds the defaults of parameters. A body of the standard's form is the text that CREATE FUNCTION was given.
func (r *reprint) function(f *catalog.Function) {
	if !slices.Contains(r.names, f.Name) { // which stands in the text, too
		r.refuse(f.Body, "the BEGIN ATOMIC or RETURN body of function \""+f.Name+"\" names")
	}
	const open, end = "ROW(", ")"
	r.add(f.Proc.ArgDefaults, func() (printer, error) {
		e, err := bind.WrittenExpr(r.x.Bind(), nil, open+f.Proc.ArgDefaults+end)
		return func() (string, error) {
			sql, err := r.x.ExprSQL(e, nil)
			return strings.TrimSuffix(strings.TrimPrefix(sql, open), end), err
		}, err
	}, func(sql string) {
		next := *r.x.Catalog().Function(f.OID)
		next.Proc.ArgDefaults = sql
		r.x.Editor.Put(&next)
	})
}

// wordOf reports whether a name stands in a text other than as a part of a longer word.
func wordOf(text, name string) bool {
	text, name = strings.ToLower(text), strings.ToLower(name)
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		i += at
		if end := i + len(name); (i == 0 || !inWord(text[i-1])) && (end == len(text) || !inWord(text[end])) {
			return true
		}
		at = i + 1
	}
}

func inWord(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z'
}
