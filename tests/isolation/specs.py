"""Runs isolation specs against a server and compares what isolationtester prints with PostgreSQL's expected output."""

import argparse, difflib, os, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor

# PostgreSQL's own time limit per step is 300 s; nothing here should wait that long.
STEP_SECONDS, SPEC_SECONDS = 10, 120
OWN = os.path.dirname(os.path.abspath(__file__))


def psql(port, sql):
    subprocess.run(["psql", "-qX", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", sql, "postgres"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)


def home(src, spec):
    """The folder of a spec: Tarn's own, whose expected outputs PostgreSQL 15 has written, or PostgreSQL's."""
    return OWN if os.path.exists(f"{OWN}/specs/{spec}.spec") else src


def expected(src, spec):
    """The outputs that count as right: spec.out and its variants spec_1.out …"""
    found = []
    src = home(src, spec)
    for suffix in ("", "_1", "_2", "_3"):
        path = f"{src}/expected/{spec}{suffix}.out"
        if os.path.exists(path):
            found.append(open(path).read())
    return found


def run(a, spec):
    """Runs one spec; returns (passed, what is wrong)."""
    db = "iso_" + spec.replace("-", "_")
    psql(a.port, f"create database {db}")
    began = time.time()
    env = dict(os.environ, PGISOLATIONTIMEOUT=str(STEP_SECONDS), PGOPTIONS="", PGAPPNAME=f"isolation/{spec}")
    env["PGDATESTYLE"], env["PGTZ"] = "Postgres, MDY", "PST8PDT"
    try:
        with open(f"{home(a.src, spec)}/specs/{spec}.spec") as script:
            p = subprocess.run([a.tester, f"host=127.0.0.1 port={a.port} user=postgres dbname={db}"], stdin=script, env=env,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SPEC_SECONDS)
        got = p.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as e:
        got = (e.stdout or b"").decode("utf-8", "replace") + "\n(stopped: too slow)\n"
    psql(a.port, f"drop database {db}")
    with open(f"{a.out}/{spec}.out", "w") as f:
        f.write(got)
    if a.record:
        with open(f"{OWN}/expected/{spec}.out", "w") as f:
            f.write(got)
    wanted = expected(a.src, spec)
    if got in wanted:
        return True, "", time.time() - began
    diff = list(difflib.unified_diff(wanted[0].splitlines(), got.splitlines(), "expected", "got", lineterm=""))
    with open(f"{a.out}/{spec}.diff", "w") as f:
        f.write("\n".join(diff) + "\n")
    first = next((l for l in diff[2:] if l[:1] == "+" and "ERROR" in l), None) or next((l for l in diff[2:] if l[:1] in "+-"), "")
    return False, first[:150], time.time() - began


def main():
    p = argparse.ArgumentParser()
    for name in ("tester", "src", "out", "list"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--record", action="store_true", help="PostgreSQL 15 answers at the port: keep what it says as expected")
    p.add_argument("specs", nargs="*")
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    known = {}
    for line in open(a.list):
        line = line.strip()
        if line and not line.startswith("#"):
            spec, _, reason = line.partition(":")
            known[spec.strip()] = reason.strip()
    specs = a.specs or [w for line in open(f"{a.src}/isolation_schedule") if line.startswith("test:") for w in line[5:].split()]
    if not a.specs:
        specs += sorted(f[:-5] for f in os.listdir(f"{OWN}/specs"))
    bad = 0
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda s: (s, *run(a, s)), specs)
        passed = 0
        for spec, ok, why, took in results:
            passed += ok
            if ok and spec in known:
                print(f"{spec}: passes and is listed as failing ({known[spec]})")
                bad += 1
            elif not ok and spec not in known:
                print(f"{spec}: fails in {took:.1f} s: {why}")
                bad += 1
    internals = sum(1 for s in specs if known.get(s, "").startswith("internal"))
    print(f"isolation: {passed} of {len(specs)} pass ({internals} of the others need PostgreSQL's internals), {bad} not as listed")
    sys.exit(bad > 0)


main()
