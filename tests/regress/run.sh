#!/usr/bin/env bash
# Scores PostgreSQL 15's own regression suite against a fresh Tarn, statement by statement (../shared/tools/pgregress), and fails
# when the headline falls below tests/regress/floor. Without REGRESS_FILES it runs the files below, which need nothing that is not
# built; REGRESS_FILES=a,b chooses others, REGRESS_FILES=all the whole schedule. REGRESS_UPDATE=1 keeps the scores.
set -euo pipefail
cd "$(dirname "$0")/../.."
TOOL=../shared/tools/pgregress
CACHE=${TARN_REGRESS_SRC:-$HOME/.cache/tarn-regress}
if [ ! -f "$TOOL" ]; then echo "regress: $TOOL is not here, nothing to score with"; exit 1; fi
command -v psql >/dev/null || { apt-get update -qq; apt-get install -y -qq postgresql-client-15 >/dev/null; }
if [ ! -d "$CACHE/src" ]; then
  mkdir -p "$CACHE"
  LIST=/etc/apt/sources.list.d/tarn-regress.list
  trap 'rm -f "$LIST"' EXIT
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" > "$LIST"
  apt-get update -qq
  (cd "$CACHE" && apt-get source -qq --download-only postgresql-15 && rm -rf tmp && mkdir tmp && tar -xf postgresql-15_*.orig.tar.* -C tmp && mv tmp/* src)
  rm -f "$LIST"
fi
FILES=${REGRESS_FILES:-boolean,char,name,varchar,text,int2,int4,int8,oid,float4,float8,bit,numeric,uuid,date,time,timetz,timestamp,timestamptz,interval,strings,case,select,select_distinct,select_having,select_implicit,union,insert,update,delete,limit,arrays,json,jsonb,transactions,prepare,sequence,truncate,subselect,with,window}
[ "$FILES" = all ] && FILES=
WORK=$(mktemp -d /tmp/tarn-regress-XXXX); PORT=$((20000 + RANDOM % 20000)); PID=
trap 'kill -9 $PID 2>/dev/null || true; rm -rf "$WORK"' EXIT
bin/tarn serve --data "$WORK/data" --listen "127.0.0.1:$PORT" --mirror=false >"$WORK/log" 2>&1 & PID=$!
for _ in $(seq 100); do psql -h 127.0.0.1 -p $PORT -U postgres -qtc 'select 1' postgres >/dev/null 2>&1 && break; sleep 0.1; done
python3 "$TOOL" --src "$CACHE/src" --port $PORT --timeout 20 --out "$WORK/out" --json "$WORK/scores.json" ${FILES:+--files "$FILES"}
kill -0 $PID 2>/dev/null || { echo "regress: the server has crashed"; tail -40 "$WORK/log"; exit 1; }
if [ -n "${REGRESS_UPDATE:-}" ]; then cp "$WORK/scores.json" tests/regress/scores.json; fi
python3 - "$WORK/scores.json" tests/regress/floor <<'P'
import json, sys
core = json.load(open(sys.argv[1]))["sums"]["core"]
got, floor = 100 * core["exact"] / max(1, core["total"]), float(open(sys.argv[2]).read())
print(f"regress: {got:.2f}% exact, floor {floor}%")
sys.exit(got < floor)
P
