package ruleutils

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// PartKeyText is a column or expression of a partition key.
func PartKeyText(t *catalog.Table, k *catalog.IndexKey) string {
	if k.Att != 0 {
		return QuoteIdent(t.Column(k.Att).Name)
	}
	if k.Expr != "" && (k.Expr[0] == '(' || looksLikeCall(k.Expr)) {
		return k.Expr
	}
	return "(" + k.Expr + ")"
}

// looksLikeCall: a function call needs no parentheses of its own.
func looksLikeCall(s string) bool {
	open := strings.IndexByte(s, '(')
	return open > 0 && strings.HasSuffix(s, ")") && !strings.ContainsAny(s[:open], " '+-*/")
}

var strategyNames = map[catalog.Strategy]string{catalog.ListPartition: "LIST", catalog.RangePartition: "RANGE", catalog.HashPartition: "HASH"}

// PartKeyDef is pg_get_partkeydef: RANGE (a, lower(b)).
func PartKeyDef(env *types.Env, t *catalog.Table) string {
	parts := make([]string, len(t.PartKey.Keys))
	for i := range t.PartKey.Keys {
		k := &t.PartKey.Keys[i]
		parts[i] = PartKeyText(t, k)
		if ty := types.Lookup(k.Type); ty != nil && k.Collation != 0 && k.Collation != ty.Collation {
			parts[i] += " COLLATE " + collationName(env, k.Collation)
		}
		if name, def := OpClassName(k.OpClass); !def {
			parts[i] += " " + name
		}
	}
	return strategyNames[t.PartKey.Strategy] + " (" + strings.Join(parts, ", ") + ")"
}

// OpClassName is the name of an operator class; def: it is its type's default.
func OpClassName(oid types.OID) (name string, def bool) {
	want := strconv.FormatUint(uint64(oid), 10)
	data := pgdata.Load("pg_opclass")
	id, n, d := data.Col("oid"), data.Col("opcname"), data.Col("opcdefault")
	for _, r := range data.Rows {
		if *r[id] == want {
			return QuoteIdent(*r[n]), *r[d] == "t"
		}
	}
	return "", true
}

// PartBound is a bound as SQL: FOR VALUES …, DEFAULT.
func PartBound(k *catalog.PartKey, b *catalog.PartBound) string {
	switch {
	case b.Default:
		return "DEFAULT"
	case k.Strategy == catalog.HashPartition:
		return "FOR VALUES WITH (modulus " + strconv.Itoa(b.Modulus) + ", remainder " + strconv.Itoa(b.Remainder) + ")"
	case k.Strategy == catalog.ListPartition:
		vals := make([]string, len(b.List))
		for i, v := range b.List {
			vals[i] = boundDatum(k.Keys[0].Type, v, false)
		}
		return "FOR VALUES IN (" + strings.Join(vals, ", ") + ")"
	}
	return "FOR VALUES FROM " + RangeText(k, b.Lower) + " TO " + RangeText(k, b.Upper)
}

// RangeText is one end of a range: (1, MINVALUE).
func RangeText(k *catalog.PartKey, list []catalog.BoundDatum) string {
	vals := make([]string, len(list))
	for i, v := range list {
		vals[i] = boundDatum(k.Keys[i].Type, v, false)
	}
	return "(" + strings.Join(vals, ", ") + ")"
}

// boundDatum prints a value of a bound as get_const_expr does, with its type where asked.
func boundDatum(t types.OID, b catalog.BoundDatum, typed bool) string {
	switch b.Kind {
	case 'n':
		return "NULL"
	case '-':
		return "MINVALUE"
	case '+':
		return "MAXVALUE"
	}
	switch t {
	case types.Int4:
		if !strings.HasPrefix(b.Text, "-") {
			return b.Text
		}
	case types.Numeric:
		if b.Text != "" && b.Text[0] >= '0' && b.Text[0] <= '9' && strings.ContainsAny(b.Text, "eE.") {
			return b.Text
		}
	case types.Bool:
		if b.Text == "t" || b.Text == "true" {
			return "true"
		}
		return "false"
	}
	s := "'" + strings.ReplaceAll(b.Text, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		s = "E" + strings.ReplaceAll(s, `\`, `\\`)
	}
	if typed {
		s += "::" + types.FormatType(t, -1, nil)
	}
	return s
}

// PartConstraint is the condition that a partition's rows satisfy (pg_get_partition_constraintdef); "" for the default partition of a
// table without others, and for tables that are no partitions.
func PartConstraint(c *catalog.Catalog, t *catalog.Table) string {
	var all []string
	for t.Bound != nil {
		p := c.Table(t.Parents[0])
		if p == nil {
			break
		}
		all = append(partQuals(c, p, t), all...)
		t = p
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0]
	}
	return "(" + strings.Join(all, " AND ") + ")"
}

func partQuals(c *catalog.Catalog, p, t *catalog.Table) []string {
	k := p.PartKey
	switch {
	case k.Strategy == catalog.HashPartition:
		args := []string{"'" + strconv.FormatUint(uint64(p.OID), 10) + "'::oid", strconv.Itoa(t.Bound.Modulus), strconv.Itoa(t.Bound.Remainder)}
		for i := range k.Keys {
			args = append(args, PartKeyText(p, &k.Keys[i]))
		}
		return []string{"satisfies_hash_partition(" + strings.Join(args, ", ") + ")"}
	case k.Strategy == catalog.ListPartition:
		b := t.Bound
		if b.Default {
			b = &catalog.PartBound{}
			c.Children(p.OID, func(o *catalog.Table) bool {
				if o.Bound != nil {
					b.List = append(b.List, o.Bound.List...)
				}
				return true
			})
			if len(b.List) == 0 {
				return nil
			}
			return []string{"(NOT " + conj(listQuals(p, b)) + ")"}
		}
		return listQuals(p, b)
	case t.Bound.Default:
		var arms []string
		c.Children(p.OID, func(o *catalog.Table) bool {
			if o.Bound != nil && !o.Bound.Default {
				arms = append(arms, conj(rangeConds(p, o.Bound)))
			}
			return true
		})
		if len(arms) == 0 {
			return nil
		}
		or := arms[0]
		if len(arms) > 1 {
			or = "(" + strings.Join(arms, " OR ") + ")"
		}
		return []string{"(NOT " + conj(append(notNulls(p), or)) + ")"}
	}
	return append(notNulls(p), rangeConds(p, t.Bound)...)
}

func conj(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, " AND ") + ")"
}

func notNulls(p *catalog.Table) (out []string) {
	for i := range p.PartKey.Keys {
		out = append(out, "("+PartKeyText(p, &p.PartKey.Keys[i])+" IS NOT NULL)")
	}
	return out
}

func listQuals(p *catalog.Table, b *catalog.PartBound) []string {
	k := &p.PartKey.Keys[0]
	col := PartKeyText(p, k)
	var vals []string
	null := false
	for _, v := range b.List {
		if v.Kind == 'n' {
			null = true
		} else {
			vals = append(vals, boundDatum(k.Type, v, true))
		}
	}
	eq := ""
	switch len(vals) {
	case 0:
	case 1:
		eq = "(" + col + " = " + vals[0] + ")"
	default:
		eq = "(" + col + " = ANY (ARRAY[" + strings.Join(vals, ", ") + "]))"
	}
	switch {
	case !null:
		return []string{"(" + col + " IS NOT NULL)", eq}
	case eq == "":
		return []string{"(" + col + " IS NULL)"}
	}
	return []string{"((" + col + " IS NULL) OR " + eq + ")"}
}

// rangeConds are get_qual_for_range's conditions without the null tests.
func rangeConds(p *catalog.Table, b *catalog.PartBound) (out []string) {
	keys := p.PartKey.Keys
	cmp := func(i int, op string, v catalog.BoundDatum) string {
		return "(" + PartKeyText(p, &keys[i]) + " " + op + " " + boundDatum(keys[i].Type, v, true) + ")"
	}
	i := 0
	for ; i < len(keys)-1 && b.Lower[i].Kind == 0 && b.Lower[i] == b.Upper[i]; i++ {
		out = append(out, cmp(i, "=", b.Lower[i]))
	}
	side := func(list []catalog.BoundDatum, strict, last string) {
		if list[i].Kind != 0 {
			return
		}
		var arms []string
		for n := i; n < len(keys); n++ {
			if list[n].Kind != 0 {
				break
			}
			var conds []string
			for j := i; j < n; j++ {
				conds = append(conds, cmp(j, "=", list[j]))
			}
			op := strict
			// The last value decides; so does one before MINVALUE of a lower bound or MAXVALUE of an upper one.
			end := n == len(keys)-1
			if !end && list[n+1].Kind != 0 {
				end = true
				if (list[n+1].Kind == '-') == (strict == ">") {
					op = strings.TrimSuffix(strict, "=") + "="
				}
			}
			if n == len(keys)-1 {
				op = last
			}
			arms = append(arms, conj(append(conds, cmp(n, op, list[n]))))
			if end {
				break
			}
		}
		if len(arms) == 1 {
			out = append(out, arms[0])
		} else {
			out = append(out, "("+strings.Join(arms, " OR ")+")")
		}
	}
	side(b.Lower, ">", ">=")
	side(b.Upper, "<", "<")
	return out
}
