package overload

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// BinaryOperator is oper(): the operator for two argument types. Errors: 42883, 42725 where several are as good.
func (rs *Resolver) BinaryOperator(name []string, l, r types.OID, loc int32) *pgdata.Operator {
	rs.UseSchema(name, loc)
	o := rs.binaryOperator(name, l, r)
	if o == nil || o == &ambiguous {
		rs.noOperator(name, l, r, o != nil, loc)
	}
	return o
}

// binaryOperator gives nil for no operator, &ambiguous for several.
func (rs *Resolver) binaryOperator(name []string, l, r types.OID) *pgdata.Operator {
	list := rs.OperatorsNamed(name)
	find := func(l, r types.OID) *pgdata.Operator {
		for _, o := range list {
			if o.Kind == 'b' && o.Left == l && o.Right == r {
				return o
			}
		}
		return nil
	}
	// binary_oper_exact: an unknown operand is taken to be of the other's type.
	el, er := l, r
	unknown := false
	if l == types.Unknown && r != types.Unknown {
		el, unknown = r, true
	} else if r == types.Unknown && l != types.Unknown {
		er, unknown = l, true
	}
	if o := find(el, er); o != nil {
		return o
	}
	if unknown {
		if base := rs.BaseType(el); base != el {
			if o := find(base, base); o != nil {
				return o
			}
		}
	}
	var cands []Candidate
	for _, o := range list {
		if o.Kind == 'b' {
			cands = append(cands, Candidate{op: o, Args: []types.OID{o.Left, o.Right}})
		}
	}
	return rs.pickOp([]types.OID{l, r}, cands)
}

func (rs *Resolver) pickOp(actual []types.OID, cands []Candidate) *pgdata.Operator {
	match := rs.matchArgs(actual, cands)
	switch len(match) {
	case 0:
		return nil
	case 1:
		return match[0].op
	}
	if c := rs.selectCandidate(actual, match); c != nil {
		return c.op
	}
	return &ambiguous
}

// ambiguous marks several operators of which none is best.
var ambiguous = pgdata.Operator{Name: "ambiguous"}

// PrefixOperator is left_oper(). Errors as BinaryOperator's.
func (rs *Resolver) PrefixOperator(name []string, r types.OID, loc int32) *pgdata.Operator {
	rs.UseSchema(name, loc)
	o := rs.prefixOperator(name, r)
	if o == nil || o == &ambiguous {
		rs.noOperator(name, 0, r, o != nil, loc)
	}
	return o
}

func (rs *Resolver) prefixOperator(name []string, r types.OID) *pgdata.Operator {
	var cands []Candidate
	for _, o := range rs.OperatorsNamed(name) {
		if o.Kind != 'l' {
			continue
		}
		if o.Right == r {
			return o
		}
		cands = append(cands, Candidate{op: o, Args: []types.OID{o.Right}})
	}
	return rs.pickOp([]types.OID{r}, cands)
}

// noOperator raises the error; l is 0 for prefix operators.
func (rs *Resolver) noOperator(name []string, l, r types.OID, ambiguous bool, loc int32) {
	sig := strings.Join(name, ".") + " " + rs.TypeText(r)
	if l != 0 {
		sig = rs.TypeText(l) + " " + sig
	}
	if ambiguous {
		panic(rs.Err(pgerr.AmbiguousFunction, loc, "operator is not unique: %s", sig).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts."))
	}
	hint := "No operator matches the given name and argument types. You might need to add explicit type casts."
	if l == 0 {
		hint = "No operator matches the given name and argument type. You might need to add an explicit type cast."
	}
	panic(rs.Err(pgerr.UndefinedFunction, loc, "operator does not exist: %s", sig).WithHint("%s", hint))
}
