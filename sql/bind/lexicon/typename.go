package lexicon

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Names are the parts of a dotted name; "*" for a star.
func Names(list []ast.Node) []string {
	out := make([]string, 0, len(list))
	for _, n := range list {
		switch v := n.(type) {
		case *ast.String:
			out = append(out, v.Sval)
		case *ast.A_Star:
			out = append(out, "*")
		}
	}
	return out
}

// Dotted is a name as it is written in messages.
func Dotted(list []ast.Node) string { return strings.Join(Names(list), ".") }

// TypeName resolves a type name with modifiers and array bounds. Errors: 42704, 3F000, 22023 and 42601 for modifiers.
func (x *Lexicon) TypeName(n *ast.TypeName) plan.Type {
	if n.Setof {
		x.Fail(pgerr.DatatypeMismatch, n.Location, "type modifier cannot be specified for SETOF type")
	}
	t := x.lookupTypeName(n)
	if t == nil {
		x.Fail(pgerr.UndefinedObject, n.Location, "type \"%s\" does not exist", typeNameStr(n))
	}
	mod := x.typmod(n, t)
	oid := t.OID
	x.Needs.add(catalog.KindType, oid)
	if len(n.ArrayBounds) > 0 && !n.PctType {
		oid = x.PromotedArray(t.OID)
		if oid == 0 {
			x.Fail(pgerr.UndefinedObject, n.Location, "type \"%s\" does not exist", typeNameStr(n))
		}
	}
	return plan.Type{OID: oid, Mod: mod, Coll: x.CollationOf(oid)}
}

func typeNameStr(n *ast.TypeName) string {
	s := Dotted(n.Names)
	if len(n.ArrayBounds) > 0 {
		s += "[]"
	}
	return s
}

func (x *Lexicon) lookupTypeName(n *ast.TypeName) *types.Type {
	name := Names(n.Names)
	if n.PctType {
		return x.pctType(n, name)
	}
	x.UseSchema(name, n.Location)
	switch len(name) {
	case 1:
		return x.TypeByName("", name[0])
	case 2:
		if name[0] != "pg_catalog" && x.schemaNamed(name[0]) == nil {
			x.Fail(pgerr.InvalidSchemaName, n.Location, "schema \"%s\" does not exist", name[0])
		}
		return x.TypeByName(name[0], name[1])
	case 3:
		if name[0] == x.Database {
			return x.TypeByName(name[1], name[2])
		}
		x.Fail(pgerr.FeatureNotSupported, n.Location, "cross-database references are not implemented: \"%s\"", strings.Join(name, "."))
	}
	return nil
}

// pctType is table.column%TYPE.
func (x *Lexicon) pctType(n *ast.TypeName, name []string) *types.Type {
	if len(name) < 2 {
		x.Fail(pgerr.SyntaxError, n.Location, "improper %%TYPE reference (too few dotted names): %s", strings.Join(name, "."))
	}
	rv := &ast.RangeVar{Relname: name[len(name)-2], Location: n.Location}
	if len(name) > 2 {
		rv.Schemaname = name[len(name)-3]
	}
	t, _ := x.Relation(rv)
	if t == nil {
		x.NoRelation(rv)
	}
	c := t.ColumnByName(name[len(name)-1])
	if c == nil {
		x.Fail(pgerr.UndefinedColumn, n.Location, "column \"%s\" of relation \"%s\" does not exist", name[len(name)-1], rv.Relname)
	}
	return x.Type(c.Type)
}

// typmod applies the type's modifier input (pg_type.typmodin) to the written modifiers.
func (x *Lexicon) typmod(n *ast.TypeName, t *types.Type) int32 {
	if len(n.Typmods) == 0 {
		return n.Typemod
	}
	if t.TypmodIn == 0 {
		x.Fail(pgerr.SyntaxError, n.Location, "type modifier is not allowed for type \"%s\"", typeNameStr(n))
	}
	var mods []int32
	for _, m := range n.Typmods {
		c, ok := m.(*ast.A_Const)
		var v int64
		var err error
		if ok {
			switch x := c.Val.(type) {
			case *ast.Integer:
				v = int64(x.Ival)
			case *ast.Float:
				v, err = strconv.ParseInt(x.Fval, 10, 32)
			case *ast.String:
				v, err = strconv.ParseInt(x.Sval, 10, 32)
			default:
				ok = false
			}
		}
		if !ok {
			x.Fail(pgerr.SyntaxError, n.Location, "type modifiers must be simple constants or identifiers")
		}
		if err != nil {
			x.Fail(pgerr.InvalidTextRepresentation, n.Location, "invalid input syntax for type integer: \"%s\"", ast.Text(c))
		}
		mods = append(mods, int32(v))
	}
	return x.typmodIn(n, t, mods)
}

// Bounds of modifiers (manual: 8.1.2, 8.3, 8.5, 8.10).
const (
	maxAttrSize      = 10 * 1024 * 1024
	MaxTimePrecision = 6
	maxNumPrecision  = 1000
	intervalFullRng  = 0x7FFF
	intervalFullPrec = 0xFFFF
)

func (x *Lexicon) typmodIn(n *ast.TypeName, t *types.Type, mods []int32) int32 {
	base := t.OID
	if el := x.ElemType(base); el != 0 {
		base = el
	}
	loc := n.Location
	one := func() int32 {
		if len(mods) != 1 {
			x.Fail(pgerr.InvalidParameterValue, loc, "invalid type modifier")
		}
		return mods[0]
	}
	switch base {
	case types.BPChar, types.Varchar:
		name := map[types.OID]string{types.BPChar: "char", types.Varchar: "varchar"}[base]
		l := one()
		if l < 1 {
			x.Fail(pgerr.InvalidParameterValue, loc, "length for type %s must be at least 1", name)
		}
		if l > maxAttrSize {
			x.Fail(pgerr.InvalidParameterValue, loc, "length for type %s cannot exceed %d", name, maxAttrSize)
		}
		return l + 4
	case types.Bit, types.VarBit:
		name := map[types.OID]string{types.Bit: "bit", types.VarBit: "varbit"}[base]
		l := one()
		if l < 1 {
			x.Fail(pgerr.InvalidParameterValue, loc, "length for type %s must be at least 1", name)
		}
		if l > maxAttrSize*8 {
			x.Fail(pgerr.InvalidParameterValue, loc, "length for type %s cannot exceed %d", name, maxAttrSize*8)
		}
		return l
	case types.Numeric:
		return x.numericTypmod(mods, loc)
	case types.Time, types.TimeTZ, types.Timestamp, types.TimestampTZ:
		name := map[types.OID]string{types.Time: "TIME", types.TimeTZ: "TIME", types.Timestamp: "TIMESTAMP", types.TimestampTZ: "TIMESTAMP"}[base]
		zone := ""
		if base == types.TimeTZ || base == types.TimestampTZ {
			zone = " WITH TIME ZONE"
		}
		p := one()
		if p < 0 {
			x.Fail(pgerr.InvalidParameterValue, loc, "%s(%d)%s precision must not be negative", name, p, zone)
		}
		return min(p, MaxTimePrecision) // PostgreSQL warns and reduces
	case types.Interval:
		switch len(mods) {
		case 1:
			if mods[0] == intervalFullRng {
				return -1
			}
			return mods[0]<<16 | intervalFullPrec
		case 2:
			if mods[1] < 0 {
				x.Fail(pgerr.InvalidParameterValue, loc, "INTERVAL(%d) precision must not be negative", mods[1])
			}
			return mods[0]<<16 | min(mods[1], MaxTimePrecision)
		}
	}
	if el := x.Type(base); !catalog.BuiltIn(base) && el != nil {
		mod, err := types.ExtensionTypmod(el, mods)
		if err != nil {
			e := pgerr.From(err)
			x.Fail(e.Code, loc, "%s", e.Message)
		}
		return mod
	}
	x.Fail(pgerr.InvalidParameterValue, loc, "invalid type modifier")
	return -1
}

func (x *Lexicon) numericTypmod(mods []int32, loc int32) int32 {
	if len(mods) == 0 || len(mods) > 2 {
		x.Fail(pgerr.InvalidParameterValue, loc, "invalid NUMERIC type modifier")
	}
	p, s := mods[0], int32(0)
	if len(mods) == 2 {
		s = mods[1]
	}
	if p < 1 || p > maxNumPrecision {
		x.Fail(pgerr.InvalidParameterValue, loc, "NUMERIC precision %d must be between 1 and %d", p, maxNumPrecision)
	}
	if s < -maxNumPrecision || s > maxNumPrecision {
		x.Fail(pgerr.InvalidParameterValue, loc, "NUMERIC scale %d must be between -%d and %d", s, maxNumPrecision, maxNumPrecision)
	}
	return (p<<16 | s&0x7ff) + 4
}
