package write

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/policy"
	"github.com/tarndb/tarn/sql/privilege"
)

// shown is what messages may show of a table's rows to whoever runs the statement: what that role may read.
type shown struct {
	nothing bool // row security hides rows
	all     bool
	roles   *privilege.Roles
	role    catalog.OID
	table   *catalog.Table
}

// shownOf asks for the current user. Without a session nobody is there to see anything that they should not.
func shownOf(ec *run.Context, t *catalog.Table) shown {
	if ec.Sess == nil || ec.Sess.Roles() == nil {
		return shown{all: true}
	}
	s := shown{roles: ec.Sess.Roles(), role: ec.Sess.UserOID(), table: t}
	s.nothing = policy.Guarded(t, s.roles, s.role)
	s.all = !s.nothing && t.Privileges(s.roles, s.role, privilege.Select) != 0
	return s
}

// column reports whether values of a column are shown.
func (s *shown) column(att int16) bool {
	return s.all || !s.nothing && att > 0 && s.table.ColumnsAllowed(s.roles, s.role, []int16{att}, privilege.Select)
}

// key reports whether a key of these columns is shown: all of it or none. 0 is an expression.
func (s *shown) key(atts []int16) bool {
	return s.all || !s.nothing && !slices.ContainsFunc(atts, func(a int16) bool { return !s.column(a) })
}

// indexAtts are the columns of an index key, 0 for expressions.
func indexAtts(ix *catalog.Index) []int16 {
	out := make([]int16, len(ix.Keys))
	for i := range ix.Keys {
		out[i] = ix.Keys[i].Att
	}
	return out
}
