#!/usr/bin/env python3
"""Runs a Go driver's own test suite against a running server: suite.py EXPECTED GO-TEST-ARGS…

EXPECTED lists the top-level tests that fail, one a line: package, test, and the reason. A failure that is not listed and a
listed test that passes both end it with 1: the list can only shrink. A reason that begins with "either way:" is for tests
that depend on the machine."""
import collections, json, subprocess, sys

expected, loose = {}, set()
for line in open(sys.argv[1]):
    line = line.split("#")[0].strip()
    if line:
        package, test, reason = line.split(None, 2)
        expected[package, test] = reason
        if reason.startswith("either way:"):
            loose.add((package, test))

run = subprocess.Popen(["go", "test", "-json", "-p", "1", *sys.argv[2:]], stdout=subprocess.PIPE, text=True)
result, output = {}, collections.defaultdict(list)
for line in run.stdout:
    if not line.startswith("{"):
        continue
    e = json.loads(line)
    key = e.get("Package", ""), e.get("Test", "")
    top = key[0], key[1].split("/")[0]
    if e["Action"] in ("pass", "fail", "skip"):
        result[key] = e["Action"]
    elif e["Action"] == "run":
        result.setdefault(key, "fail")  # until it says otherwise: a suite that is cut off has not passed
    elif e["Action"] == "output":
        output[top].append(e["Output"])
run.wait()

bad = 0
count = collections.Counter()
for (package, test), how in sorted(result.items()):
    if "/" in test:
        continue
    if not test:
        if how == "fail" and not any(p == package and t for p, t in result):
            print(f"FAIL {package}\n" + "".join(output[package, ""][-20:]))
            bad += 1
        continue
    count[how] += 1
    listed = (package, test) in expected
    if how == "fail" and not listed:
        print(f"unexpected failure: {package} {test}\n" + "".join(output[package, test][-15:]))
        bad += 1
    if how == "pass" and listed and (package, test) not in loose:
        print(f"unexpected pass, take it off {sys.argv[1]}: {package} {test}")
        bad += 1
for key in sorted(set(expected) - set(result)):
    print("listed but not run:", *key)
    bad += 1
if not count:
    print("no test ran")
    bad += 1
print(f"{sys.argv[1]}: {count['pass']} pass, {count['fail']} fail ({len(expected)} listed), {count['skip']} skipped")
sys.exit(1 if bad else 0)
