// Package usertype is types of users in the general store: enums and domains, and for every type of users, composite ones too, its
// name, owner, comment and DROP (manual 8.7, 8.18).
//
// A composite type is a relation: its attributes are sql/ddl's, and where a statement on a type finds one, the relation is given
// back to the caller. Domains read rows (content) to validate a new constraint; enums never do: stored values hold sort positions.
package usertype
