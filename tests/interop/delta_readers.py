#!/usr/bin/env python3
"""Compares a table's mirror, as two foreign readers see it, with what psql says.

    delta_readers.py --dsn "host=127.0.0.1 port=5432 user=postgres dbname=postgres" TABLE...
    delta_readers.py --csv rows.csv --path /warehouse/app/public/t-16385          (no server: one table)

Readers: deltalake's query engine, through the log; DuckDB over the live files, with the deletion vectors that
deltalake decodes; deltalake's to_pandas and Polars for tables without deletion vectors, which they refuse. Rows are compared as a multiset of texts in psql's form (TimeZone UTC, IntervalStyle iso_8601).
Exit status 1 and the first differences if a reader disagrees. Needs: pip install deltalake duckdb pyarrow pytz pandas polars.
"""
import argparse, collections, csv, decimal, io, struct, subprocess, sys

import duckdb
import pandas
import polars
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

SETTINGS = "set timezone='UTC'; set intervalstyle=iso_8601; set datestyle=iso; set extra_float_digits=1; set bytea_output=hex;"
NULL = "\\N"


def psql(dsn, sql):
    out = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", dsn], input=SETTINGS + sql, text=True,
                         capture_output=True)
    if out.returncode:
        sys.exit(out.stderr)
    return out.stdout


def read_csv(text):
    # Python's reader does not tell "\N" from \N; a text that is exactly \N is not expected in test data.
    return [tuple(r) for r in csv.reader(io.StringIO(text, newline=""))]


def number(f, width):
    """A float as PostgreSQL prints it: shortest digits, exponent from 1e15 (real: 1e6) on and below 1e-4."""
    if f != f:
        return "NaN"
    if f in (float("inf"), float("-inf")):
        return "Infinity" if f > 0 else "-Infinity"
    for digits in range(1, 18):
        short = "%.*e" % (digits - 1, f)
        back = float(short)
        if width == 32:
            back = struct.unpack("f", struct.pack("f", back))[0]
        if back == f:
            break
    mantissa, exp = short.split("e")
    if -4 <= int(exp) < (6 if width == 32 else 15):
        return format(decimal.Decimal(short), "f")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return "%se%s%02d" % (mantissa, "-" if int(exp) < 0 else "+", abs(int(exp)))


def text(v, typ):
    if v is None:
        return NULL
    if pa.types.is_boolean(typ):
        return "t" if v else "f"
    if pa.types.is_float32(typ):
        return number(v, 32)
    if pa.types.is_float64(typ):
        return number(v, 64)
    if pa.types.is_decimal(typ):
        return format(v, "f")
    if pa.types.is_timestamp(typ):
        s = v.strftime("%H:%M:%S") + (".%06d" % v.microsecond).rstrip("0").rstrip(".")
        return "%04d-%02d-%02d %s%s" % (v.year, v.month, v.day, s, "+00" if typ.tz else "")
    if pa.types.is_date(typ):
        return "%04d-%02d-%02d" % (v.year, v.month, v.day)
    if pa.types.is_list(typ) or pa.types.is_large_list(typ) or "list" in str(typ):
        def item(x):
            if x is None:
                return "NULL"
            s = text(x, typ.value_type)
            if s == "" or s.lower() == "null" or any(c in s for c in '{},"\\ \t\n\r\v\f'):
                return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'
            return s
        return "{" + ",".join(item(x) for x in v) + "}"
    if isinstance(v, (bytes, bytearray)):
        return "\\x" + v.hex()
    return str(v)


def rows(table):
    cols = [[text(v, c.type) for v in c.to_pylist()] for c in table.columns]
    return list(zip(*cols)) if cols else []


def by_deltalake(dt):
    q = QueryBuilder().register("t", dt)
    # deltalake 1.6.3 puts a RepartitionExec between the file and the deletion vector, which goes by the row's place: batches
    # that overtake each other lose the wrong rows, another set with each run over the same files.
    q.execute("set datafusion.execution.target_partitions = 1").read_all()
    return pa.table(q.execute("select * from t").read_all())


def by_duckdb(dt):
    names = [f.name for f in dt.schema().fields]
    con = duckdb.connect()
    con.execute("set timezone='UTC'")
    keep = {}
    if "deletionVectors" in (dt.protocol().reader_features or []):
        for b in dt.deletion_vectors():
            b = pa.record_batch(b)
            for path, mask in zip(b["filepath"].to_pylist(), b["selection_vector"].to_pylist()):
                keep[path.removeprefix("file://")] = [i for i, k in enumerate(mask) if not k]
    parts = []
    for uri in dt.file_uris():
        path = uri.removeprefix("file://")
        have = [r[0] for r in con.execute("select name from parquet_schema(?)", [path]).fetchall()]
        cols = ", ".join('"%s"' % n.replace('"', '""') if n in have else "NULL" for n in names)
        dead = keep.get(path, [])
        con.register("dead", pa.table({"pos": pa.array(dead, pa.int64())}))
        q = "select %s from read_parquet(?, file_row_number=true) where file_row_number not in (select pos from dead)" % cols
        parts.append(con.sql(q, params=[path]).to_arrow_table())
    out = []
    for p in parts:
        out += rows(p)
    return out


def by_polars(path):
    return rows(polars.scan_delta(path).collect().to_arrow())


def by_pandas(dt):
    # The values are kept as Arrow has them: pandas' own types would turn an integer with NULL into a float.
    frame = dt.to_pandas(types_mapper=pandas.ArrowDtype)
    return rows(pa.Table.from_pandas(frame, preserve_index=False))


def compare(name, want, got, other="psql"):
    a, b = collections.Counter(want), collections.Counter(got)
    if a == b:
        print("%s: %d rows" % (name, len(got)))
        return True
    print("%s: %d rows, %s has %d" % (name, len(got), other, len(want)))
    for label, diff in (("only in " + other, a - b), ("not in " + other, b - a)):
        for r, n in list(diff.items())[:3]:
            print("  %s (%d): %r" % (label, n, r))
    return False


def check(name, path, want):
    dt = DeltaTable(path)
    p = dt.protocol()
    print("%s: version %d, reader %d, writer %d %s, %d files" % (name, dt.version(), p.min_reader_version,
          p.min_writer_version, p.writer_features or "", len(dt.file_uris())))
    ok = compare(name + " by deltalake", want, rows(by_deltalake(dt)))
    ok = compare(name + " by duckdb", want, by_duckdb(dt)) and ok
    if "deletionVectors" in (p.reader_features or []):
        return ok
    ok = compare(name + " by pandas", want, by_pandas(dt)) and ok
    return compare(name + " by polars", want, by_polars(path)) and ok


def tables_of(dsn, schema):
    return psql(dsn, "select oid::regclass from pg_class where relnamespace = '%s'::regnamespace and relkind = 'r' order by 1;" % schema).splitlines()


def wanted(dsn, table):
    """Where a table's Delta table is, once it is published, and the rows that psql has."""
    name = table.replace("'", "''")
    psql(dsn, "select tarn.mirror_sync('%s');" % name)
    path = psql(dsn, "select tarn.delta_path('%s');" % name).strip()
    # A vector is an array of floats to other readers.
    columns = psql(dsn, """select string_agg(quote_ident(attname) || case when format_type(atttypid, null) in ('vector', 'halfvec')
        then '::real[]' else '' end, ', ' order by attnum) from pg_attribute where attrelid = '%s'::regclass and attnum > 0
        and not attisdropped;""" % name).strip()
    return path, read_csv(psql(dsn, "copy (select %s from %s) to stdout (format csv, null '%s');" % (columns, table, NULL)))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--dsn")
    ap.add_argument("--csv")
    ap.add_argument("--path")
    ap.add_argument("--schema", help="compare all its tables")
    ap.add_argument("tables", nargs="*")
    args = ap.parse_args()
    ok = True
    if args.csv:
        with open(args.csv, newline="") as f:
            ok = check(args.path, args.path, read_csv(f.read()))
    if args.schema:
        args.tables += tables_of(args.dsn, args.schema)
    for t in args.tables:
        path, want = wanted(args.dsn, t)
        ok = check(t, path, want) and ok
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
