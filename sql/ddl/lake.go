package ddl

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// methodDelta is the access method of lake tables, methodHeap that of the others.
const (
	methodHeap  = "heap"
	methodDelta = "delta"
)

// useMethod makes a new table one of the access method that the statement names; "": default_table_access_method.
func (x *exec) useMethod(t *catalog.Table, method string) error {
	if method == "" {
		method = x.TableMethod
	}
	switch method {
	case "", methodHeap:
		return nil
	case methodDelta:
		t.StorageID |= change.LakeStorage
		return nil
	}
	return pgerr.New(pgerr.UndefinedObject, "access method \"%s\" does not exist", method)
}

// setMethod is ALTER TABLE … SET ACCESS METHOD: the rows are written anew.
func (x *exec) setMethod(t, next *catalog.Table, method string) error {
	next.StorageID = x.Editor.StorageID()
	if err := x.useMethod(next, method); err != nil {
		return err
	}
	if next.Lake() == t.Lake() {
		return nil
	}
	for i := range next.Columns {
		next.Columns[i].HasMissing, next.Columns[i].Missing = false, ""
	}
	x.rewriting(t, rewriteMethod)
	x.Put(next)
	return content.Rewrite(x.Ctx, t, next, nil)
}

// checkLakes refuses what the statement has made of lake tables and what these cannot be (docs/lake.md).
func (x *exec) checkLakes() (err error) {
	x.Editor.Tables(func(_ catalog.OID, t *catalog.Table) {
		if t != nil && t.Lake() && err == nil {
			err = x.checkLake(t)
		}
	})
	return err
}

func (x *exec) checkLake(t *catalog.Table) error {
	refuse := func(what string) error {
		return pgerr.Unsupported(what + " with access method delta")
	}
	switch {
	case t.Kind == catalog.RelMatView:
		return refuse("a materialized view")
	case t.Kind != catalog.RelTable || t.Bound != nil:
		return refuse("a partitioned table or a partition")
	case t.Persistence == catalog.Temporary:
		return refuse("a temporary table")
	case t.Persistence == catalog.Unlogged:
		return refuse("an unlogged table")
	case len(t.Parents) > 0 || x.Catalog().HasChildren(t.OID):
		return refuse("inheritance of a table")
	}
	for _, c := range t.Constraints {
		switch c.Type {
		case catalog.ConCheck:
		case catalog.ConForeign:
			return refuse("a foreign key of a table")
		case catalog.ConPrimary:
			return refuse("a primary key of a table")
		default:
			return refuse("a unique or exclusion constraint of a table")
		}
	}
	if len(t.Indexes) > 0 {
		return refuse("an index on a table")
	}
	for _, o := range t.Options {
		switch {
		case slices.Contains([]string{"location", "external"}, o.Name):
			return refuse("option " + o.Name + " of a table")
		case o.Name == optMirror:
			if on, _ := types.ParseBool(o.Value); !on {
				return pgerr.New(pgerr.InvalidParameterValue, "the mirror of table \"%s\" cannot be off", t.Name).
					WithDetail("Its rows live in the mirror's files.")
			}
		}
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped && !x.inLake(c) {
			return refuse("column \"" + c.Name + "\" of type " + types.FormatType(c.Type, c.TypMod, x.Env) + " of a table")
		}
	}
	return nil
}

// firstExtensionOID: types from there on are extensions' and users'.
const firstExtensionOID = 14000

// inLake reports whether the values of a column can come back from files: those of the system's types, and of domains over them.
func (x *exec) inLake(c *catalog.Column) bool {
	t := x.Env.Type(c.Type)
	for t != nil && t.TypType == types.TypeDomain {
		t = x.Env.Type(t.Base)
	}
	if t == nil || t.OID >= firstExtensionOID || t.TypType == types.TypeComposite {
		return false
	}
	if e := x.Env.Type(t.Elem); t.Kind == tuple.KindArray && e != nil {
		return e.OID < firstExtensionOID && e.TypType == types.TypeBase
	}
	return true
}
