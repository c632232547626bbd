#!/usr/bin/env python3
"""TPC-H on mirrored tables through the wire against DuckDB on the same data as plain Parquet.

    tests/bench/tpch_duckdb.py --tarn 'host=127.0.0.1 port=5432 user=postgres' --data DIR [--threads 1] [--runs 3] [--queries 1,3]

The tables are in Tarn already (tests/bench/tpch.py --load); DIR has the .tbl files, which are written once as Parquet beside
them. Runs alternate; each time is the best one. Answers are compared as rows of text, numbers by value; a plan that reads rows when
tarn.columnar is auto is named. Needs duckdb and psycopg.
"""
import argparse, decimal, pathlib, re, time
import duckdb, psycopg

HERE = pathlib.Path(__file__).parent / "tpch"


def types():
    """The columns of schema.sql by table."""
    out = {}
    for name, cols in re.findall(r"^create table (\w+) \((.*)\);$", (HERE / "schema.sql").read_text(), re.M):
        parts = re.split(r", (?![^(]*\))", cols)
        out[name] = {p.split()[0]: p.split()[1].replace("numeric", "decimal") for p in parts}
    return out


def duck(data, threads):
    c = duckdb.connect()
    c.execute(f"set threads = {threads}")
    for t, cols in types().items():
        f = pathlib.Path(data) / f"{t}.parquet"
        if not f.exists():
            names = ", ".join(f"'{n}': '{'varchar' if k.startswith(('char', 'varchar')) else k}'" for n, k in cols.items())
            c.execute(f"copy (select * from read_csv('{data}/{t}.tbl', delim='|', header=false, columns={{{names}}}, quote='')) to '{f}'")
        c.execute(f"create view {t} as select * from '{f}'")
    return c


def plain(rows):
    """Rows without what types alone tell apart: scales of numbers, padding."""
    def cell(v):
        if isinstance(v, (int, float, decimal.Decimal)):
            return f"{float(v):.6g}"
        return v.rstrip() if isinstance(v, str) else str(v)
    return [tuple(cell(v) for v in r) for r in rows]


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--tarn"), a.add_argument("--data"), a.add_argument("--queries")
    a.add_argument("--threads", type=int, default=1), a.add_argument("--runs", type=int, default=3)
    o = a.parse_args()
    d = duck(o.data, o.threads)
    t = psycopg.connect(o.tarn, autocommit=True)
    t.execute("set statement_timeout = '120s'")
    queries = re.split(r"^-- (\d+)\n", (HERE / "queries.sql").read_text(), flags=re.M)[1:]
    print("| query | DuckDB ms | Tarn ms | ratio |\n|---|---|---|---|")
    sums = [0.0, 0.0]
    for n, sql in zip(queries[::2], queries[1::2]):
        if o.queries and n not in o.queries.split(","):
            continue
        sql, best, rows = sql.strip().rstrip(";"), [1e9, 1e9], [None, None]
        for _ in range(o.runs):
            for i, run in enumerate((lambda: d.execute(sql).fetchall(), lambda: t.execute(sql).fetchall())):
                began = time.perf_counter()
                rows[i] = run()
                best[i] = min(best[i], (time.perf_counter() - began) * 1000)
        plan = [line for (line,) in t.execute("explain " + sql).fetchall()]
        routed = "" if any("Columnar" in line for line in plan) and not any("Seq Scan" in line for line in plan) else " not wholly over columns"
        same = "" if plain(rows[0]) == plain(rows[1]) or sorted(plain(rows[0])) == sorted(plain(rows[1])) else " answers differ"
        sums = [s + b for s, b in zip(sums, best)]
        print(f"| {n} | {best[0]:.0f} | {best[1]:.0f} | {best[1] / best[0]:.2f}{same}{routed} |", flush=True)
    print(f"| all | {sums[0]:.0f} | {sums[1]:.0f} | {sums[1] / sums[0]:.2f} |")


main()
