package bind

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// param is $n while its type may still be open.
type param struct {
	typ   types.OID // 0: not known yet
	given bool
	nodes []*plan.Param
	used  bool
}

const maxParams = 1 << 20

func (b *binder) param(number, loc int32) plan.Expr {
	if n := int(number); n > 0 && n <= len(b.macroArgs) {
		return b.macroArgs[n-1]
	}
	if b.vars != nil && b.Quiet == 0 {
		if v := b.vars.Number(int(number)); v.Parts > 0 {
			return b.variableParam(v, loc)
		}
		b.Fail(pgerr.UndefinedParameter, loc, "there is no parameter $%d", number)
	}
	if b.viewDefinition || b.Quiet > 0 || !b.variable {
		b.Fail(pgerr.UndefinedParameter, loc, "there is no parameter $%d", number)
	}
	if number <= 0 || number > maxParams {
		b.Fail(pgerr.UndefinedParameter, loc, "there is no parameter $%d", number)
	}
	for len(b.params) < int(number) {
		b.params = append(b.params, &param{})
	}
	p := b.params[number-1]
	p.used = true
	t := p.typ
	if t == 0 {
		t = types.Unknown
	}
	n := &plan.Param{Index: int(number) - 1, T: b.PlanType(t, -1)}
	p.nodes = append(p.nodes, n)
	return b.at(n, loc)
}

// coerceParam decides the type of a parameter by its first use (variable_coerce_param_hook).
func (b *binder) coerceParam(n *plan.Param, dst types.OID) plan.Expr {
	p := b.params[n.Index]
	if p.typ == 0 {
		p.typ = dst
	} else if p.typ != dst {
		panic(b.Err(pgerr.AmbiguousParameter, b.locOf(n), "inconsistent types deduced for parameter $%d", n.Index+1).
			WithDetail("%s versus %s", b.TypeText(p.typ), b.TypeText(dst)))
	}
	n.T = b.PlanType(dst, -1)
	return n
}

// finishParams checks that every use of a parameter saw the same type (check_variable_parameters) and returns the types.
func (b *binder) finishParams() []types.OID {
	out := make([]types.OID, len(b.params))
	for i, p := range b.params {
		for _, n := range p.nodes {
			if p.typ != 0 && n.T.OID != p.typ {
				b.Fail(pgerr.AmbiguousParameter, b.locOf(n), "could not determine data type of parameter $%d", i+1)
			}
		}
		if p.typ == 0 {
			b.Fail(pgerr.IndeterminateDatatype, -1, "could not determine data type of parameter $%d", i+1)
		}
		out[i] = p.typ
	}
	return out
}
