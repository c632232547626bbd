package ddl

import (
	"slices"
	"sort"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// addKeys adds the primary key and unique constraints of a new table: the primary key first, as PostgreSQL does.
func (x *exec) addKeys(nt *newTable) error {
	sort.SliceStable(nt.keys, func(i, j int) bool {
		return nt.keys[i].con.Contype == ast.CONSTR_PRIMARY && nt.keys[j].con.Contype != ast.CONSTR_PRIMARY
	})
	var done []*catalog.Index
	for _, k := range nt.keys {
		if k.con.Contype == ast.CONSTR_EXCLUSION {
			if _, err := x.addExclusion(nt.t, k.con); err != nil {
				return err
			}
			continue
		}
		ix, err := x.addKey(nt.t, k)
		if err != nil {
			return err
		}
		// A unique constraint that repeats another one without a name of its own makes nothing new.
		for _, d := range done {
			if k.con.Conname == "" && sameKey(d, ix) {
				nt.t.Indexes = nt.t.Indexes[:len(nt.t.Indexes)-1]
				nt.t.Constraints = nt.t.Constraints[:len(nt.t.Constraints)-1]
				ix = nil
				break
			}
		}
		if ix != nil {
			done = append(done, ix)
		}
	}
	return nil
}

func sameKey(a, b *catalog.Index) bool {
	if len(a.Keys) != len(b.Keys) || len(a.Include) != len(b.Include) || a.NullsNotDistinct != b.NullsNotDistinct {
		return false
	}
	for i := range a.Keys {
		if a.Keys[i].Att != b.Keys[i].Att {
			return false
		}
	}
	for i := range a.Include {
		if a.Include[i] != b.Include[i] {
			return false
		}
	}
	return true
}

// addKey adds a primary key or unique constraint with its index to the descriptor. Rows are the caller's business.
func (x *exec) addKey(t *catalog.Table, k *keyDef) (*catalog.Index, error) {
	primary := k.con.Contype == ast.CONSTR_PRIMARY
	if primary && t.PrimaryIndex() != nil {
		return nil, pgerr.New(pgerr.InvalidTableDefinition, "multiple primary keys for table \"%s\" are not allowed", t.Name)
	}
	ix := &catalog.Index{OID: x.Editor.OID(), Unique: true, Primary: primary, Method: "btree", NullsNotDistinct: k.con.NullsNotDistinct}
	con := &catalog.Constraint{OID: x.Editor.OID(), Type: catalog.ConUnique, Index: ix.OID, Validated: true, NoInherit: true,
		Deferrable: k.con.Deferrable || k.con.Initdeferred, Deferred: k.con.Initdeferred}
	ix.Constraint, ix.Deferrable = con.OID, con.Deferrable
	label := "key"
	if primary {
		con.Type, label = catalog.ConPrimary, "pkey"
	}
	seen := map[int16]bool{}
	for _, name := range k.cols {
		c := t.ColumnByName(name)
		if c == nil {
			if systemColumn(name) {
				return nil, pgerr.New(pgerr.FeatureNotSupported, "index creation on system columns is not supported")
			}
			return nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" named in key does not exist", name)
		}
		if seen[c.AttNum] {
			kind := "unique"
			if primary {
				kind = "primary key"
			}
			return nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" appears twice in %s constraint", name, kind)
		}
		seen[c.AttNum] = true
		key, err := x.columnKey(c, "btree")
		if err != nil {
			return nil, err
		}
		ix.Keys = append(ix.Keys, key)
		con.Cols = append(con.Cols, c.AttNum)
		if primary {
			c.NotNull = true
		}
	}
	for _, name := range stmt.Strs(k.con.Including) {
		c := t.ColumnByName(name)
		if c == nil {
			return nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" named in key does not exist", name)
		}
		ix.Include = append(ix.Include, c.AttNum)
	}
	what := "UNIQUE"
	if primary {
		what = "PRIMARY KEY"
	}
	if err := keyCovers(t, ix, what); err != nil {
		return nil, err
	}
	var err error
	if ix.Options, err = relOptions(k.con.Options); err != nil {
		return nil, err
	}
	middle := ""
	if !primary {
		middle = stmt.Joined(append(append([]string(nil), k.cols...), stmt.Strs(k.con.Including)...))
	}
	if err := x.constraintName(t, ix, k.con, middle, label); err != nil {
		return nil, err
	}
	con.Name = ix.Name
	if primary && !ix.Deferrable {
		ix.ID = content.PrimaryIndex
	} else {
		ix.ID = t.NextIndexID
		t.NextIndexID++
	}
	t.Indexes = append(t.Indexes, ix)
	t.Constraints = append(t.Constraints, con)
	return ix, nil
}

// constraintName names a constraint's index, and with it the constraint: as the definition says, or table_middle_label.
func (x *exec) constraintName(t *catalog.Table, ix *catalog.Index, k *ast.Constraint, middle, label string) error {
	if k.Conname == "" {
		ix.Name = x.RelationName(t.Name, middle, label, t.Schema, true, t)
		_, err := x.Claim(t.Schema, ix.Name)
		return err
	}
	ix.Name = types.TruncateName(k.Conname)
	if t.ConstraintByName(ix.Name) != nil {
		return constraintExists(ix.Name, t.Name)
	}
	if stmt.PendingHas(t, ix.Name) {
		return stmt.RelationExists(ix.Name)
	}
	return x.ClaimNew(t.Schema, ix.Name)
}

// columnKey makes a plain column a key of an index.
func (x *exec) columnKey(c *catalog.Column, method string) (catalog.IndexKey, error) {
	class, err := bind.OpClass(x.Bind(), method, nil, c.Type)
	if err != nil {
		return catalog.IndexKey{}, err
	}
	return catalog.IndexKey{Att: c.AttNum, Type: c.Type, Kind: c.Kind, OpClass: class, Collation: c.Collation}, nil
}

func constraintExists(name, table string) error {
	return pgerr.New(pgerr.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", name, table)
}

// addCheck adds a check constraint to the descriptor.
func (x *exec) addCheck(t *catalog.Table, k *ast.Constraint) (*catalog.Constraint, error) {
	e, cols, err := bind.Expression(x.Bind(), t, k.RawExpr, expression.KindCheck, plan.Type{OID: types.Bool, Mod: -1}, "CHECK")
	if err != nil {
		return nil, err
	}
	con := &catalog.Constraint{OID: x.Editor.OID(), Type: catalog.ConCheck, Validated: !k.SkipValidation, NoInherit: k.IsNoInherit}
	for att := range cols {
		if att > 0 {
			con.Cols = append(con.Cols, att)
		}
	}
	sort.Slice(con.Cols, func(i, j int) bool { return con.Cols[i] < con.Cols[j] })
	x.DependOn(&t.Deps, catalog.Address{Kind: catalog.KindConstraint, OID: con.OID}, e)
	if con.Expr, err = x.ExprSQL(e, t); err != nil {
		return nil, err
	}
	if k.Conname != "" {
		con.Name = types.TruncateName(k.Conname)
		if t.ConstraintByName(con.Name) != nil {
			return nil, constraintExists(con.Name, t.Name)
		}
	} else {
		middle := ""
		if len(con.Cols) == 1 {
			middle = t.Column(con.Cols[0]).Name
		}
		con.Name = x.ConstraintName(t.Name, middle, "check", t.Schema, t)
	}
	t.Constraints = append(t.Constraints, con)
	return con, nil
}

// addForeign adds a foreign key to the descriptor, which is in the catalog already: a table may refer to itself.
func (x *exec) addForeign(t *catalog.Table, k *ast.Constraint) (*catalog.Constraint, error) {
	ref := t
	rv := k.Pktable
	if self, _, err := x.Lookup(rv); err != nil {
		return nil, err
	} else if self == nil || self.OID != t.OID {
		var err error
		ref, err = x.openReferenced(rv)
		if err != nil {
			return nil, err
		}
	}
	if err := x.lockReferenced(ref); err != nil {
		return nil, err
	}
	if ref.Persistence != catalog.Permanent && t.Persistence == catalog.Permanent {
		return nil, pgerr.New(pgerr.InvalidTableDefinition, "constraints on permanent tables may reference only permanent tables")
	}
	if t.Persistence == catalog.Temporary && ref.Persistence != catalog.Temporary {
		return nil, pgerr.New(pgerr.InvalidTableDefinition, "constraints on temporary tables may reference only temporary tables")
	}
	con := &catalog.Constraint{OID: x.Editor.OID(), Type: catalog.ConForeign, RefTable: ref.OID, Validated: !k.SkipValidation, NoInherit: true,
		OnUpdate: actionByte(k.FkUpdAction), OnDelete: actionByte(k.FkDelAction), Match: 's',
		Deferrable: k.Deferrable || k.Initdeferred, Deferred: k.Initdeferred}
	switch k.FkMatchtype {
	case "f":
		con.Match = 'f'
	case "p":
		return nil, pgerr.New(pgerr.FeatureNotSupported, "MATCH PARTIAL not yet implemented")
	}
	var names []string
	var err error
	if con.Cols, names, err = keyColumns(t, stmt.Strs(k.FkAttrs)); err != nil {
		return nil, err
	}
	if con.DeleteCols, _, err = keyColumns(t, stmt.Strs(k.FkDelSetCols)); err != nil {
		return nil, err
	}
	for _, att := range con.DeleteCols {
		if !slices.Contains(con.Cols, att) {
			return nil, pgerr.New(pgerr.InvalidColumnReference, "column \"%s\" referenced in ON DELETE SET action must be part of foreign key", t.Column(att).Name)
		}
	}
	ix, err := x.referencedIndex(ref, k, con)
	if err != nil {
		return nil, err
	}
	con.Index = ix.OID
	con.Name = types.TruncateName(k.Conname)
	if con.Name == "" {
		con.Name = x.ConstraintName(t.Name, stmt.Joined(names), "fkey", t.Schema, t)
	} else if t.ConstraintByName(con.Name) != nil {
		return nil, constraintExists(con.Name, t.Name)
	}
	if err := x.comparable(t, ref, con); err != nil {
		return nil, err
	}
	for _, att := range con.Cols {
		if err := generatedActions(t.Column(att), k); err != nil {
			return nil, err
		}
	}
	t.Constraints = append(t.Constraints, con)
	return con, nil
}

func (x *exec) openReferenced(rv *ast.RangeVar) (*catalog.Table, error) {
	ref, ix, err := x.OpenRelation(rv, lock.ShareRowExclusive)
	if err != nil {
		return nil, err
	}
	if ix != nil || !ref.LikeTable() {
		return nil, pgerr.New(pgerr.WrongObjectType, "referenced relation \"%s\" is not a table", rv.Relname)
	}
	return ref, nil
}

// lockReferenced keeps others from changing rows that a new foreign key may name, until they know of it.
func (x *exec) lockReferenced(ref *catalog.Table) error {
	for _, t := range x.Catalog().Descendants(ref) {
		if t != ref && t.Bound == nil {
			continue
		}
		if err := x.LockTable(t.OID, lock.ShareRowExclusive); err != nil {
			return err
		}
	}
	return nil
}

func actionByte(s string) byte {
	if s == "" {
		return 'a'
	}
	return s[0]
}

func keyColumns(t *catalog.Table, names []string) (atts []int16, cols []string, err error) {
	for _, name := range names {
		c := t.ColumnByName(name)
		if c == nil {
			return nil, nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" referenced in foreign key constraint does not exist", name)
		}
		atts, cols = append(atts, c.AttNum), append(cols, name)
	}
	return atts, cols, nil
}

// referencedIndex finds the unique index that a foreign key leans on, and fills in RefCols in the order of Cols.
func (x *exec) referencedIndex(ref *catalog.Table, k *ast.Constraint, con *catalog.Constraint) (*catalog.Index, error) {
	if len(k.PkAttrs) == 0 {
		pk := ref.PrimaryIndex()
		if pk == nil {
			return nil, pgerr.New(pgerr.UndefinedObject, "there is no primary key for referenced table \"%s\"", ref.Name)
		}
		if pk.Deferrable {
			return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot use a deferrable primary key for referenced table \"%s\"", ref.Name)
		}
		for i := range pk.Keys {
			con.RefCols = append(con.RefCols, pk.Keys[i].Att)
		}
		return pk, countsAgree(con)
	}
	var err error
	if con.RefCols, _, err = keyColumns(ref, stmt.Strs(k.PkAttrs)); err != nil {
		return nil, err
	}
	for i, a := range con.RefCols {
		if slices.Contains(con.RefCols[:i], a) {
			return nil, pgerr.New(pgerr.InvalidForeignKey, "foreign key referenced-columns list must not contain duplicates")
		}
	}
	deferrable := false
	for _, ix := range ref.Indexes {
		if ix.Unique && ix.Pred == "" && len(ix.Keys) == len(con.RefCols) && coversAll(ix, con.RefCols) {
			if !ix.Deferrable {
				return ix, countsAgree(con)
			}
			deferrable = true
		}
	}
	if deferrable {
		return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot use a deferrable unique constraint for referenced table \"%s\"", ref.Name)
	}
	return nil, pgerr.New(pgerr.InvalidForeignKey, "there is no unique constraint matching given keys for referenced table \"%s\"", ref.Name)
}

func countsAgree(con *catalog.Constraint) error {
	if len(con.Cols) != len(con.RefCols) {
		return pgerr.New(pgerr.InvalidForeignKey, "number of referencing and referenced columns for foreign key disagree")
	}
	return nil
}

func coversAll(ix *catalog.Index, atts []int16) bool {
	for _, k := range ix.Keys {
		if k.Att == 0 || !slices.Contains(atts, k.Att) {
			return false
		}
	}
	return true
}

// comparable checks that referencing and referenced columns can be compared.
func (x *exec) comparable(t, ref *catalog.Table, con *catalog.Constraint) error {
	for i, att := range con.Cols {
		a, b := t.Column(att), ref.Column(con.RefCols[i])
		if a.Type == b.Type || textual(a.Type) && textual(b.Type) || hasEquality(b.Type, a.Type) {
			continue
		}
		return pgerr.New(pgerr.DatatypeMismatch, "foreign key constraint \"%s\" cannot be implemented", con.Name).
			WithDetail("Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.", a.Name, b.Name,
				types.FormatType(a.Type, -1, x.Env), types.FormatType(b.Type, -1, x.Env))
	}
	return nil
}

func textual(t types.OID) bool { return t == types.Text || t == types.Varchar || t == types.BPChar }

// hasEquality reports whether btree's family of the referenced type compares the two, directly or after an implicit cast of
// the referencing value.
func hasEquality(ref, referencing types.OID) bool {
	for _, o := range pgdata.Operators() {
		if o.Name == "=" && o.Left == ref && o.Right == referencing && o.CanMerge {
			return true
		}
	}
	for _, c := range pgdata.Casts() {
		if c.Source == referencing && c.Target == ref && c.Context == 'i' {
			return true
		}
	}
	return false
}

func generatedActions(c *catalog.Column, k *ast.Constraint) error {
	if c.Generated == 0 {
		return nil
	}
	switch k.FkUpdAction {
	case "c", "n", "d":
		return pgerr.New(pgerr.SyntaxError, "invalid ON UPDATE action for foreign key constraint containing generated column")
	}
	switch k.FkDelAction {
	case "n", "d":
		return pgerr.New(pgerr.SyntaxError, "invalid ON DELETE action for foreign key constraint containing generated column")
	}
	return nil
}
