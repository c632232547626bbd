#!/usr/bin/env bash
# PostgreSQL 15's isolation suite against a fresh Tarn: each spec through PostgreSQL's own isolationtester, in a database of its
# own, compared with PostgreSQL's expected output. tests/isolation/expected_failures.txt lists the specs that do not pass, each
# with its reason: a failure that is not listed and a pass that is fail the run.
#   tests/isolation/run.sh [spec …]      ISOLATION_OUT=dir keeps outputs and differences
set -euo pipefail
cd "$(dirname "$0")/../.."
TESTER=/usr/lib/postgresql/15/lib/pgxs/src/test/isolation/isolationtester
CACHE=${TARN_REGRESS_SRC:-$HOME/.cache/tarn-regress}
[ -x "$TESTER" ] || { apt-get update -qq; apt-get install -y -qq postgresql-client-15 >/dev/null; }
if [ ! -d "$CACHE/src" ]; then
  mkdir -p "$CACHE"
  LIST=/etc/apt/sources.list.d/tarn-regress.list
  trap 'rm -f "$LIST"' EXIT
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" > "$LIST"
  apt-get update -qq
  (cd "$CACHE" && apt-get source -qq --download-only postgresql-15 && rm -rf tmp && mkdir tmp && tar -xf postgresql-15_*.orig.tar.* -C tmp && mv tmp/* src)
  rm -f "$LIST"
fi
WORK=$(mktemp -d /tmp/tarn-isolation-XXXX); PORT=${ISOLATION_PORT:-$((20000 + RANDOM % 20000))}; PID=
trap 'kill -9 $PID 2>/dev/null && wait $PID 2>/dev/null || true; rm -rf "$WORK"' EXIT
"${TARN_BIN:-bin/tarn}" serve --data "$WORK/data" --listen "127.0.0.1:$PORT" --mirror=false >"$WORK/log" 2>&1 & PID=$!
for _ in $(seq 100); do psql -h 127.0.0.1 -p $PORT -U postgres -qtc 'select 1' postgres >/dev/null 2>&1 && break; sleep 0.1; done
python3 tests/isolation/specs.py --tester "$TESTER" --src "$CACHE/src/src/test/isolation" --port $PORT \
  --out "${ISOLATION_OUT:-$WORK/out}" --list tests/isolation/expected_failures.txt "$@"
kill -0 $PID 2>/dev/null || { echo "isolation: the server has crashed"; tail -40 "$WORK/log"; exit 1; }
