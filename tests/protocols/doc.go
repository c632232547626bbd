// Package protocols runs the SQL scripts of the other tests three ways: as simple queries, and by the extended protocol with text and
// with binary results. It promises that a statement answers the same on each of them: rows, command tag, SQLSTATE, message; and that
// a value in binary is the value in text, since the server reads it back (a parameter in binary of the column's type) and prints it.
//
// Every way has a server of its own; a second one runs simple queries too, and what differs between those two (clocks, process
// numbers, names of temporary schemas) is left out.
package protocols
