package ddl

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/triggers"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// inheritance is what a new table takes from its parents (manual 5.10; MergeAttributes).
type inheritance struct {
	parents []*catalog.Table
	// conflict: columns whose parents disagree about the default, by name; own are those that the statement names.
	conflict map[string]bool
	own      map[string]bool
	checks   []inheritedCheck
	at       int16 // columns of the statement so far
}

// inheritedCheck names its columns: the new table numbers them.
type inheritedCheck struct {
	con  *catalog.Constraint
	cols []string
}

// openParents locks the tables that a new one inherits from.
func (x *exec) openParents(n *ast.CreateStmt, pers catalog.Persistence) (*inheritance, error) {
	h := &inheritance{conflict: map[string]bool{}, own: map[string]bool{}}
	for _, r := range n.InhRelations {
		rv, err := stmt.RangeVar(r)
		if err != nil {
			return nil, err
		}
		p, ix, err := x.OpenRelation(rv, lock.ShareUpdateExclusive)
		if err != nil {
			return nil, err
		}
		for _, q := range h.parents {
			if q.OID == p.OID {
				return nil, pgerr.New(pgerr.DuplicateTable, "relation \"%s\" would be inherited from more than once", p.Name)
			}
		}
		if err := inheritable(p, ix, n.Partbound != nil, pers); err != nil {
			return nil, err
		}
		if n.Partbound != nil && x.hasDefaultDetaching(p) {
			return nil, pgerr.New(pgerr.ObjectInUse, "cannot alter table \"%s\" because a partition of it is being detached", p.Name)
		}
		h.parents = append(h.parents, p)
	}
	return h, nil
}

// hasDefaultDetaching reports that a default partition is on its way out.
func (x *exec) hasDefaultDetaching(p *catalog.Table) (found bool) {
	x.Catalog().Detaching(p.OID, func(k *catalog.Table) bool {
		found = found || k.Bound != nil && k.Bound.Default
		return !found
	})
	return found
}

func inheritable(p *catalog.Table, ix *catalog.Index, partition bool, pers catalog.Persistence) error {
	switch {
	case partition && !p.Partitioned():
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not partitioned", p.Name)
	case !partition && p.Partitioned() && ix == nil:
		return pgerr.New(pgerr.WrongObjectType, "cannot inherit from partitioned table \"%s\"", p.Name)
	case !partition && p.Bound != nil && ix == nil:
		return pgerr.New(pgerr.WrongObjectType, "cannot inherit from partition \"%s\"", p.Name)
	case ix != nil || !p.LikeTable():
		return pgerr.New(pgerr.WrongObjectType, "inherited relation \"%s\" is not a table or foreign table", p.Name)
	case pers != catalog.Temporary && p.Persistence == catalog.Temporary:
		if partition {
			return pgerr.New(pgerr.WrongObjectType, "cannot create a permanent relation as partition of temporary relation \"%s\"", p.Name)
		}
		return pgerr.New(pgerr.WrongObjectType, "cannot inherit from temporary relation \"%s\"", p.Name)
	case partition && pers == catalog.Temporary && p.Persistence != catalog.Temporary:
		return pgerr.New(pgerr.WrongObjectType, "cannot create a temporary relation as partition of permanent relation \"%s\"", p.Name)
	}
	return nil
}

// inheritColumns puts the parents' columns and checks into a new table.
func (x *exec) inheritColumns(nt *newTable, h *inheritance) error {
	t := nt.t
	for _, p := range h.parents {
		t.Parents = append(t.Parents, p.OID)
		for i := range p.Columns {
			if c := &p.Columns[i]; !c.Dropped {
				if err := x.inheritColumn(t, h, c); err != nil {
					return err
				}
			}
		}
		for _, con := range p.Constraints {
			if con.Type == catalog.ConCheck && !con.NoInherit {
				if err := h.inheritCheck(p, con); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (x *exec) inheritColumn(t *catalog.Table, h *inheritance, c *catalog.Column) error {
	have := t.ColumnByName(c.Name)
	if have == nil {
		n := *c
		n.AttNum = int16(len(t.Columns) + 1)
		n.InhCount, n.NotLocal = 1, true
		n.Missing, n.HasMissing, n.Identity, n.IdentSeq = "", false, 0, 0
		t.Columns = append(t.Columns, n)
		return nil
	}
	x.Note("", "merging multiple inherited definitions of column \"%s\"", c.Name)
	if err := x.sameType("inherited column", have, c); err != nil {
		return err
	}
	have.InhCount++
	have.NotNull = have.NotNull || c.NotNull
	if have.Generated != c.Generated {
		return pgerr.New(pgerr.DatatypeMismatch, "inherited column \"%s\" has a generation conflict", c.Name)
	}
	if c.Default != "" {
		switch {
		case have.Default == "":
			have.Default = c.Default
		case have.Default != c.Default:
			h.conflict[c.Name] = true
		}
	}
	return nil
}

// sameType compares the types of two definitions of a column.
func (x *exec) sameType(what string, a, b *catalog.Column) error {
	if a.Type != b.Type || a.TypMod != b.TypMod {
		return pgerr.New(pgerr.DatatypeMismatch, "%s \"%s\" has a type conflict", what, a.Name).
			WithDetail("%s versus %s", types.FormatType(a.Type, a.TypMod, x.Env), types.FormatType(b.Type, b.TypMod, x.Env))
	}
	if a.Collation != b.Collation {
		return pgerr.New(pgerr.CollationMismatch, "%s \"%s\" has a collation conflict", what, a.Name).
			WithDetail("\"%s\" versus \"%s\"", x.collationName(a.Collation), x.collationName(b.Collation))
	}
	return nil
}

func (x *exec) collationName(oid catalog.OID) string {
	if c := x.Catalog().Collation(oid); c != nil {
		return c.Name
	}
	return itoa(int64(oid))
}

func (h *inheritance) inheritCheck(p *catalog.Table, con *catalog.Constraint) error {
	for _, have := range h.checks {
		if have.con.Name != con.Name {
			continue
		}
		if have.con.Expr != con.Expr {
			return pgerr.New(pgerr.DuplicateObject, "check constraint name \"%s\" appears multiple times but with different expressions", con.Name)
		}
		have.con.InhCount++
		return nil
	}
	n := *con
	n.OID, n.InhCount, n.NotLocal, n.Comment, n.Cols, n.Parent = 0, 1, true, "", nil, 0
	c := inheritedCheck{con: &n}
	for _, a := range con.Cols {
		c.cols = append(c.cols, p.Column(a).Name)
	}
	h.checks = append(h.checks, c)
	return nil
}

// mergeColumn lets a column of the statement meet the inherited one of its name. A partition's column has no type of its own.
func (x *exec) mergeColumn(nt *newTable, h *inheritance, d *ast.ColumnDef, partition bool) error {
	t := nt.t
	h.at++
	name := types.TruncateName(d.Colname)
	c := t.ColumnByName(name)
	if c == nil && partition {
		return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" does not exist", name)
	}
	if c == nil {
		return x.addColumn(nt, d)
	}
	if h.own[name] {
		return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", name)
	}
	if c.InhCount == 0 {
		return x.addColumn(nt, d)
	}
	h.own[name] = true
	inherited := *c
	if !partition {
		if c.AttNum == h.at {
			x.Note("", "merging column \"%s\" with inherited definition", name)
		} else if x.Notice != nil {
			x.Notice(pgerr.Notice(pgerr.SeverityNotice, "", "moving and merging column \"%s\" with inherited definition", name).
				WithDetail("User-specified column moved to the position of the inherited column."))
		}
		own, serial, err := x.column(d, c.AttNum)
		if err != nil {
			return err
		}
		if err := x.sameType("column", c, &own); err != nil {
			return err
		}
		if serial != 0 {
			nt.seqs = append(nt.seqs, &seqDef{att: c.AttNum, typ: serial})
			c.NotNull = true
		}
		c.NotLocal = false
	}
	c.NotNull = c.NotNull || d.IsNotNull
	seqs, defaults := len(nt.seqs), len(nt.defaults)
	if d.RawDefault != nil {
		nt.defaults = append(nt.defaults, defaultDef{c.AttNum, d.RawDefault, expression.KindColumnDefault})
	}
	c.Default, c.Generated = "", 0
	if err := x.columnConstraints(nt, d, c, false); err != nil {
		return err
	}
	given := len(nt.defaults) > defaults
	switch {
	case inherited.Generated != 0 && c.Generated != 0:
		return pgerr.New(pgerr.InvalidColumnDefinition, "child column \"%s\" specifies generation expression", name).
			WithHint("Omit the generation expression in the definition of the child table column to inherit the generation expression from the parent table.")
	case inherited.Generated != 0 && (given || len(nt.seqs) > seqs):
		what := "default"
		if c.Identity != 0 {
			what = "identity"
		}
		return pgerr.New(pgerr.InvalidColumnDefinition, "column \"%s\" inherits from generated column but specifies %s", name, what)
	}
	if given || len(nt.seqs) > seqs {
		delete(h.conflict, name)
		return nil
	}
	c.Default, c.Generated = inherited.Default, inherited.Generated
	return nil
}

// attsOf are the numbers of columns by name, in order.
func attsOf(t *catalog.Table, names []string) (out []int16) {
	for _, name := range names {
		if c := t.ColumnByName(name); c != nil {
			out = append(out, c.AttNum)
		}
	}
	slices.Sort(out)
	return out
}

// finishInheritance is asked when all columns are there.
func (x *exec) finishInheritance(nt *newTable, h *inheritance) error {
	t := nt.t
	for i := range t.Columns {
		if h.conflict[t.Columns[i].Name] {
			return pgerr.New(pgerr.InvalidColumnDefinition, "column \"%s\" inherits conflicting default values", t.Columns[i].Name).
				WithHint("To resolve the conflict, specify a default explicitly.")
		}
	}
	for _, c := range h.checks {
		c.con.OID = x.Editor.OID()
		c.con.Cols = attsOf(t, c.cols)
		t.Constraints = append(t.Constraints, c.con)
	}
	return nil
}

// mergeCheck lets a check constraint of the statement meet the inherited one of its name.
func (x *exec) mergeCheck(t *catalog.Table, have *catalog.Constraint, k *ast.Constraint) error {
	probe := stmt.Edit(t)
	named := *k
	named.Conname = ""
	c, err := x.addCheck(probe, &named)
	if err != nil {
		return err
	}
	switch {
	case c.Expr != have.Expr:
		return pgerr.New(pgerr.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", have.Name, t.Name)
	case k.IsNoInherit:
		return pgerr.New(pgerr.InvalidObjectDefinition, "constraint \"%s\" conflicts with inherited constraint on relation \"%s\"", have.Name, t.Name)
	}
	x.Note("", "merging constraint \"%s\" with inherited definition", have.Name)
	have.NotLocal = false
	return nil
}

// AddInherit and DropInherit: ALTER TABLE … INHERIT and NO INHERIT.

func (x *exec) addInherit(t *catalog.Table, rv *ast.RangeVar) error {
	if t.Partitioned() {
		return pgerr.New(pgerr.WrongObjectType, "cannot change inheritance of partitioned table")
	}
	if t.Bound != nil {
		return pgerr.New(pgerr.WrongObjectType, "cannot change inheritance of a partition")
	}
	p, ix, err := x.OpenRelation(rv, lock.ShareUpdateExclusive)
	switch {
	case err != nil:
		return err
	case ix != nil || !p.LikeTable():
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table or foreign table", rv.Relname)
	case p.Persistence == catalog.Temporary && t.Persistence != catalog.Temporary:
		return pgerr.New(pgerr.WrongObjectType, "cannot inherit from temporary relation \"%s\"", p.Name)
	case p.Partitioned():
		return pgerr.New(pgerr.WrongObjectType, "cannot inherit from partitioned table \"%s\"", rv.Relname)
	case p.Bound != nil:
		return pgerr.New(pgerr.WrongObjectType, "cannot inherit from a partition")
	}
	if g := triggers.WithTransition(t); g != "" {
		return pgerr.New(pgerr.FeatureNotSupported, "trigger \"%s\" prevents table \"%s\" from becoming an inheritance child", g, t.Name).
			WithDetail("ROW triggers with transition tables are not supported in inheritance hierarchies.")
	}
	return x.addParent(t, p, false)
}

// addParent makes t a child of p: its columns and checks must have p's (CreateInheritance).
func (x *exec) addParent(t, p *catalog.Table, partition bool) error {
	for _, have := range t.Parents {
		if have == p.OID {
			return pgerr.New(pgerr.DuplicateTable, "relation \"%s\" would be inherited from more than once", p.Name)
		}
	}
	for _, d := range x.Catalog().Descendants(t) {
		if d.OID == p.OID {
			return pgerr.New(pgerr.DuplicateTable, "circular inheritance not allowed").
				WithDetail("\"%s\" is already a child of \"%s\".", p.Name, t.Name)
		}
	}
	next := stmt.Edit(t)
	if err := x.matchColumns(next, p, partition); err != nil {
		return err
	}
	if err := x.matchChecks(next, p, partition); err != nil {
		return err
	}
	next.Parents = append(slices.Clone(t.Parents), p.OID)
	x.Put(next)
	return nil
}

// matchColumns is MergeAttributesIntoExisting.
func (x *exec) matchColumns(t, p *catalog.Table, partition bool) error {
	for i := range p.Columns {
		pc := &p.Columns[i]
		if pc.Dropped {
			continue
		}
		c := t.ColumnByName(pc.Name)
		if c == nil {
			return pgerr.New(pgerr.DatatypeMismatch, "child table is missing column \"%s\"", pc.Name)
		}
		switch {
		case c.Type != pc.Type || c.TypMod != pc.TypMod:
			return pgerr.New(pgerr.DatatypeMismatch, "child table \"%s\" has different type for column \"%s\"", t.Name, pc.Name)
		case c.Collation != pc.Collation:
			return pgerr.New(pgerr.CollationMismatch, "child table \"%s\" has different collation for column \"%s\"", t.Name, pc.Name)
		case pc.NotNull && !c.NotNull:
			return pgerr.New(pgerr.DatatypeMismatch, "column \"%s\" in child table must be marked NOT NULL", pc.Name)
		case pc.Generated != 0 && c.Generated == 0:
			return pgerr.New(pgerr.DatatypeMismatch, "column \"%s\" in child table must be a generated column", pc.Name)
		case pc.Generated != 0 && c.Default != pc.Default:
			return pgerr.New(pgerr.DatatypeMismatch, "column \"%s\" in child table has a conflicting generation expression", pc.Name)
		}
		c.InhCount++
		if partition {
			c.NotLocal = true
		}
	}
	return nil
}

// matchChecks is MergeConstraintsIntoExisting.
func (x *exec) matchChecks(t, p *catalog.Table, partition bool) error {
	for _, pc := range p.Constraints {
		if pc.Type != catalog.ConCheck || pc.NoInherit {
			continue
		}
		c := t.ConstraintByName(pc.Name)
		switch {
		case c == nil || c.Type != catalog.ConCheck:
			return pgerr.New(pgerr.DatatypeMismatch, "child table is missing constraint \"%s\"", pc.Name)
		case c.Expr != pc.Expr:
			return pgerr.New(pgerr.DatatypeMismatch, "child table \"%s\" has different definition for check constraint \"%s\"", t.Name, pc.Name)
		case c.NoInherit:
			return pgerr.New(pgerr.InvalidObjectDefinition, "constraint \"%s\" conflicts with non-inherited constraint on child table \"%s\"", pc.Name, t.Name)
		case pc.Validated && !c.Validated:
			return pgerr.New(pgerr.InvalidObjectDefinition, "constraint \"%s\" conflicts with NOT VALID constraint on child table \"%s\"", pc.Name, t.Name)
		}
		n := *c
		n.InhCount++
		n.NotLocal = n.NotLocal || partition
		replaceIn(t, c, &n)
	}
	return nil
}

func replaceIn(t *catalog.Table, old, new *catalog.Constraint) {
	for i := range t.Constraints {
		if t.Constraints[i] == old {
			t.Constraints[i] = new
		}
	}
}

func (x *exec) dropInherit(t *catalog.Table, rv *ast.RangeVar) error {
	if t.Bound != nil {
		return pgerr.New(pgerr.WrongObjectType, "cannot change inheritance of a partition")
	}
	p, _, err := x.OpenRelation(rv, lock.ShareUpdateExclusive)
	if err != nil {
		return err
	}
	if !slices.Contains(t.Parents, p.OID) {
		return pgerr.New(pgerr.UndefinedTable, "relation \"%s\" is not a parent of relation \"%s\"", p.Name, t.Name)
	}
	x.Put(orphan(t, p))
	return nil
}

// orphan is t without the parent p: what came from there alone is its own now (RemoveInheritance).
func orphan(t, p *catalog.Table) *catalog.Table {
	next := stmt.Edit(t)
	next.Parents = nil
	for _, o := range t.Parents {
		if o != p.OID {
			next.Parents = append(next.Parents, o)
		}
	}
	for i := range next.Columns {
		c := &next.Columns[i]
		if !c.Dropped && c.InhCount > 0 && p.ColumnByName(c.Name) != nil {
			if c.InhCount--; c.InhCount == 0 {
				c.NotLocal = false
			}
		}
	}
	for i, c := range next.Constraints {
		if pc := p.ConstraintByName(c.Name); c.InhCount > 0 && c.Type == catalog.ConCheck && pc != nil && pc.Type == catalog.ConCheck && !pc.NoInherit {
			n := *c
			if n.InhCount--; n.InhCount == 0 {
				n.NotLocal = false
			}
			next.Constraints[i] = &n
		}
	}
	return next
}
