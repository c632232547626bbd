package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// bound is relpartbound: the bound as SQL, which pg_get_expr gives back.
func (s *scan) bound(t *catalog.Table) types.Datum {
	if t.Bound == nil {
		return null
	}
	p := s.cat.Table(t.Parents[0])
	if p == nil || p.PartKey == nil {
		return null
	}
	return text(ruleutils.PartBound(p.PartKey, t.Bound))
}

func pgInherits(s *scan) error {
	add := func(t *catalog.Table) {
		for i, p := range t.Parents {
			s.add(oid(t.OID), oid(p), num(i+1), boolean(t.Detaching == p))
		}
		for _, ix := range t.Indexes {
			if ix.Parent != 0 {
				s.add(oid(ix.OID), oid(ix.Parent), num(1), no)
			}
		}
	}
	if parent, ok := s.keyOID(2); ok {
		if t, _ := s.cat.RelationByOID(parent); t != nil {
			s.cat.Children(t.OID, func(k *catalog.Table) bool { add(k); return true })
		}
		return nil
	}
	if child, ok := s.keyOID(1); ok {
		if t, _ := s.cat.RelationByOID(child); t != nil {
			add(t)
		}
		return nil
	}
	s.cat.Tables(func(t *catalog.Table) bool {
		add(t)
		return true
	})
	return nil
}

func pgPartitionedTable(s *scan) error {
	s.tables(1, func(t *catalog.Table) {
		k := t.PartKey
		if k == nil {
			return
		}
		def := catalog.OID(0)
		s.cat.Children(t.OID, func(c *catalog.Table) bool {
			if c.Bound != nil && c.Bound.Default {
				def = c.OID
			}
			return def == 0
		})
		var atts []int16
		var classes, colls []catalog.OID
		expr := types.Datum(null)
		for i := range k.Keys {
			atts, classes, colls = append(atts, k.Keys[i].Att), append(classes, k.Keys[i].OpClass), append(colls, k.Keys[i].Collation)
			if k.Keys[i].Att == 0 {
				expr = text(k.Keys[i].Expr)
			}
		}
		s.add(oid(t.OID), char(byte(k.Strategy)), num(len(k.Keys)), oid(def), int2Vector(atts), oidVector(classes), oidVector(colls), expr)
	})
	return nil
}
