package regname

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// inSchema is a name, with its schema unless it is visible.
func (r Names) inSchema(schema types.OID, name string, visible bool) string {
	if visible {
		return ruleutils.QuoteIdent(name)
	}
	return r.Qualified(schema, name)
}

// schemasOf are the schemas in which a name is looked up: its own, or those of search_path. Errors: 3F000.
func (r Names) schemasOf(parts []string) ([]types.OID, error) {
	if len(parts) == 1 {
		return r.S.SearchPath(true), nil
	}
	sc := r.S.Catalog().Schema(parts[len(parts)-2])
	if sc == nil {
		return nil, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", parts[len(parts)-2])
	}
	return []types.OID{sc.OID}, nil
}

func (r Names) collationByName(parts []string) (types.OID, error) {
	path, err := r.schemasOf(parts)
	if err != nil {
		return 0, err
	}
	for _, s := range path {
		if c := r.S.Catalog().CollationNamed(s, parts[len(parts)-1]); c != nil {
			return c.OID, nil
		}
	}
	return 0, pgerr.New(pgerr.UndefinedObject, "collation \"%s\" for encoding \"UTF8\" does not exist", strings.Join(parts, "."))
}

// CollationVisible reports whether a name alone finds the collation.
func (r Names) CollationVisible(c *catalog.Collation) bool {
	for _, s := range r.S.SearchPath(true) {
		if o := r.S.Catalog().CollationNamed(s, c.Name); o != nil {
			return o.OID == c.OID
		}
	}
	return false
}

// searchObject finds an object of text search.
func (r Names) searchObject(parts []string, what string, named func(schema types.OID, name string) *catalog.Header) (types.OID, error) {
	path, err := r.schemasOf(parts)
	if err != nil {
		return 0, err
	}
	for _, s := range path {
		if h := named(s, parts[len(parts)-1]); h != nil {
			return h.OID, nil
		}
	}
	return 0, pgerr.New(pgerr.UndefinedObject, "text search %s \"%s\" does not exist", what, strings.Join(parts, "."))
}

// ConfigVisible reports whether a name alone finds the text search configuration.
func (r Names) ConfigVisible(c *catalog.TSConfig) bool {
	for _, s := range r.S.SearchPath(true) {
		if o := r.S.Catalog().TSConfigNamed(s, c.Name); o != nil {
			return o.OID == c.OID
		}
	}
	return false
}

// DictionaryVisible reports whether a name alone finds the text search dictionary.
func (r Names) DictionaryVisible(d *catalog.TSDictionary) bool {
	for _, s := range r.S.SearchPath(true) {
		if o := r.S.Catalog().TSDictionaryNamed(s, d.Name); o != nil {
			return o.OID == d.OID
		}
	}
	return false
}
