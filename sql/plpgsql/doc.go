// Package plpgsql runs functions, procedures, triggers and DO blocks in PL/pgSQL (manual: chapter 43). A body is parsed once into a
// tree of statements (Compile); SQL in it stays text, with the variables that are in scope at its place, and is planned by the Host
// when it runs first. The package knows no transactions, tables or sessions: Host has what it needs of them.
//
// PostgreSQL's own PL/pgSQL parser, as libpg_query has it, resolves no types and so cannot read assignments to fields of records:
// the grammar here is our own, after the manual and pl_gram.y's tokens and messages.
package plpgsql
