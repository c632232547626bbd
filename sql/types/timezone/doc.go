// Package timezone is what PostgreSQL knows about time zones: names, abbreviations, POSIX specifications, and the offset of a zone's
// clock at a point in time or at its own local time (manual: 8.5.3, appendices B.2 to B.5).
//
// Points in time are µs since 2000-01-01 (package calendar); offsets are seconds east of UTC. zones.tsv lists the names and
// abbreviations of a PostgreSQL 15 server (zones.sh asks one); zones_gen.go is made of it by go generate in sql/types.
package timezone
