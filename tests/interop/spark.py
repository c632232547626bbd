#!/usr/bin/env python3
"""Spark with Delta Lake's own library beside Tarn: each reads what the other has written.

    spark.py --dsn "host=127.0.0.1 port=5432 user=postgres dbname=postgres" [--schema S]... [--branch B] [--feed T]... [--dir DIR --tarn bin/tarn] TABLE...

The tables that are named, the schemas' and those of the branch with its schema sp are compared, as Spark reads them, with psql's answers, and
the change data feeds of those after --feed with table_changes. In DIR
Spark makes the tables of spark_writes.py, which Tarn reads.
Exit status 1 and the first differences where the two disagree. Needs pyspark and Delta's jars (spark.sh), and what delta_readers.py needs.
"""
import argparse, sys, time

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from delta_readers import compare, rows, tables_of, wanted
from spark_writes import by_arrow, by_tarn, same, written


def session():
    # Loopback only; one thread and one partition, for tables that are small.
    b = SparkSession.builder.master("local[1]").appName("tarn")
    for k, v in {
        "spark.driver.memory": "1g", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "1", "spark.default.parallelism": "1",
        "spark.databricks.delta.snapshotPartitions": "1", "spark.sql.adaptive.enabled": "false",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }.items():
        b = b.config(k, v)
    return b.getOrCreate()


def read(spark, dsn, where, names):
    ok = True
    for t in names:
        path, want = wanted(dsn, t)
        df = spark.read.format("delta").load(path)
        ok = compare("%s%s by spark" % (t, where), want, rows(df.toArrow())) and ok
    return ok


def feeds(spark, dsn, names):
    """Compares what Tarn's change data feeds say to Spark and to deltalake with table_changes."""
    ok = True
    for t in names:
        path, _ = wanted(dsn, t)
        changes = "table_changes('%s', 0)" % t
        df = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 0).load(path)
        ok = same(dsn, t + ", changes by spark", df, changes) and ok
        if t.endswith("truncated"):
            continue  # deltalake 1.6.3 does not apply the deletion vectors of files that a version removes
        table = pa.table(DeltaTable(path).load_cdf(starting_version=0).read_all()).drop_columns(["_commit_timestamp"])
        types, got = by_arrow(table)
        ok = compare(t + ", changes by deltalake", by_tarn(dsn, changes, table.column_names, types), got, "tarn") and ok
    return ok


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--dsn", required=True)
    ap.add_argument("--branch")
    ap.add_argument("--schema", action="append", default=[])
    ap.add_argument("--feed", action="append", default=[])
    ap.add_argument("--dir")
    ap.add_argument("--tarn")
    ap.add_argument("--only", help="of Spark's tables")
    ap.add_argument("tables", nargs="*")
    args = ap.parse_args()
    start = time.time()
    spark = session()
    ok = read(spark, args.dsn, "", args.tables + [t for s in args.schema for t in tables_of(args.dsn, s)])
    if args.branch:
        dsn = args.dsn + "@" + args.branch
        ok = read(spark, dsn, " of branch " + args.branch, tables_of(dsn, "sp")) and ok
    ok = feeds(spark, args.dsn, args.feed) and ok
    if args.dir:
        ok = written(spark, args.dsn, args.dir, args.tarn, args.only) and ok
    print("spark: %.0f s" % (time.time() - start))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
