package plan

// MapChildren returns e with f applied to each direct child expression; e itself is not changed, and is returned
// where no child was. A Subquery's Rel is left alone, its Test is a child.
func MapChildren(e Expr, f func(Expr) Expr) Expr {
	switch x := e.(type) {
	case *Const, *Param, *ColRef, *SQLValue, *CurrentOf, *NextVal, *GroupingCall, nil:
		return e
	case *FuncCall:
		if args, ok := mapList(x.Args, f); ok {
			c := *x
			c.Args = args
			return &c
		}
	case *Relabel:
		if a := f(x.Arg); a != x.Arg {
			c := *x
			c.Arg = a
			return &c
		}
	case *CoerceViaIO:
		if a := f(x.Arg); a != x.Arg {
			c := *x
			c.Arg = a
			return &c
		}
	case *ArrayCoerce:
		if a, el := f(x.Arg), f(x.Elem); a != x.Arg || el != x.Elem {
			c := *x
			c.Arg, c.Elem = a, el
			return &c
		}
	case *CoerceToDomain:
		if a := f(x.Arg); a != x.Arg {
			c := *x
			c.Arg = a
			return &c
		}
	case *BoolOp:
		if args, ok := mapList(x.Args, f); ok {
			c := *x
			c.Args = args
			return &c
		}
	case *NullTest:
		if a := f(x.Arg); a != x.Arg {
			c := *x
			c.Arg = a
			return &c
		}
	case *BoolTest:
		if a := f(x.Arg); a != x.Arg {
			c := *x
			c.Arg = a
			return &c
		}
	case *Case:
		c, changed := *x, false
		c.Arg, changed = mapOpt(x.Arg, f, changed)
		c.Else, changed = mapOpt(x.Else, f, changed)
		c.Whens = make([]When, len(x.Whens))
		for i, w := range x.Whens {
			c.Whens[i] = When{f(w.Cond), f(w.Then)}
			changed = changed || c.Whens[i] != w
		}
		if changed {
			return &c
		}
	case *Coalesce:
		if args, ok := mapList(x.Args, f); ok {
			c := *x
			c.Args = args
			return &c
		}
	case *MinMax:
		if args, ok := mapList(x.Args, f); ok {
			c := *x
			c.Args = args
			return &c
		}
	case *XML:
		named, ok1 := mapList(x.Named, f)
		args, ok2 := mapList(x.Args, f)
		if ok1 || ok2 {
			c := *x
			if ok1 {
				c.Named = named
			}
			if ok2 {
				c.Args = args
			}
			return &c
		}
	case *NullIf:
		if eq := mapCall(x.Eq, f); eq != x.Eq {
			c := *x
			c.Eq = eq
			return &c
		}
	case *DistinctFrom:
		if eq := mapCall(x.Eq, f); eq != x.Eq {
			c := *x
			c.Eq = eq
			return &c
		}
	case *ScalarArrayOp:
		if call := mapCall(x.Call, f); call != x.Call {
			c := *x
			c.Call = call
			return &c
		}
	case *ArrayCtor:
		if el, ok := mapList(x.Elems, f); ok {
			c := *x
			c.Elems = el
			return &c
		}
	case *Subscript:
		a := f(x.Arg)
		lo, ok1 := mapList(x.Lower, f)
		hi, ok2 := mapList(x.Upper, f)
		if a != x.Arg || ok1 || ok2 {
			c := *x
			c.Arg, c.Lower, c.Upper = a, lo, hi
			return &c
		}
	case *SubscriptAssign:
		a, v := f(x.Arg), f(x.Val)
		lo, ok1 := mapList(x.Lower, f)
		hi, ok2 := mapList(x.Upper, f)
		if a != x.Arg || v != x.Val || ok1 || ok2 {
			c := *x
			c.Arg, c.Val, c.Lower, c.Upper = a, v, lo, hi
			return &c
		}
	case *FieldAssign:
		if a, v := f(x.Arg), f(x.Val); a != x.Arg || v != x.Val {
			c := *x
			c.Arg, c.Val = a, v
			return &c
		}
	case *RowCtor:
		if fs, ok := mapList(x.Fields, f); ok {
			c := *x
			c.Fields = fs
			return &c
		}
	case *FieldSelect:
		if a := f(x.Arg); a != x.Arg {
			c := *x
			c.Arg = a
			return &c
		}
	case *RowCompare:
		c, changed := *x, false
		c.Lt, c.Eq = make([]*FuncCall, len(x.Lt)), make([]*FuncCall, len(x.Eq))
		for i, l := range x.Lt {
			c.Lt[i] = mapCall(l, f)
			changed = changed || c.Lt[i] != l
		}
		for i, q := range x.Eq {
			c.Eq[i] = mapCall(q, f)
			changed = changed || c.Eq[i] != q
		}
		if changed {
			return &c
		}
	case *Subquery:
		if x.Test == nil {
			return e
		}
		if t := f(x.Test); t != x.Test {
			c := *x
			c.Test = t
			return &c
		}
	case *Aggref:
		c, changed := *x, false
		var ok bool
		if c.Args, ok = mapList(x.Args, f); ok {
			changed = true
		}
		if c.Direct, ok = mapList(x.Direct, f); ok {
			changed = true
		}
		c.Filter, changed = mapOpt(x.Filter, f, changed)
		c.OrderBy = make([]ExprSort, len(x.OrderBy))
		for i, o := range x.OrderBy {
			c.OrderBy[i] = o
			c.OrderBy[i].Expr = f(o.Expr)
			changed = changed || c.OrderBy[i].Expr != o.Expr
		}
		if changed {
			return &c
		}
	case *WindowCall:
		c, changed := *x, false
		var ok bool
		if c.Args, ok = mapList(x.Args, f); ok {
			changed = true
		}
		c.Filter, changed = mapOpt(x.Filter, f, changed)
		if x.Agg != nil {
			c.Agg = f(x.Agg).(*Aggref)
			changed = changed || c.Agg != x.Agg
		}
		if changed {
			return &c
		}
	}
	return e
}

func mapOpt(e Expr, f func(Expr) Expr, changed bool) (Expr, bool) {
	if e == nil {
		return nil, changed
	}
	m := f(e)
	return m, changed || m != e
}

func mapList(es []Expr, f func(Expr) Expr) ([]Expr, bool) {
	var out []Expr
	for i, e := range es {
		if e == nil {
			continue
		}
		if m := f(e); m != e {
			if out == nil {
				out = append([]Expr(nil), es...)
			}
			out[i] = m
		}
	}
	if out == nil {
		return es, false
	}
	return out, true
}

// MapExpr rewrites an expression from the leaves up.
func MapExpr(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	return f(MapChildren(e, func(c Expr) Expr { return MapExpr(c, f) }))
}

// WalkExpr calls f for e and, where f returns true, for the expressions below it. It enters a Subquery's Test but not
// its Rel: see WalkRel.
func WalkExpr(e Expr, f func(Expr) bool) {
	if e == nil || !f(e) {
		return
	}
	MapChildren(e, func(c Expr) Expr {
		WalkExpr(c, f)
		return c
	})
}

// StripRelabel is the expression below conversions that do not change the value.
func StripRelabel(e Expr) Expr {
	for {
		r, ok := e.(*Relabel)
		if !ok {
			return e
		}
		e = r.Arg
	}
}

// RelExprs calls f for every expression that r itself holds (not its inputs').
func RelExprs(r Rel, f func(Expr)) {
	each := func(es []Expr) {
		for _, e := range es {
			if e != nil {
				f(e)
			}
		}
	}
	sets := func(ss []SetItem) {
		for _, s := range ss {
			if s.Expr != nil {
				f(s.Expr)
			}
		}
	}
	checks := func(cs []Check, gs []GenCol) {
		for _, c := range cs {
			f(c.Expr)
		}
		for _, g := range gs {
			f(g.Expr)
		}
	}
	opt := func(e Expr) {
		if e != nil {
			f(e)
		}
	}
	switch x := r.(type) {
	case *Values:
		for _, row := range x.Rows {
			each(row)
		}
	case *FuncScan:
		for _, fn := range x.Funcs {
			opt(fn.Call)
		}
	case *Project:
		each(x.Exprs)
	case *ProjectSet:
		each(x.Exprs)
	case *Filter:
		each(x.Conds)
	case *Barrier:
		each(x.Conds)
	case *Join:
		each(x.On)
	case *Aggregate:
		for _, a := range x.Aggs {
			f(a)
		}
	case *Window:
		for _, c := range x.Calls {
			f(c)
		}
		opt(x.Frame.StartOff)
		opt(x.Frame.EndOff)
	case *Limit:
		opt(x.Count)
		opt(x.Offset)
	case *Insert:
		for _, d := range x.Defaults {
			opt(d)
		}
		if c := x.Conflict; c != nil {
			sets(c.Set)
			opt(c.Where)
			checks(c.Target, nil)
			checks(c.Checks, nil)
		}
		checks(x.Checks, x.Generated)
		each(x.Returning)
	case *Update:
		sets(x.Set)
		checks(x.Checks, x.Generated)
		each(x.Returning)
		each(x.Recheck)
	case *Delete:
		each(x.Returning)
		each(x.Recheck)
	case *Merge:
		for _, a := range x.Actions {
			opt(a.Cond)
			checks(a.Target, nil)
			checks(a.Policy, nil)
			each(a.Values)
			sets(a.Set)
			for _, d := range a.Defaults {
				opt(d)
			}
		}
		checks(x.Checks, x.Generated)
		each(x.Recheck)
	}
}

// Inputs returns the direct inputs of r.
func Inputs(r Rel) []Rel {
	switch x := r.(type) {
	case *Project:
		return []Rel{x.In}
	case *ProjectSet:
		return []Rel{x.In}
	case *Filter:
		return []Rel{x.In}
	case *Barrier:
		return []Rel{x.In}
	case *Join:
		return []Rel{x.L, x.R}
	case *Aggregate:
		return []Rel{x.In}
	case *Window:
		return []Rel{x.In}
	case *Sort:
		return []Rel{x.In}
	case *Distinct:
		return []Rel{x.In}
	case *Limit:
		return []Rel{x.In}
	case *SetOp:
		return []Rel{x.L, x.R}
	case *With:
		ins := make([]Rel, 0, len(x.CTEs)+1)
		for _, c := range x.CTEs {
			ins = append(ins, c.Rel)
		}
		return append(ins, x.In)
	case *RecursiveUnion:
		return []Rel{x.Base, x.Step}
	case *LockRows:
		return []Rel{x.In}
	case *Insert:
		return []Rel{x.Source}
	case *Update:
		return []Rel{x.Source}
	case *Delete:
		return []Rel{x.Source}
	case *Merge:
		return []Rel{x.Source}
	}
	return nil
}

// FreeCols returns the columns that r and everything below it name but do not produce: what correlates it.
func FreeCols(r Rel) map[ColID]bool {
	used, made := map[ColID]bool{}, map[ColID]bool{}
	collect(r, used, made)
	for c := range made {
		delete(used, c)
	}
	return used
}

func collect(r Rel, used, made map[ColID]bool) {
	if r == nil {
		return
	}
	for _, c := range r.Cols() {
		made[c.ID] = true
	}
	switch x := r.(type) {
	case *Insert:
		for _, c := range x.Row {
			made[c.ID] = true
		}
		if x.Conflict != nil {
			for _, c := range append(x.Conflict.Existing[:len(x.Conflict.Existing):len(x.Conflict.Existing)], x.Conflict.Excluded...) {
				made[c.ID] = true
			}
		}
	case *Update:
		for _, c := range x.Row {
			made[c.ID] = true
		}
	case *Merge:
		for _, c := range x.Row {
			made[c.ID] = true
		}
	}
	RelExprs(r, func(e Expr) { collectExpr(e, used, made) })
	for _, in := range Inputs(r) {
		collect(in, used, made)
	}
}

func collectExpr(e Expr, used, made map[ColID]bool) {
	WalkExpr(e, func(e Expr) bool {
		switch x := e.(type) {
		case *ColRef:
			used[x.Col] = true
		case *CurrentOf:
			used[x.Row] = true
		case *Case:
			made[x.ArgCol] = true
		case *ArrayCoerce:
			made[x.ElemCol] = true
		case *Subquery:
			collect(x.Rel, used, made)
		}
		return true
	})
}

// ExprCols adds the columns that e names to set, those of correlated subqueries included.
func ExprCols(e Expr, set map[ColID]bool) {
	used, made := map[ColID]bool{}, map[ColID]bool{}
	collectExpr(e, used, made)
	for c := range made {
		delete(used, c)
	}
	for c := range used {
		set[c] = true
	}
}

// mapCall maps the call that a NULLIF, IS DISTINCT FROM or ANY makes: it stays a call, with its arguments mapped, where f makes
// something else of it.
func mapCall(c *FuncCall, f func(Expr) Expr) *FuncCall {
	if call, ok := f(c).(*FuncCall); ok {
		return call
	}
	return MapChildren(c, f).(*FuncCall)
}
