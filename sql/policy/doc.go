// Package policy says which row security policies hold for whom, and what they ask of a row (manual 5.8).
//
//	Viewer (roles, row_security) + table + role + command ──▶ Guards ──▶ Rules: conditions as SQL
//
// It promises PostgreSQL's choice: who is exempt (superusers, BYPASSRLS, owners without FORCE), permissive policies joined by OR,
// restrictive ones by AND, nothing allowed where no permissive policy holds, WITH CHECK falling back to USING.
//
// It reads descriptors and roles and binds nothing: putting the conditions into a statement is sql/bind's.
package policy
