package policy

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
)

// Viewer is for whom statements are bound.
type Viewer struct {
	Roles *privilege.Roles
	Role  catalog.OID // whose rights count where nothing else is said
	// Off is row_security = off: a statement that policies would change is refused.
	Off bool
}

// Guarded reports whether the policies of t hold for a role (check_enable_rls).
func Guarded(t *catalog.Table, roles *privilege.Roles, role catalog.OID) bool {
	if !t.RowSecurity || catalog.BuiltIn(t.OID) {
		return false
	}
	if r := roles.ByOID(role); r != nil && (r.Super || r.BypassRLS) {
		return false
	}
	return t.ForceRowSecurity || !roles.HasPrivsOf(role, t.Owner)
}

// Guards is Guarded for the viewer; as is the role that reads the table, 0 the viewer itself. Error: 42501 with row_security off.
func (v *Viewer) Guards(t *catalog.Table, as catalog.OID) (bool, error) {
	if v == nil || !t.RowSecurity {
		return false, nil
	}
	role := v.role(as)
	if !Guarded(t, v.Roles, role) {
		return false, nil
	}
	if v.Off {
		e := pgerr.New(pgerr.InsufficientPrivilege, "query would be affected by row-level security policy for table \"%s\"", t.Name)
		if v.Roles.HasPrivsOf(role, t.Owner) {
			e = e.WithHint("To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL SECURITY.")
		}
		return false, e
	}
	return true, nil
}

func (v *Viewer) role(as catalog.OID) catalog.OID {
	if as != 0 {
		return as
	}
	return v.Role
}

// Rule is one condition that a row must satisfy: any of Any. No member: no row does.
type Rule struct {
	Policy string // a restrictive policy's name; "" for all permissive ones together
	Any    []string
}

// Clause is the condition of a policy that is asked for.
type Clause bool

const (
	Using Clause = false
	Check Clause = true // WITH CHECK, or USING where there is none
)

// Rules are the conditions on the rows of a guarded table for a command: the permissive one first, then the restrictive ones by
// name. Without a permissive policy it alone is left, and holds for no row.
func (v *Viewer) Rules(t *catalog.Table, as catalog.OID, cmd catalog.PolicyCommand, clause Clause) []Rule {
	role := v.role(as)
	out := []Rule{{}}
	var restrictive []*catalog.Policy
	for _, p := range t.Policies {
		if p.Command != catalog.ForAll && p.Command != cmd || !v.holds(p, role) {
			continue
		}
		if !p.Permissive {
			restrictive = append(restrictive, p)
		} else if sql := text(p, clause); sql != "" {
			out[0].Any = append(out[0].Any, sql)
		}
	}
	if out[0].Any == nil {
		return out
	}
	slices.SortFunc(restrictive, func(a, b *catalog.Policy) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range restrictive {
		if sql := text(p, clause); sql != "" {
			out = append(out, Rule{p.Name, []string{sql}})
		}
	}
	return out
}

func (v *Viewer) holds(p *catalog.Policy, role catalog.OID) bool {
	return slices.ContainsFunc(p.Roles, func(r catalog.OID) bool { return r == privilege.Public || v.Roles.HasPrivsOf(role, r) })
}

func text(p *catalog.Policy, clause Clause) string {
	if clause == Check && p.Check != "" {
		return p.Check
	}
	return p.Using
}
