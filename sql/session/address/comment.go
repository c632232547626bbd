package address

import (
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/types"
)

// Comment finds a comment: of an object of ours, or of a built-in one.
func Comment(cat *catalog.Catalog, class, obj types.OID, sub int32) (string, bool) {
	if class == classRelation {
		t, ix := cat.RelationByOID(obj)
		switch {
		case t == nil:
		case ix != nil:
			return ix.Comment, ix.Comment != ""
		case sub == 0 && t.Comment != "":
			return t.Comment, true
		case sub > 0:
			c, ok := t.ColComments[int16(sub)]
			return c, ok
		}
	}
	for _, k := range catalog.Kinds() {
		if class != syscat.ClassOf(k) {
			continue
		}
		if o := cat.Object(k, obj); o != nil && !catalog.Derived(o) {
			return o.Head().Comment, o.Head().Comment != ""
		}
	}
	if class == classType {
		if t := cat.RowTypeOf(obj); t != nil && t.Kind == catalog.RelComposite && t.RowType == obj {
			return t.Comment, t.Comment != ""
		}
	}
	if sc := cat.SchemaByOID(obj); sc != nil && class == classNamespace && sub == 0 && sc.Comment != "" {
		return sc.Comment, true
	}
	if class == classTrigger {
		if _, g := cat.TriggerByOID(obj); g != nil {
			return g.Comment, g.Comment != ""
		}
		return "", false
	}
	if class == classConstraint {
		if _, c := cat.ConstraintByOID(obj); c != nil {
			return c.Comment, c.Comment != ""
		}
		if _, c := cat.DomainConstraintByOID(obj); c != nil {
			return c.Comment, c.Comment != ""
		}
		return "", false
	}
	if class == classRule {
		if _, r := cat.RuleByOID(obj); r != nil {
			return r.Comment, r.Comment != ""
		}
	}
	if class == classPolicy {
		if _, p := cat.PolicyByOID(obj); p != nil {
			return p.Comment, p.Comment != ""
		}
	}
	if sub != 0 {
		return "", false
	}
	want, in := strconv.FormatUint(uint64(obj), 10), strconv.FormatUint(uint64(class), 10)
	for _, r := range pgdata.Load("pg_description").Rows {
		if *r[0] == want && *r[1] == in && *r[2] == "0" {
			return *r[3], true
		}
	}
	return "", false
}
