package plan

import "testing"

// The call inside of NULLIF stays one even if the mapping makes a constant of it.
func TestMapCallStaysCall(t *testing.T) {
	n := &NullIf{Eq: &FuncCall{Args: []Expr{&Const{}, &Const{}}}}
	got := MapChildren(n, func(e Expr) Expr {
		if _, ok := e.(*FuncCall); ok {
			return &Const{}
		}
		return e
	})
	if _, ok := got.(*NullIf); !ok {
		t.Fatalf("%T", got)
	}
}
