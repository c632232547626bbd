"""Writes conformance.txt: what deltalake reads in the fixture tables, version by version.

usage: expect.py DIR > conformance.txt      (DIR holds golden/ and kernel/, the unpacked archives)
       expect.py --table DIR                rows and hash of one table's newest version

A line: table, version, number of rows, SHA-256 over the column names and the sorted rows in the form of
conformance_test.go. A version that deltalake refuses or cannot open has "-" and its reason in place of the hash; the
lines that are settled in another way are in conformance_other.txt.
"""
import datetime, decimal, glob, hashlib, math, os, re, struct, sys

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder


def form(v):
    if v is None:
        return "~"
    if isinstance(v, bool):
        return "T" if v else "F"
    if isinstance(v, int):
        return str(v)
    if isinstance(v, float):
        return "fNaN" if math.isnan(v) else "f%016x" % struct.unpack(">Q", struct.pack(">d", v))
    if isinstance(v, decimal.Decimal):
        return format(v, "f")
    if isinstance(v, bytes):
        return "x" + v.hex()
    if isinstance(v, datetime.datetime):
        if v.tzinfo:
            return v.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%fZ").zfill(27)
        return v.strftime("%Y-%m-%d %H:%M:%S.%f").zfill(26)
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, dict):
        v = v.values()
    if isinstance(v, (list, tuple, type({}.values()))):
        return "[" + ",".join(form(x) for x in v) + "]"
    return "s%d:%s" % (len(v.encode()), v)


def digest(path, version):
    table = DeltaTable(path, version=version)
    query = QueryBuilder().register("t", table)
    query.execute("set datafusion.execution.target_partitions = 1")
    data = pa.table(query.execute("select * from t"))
    lines = []
    for batch in data.to_batches():
        columns = [batch.column(i).to_pylist() for i in range(batch.num_columns)]
        lines += ["|".join(map(form, row)).encode() for row in zip(*columns)]
    h = hashlib.sha256("|".join(data.column_names).encode() + b"\n")
    for line in sorted(lines):
        h.update(line + b"\n")
    return len(lines), h.hexdigest()


def main(root):
    for log in sorted(glob.glob(root + "/*/**/_delta_log", recursive=True)):
        path = os.path.dirname(log)
        names = [re.match(r"(\d{20})\.", f) for f in os.listdir(log)]
        versions = sorted({int(m[1]) for m in names if m}) or [0]
        if len(versions) > 15:
            versions = versions[-3:]
        for v in versions:
            try:
                n, h = digest(path, v)
            except Exception as e:
                n, h = "-", re.sub(r"\s+", " ", str(e))[:60]
            print(os.path.relpath(path, root), v, n, h, flush=True)


if sys.argv[1] == "--table":
    print(*digest(sys.argv[2], None))
else:
    main(sys.argv[1])
