// Package call holds what the packages of built-in functions share: the shape of a function, an aggregate and a window
// function, what they may ask of the session (Session), and helpers that word results. It implements nothing itself.
package call
