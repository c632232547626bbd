"""Tables that Spark writes, for Tarn to read: each version, the newest through an external table, and the change data feed."""
import json, subprocess

import pyarrow as pa

from delta_readers import NULL, compare, psql, read_csv, text

ALL_TYPES = """create table {t} (id bigint, name string, price decimal(10,2), wide decimal(38,18), at timestamp, local timestamp_ntz, day date, ok boolean,
    tags array<string>, s struct<a: int, b: struct<c: timestamp, d: decimal(5,1)>>, m map<string, int>, l array<struct<x: double, y: array<date>>>, b binary,
    f float, d double, i smallint, y tinyint) using delta %s"""
ROWS = """insert into {t} select id, if(id %% 9 = 0, null, concat('n', id, ' é')), id * 0.25, id / 7, timestamp '2024-01-01 00:00:00.000001' + id * interval '1' hour,
    timestamp_ntz '1999-12-31 23:59:59.999999' + id * interval '1' day, date_add(date '2024-02-28', cast(id %% 3 as int)), id %% 2 = 0,
    if(id %% 5 = 0, null, array('a', null, cast(id as string), '')), if(id %% 7 = 0, null, named_struct('a', cast(id as int),
    'b', named_struct('c', timestamp '2024-01-01', 'd', cast(1.5 as decimal(5,1))))), map('k', cast(id as int), 'é"', null),
    array(named_struct('x', id / 3.0d, 'y', array(date '0001-01-01', null))), cast(concat('é', id) as binary),
    cast(id / 3.0d as float), if(id = 4, double('nan'), if(id = 5, double('infinity'), id / 3.0d)), cast(id as smallint), cast(id %% 100 as tinyint) from range(%d, %d)"""
CHANGES = [ROWS % (0, 200), "delete from {t} where id % 10 = 3", "update {t} set name = 'x', price = price + 1 where id % 50 = 1", ROWS % (200, 230),
    """merge into {t} t using (select id from range(190, 260)) s on t.id = s.id when matched and s.id % 2 = 0 then delete
    when matched then update set name = 'merged' when not matched then insert (id, name) values (s.id, 'new')""",
    "optimize {t}", "delete from {t} where day = date '2024-02-29'", "delete from {t} where id = 0"]
FEED = "tblproperties ('delta.enableChangeDataFeed' = 'true', 'delta.enableDeletionVectors' = '%s')"

# name: what Spark does, one version or more each. A line that starts with - is what Tarn's refusal of the versions from there on says.
TABLES = {
    "feed_vectors": [ALL_TYPES % ("partitioned by (day) " + FEED % "true")] + CHANGES,
    "feed_copies": [ALL_TYPES % (FEED % "false")] + CHANGES,
    "mapped": ["""create table {t} (id int, `a b,c;{{}}()=` string, s struct<x: int, `y z`: string>, p string) using delta partitioned by (p)
        tblproperties ('delta.columnMapping.mode' = 'name', 'delta.enableDeletionVectors' = 'true')""",
        "insert into {t} select id, concat('v', id), named_struct('x', id, 'y z', 'q'), if(id % 3 = 0, null, concat('p ', id % 3)) from range(100)",
        "alter table {t} rename column `a b,c;{{}}()=` to other", "alter table {t} rename column s.x to xx", "alter table {t} drop column s.`y z`",
        "alter table {t} add columns (id2 bigint after id)", "insert into {t} select id, id * 2, 'w', named_struct('xx', 1), 'p=/é%20' from range(100, 120)",
        "delete from {t} where id % 4 = 1", "alter table {t} drop column other", "alter table {t} add columns (other string)"],
    "widened": ["""create table {t} (a tinyint, b smallint, c int, d float, e decimal(10,2), f date, s struct<x: int>, l array<smallint>, m map<int, int>) using delta
        tblproperties ('delta.enableTypeWidening' = 'true', 'delta.feature.timestampNtz' = 'supported')""",
        "insert into {t} values (-128, 32767, -2147483648, 1.1, 99999999.99, date '2024-02-29', struct(7), array(1, null), map(1, 2)), (null, null, null, null, null, null, null, null, null)",
        "alter table {t} alter column a type int", "alter table {t} alter column b type bigint", "alter table {t} alter column c type bigint",
        "alter table {t} alter column d type double", "alter table {t} alter column e type decimal(20, 4)", "alter table {t} alter column f type timestamp_ntz",
        "alter table {t} alter column s.x type bigint", "alter table {t} alter column l.element type int", "alter table {t} alter column m.key type bigint",
        "insert into {t} values (2147483647, 9223372036854775807, -1, 1e300, 9999999999999999.9999, timestamp_ntz '2024-01-01 00:00:00.5', struct(9223372036854775807), array(70000), map(5000000000, 1))",
        "alter table {t} alter column a type double", "alter table {t} alter column c type decimal(22, 2)"],
    "checkpoints_v2": ["create table {t} (id int, v string) using delta tblproperties ('delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '2', 'delta.enableDeletionVectors' = 'true')",
        "insert into {t} select id, 'a' from range(50)", "insert into {t} select id, 'b' from range(50)", "delete from {t} where id < 7", "update {t} set v = 'c' where id = 9",
        "insert into {t} values (null, null)"],
    "checkpoints_parts": ["set spark.databricks.delta.checkpoint.partSize = 2",
        "create table {t} (id int, v string) using delta tblproperties ('delta.checkpointInterval' = '3', 'delta.checkpoint.writeStatsAsStruct' = 'true', 'delta.checkpoint.writeStatsAsJson' = 'false')"]
        + ["insert into {t} select id, 'v%d' from range(5)" % i for i in range(6)] + ["delete from {t} where id = 2", "reset spark.databricks.delta.checkpoint.partSize"],
    "tracked": ["create table {t} (id int, v string) using delta tblproperties ('delta.enableRowTracking' = 'true', 'delta.enableInCommitTimestamps' = 'true', 'delta.enableDeletionVectors' = 'true', 'delta.enableChangeDataFeed' = 'true')",
        "insert into {t} select id, 'a' from range(50)", "update {t} set v = 'b' where id < 10", "optimize {t}", "delete from {t} where id = 3"],
    "clustered": ["create table {t} (id int, v string) using delta cluster by (id)", "insert into {t} select id, 'a' from range(50)", "optimize {t}", "alter table {t} cluster by (v)", "optimize {t} full",
        "alter table {t} cluster by none"],
    "constrained": ["""create table {t} (id int not null, v string default 'dflt', c string) using delta
        tblproperties ('delta.feature.allowColumnDefaults' = 'supported')""", "insert into {t} (id, c) values (1, 'A'), (2, 'b')", "alter table {t} add constraint pos check (id > 0)",
        "alter table {t} alter column v drop default", "insert into {t} (id) values (3)"],
    "partitions": ["create table {t} (id int, s string, b boolean, i int, d date, n decimal(10,2), at timestamp, local timestamp_ntz, f double, x binary) using delta partitioned by (s, b, i, d, n, at, local, f, x)",
        """insert into {t} values (1, 'a=/b%20 é"\\\\', true, -1, date '0001-01-01', -0.5, timestamp '1969-12-31 23:59:59.999999', timestamp_ntz '2024-01-01', 1e300, X'c3a9'),
        (2, '', false, 2147483647, date '9999-12-31', 99999999.99, timestamp '2024-06-01 12:00:00', timestamp_ntz '2024-01-01 00:00:00.5', -0.0, X'41'),
        (3, null, null, null, null, null, null, null, null, null)"""],
    "features_dropped": ["create table {t} (id int, v string) using delta tblproperties ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name')", "insert into {t} select id, 'a' from range(20)",
        "delete from {t} where id = 3", "alter table {t} drop feature deletionVectors", "alter table {t} set tblproperties ('delta.columnMapping.mode' = 'none')", "vacuum {t}"],
    "replaced": ["create table {t} (id int, v string) using delta tblproperties ('delta.enableChangeDataFeed' = 'true')", "insert into {t} values (1, 'a')", "insert overwrite {t} values (1, 'a'), (2, 'b')", "create or replace table {t} using delta partitioned by (w) as select 1.5 as id, 'w' as w",
        "restore table {t} to version as of 1", "insert overwrite {t} values (9, 'z')", "delete from {t}"],
    "void": ["create table {t} (id int, v void) using delta", "insert into {t} values (1, null)"],
    "cloned": ["create table {t} shallow clone delta.`{dir}/widened` version as of 1", "- absolute path"],
    "variants": ["create table {t} (id int, v variant) using delta", "insert into {t} select 1, parse_json('[1, null]')", "- variantType"],
}


def canonical(v, typ):
    """A nested value, of Arrow's or of JSON, with leaves as texts."""
    if v is None:
        return None
    if pa.types.is_struct(typ):
        return {f.name: canonical(v[f.name], f.type) for f in typ}
    if pa.types.is_map(typ):
        return {(k if isinstance(k, str) else str(k)): canonical(x, typ.item_type) for k, x in (v.items() if isinstance(v, dict) else v)}
    if pa.types.is_list(typ) or pa.types.is_large_list(typ):
        return [canonical(x, typ.value_type) for x in v]
    if pa.types.is_floating(typ):
        return repr(float(v))
    if isinstance(v, (str, bool)) or pa.types.is_integer(typ):
        return str(v)
    s = text(v, typ)
    return s.removesuffix("+00") + "Z" if pa.types.is_timestamp(typ) and typ.tz else s


def nested(typ):
    return pa.types.is_nested(typ)


def cells(v, typ):
    return json.dumps(canonical(v, typ), sort_keys=True) if nested(typ) and v is not None else text(v, typ)


def by_arrow(table):
    columns = [[cells(v, c.type) for v in c.to_pylist()] for c in table.columns]
    return [f.type for f in table.schema], list(zip(*columns))


def by_spark(df):
    return by_arrow(df.toArrow())


def by_tarn(dsn, source, columns, types):
    """Rows of a FROM item, nested columns in the form of by_spark."""
    out = []
    names = ", ".join('"%s"' % c.replace('"', '""') for c in columns)
    for row in read_csv(psql(dsn, "copy (select %s from %s) to stdout (format csv, null '%s');" % (names, source, NULL))):
        out.append(tuple(json.dumps(canonical(json.loads(v, parse_float=str), t), sort_keys=True) if nested(t) and v != NULL else v for v, t in zip(row, types)))
    return out


def same(dsn, name, df, source):
    types, want = by_spark(df)
    return compare(name, want, by_tarn(dsn, source, df.columns, types), "spark")


def refused(dsn, name, source, why):
    got = subprocess.run(["psql", "-qAtX", dsn, "-c", "select count(*) from " + source], text=True, capture_output=True)
    if got.returncode and why in got.stderr:
        print("%s: refused, %s" % (name, got.stderr.strip().splitlines()[0]))
        return True
    print("%s: %s, want a refusal that says %s" % (name, got.stdout.strip() or got.stderr.strip(), why))
    return False


def written(spark, dsn, directory, tarn, only=None):
    """Makes the tables in a directory and compares what Tarn says of them; tarn is its binary, which checks each table."""
    ok = True
    for name, steps in TABLES.items():
        if only and name not in only.split(","):
            continue
        try:
            ok = one(spark, dsn, directory, tarn, name, steps) and ok
        except (Exception, SystemExit) as e:
            print("%s: %s" % (name, "\n".join([str(e)[:600]] + [l for l in str(e).splitlines() if l.startswith("Caused by")])))
            ok = False
    return ok


# The tables of which all versions are compared, not only the newest.
EACH_VERSION = ("feed_vectors", "mapped", "widened")
# Spark reads a feed up to a change of the schema.
FEED_TO = {"replaced": 2}


def one(spark, dsn, directory, tarn, name, steps):
    path, why, ok = "%s/%s" % (directory, name), "", True
    t = "delta.`%s`" % path
    for step in steps:
        if step.startswith("- "):
            why = step[2:]
        else:
            spark.sql(step.format(t=t, dir=directory))
    if why:
        return refused(dsn, name, "delta_scan('%s')" % path, why)
    last = spark.sql("describe history %s limit 1" % t).collect()[0].version
    for v in range(last + 1) if name in EACH_VERSION else [last]:
        df = spark.read.format("delta").option("versionAsOf", v).load(path)
        ok = same(dsn, "%s, version %d" % (name, v), df, "delta_scan('%s', version => %d)" % (path, v)) and ok
    psql(dsn, "create table sp.%s using delta with (location = '%s', external = true);" % (name, path))
    ok = same(dsn, name + ", attached", spark.read.format("delta").load(path), "sp." + name) and ok
    if spark.sql("show tblproperties %s ('delta.enableChangeDataFeed')" % t).collect()[0].value == "true":
        df = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 0)
        if name in FEED_TO:
            df = df.option("endingVersion", FEED_TO[name])
        ok = same(dsn, name + ", changes", df.load(path), "table_changes('%s', 0%s)" % (path, ", %d" % FEED_TO[name] if name in FEED_TO else "")) and ok
    check = subprocess.run([tarn, "check", path], text=True, capture_output=True)
    if check.returncode:
        print("%s: tarn check: %s" % (name, (check.stdout + check.stderr).strip()))
    return ok and check.returncode == 0
