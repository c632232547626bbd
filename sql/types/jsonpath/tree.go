// Package jsonpath reads and prints the type jsonpath (manual: 9.16.2). It evaluates nothing: that is
// sql/builtin/jsonpath. A value of the type is held as the text that Path.String gives.
package jsonpath

import (
	"github.com/tarndb/tarn/sql/are"
	"github.com/tarndb/tarn/storage/tuple"
)

// Path is a parsed path. In lax mode structural errors are empty results, and arrays are unwrapped as needed.
type Path struct {
	Lax  bool
	Root *Item
}

// Kind says what an Item is.
type Kind uint8

const (
	Null     Kind = iota + 1
	String        // Text
	Number        // Num; Text is its output
	Bool          // Flag
	Variable      // $Text
	Root          // $
	Current       // @
	Last          // last, in an array subscript

	And // Left, Right are predicates
	Or
	Not       // Left
	IsUnknown // Left
	Equal
	NotEqual
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	StartsWith // Right is a String or Variable
	LikeRegex  // Left, Text the pattern, Flags, Regexp
	Exists     // Left

	Add
	Sub
	Mul
	Div
	Mod
	Plus // Left
	Minus

	Key      // .Text
	AnyKey   // .*
	AnyArray // [*]
	Index    // [Subs]
	Any      // .**{First to Last}
	Filter   // ?(Left)
	Type
	Size
	Abs
	Floor
	Ceiling
	Double
	Datetime // Left is the template or nil
	KeyValue
)

// Deepest is "last" as a level of Any.
const Deepest = ^uint32(0)

// Item is one step of a path, an operation or a constant. Next is the step that is applied to its results.
type Item struct {
	Kind        Kind
	Flag        bool
	Flags       RegexFlags
	Text        string
	Num         tuple.Value
	Left, Right *Item
	Subs        []Subscript
	First, Last uint32
	Regexp      *are.Regexp
	Next        *Item
}

// Subscript is one element of an array accessor; To is nil where it is no range.
type Subscript struct{ From, To *Item }

// RegexFlags are those of like_regex.
type RegexFlags uint8

const (
	IgnoreCase RegexFlags = 1 << iota // i
	DotAll                            // s
	MultiLine                         // m
	WhiteSpace                        // x
	Quote                             // q
)

// names are operators and methods as a path and its error messages write them.
var names = [...]string{
	And: "&&", Or: "||", Equal: "==", NotEqual: "!=", Less: "<", LessOrEqual: "<=", Greater: ">", GreaterOrEqual: ">=",
	StartsWith: "starts with", LikeRegex: "like_regex", Add: "+", Sub: "-", Mul: "*", Div: "/", Mod: "%", Plus: "+", Minus: "-",
	Type: "type", Size: "size", Abs: "abs", Floor: "floor", Ceiling: "ceiling", Double: "double", Datetime: "datetime",
	KeyValue: "keyvalue",
}

// Name is the operator or method that an item is.
func (k Kind) Name() string { return names[k] }

// Predicate reports an item that is true, false or unknown.
func (k Kind) Predicate() bool { return k >= And && k <= Exists }

// priority orders operators by how tightly they bind.
func (k Kind) priority() int {
	switch k {
	case Or:
		return 0
	case And:
		return 1
	case Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, StartsWith:
		return 2
	case Add, Sub:
		return 3
	case Mul, Div, Mod:
		return 4
	case Plus, Minus:
		return 5
	}
	return 6
}
