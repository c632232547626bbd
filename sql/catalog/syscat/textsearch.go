package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
)

func pgTSDict(s *scan) error {
	s.cat.Objects(catalog.KindTSDictionary, func(o catalog.Object) bool {
		d := o.(*catalog.TSDictionary)
		s.add(oid(d.OID), text(d.Name), oid(d.Schema), oid(d.Owner), oid(d.Template), textOrNull(d.Options))
		return true
	})
	return nil
}

func (s *scan) searchConfigs(f func(*catalog.TSConfig)) {
	s.cat.Objects(catalog.KindTSConfig, func(o catalog.Object) bool {
		f(o.(*catalog.TSConfig))
		return true
	})
}

func pgTSConfig(s *scan) error {
	s.searchConfigs(func(c *catalog.TSConfig) {
		s.add(oid(c.OID), text(c.Name), oid(c.Schema), oid(c.Owner), oid(c.Parser))
	})
	return nil
}

func pgTSConfigMap(s *scan) error {
	s.searchConfigs(func(c *catalog.TSConfig) {
		for _, m := range c.Map {
			for i, d := range m.Dicts {
				s.add(oid(c.OID), num(m.Token), num(i+1), oid(d))
			}
		}
	})
	return nil
}
