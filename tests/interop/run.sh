#!/usr/bin/env bash
# Real clients and foreign Delta readers against a running Tarn; installs what it needs (Debian packages, PyPI).
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v psql >/dev/null && command -v pgbench >/dev/null || { apt-get update -qq; apt-get install -y -qq postgresql-client-15 postgresql-contrib-15 >/dev/null 2>&1 || apt-get install -y -qq postgresql-client-15 postgresql-15 >/dev/null; }
VENV=${TARN_VENV:-$HOME/.cache/tarn-interop}
if [ ! -x "$VENV/bin/python" ] || ! "$VENV/bin/python" -c 'import deltalake, duckdb, pyarrow, pytz, psycopg, pandas, polars' 2>/dev/null; then
  python3 -c 'import venv, ensurepip' 2>/dev/null || apt-get install -y -qq python3-venv >/dev/null
  python3 -m venv "$VENV"; "$VENV/bin/pip" -q install deltalake==1.6.3 duckdb pyarrow pytz pandas polars 'psycopg[binary]'
fi
WORK=$(mktemp -d /tmp/tarn-interop-XXXX); PORT=$((20000 + RANDOM % 20000)); PID=
export PGHOST=127.0.0.1 PGPORT=$PORT PGUSER=postgres PGDATABASE=postgres
trap 'kill -9 $PID 2>/dev/null || true; rm -rf "$WORK"' EXIT
start() {
  bin/tarn serve --data "$WORK/data" --listen "127.0.0.1:$PORT" >>"$WORK/log" 2>&1 & PID=$!
  for _ in $(seq 100); do psql -qtc 'select 1' >/dev/null 2>&1 && return; sleep 0.1; done
  echo "server does not answer"; tail -20 "$WORK/log"; exit 1
}
fail() { echo "FAIL: $*"; tail -20 "$WORK/log"; exit 1; }
sums() { psql -qAtX -c "select (select sum(abalance) from pgbench_accounts) = (select sum(tbalance) from pgbench_tellers)
  and (select sum(tbalance) from pgbench_tellers) = (select sum(bbalance) from pgbench_branches)
  and (select sum(bbalance) from pgbench_branches) = (select coalesce(sum(delta), 0) from pgbench_history)"; }
readers() { psql -qAtX -c 'select tarn.mirror_sync()' >/dev/null
  "$VENV/bin/python" tests/interop/delta_readers.py --dsn "host=127.0.0.1 port=$PORT user=postgres dbname=postgres" pgbench_accounts pgbench_branches pgbench_tellers pgbench_history; }

# Tarn's own validator, which is stricter than readers, over every Delta table.
checked() {
  psql -qAtX -v ON_ERROR_STOP=1 -c "select tarn.delta_path(c.oid::regclass) from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r'
    and relpersistence = 'p' and nspname not in ('pg_catalog', 'information_schema', 'tarn')" >"$WORK/paths" || fail "delta_path"
  [ -s "$WORK/paths" ] || fail "no Delta tables"
  while read -r p; do bin/tarn check "$p" >"$WORK/out" 2>&1 || fail "tarn check $p: $(cat "$WORK/out")"; done <"$WORK/paths"
  echo "tarn check: $(wc -l <"$WORK/paths") tables"
}

start
echo "== pgbench as shipped"
pgbench -i -q -s 2 2>"$WORK/init" || fail "pgbench -i: $(tail -3 "$WORK/init")"
for mode in simple extended prepared; do for script in "" -S -N; do
  pgbench -n -M $mode $script -c 4 -j 2 -T 2 >"$WORK/out" 2>&1 || fail "pgbench -M $mode $script: $(tail -3 "$WORK/out")"
done; done
# -N changes accounts and history only, so the four sums are compared after a run of TPC-B alone.
psql -qX -c "update pgbench_accounts set abalance = 0; update pgbench_tellers set tbalance = 0; update pgbench_branches set bbalance = 0; truncate pgbench_history" || fail reset
pgbench -n -M prepared -c 8 -j 2 -T 3 >/dev/null 2>&1 || fail "pgbench"
[ "$(sums)" = t ] || fail "sums differ"
echo "== psql"
for c in '\l' '\d' '\dt' '\dn' '\du' '\di' '\dv' '\ds' '\d pgbench_accounts' '\d+ pgbench_accounts'; do
  psql -X -v ON_ERROR_STOP=1 -c "$c" >"$WORK/out" 2>&1 || fail "psql $c: $(tail -3 "$WORK/out")"
  ! grep -q ERROR "$WORK/out" || fail "psql $c: $(grep ERROR "$WORK/out")"
done
psql -X -c '\d pgbench_accounts' | grep -q '"pgbench_accounts_pkey" PRIMARY KEY, btree (aid)' || fail "\\d does not show the primary key"
PGBIN=/usr/lib/postgresql/15/bin
if [ -x $PGBIN/initdb ] && [ "$(id -u)" = 0 ]; then # PostgreSQL itself beside Tarn: what clients print and dump must be the same
  mkdir -m 777 "$WORK/pg"; chmod 755 "$WORK"; OPORT=$((PORT + 1))
  su postgres -c "$PGBIN/initdb -D $WORK/pg/data -U postgres -A trust --locale=C.UTF-8 -E UTF8 >/dev/null && $PGBIN/pg_ctl -D $WORK/pg/data -l $WORK/pg/log -w start \
    -o '-p $OPORT -k $WORK/pg -c fsync=off -c listen_addresses=127.0.0.1' >/dev/null" || fail "PostgreSQL does not start"
  trap 'su postgres -c "$PGBIN/pg_ctl -D $WORK/pg/data -m immediate stop" >/dev/null 2>&1 || true; kill -9 $PID 2>/dev/null || true; rm -rf "$WORK"' EXIT
  echo "== psql's transcripts beside PostgreSQL"
  (unset PGHOST PGPORT PGUSER PGDATABASE; go run ./tests/interop/psql -tarn "127.0.0.1:$PORT" -postgres "127.0.0.1:$OPORT") || fail "psql"
  echo "== made-up SQL beside PostgreSQL"
  (unset PGHOST PGPORT PGUSER PGDATABASE; go run ./tests/differential -tarn "127.0.0.1:$PORT" -postgres "127.0.0.1:$OPORT" -time "${DIFFERENTIAL_TIME:-20s}" -seed "${DIFFERENTIAL_SEED:-1}") || fail "differential"
  (unset PGHOST PGPORT PGUSER PGDATABASE; go run ./tests/differential -columns -tarn "127.0.0.1:$PORT" -postgres "127.0.0.1:$OPORT" -time "${DIFFERENTIAL_TIME:-20s}" -seed "${DIFFERENTIAL_SEED:-1}") || fail "differential over columns"
  echo "== TPC-H's and ClickBench's queries over rows, over columns and in PostgreSQL"
  (unset PGHOST PGPORT PGUSER PGDATABASE; TARN_ORACLE="host=127.0.0.1 port=$OPORT user=postgres dbname=postgres" go test -count=1 ./sql/columnar/duck -run TestBenchmarkQueries) || fail "benchmark queries"
  echo "== pg_dump beside PostgreSQL"
  (unset PGPORT PGDATABASE; tests/interop/pgdump.sh "$PORT" "$OPORT") || fail "pg_dump"
else
  echo "== psql's transcripts and pg_dump: skipped, they need PostgreSQL 15's server and root"
fi
echo "== every type of column in foreign Delta readers"
psql -qX -v ON_ERROR_STOP=1 -f tests/interop/mirror_types.sql >"$WORK/out" 2>&1 || fail "mirror_types.sql: $(tail -3 "$WORK/out")"
"$VENV/bin/python" tests/interop/delta_readers.py --dsn "host=127.0.0.1 port=$PORT user=postgres dbname=postgres" --schema mt || fail "Delta readers of all types"
echo "== foreign Delta readers after updates"
readers || fail "Delta readers"
echo "== Spark with Delta Lake"
tests/interop/spark.sh "$WORK" "$PORT" || fail "Spark"
checked
echo "== Delta Acceptance Tests"
tests/interop/dat.sh "$WORK" || fail "Delta Acceptance Tests"
echo "== kill -9, then again"
kill -9 $PID; wait $PID 2>/dev/null || true
start
[ "$(sums)" = t ] || fail "sums differ after kill -9"
readers || fail "Delta readers after kill -9"
checked
echo "== a warehouse on S3"
tests/interop/s3.sh "$WORK" || fail "S3"
echo "== psycopg"
"$VENV/bin/python" tests/interop/psycopg_smoke.py "host=127.0.0.1 port=$PORT user=postgres dbname=postgres" || fail psycopg
echo "== Go drivers' own suites"
tests/interop/drivers.sh "$WORK" || fail "driver suites"
echo "== ORMs' own suites"
tests/interop/orm/run.sh "$WORK" || fail "ORM suites"
echo "== clients of other languages beside PostgreSQL"
tests/interop/orm/clients.sh "$WORK" "$PORT" "${OPORT:-}" || fail "clients"
echo "interop: all passed"
