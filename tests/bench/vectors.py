"""Nearest neighbours: how long an hnsw index takes to make, a search with it and without, and how many of the nearest it finds.

    tests/bench/vectors.py [--rows 10000] [--dims 64] NAME=PORT:PID …     servers that trust user postgres and have the extension vector

The vectors have no structure, which is the hardest case. Searches ask for 10 rows by <->. Times are CPU of the
server, PID with its children, so that other load says little."""

import argparse, glob, os, random, time
from pgclient import Client, values


def text(v):
    return "[" + ",".join(f"{x:.4f}" for x in v) + "]"


def ids(c, query):
    return [values(r)[0] for r in c.query(query)]


def cpu(pid):
    """Seconds that a process and its living children have had."""
    total = 0
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = open(stat).read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if str(pid) in (stat.split("/")[2], fields[1]):
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def measure(port, pid, rows, dims, queries):
    rng, out = random.Random(1), {}
    c = Client(port)
    c.query("CREATE EXTENSION IF NOT EXISTS vector; DROP TABLE IF EXISTS near")
    c.query(f"CREATE TABLE near (id int PRIMARY KEY, emb vector({dims}))")
    for at in range(0, rows, 1000):
        c.query("INSERT INTO near VALUES " + ", ".join(f"({i}, '{text([rng.random() for _ in range(dims)])}')" for i in range(at, min(at + 1000, rows))))
    asked = [f"SELECT id FROM near ORDER BY emb <-> '{text([rng.random() for _ in range(dims)])}' LIMIT 10" for _ in range(queries)]
    right = [set(ids(c, q)) for q in asked]
    began = cpu(pid)
    for q in asked:
        c.query(q)
    out["exact search, ms"] = (cpu(pid) - began) / queries * 1e3
    began = cpu(pid)
    c.query("CREATE INDEX near_emb ON near USING hnsw (emb vector_l2_ops)")
    # Tarn makes the graph in the background when it is first asked for; PostgreSQL's counters come up to a second late.
    while ids(c, asked[0]) and ids(c, "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'near_emb'") == ["0"]:
        time.sleep(1)
    out["until the index answers, s"] = cpu(pid) - began
    for ef in 40, 100:
        c.query(f"SET hnsw.ef_search = {ef}")
        hits = sum(len(want & set(ids(c, q))) for q, want in zip(asked, right))
        out[f"ef_search {ef}: recall"] = hits / (10 * queries)
        began = cpu(pid)
        for q in asked * 5:
            c.query(q)
        out[f"ef_search {ef}: search, ms"] = (cpu(pid) - began) / queries / 5 * 1e3
    began = cpu(pid)
    for i in range(100):
        c.query(f"INSERT INTO near VALUES ({rows + i}, '{text([rng.random() for _ in range(dims)])}')")
    out["insert of one row, ms"] = (cpu(pid) - began) * 10
    c.query("DROP TABLE near")
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rows", type=int, default=10_000)
    p.add_argument("--dims", type=int, default=64)
    p.add_argument("--queries", type=int, default=100)
    p.add_argument("servers", nargs="+")
    a = p.parse_args()
    results = {name: measure(*map(int, at.split(":")), a.rows, a.dims, a.queries) for name, at in (s.split("=") for s in a.servers)}
    print("| | " + " | ".join(results) + " |\n|---|" + "---|" * len(results))
    for what in next(iter(results.values())):
        print(f"| {what} | " + " | ".join(f"{r[what]:.3g}" for r in results.values()) + " |")


if __name__ == "__main__":
    main()
