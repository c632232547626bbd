#!/usr/bin/env bash
# What the server itself costs: start of an empty one, idle memory, allocations per prepared point select. tests/bench/server.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
WORK=$(mktemp -d /tmp/tarn-server-XXXX); PORT=$((21000 + RANDOM % 20000)) PID=
export PGUSER=postgres PGHOST=127.0.0.1 PGPORT=$PORT PGDATABASE=postgres
trap 'kill $PID 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$WORK"' EXIT
start() { # until it accepts connections, in ms
  local s; s=$(date +%s%N)
  bin/tarn serve --data "$WORK/$1" --listen "127.0.0.1:$PORT" --debug "127.0.0.1:$((PORT + 1))" >"$WORK/log" 2>&1 & PID=$!
  until (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do sleep 0.002; done
  awk -v s="$s" -v e="$(date +%s%N)" 'BEGIN {printf "%.0f\n", (e - s) / 1e6}' >>"$WORK/ms"
}
stop() { kill $PID; wait $PID 2>/dev/null || true; }
for i in 1 2 3 4 5; do start "d$i"; [ "$i" = 5 ] || stop; done
echo "start of an empty server, until it accepts: $(sort -n "$WORK/ms" | sed -n 3p) ms (median of 5)"
sleep 3
echo "idle memory (Pss): $(awk '/^Pss:/ {printf "%d MB", $2 / 1024}' /proc/$PID/smaps_rollup)"
pgbench -i -q -s 1 >/dev/null 2>&1
mallocs() { curl -s "http://127.0.0.1:$((PORT + 1))/debug/pprof/allocs?debug=1" | awk '/^# Mallocs = / {print $4}'; }
pgbench -n -S -M prepared -t 20000 >/dev/null 2>&1
A=$(mallocs); pgbench -n -S -M prepared -t 100000 >/dev/null 2>&1; B=$(mallocs)
awk -v a="$A" -v b="$B" 'BEGIN {printf "allocations per prepared point select: %.1f\n", (b - a) / 100000}'
A=$(mallocs); pgbench -n -S -M simple -t 100000 >/dev/null 2>&1; B=$(mallocs)
awk -v a="$A" -v b="$B" 'BEGIN {printf "allocations per simple point select: %.1f\n", (b - a) / 100000}'
