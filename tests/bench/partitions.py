"""Tables of many partitions: how long they take to make, and statements against them to plan.

    tests/bench/partitions.py [--count 10000] PORT [NAME=PORT …]     servers that trust user postgres

Milliseconds. "first" is the first statement of a session, "then" the median of the next ones."""

import argparse, statistics, sys, time
from pgclient import Client

KINDS = {
    "list": ("LIST (k)", lambda i: f"FOR VALUES IN ({i})"),
    "range": ("RANGE (k)", lambda i: f"FOR VALUES FROM ({i}) TO ({i + 1})"),
}


def measure(port, count):
    out = {}
    for kind, (by, bound) in KINDS.items():
        c = Client(port)
        c.query("DROP SCHEMA IF EXISTS parts CASCADE; CREATE SCHEMA parts")
        c.query(f"CREATE TABLE parts.t (k int, v text) PARTITION BY {by}")
        began, half = time.perf_counter(), 0
        for i in range(count):
            c.query(f"CREATE TABLE parts.t{i} PARTITION OF parts.t {bound(i)}")
            if i == count // 2 - 1:
                half = time.perf_counter() - began
        took = time.perf_counter() - began
        out[f"{kind}: create, s"] = took
        out[f"{kind}: create, second half / first"] = (took - half) / half
        for name, sql in {
            "EXPLAIN by key": "EXPLAIN SELECT * FROM parts.t WHERE k = {}",
            "EXPLAIN all": "EXPLAIN SELECT count(*) FROM parts.t",
            "SELECT by key": "SELECT * FROM parts.t WHERE k = {}",
            "INSERT": "INSERT INTO parts.t VALUES ({}, 'x')",
            "UPDATE by key": "UPDATE parts.t SET v = 'y' WHERE k = {}",
        }.items():
            c = Client(port)
            first, _ = c.timed(sql.format(1))
            then = statistics.median(c.timed(sql.format(i * 7 % count))[0] for i in range(2, 12))
            out[f"{kind}: {name}, first"], out[f"{kind}: {name}, then"] = first, then
            c.close()
        c = Client(port)
        began = time.perf_counter()
        c.query("SET client_min_messages = error; DROP SCHEMA parts CASCADE")
        out[f"{kind}: drop, s"] = time.perf_counter() - began
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--count", type=int, default=10000)
    p.add_argument("servers", nargs="+")
    a = p.parse_args()
    servers = [s.split("=", 1) if "=" in s else (s, s) for s in a.servers]
    results = [measure(int(port), a.count) for _, port in servers]
    print("| " + " | ".join([f"{a.count} partitions"] + [n for n, _ in servers]) + " |")
    print("|---" * (len(servers) + 1) + "|")
    for key in results[0]:
        print("| " + " | ".join([key] + [f"{r[key]:.2f}" for r in results]) + " |")


if __name__ == "__main__":
    sys.exit(main())
