package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/storage/tuple"
)

const (
	pgTriggerRelation      catalog.OID = 2620
	pgEventTriggerRelation catalog.OID = 3466
)

func pgEventTrigger(s *scan) error {
	s.cat.Objects(catalog.KindEventTrigger, func(o catalog.Object) bool {
		e := o.(*catalog.EventTrigger)
		s.add(oid(e.OID), text(e.Name), text(e.Event), oid(e.Owner), oid(e.Func), char(e.Enabled), texts(e.Tags))
		return true
	})
	return nil
}

// pgTrigger has the triggers of users; PostgreSQL lists those of foreign keys and deferrable keys, too.
func pgTrigger(s *scan) error {
	if o, ok := s.keyOID(1); ok {
		if t, g := s.cat.TriggerByOID(o); g != nil {
			s.addTrigger(t, g)
		}
		return nil
	}
	all := func(t *catalog.Table) {
		for _, g := range t.Triggers {
			s.addTrigger(t, g)
		}
	}
	if con, ok := s.keyOID(11); ok && con != 0 {
		if t, _ := s.cat.ConstraintByOID(con); t != nil {
			all(t)
		}
		return nil
	}
	s.tables(2, all)
	return nil
}

func (s *scan) addTrigger(t *catalog.Table, g *catalog.Trigger) {
	deferrable, deferred := false, false
	for _, c := range t.Constraints {
		if g.Constraint != 0 && c.OID == g.Constraint {
			deferrable, deferred = c.Deferrable, c.Deferred
		}
	}
	var args []byte
	for _, a := range g.Args {
		args = append(append(args, a...), 0)
	}
	s.add(oid(g.OID), oid(t.OID), oid(g.Parent), text(g.Name), oid(g.Func), num(g.Type), char(g.Enabled), no, oid(g.RefTable), zero, oid(g.Constraint),
		boolean(deferrable), boolean(deferred), num(len(g.Args)), int2Vector(g.Cols), tuple.Bytes(args), textOrNull(g.When), textOrNull(g.OldTable), textOrNull(g.NewTable))
}

// addTriggerDepends adds the rows of pg_depend for a table's triggers that its descriptor does not list.
func (s *scan) addTriggerDepends(t *catalog.Table) {
	for _, g := range t.Triggers {
		kind := byte('a')
		if g.Parent != 0 {
			kind = 'S'
			s.addDepend(pgTriggerRelation, g.OID, 0, pgTriggerRelation, g.Parent, 0, 'P')
		}
		s.addDepend(pgTriggerRelation, g.OID, 0, pgClassRelation, t.OID, 0, kind)
		for _, att := range g.Cols {
			s.addDepend(pgTriggerRelation, g.OID, 0, pgClassRelation, t.OID, att, 'n')
		}
		if g.Constraint != 0 {
			s.addDepend(pgConstraintRelation, g.Constraint, 0, pgTriggerRelation, g.OID, 0, 'i')
		}
		for _, name := range g.Extensions {
			if e := s.cat.Extension(name); e != nil {
				s.addDepend(pgTriggerRelation, g.OID, 0, pgExtensionRelation, e.OID, 0, 'x')
			}
		}
	}
}
