// Package privilege is PostgreSQL's access control (manual: 5.7 Privileges, 22 Database Roles): privilege sets, access
// control lists and what GRANT and REVOKE make of them, the roles of a server and who may act for whom.
//
// It knows no catalog and no session: an ACL is a value, and Roles is an immutable snapshot. A nil ACL means the default
// of its kind of object (Default); an ACL that is empty but not nil grants nothing.
package privilege
