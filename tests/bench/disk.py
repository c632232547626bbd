#!/usr/bin/env python3
"""What an update-heavy load takes on disk, against what is alive: the store's parts and the Delta files, sampled while pgbench updates random rows of
a table (incompressible, --mb of it) and runs TPC-B beside.

    tests/bench/disk.py --bin bin/tarn [--mb 100] [--seconds 360] [--window 0|1d] [--port 5439]

Alive is, for the store, the bytes of all rows (pg_column_size), and for Delta what OPTIMIZE leaves at the end. base/ and what only it still links are
the restore window's, which has a bound of its own (tarn.restore_window_size): they are shown apart. Files of several names count once."""

import argparse, os, re, shutil, subprocess, sys, tempfile, time
from bounds import Server
from pgclient import Client, values

MB = 1 << 20


class Store(Server):
    def __init__(self, a, dir):
        self.data, config = os.path.join(dir, "data"), os.path.join(dir, "tarn.conf")
        with open(config, "w") as f:
            f.write(f"tarn.restore_window = {a.window}\n")
        super().__init__(a, True, dir, "--config", config)

    def sizes(self):
        """Bytes by part. A file belongs to the part that is named first, in whatever directory else it has a name."""
        parts, seen, late = dict.fromkeys(("kv", "wal", "window", "parquet", "vectors", "delta log"), 0), set(), []
        for root, _, files in os.walk(self.data):
            for name in files:
                try:
                    st = os.stat(os.path.join(root, name))
                except FileNotFoundError:
                    continue
                part = self.part(root, name)
                if part in ("window", "wal"): # of the log, too, the window links what it keeps
                    late.append((part == "window", part, st))
                elif st.st_ino not in seen:
                    seen.add(st.st_ino)
                    parts[part] += st.st_blocks * 512
        for _, part, st in sorted(late, key=lambda f: f[0]):
            if st.st_ino not in seen:
                seen.add(st.st_ino)
                parts[part] += st.st_blocks * 512
        return parts

    @staticmethod
    def part(root, name):
        if "/warehouse" in root:
            if root.endswith("_delta_log"):
                return "delta log"
            return "vectors" if name.endswith(".bin") else "parquet"
        for part in ("wal", "base"):
            if f"/{part}" in re.sub(r".*/stores/\d+/\d+", "", root):
                return "window" if part == "base" else "wal"
        return "kv"


def pgbench(port, script, *args):
    return subprocess.Popen(["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n", "-M", "prepared", *(["-f", script] if script else []), *args, "postgres"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def number(c, sql):
    return float(values(c.query(sql)[-1])[0])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", default="bin/tarn")
    p.add_argument("--port", type=int, default=5439)
    p.add_argument("--mb", type=int, default=100)
    p.add_argument("--seconds", type=int, default=360)
    p.add_argument("--window", default="0", help="tarn.restore_window")
    p.add_argument("--dir", help="where the server's directory is made")
    p.add_argument("--trace", action="store_true", help="print every sample")
    a = p.parse_args()
    a.bin = os.path.abspath(a.bin)
    dir = tempfile.mkdtemp(prefix="tarn-disk-", dir=a.dir)
    server = Store(a, dir)
    try:
        run(a, server)
    finally:
        server.process.kill()
        shutil.rmtree(dir)


def run(a, server):
    c = Client(a.port)
    rows = a.mb * MB // 150
    c.query("CREATE TABLE hot (id bigint PRIMARY KEY, n bigint, a text, b text)")
    c.query(f"INSERT INTO hot SELECT g, 0, md5(g::text) || md5((-g)::text), md5((g * 7)::text) FROM generate_series(1, {rows}) g")
    subprocess.run(["pgbench", "-h", "127.0.0.1", "-p", str(a.port), "-U", "postgres", "-i", "-q", "-s", "1", "postgres"], check=True, capture_output=True)
    c.query("SELECT tarn.mirror_sync()")
    script = os.path.join(server.dir, "hot.sql")
    with open(script, "w") as f:
        f.write(f"\\set id random(1, {rows})\nUPDATE hot SET n = n + 1, a = md5((:id + n)::text) || md5(n::text) WHERE id = :id;\n")
    loads = [pgbench(a.port, script, "-c", "4", "-T", str(a.seconds)), pgbench(a.port, None, "-c", "2", "-T", str(a.seconds))]
    worst, began = {}, time.time()
    while loads[0].poll() is None or loads[1].poll() is None:
        s = server.sizes()
        s["store"], s["warehouse"] = s["kv"] + s["wal"], s["parquet"] + s["vectors"] + s["delta log"]
        for k, v in s.items():
            worst[k] = max(worst.get(k, 0), v)
        if a.trace:
            print(f"{time.time() - began:6.0f} s  " + "  ".join(f"{k} {v / MB:.0f}" for k, v in s.items()), flush=True)
        time.sleep(2)
    tps = [re.search(r"tps = ([\d.]+)", l.communicate()[0]) for l in loads]
    tables = ["hot", "pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history"]
    live = sum(number(c, f"SELECT coalesce(sum(pg_column_size(t.*)), 0) FROM {t} t") for t in tables)
    c.query("SELECT tarn.mirror_sync()")
    for t in tables:
        c.query(f"OPTIMIZE {t}")
    files = number(c, "SELECT sum(file_bytes) FROM tarn.mirrors")
    bad = c.query("SELECT table_name, state, last_error FROM tarn.mirrors WHERE state <> 'active'")
    if bad:
        sys.exit(f"a mirror failed: {values(bad[0])}")
    c.close()
    server.stop()
    print(f"{a.mb} MB, {a.seconds} s, restore window {a.window}: {' and '.join(t.group(1) if t else '?' for t in tps)} updates and TPC-B a second")
    print("| | most MB | alive MB | ratio |\n|---|---|---|---|")
    for what, alive in (("store", live), ("warehouse", files)):
        print(f"| {what} | {worst[what] / MB:.0f} | {alive / MB:.0f} | {worst[what] / alive:.2f} |")
    for k in ("kv", "wal", "window", "parquet", "vectors", "delta log"):
        print(f"| {k} | {worst[k] / MB:.0f} | | |")


if __name__ == "__main__":
    main()
