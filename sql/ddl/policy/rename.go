package policy

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
)

// Using lists the policies whose conditions name a relation or column; those of a relation itself are among them.
func Using(x *stmt.Ctx, on catalog.Address) (out []catalog.Address) {
	x.Catalog().Users(on, func(from catalog.Address, _ catalog.DepType) {
		if from.Kind == catalog.KindPolicy {
			out = append(out, from)
		}
	})
	if t := x.Catalog().Table(on.OID); t != nil && on.Kind == catalog.KindRelation {
		for _, p := range t.Policies {
			if !slices.Contains(out, address(p)) {
				out = append(out, address(p))
			}
		}
	}
	return out
}

// Each calls f for the conditions of a policy.
func Each(x *stmt.Ctx, o catalog.Address, f func(t *catalog.Table, sql string) error) error {
	t, p := x.Catalog().PolicyByOID(o.OID)
	if p == nil {
		return nil
	}
	for _, sql := range []string{p.Using, p.Check} {
		if sql != "" {
			if err := f(t, sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// Rewrite replaces the conditions of a policy by what f makes of them.
func Rewrite(x *stmt.Ctx, o catalog.Address, f func(t *catalog.Table, sql string) (string, error)) error {
	t, p := x.Catalog().PolicyByOID(o.OID)
	if p == nil {
		return nil
	}
	n := *p
	for _, sql := range []*string{&n.Using, &n.Check} {
		if *sql == "" {
			continue
		}
		var err error
		if *sql, err = f(t, *sql); err != nil {
			return err
		}
	}
	next := stmt.Edit(t)
	replace(next, p, &n)
	x.Put(next)
	return nil
}

// Print prints a stored condition of t again, its own columns inside of queries qualified with row.
func Print(x *stmt.Ctx, t *catalog.Table, sql, row string) (string, error) {
	n, err := x.Bind().Cache.ParseExpr(sql)
	if err != nil {
		return "", err
	}
	env := *x.Bind()
	env.Types, env.Source, env.Stored = x.StoredEnv(), "", true
	out, _, err := bind.RowExprSQL(&env, t, n, expression.KindPolicy, "", bind.DefOptions{Row: row})
	return out, err
}

// Bind binds a condition of t, given as SELECT and the condition: errors stand at positions in that text.
func Bind(x *stmt.Ctx, t *catalog.Table, selectSQL string) error {
	n, err := x.Bind().Cache.Parse(selectSQL)
	if err != nil {
		return err
	}
	env := *x.Bind()
	env.Source = selectSQL
	return bind.RowExpr(&env, t, n)
}
