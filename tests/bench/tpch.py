#!/usr/bin/env python3
"""TPC-H on PostgreSQL and Tarn: loads both, runs the 22 queries, compares answers and prints times.

    tests/bench/tpch.py --pg 'host=/tmp port=5499 user=postgres' --tarn 'host=127.0.0.1 port=5432 user=postgres' --data DIR [--load]
        [--queries 1,3] [--runs 3] [--columnar off|auto]

DIR has the tables as tpchgen-cli (PyPI) writes them: `tpchgen-cli -s 0.1 --output-dir DIR`. Each time is the best of the runs;
max_parallel_workers_per_gather and jit are 0 and off, so that one core works on either side.
"""
import argparse, hashlib, pathlib, re, subprocess, sys

HERE = pathlib.Path(__file__).parent / "tpch"
TABLES = "region nation supplier customer part partsupp orders lineitem".split()


def psql(dsn, text, *flags):
    r = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *flags, dsn], input=text, capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(r.stderr.strip())
    return r.stdout


def load(dsn, data):
    psql(dsn, (HERE / "schema.sql").read_text())
    for t in TABLES:
        # The files end each line with a separator.
        rows = subprocess.run(["sed", "s/|$//", f"{data}/{t}.tbl"], capture_output=True, text=True, check=True).stdout
        r = subprocess.run(["psql", "-X", "-q", dsn, "-c", f"copy {t} from stdin with (delimiter '|')"], input=rows, capture_output=True, text=True)
        if r.returncode:
            raise RuntimeError(r.stderr)
    psql(dsn, (HERE / "keys.sql").read_text())
    psql(dsn, "analyze")


def run(dsn, sql, runs, sets):
    """(best ms, hash of the answer)"""
    script = sets + f"\n{sql}\n" + "\\timing on\n" + f"\\o /dev/null\n{sql}\n" * runs
    out = psql(dsn, script, "-v", "VERBOSITY=terse")
    times = [float(m) for m in re.findall(r"^Time: ([\d.]+) ms", out, re.M)]
    answer = re.sub(r"^(Time: .*|Timing is .*)\n?", "", out, flags=re.M)
    return min(times), hashlib.md5(answer.encode()).hexdigest(), answer


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--pg"), a.add_argument("--tarn"), a.add_argument("--data"), a.add_argument("--queries")
    a.add_argument("--load", action="store_true"), a.add_argument("--runs", type=int, default=3), a.add_argument("--columnar", default="off")
    o = a.parse_args()
    sides = [(n, d) for n, d in (("pg", o.pg), ("tarn", o.tarn)) if d]
    if o.load:
        for _, d in sides:
            load(d, o.data)
    queries = re.split(r"^-- (\d+)\n", (HERE / "queries.sql").read_text(), flags=re.M)[1:]
    want = o.queries.split(",") if o.queries else None
    sets = {"pg": "set max_parallel_workers_per_gather = 0; set jit = off;", "tarn": f"set tarn.columnar = {o.columnar};"}
    print("| query | PostgreSQL ms | Tarn ms | Tarn / PostgreSQL |\n|---|---|---|---|")
    logs = 0.0
    ratios = []
    for n, sql in zip(queries[::2], queries[1::2]):
        if want and n not in want:
            continue
        got = {}
        for side, d in sides:
            try:
                got[side] = run(d, sql.strip(), o.runs, sets[side] + " set statement_timeout = '120s';")
            except RuntimeError as e:
                got[side] = None
                print(f"query {n} on {side}: {e}", file=sys.stderr)
        p, t = got.get("pg"), got.get("tarn")
        if p and t:
            ratios.append(t[0] / p[0])
            if p[1] != t[1]:
                print(f"query {n}: answers differ\n{p[2][:500]}\n---\n{t[2][:500]}", file=sys.stderr)
        cell = lambda x: f"{x[0]:.0f}" if x else ""
        print(f"| {n} | {cell(p)} | {cell(t)} | {t[0] / p[0]:.2f} |" if p and t else f"| {n} | {cell(p)} | {cell(t)} | |", flush=True)
    if ratios:
        prod = 1.0
        for r in ratios:
            prod *= r ** (1 / len(ratios))
        print(f"\ngeometric mean of {len(ratios)} ratios: {prod:.2f}")


main()
