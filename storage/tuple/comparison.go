package tuple

// Comparison is an operator that orders a value beside another.
type Comparison uint8

const (
	Equal Comparison = iota + 1
	Less
	LessEqual
	Greater
	GreaterEqual
)

// Holds reports whether a value that compares with the other as order (negative: it is smaller) meets it.
func (c Comparison) Holds(order int) bool {
	switch c {
	case Equal:
		return order == 0
	case Less:
		return order < 0
	case LessEqual:
		return order <= 0
	case Greater:
		return order > 0
	}
	return order >= 0
}

// Excludes reports that no value from lo to hi meets it; lo and hi compare with the other value as given.
func (c Comparison) Excludes(lo, hi int) bool {
	switch c {
	case Equal:
		return lo > 0 || hi < 0
	case Less, LessEqual:
		return !c.Holds(lo)
	}
	return !c.Holds(hi)
}

var comparisons = map[string]Comparison{"=": Equal, "<": Less, "<=": LessEqual, ">": Greater, ">=": GreaterEqual}

// ComparisonOf is the comparison that SQL writes so; 0: none.
func ComparisonOf(operator string) Comparison { return comparisons[operator] }

// Mirrored is the comparison with its sides changed.
func (c Comparison) Mirrored() Comparison {
	switch c {
	case Less:
		return Greater
	case LessEqual:
		return GreaterEqual
	case Greater:
		return Less
	case GreaterEqual:
		return LessEqual
	}
	return c
}
