// Package jsonpath evaluates paths over jsonb (manual: 9.16.2): jsonb_path_* and the operators @? and @@. The path
// language itself is sql/types/jsonpath.
//
// Errors are of two sorts: structural ones and failed conversions become "unknown" in a predicate and are dropped when a
// call is silent (softError); a missing variable or a comparison that needs a time zone is an error always.
package jsonpath

import "github.com/tarndb/tarn/sql/builtin/call"

// Family is what this package implements.
func Family() call.Family { return call.Family{Fns: pathFns(), Sets: pathSets()} }
