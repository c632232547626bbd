#!/usr/bin/env bash
# pgbench against PostgreSQL 15 and Tarn on this machine with fsync on; prints a table of medians and ratios. Each run of the one is
# followed by a run of the other, and a ratio is the median of the pairs' ratios: what a shared machine does meanwhile meets both.
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
cleanup() { [ -z "${PG_PID:-}" ] || stop_pg 2>/dev/null || true; for p in "${PIDS[@]:-}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$WORK"; }
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

ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.4f\n", (b > 0 ? a / b : 0)}'; }

declare -A TPS CPU RATIO
one() { # port pid flags…: transactions a second and CPU µs per transaction
  local port=$1 pid=$2 before after out n; shift 2
  before=$(ticks "$pid")
  out=$(pgbench -p "$port" -n -T "$SECONDS_EACH" "$@" 2>&1) || { tail -5 <<<"$out" >&2; }
  sleep 0.3 # PostgreSQL's postmaster counts a backend's time once it has ended
  after=$(ticks "$pid")
  n=$(awk '/number of transactions actually processed/ {split($6,a,"/"); print a[1]}' <<<"$out")
  echo "$(awk '/^tps/ {print $3}' <<<"$out") $(awk -v d=$((after - before)) -v n="${n:-1}" 'BEGIN {printf "%.1f", d * 10000 / n}')" # a tick is 10 ms
}
pairs() { # name flags…
  local name=$1 pg=() tarn=() pg_cpu=() tarn_cpu=() r=() tps cpu; shift
  for p in 5601 5602; do pgbench -p $p -n -T 2 "$@" >/dev/null 2>&1 || true; done
  for _ in $(seq "$RUNS"); do
    read -r tps cpu < <(one 5601 "$PG_PID" "$@"); pg+=("$tps"); pg_cpu+=("$cpu")
    read -r tps cpu < <(one 5602 "$TARN_PID" "$@"); tarn+=("$tps"); tarn_cpu+=("$cpu")
    r+=("$(ratio "${tarn[-1]}" "${pg[-1]}")")
  done
  TPS[pg:$name]=$(printf '%s\n' "${pg[@]}" | median); CPU[pg:$name]=$(printf '%s\n' "${pg_cpu[@]}" | median)
  TPS[tarn:$name]=$(printf '%s\n' "${tarn[@]}" | median); CPU[tarn:$name]=$(printf '%s\n' "${tarn_cpu[@]}" | median)
  RATIO[$name]=$(printf '%s\n' "${r[@]}" | median)
}
load() { local s e; s=$(date +%s.%N); pgbench -p "$1" -i -q -s "$SCALE" >/dev/null 2>"$WORK/load.log" || tail -3 "$WORK/load.log" >&2; e=$(date +%s.%N); awk -v s="$s" -v e="$e" 'BEGIN {printf "%.2f\n", e - s}'; }
loads() {
  local pg=() tarn=() r=()
  for _ in $(seq $((RUNS + 2))); do
    pg+=("$(load 5601)"); tarn+=("$(load 5602)"); r+=("$(ratio "${pg[-1]}" "${tarn[-1]}")")
  done
  PG_LOAD=$(printf '%s\n' "${pg[@]}" | median) TARN_LOAD=$(printf '%s\n' "${tarn[@]}" | median) LOAD_RATIO=$(printf '%s\n' "${r[@]}" | median)
}

echo "machine: $(nproc) cores, $(awk -F: '/model name/ {print $2; exit}' /proc/cpuinfo | xargs), $(date -u +%F), scale $SCALE, $RUNS × ${SECONDS_EACH}s"
start_pg; start_tarn; IDLE=$(rss_kb "$TARN_PID")
loads
psql -p 5602 -qtc 'select tarn.mirror_sync()' >/dev/null # its first copies of the tables are no part of what follows
NAMES=()
for c in 1 8; do for m in prepared simple; do for w in select:-S tpcb: update:-N; do
  name="${w%%:*} $m c$c"; [[ -n "$ONLY" && "$name" != *"$ONLY"* ]] && continue
  NAMES+=("$name"); pairs "$name" -M "$m" -c "$c" -j "$((c > 2 ? 2 : c))" ${w#*:}
done; done; done
PG_RSS=$(rss_kb "$PG_PID") TARN_RSS=$(rss_kb "$TARN_PID")
printf '\n| workload | PostgreSQL tps | Tarn tps | ratio | PostgreSQL CPU µs/tx | Tarn CPU µs/tx |\n|---|---|---|---|---|---|\n'
for n in "${NAMES[@]}"; do
  printf '| %s | %.0f | %.0f | %.2f | %s | %s |\n' "$n" "${TPS[pg:$n]}" "${TPS[tarn:$n]}" "${RATIO[$n]}" "${CPU[pg:$n]}" "${CPU[tarn:$n]}"
done
printf '| load (s) | %s | %s | %.2f | | |\n' "$PG_LOAD" "$TARN_LOAD" "$LOAD_RATIO"
printf '| memory (MB) | %d | %d | | | |\n| memory idle (MB) | | %d | | | |\n' $((PG_RSS / 1024)) $((TARN_RSS / 1024)) $((IDLE / 1024))
if [ -z "$ONLY" ] || [[ "tpcb prepared c8 mirror off" == *"$ONLY"* ]]; then # pairs of on and off, on the same data
  on=() off=() r=()
  for _ in $(seq "$RUNS"); do
    for mirror in true false; do
      kill "$TARN_PID"; wait "$TARN_PID" 2>/dev/null || true
      start_tarn --mirror=$mirror; pgbench -p 5602 -n -T 2 -M prepared -c 8 -j 2 >/dev/null 2>&1
      read -r tps _ < <(one 5602 "$TARN_PID" -M prepared -c 8 -j 2)
      if [ $mirror = true ]; then on+=("$tps"); else off+=("$tps"); fi
    done
    r+=("$(ratio "${on[-1]}" "${off[-1]}")")
  done
  printf '| tpcb prepared c8, mirror off / on | %.0f | %.0f | on / off %.2f | | |\n' "$(printf '%s\n' "${off[@]}" | median)" "$(printf '%s\n' "${on[@]}" | median)" "$(printf '%s\n' "${r[@]}" | median)"
fi
stop_pg; PG_PID=
