// Package overload chooses: which function or operator a call means, which types convert into which and how, what polymorphic types
// become, and which operators order a type (manual, chapter 10 and 38.2.5).
//
// Its answers depend on type OIDs and a lexicon alone. It sees no expressions: putting the conversions into the tree is sql/bind.
// Errors are raised as sql/bind/place says, so callers run under place.Guard.
package overload
