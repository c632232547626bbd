#!/usr/bin/env bash
# Real use of the clients of other languages, the same on Tarn and on PostgreSQL, which must give the same: clients.sh WORKDIR TARN_PORT [POSTGRESQL_PORT] [CLIENT…]
set -euo pipefail
cd "$(dirname "$0")"
HERE=$PWD WORK=$1 TARN=$2 POSTGRESQL=${3:-}; shift $(($# < 3 ? $# : 3))
CLIENTS=${*:-prisma drizzle knex kysely typeorm sequelize gorm pgjdbc hibernate}
mkdir -p "$WORK/clients/tarn" "$WORK/clients/postgresql"

node_modules() { # packages of the committed lock file, installed once for each state of it
  command -v npm >/dev/null || { apt-get update -qq; apt-get install -y -qq nodejs npm >/dev/null; }
  local cache; cache=$HOME/.cache/tarn-interop/node-$(sha256sum "$HERE/node/package-lock.json" | cut -c1-16)
  if [ ! -e "$cache/done" ]; then
    rm -rf "$cache"; mkdir -p "$cache"; cp "$HERE"/node/package*.json "$cache"
    (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --silent) && touch "$cache/done" # scripts: Prisma's fetches engines that are not used
  fi
  cp -r "$HERE/node" "$WORK/clients/node"; ln -s "$cache/node_modules" "$WORK/clients/node/node_modules"
}
java_classes() { # the JVM's, in two folders: what pom.xml names, fetched once for each state of it, and the checks
  command -v javac >/dev/null && command -v mvn >/dev/null || { apt-get update -qq; apt-get install -y -qq default-jdk-headless maven >/dev/null; }
  local cache; cache=$HOME/.cache/tarn-interop/jdbc-$(sha256sum "$HERE/jdbc/pom.xml" | cut -c1-16)
  if [ ! -e "$cache/done" ]; then
    rm -rf "$cache"; mkdir -p "$cache"
    mvn -B -q -f "$HERE/jdbc/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache" >"$WORK/clients/log" 2>&1 || { tail -20 "$WORK/clients/log"; return 1; }
    touch "$cache/done"
  fi
  ln -s "$cache" "$WORK/clients/jars"
  javac -nowarn -d "$WORK/clients/java" -cp "$cache/*" "$HERE"/jdbc/checks/*.java
}
prepare() {
  if [ "$1" = gorm ]; then # a module of its own, so that Tarn's has no ORM in it
    (cd "$HERE/gorm" && go build -o "$WORK/clients/gorm" .)
    return
  fi
  if [ "$1" = pgjdbc ] || [ "$1" = hibernate ]; then
    [ -e "$WORK/clients/java" ] || java_classes
    return
  fi
  [ -e "$WORK/clients/node" ] || node_modules
  if [ "$1" = prisma ]; then
    (cd "$WORK/clients/node" && PRISMA_SCHEMA=$PWD/prisma/first.prisma DATABASE_URL=postgresql://nobody@localhost:1/none CHECKPOINT_DISABLE=1 \
      node node_modules/prisma/build/index.js generate --no-hints --config prisma/prisma.config.mjs >"$WORK/clients/log" 2>&1) || { cat "$WORK/clients/log"; return 1; }
  fi
}
run() { # client server port
  local at=$WORK/clients
  case $1 in
    prisma | drizzle) (cd "$at/node" && SERVER_URL=postgresql://postgres@127.0.0.1:$3 timeout 240 node --import tsx "$1.mjs") ;; # tsx: what they read is TypeScript
    pgjdbc | hibernate) SERVER_URL=jdbc:postgresql://127.0.0.1:$3 timeout 240 java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx1g -cp "$at/java:$at/jars/*" checks.Main "$1" ;;
    gorm) SERVER_URL=postgresql://postgres@127.0.0.1:$3 timeout 240 "$at/gorm" ;;
    *) (cd "$at/node" && SERVER_URL=postgresql://postgres@127.0.0.1:$3 timeout 240 node "$1.mjs") ;;
  esac >"$at/$2/$1" 2>"$at/$2.$1.log" || true # compare.py reads how each check ended; one that did not run is a failure there
}
for client in $CLIENTS; do
  t=$SECONDS
  prepare "$client"
  if [ -n "$POSTGRESQL" ]; then run "$client" postgresql "$POSTGRESQL" & fi
  run "$client" tarn "$TARN"
  wait
  cat "$WORK"/clients/{tarn,postgresql}."$client.log" 2>/dev/null | grep -v Warning | tail -20 || true
  echo "$client: $((SECONDS - t)) s"
done
least=960
[ "$#" = 0 ] || least=1
python3 compare.py clients.expected $least "$WORK/clients/tarn" ${POSTGRESQL:+"$WORK/clients/postgresql"}
