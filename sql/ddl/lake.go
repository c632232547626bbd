package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/files"
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
	if t.Options.Has(optLocation) {
		return pgerr.Unsupported("SET ACCESS METHOD of a table with a location")
	}
	for i := range next.Columns {
		next.Columns[i].HasMissing, next.Columns[i].Missing = false, ""
	}
	x.rewriting(t, rewriteMethod)
	x.Put(next)
	return content.Rewrite(x.Ctx, t, next, nil)
}

// useLocation puts a new lake table where its option says, if it has one.
func (x *exec) useLocation(t *catalog.Table) error {
	location, ok := t.Options.Get(optLocation)
	switch {
	case !ok:
		return nil
	case !t.Lake():
		return pgerr.New(pgerr.InvalidParameterValue, "unrecognized parameter \"%s\"", optLocation).
			WithHint("Only tables of access method delta have a location: CREATE TABLE ... USING delta.")
	case x.TableLocation == nil:
		return pgerr.Unsupported("a location of a table")
	}
	dir, err := x.TableLocation(location)
	if err != nil {
		return err
	}
	// Tables that are made at the same time wait for each other here, and then see each other.
	if _, err := x.Claim(0, optLocation); err != nil {
		return err
	}
	x.Catalog().Tables(func(other *catalog.Table) bool {
		if o := other.Location(); o != "" && other.Lake() && (files.Within(o, dir) || files.Within(dir, o)) {
			err = pgerr.New(pgerr.InvalidObjectDefinition, "location \"%s\" overlaps with that of table \"%s\"", dir, other.Name).
				WithDetail("Table \"" + other.Name + "\" is at \"" + o + "\".")
		}
		return err == nil
	})
	t.Options = t.Options.With(catalog.RelOption{Name: optLocation, Value: dir})
	return err
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

// noKeys says what to do without keys. A key that is declared and not enforced would be taken for one by whoever plans with it.
const noKeys = "Rows in Delta files have no index that could enforce it. Keep the table in access method heap, which has a Delta table too, or look for equal rows with MERGE."

func (x *exec) checkLake(t *catalog.Table) error {
	refuse := func(what string) *pgerr.Error {
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
			return refuse("a primary key of a table").WithHint(noKeys)
		default:
			return refuse("a unique or exclusion constraint of a table").WithHint(noKeys)
		}
	}
	if len(t.Indexes) > 0 {
		return refuse("an index on a table")
	}
	for _, o := range t.Options {
		switch {
		case o.Name == optExternal:
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
