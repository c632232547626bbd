// Package routine knows what functions and procedures are before they run: the names and types of their arguments, what they give, the
// statements of their bodies, and where errors in them are. It runs nothing; the session does.
package routine

import (
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/types"
)

// Env is what a routine asks of the session that calls it.
type Env interface {
	// Lookup finds a type; nil: there is none.
	Lookup(oid types.OID) *types.Type
	// Bind is how names in a body are found.
	Bind() *bind.Env
	// Text is how values and types are printed and checked.
	Text() *types.Env
}
