#!/usr/bin/env bash
# pgbench against PostgreSQL 15 and Tarn on this machine, in turn, with fsync on; prints a table of medians and ratios.
#   BENCH_SECONDS=10 BENCH_SCALE=20 BENCH_RUNS=3 BENCH_ONLY=select tests/bench/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
SECONDS_EACH=${BENCH_SECONDS:-10} SCALE=${BENCH_SCALE:-20} RUNS=${BENCH_RUNS:-3} ONLY=${BENCH_ONLY:-}
PGBIN=/usr/lib/postgresql/15/bin
if [ ! -x $PGBIN/pgbench ] || [ ! -x $PGBIN/initdb ]; then
  echo "installing postgresql-15 (the peer, and pgbench)"; apt-get update -qq; apt-get install -y -qq postgresql-15 postgresql-client-15 >/dev/null
fi
export PGUSER=postgres PGHOST=127.0.0.1 PGDATABASE=postgres
WORK=$(mktemp -d /tmp/tarn-bench-XXXX); chmod 755 "$WORK"
PIDS=()
cleanup() { for p in "${PIDS[@]:-}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$WORK"; }
trap cleanup EXIT

start_pg() {
  mkdir -p "$WORK/pg"; chown postgres "$WORK/pg"
  su postgres -c "$PGBIN/initdb -D $WORK/pg/data -U postgres --auth=trust --locale=C.UTF-8 -E UTF8" >/dev/null
  cat >> "$WORK/pg/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = 5601
unix_socket_directories = '$WORK/pg'
shared_buffers = 2GB
max_wal_size = 8GB
CONF
  su postgres -c "$PGBIN/pg_ctl -D $WORK/pg/data -l $WORK/pg/log -w start" >/dev/null
  PG_PID=$(head -1 "$WORK/pg/data/postmaster.pid")
}
stop_pg() { su postgres -c "$PGBIN/pg_ctl -D $WORK/pg/data -m fast -w stop" >/dev/null; }
start_tarn() { # extra flags
  bin/tarn serve --data "$WORK/tarn" --listen 127.0.0.1:5602 --cache-mb 2048 "$@" >"$WORK/tarn.log" 2>&1 &
  TARN_PID=$!; PIDS+=("$TARN_PID")
  for _ in $(seq 100); do psql -p 5602 -qtc 'select 1' >/dev/null 2>&1 && return; sleep 0.1; done
  echo "tarn did not start"; tail -20 "$WORK/tarn.log"; exit 1
}
# CPU ticks (user+system) of a process and its children so far.
ticks() { local t=0; for p in $1 $(pgrep -P "$1" || true); do t=$((t + $(awk '{print $14+$15+$16+$17}' "/proc/$p/stat" 2>/dev/null || echo 0))); done; echo "$t"; }
rss_kb() { local t=0; for p in $1 $(pgrep -P "$1" || true); do t=$((t + $(awk '/^Pss:/ {print $2}' "/proc/$p/smaps_rollup" 2>/dev/null || echo 0))); done; echo "$t"; }
median() { sort -n | awk '{a[NR]=$1} END {print (NR%2) ? a[(NR+1)/2] : (a[NR/2]+a[NR/2+1])/2}'; }

declare -A TPS CPU
measure() { # system port pid name flags…
  local sys=$1 port=$2 pid=$3 name=$4; shift 4
  local tps=() cpu=()
  pgbench -p "$port" -n -T 2 "$@" >/dev/null 2>&1 || true
  for _ in $(seq "$RUNS"); do
    local before after out n
    before=$(ticks "$pid")
    out=$(pgbench -p "$port" -n -T "$SECONDS_EACH" "$@" 2>&1) || { echo "$out" | tail -5; }
    sleep 0.3 # PostgreSQL's postmaster counts a backend's time once it has ended
    after=$(ticks "$pid")
    n=$(awk '/number of transactions actually processed/ {split($6,a,"/"); print a[1]}' <<<"$out")
    tps+=("$(awk '/^tps/ {print $3}' <<<"$out")")
    cpu+=("$(awk -v d=$((after - before)) -v n="${n:-1}" 'BEGIN {printf "%.1f", d * 10000 / n}')") # µs: a tick is 10 ms
  done
  TPS[$sys:$name]=$(printf '%s\n' "${tps[@]}" | median); CPU[$sys:$name]=$(printf '%s\n' "${cpu[@]}" | median)
}
NAMES=()
all() { # system port pid
  for c in 1 8; do for m in prepared simple; do
    for w in select:-S tpcb: update:-N; do
      local name="${w%%:*} $m c$c"; [[ -n "$ONLY" && "$name" != *"$ONLY"* ]] && continue
      [[ " ${NAMES[*]:-} " == *"|$name|"* ]] || NAMES+=("|$name|")
      measure "$1" "$2" "$3" "$name" -M "$m" -c "$c" -j "$(( c > 2 ? 2 : c ))" ${w#*:}
    done
  done; done
}
one_load() { local s e; s=$(date +%s.%N); pgbench -p "$1" -i -q -s "$SCALE" >/dev/null 2>"$WORK/load.log" || { tail -3 "$WORK/load.log"; }; e=$(date +%s.%N); awk -v s="$s" -v e="$e" 'BEGIN {printf "%.2f", e - s}'; }

load() { for _ in $(seq "$RUNS"); do one_load "$1"; echo; done | median; } # port

echo "machine: $(nproc) cores, $(awk -F: '/model name/ {print $2; exit}' /proc/cpuinfo | xargs), $(date -u +%F), scale $SCALE, $RUNS × ${SECONDS_EACH}s"
start_pg; PG_LOAD=$(load 5601); all pg 5601 "$PG_PID"; PG_RSS=$(rss_kb "$PG_PID"); stop_pg
start_tarn; IDLE=$(rss_kb "$TARN_PID"); TARN_LOAD=$(load 5602); all tarn 5602 "$TARN_PID"; TARN_RSS=$(rss_kb "$TARN_PID")
printf '\n| workload | PostgreSQL tps | Tarn tps | ratio | PostgreSQL CPU µs/tx | Tarn CPU µs/tx |\n|---|---|---|---|---|---|\n'
for q in "${NAMES[@]}"; do n=${q//|/}
  printf '| %s | %.0f | %.0f | %.2f | %s | %s |\n' "$n" "${TPS[pg:$n]:-0}" "${TPS[tarn:$n]:-0}" \
    "$(awk -v a="${TPS[tarn:$n]:-0}" -v b="${TPS[pg:$n]:-1}" 'BEGIN {print a / b}')" "${CPU[pg:$n]:-}" "${CPU[tarn:$n]:-}"
done
printf '| load (s) | %s | %s | %.2f | | |\n' "$PG_LOAD" "$TARN_LOAD" "$(awk -v a="$TARN_LOAD" -v b="$PG_LOAD" 'BEGIN {print b / a}')"
printf '| memory (MB) | %d | %d | | | |\n| memory idle (MB) | | %d | | | |\n' $((PG_RSS / 1024)) $((TARN_RSS / 1024)) $((IDLE / 1024))
kill "$TARN_PID"; wait "$TARN_PID" 2>/dev/null || true
if [ -z "$ONLY" ] || [[ "tpcb prepared c8 no mirror" == *"$ONLY"* ]]; then
  start_tarn --mirror=false; measure tarn 5602 "$TARN_PID" "tpcb prepared c8 no mirror" -M prepared -c 8 -j 2
  printf '| tpcb prepared c8, mirror off | | %.0f | mirror on / off %.2f | | %s |\n' "${TPS[tarn:tpcb prepared c8 no mirror]}" \
    "$(awk -v a="${TPS[tarn:tpcb prepared c8]:-0}" -v b="${TPS[tarn:tpcb prepared c8 no mirror]:-1}" 'BEGIN {print a / b}')" "${CPU[tarn:tpcb prepared c8 no mirror]}"
fi
