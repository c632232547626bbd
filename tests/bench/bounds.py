#!/usr/bin/env python3
"""What a heavy statement costs the sessions beside it, with the mirror on and off: the server's peak memory, the latency of another
session's point updates, and how long the mirror takes to follow.

    tests/bench/bounds.py --bin bin/tarn [--only NAME,…] [--mirror on,off] [--port 5439]

Cases: million (a transaction that inserts a million rows, then one that updates all of them), copy (COPY of 1 GB), hot (a row updated
100,000 times), wide (1,600 columns), large (a value of 200 MB). Each starts a server of its own on an empty directory. The probe is
pgbench at 100 updates by key a second; its latency counts from when an update was due, so that a stall shows in all that waited for it.
After each case the answers of rows and columns are compared."""

import argparse, glob, os, shutil, signal, subprocess, sys, tempfile, time
from pgclient import Client, Error, values


def million(c):
    c.query("CREATE TABLE t (id bigint PRIMARY KEY, a int, b text)")
    c.query("INSERT INTO t SELECT g, g % 1000, 'value ' || g FROM generate_series(1, 1000000) g")
    c.query("UPDATE t SET a = a + 1, b = b || '!'")
    return "SELECT count(*), sum(a), min(b), max(b) FROM t"


def copy(c):
    name = os.path.join(c.scratch, "rows.txt")
    with open(name, "w") as f:
        at, size = 0, 0
        while size < 1 << 30:
            chunk = "".join(f"{i}\t{i % 1000}\t{i * 7919 % 1000003:07d} the quick brown fox jumps over the lazy dog and goes on {i:09d}\n" for i in range(at, at + 100000))
            f.write(chunk)
            at, size = at + 100000, size + len(chunk)
    c.begin()
    c.query("CREATE TABLE t (id bigint PRIMARY KEY, a int, b text)")
    c.query(f"COPY t FROM '{name}'")
    os.remove(name)
    return "SELECT count(*), sum(a), sum(id), min(b), max(b) FROM t"


def hot(c):
    c.query("CREATE TABLE t (id bigint PRIMARY KEY, a bigint)")
    c.query("INSERT INTO t VALUES (1, 0)")
    script = os.path.join(c.scratch, "hot.sql")
    with open(script, "w") as f:
        f.write("UPDATE t SET a = a + 1 WHERE id = 1;\n")
    pgbench(c.port, "-n", "-c", "4", "-t", "25000", "-M", "prepared", "-f", script)
    return "SELECT count(*), sum(a) FROM t"


def wide(c):
    cols = ", ".join(f"c{i} int" for i in range(1600))
    c.query(f"CREATE TABLE t ({cols})")
    c.query("INSERT INTO t SELECT " + ", ".join(f"g + {i}" for i in range(1600)) + " FROM generate_series(1, 5000) g")
    c.query("UPDATE t SET c7 = c7 + 1 WHERE c0 % 2 = 0")
    return "SELECT count(*), sum(c0), sum(c7), sum(c1599) FROM t"


def large(c):
    c.query("CREATE TABLE t (id int PRIMARY KEY, v text)")
    c.query("INSERT INTO t SELECT 1, repeat(md5('x'), 200 * 1024 * 1024 / 32)")
    c.query("UPDATE t SET v = v || 'end'")
    return "SELECT count(*), sum(length(v)), max(md5(v)) FROM t"


CASES = {f.__name__: f for f in (million, copy, hot, wide, large)}


def pgbench(port, *args, **how):
    cmd = ["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", *args, "postgres"]
    p = subprocess.run(cmd, capture_output=True, text=True, **how)
    if p.returncode:
        sys.exit(p.stderr)


class Server:
    """A server of a benchmark's own: a.bin on a.port, with its data below dir and with further flags."""
    def __init__(self, a, mirror, dir, *flags):
        self.dir = dir
        args = [a.bin, "serve", "--data", os.path.join(dir, "data"), "--listen", f"127.0.0.1:{a.port}", "--http", "", f"--mirror={'true' if mirror else 'false'}", *flags]
        self.log = open(os.path.join(dir, "server.log"), "w")
        self.process = subprocess.Popen(args, stdout=self.log, stderr=self.log)
        for _ in range(200):
            try:
                Client(a.port).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("the server does not answer")

    def memory(self, what):
        with open(f"/proc/{self.process.pid}/status") as f:
            for line in f:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Case(Client):
    """The client of a case, with what else it needs."""
    def __init__(self, port, scratch):
        super().__init__(port)
        self.port, self.scratch, self.began = port, scratch, time.perf_counter()

    def begin(self):
        """What went before does not count."""
        self.began = time.perf_counter()


def quantile(sorted_list, q):
    return sorted_list[min(len(sorted_list) - 1, int(len(sorted_list) * q))] if sorted_list else float("nan")


def run(a, name, mirror):
    dir = tempfile.mkdtemp(prefix="tarn-bounds-", dir=a.dir)
    server = Server(a, mirror, dir)
    c = Case(a.port, dir)
    c.query("CREATE TABLE probe (id int PRIMARY KEY, n bigint); INSERT INTO probe SELECT g, 0 FROM generate_series(1, 1000) g")
    script = os.path.join(dir, "probe.sql")
    with open(script, "w") as f:
        f.write("\\set id random(1, 1000)\nUPDATE probe SET n = n + 1 WHERE id = :id;\n")
    probe = subprocess.Popen(["pgbench", "-h", "127.0.0.1", "-p", str(a.port), "-U", "postgres", "-n", "-c", "1", "-R", "100", "-T", "100000", "-M", "prepared",
        "-l", "-f", script, "postgres"], cwd=dir, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # a shell's background jobs ignore it
    time.sleep(2)
    c.begin()
    check = CASES[name](c)
    took = time.perf_counter() - c.began
    stopped = time.perf_counter()
    if mirror:
        c.query("SELECT tarn.mirror_sync()")
    follow = time.perf_counter() - stopped
    since = time.time() - took - follow
    probe.send_signal(signal.SIGINT)
    probe.wait()
    latencies = []
    for log in glob.glob(os.path.join(dir, "pgbench_log.*")):
        for line in open(log):
            f = line.split()
            if len(f) >= 6 and float(f[4]) + float(f[5]) / 1e6 >= since:
                latencies.append(int(f[2]) / 1000)
    latencies.sort()
    peak = server.memory("VmHWM")
    answers = []
    for mode in (["off", "on"] if mirror else ["off"]):
        answers.append(c.query(f"SET tarn.columnar = {mode}; {check}")[0])
    if answers[0] != answers[-1]:
        sys.exit(f"{name}: rows say {values(answers[0])}, columns {values(answers[-1])}")
    if mirror:
        bad = c.query("SELECT table_name, state, last_error FROM tarn.mirrors WHERE state <> 'active'")
        if bad:
            sys.exit(f"{name}: {values(bad[0])}")
    c.close()
    server.stop()
    if not a.keep:
        shutil.rmtree(dir)
    print(f"| {name} | {'on' if mirror else 'off'} | {took:.1f} | {follow:.1f} | {peak:.0f} | {quantile(latencies, 0.5):.1f} | {quantile(latencies, 0.99):.1f} | "
          f"{latencies[-1] if latencies else float('nan'):.0f} |", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", default="bin/tarn")
    p.add_argument("--port", type=int, default=5439)
    p.add_argument("--only", default=",".join(CASES))
    p.add_argument("--mirror", default="on,off")
    p.add_argument("--dir", help="where the servers' directories are made")
    p.add_argument("--keep", action="store_true", help="keep them")
    a = p.parse_args()
    a.bin = os.path.abspath(a.bin)
    print("| case | mirror | s | mirror follows s | peak MB | update p50 ms | p99 ms | max ms |\n|---|---|---|---|---|---|---|---|")
    for name in a.only.split(","):
        for mode in a.mirror.split(","):
            run(a, name, mode == "on")


if __name__ == "__main__":
    main()
