#!/usr/bin/env python3
"""Runs a Go driver's own test suite against a running server: suite.py EXPECTED GO-TEST-ARGS…

EXPECTED lists the top-level tests that fail, one a line: package, test, and the reason; see verdict.py."""
import collections, json, subprocess, sys

import verdict

run = subprocess.Popen(["go", "test", "-json", "-p", "1", *sys.argv[2:]], stdout=subprocess.PIPE, text=True)
result, output = {}, collections.defaultdict(list)
broken = {}  # packages that failed without a test
for line in run.stdout:
    if not line.startswith("{"):
        continue
    e = json.loads(line)
    package, test = e.get("Package", ""), e.get("Test", "")
    name = f"{package} {test.split('/')[0]}".strip()
    if e["Action"] == "output":
        output[name].append(e["Output"])
    elif not test and e["Action"] == "fail":
        broken[package] = "fail"
    elif test and "/" not in test:
        if e["Action"] in ("pass", "fail", "skip"):
            result[name] = e["Action"]
        elif e["Action"] == "run":
            result.setdefault(name, "fail")  # until it says otherwise: a suite that is cut off has not passed
run.wait()
for package in broken:
    if not any(name.startswith(package + " ") for name in result):
        result[package] = "fail"
sys.exit(verdict.judge(sys.argv[1], verdict.read_expected(sys.argv[1], 2), result, lambda name: "".join(output[name][-20:])))
