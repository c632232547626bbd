// Package run is one execution under way: what it needs from its session (Context), and the Run that compiled code holds a pointer to.
//
//	compile          Begin(Context)                       End
//	slots, calls ──▶ parameters in their slots, View ──▶ nothing of the session is left
//
// A Run is used again and again, by one goroutine at a time; Gen tells one execution from the next. What a Context asks of a session it
// asks through interfaces that are declared here.
//
// It knows no expression, no operator and no change: these are compiled over it.
package run
