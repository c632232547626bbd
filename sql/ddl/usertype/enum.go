package usertype

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

func labelText(n ast.Node) (string, error) {
	s, ok := n.(*ast.String)
	if !ok {
		return "", pgerr.Internal("enum label of form %T", n)
	}
	return s.Sval, checkLabel(s.Sval)
}

func checkLabel(s string) error {
	if len(s) > stmt.MaxName {
		return pgerr.New(pgerr.InvalidName, "invalid enum label \"%s\"", s).WithDetail("Labels must be %d bytes or less.", stmt.MaxName)
	}
	return nil
}

// CreateEnum is CREATE TYPE … AS ENUM. Labels get 1, 2, 3 … as sort positions.
func CreateEnum(x *stmt.Ctx, n *ast.CreateEnumStmt) error {
	schema, name, err := newType(x, n.TypeName)
	if err != nil {
		return err
	}
	t := &catalog.Type{Header: catalog.Header{OID: x.Editor.OIDs(2), Schema: schema.OID, Name: name, Owner: x.User, ACL: x.NewACL(privilege.Type, 'T', schema.OID)}, Form: types.TypeEnum}
	t.Array = t.OID + 1
	first := x.Editor.OIDs(max(len(n.Vals), 1))
	for i, v := range n.Vals {
		s, err := labelText(v)
		if err != nil {
			return err
		}
		for _, l := range t.Labels {
			if l.Name == s {
				return pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"").
					WithDetail("Key (enumtypid, enumlabel)=(%d, %s) already exists.", t.OID, s)
			}
		}
		t.Labels = append(t.Labels, catalog.Label{OID: first + catalog.OID(i), Sort: float32(i + 1), Name: s})
	}
	x.Editor.Put(t)
	return nil
}

// AlterEnum is ALTER TYPE … ADD VALUE and RENAME VALUE. Stored values hold the sort position, so those of old labels stay.
func AlterEnum(x *stmt.Ctx, n *ast.AlterEnumStmt) error {
	t, _, err := Open(x, n.TypeName)
	if err != nil {
		return err
	}
	if t == nil || t.Form != types.TypeEnum {
		return pgerr.New(pgerr.WrongObjectType, "%s is not an enum", strings.Join(stmt.Strs(n.TypeName), "."))
	}
	if err := checkLabel(n.NewVal); err != nil {
		return err
	}
	at := func(name string) int {
		return slices.IndexFunc(t.Labels, func(l catalog.Label) bool { return l.Name == name })
	}
	next := *t
	next.Labels = slices.Clone(t.Labels)
	exists := at(n.NewVal) >= 0
	if n.OldVal != "" {
		i := at(n.OldVal)
		if i < 0 {
			return pgerr.New(pgerr.InvalidParameterValue, "\"%s\" is not an existing enum label", n.OldVal)
		}
		if exists {
			return pgerr.New(pgerr.DuplicateObject, "enum label \"%s\" already exists", n.NewVal)
		}
		next.Labels[i].Name = n.NewVal
		x.Editor.Put(&next)
		return nil
	}
	if exists {
		if n.SkipIfNewValExists {
			x.Note(pgerr.DuplicateObject, "enum label \"%s\" already exists, skipping", n.NewVal)
			return nil
		}
		return pgerr.New(pgerr.DuplicateObject, "enum label \"%s\" already exists", n.NewVal)
	}
	pos := len(t.Labels)
	if n.NewValNeighbor != "" {
		if pos = at(n.NewValNeighbor); pos < 0 {
			return pgerr.New(pgerr.InvalidParameterValue, "\"%s\" is not an existing enum label", n.NewValNeighbor)
		}
		if n.NewValIsAfter {
			pos++
		}
	}
	sort, ok := sortBetween(t.Labels, pos)
	if !ok {
		return pgerr.Unsupported("one more enum label between these two")
	}
	l := catalog.Label{OID: x.Editor.OID(), Sort: sort, Name: n.NewVal}
	next.Labels = slices.Insert(next.Labels, pos, l)
	x.Editor.Put(&next)
	if x.NewLabel != nil {
		x.NewLabel(l.OID)
	}
	return nil
}

// sortBetween is the sort position of a label that goes before labels[pos] (AddEnumLabel); false where float4 has none left.
func sortBetween(labels []catalog.Label, pos int) (float32, bool) {
	switch {
	case len(labels) == 0:
		return 1, true
	case pos == len(labels):
		return labels[pos-1].Sort + 1, labels[pos-1].Sort+1 > labels[pos-1].Sort
	case pos == 0:
		return labels[0].Sort - 1, labels[0].Sort-1 < labels[0].Sort
	}
	lo, hi := labels[pos-1].Sort, labels[pos].Sort
	mid := (lo + hi) / 2
	return mid, lo < mid && mid < hi
}
