#!/usr/bin/env python3
"""What the mirror costs transactions, and how fresh what other engines read is.

    tests/bench/mirror.py --bin bin/tarn [--pairs 5] [--seconds 8] [--scale 20] [--rate 2000] [--port 5439]

Cost: pgbench's TPC-B, prepared, 8 clients, on two servers alternately, with the mirror on and off; the ratio of each pair. Freshness: beside
TPC-B at a fixed rate a row is written now and then, and the Delta log of its table is polled as a foreign reader would: the time from
before the INSERT is sent until a version is there that covers the position of its commit. Throughput: how long a table of a million
rows, updated by one statement, takes until it is published, in row changes a second."""

import argparse, json, os, random, re, shutil, statistics, subprocess, sys, tempfile, threading, time
from bounds import Server, quantile
from pgclient import Client, values


def pgbench(port, *args):
    p = subprocess.run(["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", *args, "postgres"], capture_output=True, text=True)
    if p.returncode:
        sys.exit(p.stderr)
    m = re.search(r"tps = ([0-9.]+) \(without", p.stdout)
    return float(m.group(1)) if m else 0.0


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def start(a, mirror, port):
    dir = tempfile.mkdtemp(prefix="tarn-mirror-", dir=a.dir)
    b = argparse.Namespace(**{**vars(a), "port": port})
    server = Server(b, mirror, dir)
    pgbench(port, "-i", "-q", "-s", str(a.scale))
    if mirror:
        Client(port).query("SELECT tarn.mirror_sync()")
    return server


def stop(server):
    server.stop()
    shutil.rmtree(server.dir)


def cost(a):
    servers = {True: start(a, True, a.port), False: start(a, False, a.port + 1)}
    load = ["-n", "-c", "8", "-j", "2", "-M", "prepared", "-T", str(a.seconds)]
    ratios, tps = [], {True: [], False: []}
    for n in range(a.pairs):
        for mirror in (True, False) if n % 2 else (False, True):
            tps[mirror].append(pgbench(a.port if mirror else a.port + 1, *load))
        ratios.append(tps[True][-1] / tps[False][-1])
    for s in servers.values():
        stop(s)
    print(f"TPC-B: {statistics.median(tps[True]):.0f} tps with the mirror, {statistics.median(tps[False]):.0f} without; on / off "
          + ", ".join(f"{r:.2f}" for r in sorted(ratios)) + f", median {statistics.median(ratios):.2f}", flush=True)


def published(log):
    """The position that the newest version covers: merges have none of their own."""
    for name in sorted((n for n in os.listdir(log) if n.endswith(".json")), reverse=True):
        with open(os.path.join(log, name)) as f:
            for line in f:
                action = json.loads(line)
                if "txn" in action:
                    return action["txn"]["version"]
    return 0


def freshness(a):
    server = start(a, True, a.port)
    c = Client(a.port)
    c.query("CREATE TABLE fresh (id serial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
    c.query("SELECT tarn.mirror_sync()")
    log = os.path.join(values(c.query("SELECT tarn.delta_path('fresh')")[0])[0].removeprefix("file://"), "_delta_log")
    rate = []
    load = threading.Thread(target=lambda: rate.append(pgbench(a.port, "-n", "-c", "8", "-j", "2", "-M", "prepared", "-R", str(a.rate), "-T", str(a.fresh_seconds))))
    load.start()
    time.sleep(2)
    times = []
    while load.is_alive():
        began = time.perf_counter()
        c.query("INSERT INTO fresh DEFAULT VALUES")
        at = lsn(values(c.query("SELECT pg_current_wal_lsn()")[0])[0])
        while published(log) < at and time.perf_counter() - began < 30:
            time.sleep(0.005)
        times.append(time.perf_counter() - began)
        time.sleep(random.random() / 2)
    load.join()
    times.sort()
    print(f"freshness at {rate[0]:.0f} tx/s: {len(times)} samples, p50 {quantile(times, 0.5):.2f} s, p95 {quantile(times, 0.95):.2f} s, max {times[-1]:.2f} s", flush=True)
    stop(server)


def throughput(a):
    """The server's CPU for one statement that changes a million rows, until they are published, less what it takes without mirror."""
    used, follow = {}, 0
    for mirror in (False, True):
        server = start(argparse.Namespace(**{**vars(a), "scale": 1}), mirror, a.port)
        c = Client(a.port)
        c.query("CREATE TABLE t (id bigint PRIMARY KEY, a int, b text); INSERT INTO t SELECT g, g, 'value ' || g FROM generate_series(1, 1000000) g")
        if mirror:
            c.query("SELECT tarn.mirror_sync()")
        time.sleep(5)
        before = ticks(server)
        c.query("UPDATE t SET a = a + 1")
        if mirror:
            began = time.perf_counter()
            c.query("SELECT tarn.mirror_sync()")
            follow = time.perf_counter() - began
        used[mirror] = ticks(server) - before
        stop(server)
    more = used[True] - used[False]
    print(f"a million updated rows are published {follow:.1f} s after the commit; CPU {used[False]:.1f} s without mirror, {used[True]:.1f} s with it: "
          f"{2e6 / max(more, 0.01):.0f} row changes (a delete and an insert for each row) a second and core", flush=True)


def ticks(server):
    with open(f"/proc/{server.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", default="bin/tarn")
    p.add_argument("--port", type=int, default=5439)
    p.add_argument("--pairs", type=int, default=5)
    p.add_argument("--seconds", type=int, default=8)
    p.add_argument("--scale", type=int, default=20)
    p.add_argument("--rate", type=int, default=2000)
    p.add_argument("--fresh-seconds", type=int, default=60)
    p.add_argument("--only", default="cost,freshness,throughput")
    p.add_argument("--dir", help="where the servers' directories are made")
    a = p.parse_args()
    a.bin = os.path.abspath(a.bin)
    for name in a.only.split(","):
        {"cost": cost, "freshness": freshness, "throughput": throughput}[name](a)


if __name__ == "__main__":
    main()
