#!/usr/bin/env python3
"""Compares how the tests of a foreign suite ended with the committed list of those that fail: verdict.py EXPECTED RESULTS TESTS

EXPECTED has a line for each test that fails: its name without spaces and the reason. RESULTS has lines "outcome name", outcome one
of run (begun, until another line says how it ended), pass, fail, skip; any fail makes it a failure. A failure that is not listed and a
listed test that passes both end it with 1, so the list can only shrink; so do fewer than TESTS tests. A reason that begins with "either
way:" is for tests that depend on the machine."""
import collections, sys


def read_expected(path, words):
    """The reasons by name, which is the first so many words of a line."""
    expected = {}
    for line in open(path):
        line = line.split("# ")[0].strip()
        if line:
            *name, reason = line.split(None, words)
            expected[" ".join(name)] = reason
    return expected


def judge(path, expected, result, output=lambda name: "", least=1):
    """Prints what differs and the counts; the exit status."""
    bad = 0
    count = collections.Counter(result.values())
    for name, how in sorted(result.items()):
        if how == "fail" and name not in expected:
            print(f"unexpected failure: {name}\n{output(name)}".rstrip())
            bad += 1
        if how == "pass" and name in expected and not expected[name].startswith("either way:"):
            print(f"unexpected pass, take it off {path}: {name}")
            bad += 1
    for name in sorted(set(expected) - set(result)):
        print("listed but not run:", name)
        bad += 1
    if len(result) < least:
        print(f"{len(result)} tests ran, there were at least {least}")
        bad += 1
    ran = max(1, count["pass"] + count["fail"])
    print(f"{path}: {count['pass']} pass, {count['fail']} fail ({len(expected)} listed), {count['skip']} skipped: {100 * count['pass'] / ran:.2f} %")
    return 1 if bad else 0


def read_results(path):
    worse = {"run": 0, "pass": 1, "skip": 2, "fail": 3}
    result = {}
    for line in open(path):
        how, name = line.rstrip("\n").split(" ", 1)
        name = name.replace(" ", "_")
        result[name] = max(result.get(name, how), how, key=worse.get)
    return {name: "fail" if how == "run" else how for name, how in result.items()}


if __name__ == "__main__":
    path, results, least = sys.argv[1:]
    sys.exit(judge(path, read_expected(path, 1), read_results(results), least=int(least)))
