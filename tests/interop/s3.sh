#!/usr/bin/env bash
# A warehouse on a real S3 server (versitygw): the store's own tests against it, both kinds of tables, files, foreign readers, kill -9 of
# Tarn and of the server. Usage: s3.sh WORK; TARN_VENV has the Python of run.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
WORK=$1; VENV=${TARN_VENV:-$HOME/.cache/tarn-interop}; VERSION=v1.8.0
TOOLS=${TARN_TOOLS:-$HOME/.cache/tarn-tools}; GATEWAY=$TOOLS/versitygw-$VERSION
if [ ! -x "$GATEWAY" ]; then
  GOBIN=$TOOLS/bin go install "github.com/versity/versitygw/cmd/versitygw@$VERSION" && mv "$TOOLS/bin/versitygw" "$GATEWAY"
fi
PORT=$((20000 + RANDOM % 20000)); S3PORT=$((PORT + 1)); TARN=; S3=
export AWS_ENDPOINT_URL=http://127.0.0.1:$S3PORT AWS_ACCESS_KEY_ID=interop AWS_SECRET_ACCESS_KEY=interop-secret AWS_REGION=us-east-1
export AWS_CONFIG_FILE=/none AWS_SHARED_CREDENTIALS_FILE=/none
export PGHOST=127.0.0.1 PGPORT=$PORT PGUSER=postgres PGDATABASE=postgres
mkdir -p "$WORK/s3/lake"
stop() { for p in $TARN $S3; do kill -9 "$p" 2>/dev/null || true; wait "$p" 2>/dev/null || true; done; }
trap stop EXIT
fail() { echo "FAIL: $*"; tail -20 "$WORK/s3.log"; exit 1; }
server() {
  ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY "$GATEWAY" --port "127.0.0.1:$S3PORT" --quiet posix "$WORK/s3" >>"$WORK/s3gw.log" 2>&1 & S3=$!
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$S3PORT") 2>/dev/null && return; sleep 0.1; done
  echo "versitygw does not answer"; tail -5 "$WORK/s3gw.log"; exit 1
}
start() {
  bin/tarn serve --data "$WORK/s3data" --listen "127.0.0.1:$PORT" --warehouse s3://lake/house --config "$WORK/s3.conf" >>"$WORK/s3.log" 2>&1 & TARN=$!
  for _ in $(seq 100); do psql -qtXc 'select 1' >/dev/null 2>&1 && return; sleep 0.1; done
  echo "server does not answer"; tail -20 "$WORK/s3.log"; exit 1
}
sync() { # waits for a mirror that waits for its warehouse
  for _ in $(seq 100); do psql -qAtXc 'select tarn.mirror_sync()' >/dev/null 2>&1 && return; sleep 0.2; done; fail "mirror_sync"
}
is() { [ "$(psql -qAtX -v ON_ERROR_STOP=1 -c "$1" 2>&1)" = "$2" ] || fail "$1: $(psql -qAtXc "$1" 2>&1), want $2"; }
path() { psql -qAtXc "select tarn.delta_path('$1')"; }

echo "tarn.archive_timeout = 1" >"$WORK/s3.conf"
server
echo "== the store's tests"
TARN_S3=s3://lake/store go test -count=1 -run 'TestCopyInParts|.*/real' ./storage/object/s3 >"$WORK/out" 2>&1 || fail "$(grep -v '^ok' "$WORK/out" | head -20)"
start
echo "== tables"
psql -qX -v ON_ERROR_STOP=1 >"$WORK/out" 2>&1 <<'SQL' || fail "$(cat "$WORK/out")"
create table row_table (id int primary key, name text, price numeric(10,2), at timestamptz, tags text[]);
insert into row_table select i, 'n' || i, i * 0.25, timestamptz '2024-01-01 UTC' + i * interval '1 minute', array['a', null, i::text] from generate_series(1, 50000) i;
create table lake_table (id int, name text, price numeric(10,2)) using delta;
insert into lake_table select i, 'n' || i, i * 0.25 from generate_series(1, 50000) i;
select tarn.mirror_sync();
delete from row_table where id % 7 = 0; update row_table set name = 'x' where id % 11 = 0;
delete from lake_table where id % 7 = 0; update lake_table set name = 'x' where id % 11 = 0;
select tarn.mirror_sync();
SQL
for t in row_table lake_table; do
  for c in on off; do is "set tarn.columnar = $c; select count(*), sum(id), count(*) filter (where name = 'x') from $t" "42858|1071471429|3896"; done
  is "select count(*) from delta_scan('$(path $t)')" 42858
  bin/tarn check "$(path $t)" >"$WORK/out" 2>&1 || fail "tarn check: $(cat "$WORK/out")"
done
echo "== foreign readers"
cat >"$WORK/s3read.py" <<'PY'
import os, sys
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
options = {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"], "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"], "AWS_ALLOW_HTTP": "true",
           "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"], "AWS_REGION": "us-east-1"}
q = QueryBuilder().register("t", DeltaTable(sys.argv[1], storage_options=options))
q.execute("set datafusion.execution.target_partitions = 1").read_all()
row = pa.table(q.execute("select count(*) n, sum(id) s, count(*) filter (where name = 'x') x from t").read_all()).to_pylist()[0]
print("%d|%d|%d" % (row["n"], row["s"], row["x"]))
PY
for t in row_table lake_table; do
  [ "$("$VENV/bin/python" "$WORK/s3read.py" "$(path $t)" 2>&1)" = "42858|1071471429|3896" ] || fail "deltalake: $("$VENV/bin/python" "$WORK/s3read.py" "$(path $t)" 2>&1 | tail -2)"
done
echo "== files"
mkdir -p "$WORK/s3/lake/in/day=1"; printf 'id,v\n1,one\n2,two\n' >"$WORK/s3/lake/in/day=1/a.csv"
is "select count(*), max(v), max(day) from read_files('s3://lake/in/*/*.csv', header => true)" "2|two|1"
is "select name, is_directory from list_files('s3://lake/in')" "day=1|t"
psql -qX -v ON_ERROR_STOP=1 -c "create table loaded (id int, v text)" -c "copy into loaded from 's3://lake/in/day=1' fileformat = csv format_options ('header' = 'true')" \
  -c "copy into loaded from 's3://lake/in/day=1' fileformat = csv format_options ('header' = 'true')" >"$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
is "select count(*) from loaded" 2
echo "== the S3 server dies, then Tarn"
kill -9 "$S3"; wait "$S3" 2>/dev/null || true
psql -qX -v ON_ERROR_STOP=1 -c "insert into row_table (id) values (100001)" -c "insert into lake_table (id) values (100001)" -c "delete from lake_table where id = 100" \
  >"$WORK/out" 2>&1 || fail "commits without the warehouse: $(cat "$WORK/out")"
kill -9 "$TARN"; wait "$TARN" 2>/dev/null || true
start
is "select count(*) from row_table" 42859
server
sync
is "select count(*), sum(id) from lake_table" "42858|1071571330"
is "set tarn.columnar = on; select count(*), sum(id) from lake_table" "42858|1071571330"
is "select count(*) filter (where state <> 'active') from tarn.mirrors" 0
for t in row_table lake_table; do bin/tarn check "$(path $t)" >"$WORK/out" 2>&1 || fail "tarn check: $(cat "$WORK/out")"; done
echo "== kill -9 under load"
for _ in 1 2 3; do
  (for i in $(seq 40); do psql -qXc "insert into lake_table select i, 'load' from generate_series(1, 50) i; delete from lake_table where name = 'load' and id > 45" >/dev/null 2>&1 || break; done) & LOAD=$!
  sleep 1.5; kill -9 "$TARN"; wait "$TARN" 2>/dev/null || true; wait "$LOAD" || true
  start; sync
  is "select count(*) % 45 = 0, count(distinct id) = 45 from lake_table where name = 'load'" "t|t"
  is "set tarn.columnar = on; select count(*) % 45 = 0, count(distinct id) = 45 from lake_table where name = 'load'" "t|t"
  bin/tarn check "$(path lake_table)" >"$WORK/out" 2>&1 || fail "tarn check: $(cat "$WORK/out")"
done
echo "== the machine is lost, the archive in the bucket is not"
sums="select count(*), sum(id) from lake_table" rows="select count(*), sum(id) from row_table"
psql -qX -v ON_ERROR_STOP=1 -c "create branch side" >"$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
PGDATABASE=postgres@side psql -qX -v ON_ERROR_STOP=1 -c "delete from lake_table where id < 10" -c "select tarn.mirror_sync()" >"$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
was=$(psql -qAtXc "$sums" -c "$rows") side=$(PGDATABASE=postgres@side psql -qAtXc "$sums") main=$(psql -qAtXc "select pg_current_wal_lsn()") other=$(PGDATABASE=postgres@side psql -qAtXc "select pg_current_wal_lsn()")
for _ in $(seq 300); do
  [ "$(psql -qAtXc "select count(*) from tarn.archive where archived_lsn >= case branch when 'main' then '$main'::pg_lsn else '$other' end")" = 2 ] && break; sleep 0.1
done
is "select count(*) from tarn.archive where archived_lsn >= case branch when 'main' then '$main'::pg_lsn else '$other' end" 2
kill -9 "$TARN"; wait "$TARN" 2>/dev/null || true
mv "$WORK/s3data" "$WORK/s3lost"
bin/tarn check s3://lake/house/.archive >"$WORK/out" 2>&1 || fail "tarn check: $(cat "$WORK/out")"
bin/tarn restore --from s3://lake/house --warehouse s3://lake/house --data "$WORK/s3data" >"$WORK/out" 2>&1 || fail "tarn restore: $(cat "$WORK/out")"
start; sync
for c in on off; do
  is "set tarn.columnar = $c; $sums; $rows" "$was"
  PGDATABASE=postgres@side is "set tarn.columnar = $c; $sums" "$side"
done
bin/tarn check "$(path lake_table)" >"$WORK/out" 2>&1 || fail "tarn check: $(cat "$WORK/out")"
kill -9 "$TARN"; wait "$TARN" 2>/dev/null || true
rm -rf "$WORK/s3data"; mv "$WORK/s3lost" "$WORK/s3data"
start
is "$sums" "$(echo "$was" | head -1)"
psql -qX -v ON_ERROR_STOP=1 -c "drop branch side" >"$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
echo "== what is dropped goes, lake tables with the restore window"
was=$(psql -qAtXc "$sums") at=$(psql -qAtXc "select pg_current_wal_lsn()")
psql -qXc "drop table row_table" -c "drop table lake_table" -c "drop table loaded" >/dev/null
psql -qX -v ON_ERROR_STOP=1 -c "create branch past at lsn '$at'" >"$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
PGDATABASE=postgres@past is "$sums" "$was"
PGDATABASE=postgres@past is "set tarn.columnar = on; $sums" "$was"
psql -qX -v ON_ERROR_STOP=1 -c "drop branch past" >"$WORK/out" 2>&1 || fail "$(cat "$WORK/out")"
kill -9 "$TARN"; wait "$TARN" 2>/dev/null || true
echo "tarn.restore_window = 0" >"$WORK/s3.conf"
start
files() { find "$WORK/s3/lake/house" -type f -not -path "*/.archive/*" -not -path "*-????????????????-*/*" 2>/dev/null | head -3; }
for _ in $(seq 100); do [ -z "$(files)" ] && break; sleep 0.2; done
[ -z "$(files)" ] || fail "left: $(files)"
echo "S3: all passed"
