package depend

import (
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
)

// belongs refuses to drop one object of an extension alone.
func belongs(x *stmt.Ctx, o catalog.Address, list []catalog.Address) error {
	e := x.Catalog().ExtensionOf(o)
	if e == nil || slices.Contains(list, catalog.AddressOf(e)) {
		return nil
	}
	return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s because extension %s requires it", describe(x, o), e.Name).
		WithHint("You can drop extension %s instead.", e.Name)
}

// describeMember words what an extension brings and users do not make.
func describeMember(x *stmt.Ctx, o catalog.Address) string {
	m := x.Catalog().Object(o.Kind, o.OID)
	if m == nil {
		return o.Kind.String() + " " + strconv.Itoa(int(o.OID))
	}
	name := x.ObjectText(m.Head().Schema, m.Head().Name)
	switch o.Kind {
	case catalog.KindOpClass:
		return "operator class " + name + " for access method " + methodOf("pg_opclass", "opcmethod", o.OID)
	case catalog.KindOpFamily:
		return "operator family " + name + " for access method " + methodOf("pg_opfamily", "opfmethod", o.OID)
	}
	return o.Kind.String() + " " + name
}

// methodOf is the name of the access method of an operator class or family.
func methodOf(table, column string, oid catalog.OID) string {
	rows, want := pgdata.Load(table), strconv.Itoa(int(oid))
	for _, r := range rows.Rows {
		if *r[0] != want {
			continue
		}
		for _, am := range pgdata.Load("pg_am").Rows {
			if *am[0] == *r[rows.Col(column)] {
				return *am[1]
			}
		}
	}
	return ""
}

// identifyMember completes what Identify says of objects of extensions that are more than a name.
func identifyMember(d *stmt.Dropped) {
	switch d.Kind {
	case catalog.KindOpClass, catalog.KindOpFamily:
		method := methodOf("pg_opclass", "opcmethod", d.OID)
		if d.Kind == catalog.KindOpFamily {
			method = methodOf("pg_opfamily", "opfmethod", d.OID)
		}
		d.Identity, d.Names = d.Identity+" USING "+ruleutils.QuoteIdent(method), append([]string{method}, d.Names...)
	}
}
