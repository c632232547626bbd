#!/usr/bin/env python3
"""Compares what checks of real clients gave with PostgreSQL and with Tarn, and with the committed list: compare.py EXPECTED CHECKS TARN [POSTGRESQL]

TARN and POSTGRESQL are folders with a file for each client, lines "pass NAME VALUE" or "fail NAME MESSAGE". A check fails on Tarn when it
says so or when its value is another one than PostgreSQL's; a check that fails on PostgreSQL is a wrong check and ends it with 1. CHECKS is
how many there are at least."""
import os, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import verdict


def read(folder):
    said = {}
    for file in sorted(os.listdir(folder)):
        for line in open(os.path.join(folder, file)):
            how, name, *value = line.rstrip("\n").split(" ", 2)
            said[f"{file}.{name}"] = how, "".join(value)
    return said


def difference(want, got):
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    start = max(0, at - 100)
    return f"  PostgreSQL: …{want[start:at + 200]}\n  Tarn:       …{got[start:at + 200]}"


expected, least, tarn, *postgres = sys.argv[1:]
got = read(tarn)
want = read(postgres[0]) if postgres else got
result, output, status = {}, {}, 0
for name in {**want, **got}:
    how, value = got.get(name, ("fail", "did not run"))
    wanted, right = want.get(name, ("fail", "did not run"))
    result[name], output[name] = how, "  " + value[:1000]
    if wanted != "pass" and postgres:
        print(f"fails on PostgreSQL: {name}\n  {right[:1000]}")
        status = 1
    elif how == "pass" and value != right:
        result[name], output[name] = "fail", difference(right, value)
sys.exit(verdict.judge(expected, verdict.read_expected(expected, 1), result, output=output.get, least=int(least)) or status)
