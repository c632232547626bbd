package expression

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Param is $n while its type may still be open.
type Param struct {
	Typ   types.OID // 0: not known yet
	Given bool
	nodes []*plan.Param
	used  bool
}

const maxParams = 1 << 20

func (b *Binder) param(number, loc int32) plan.Expr {
	if n := int(number); n > 0 && n <= len(b.macroArgs) {
		return b.macroArgs[n-1]
	}
	if b.Vars != nil && b.Quiet == 0 {
		if v := b.Vars.Number(int(number)); v.Parts > 0 {
			return b.VariableParam(v, loc)
		}
		b.Fail(pgerr.UndefinedParameter, loc, "there is no parameter $%d", number)
	}
	if b.ViewDefinition || b.Quiet > 0 || !b.Infer {
		b.Fail(pgerr.UndefinedParameter, loc, "there is no parameter $%d", number)
	}
	if number <= 0 || number > maxParams {
		b.Fail(pgerr.UndefinedParameter, loc, "there is no parameter $%d", number)
	}
	for len(b.Params) < int(number) {
		b.Params = append(b.Params, &Param{})
	}
	p := b.Params[number-1]
	p.used = true
	t := p.Typ
	if t == 0 {
		t = types.Unknown
	}
	n := &plan.Param{Index: int(number) - 1, T: b.PlanType(t, -1)}
	p.nodes = append(p.nodes, n)
	return b.At(n, loc)
}

// coerceParam decides the type of a parameter by its first use (variable_coerce_param_hook).
func (b *Binder) coerceParam(n *plan.Param, dst types.OID) plan.Expr {
	p := b.Params[n.Index]
	if p.Typ == 0 {
		p.Typ = dst
	} else if p.Typ != dst {
		panic(b.Err(pgerr.AmbiguousParameter, b.LocOf(n), "inconsistent types deduced for parameter $%d", n.Index+1).
			WithDetail("%s versus %s", b.TypeText(p.Typ), b.TypeText(dst)))
	}
	n.T = b.PlanType(dst, -1)
	return n
}

// FinishParams checks that every use of a parameter saw the same type (check_variable_parameters) and returns the types.
func (b *Binder) FinishParams() []types.OID {
	out := make([]types.OID, len(b.Params))
	for i, p := range b.Params {
		for _, n := range p.nodes {
			if p.Typ != 0 && n.T.OID != p.Typ {
				b.Fail(pgerr.AmbiguousParameter, b.LocOf(n), "could not determine data type of parameter $%d", i+1)
			}
		}
		if p.Typ == 0 {
			b.Fail(pgerr.IndeterminateDatatype, -1, "could not determine data type of parameter $%d", i+1)
		}
		out[i] = p.Typ
	}
	return out
}
