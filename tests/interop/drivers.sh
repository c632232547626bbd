#!/usr/bin/env bash
# The test suites of Go drivers, from the module cache, against the server at $PGHOST:$PGPORT: drivers.sh WORKDIR.
set -euo pipefail
cd "$(dirname "$0")/../.."
WORK=$1 HERE=$PWD/tests/interop LIBPQ=v1.10.9
copy() { mkdir -p "$2"; cp -r "$1/." "$2"; chmod -R u+w "$2"; } # the cache is read-only
sql() { psql -qX -v ON_ERROR_STOP="${STOP:-1}" "$@"; }

copy "$(go list -m -f '{{.Dir}}' github.com/jackc/pgx/v5)" "$WORK/pgx"
sql -c 'create database pgx_test'
STOP=0 sql -d pgx_test -f "$WORK/pgx/testsetup/postgresql_setup.sql" >/dev/null 2>&1 || true # what is missing shows in the list
(cd "$WORK/pgx" && PGX_TEST_DATABASE="host=$PGHOST port=$PGPORT user=$PGUSER dbname=pgx_test sslmode=disable" \
  python3 "$HERE/suite.py" "$HERE/pgx.expected" -count=1 -timeout 240s ./...)

copy "$(cd "$WORK" && go mod download -json "github.com/lib/pq@$LIBPQ" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')" "$WORK/pq"
sql -c 'create database pqgotest' -c 'create role pqgossltest login' -c 'create role pqgosslcert login'
(cd "$WORK/pq" && PGDATABASE=pqgotest PGSSLMODE=disable python3 "$HERE/suite.py" "$HERE/pq.expected" -count=1 -timeout 240s .)
