package plan

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
)

// Access is what a statement needs of one relation that it names (ExecCheckRTPerms). Where the relation itself does not give
// SELECT, INSERT or UPDATE, each of the columns must; without columns, any column does.
type Access struct {
	Table *catalog.Table
	// As is the role whose privileges count: the owner of the view that names the relation; 0: the current user.
	As   catalog.OID
	Need privilege.Set
	// Attribute numbers: read (0: the whole row; system columns are negative), inserted into, updated.
	Select, Insert, Update []int16

	reads bool // Read adds SELECT to Need
}

// FuncUse is a function that a statement calls: the role As needs EXECUTE; 0: the current user.
type FuncUse struct {
	Func *catalog.Function
	As   catalog.OID
}

// Reading makes Read add SELECT to what is needed: targets of changes are not read unless something names their columns.
func (a *Access) Reading() *Access {
	a.reads = true
	return a
}

// Read notes a column that is named.
func (a *Access) Read(att int16) {
	if a.reads {
		a.Need |= privilege.Select
	}
	a.Select = AddAtt(a.Select, att)
}

// AddAtt adds a number to a set.
func AddAtt(set []int16, att int16) []int16 {
	if slices.Contains(set, att) {
		return set
	}
	return append(set, att)
}

// Allowed reports whether a role has the privileges (ExecCheckRTEPerms).
func (a *Access) Allowed(roles *privilege.Roles, role catalog.OID) bool {
	if roles.IsSuper(role) {
		return true
	}
	t := a.Table
	missing := a.Need &^ t.Privileges(roles, role, a.Need)
	if missing&^(privilege.Select|privilege.Insert|privilege.Update) != 0 {
		return false
	}
	return (missing&privilege.Select == 0 || t.ColumnsAllowed(roles, role, a.Select, privilege.Select)) &&
		(missing&privilege.Insert == 0 || t.ColumnsAllowed(roles, role, a.Insert, privilege.Insert)) &&
		(missing&privilege.Update == 0 || t.ColumnsAllowed(roles, role, a.Update, privilege.Update))
}
