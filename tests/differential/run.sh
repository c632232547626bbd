#!/usr/bin/env bash
# Made-up SQL on a fresh Tarn and a fresh PostgreSQL 15: DIFFERENTIAL_TIME=10m DIFFERENTIAL_SEED=1 tests/differential/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
PGBIN=/usr/lib/postgresql/15/bin
[ -x $PGBIN/initdb ] || { apt-get update -qq; apt-get install -y -qq postgresql-15 >/dev/null; }
WORK=$(mktemp -d /tmp/tarn-differential-XXXX); chmod 755 "$WORK"; mkdir -m 777 "$WORK/pg"; PORT=$((20000 + RANDOM % 20000)) PID=
trap 'kill $PID 2>/dev/null || true; su postgres -c "$PGBIN/pg_ctl -D $WORK/pg/data -m immediate stop" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT
su postgres -c "$PGBIN/initdb -D $WORK/pg/data -U postgres -A trust --locale=C.UTF-8 -E UTF8 >/dev/null && $PGBIN/pg_ctl -D $WORK/pg/data -l $WORK/pg/log -w start \
  -o '-p $((PORT + 1)) -k $WORK/pg -c fsync=off -c listen_addresses=127.0.0.1' >/dev/null"
bin/tarn serve --data "$WORK/data" --listen "127.0.0.1:$PORT" >"$WORK/log" 2>&1 & PID=$!
for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && break; sleep 0.1; done
TARN_ORACLE="host=127.0.0.1 port=$((PORT + 1)) user=postgres dbname=postgres" go test -count=1 ./sql/columnar/duck -run TestBenchmarkQueries
for what in "" -columns; do
  go run ./tests/differential $what -tarn "127.0.0.1:$PORT" -postgres "127.0.0.1:$((PORT + 1))" -time "${DIFFERENTIAL_TIME:-10m}" -seed "${DIFFERENTIAL_SEED:-$(date +%s)}"
done
