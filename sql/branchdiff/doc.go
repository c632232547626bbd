// Package branchdiff finds what one branch of a database has changed that another one might have, too: rows of tables, three-way
// against the newest state that both come from.
//
// What is read is what the logs since that state name: a key that neither log names stands in all three states as it did. So the cost
// goes with what has changed, and the base need not be there: the side that has not changed a key still has the base's row. The base
// is opened where both sides have changed a key to different rows, where both have changed their catalogs, and where a log is not
// kept that far back or tells a table's rows as a whole (TRUNCATE, COPY by files, a rewrite): such a table is read in all three states.
//
// Rows are matched by the primary key. Those of tables without one are counted: of equal rows each side has gained or lost some.
package branchdiff
