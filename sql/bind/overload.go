package bind

import (
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// candidate is a function or operator that may be meant, with the argument types as the call would see them.
type candidate struct {
	proc  *pgdata.Proc
	op    *pgdata.Operator
	args  []types.OID
	nvar  int   // variadic: how many actual arguments the last parameter takes; 0 not expanded
	ndef  int   // defaults used
	order []int // named notation: order[i] is the parameter of actual argument i; nil positional
}

// candidates is FuncnameGetCandidates: functions of that name that take n arguments, the last ones named.
func (b *binder) candidates(name []string, n int, argNames []string, expandVariadic, procedures bool) []candidate {
	var out []candidate
	for _, p := range b.procsNamed(name) {
		if procedures {
			p = withOutArgs(p)
		}
		decl := p.ArgTypes
		np := len(decl)
		if len(argNames) > 0 {
			if p.Variadic != 0 && expandVariadic {
				if n < np {
					continue
				}
			}
			if n > np || n+p.NArgDefaults < np {
				continue
			}
			order := matchNamed(p, n, argNames)
			if order == nil {
				continue
			}
			c := candidate{proc: p, order: order, ndef: np - n}
			for _, at := range order {
				c.args = append(c.args, decl[at])
			}
			for i := range decl {
				if !contains(order, i) {
					c.args = append(c.args, decl[i])
				}
			}
			out = append(out, c)
			continue
		}
		variadic := p.Variadic != 0 && expandVariadic && np <= n
		switch {
		case variadic:
			c := candidate{proc: p, nvar: n - np + 1, args: append([]types.OID(nil), decl[:np-1]...)}
			for len(c.args) < n {
				c.args = append(c.args, p.Variadic)
			}
			out = b.addCandidate(out, c)
			continue
		case np > n && n+p.NArgDefaults >= np:
			out = b.addCandidate(out, candidate{proc: p, ndef: np - n, args: append([]types.OID(nil), decl[:n]...)})
			continue
		case np == n:
			out = b.addCandidate(out, candidate{proc: p, args: append([]types.OID(nil), decl...)})
		}
	}
	return out
}

// addCandidate keeps one of two candidates that look alike to this call: the non-variadic, the one with fewer defaults.
func (b *binder) addCandidate(list []candidate, c candidate) []candidate {
	if c.nvar == 0 && c.ndef == 0 {
		for i := range list {
			if (list[i].nvar > 0 || list[i].ndef > 0) && sameOIDs(list[i].args, c.args) {
				list[i] = c
				return list
			}
		}
		return append(list, c)
	}
	for i := range list {
		if sameOIDs(list[i].args, c.args) && list[i].nvar == 0 && list[i].ndef == 0 {
			return list
		}
	}
	return append(list, c)
}

func contains(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

func sameOIDs(a, c []types.OID) bool {
	if len(a) != len(c) {
		return false
	}
	for i := range a {
		if a[i] != c[i] {
			return false
		}
	}
	return true
}

// matchNamed is MatchNamedCall: nil where the names do not fit.
func matchNamed(p *pgdata.Proc, n int, argNames []string) []int {
	if p.ArgNames == nil {
		return nil
	}
	positional := n - len(argNames)
	var order []int
	used := map[int]bool{}
	for i := 0; i < positional; i++ {
		order = append(order, i)
		used[i] = true
	}
	for _, want := range argNames {
		in, found := 0, -1
		for i, name := range p.ArgNames {
			mode := "i"
			if p.ArgModes != nil {
				mode = p.ArgModes[i]
			}
			if mode != "i" && mode != "b" && mode != "v" {
				continue
			}
			if name == want {
				found = in
			}
			in++
		}
		if found < 0 || used[found] {
			return nil
		}
		used[found] = true
		order = append(order, found)
	}
	for i := n - len(argNames); i < len(p.ArgTypes); i++ {
		if !used[i] && i < len(p.ArgTypes)-p.NArgDefaults {
			return nil
		}
	}
	return order
}

// matchArgs is func_match_argtypes: candidates whose arguments convert implicitly.
func (b *binder) matchArgs(actual []types.OID, list []candidate) []candidate {
	var out []candidate
	for _, c := range list {
		if b.canCoerce(actual, c.args[:len(actual)], ctxImplicit) {
			out = append(out, c)
		}
	}
	return out
}

// selectCandidate is func_select_candidate (manual: 10.3 step 4); nil where none is best.
func (b *binder) selectCandidate(actual []types.OID, list []candidate) *candidate {
	n := len(actual)
	base := make([]types.OID, n)
	unknowns := 0
	for i, t := range actual {
		if t == types.Unknown {
			base[i] = t
			unknowns++
		} else {
			base[i] = b.baseType(t)
		}
	}
	best := func(score func(candidate) int) {
		top := -1
		var keep []candidate
		for _, c := range list {
			switch s := score(c); {
			case s > top:
				top, keep = s, []candidate{c}
			case s == top:
				keep = append(keep, c)
			}
		}
		list = keep
	}
	best(func(c candidate) (m int) {
		for i := range base {
			if base[i] != types.Unknown && c.args[i] == base[i] {
				m++
			}
		}
		return m
	})
	if len(list) == 1 {
		return &list[0]
	}
	cats := make([]byte, n)
	for i := range base {
		cats[i] = b.category(base[i])
	}
	best(func(c candidate) (m int) {
		for i := range base {
			if base[i] != types.Unknown && (c.args[i] == base[i] || b.isPreferredIn(cats[i], c.args[i])) {
				m++
			}
		}
		return m
	})
	if len(list) == 1 {
		return &list[0]
	}
	if unknowns == 0 {
		return nil
	}
	b.resolveByCategory(base, &list)
	if len(list) == 1 {
		return &list[0]
	}
	// One known type: assume the unknowns have it too.
	if unknowns < n {
		known := types.Unknown
		for _, t := range base {
			if t == types.Unknown {
				continue
			}
			if known == types.Unknown {
				known = t
			} else if known != t {
				known = types.Unknown
				break
			}
		}
		if known != types.Unknown {
			same := make([]types.OID, n)
			for i := range same {
				same[i] = known
			}
			var hit *candidate
			hits := 0
			for i := range list {
				if b.canCoerce(same, list[i].args[:n], ctxImplicit) {
					hits++
					hit = &list[i]
				}
			}
			if hits == 1 {
				return hit
			}
		}
	}
	return nil
}

func (b *binder) isPreferredIn(cat byte, t types.OID) bool {
	return b.category(t) == cat && b.preferred(t)
}

// resolveByCategory settles each unknown position on one type category (string wins a conflict) and, where that works for
// all of them, drops the candidates that do not fit.
func (b *binder) resolveByCategory(base []types.OID, list *[]candidate) {
	n := len(base)
	slotCat := make([]byte, n)
	slotPref := make([]bool, n)
	for i := range base {
		if base[i] != types.Unknown {
			continue
		}
		conflict := false
		for _, c := range *list {
			cat, pref := b.category(c.args[i]), b.preferred(c.args[i])
			switch {
			case slotCat[i] == 0, cat != slotCat[i] && cat == types.CategoryString:
				slotCat[i], slotPref[i] = cat, pref
			case cat == slotCat[i]:
				slotPref[i] = slotPref[i] || pref
			default:
				conflict = true
			}
		}
		if conflict && slotCat[i] != types.CategoryString {
			return
		}
	}
	var keep []candidate
	for _, c := range *list {
		ok := true
		for i := range base {
			if base[i] == types.Unknown && (b.category(c.args[i]) != slotCat[i] || slotPref[i] && !b.preferred(c.args[i])) {
				ok = false
				break
			}
		}
		if ok {
			keep = append(keep, c)
		}
	}
	if len(keep) > 0 {
		*list = keep
	}
}

// found is the result of function look-up.
type found struct {
	c     *candidate
	cast  types.OID // the call is a cast to this type
	many  bool      // several candidates, none best
	kinds byte      // pg_proc.prokind
}

// funcDetail is func_get_detail.
func (b *binder) funcDetail(name []string, argNames []string, actual []types.OID, expandVariadic, procedures bool) found {
	list := b.candidates(name, len(actual), argNames, expandVariadic, procedures)
	for i := range list {
		if sameOIDs(list[i].args[:len(actual)], actual) {
			return found{c: &list[i], kinds: list[i].proc.Kind}
		}
	}
	if len(actual) == 1 && len(argNames) == 0 {
		if t := b.castTarget(name, actual[0]); t != 0 {
			return found{cast: t}
		}
	}
	if len(list) == 0 {
		return found{}
	}
	match := b.matchArgs(actual, list)
	switch len(match) {
	case 0:
		return found{}
	case 1:
		return found{c: &match[0], kinds: match[0].proc.Kind}
	}
	if c := b.selectCandidate(actual, match); c != nil {
		return found{c: c, kinds: c.proc.Kind}
	}
	return found{many: true}
}

// castTarget: f(x) where f is a type name may be a cast.
func (b *binder) castTarget(name []string, src types.OID) types.OID {
	var t *types.Type
	switch len(name) {
	case 1:
		t = b.typeByName("", name[0])
	case 2:
		t = b.typeByName(name[0], name[1])
	}
	if t == nil || t.TypType == types.TypePseudo {
		return 0
	}
	if src == types.Unknown {
		return t.OID
	}
	switch p, _ := b.findPathway(t.OID, src, ctxExplicit); p {
	case pathRelabel:
		return t.OID
	case pathIO:
		if b.isRowType(src) && t.Category == types.CategoryString {
			return 0
		}
		return t.OID
	}
	return 0
}

// signature prints a call for "function … does not exist".
func (b *binder) signature(name []string, argNames []string, actual []types.OID) string {
	var s strings.Builder
	s.WriteString(strings.Join(name, "."))
	s.WriteByte('(')
	for i, t := range actual {
		if i > 0 {
			s.WriteString(", ")
		}
		if at := i - (len(actual) - len(argNames)); at >= 0 {
			s.WriteString(argNames[at])
			s.WriteString(" => ")
		}
		s.WriteString(b.typeStr(t))
	}
	s.WriteByte(')')
	return s.String()
}

// defaultExprs keeps the declared defaults of built-in functions by OID, parsed: []ast.Node, not changed.
var defaultExprs sync.Map

// defaultArgs parses a function's declared defaults.
func (b *binder) defaultArgs(p *pgdata.Proc) []ast.Node {
	user := p.OID >= catalog.FirstNormalOID
	if v, ok := defaultExprs.Load(p.OID); ok && !user {
		return v.([]ast.Node)
	}
	n, err := b.env.Cache.parse("SELECT " + p.ArgDefaults)
	b.check(err, -1)
	var out []ast.Node
	if s, ok := n.(*ast.SelectStmt); ok {
		for _, t := range s.TargetList {
			out = append(out, t.(*ast.ResTarget).Val)
		}
	}
	if len(out) != p.NArgDefaults {
		panic(pgerr.Internal("function %s has %d defaults, found %d", p.Name, p.NArgDefaults, len(out)))
	}
	if !user {
		defaultExprs.Store(p.OID, out)
	}
	return out
}

// binaryOp is oper(): the operator for two argument types.
func (b *binder) binaryOp(name []string, l, r types.OID) *pgdata.Operator {
	list := b.operatorsNamed(name)
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
		if base := b.baseType(el); base != el {
			if o := find(base, base); o != nil {
				return o
			}
		}
	}
	var cands []candidate
	for _, o := range list {
		if o.Kind == 'b' {
			cands = append(cands, candidate{op: o, args: []types.OID{o.Left, o.Right}})
		}
	}
	return b.pickOp([]types.OID{l, r}, cands)
}

func (b *binder) pickOp(actual []types.OID, cands []candidate) *pgdata.Operator {
	match := b.matchArgs(actual, cands)
	switch len(match) {
	case 0:
		return nil
	case 1:
		return match[0].op
	}
	if c := b.selectCandidate(actual, match); c != nil {
		return c.op
	}
	return &ambiguousOp
}

// ambiguousOp marks several operators of which none is best.
var ambiguousOp = pgdata.Operator{Name: "ambiguous"}

// prefixOp is left_oper().
func (b *binder) prefixOp(name []string, r types.OID) *pgdata.Operator {
	var cands []candidate
	for _, o := range b.operatorsNamed(name) {
		if o.Kind != 'l' {
			continue
		}
		if o.Right == r {
			return o
		}
		cands = append(cands, candidate{op: o, args: []types.OID{o.Right}})
	}
	return b.pickOp([]types.OID{r}, cands)
}

func (b *binder) noOperator(name []string, l, r types.OID, ambiguous bool, loc int32) {
	sig := strings.Join(name, ".") + " " + b.typeStr(r)
	if l != 0 {
		sig = b.typeStr(l) + " " + sig
	}
	if ambiguous {
		panic(b.err(pgerr.AmbiguousFunction, loc, "operator is not unique: %s", sig).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts."))
	}
	hint := "No operator matches the given name and argument types. You might need to add explicit type casts."
	if l == 0 {
		hint = "No operator matches the given name and argument type. You might need to add an explicit type cast."
	}
	panic(b.err(pgerr.UndefinedFunction, loc, "operator does not exist: %s", sig).WithHint("%s", hint))
}

// op is make_op: l is nil for prefix operators.
func (b *binder) op(name []string, l, r plan.Expr, loc int32) *plan.FuncCall {
	var o *pgdata.Operator
	var actual, declared []types.OID
	var args []plan.Expr
	if l == nil {
		o = b.prefixOp(name, r.Type().OID)
		actual, args = []types.OID{r.Type().OID}, []plan.Expr{r}
	} else {
		o = b.binaryOp(name, l.Type().OID, r.Type().OID)
		actual, args = []types.OID{l.Type().OID, r.Type().OID}, []plan.Expr{l, r}
	}
	if o == nil || o == &ambiguousOp {
		var lt types.OID
		if l != nil {
			lt = l.Type().OID
		}
		b.noOperator(name, lt, r.Type().OID, o != nil, loc)
	}
	if l != nil {
		declared = append(declared, o.Left)
	}
	declared = append(declared, o.Right)
	return b.opCall(o, actual, declared, args, loc)
}

func (b *binder) opCall(o *pgdata.Operator, actual, declared []types.OID, args []plan.Expr, loc int32) *plan.FuncCall {
	if o.Code == 0 {
		b.fail(pgerr.UndefinedFunction, loc, "operator is only a shell: %s", o.Name)
	}
	ret := b.resolvePolymorphic(actual, declared, o.Result, loc)
	args = append([]plan.Expr(nil), args...)
	b.coerceArgs(args, actual, declared)
	p := b.proc(o.Code)
	b.noteVolatile(p)
	f := &plan.FuncCall{Proc: o.Code, Op: o.OID, Name: o.Name, Args: args, T: b.mk(ret, -1), Form: plan.CallOp}
	b.at(f, b.leftmostOf(loc, args...))
	return f
}

// coerceArgs is make_fn_arguments.
func (b *binder) coerceArgs(args []plan.Expr, actual, declared []types.OID) {
	for i := range args {
		if i < len(declared) && actual[i] != declared[i] {
			args[i] = b.coerce(args[i], declared[i], -1, ctxImplicit, plan.CallCastImplicit, -1)
		}
	}
}
