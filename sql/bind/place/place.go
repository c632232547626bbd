package place

import (
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Text is the text of the statement that is being bound. Its error functions take a byte location of the parse tree, -1 unknown.
type Text struct {
	// Source is what locations in the parse tree count in, for positions in characters. Empty: byte positions.
	Source string
	// Quiet > 0: locations are not of this text (views, stored expressions), so that errors have no position.
	Quiet int
	// Stored says that the text is the catalog's, printed from what was bound before: its casts stand where they were applied.
	Stored bool
}

// Guard, deferred, turns a raised error into the caller's result. Other panics pass through.
func Guard(err *error) {
	switch r := recover().(type) {
	case nil:
	case *pgerr.Error:
		*err = r
	default:
		panic(r)
	}
}

// Pos is the 1-based character position of a byte location; 0 where unknown.
func (t *Text) Pos(loc int32) int {
	if loc < 0 || t.Quiet > 0 {
		return 0
	}
	if src := t.Source; src != "" {
		return utf8.RuneCountInString(src[:min(int(loc), len(src))]) + 1
	}
	return int(loc) + 1
}

// Err makes an error at loc.
func (t *Text) Err(code string, loc int32, format string, args ...any) *pgerr.Error {
	return pgerr.New(code, format, args...).WithPosition(t.Pos(loc))
}

// Fail raises an error at loc.
func (t *Text) Fail(code string, loc int32, format string, args ...any) {
	panic(t.Err(code, loc, format, args...))
}

// Unsupported raises 0A000 at loc.
func (t *Text) Unsupported(loc int32, what string) {
	panic(pgerr.Unsupported(what).WithPosition(t.Pos(loc)))
}

// Check raises an error of another package, at loc unless it has a place already.
func (t *Text) Check(err error, loc int32) {
	if err != nil {
		e := *pgerr.From(err)
		panic((&e).WithPosition(t.Pos(loc)))
	}
}

// Leftmost combines two locations, ignoring unknown ones.
func Leftmost(a, c int32) int32 {
	if a < 0 {
		return c
	}
	if c < 0 {
		return a
	}
	return min(a, c)
}
