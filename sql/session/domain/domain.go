// Package domain checks values of domains: what a domain and the domains below it ask of a value, compiled once for a version of the
// catalog.
package domain

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Session is what checking needs of the session that casts.
type Session interface {
	Bind() *bind.Env // what expressions stored in the catalog are bound in
	Types() *types.Env
	// Run fills in what expressions are evaluated in.
	Run(ec *run.Context)
}

// Checks are the compiled constraints of domains, for one version of the catalog. The zero value is ready.
type Checks struct {
	version uint64
	byOID   map[types.OID]*domainCheck
}

// domainCheck is what a domain and the domains below it ask of a value, the lowest first.
type domainCheck struct {
	typ     *catalog.Type
	notNull bool
	checks  []valueCheck
	busy    bool // a condition that casts to its own domain
}

type valueCheck struct {
	name string
	eval *eval.Evaluator
}

// Check checks a value of a domain. Errors: 23502, 23514, those of the domain's expressions.
func (d *Checks) Check(s Session, cat *catalog.Catalog, oid types.OID, v types.Datum) error {
	if d.version != cat.Version || d.byOID == nil {
		*d = Checks{version: cat.Version, byOID: map[types.OID]*domainCheck{}}
	}
	c := d.byOID[oid]
	if c == nil || c.busy {
		n, err := compile(s, cat, oid)
		if err != nil {
			return err
		}
		if c == nil {
			d.byOID[oid] = n
		}
		c = n
	}
	if c.notNull && v.IsNull() {
		e := pgerr.New(pgerr.NotNullViolation, "domain %s does not allow null values", types.TypeName(oid, s.Types()))
		return inType(cat, e, c.typ)
	}
	if len(c.checks) == 0 {
		return nil
	}
	c.busy = true
	defer func() { c.busy = false }()
	var ec run.Context
	s.Run(&ec)
	row := [1]types.Datum{v}
	for i := range c.checks {
		k := &c.checks[i]
		k.eval.Begin(&ec)
		ok, err := k.eval.Eval(row[:])
		if err != nil {
			return err
		}
		if !ok.IsNull() && !ok.Bool() {
			e := pgerr.New(pgerr.CheckViolation, "value for domain %s violates check constraint \"%s\"", types.TypeName(oid, s.Types()), k.name)
			e.Constraint = k.name
			return inType(cat, e, c.typ)
		}
	}
	return nil
}

func inType(cat *catalog.Catalog, e *pgerr.Error, t *catalog.Type) error {
	if sc := cat.SchemaByOID(t.Schema); sc != nil {
		e.Schema = sc.Name
	}
	e.DataType = t.Name
	return e
}

func compile(s Session, cat *catalog.Catalog, oid types.OID) (*domainCheck, error) {
	c := &domainCheck{typ: cat.Type(oid)}
	if c.typ == nil || c.typ.Domain == nil {
		return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", oid)
	}
	// PostgreSQL checks the constraints of the lowest domain first, each domain's in order of their names.
	var levels []*catalog.Type
	for t := c.typ; t != nil && t.Domain != nil; t = cat.Type(t.Domain.Base) {
		levels = append(levels, t)
		c.notNull = c.notNull || t.Domain.NotNull
		if next := cat.Type(t.Domain.Base); next != nil && next.OID != t.Domain.Base {
			break // an array of a domain
		}
	}
	env := s.Bind()
	for i := len(levels) - 1; i >= 0; i-- {
		d := levels[i].Domain
		list := append([]*catalog.DomainConstraint(nil), d.Constraints...)
		slices.SortFunc(list, func(a, b *catalog.DomainConstraint) int { return strings.Compare(a.Name, b.Name) })
		for _, k := range list {
			e, col, err := bind.DomainExpr(env, k.Expr, plan.Type{OID: d.Base, Mod: d.Mod, Coll: d.Collation})
			if err != nil {
				return nil, err
			}
			ev, err := eval.Compile(e, []plan.Col{col}, s.Types())
			if err != nil {
				return nil, err
			}
			c.checks = append(c.checks, valueCheck{k.Name, ev})
		}
	}
	return c, nil
}
