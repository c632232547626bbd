package jsonpath

import "strconv"

// Quoter appends a string as a JSON string constant.
type Quoter func(dst []byte, s string) []byte

// Append appends the path as jsonpath_out prints it.
func (p *Path) Append(dst []byte, quote Quoter) []byte {
	w := writer{dst, quote}
	if !p.Lax {
		w.str("strict ")
	}
	w.item(p.Root, false, true)
	return w.b
}

type writer struct {
	b     []byte
	quote Quoter
}

func (w *writer) str(s string)    { w.b = append(w.b, s...) }
func (w *writer) quoted(s string) { w.b = w.quote(w.b, s) }

// item writes an item and those after it. step: a step stands before it; brackets: an operator needs parentheses here.
func (w *writer) item(v *Item, step, brackets bool) {
	for ; v != nil; v = v.Next {
		w.one(v, step, brackets)
		step, brackets = true, true
	}
}

func (w *writer) operand(v *Item, of Kind) { w.item(v, false, v.Kind.priority() <= of.priority()) }

func (w *writer) one(v *Item, step, brackets bool) {
	open, end := "", ""
	if brackets {
		open, end = "(", ")"
	}
	dot := ""
	if step {
		dot = "."
	}
	switch v.Kind {
	case Null:
		w.str("null")
	case Bool:
		w.b = strconv.AppendBool(w.b, v.Flag)
	case Key:
		w.str(dot)
		w.quoted(v.Text)
	case String:
		w.quoted(v.Text)
	case Variable:
		w.str("$")
		w.quoted(v.Text)
	case Number:
		if v.Next != nil {
			w.str("(" + v.Text + ")")
		} else {
			w.str(v.Text)
		}
	case Root:
		w.str("$")
	case Current:
		w.str("@")
	case Last:
		w.str("last")
	case And, Or, Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, StartsWith, Add, Sub, Mul, Div, Mod:
		w.str(open)
		w.operand(v.Left, v.Kind)
		w.str(" " + v.Kind.Name() + " ")
		w.operand(v.Right, v.Kind)
		w.str(end)
	case LikeRegex:
		w.str(open)
		w.operand(v.Left, v.Kind)
		w.str(" like_regex ")
		w.quoted(v.Text)
		if v.Flags != 0 {
			w.str(` flag "`)
			for i := range flagLetters {
				if v.Flags&(1<<i) != 0 {
					w.b = append(w.b, flagLetters[i])
				}
			}
			w.str(`"`)
		}
		w.str(end)
	case Plus, Minus:
		w.str(open + v.Kind.Name())
		w.operand(v.Left, v.Kind)
		w.str(end)
	case Filter:
		w.wrap("?(", v.Left, ")")
	case Not:
		w.wrap("!(", v.Left, ")")
	case IsUnknown:
		w.wrap("(", v.Left, ") is unknown")
	case Exists:
		w.wrap("exists (", v.Left, ")")
	case AnyArray:
		w.str("[*]")
	case AnyKey:
		w.str(dot + "*")
	case Index:
		for i, s := range v.Subs {
			w.str([...]string{"[", ","}[min(i, 1)])
			w.item(s.From, false, false)
			if s.To != nil {
				w.wrap(" to ", s.To, "")
			}
		}
		w.str("]")
	case Any:
		w.str(dot + "**" + levels(v.First, v.Last))
	case Datetime:
		w.wrap(".datetime(", v.Left, ")")
	default: // methods without arguments
		w.str("." + v.Kind.Name() + "()")
	}
}

func (w *writer) wrap(before string, v *Item, after string) {
	w.str(before)
	w.item(v, false, false)
	w.str(after)
}

func levels(first, last uint32) string {
	n := func(v uint32) string {
		if v == Deepest {
			return "last"
		}
		return strconv.FormatUint(uint64(v), 10)
	}
	switch {
	case first == 0 && last == Deepest:
		return ""
	case first == last:
		return "{" + n(first) + "}"
	}
	return "{" + n(first) + " to " + n(last) + "}"
}
