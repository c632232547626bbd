package ruleutils

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Namer prints what a definition refers to.
type Namer struct {
	// Relation prints a table's name, qualified as the caller wants.
	Relation func(*catalog.Table) string
	// Expr prints a stored expression over the table: as it is stored, or pretty.
	Expr func(t *catalog.Table, sql string, pretty bool) (string, error)
	// Class prints an operator class that has that name, with its schema where needed; nil: as its name.
	Class  func(oid types.OID, name string) string
	Pretty bool
	// Operator prints an operator, qualified where its symbol alone does not find it.
	Operator func(oid types.OID) string
	// Env prints the names of collations.
	Env *types.Env
}

func (n *Namer) operator(oid types.OID) string {
	if n.Operator == nil {
		return strconv.Itoa(int(oid))
	}
	return n.Operator(oid)
}

func (n *Namer) expr(t *catalog.Table, sql string) (string, error) {
	if n.Expr == nil {
		return sql, nil
	}
	return n.Expr(t, sql, n.Pretty)
}

// IndexDef is pg_get_indexdef; column > 0 prints that key alone (from 1, included columns after the keys).
func IndexDef(t *catalog.Table, ix *catalog.Index, column int, n *Namer) (string, error) {
	var keys []string
	for _, k := range ix.Keys {
		s, err := indexKey(t, k, n, column > 0)
		if err != nil {
			return "", err
		}
		if column == 0 {
			s += keyOptions(t, k, n)
		}
		keys = append(keys, s)
	}
	var include []string
	for _, att := range ix.Include {
		include = append(include, QuoteIdent(t.Column(att).Name))
	}
	if column > 0 {
		if all := append(keys, include...); column <= len(all) {
			return all[column-1], nil
		}
		return "", nil
	}
	var b strings.Builder
	b.WriteString("CREATE ")
	if ix.Unique {
		b.WriteString("UNIQUE ")
	}
	method := ix.Method
	if method == "" {
		method = "btree"
	}
	b.WriteString("INDEX " + QuoteIdent(ix.Name) + " ON " + n.Relation(t) + " USING " + QuoteIdent(method) + " (" + strings.Join(keys, ", ") + ")")
	if len(include) > 0 {
		b.WriteString(" INCLUDE (" + strings.Join(include, ", ") + ")")
	}
	if ix.NullsNotDistinct {
		b.WriteString(" NULLS NOT DISTINCT")
	}
	b.WriteString(options(ix.Options))
	if ix.Pred != "" {
		s, err := n.expr(t, ix.Pred)
		if err != nil {
			return "", err
		}
		b.WriteString(" WHERE " + s)
	}
	return b.String(), nil
}

// indexKey prints a key; an expression that is no function call stands in parentheses.
func indexKey(t *catalog.Table, k catalog.IndexKey, n *Namer, alone bool) (string, error) {
	if k.Att != 0 {
		return QuoteIdent(t.Column(k.Att).Name), nil
	}
	s, err := n.expr(t, k.Expr)
	if err != nil || IsCallText(s) || alone && strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		return s, err
	}
	return "(" + s + ")", nil
}

// IsCallText reports text of the form name(…): one call and nothing around it.
func IsCallText(s string) bool {
	i := 0
	for i < len(s) && (s[i] == '_' || s[i] == '.' || s[i] == '"' || s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9') {
		if s[i] == '"' { // a doubled one ends and begins
			for i++; i < len(s) && s[i] != '"'; i++ {
			}
		}
		i++
	}
	i = min(i, len(s))
	if i == 0 || i == len(s) || s[i] != '(' {
		return false
	}
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\'', '"':
			q := s[i]
			for i++; i < len(s) && s[i] != q; i++ {
			}
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(s)-1
			}
		}
	}
	return false
}

func keyOptions(t *catalog.Table, k catalog.IndexKey, n *Namer) string {
	s := ""
	coll := types.OID(0)
	if k.Att != 0 {
		coll = t.Column(k.Att).Collation
	} else if ty := types.Lookup(k.Type); ty != nil {
		coll = ty.Collation
	}
	if k.Collation != 0 && k.Collation != coll {
		s += " COLLATE " + collationName(n.Env, k.Collation)
	}
	if k.OpClass != 0 {
		if name, isDefault := opClassName(k.OpClass); name != "" && !isDefault {
			if n.Class != nil {
				name = n.Class(k.OpClass, name)
			}
			s += " " + name
		}
	}
	switch {
	case k.Desc && k.NullsFirst:
		s += " DESC"
	case k.Desc:
		s += " DESC NULLS LAST"
	case k.NullsFirst:
		s += " NULLS FIRST"
	}
	return s
}

// opClassName is the name of an operator class; isDefault: it is its type's default.
func opClassName(oid types.OID) (name string, isDefault bool) {
	for _, r := range pgdata.Load("pg_opclass").Rows {
		if *r[0] == strconv.Itoa(int(oid)) {
			return *r[2], *r[7] == "t"
		}
	}
	return "", false
}

func options(o catalog.RelOptions) string {
	if len(o) == 0 {
		return ""
	}
	list := make([]string, len(o))
	for i, x := range o {
		v := x.Value
		if QuoteIdent(v) != v {
			v = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		list[i] = QuoteIdent(x.Name) + "=" + v
	}
	return " WITH (" + strings.Join(list, ", ") + ")"
}

// ConstraintDef is pg_get_constraintdef. ref is the table that a foreign key references, nil otherwise.
func ConstraintDef(t *catalog.Table, c *catalog.Constraint, ref *catalog.Table, n *Namer) (string, error) {
	cols := func(t *catalog.Table, atts []int16) string {
		var out []string
		for _, a := range atts {
			out = append(out, QuoteIdent(t.Column(a).Name))
		}
		return "(" + strings.Join(out, ", ") + ")"
	}
	s := ""
	switch c.Type {
	case catalog.ConPrimary, catalog.ConUnique:
		s = "PRIMARY KEY "
		ix := t.IndexByOID(c.Index)
		if c.Type == catalog.ConUnique {
			s = "UNIQUE "
			if ix != nil && ix.NullsNotDistinct {
				s += "NULLS NOT DISTINCT "
			}
		}
		s += cols(t, c.Cols)
		if ix != nil {
			if len(ix.Include) > 0 {
				s += " INCLUDE " + cols(t, ix.Include)
			}
			s += options(ix.Options)
		}
	case catalog.ConExclusion:
		ix := t.IndexByOID(c.Index)
		if ix == nil {
			return "", pgerr.Internal("exclusion constraint %s has no index", c.Name)
		}
		var elems []string
		for i, k := range ix.Keys {
			e, err := indexKey(t, k, n, false)
			if err != nil {
				return "", err
			}
			elems = append(elems, e+keyOptions(t, k, n)+" WITH "+n.operator(ix.Excludes[i].Op))
		}
		s = "EXCLUDE USING " + QuoteIdent(ix.Method) + " (" + strings.Join(elems, ", ") + ")"
		if len(ix.Include) > 0 {
			s += " INCLUDE " + cols(t, ix.Include)
		}
		s += options(ix.Options)
		if ix.Pred != "" {
			x, err := n.expr(t, ix.Pred)
			if err != nil {
				return "", err
			}
			s += " WHERE (" + x + ")"
		}
	case catalog.ConCheck:
		x, err := n.expr(t, c.Expr)
		if err != nil {
			return "", err
		}
		s = "CHECK (" + x + ")"
		if c.NoInherit {
			s += " NO INHERIT"
		}
	case catalog.ConTrigger:
		s = "TRIGGER"
	case catalog.ConForeign:
		name := "???"
		if ref != nil {
			name = n.Relation(ref) + cols(ref, c.RefCols)
		}
		s = "FOREIGN KEY " + cols(t, c.Cols) + " REFERENCES " + name
		if c.Match == 'f' {
			s += " MATCH FULL"
		}
		action := map[byte]string{'r': "RESTRICT", 'c': "CASCADE", 'n': "SET NULL", 'd': "SET DEFAULT"}
		if a := action[c.OnUpdate]; a != "" {
			s += " ON UPDATE " + a
		}
		if a := action[c.OnDelete]; a != "" {
			s += " ON DELETE " + a
			if len(c.DeleteCols) > 0 {
				s += " " + cols(t, c.DeleteCols)
			}
		}
	}
	if c.Deferrable {
		s += " DEFERRABLE"
	}
	if c.Deferred {
		s += " INITIALLY DEFERRED"
	}
	if !c.Validated {
		s += " NOT VALID"
	}
	return s, nil
}
