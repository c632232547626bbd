#!/usr/bin/env python3
"""What branches cost: BranchBench's micro-operations over trees of branches, and diff and merge.

    tests/bench/branches.py --bin bin/tarn [--rows 20000] [--branches 64] [--many 200] [--reads 200] [--merge 100000,1000] [--port 5439] [--large 1000000 --only large]
                            [--template '127.0.0.1 port']

Trees: spine (each branch of the one before), bushy (each branch has two), fan (all of main). Of each: CREATE BRANCH, connect and the
first query, then on the last branch reads by key, reads of 100 rows by range, inserts, updates by key, updates of 100 rows by range; times
are p50 / p99 in milliseconds. Then: the same reads at depth 1 and at the end of the spine; --many branches in a row of main, and the memory of
the server with all of them idle; with --only large branches of a database of so many rows, quiet and under load, and what they take on disk; branch_diff and MERGE BRANCH of the second figure of --merge changed rows in a table of the first.
--template names a PostgreSQL server (trusting user postgres): CREATE DATABASE … TEMPLATE of the same rows there.

BranchBench: arXiv 2604.17180. Operations only are taken over from it."""

import argparse, os, random, shutil, subprocess, sys, tempfile, time
from bounds import Server
from pgclient import Client, values


def quantile(list_, q):
    list_ = sorted(list_)
    return list_[min(len(list_) - 1, int(len(list_) * q))]


def show(what, times):
    print(f"{what:44} {quantile(times, 0.5):9.2f} {quantile(times, 0.99):9.2f}", flush=True)


def timed(f):
    began = time.perf_counter()
    result = f()
    return (time.perf_counter() - began) * 1e3, result


PARENTS = {
    "spine": lambda i: i - 1,
    "bushy": lambda i: (i - 1) // 2,
    "fan": lambda i: 0,
}


def fill(c, rows):
    c.query("CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX ON t (a)")
    c.query(f"INSERT INTO t SELECT g, g % 1000, 'value ' || g FROM generate_series(1, {rows}) g; ANALYZE t")


def operate(c, a, rng, at):
    """The operations on a branch; new rows are numbered from at."""
    ops = {
        "read by key": lambda: c.query(f"SELECT * FROM t WHERE id = {rng.randrange(a.rows) + 1}"),
        "read 100 rows by range": lambda: c.query("SELECT * FROM t WHERE id BETWEEN {0} AND {0} + 99".format(rng.randrange(a.rows - 100) + 1)),
        "insert": lambda: c.query(f"INSERT INTO t VALUES ({next(at)}, 1, 'new')"),
        "update by key": lambda: c.query(f"UPDATE t SET a = a + 1 WHERE id = {rng.randrange(a.rows) + 1}"),
        "update 100 rows by range": lambda: c.query("UPDATE t SET b = b || '!' WHERE id BETWEEN {0} AND {0} + 99".format(rng.randrange(a.rows - 100) + 1)),
    }
    out = {}
    for name, op in ops.items():
        n = a.reads if name.startswith("read") else max(1, a.reads // 4)
        out[name] = [timed(op)[0] for _ in range(n)]
    return out


def tree(a, kind):
    """One tree in a database of its own; the names of its branches."""
    root = Client(a.port)
    root.query(f"CREATE DATABASE {kind}")
    root.close()
    root = Client(a.port, kind)
    fill(root, a.rows)
    rng, names = random.Random(7), ["main"]
    create, connect, first, switch = [], [], [], []
    mover = Client(a.port, kind)
    for i in range(1, a.branches + 1):
        name, parent = f"b{i}", names[PARENTS[kind](i)]
        create.append(timed(lambda: root.query(f"CREATE BRANCH {name} FROM {parent}"))[0])
        names.append(name)
        ms, c = timed(lambda: Client(a.port, f"{kind}@{name}"))
        connect.append(ms)
        first.append(ms + timed(lambda: c.query("SELECT * FROM t WHERE id = 1"))[0])
        c.query(f"UPDATE t SET a = {i} WHERE id = {i}")
        c.close()
    for _ in range(a.reads):
        name = rng.choice(names[-8:])
        switch.append(timed(lambda: mover.query(f"USE BRANCH {name}"))[0])
    mover.close()
    print(f"\n{kind}: {a.branches} branches of {a.rows} rows, ms{'p50':>25} {'p99':>9}")
    for what, times in [("create", create), ("connect", connect), ("connect and first query", first), ("switch (USE BRANCH)", switch)]:
        show(what, times)
    tip = Client(a.port, f"{kind}@{names[-1]}")
    for name, times in operate(tip, a, rng, iter(range(a.rows + 1, 1 << 30))).items():
        show(name + ", last branch", times)
    tip.close()
    if kind == "spine":
        for name in ("b1", names[-1]):
            c = Client(a.port, f"spine@{name}")
            for what, times in operate(c, a, rng, iter(range(a.rows + 100001, 1 << 30))).items():
                if what.startswith("read"):
                    show(f"{what}, depth {name[1:]}", times)
            c.close()
    root.close()


def many(a, server):
    root = Client(a.port)
    root.query("CREATE DATABASE many")
    root.close()
    root = Client(a.port, "many")
    fill(root, a.rows)
    before = server.memory("VmRSS")
    times = [timed(lambda: root.query(f"CREATE BRANCH m{i}"))[0] for i in range(a.many)]
    print(f"\n{a.many} branches of main in a row, ms{'p50':>29} {'p99':>9}")
    show("create", times)
    show("create, the last tenth", times[-max(1, a.many // 10):])
    time.sleep(12)  # idle branches are closed
    print(f"memory of the server, MB: {before:.0f} before, {server.memory('VmRSS'):.0f} with all of them idle")
    root.close()


def large(a, server):
    """Branches of a database of --large rows of some 130 bytes, quiet and under pgbench's TPC-B on the parent; what they take on disk."""
    root = Client(a.port)
    root.query("CREATE DATABASE large")
    root.close()
    root = Client(a.port, "large")
    root.query("CREATE TABLE big (id int PRIMARY KEY, a int, b text)")
    for at in range(0, a.large, 1000000):
        root.query(f"INSERT INTO big SELECT g, g % 1000, md5(g::text) || md5((g + 1)::text) || md5((g + 2)::text) FROM generate_series({at + 1}, {min(a.large, at + 1000000)}) g")
    root.query("ANALYZE big")
    subprocess.run(["pgbench", "-h", "127.0.0.1", "-p", str(a.port), "-U", "postgres", "-i", "-s", "10", "-q", "large"], capture_output=True, check=True)
    root.query("SELECT tarn.mirror_sync()")
    time.sleep(20)  # what was loaded settles

    def unique(name):
        return int(values(root.query(f"SELECT unique_bytes FROM tarn.branches WHERE name = '{name}'")[0])[0])
    size = int(values(root.query("SELECT shared_bytes + unique_bytes FROM tarn.branches WHERE name = 'main'")[0])[0])
    print(f"\ndatabase of {a.large} rows, {size / 1e6:.0f} MB with log and Delta tables; ms{'p50':>12} {'p99':>9}")
    times = []
    for i in range(50):
        times.append(timed(lambda: root.query(f"CREATE BRANCH q{i}"))[0])
        time.sleep(0.05)
    show("create, quiet", times)
    print(f"unique bytes of a branch just made, MB: {unique('q49') / 1e6:.2f}")
    times = []
    for i in range(20):
        def first():
            c = Client(a.port, f"large@q{i}")
            c.query("SELECT * FROM big WHERE id = 7")
            return c
        took, c = timed(first)
        times.append(took)
        c.close()
        time.sleep(0.1)
    show("connect and first query, quiet", times)
    c = Client(a.port, "large@q30")
    c.query("SELECT * FROM big WHERE id = 7")
    c.query("SELECT tarn.mirror_sync()")
    time.sleep(3)
    print(f"unique bytes once it has been opened, MB: {unique('q30') / 1e6:.2f}")
    c.query(f"UPDATE big SET a = a + 1 WHERE id IN (SELECT (random() * {a.large - 1})::int + 1 FROM generate_series(1, {a.large // 100}))")
    c.query("SELECT tarn.mirror_sync()")
    time.sleep(3)
    print(f"unique bytes after 1 % of the rows are updated at random, MB: {unique('q30') / 1e6:.1f}, {unique('q30') / size * 100:.1f} % of the database")
    c.close()

    def load(seconds, every):
        p = subprocess.Popen(["pgbench", "-h", "127.0.0.1", "-p", str(a.port), "-U", "postgres", "-n", "-c", "4", "-j", "2", "-M", "prepared", "-T", str(seconds), "large"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        times, began = [], time.time()
        while every and time.time() < began + seconds - 1:
            load.made += 1
            times.append(timed(lambda: root.query(f"CREATE BRANCH l{load.made}"))[0])
            time.sleep(max(0, began + len(times) * every - time.time()))
        out = p.communicate()[0]
        return float(out.split("tps = ")[1].split(" ")[0]), times
    load.made = 0
    alone = [load(10, 0)[0]]
    beside, times = load(10, 0.1)
    alone.append(load(10, 0)[0])
    print(f"TPC-B on the parent, tps: {alone[0]:.0f} and {alone[1]:.0f} alone, {beside:.0f} beside ten creates a second ({beside / (sum(alone) / 2):.2f})")
    show("create, under TPC-B", times)
    root.close()


def merge(a):
    rows, changed = (int(n) for n in a.merge.split(","))
    root = Client(a.port)
    root.query("CREATE DATABASE merges")
    root.close()
    root = Client(a.port, "merges")
    fill(root, rows)
    diffs, merges = [], []
    for i in range(5):
        root.query(f"CREATE BRANCH d{i}")
        c = Client(a.port, f"merges@d{i}")
        c.query(f"UPDATE t SET b = 'changed {i}' WHERE id IN (SELECT (random() * {rows - 1})::int + 1 FROM generate_series(1, {changed}))")
        diffs.append(timed(lambda: root.query(f"SELECT count(*) FROM branch_diff('d{i}', 'main')"))[0])
        merges.append(timed(lambda: root.query(f"MERGE BRANCH d{i}"))[0])
        c.close()
    print(f"\nabout {changed} changed rows of {rows}, ms{'p50':>28} {'max':>9}")
    show("branch_diff", diffs)
    show("MERGE BRANCH", merges)
    root.close()


def template(a):
    host, port = a.template.split()
    c = Client(int(port), host=host)
    c.query("DROP DATABASE IF EXISTS bench_source")
    c.query("CREATE DATABASE bench_source")
    s = Client(int(port), "bench_source", host=host)
    fill(s, a.rows)
    s.close()
    times = []
    for i in range(10):
        times.append(timed(lambda: c.query(f"CREATE DATABASE bench_{i} TEMPLATE bench_source"))[0])
    for i in range(10):
        c.query(f"DROP DATABASE bench_{i}")
    c.query("DROP DATABASE bench_source")
    print(f"\nPostgreSQL at {a.template}, {a.rows} rows, ms{'p50':>25} {'p99':>9}")
    show("CREATE DATABASE … TEMPLATE", times)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", default="bin/tarn")
    p.add_argument("--port", type=int, default=5439)
    p.add_argument("--rows", type=int, default=20000)
    p.add_argument("--branches", type=int, default=64)
    p.add_argument("--many", type=int, default=200)
    p.add_argument("--large", type=int, default=1000000)
    p.add_argument("--reads", type=int, default=200)
    p.add_argument("--merge", default="100000,1000")
    p.add_argument("--template", default="")
    p.add_argument("--dir", default=None)
    p.add_argument("--only", default="spine,bushy,fan,many,merge")
    a = p.parse_args()
    a.bin = os.path.abspath(a.bin)
    dir = tempfile.mkdtemp(prefix="tarn-branches-", dir=a.dir)
    server = Server(a, True, dir, "--branch-idle", "5s")
    try:
        for part in a.only.split(","):
            if part in PARENTS:
                tree(a, part)
            elif part == "many":
                many(a, server)
            elif part == "large":
                large(a, server)
            elif part == "merge":
                merge(a)
            else:
                sys.exit(f"no part {part}")
    finally:
        server.stop()
        shutil.rmtree(dir, ignore_errors=True)
    if a.template:
        template(a)


if __name__ == "__main__":
    main()
