package jsonpath

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/are"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// Numbers makes the values of numeric constants.
type Numbers interface {
	// Parse reads a constant, Neg negates one; text is the value's output.
	Parse(s string) (v tuple.Value, text string, err error)
	Neg(v tuple.Value) (neg tuple.Value, text string)
}

// maxDepth bounds the nesting of expressions, in place of PostgreSQL's stack limit.
const maxDepth = 5000

// Parse reads a path. Errors are PostgreSQL's: 42601, 22P02 and 22P05 for the text, 2201B for a pattern of like_regex.
func Parse(s string, nums Numbers) (*Path, error) {
	p := &parser{lexer: lexer{s: s}, nums: nums}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type jsonpath: \"%s\"", s)
	}
	path := &Path{Lax: true}
	if p.tok.word == "strict" || p.tok.word == "lax" {
		path.Lax = p.tok.word == "lax"
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected()
	}
	path.Root = root
	return path, checkPlaces(root, false, false)
}

type parser struct {
	lexer
	tok   token
	nums  Numbers
	depth int
	// delimited is the predicate that was just read in parentheses or by exists: only that may be negated, and only one in
	// parentheses may be followed by IS UNKNOWN, which parens says.
	delimited, parens *Item
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) unexpected() error { return errNear("syntax error", p.tok.near) }

func (p *parser) is(op string) bool { return p.tok.kind == tokPunct && p.tok.text == op }

func (p *parser) expect(op string) error {
	if !p.is(op) {
		return p.unexpected()
	}
	return p.advance()
}

func (p *parser) expectWord(w string) error {
	if p.tok.word != w {
		return p.unexpected()
	}
	return p.advance()
}

// predicate reports an item that is a truth value as it stands; with steps behind it, it is an expression.
func predicate(v *Item) bool { return v.Kind.Predicate() && v.Next == nil }

func (p *parser) wantPredicate(v *Item, err error) (*Item, error) {
	if err == nil && !predicate(v) {
		err = p.unexpected()
	}
	return v, err
}

func (p *parser) wantExpr(v *Item, err error) (*Item, error) {
	if err == nil && predicate(v) {
		err = p.unexpected()
	}
	return v, err
}

func (p *parser) expr() (*Item, error) { return p.wantExpr(p.or()) }

func (p *parser) or() (*Item, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
	}
	defer func() { p.depth-- }()
	return p.junction("||", Or, func() (*Item, error) { return p.junction("&&", And, p.comparison) })
}

func (p *parser) junction(op string, k Kind, sub func() (*Item, error)) (*Item, error) {
	left, err := sub()
	for err == nil && p.is(op) {
		if !predicate(left) {
			return nil, p.unexpected()
		}
		if err = p.advance(); err != nil {
			break
		}
		var right *Item
		if right, err = p.wantPredicate(sub()); err == nil {
			left = &Item{Kind: k, Left: left, Right: right}
		}
	}
	return left, err
}

var comparisons = map[string]Kind{
	"==": Equal, "!=": NotEqual, "<>": NotEqual, "<": Less, "<=": LessOrEqual, ">": Greater, ">=": GreaterOrEqual,
}

func (p *parser) comparison() (*Item, error) {
	if p.is("!") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.is("(") && p.tok.word != "exists" {
			return nil, p.unexpected()
		}
		v, err := p.primary()
		if err != nil {
			return nil, err
		}
		if v != p.delimited || !predicate(v) {
			return nil, p.unexpected()
		}
		return &Item{Kind: Not, Left: v}, nil
	}
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.tok.word == "is" && left == p.parens && predicate(left) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		return &Item{Kind: IsUnknown, Left: left}, p.expectWord("unknown")
	}
	k, ok := Kind(0), false
	if p.tok.kind == tokPunct {
		k, ok = comparisons[p.tok.text]
	}
	switch {
	case ok:
		if predicate(left) {
			return nil, p.unexpected()
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.wantExpr(p.sum())
		return &Item{Kind: k, Left: left, Right: right}, err
	case p.tok.word == "starts" && !predicate(left):
		return p.startsWith(left)
	case p.tok.word == "like_regex" && !predicate(left):
		return p.likeRegex(left)
	}
	return left, nil
}

func (p *parser) startsWith(left *Item) (*Item, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expectWord("with"); err != nil {
		return nil, err
	}
	right := &Item{Kind: String, Text: p.tok.text}
	switch p.tok.kind {
	case tokString:
	case tokVariable:
		right.Kind = Variable
	default:
		return nil, p.unexpected()
	}
	return &Item{Kind: StartsWith, Left: left, Right: right}, p.advance()
}

// flagLetters stand in the order of the bits of RegexFlags.
const flagLetters = "ismxq"

func (p *parser) likeRegex(left *Item) (*Item, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokString {
		return nil, p.unexpected()
	}
	v := &Item{Kind: LikeRegex, Left: left, Text: p.tok.text}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.word == "flag" {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokString {
			return nil, p.unexpected()
		}
		for s := p.tok.text; s != ""; {
			i := strings.IndexByte(flagLetters, s[0])
			if i < 0 {
				_, n := utf8.DecodeRuneInString(s)
				return nil, pgerr.New(pgerr.SyntaxError, "invalid input syntax for type jsonpath").
					WithDetail("Unrecognized flag character \"%s\" in LIKE_REGEX predicate.", s[:n])
			}
			v.Flags |= 1 << i
			s = s[1:]
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	f := are.Flags{IgnoreCase: v.Flags&IgnoreCase != 0}
	switch {
	case v.Flags&Quote != 0:
		f.Literal = true
	case v.Flags&WhiteSpace != 0:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "XQuery \"x\" flag (expanded regular expressions) is not implemented")
	default:
		f.NewlineDot, f.NewlineAnc = v.Flags&DotAll == 0, v.Flags&MultiLine != 0
	}
	var err error
	if v.Regexp, err = are.Compile(v.Text, f); err != nil {
		return nil, pgerr.New(pgerr.InvalidRegularExpression, "invalid regular expression: %s", err)
	}
	return v, nil
}

func (p *parser) sum() (*Item, error) {
	return p.arithmetic(map[string]Kind{"+": Add, "-": Sub}, func() (*Item, error) {
		return p.arithmetic(map[string]Kind{"*": Mul, "/": Div, "%": Mod}, p.unary)
	})
}

func (p *parser) arithmetic(ops map[string]Kind, sub func() (*Item, error)) (*Item, error) {
	left, err := sub()
	for err == nil && p.tok.kind == tokPunct {
		k, ok := ops[p.tok.text]
		if !ok {
			break
		}
		if predicate(left) {
			return nil, p.unexpected()
		}
		if err = p.advance(); err != nil {
			break
		}
		var right *Item
		if right, err = p.wantExpr(sub()); err == nil {
			left = &Item{Kind: k, Left: left, Right: right}
		}
	}
	return left, err
}

// unary folds signs of a constant into it.
func (p *parser) unary() (*Item, error) {
	if !p.is("+") && !p.is("-") {
		return p.primary()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
	}
	defer func() { p.depth-- }()
	k := Plus
	if p.is("-") {
		k = Minus
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	v, err := p.wantExpr(p.unary())
	if err != nil {
		return nil, err
	}
	if v.Kind == Number && v.Next == nil {
		if k == Minus {
			n := *v
			n.Num, n.Text = p.nums.Neg(v.Num)
			v = &n
		}
		return v, nil
	}
	return &Item{Kind: k, Left: v}, nil
}

// primary reads a constant, $, @, last, exists (…) or something in parentheses, and the steps behind it.
func (p *parser) primary() (*Item, error) {
	v := &Item{Text: p.tok.text}
	switch t := p.tok; {
	case t.kind == tokString:
		v.Kind = String
	case t.kind == tokVariable:
		v.Kind = Variable
	case t.kind == tokNumber, t.kind == tokInteger:
		v.Kind = Number
		var err error
		if v.Num, v.Text, err = p.nums.Parse(t.text); err != nil {
			return nil, err
		}
	case p.is("$"):
		v.Kind = Root
	case p.is("@"):
		v.Kind = Current
	case t.word == "null":
		v.Kind = Null
	case t.word == "true", t.word == "false":
		v.Kind, v.Flag = Bool, t.word == "true"
	case t.word == "last":
		v.Kind = Last
	case t.word == "exists":
		return p.exists()
	case p.is("("):
		return p.parenthesized()
	default:
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return v, p.steps(v)
}

func (p *parser) exists() (*Item, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	arg, err := p.expr()
	if err != nil {
		return nil, err
	}
	v := &Item{Kind: Exists, Left: arg}
	p.delimited, p.parens = v, nil
	return v, p.expect(")")
}

func (p *parser) parenthesized() (*Item, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	v, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	err = p.steps(v)
	p.delimited, p.parens = v, v
	return v, err
}

// steps appends accessors to the last step of v.
func (p *parser) steps(v *Item) error {
	for v.Next != nil {
		v = v.Next
	}
	for {
		next, err := p.step()
		if err != nil || next == nil {
			return err
		}
		v.Next, v = next, next
	}
}

var methods = map[string]Kind{
	"abs": Abs, "size": Size, "type": Type, "floor": Floor, "double": Double, "ceiling": Ceiling, "keyvalue": KeyValue,
	"datetime": Datetime,
}

// step reads one accessor; nil if there is none.
func (p *parser) step() (*Item, error) {
	switch {
	case p.is("["):
		return p.subscripts()
	case p.is("?"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.expect("("); err != nil {
			return nil, err
		}
		cond, err := p.wantPredicate(p.or())
		if err != nil {
			return nil, err
		}
		return &Item{Kind: Filter, Left: cond}, p.expect(")")
	case !p.is("."):
		return nil, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	t := p.tok
	switch {
	case p.is("*"):
		return &Item{Kind: AnyKey}, p.advance()
	case p.is("**"):
		return p.any()
	case t.kind != tokString && t.kind != tokWord:
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	k, ok := methods[t.word]
	if !ok || !p.is("(") {
		return &Item{Kind: Key, Text: t.text}, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	v := &Item{Kind: k}
	if k == Datetime && p.tok.kind == tokString {
		v.Left = &Item{Kind: String, Text: p.tok.text}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return v, p.expect(")")
}

func (p *parser) subscripts() (*Item, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.is("*") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		return &Item{Kind: AnyArray}, p.expect("]")
	}
	v := &Item{Kind: Index}
	for {
		from, err := p.expr()
		if err != nil {
			return nil, err
		}
		s := Subscript{From: from}
		if p.tok.word == "to" {
			if err := p.advance(); err != nil {
				return nil, err
			}
			if s.To, err = p.expr(); err != nil {
				return nil, err
			}
		}
		v.Subs = append(v.Subs, s)
		if !p.is(",") {
			return v, p.expect("]")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// any reads ** and its levels.
func (p *parser) any() (*Item, error) {
	v := &Item{Kind: Any, Last: Deepest}
	if err := p.advance(); err != nil || !p.is("{") {
		return v, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	var err error
	if v.First, err = p.level(); err != nil {
		return nil, err
	}
	v.Last = v.First
	if p.tok.word == "to" {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if v.Last, err = p.level(); err != nil {
			return nil, err
		}
	}
	return v, p.expect("}")
}

func (p *parser) level() (uint32, error) {
	t := p.tok
	switch {
	case t.word == "last":
		return Deepest, p.advance()
	case t.kind != tokInteger:
		return 0, p.unexpected()
	}
	n, err := strconv.ParseInt(t.text, 10, 32)
	if err != nil {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "value \"%s\" is out of range for type integer", t.text)
	}
	return uint32(n), p.advance()
}

// checkPlaces refuses @ outside of a filter and last outside of a subscript.
func checkPlaces(v *Item, filter, subscript bool) error {
	for ; v != nil; v = v.Next {
		switch {
		case v.Kind == Current && !filter:
			return pgerr.New(pgerr.SyntaxError, "@ is not allowed in root expressions")
		case v.Kind == Last && !subscript:
			return pgerr.New(pgerr.SyntaxError, "LAST is allowed only in array subscripts")
		}
		if err := checkPlaces(v.Left, filter || v.Kind == Filter, subscript); err != nil {
			return err
		}
		if err := checkPlaces(v.Right, filter, subscript); err != nil {
			return err
		}
		for _, s := range v.Subs {
			if err := checkPlaces(s.From, filter, true); err != nil {
				return err
			}
			if err := checkPlaces(s.To, filter, true); err != nil {
				return err
			}
		}
	}
	return nil
}
