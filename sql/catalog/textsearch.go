package catalog

import (
	"strconv"
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/privilege"
)

// TSDictionary is a row of pg_ts_dict.
type TSDictionary struct {
	Header
	Template OID
	Options  string `json:",omitempty"` // name = 'value', …
	// derived: see Derived.
	derived bool
}

// TSConfig is a row of pg_ts_config with its rows of pg_ts_config_map.
type TSConfig struct {
	Header
	Parser OID
	Map    []TSMapping `json:",omitempty"` // by token type
}

// TSMapping are the dictionaries that are asked for a type of tokens, in turn.
type TSMapping struct {
	Token int
	Dicts []OID
}

var (
	_ Object = (*TSDictionary)(nil)
	_ Object = (*TSConfig)(nil)
)

func (*TSDictionary) Kind() Kind     { return KindTSDictionary }
func (d *TSDictionary) LastOID() OID { return d.OID }
func (*TSConfig) Kind() Kind         { return KindTSConfig }
func (c *TSConfig) LastOID() OID     { return c.OID }

// Dicts are the dictionaries of a type of tokens.
func (c *TSConfig) Dicts(token int) []OID {
	for _, m := range c.Map {
		if m.Token == token {
			return m.Dicts
		}
	}
	return nil
}

// systemSearch are PostgreSQL's own dictionaries and configurations.
var systemSearch = sync.OnceValue(func() (m struct {
	dicts       map[OID]*TSDictionary
	configs     map[OID]*TSConfig
	dictNames   map[string]*TSDictionary
	configNames map[string]*TSConfig
	members     []*TSDictionary // of extensions, in none of the maps
}) {
	m.dicts, m.configs, m.dictNames, m.configNames = map[OID]*TSDictionary{}, map[OID]*TSConfig{}, map[string]*TSDictionary{}, map[string]*TSConfig{}
	num := func(s *string) OID {
		n, err := strconv.ParseUint(*s, 10, 32)
		if err != nil {
			panic("text search: " + err.Error())
		}
		return OID(n)
	}
	head := func(row []*string) Header {
		return Header{OID: num(row[0]), Schema: PgCatalogOID, Name: *row[1], Owner: privilege.Superuser}
	}
	for _, row := range pgdata.Load("pg_ts_dict").Rows {
		d := &TSDictionary{Header: head(row), Template: num(row[4])}
		if row[5] != nil {
			d.Options = *row[5]
		}
		if !BuiltIn(d.OID) {
			m.members = append(m.members, d)
			continue
		}
		m.dicts[d.OID], m.dictNames[d.Name] = d, d
	}
	for _, row := range pgdata.Load("pg_ts_config").Rows {
		c := &TSConfig{Header: head(row), Parser: num(row[4])}
		m.configs[c.OID], m.configNames[c.Name] = c, c
	}
	for _, row := range pgdata.Load("pg_ts_config_map").Rows { // in the order of token types and mapseqno
		c, token := m.configs[num(row[0])], int(num(row[1]))
		if n := len(c.Map); n == 0 || c.Map[n-1].Token != token {
			c.Map = append(c.Map, TSMapping{Token: token})
		}
		last := &c.Map[len(c.Map)-1]
		last.Dicts = append(last.Dicts, num(row[3]))
	}
	return m
})

// TSDictionary returns a dictionary, built in, an extension's or the user's; nil if there is none. A nil Catalog has the built-in ones.
func (c *Catalog) TSDictionary(oid OID) *TSDictionary {
	if c == nil || BuiltIn(oid) {
		return systemSearch().dicts[oid]
	}
	d, _ := c.Object(KindTSDictionary, oid).(*TSDictionary)
	return d
}

// TSConfig is TSDictionary of configurations.
func (c *Catalog) TSConfig(oid OID) *TSConfig {
	if c == nil || oid < FirstNormalOID {
		return systemSearch().configs[oid]
	}
	t, _ := c.Object(KindTSConfig, oid).(*TSConfig)
	return t
}

// TSDictionaryNamed returns the dictionary of that name in a schema; nil if there is none.
func (c *Catalog) TSDictionaryNamed(schema OID, name string) (found *TSDictionary) {
	if schema == PgCatalogOID {
		return systemSearch().dictNames[name]
	}
	c.Named(KindTSDictionary, schema, name, func(o Object) bool {
		found = o.(*TSDictionary)
		return false
	})
	return found
}

// TSConfigNamed returns the configuration of that name in a schema; nil if there is none.
func (c *Catalog) TSConfigNamed(schema OID, name string) (found *TSConfig) {
	if schema == PgCatalogOID {
		return systemSearch().configNames[name]
	}
	c.Named(KindTSConfig, schema, name, func(o Object) bool {
		found = o.(*TSConfig)
		return false
	})
	return found
}

// SearchConfig are a configuration's dictionaries by type of tokens (types.SearchFinder).
func (c *Catalog) SearchConfig(oid OID) (map[int][]OID, bool) {
	t := c.TSConfig(oid)
	if t == nil {
		return nil, false
	}
	out := make(map[int][]OID, len(t.Map))
	for _, m := range t.Map {
		out[m.Token] = m.Dicts
	}
	return out, true
}

// SearchDictionary is what a dictionary was made of (types.SearchFinder).
func (c *Catalog) SearchDictionary(oid OID) (template OID, options string, ok bool) {
	d := c.TSDictionary(oid)
	if d == nil {
		return 0, "", false
	}
	return d.Template, d.Options, true
}
