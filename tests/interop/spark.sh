#!/usr/bin/env bash
# Spark with Delta Lake's own library beside the Tarn on PORT, which has run.sh's tables. Usage: spark.sh WORK PORT; TARN_VENV has the
# Python of run.sh. Installs pyspark, Delta's jars and, where there is none, a Java.
set -euo pipefail
cd "$(dirname "$0")"
WORK=$1; PORT=$2; VENV=${TARN_VENV:-$HOME/.cache/tarn-interop}; SPARK=4.1.1; DELTA=4.2.0
export PGHOST=127.0.0.1 PGPORT=$PORT PGUSER=postgres PGDATABASE=postgres
command -v java >/dev/null || { apt-get update -qq; apt-get install -y -qq default-jre-headless >/dev/null; }
"$VENV/bin/python" -c "import pyspark; assert pyspark.__version__ == '$SPARK'" 2>/dev/null || "$VENV/bin/pip" -q install "pyspark==$SPARK"
JARS=$("$VENV/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')/jars
# What else Delta names as dependencies is Spark's own.
for a in delta-spark_2.13 delta-storage delta-kernel-api delta-kernel-defaults delta-kernel-unitycatalog; do
  [ -s "$JARS/$a-$DELTA.jar" ] || java -jar "$JARS"/ivy-*.jar -cache "$WORK/ivy" -dependency io.delta $a $DELTA -notransitive -confs default \
    -retrieve "$JARS/[artifact]-[revision].[ext]" >"$WORK/out" 2>&1 || { tail -20 "$WORK/out"; exit 1; }
done
psql -qX -v ON_ERROR_STOP=1 -f spark_tables.sql >"$WORK/out" 2>&1 || { tail -3 "$WORK/out"; exit 1; }
LC_ALL=C.UTF-8 SPARK_LOCAL_IP=127.0.0.1 "$VENV/bin/python" spark.py --dsn "host=127.0.0.1 port=$PORT user=postgres dbname=postgres" --branch spark --schema mt --schema sp \
  --feed sp.feed --feed sp.feed_rewritten --feed sp.feed_lake --feed sp.feed_truncated --dir "$WORK/spark" --tarn "$PWD/../../bin/tarn" \
  pgbench_accounts pgbench_branches pgbench_tellers pgbench_history 2>"$WORK/spark.err" || { grep -v WARN "$WORK/spark.err" | tail -30; exit 1; }
psql -qX -v ON_ERROR_STOP=1 -c "drop branch spark" -c "drop schema sp cascade" >"$WORK/out" 2>&1 || { tail -3 "$WORK/out"; exit 1; }
