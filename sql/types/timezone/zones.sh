#!/bin/sh
# Writes zones.tsv: the zone names that a PostgreSQL 15 server knows and its Default abbreviations file.
# usage: zones.sh <psql arguments>
{
	printf 'kind\tname\tvalue\tdst\n'
	psql -AtX -F '	' "$@" -c "select 'name', name, '', '' from pg_timezone_names where name !~ '^(posix|right)/' and name not in ('posixrules','localtime') order by name collate \"C\""
	awk '!/^ *#/ && NF>=2 && $1!~/^@/ { if ($2 ~ /^-?[0-9]+$/) print "abbrev\t"$1"\t"$2"\t"($3=="D"?"t":"f"); else print "dynamic\t"$1"\t"$2"\t" }' \
		"$(pg_config --sharedir 2>/dev/null || echo /usr/share/postgresql/15)/timezonesets/Default"
} >zones.tsv
