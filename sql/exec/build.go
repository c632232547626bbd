package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// builder compiles one instance.
type builder struct {
	*eval.Builder
	in   *instance
	env  *types.Env
	ctes map[*plan.CTE]*cteState
	// rescan > 0: the operators under construction may be opened more than once per execution.
	rescan int
}

func (g *Program) build(env *types.Env) (*instance, error) {
	in := &instance{prog: g}
	in.budget.Tick = in.Tick
	in.writes.Bind(&in.Run)
	b := &builder{in: in, env: env, ctes: map[*plan.CTE]*cteState{}}
	b.Builder = eval.NewBuilder(&in.Run, env, b)
	if g.opts.Analyze {
		in.stats = map[plan.Node]*NodeStats{}
	}
	for i := range g.plan.Params {
		in.Param(i)
	}
	root, err := b.node(g.plan.Root)
	if err != nil {
		return nil, err
	}
	in.root, in.failed, in.early = root, b.Failed(), b.Early()
	in.modify = modifyOf(root)
	for _, c := range g.result() {
		in.out = append(in.out, b.Slot(c.ID))
	}
	in.row = make([]types.Datum, len(in.out))
	return in, nil
}

// result is the columns that the caller gets.
func (g *Program) result() []plan.Col {
	if g.plan.Stmt != nil && len(g.plan.Stmt.Out) > 0 {
		return g.plan.Stmt.Out
	}
	return g.plan.Root.Cols()
}

func modifyOf(o operator) *modifyOp {
	switch x := o.(type) {
	case *modifyOp:
		return x
	case *countedOp:
		return modifyOf(x.op)
	case *withOp:
		return modifyOf(x.child)
	}
	return nil
}

// sortCols compiles an order.
func (b *builder) sortCols(keys []plan.SortKey) ([]spill.SortCol, error) {
	out := make([]spill.SortCol, len(keys))
	for i, k := range keys {
		kind, err := b.Kind(k.T.OID)
		if err != nil {
			return nil, err
		}
		if k.T.Coll == 0 {
			if t := b.env.Type(k.T.OID); t != nil && t.Collatable() {
				return nil, pgerr.New(pgerr.IndeterminateCollation, "could not determine which collation to use for string comparison").
					WithHint("Use the COLLATE clause to set the collation explicitly.")
			}
		}
		out[i] = spill.SortCol{Slot: b.Slot(k.Col), Kind: kind, Desc: k.Desc, NullsFirst: k.NullsFirst, Coll: b.Order(k.T)}
	}
	return out, nil
}

// keyCols are columns that are compared for equality.
func (b *builder) keyCols(ids []plan.ColID, cols []plan.Col) ([]spill.KeyCol, error) {
	byID := map[plan.ColID]plan.Col{}
	for _, c := range cols {
		byID[c.ID] = c
	}
	out := make([]spill.KeyCol, len(ids))
	for i, id := range ids {
		c, ok := byID[id]
		if !ok {
			return nil, pgerr.Internal("column %d is not in the input", id)
		}
		kind, err := b.Kind(c.T.OID)
		if err != nil {
			return nil, err
		}
		out[i] = spill.KeyCol{Slot: b.Slot(id), Kind: kind, Coll: b.Equality(c.T)}
	}
	return out, nil
}

// node builds the operator of a node.
func (b *builder) node(n plan.Node) (operator, error) {
	o, err := b.operator(n)
	if err != nil || b.in.stats == nil {
		return o, err
	}
	st := &NodeStats{}
	b.in.stats[n] = st
	if o, ok := o.(noted); ok {
		o.note(st)
	}
	return &countedOp{op: o, stats: st}, nil
}

// rescanned builds an operator that may be opened again.
func (b *builder) rescanned(n plan.Node) (operator, error) {
	b.rescan++
	single := b.Single
	b.Single = false
	o, err := b.node(n)
	b.rescan--
	b.Single = single
	return o, err
}

func (b *builder) operator(n plan.Node) (operator, error) {
	switch x := n.(type) {
	case *plan.TableScan:
		return b.tableScan(x)
	case *plan.VirtualTableScan:
		return b.virtualScan(x)
	case *plan.ValuesScan:
		return b.valuesScan(x)
	case *plan.FunctionScan:
		return b.functionScan(x)
	case *plan.Result:
		return b.result(x)
	case *plan.ProjectSetNode:
		return b.projectSet(x)
	case *plan.NestLoop:
		return b.nestLoop(x)
	case *plan.HashJoin:
		return b.hashJoin(x)
	case *plan.MergeJoin:
		return b.mergeJoin(x)
	case *plan.Agg:
		return b.agg(x)
	case *plan.WindowAgg:
		return b.windowAgg(x)
	case *plan.SortNode:
		return b.sortNode(x)
	case *plan.UniqueNode:
		return b.unique(x)
	case *plan.HashDistinct:
		return b.hashDistinct(x)
	case *plan.LimitNode:
		return b.limit(x)
	case *plan.Append:
		return b.appendNode(x)
	case *plan.HashSetOp:
		return b.setOp(x)
	case *plan.Materialize:
		return b.materialize(x)
	case *plan.WithNode:
		return b.with(x)
	case *plan.CTEScanNode:
		return b.cteScan(x)
	case *plan.RecursiveUnionNode:
		return b.recursiveUnion(x)
	case *plan.WorkTableScan:
		return b.workTableScan(x)
	case *plan.LockRowsNode:
		return b.lockRows(x)
	case *plan.Modify:
		return b.modify(x)
	case *plan.Columnar:
		return b.columnar(x)
	}
	return nil, pgerr.Unsupported("plan node")
}
