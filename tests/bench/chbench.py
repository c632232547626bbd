"""CH-benCHmark's kind of load: TPC-C's five transactions by pgbench, and beside them sessions that ask analytical queries over the same
tables without pause; Tarn and PostgreSQL in turn.

    tests/bench/chbench.py [--warehouses 4] [--seconds 20] [--clients 4] [--sessions 2] [--keep] NAME=PORT …     servers that trust user postgres

For each server: transactions a second alone and beside the analysts, the share that is left, queries a second and the median of each.
The last query of tests/bench/ch/queries.sql is TPC-C's first consistency condition and must find nothing. The transactions are TPC-C's
(weights 45, 43, 4, 4, 4) with five order lines each; the queries are twelve of CH-benCHmark's, over columns that it has too."""

import argparse, os, re, statistics, subprocess, sys, threading, time
from pgclient import Client, Error, values

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ch")
MIX = [("neworder", 45), ("payment", 43), ("status", 4), ("delivery", 4), ("stock", 4)]


def read(name):
    with open(os.path.join(HERE, name)) as f:
        return f.read()


QUERIES = [q.strip() for q in read("queries.sql").split(";\n") if q.strip()]


def pgbench(port, a):
    scripts = [x for name, weight in MIX for x in ("-f", f"{HERE}/{name}.sql@{weight}")]
    p = subprocess.run(["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n", "-c", str(a.clients), "-j", "2", "-M", "prepared", "-T", str(a.seconds),
                        "-D", f"warehouses={a.warehouses}", "--max-tries=10", *scripts, "postgres"], capture_output=True, text=True)
    m = re.search(r"tps = ([0-9.]+) \(without", p.stdout)
    if p.returncode or not m:
        sys.exit(p.stderr + p.stdout)
    return float(m.group(1))


def analyst(port, number, stop, times, wrong):
    c = Client(port)
    i = number * 5
    while not stop.is_set():
        n = i % len(QUERIES)
        i += 1
        began = time.perf_counter()
        try:
            rows = c.query(QUERIES[n])
        except Error as e:
            wrong.append(f"{e} in {QUERIES[n]}")
            return
        times.append((n, time.perf_counter() - began))
        if n == len(QUERIES) - 1 and values(rows[0]) != ["0"]:
            wrong.append(f"{values(rows[0])[0]} warehouses differ from their districts")
    c.close()


def load(port, a):
    c = Client(port)
    for name in re.findall(r"CREATE TABLE (\w+)", read("schema.sql")):
        c.query(f"DROP TABLE IF EXISTS {name}")
    for statement in read("schema.sql").replace(":warehouses", str(a.warehouses)).split(";\n"):
        if statement.strip():
            c.query(statement)
    try:
        c.query("SELECT tarn.mirror_sync()")
    except Error:
        c.query("CHECKPOINT")  # not Tarn
    c.close()


def measure(port, a):
    alone = pgbench(port, a)
    stop, times, wrong = threading.Event(), [], []
    sessions = [threading.Thread(target=analyst, args=(port, n, stop, times, wrong)) for n in range(a.sessions)]
    for s in sessions:
        s.start()
    time.sleep(1)
    first = len(times)
    mixed = pgbench(port, a)
    during = times[first:]
    stop.set()
    for s in sessions:
        s.join()
    if wrong:
        sys.exit(f"port {port}: {wrong[0]} ({len(wrong)} such)")
    return alone, mixed, during


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--warehouses", type=int, default=4)
    p.add_argument("--seconds", type=int, default=20)
    p.add_argument("--clients", type=int, default=4)
    p.add_argument("--sessions", type=int, default=2)
    p.add_argument("--keep", action="store_true", help="the tables are there already")
    p.add_argument("servers", nargs="+")
    a = p.parse_args()
    print("| server | tps alone | tps beside | share | queries/s | median s, by query |\n|---|---|---|---|---|---|")
    for s in a.servers:
        name, port = s.split("=", 1)
        if not a.keep:
            load(int(port), a)
        alone, mixed, during = measure(int(port), a)
        by = [[t for m, t in during if m == n] for n in range(len(QUERIES))]
        medians = ", ".join(f"{statistics.median(b):.2f}" if b else "-" for b in by)
        print(f"| {name} | {alone:.0f} | {mixed:.0f} | {mixed / alone:.2f} | {len(during) / a.seconds:.2f} | {medians} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
