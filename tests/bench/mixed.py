"""Transactions and analytical queries at the same time: pgbench's TPC-B beside sessions that each ask the next of a few analytical
queries over the same tables as soon as they have the last one's answer.

    tests/bench/mixed.py [--scale 20] [--seconds 15] [--clients 8] [--sessions 50] [--keep] NAME=PORT …     servers that trust user postgres

For each server: transactions a second alone and beside the sessions, the share that is left, analytical queries a second and their
median and 95th percentile. Sums of a query are checked against each other: TPC-B keeps accounts, tellers and branches equal, so that a
query that reads them in one snapshot must find them so."""

import argparse, re, statistics, subprocess, sys, threading, time
from pgclient import Client, Error, values

QUERIES = [
    "SELECT bid, count(*), sum(abalance), min(abalance), max(abalance), avg(abalance) FROM pgbench_accounts GROUP BY bid ORDER BY bid",
    "SELECT b.bid, b.bbalance, sum(t.tbalance) FROM pgbench_branches b JOIN pgbench_tellers t USING (bid) GROUP BY b.bid, b.bbalance ORDER BY 3 DESC LIMIT 10",
    "SELECT abalance / 1000, count(*) FROM pgbench_accounts WHERE aid % 3 = 1 GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    "SELECT count(*), sum(delta) FROM pgbench_history h JOIN pgbench_accounts a USING (aid) WHERE a.abalance > 0",
    "SELECT count(DISTINCT abalance) FROM pgbench_accounts",
    "SELECT (SELECT sum(abalance) FROM pgbench_accounts) - (SELECT sum(bbalance) FROM pgbench_branches), (SELECT sum(bbalance) FROM pgbench_branches) - (SELECT sum(tbalance) FROM pgbench_tellers)",
]


def pgbench(port, *args):
    p = subprocess.run(["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", *args, "postgres"], capture_output=True, text=True)
    if p.returncode:
        sys.exit(p.stderr)
    m = re.search(r"tps = ([0-9.]+) \(without", p.stdout)
    return float(m.group(1)) if m else 0.0


def analyst(port, number, stop, times, wrong):
    c = Client(port)
    i = number
    while not stop.is_set():
        sql = QUERIES[i % len(QUERIES)]
        i += 1
        began = time.perf_counter()
        try:
            rows = c.query(sql)
        except Error as e:
            wrong.append(str(e))
            return
        times.append(time.perf_counter() - began)
        if sql is QUERIES[-1] and values(rows[0]) != ["0", "0"]:
            wrong.append("sums differ by " + ", ".join(values(rows[0])))
    c.close()


def measure(port, a):
    load = ["-n", "-c", str(a.clients), "-j", "2", "-M", "prepared", "-T", str(a.seconds)]
    alone = pgbench(port, *load)
    stop, times, wrong = threading.Event(), [], []
    sessions = [threading.Thread(target=analyst, args=(port, n, stop, times, wrong)) for n in range(a.sessions)]
    for s in sessions:
        s.start()
    time.sleep(1)
    first = len(times)
    mixed = pgbench(port, *load)
    during = times[first:]
    stop.set()
    for s in sessions:
        s.join()
    if wrong:
        sys.exit(f"port {port}: {wrong[0]} ({len(wrong)} such)")
    after = pgbench(port, *load)
    during.sort()
    alone = (alone + after) / 2
    p95 = during[int(len(during) * 0.95)] if during else float("nan")
    return alone, mixed, mixed / alone, len(during) / a.seconds, statistics.median(during) if during else float("nan"), p95


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--scale", type=int, default=20)
    p.add_argument("--seconds", type=int, default=15)
    p.add_argument("--clients", type=int, default=8)
    p.add_argument("--sessions", type=int, default=50)
    p.add_argument("--keep", action="store_true", help="pgbench's tables are there already")
    p.add_argument("servers", nargs="+")
    a = p.parse_args()
    print("| server | tps alone | tps beside | share | queries/s | median s | p95 s |\n|---|---|---|---|---|---|---|")
    for s in a.servers:
        name, port = s.split("=", 1)
        if not a.keep:
            pgbench(port, "-i", "-q", "-s", str(a.scale))
            try:
                Client(int(port)).query("SELECT tarn.mirror_sync()")
            except Error:
                pass  # not Tarn
        alone, mixed, share, qps, median, p95 = measure(int(port), a)
        print(f"| {name} | {alone:.0f} | {mixed:.0f} | {share:.2f} | {qps:.1f} | {median:.3f} | {p95:.3f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
