#!/usr/bin/env python3
"""psycopg 3 against a running server: binary values both ways, COPY, pipeline mode, a server-side cursor."""
import datetime, decimal, sys, uuid

import psycopg

with psycopg.connect(sys.argv[1], autocommit=True) as c:
    c.execute("drop table if exists psy")
    c.execute("create table psy (id int primary key, b bool, n numeric, t text, d date, ts timestamptz, u uuid, a int[], j jsonb, y bytea)")
    row = (1, True, decimal.Decimal("12345.6789"), "grüße ☃", datetime.date(2026, 11, 24),
           datetime.datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=datetime.timezone.utc), uuid.uuid4(), [1, None, 3],
           psycopg.types.json.Jsonb({"k": [1, 2]}), b"\x00\xff")
    c.execute("insert into psy values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", row)
    for binary in (False, True):
        got = c.cursor(binary=binary).execute("select * from psy").fetchone()
        want = row[:8] + ({"k": [1, 2]},) + row[9:]
        assert got == want, (binary, got, want)
    with c.cursor().copy("copy psy (id, t) from stdin") as copy:
        for i in range(2, 1002):
            copy.write_row((i, f"row {i}"))
    with c.cursor().copy("copy (select id from psy order by id) to stdout") as copy:
        assert len(list(copy.rows())) == 1001
    with c.pipeline():
        results = [c.execute("select %s::int + 1", (i,)) for i in range(50)]
    assert [r.fetchone()[0] for r in results] == list(range(1, 51))
    with c.transaction(), c.cursor("named") as cur:
        cur.execute("select id from psy order by id")
        assert len(cur.fetchmany(100)) == 100 and len(cur.fetchall()) == 901
    try:
        c.execute("insert into psy (id) values (1)")
        sys.exit("no unique violation")
    except psycopg.errors.UniqueViolation as e:
        assert e.diag.constraint_name == "psy_pkey", e.diag.constraint_name
    c.execute("drop table psy")
print("psycopg: values, COPY, pipeline, cursor, errors")
