// Package threeway merges catalogs: what a source has changed since a base that it has in common with a target becomes a change of
// the target's descriptors.
//
//	base ──▶ source
//	  └────▶ target ──Merge──▶ descriptors to put, objects to drop
//
// Objects and their parts are the same on two sides by their idents (catalog.Ident); those that both sides have made under one name
// since the base are taken for the same, too. OIDs and attribute numbers are a side's own: source and base are brought into the
// target's before anything is compared, so that equal means equal.
//
// Two descriptors are merged field by field, and lists of parts part by part. A field that both have changed to different values is a
// conflict. Nothing here touches rows, or a catalog: whoever applies the plan does.
package threeway
