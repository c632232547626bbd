"""Catalog queries as tools send them, on a schema of many tables.

    tests/bench/catalog.py [--tables 1000] [--keep] NAME=PORT …     servers that trust user postgres

Each query runs RUNS times; the median in milliseconds is shown, and the ratio of the first server to each other one (above 1: slower).
"one:" queries are about a single table, "all:" ones about the whole schema. pg_dump is timed as a process."""

import argparse, os, statistics, subprocess, sys, time
from pgclient import Client, values

RUNS = 5

VISIBLE = "n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_toast'"

QUERIES = {
    # SQLAlchemy: reflection asks for one table, or for all with the same queries.
    "one: sqlalchemy get_columns": """
        SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS format_type,
          (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
           WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS "default",
          a.attnotnull, c.relname AS table_name, de.description AS comment, a.attgenerated,
          (SELECT json_build_object('always', a.attidentity = 'a', 'start', s.seqstart) FROM pg_sequence s
           WHERE a.attidentity <> '' AND s.seqrelid = CAST(CAST(pg_get_serial_sequence(CAST(CAST(a.attrelid AS regclass) AS text), a.attname) AS regclass) AS oid)) AS identity
        FROM pg_class c LEFT OUTER JOIN pg_attribute a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT OUTER JOIN pg_description de ON de.objoid = a.attrelid AND de.objsubid = a.attnum
          JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND n.nspname = 'bench' AND c.relname IN ('t_500')
        ORDER BY c.relname, a.attnum""",
    "all: sqlalchemy get_multi_columns": """
        SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS format_type,
          (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
           WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS "default",
          a.attnotnull, c.relname AS table_name, de.description AS comment
        FROM pg_class c LEFT OUTER JOIN pg_attribute a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT OUTER JOIN pg_description de ON de.objoid = a.attrelid AND de.objsubid = a.attnum
          JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND n.nspname = 'bench'
        ORDER BY c.relname, a.attnum""",
    "one: sqlalchemy get_indexes": """
        SELECT i.indexrelid, c.relname, i.indisunique, pg_get_indexdef(i.indexrelid, k.ord::int, true) AS col, am.amname
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam,
          unnest(i.indkey) WITH ORDINALITY AS k(att, ord)
        WHERE i.indrelid IN ({oid}) AND NOT i.indisprimary ORDER BY 1, k.ord""",
    "all: sqlalchemy get_multi_pk": """
        SELECT c.conrelid, array_agg(a.attname ORDER BY k.ord), c.conname, d.description
        FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(att, ord)
          JOIN pg_attribute a ON a.attnum = k.att AND a.attrelid = c.conrelid
          LEFT JOIN pg_description d ON d.objoid = c.oid
        WHERE c.contype = 'p' AND c.conrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'bench'::regnamespace)
        GROUP BY c.conrelid, c.conname, d.description ORDER BY 1""",
    "one: sqlalchemy get_foreign_keys": """
        SELECT c.relname, con.conname, pg_get_constraintdef(con.oid, true), rn.nspname, d.description
        FROM pg_class c LEFT JOIN pg_constraint con ON c.oid = con.conrelid AND con.contype = 'f'
          LEFT JOIN pg_class rc ON rc.oid = con.confrelid LEFT JOIN pg_namespace rn ON rc.relnamespace = rn.oid
          LEFT JOIN pg_description d ON d.objoid = con.oid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'bench' AND c.relname IN ('t_500') ORDER BY 1, 2""",
    "one: sqlalchemy has_table": """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = 't_500' AND c.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND n.nspname = 'bench'""",
    # Django: introspection.
    "all: django get_table_list": """
        SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END, obj_description(c.oid, 'pg_class')
        FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid)""",
    "one: django get_table_description": """
        SELECT a.attname, NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)), pg_get_expr(ad.adbin, ad.adrelid),
          CASE WHEN collname = 'default' THEN NULL ELSE collname END, a.attidentity != '', col_description(a.attrelid, a.attnum)
        FROM pg_attribute a LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
          LEFT JOIN pg_collation co ON a.attcollation = co.oid JOIN pg_type t ON a.atttypid = t.oid
          JOIN pg_class c ON a.attrelid = c.oid JOIN pg_namespace n ON c.relnamespace = n.oid
        WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND c.relname = 't_500' AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
          AND pg_catalog.pg_table_is_visible(c.oid)""",
    "one: django get_constraints": """
        SELECT c.conname, array(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
            JOIN pg_attribute AS ca ON cols.colid = ca.attnum WHERE ca.attrelid = c.conrelid ORDER BY cols.arridx),
          c.contype, (SELECT fkc.relname || '.' || fka.attname FROM pg_attribute AS fka JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
            WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]), cl.reloptions
        FROM pg_constraint AS c JOIN pg_class AS cl ON c.conrelid = cl.oid
        WHERE cl.relname = 't_500' AND pg_catalog.pg_table_is_visible(cl.oid)""",
    # Prisma: the whole schema by namespace.
    "all: prisma columns": """
        SELECT oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod) AS formatted_type,
          info.numeric_precision, info.data_type, info.udt_schema AS type_schema_name, info.udt_name AS full_data_type,
          pg_get_expr(attdef.adbin, attdef.adrelid) AS column_default, info.is_nullable, info.is_identity, info.character_maximum_length,
          col_description(att.attrelid, ordinal_position) AS description
        FROM information_schema.columns info
          JOIN pg_attribute att ON att.attname = info.column_name
          JOIN (SELECT pg_class.oid, relname, pg_namespace.nspname AS namespace FROM pg_class
                JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
                  AND pg_namespace.nspname = ANY (ARRAY['bench']) WHERE relkind IN ('r', 'p')) AS oid
            ON oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema
          LEFT JOIN pg_attrdef attdef ON attdef.adrelid = att.attrelid AND attdef.adnum = att.attnum AND table_schema = namespace
        WHERE table_schema = ANY (ARRAY['bench']) ORDER BY namespace, table_name, ordinal_position""",
    "all: prisma foreign keys": """
        SELECT con.oid, att2.attname, cl.relname, att.attname, con.conname, child.relname
        FROM (SELECT conrelid, confrelid, conname, oid, unnest(conkey) AS parent, unnest(confkey) AS child FROM pg_constraint WHERE contype = 'f') con
          JOIN pg_attribute att ON att.attrelid = con.confrelid AND att.attnum = con.child
          JOIN pg_class cl ON cl.oid = con.confrelid JOIN pg_class child ON child.oid = con.conrelid
          JOIN pg_attribute att2 ON att2.attrelid = con.conrelid AND att2.attnum = con.parent
          JOIN pg_namespace n ON n.oid = child.relnamespace WHERE n.nspname = ANY (ARRAY['bench']) ORDER BY 1, 2""",
    # Drizzle: a table at a time, and lists from information_schema.
    "all: drizzle tables": """
        SELECT n.nspname AS table_schema, c.relname AS table_name, c.relkind, c.relrowsecurity FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname IN ('bench')""",
    "one: drizzle columns": """
        SELECT a.attrelid::regclass::text, a.attname, is_nullable, a.attndims AS array_dimensions,
          CASE WHEN a.atttypid = ANY ('{{int,int8,int2}}'::regtype[]) AND EXISTS (
              SELECT FROM pg_attrdef ad WHERE ad.adrelid = a.attrelid AND ad.adnum = a.attnum
              AND pg_get_expr(ad.adbin, ad.adrelid) LIKE 'nextval%') THEN 'serial' ELSE format_type(a.atttypid, a.atttypmod) END AS data_type
        FROM pg_attribute a JOIN information_schema.columns i ON i.column_name = a.attname AND i.table_schema = 'bench' AND i.table_name = 't_500'
        WHERE a.attrelid = '"bench"."t_500"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum""",
    "one: drizzle constraints": """
        SELECT con.conname, con.contype, pg_get_constraintdef(con.oid), n.nspname, rel.relname FROM pg_constraint con
          JOIN pg_class rel ON rel.oid = con.conrelid JOIN pg_namespace n ON n.oid = rel.relnamespace
        WHERE n.nspname = 'bench' AND rel.relname = 't_500'""",
    # JDBC: DatabaseMetaData.
    "all: jdbc getTables": """
        SELECT n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' END AS TABLE_TYPE, d.description AS REMARKS
        FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c
          LEFT JOIN pg_catalog.pg_description d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
        WHERE c.relnamespace = n.oid AND n.nspname LIKE 'bench' AND c.relkind IN ('r', 'v') ORDER BY 3, 1, 2""",
    "one: jdbc getColumns": """
        SELECT * FROM (SELECT n.nspname, c.relname, a.attname, a.atttypid, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,
            a.atttypmod, a.attlen, t.typtypmod, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum,
            nullif(a.attidentity, '') AS attidentity, nullif(a.attgenerated, '') AS attgenerated,
            pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc, dsc.description, t.typbasetype, t.typtype
          FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
            JOIN pg_catalog.pg_type t ON a.atttypid = t.oid LEFT JOIN pg_catalog.pg_attrdef def ON a.attrelid = def.adrelid AND a.attnum = def.adnum
            LEFT JOIN pg_catalog.pg_description dsc ON c.oid = dsc.objoid AND a.attnum = dsc.objsubid
            LEFT JOIN pg_catalog.pg_class dc ON dc.oid = dsc.classoid AND dc.relname = 'pg_class'
            LEFT JOIN pg_catalog.pg_namespace dn ON dc.relnamespace = dn.oid AND dn.nspname = 'pg_catalog'
          WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname LIKE 'bench' AND c.relname LIKE 't_500') c
        WHERE true ORDER BY nspname, c.relname, attnum""",
    # psql.
    "all: psql \\dt": f"""
        SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c
          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
        WHERE c.relkind IN ('r', 'p', '') AND {VISIBLE} AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1, 2""",
    "one: psql \\d, name": """
        SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname OPERATOR(pg_catalog.~) '^(t_500)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3""",
    "one: psql \\d, columns": """
        SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
          (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef),
          a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t
             WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation, a.attidentity, a.attgenerated
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = '{oid}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum""",
    "one: psql \\d, referenced by": """
        SELECT conname, conrelid::pg_catalog.regclass AS ontable, pg_catalog.pg_get_constraintdef(oid, true) AS condef FROM pg_catalog.pg_constraint c
        WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('{oid}') UNION ALL VALUES ('{oid}'::pg_catalog.regclass))
          AND contype = 'f' AND conparentid = 0 ORDER BY conname""",
}


def build(port, tables):
    c = Client(port)
    c.query("SET client_min_messages = error; DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench; SET search_path = bench")
    began = time.perf_counter()
    for i in range(tables):
        ref = f", parent int REFERENCES t_{i - 1} (id)" if i else ", parent int"
        c.query(f"""CREATE TABLE t_{i} (id serial PRIMARY KEY, name varchar(80) NOT NULL, code text UNIQUE, amount numeric(12,2) DEFAULT 0,
            made timestamptz DEFAULT now(), flag boolean NOT NULL DEFAULT false, data jsonb, note text, n int CHECK (n > 0){ref});
            CREATE INDEX ON t_{i} (name); CREATE INDEX ON t_{i} (parent, made)""")
        if i % 4 == 0:
            c.query(f"COMMENT ON TABLE t_{i} IS 'table {i}'; COMMENT ON COLUMN t_{i}.name IS 'its name'; COMMENT ON COLUMN t_{i}.amount IS 'how much'")
    took = time.perf_counter() - began
    c.query("ANALYZE")
    c.close()
    return took


def measure(port, only):
    c = Client(port)
    c.query("SET search_path = bench, public")
    oid = values(c.query("SELECT 'bench.t_500'::regclass::oid")[0])[0]
    out = {}
    for name, sql in QUERIES.items():
        if only in name:
            times = [c.timed(sql.replace("{oid}", oid).replace("{{", "{").replace("}}", "}")) for _ in range(RUNS)]
            out[name] = (statistics.median(t for t, _ in times), times[0][1])
    if only in "all: pg_dump -s":
        times = []
        for _ in range(3):
            began = time.perf_counter()
            p = subprocess.run(["pg_dump", "-s", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n", "bench", "postgres"], stdout=subprocess.PIPE, check=True)
            times.append((time.perf_counter() - began) * 1e3)
        out["all: pg_dump -s"] = (statistics.median(times), p.stdout.count(b"\n"))
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tables", type=int, default=1000)
    p.add_argument("--keep", action="store_true", help="the schema is there already")
    p.add_argument("--only", default="")
    p.add_argument("servers", nargs="+")
    a = p.parse_args()
    servers = [s.split("=", 1) if "=" in s else (s, s) for s in a.servers]
    for name, port in servers:
        if not a.keep:
            print(f"{name}: {a.tables} tables made in {build(int(port), a.tables):.1f} s", file=sys.stderr)
    results = [measure(int(port), a.only) for _, port in servers]
    print("| query | rows | " + " | ".join(n + " ms" for n, _ in servers) + " |" + "".join(f" {servers[0][0]} / {n} |" for n, _ in servers[1:]))
    print("|---" * (2 * len(servers) + 1) + "|")
    for q, (ms, rows) in results[0].items():
        others = [r[q] for r in results[1:]]
        odd = "" if all(o[1] == rows for o in others) else " (differ)"
        print(f"| {q} | {rows}{odd} | {ms:.2f} | " + "".join(f"{o[0]:.2f} | " for o in others) + "".join(f"{ms / o[0]:.2f} | " for o in others))


if __name__ == "__main__":
    sys.exit(main())
