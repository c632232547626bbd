#!/usr/bin/env python3
"""Spark with Delta Lake's own library beside Tarn: each reads what the other has written.

    spark.py --dsn "host=127.0.0.1 port=5432 user=postgres dbname=postgres" [--schema S]... [--branch B] TABLE...

The tables that are named, the schemas' and those of the branch with its schema sp are compared, as Spark reads them, with psql's answers.
Exit status 1 and the first differences where the two disagree. Needs pyspark and Delta's jars (spark.sh), and what delta_readers.py needs.
"""
import argparse, sys, time

from pyspark.sql import SparkSession

from delta_readers import compare, psql, rows, tables_of, wanted


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


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--dsn", required=True)
    ap.add_argument("--branch")
    ap.add_argument("--schema", action="append", default=[])
    ap.add_argument("tables", nargs="*")
    args = ap.parse_args()
    start = time.time()
    spark = session()
    ok = read(spark, args.dsn, "", args.tables + [t for s in args.schema for t in tables_of(args.dsn, s)])
    if args.branch:
        dsn = args.dsn + "@" + args.branch
        ok = read(spark, dsn, " of branch " + args.branch, tables_of(dsn, "sp")) and ok
    print("spark: %.0f s" % (time.time() - start))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
