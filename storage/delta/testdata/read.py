# Reads a table of delta_test.go with deltalake (through the log) and DuckDB (the live files), prints rows as JSON.
import json, sys, datetime, decimal
import duckdb
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

def us(d):
    epoch = datetime.datetime(1970, 1, 1, tzinfo=d.tzinfo and datetime.timezone.utc)
    return str((d - epoch) // datetime.timedelta(microseconds=1))

def plain(v):
    if isinstance(v, datetime.datetime): return us(v)
    if isinstance(v, (datetime.date, decimal.Decimal)): return str(v)
    if isinstance(v, (bytes, bytearray)): return v.hex()
    return v

dir = sys.argv[1]
def rows(version):
    t = DeltaTable(dir, version=version)
    q = pa.table(QueryBuilder().register("t", t).execute("select * from t order by id").read_all())
    return [[plain(v) for v in r.values()] for r in q.to_pylist()]

t = DeltaTable(dir)
files = t.file_uris()
con = duckdb.connect()
con.execute("set timezone='UTC'")
cur = con.execute("select * from read_parquet(?) order by id", [files])
duck = [[plain(v) for v in r] for r in cur.fetchall()]
pruned = con.execute("select count(*) from read_parquet(?) where n38 = 46000000000000000000000 and t like 'row 96%' and tz = '2023-11-14 22:14:56.123456+00'", [files]).fetchone()[0]
print(json.dumps({"Deltalake": rows(t.version()), "Checkpoint": rows(3), "Duckdb": duck, "Pruned": pruned}))
