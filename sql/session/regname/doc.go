// Package regname is objects by name as the reg* types read and print them (manual: 8.19): relations, types, functions, operators,
// schemas, roles, collations and text search objects, and whether search_path finds a name. It knows no statement: what it looks in
// is the interface Session.
package regname
