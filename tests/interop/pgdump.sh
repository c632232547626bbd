#!/usr/bin/env bash
# pg_dump of PostgreSQL 15 on Tarn: the dump restores into Tarn and into PostgreSQL, and what is dumped there again is the same;
# PostgreSQL's dump of the same schema restores into Tarn. usage: pgdump.sh TARN_PORT POSTGRES_PORT (both on 127.0.0.1, trust)
set -euo pipefail
cd "$(dirname "$0")"
TARN=$1 PG=$2; WORK=$(mktemp -d /tmp/tarn-pgdump-XXXX); trap 'rm -rf "$WORK"' EXIT
export PGHOST=127.0.0.1 PGUSER=postgres
fail() { echo "FAIL: pg_dump: $*"; exit 1; }
fresh() { # port database
  psql -X -q -p "$1" -d postgres -c 'set client_min_messages = error' -c "drop database if exists $2" -c "create database $2" || fail "create database $2"; }
restore() { # port database file
  fresh "$1" "$2"; psql -X -q -v ON_ERROR_STOP=1 -p "$1" -d "$2" -f "$3" >"$WORK/out" 2>&1 || fail "restore $3 on port $1: $(grep -m3 ERROR "$WORK/out")"; }
# Each run of pg_dump draws a key of its own for \restrict; servers name their build.
dump() { pg_dump -p "$1" -d "$2" >"$WORK/raw" 2>"$WORK/err" || fail "port $1: $(head -3 "$WORK/err")"; grep -vE '^\\(un)?restrict |^-- Dumped from' "$WORK/raw" >"$3"; }
same() { diff "$1" "$2" >"$WORK/diff" || { head -40 "$WORK/diff"; fail "$3"; }; }
clean() { # port
  for o in "database if exists again" "database if exists dumped" "database if exists transcript" "role if exists shop_admin" "role if exists shop_reader" "role if exists shop_owner"; do
    psql -X -q -p "$1" -d postgres -c 'set client_min_messages = error' -c "drop $o" || fail "drop $o"; done; }
make() { # port: the schema of the psql transcripts, with some rows
  clean "$1"; fresh "$1" dumped
  cat psql/schema.sql psql/schema_acl.sql psql/schema_matview.sql psql/schema_rls.sql pgdump_rows.sql | psql -X -q -v ON_ERROR_STOP=1 -p "$1" -d dumped >"$WORK/out" 2>&1 || fail "schema on port $1: $(grep -m3 ERROR "$WORK/out")"; }
make "$TARN"; make "$PG"
dump "$TARN" dumped "$WORK/tarn.sql"; dump "$PG" dumped "$WORK/pg.sql"
restore "$TARN" again "$WORK/tarn.sql"; dump "$TARN" again "$WORK/tarn2.sql"; same "$WORK/tarn.sql" "$WORK/tarn2.sql" "Tarn's dump changes on its way through Tarn"
restore "$PG" again "$WORK/tarn.sql"; dump "$PG" again "$WORK/pg2.sql"; same "$WORK/tarn.sql" "$WORK/pg2.sql" "Tarn's dump changes on its way through PostgreSQL"
restore "$TARN" again "$WORK/pg.sql"; dump "$TARN" again "$WORK/tarn3.sql"; same "$WORK/pg.sql" "$WORK/tarn3.sql" "PostgreSQL's dump changes on its way through Tarn"
pg_dump -p "$TARN" -d dumped -Fc -f "$WORK/custom" || fail "-Fc"
fresh "$TARN" again; pg_restore -p "$TARN" -d again -j 2 --exit-on-error "$WORK/custom" || fail "pg_restore -j 2"
dump "$TARN" again "$WORK/tarn4.sql"; same "$WORK/tarn.sql" "$WORK/tarn4.sql" "pg_restore -Fc -j 2"
pg_dumpall -p "$TARN" --globals-only >"$WORK/globals" || fail "pg_dumpall --globals-only"
grep -q 'GRANT shop_owner TO shop_admin WITH ADMIN OPTION' "$WORK/globals" || fail "pg_dumpall leaves a membership out"
# Lake tables come back as lake tables; volumes are passed over.
fresh "$TARN" dumped
psql -X -q -v ON_ERROR_STOP=1 -p "$TARN" -d dumped >"$WORK/out" 2>&1 <<'SQL' || fail "lake tables: $(grep -m3 ERROR "$WORK/out")"
create table lake (id int not null, v text default 'x', n numeric(10,2), at timestamptz, tags int[], check (id > 0)) using delta with (cluster_by = 'id, v');
insert into lake select g, 'v' || g, g * 1.5, timestamptz '2024-01-01 UTC' + g * interval '1 hour', array[g, null] from generate_series(1, 1000) g;
comment on table lake is 'in files'; create view over as select id from lake; create table beside (id int primary key);
create volume files; grant read volume on volume files to public;
SQL
dump "$TARN" dumped "$WORK/lake.sql"; restore "$TARN" again "$WORK/lake.sql"; dump "$TARN" again "$WORK/lake2.sql"
same "$WORK/lake.sql" "$WORK/lake2.sql" "a dump of lake tables changes on its way"
got=$(psql -X -At -p "$TARN" -d again -c "select amname, reloptions, (select count(*) from lake), (select sum(n) from lake) from pg_class c join pg_am a on a.oid = relam where relname = 'lake'")
[ "$got" = 'delta|{"cluster_by=id, v"}|1000|750750.00' ] || fail "the lake table came back as $got"
pg_dump -p "$TARN" -d dumped -Fc -f "$WORK/custom" || fail "-Fc of lake tables"
fresh "$TARN" again; pg_restore -p "$TARN" -d again -j 2 --exit-on-error "$WORK/custom" || fail "pg_restore -j 2 of lake tables"
dump "$TARN" again "$WORK/lake3.sql"; same "$WORK/lake.sql" "$WORK/lake3.sql" "pg_restore -Fc -j 2 of lake tables"
clean "$TARN"; clean "$PG"
echo "pg_dump: all round trips are equal"
