#!/usr/bin/env bash
# Sorts and joins SPILL_GB (5) of rows with work_mem = 64 MB, prints time and the server's peak memory.
set -euo pipefail
cd "$(dirname "$0")/../.."
GB=${SPILL_GB:-5} BIN=${TARN_BIN:-bin/tarn}
WORK=$(mktemp -d /tmp/tarn-spill-XXXX); PORT=$((20000 + RANDOM % 20000)); PID=
trap 'kill -9 $PID 2>/dev/null || true; rm -rf "$WORK"' EXIT
export PGHOST=127.0.0.1 PGPORT=$PORT PGUSER=postgres PGDATABASE=postgres
"$BIN" serve --data "$WORK/data" --listen "127.0.0.1:$PORT" --cache-mb 64 >"$WORK/log" 2>&1 & PID=$!
for _ in $(seq 100); do psql -qtXc 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
rows=$((GB * 8000000)) # of about 134 bytes
gen() { echo "select g, repeat('x', 90) || md5(g::text) s from generate_series(1, $1) g"; }
run() { # name sql expected
  local t=$SECONDS got
  got=$(psql -qAtX -c "set work_mem = '64MB'" -c "$2") || { tail -5 "$WORK/log"; exit 1; }
  [ "$got" = "$3" ] || { echo "$1: $got, not $3"; exit 1; }
  printf '%s: %d s, peak memory %d MB\n' "$1" $((SECONDS - t)) $(($(awk '/VmHWM/ {print $2}' /proc/$PID/status) / 1024))
}
[ "${SPILL_ONLY:-sort}" != sort ] || run "sort of $GB GB" "select count(*), sum(case when s < before then 1 else 0 end) from (select s, lag(s) over () before from ($(gen $rows) order by s) t) u" "$rows|0"
[ "${SPILL_ONLY:-hash}" != hash ] || run "hash join of $GB GB" "set enable_mergejoin = off; select count(*) from ($(gen $((rows / 2)))) a join ($(gen $((rows / 2)))) b on a.s = b.s" "$((rows / 2))"
