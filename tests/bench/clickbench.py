#!/usr/bin/env python3
"""ClickBench's 43 queries over generated rows of its schema: mirrored in Tarn through the wire, and DuckDB over plain Parquet.

    tests/bench/clickbench.py --tarn 'host=127.0.0.1 port=5432 user=postgres' --data DIR [--rows 10000000] [--load] [--threads 1]
        [--runs 3] [--queries 1,3]

DIR takes hits.parquet, made once by DuckDB from a hash of the row number: the same rows everywhere. Runs alternate; each time is
the best one. Answers are compared where the query says which rows it wants. Needs duckdb and psycopg, for --load psql.
"""
import argparse, pathlib, re, subprocess, time
import duckdb, psycopg

HERE = pathlib.Path(__file__).parent / "clickbench"


def columns():
    return dict(re.findall(r"^    (\w+) ([\w()]+) not null", (HERE / "schema.sql").read_text(), re.M))


def h(n, m):
    """A hash of the row and of a number, below m."""
    return f"(hash(i * 1000 + {n}) % {m})::bigint"


def skewed(n, m):
    """Small numbers are frequent."""
    return f"floor(pow({h(n, 1000003)} / 1000003.0, 6) * {m})::bigint"


SPECIAL = {
    "watchid": "(hash(i) // 2)::bigint",
    "title": f"case when {h(1, 10)} = 0 then '' else 'Page ' || {skewed(2, 100000)} || case when {h(3, 50)} = 0 then ' - Google' else ' - a site with a name' end end",
    "eventtime": f"timestamp '2013-07-01' + to_seconds({h(4, 31 * 86400)})",
    "clienteventtime": f"timestamp '2013-07-01' + to_seconds({h(4, 31 * 86400)})",
    "localeventtime": f"timestamp '2013-07-01' + to_seconds({h(4, 31 * 86400)})",
    "eventdate": f"(timestamp '2013-07-01' + to_seconds({h(4, 31 * 86400)}))::date",
    "counterid": f"{skewed(5, 10000)} + 60",
    "clientip": f"{skewed(6, 2000000)} - 1000000",
    "regionid": skewed(7, 5000),
    "userid": f"case when {h(8, 100000)} = 7 then 435090932899640449 else {skewed(9, 3000000)} * 1000003 end",
    "url": f"'http://' || case when {h(10, 40)} = 0 then 'www.google.com' else 'site' || {skewed(11, 3000)} || '.ru' end || '/path/' || {skewed(12, 500000)} || '?q=' || {h(13, 100)}",
    "referer": f"case when {h(14, 3)} = 0 then '' else case when {h(15, 2)} = 0 then 'https://www.' else 'http://' end || 'ref' || {skewed(16, 200)} || '.com/' || {skewed(17, 100000)} end",
    "searchphrase": f"case when {h(18, 4)} > 0 then '' else 'phrase ' || {skewed(19, 200000)} end",
    "mobilephonemodel": f"case when {h(20, 12)} > 0 then '' else 'Model ' || {skewed(21, 150)} end",
    "advengineid": f"case when {h(22, 30)} > 0 then 0 else {h(23, 60)} end",
    "searchengineid": f"case when {h(24, 4)} > 0 then 0 else {skewed(25, 90)} end",
    "resolutionwidth": f"{h(26, 20)} * 120",
    "traficsourceid": f"{h(27, 11)} - 1",
    "refererhash": f"case when {h(28, 50)} = 0 then 3594120000172545465 else {h(29, 2**40)} end",
    "urlhash": f"case when {h(30, 50)} = 0 then 2868770270353813622 else {h(31, 2**40)} end",
    "hitcolor": f"chr(65 + {h(32, 6)}::int)",
    "isrefresh": f"({h(33, 10)} = 0)::int", "dontcounthits": f"({h(34, 10)} = 0)::int", "islink": f"({h(35, 5)} = 0)::int",
    "isdownload": f"({h(36, 100)} = 0)::int", "mobilephone": skewed(37, 100),
}


def generate(c, file, rows):
    out = []
    for n, (name, kind) in enumerate(columns().items()):
        plain = {"smallint": skewed(100 + n, 1000), "integer": skewed(100 + n, 1000000), "bigint": skewed(100 + n, 10**12)}
        e = SPECIAL.get(name) or plain.get(kind) or f"case when {h(100 + n, 8)} > 0 then '' else 'v' || {skewed(300 + n, 1000)} end"
        out.append(f"({e})::{'varchar' if kind.startswith(('char', 'varchar', 'text')) else kind} as {name}")
    c.execute(f"copy (select {', '.join(out)} from range({rows}) t(i)) to '{file}'")


def load(dsn, c, data):
    subprocess.run(["psql", "-X", "-q", dsn, "-f", HERE / "schema.sql"], check=True)
    csv = pathlib.Path(data) / "hits.csv"
    c.execute(f"copy hits to '{csv}' (format csv, header false, force_quote (title))")
    subprocess.run(["psql", "-X", "-q", dsn, "-c", f"\\copy hits from '{csv}' with (format csv, force_not_null ({', '.join(columns())}))"], check=True)
    csv.unlink()
    subprocess.run(["psql", "-X", "-q", dsn, "-c", "analyze hits"], check=True)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--tarn"), a.add_argument("--data"), a.add_argument("--queries")
    a.add_argument("--rows", type=int, default=10_000_000), a.add_argument("--load", action="store_true")
    a.add_argument("--threads", type=int, default=1), a.add_argument("--runs", type=int, default=3)
    o = a.parse_args()
    d, file = duckdb.connect(), pathlib.Path(o.data) / "hits.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        generate(d, file, o.rows)
    d.execute(f"set threads = {o.threads}")
    d.execute(f"create view hits as select * from '{file}'")
    if o.load:
        load(o.tarn, d, o.data)
    t = psycopg.connect(o.tarn, autocommit=True)
    t.execute("set statement_timeout = '120s'")
    print("| query | DuckDB ms | Tarn ms | ratio |\n|---|---|---|---|")
    sums = [0.0, 0.0]
    queries = [l.rstrip(";\n") for l in open(HERE / "queries.sql") if l.startswith("SELECT")]
    for n, sql in enumerate(queries, 1):
        if o.queries and str(n) not in o.queries.split(","):
            continue
        best, rows = [1e9, 1e9], [None, None]
        for _ in range(o.runs):
            for i, run in enumerate((lambda: d.execute(sql).fetchall(), lambda: t.execute(sql).fetchall())):
                began = time.perf_counter()
                rows[i] = run()
                best[i] = min(best[i], (time.perf_counter() - began) * 1000)
        # Which of the rows with equal counts come first is not said: what the order says is compared.
        note = "" if len(rows[0]) == len(rows[1]) else " other number of rows"
        if not note and ("order by" not in sql.lower() and "limit" not in sql.lower()):
            num = lambda r: [tuple(float(v) if isinstance(v, (int, float)) or hasattr(v, "as_tuple") else v for v in x) for x in r]
            near = lambda p, q: p == q or isinstance(p, float) and abs(p - q) <= 1e-9 * max(abs(p), abs(q))
            if not all(near(p, q) for x, y in zip(num(rows[0]), num(rows[1])) for p, q in zip(x, y)):
                note = " answers differ"
        elif not note and (at := next((i for i, c in enumerate(t.execute(sql).description) if c.name in ("c", "u", "count", "pageviews")), None)) is not None:
            if [r[at] for r in rows[0]] != [r[at] for r in rows[1]] and "order by" in sql.lower():
                note = " counts differ"
        sums = [s + b for s, b in zip(sums, best)]
        print(f"| {n} | {best[0]:.0f} | {best[1]:.0f} | {best[1] / best[0]:.2f}{note} |", flush=True)
    print(f"| all | {sums[0]:.0f} | {sums[1]:.0f} | {sums[1] / sums[0]:.2f} |")


main()
