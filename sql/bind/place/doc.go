// Package place says where in the user's text an error of parse analysis stands: parse trees count in bytes, clients in characters.
//
// An error is a panic with *pgerr.Error that Guard recovers at an exported function of the binder: every rule of parse analysis can
// fail, in the middle of recursion. It knows parse trees (sql/parser/ast) and errors, nothing else.
package place
