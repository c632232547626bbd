#!/usr/bin/env python3
"""Writes extension/<name>/*.tsv: the rows that CREATE EXTENSION puts into the catalogs of a PostgreSQL 15, with Tarn's OIDs.

Needs a PostgreSQL 15 with the extension; usage: PGHOST=… PGPORT=… ./dumpext.py NAME…
The OIDs of an extension lie in the block that extension/control.tsv gives. Objects that extension/oids.txt lists keep their number;
new ones get the next free one. Rows of pg_amop and pg_amproc are numbered on their own, from the block's first OID.
"""
import os, re, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
USER_OID = 16384

# Catalog: how its objects are named in oids.txt, and the columns that hold OIDs, alone or in lists.
IDENT = {
    'pg_type': "t.typname", 'pg_proc': "proname || '(' || array_to_string(array(select format_type(x, null) from unnest(proargtypes) x), ',') || ')'",
    'pg_operator': "oprname || '(' || format_type(oprleft, null) || ',' || format_type(oprright, null) || ')'",
    'pg_opfamily': "opfname || ' ' || (select amname from pg_am a where a.oid = opfmethod)",
    'pg_opclass': "opcname || ' ' || (select amname from pg_am a where a.oid = opcmethod)",
    'pg_cast': "format_type(castsource, null) || ' ' || format_type(casttarget, null)", 'pg_am': 'amname',
    'pg_ts_template': 'tmplname', 'pg_ts_dict': 'dictname', 'pg_class': 'relname',
    'pg_amop': "(select opfname || ' ' || amname from pg_opfamily f join pg_am a on a.oid = opfmethod where f.oid = amopfamily) || ' ' || format_type(amoplefttype, null) || ' ' || format_type(amoprighttype, null) || ' ' || amopstrategy",
    'pg_amproc': "(select opfname || ' ' || amname from pg_opfamily f join pg_am a on a.oid = opfmethod where f.oid = amprocfamily) || ' ' || format_type(amproclefttype, null) || ' ' || format_type(amprocrighttype, null) || ' ' || amprocnum",
}
SHARED = ['pg_class', 'pg_type', 'pg_proc', 'pg_operator', 'pg_opfamily', 'pg_opclass', 'pg_cast', 'pg_am', 'pg_ts_template', 'pg_ts_dict']
OWN = ['pg_amop', 'pg_amproc']
# Columns that hold no OIDs, though numbers; all others that are numbers from USER_OID on are OIDs.
OIDS = {
    'pg_type': ['oid', 'typrelid', 'typsubscript', 'typelem', 'typarray', 'typinput', 'typoutput', 'typreceive', 'typsend', 'typmodin', 'typmodout', 'typanalyze', 'typbasetype'],
    'pg_proc': ['oid', 'provariadic', 'prosupport', 'prorettype', 'proargtypes', 'proallargtypes'],
    'pg_operator': ['oid', 'oprleft', 'oprright', 'oprresult', 'oprcom', 'oprnegate', 'oprcode', 'oprrest', 'oprjoin'],
    'pg_cast': ['oid', 'castsource', 'casttarget', 'castfunc'],
    'pg_aggregate': ['aggfnoid', 'aggtransfn', 'aggfinalfn', 'aggcombinefn', 'aggserialfn', 'aggdeserialfn', 'aggmtransfn', 'aggminvtransfn', 'aggmfinalfn', 'aggsortop', 'aggtranstype', 'aggmtranstype'],
    'pg_am': ['oid', 'amhandler'], 'pg_opfamily': ['oid', 'opfmethod'],
    'pg_opclass': ['oid', 'opcmethod', 'opcfamily', 'opcintype', 'opckeytype'],
    'pg_amop': ['oid', 'amopfamily', 'amoplefttype', 'amoprighttype', 'amopopr', 'amopmethod', 'amopsortfamily'],
    'pg_amproc': ['oid', 'amprocfamily', 'amproclefttype', 'amprocrighttype', 'amproc'],
    'pg_ts_template': ['oid', 'tmplinit', 'tmpllexize'], 'pg_ts_dict': ['oid', 'dicttemplate'],
    'pg_description': ['objoid'],
}
REGPROC = {'typinput', 'typoutput', 'typreceive', 'typsend', 'typmodin', 'typmodout', 'typanalyze', 'typsubscript', 'prosupport', 'oprcode', 'oprrest', 'oprjoin', 'amhandler',
           'amproc', 'tmplinit', 'tmpllexize', 'castfunc', 'aggfnoid', 'aggtransfn', 'aggfinalfn', 'aggcombinefn', 'aggserialfn', 'aggdeserialfn',
           'aggmtransfn', 'aggminvtransfn', 'aggmfinalfn'}


def psql(sql, db='tarn_dumpext'):
    out = subprocess.run(['psql', '-X', '-q', '-U', 'postgres', '-d', db, '-v', 'ON_ERROR_STOP=1', '-c', sql], capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    return out.stdout


def copy(query):
    out = psql(f'copy ({query}) to stdout')
    return [line.split('\t') for line in out.split('\n')[:-1]]


def header(catalog):
    with open(f'{here}/data/{catalog}.tsv') as f:
        return f.readline().rstrip('\n').split('\t')


def members(ext):
    """(catalog, oid) of everything that belongs to the extension: what pg_depend says, and the parts of it."""
    rows = psql(f"copy (select classid::regclass, objid from pg_depend where deptype = 'e' and refobjid = (select oid from pg_extension where extname = '{ext}')) to stdout").split('\n')[:-1]
    out = {tuple(r.split('\t')) for r in rows}
    out = {(c, int(o)) for c, o in out}
    for o, in copy(f"select oid from pg_type where oid >= {USER_OID}"):
        out.add(('pg_type', int(o)))
    for o, in copy(f"select oid from pg_class where oid >= {USER_OID} and relkind in ('c', 'v')"):
        out.add(('pg_class', int(o)))
    for c in OWN + ['pg_opfamily', 'pg_opclass']:
        for o, in copy(f"select oid from {c} where oid >= {USER_OID}"):
            out.add((c, int(o)))
    return out


def cell(col):
    if col == 'proargdefaults':
        return 'pg_get_expr(proargdefaults, 0) as proargdefaults'
    if col == 'prosqlbody':
        return 'case when prosqlbody is not null then pg_get_function_sqlbody(oid) end as prosqlbody'
    if col in REGPROC:
        return f'{col}::oid'
    if col.endswith('namespace'):
        return f'0 as {col}'
    if col.endswith('owner'):
        return f'10 as {col}'
    return col


def load_numbers():
    numbers = {}
    try:
        for line in open(f'{here}/extension/oids.txt'):
            ext, catalog, oid, name = line.rstrip('\n').split('\t')
            numbers[ext, catalog, name] = int(oid)
    except FileNotFoundError:
        pass
    return numbers


def dump(ext, numbers):
    block = [l.split('\t') for l in open(f'{here}/extension/control.tsv').read().split('\n')[1:] if l.startswith(ext + '\t')]
    if not block:
        sys.exit(f'{ext} is not in control.tsv')
    first, last = int(block[0][1]), int(block[0][2])
    psql('drop database if exists tarn_dumpext', 'postgres')
    psql('create database tarn_dumpext template template0', 'postgres')
    psql(f'create extension "{ext}"')
    mine = members(ext)
    new = {}  # (catalog, oid) → our OID

    def number(objects, used):
        free = first
        names = {(catalog, oid): name for oid, catalog, name in objects}
        for (catalog, oid), name in names.items():
            have = numbers.get((ext, catalog, name))
            if have is not None:
                new[catalog, oid] = have
                used.add(have)
        arrays = set(row_types.values())
        for (catalog, oid), name in names.items():
            if (catalog, oid) in new or catalog == 'pg_type' and oid in arrays:
                continue
            array = row_types.get(oid) if catalog == 'pg_type' else None
            while free in used or array is not None and free + 1 in used:
                free += 1
            if free > last:
                sys.exit(f'the block of {ext} is full')
            new[catalog, oid] = numbers[ext, catalog, name] = free
            used.add(free)
            if array is not None:  # the array type of a row type follows it
                new[catalog, array] = numbers[ext, catalog, names[catalog, array]] = free + 1
                used.add(free + 1)

    row_types = {int(a): int(b) for a, b in copy(f"select oid, typarray from pg_type where typtype = 'c' and oid >= {USER_OID}")}
    used = {v for (e, c, _), v in numbers.items() if e == ext and c in SHARED}
    # In the order in which the extension's script makes them: DROP reports what depends on them in that order.
    number(sorted((int(o), catalog, n) for catalog in SHARED
                  for o, n in copy(f"select t.oid, {IDENT[catalog]} from {catalog} t where t.oid >= {USER_OID}") if (catalog, int(o)) in mine), used)
    for catalog in OWN:
        used = {v for (e, c, _), v in numbers.items() if e == ext and c == catalog}
        number([(int(o), catalog, n) for o, n in copy(f"select t.oid, {IDENT[catalog]} from {catalog} t where t.oid >= {USER_OID} order by t.oid")], used)
    byoid = {}
    for (c, o), n in new.items():
        byoid.setdefault(o, n)

    def ours(value):
        def one(m):
            o = int(m.group())
            if o < USER_OID:
                return m.group()
            if o not in byoid:
                sys.exit(f'{ext}: OID {o} is not a member')
            return str(byoid[o])
        return re.sub(r'\d+', one, value) if value != '\\N' else value

    directory = f'{here}/extension/{ext}'
    os.makedirs(directory, exist_ok=True)
    for catalog, oids in OIDS.items():
        cols = header(catalog)
        key = {'pg_aggregate': 'aggfnoid', 'pg_description': 'objoid'}.get(catalog, 'oid')
        also = "and classoid <> 'pg_extension'::regclass" if catalog == 'pg_description' else ''
        rows = copy(f"select {', '.join(cell(c) for c in cols)} from {catalog} where {key}::oid >= {USER_OID} {also} order by {key}::oid")
        rows = [[ours(v) if c in oids else v for c, v in zip(cols, r)] for r in rows]
        path = f'{directory}/{catalog}.tsv'
        if not rows:
            if os.path.exists(path):
                os.remove(path)
            continue
        rows.sort(key=lambda r: int(r[cols.index(key)]))
        with open(path, 'w') as f:
            f.write('\n'.join('\t'.join(r) for r in [cols] + rows) + '\n')
    cols = ['oid', 'relname', 'relkind', 'reltype', 'definition', 'attname', 'atttypid']
    rows = copy(f"""select c.oid, relname, relkind, reltype, case when relkind = 'v' and attnum = 1 then pg_get_viewdef(c.oid) end, attname, atttypid
        from pg_class c join pg_attribute a on attrelid = c.oid where c.oid >= {USER_OID} and relkind in ('c', 'v') and attnum > 0 order by 1, attnum""")
    if rows:
        rows = [[ours(r[0]), r[1], r[2], ours(r[3]), re.sub(r'FROM (\w+\()', r'FROM @extschema@.\1', r[4]), r[5], ours(r[6])] for r in rows]
        with open(f'{directory}/relations.tsv', 'w') as f:
            f.write('\n'.join('\t'.join(r) for r in [cols] + rows) + '\n')
    psql('drop database tarn_dumpext', 'postgres')


numbers = load_numbers()
for name in sys.argv[1:]:
    dump(name, numbers)
with open(f'{here}/extension/oids.txt', 'w') as f:
    for (ext, catalog, name), oid in sorted(numbers.items(), key=lambda x: (x[0][0], x[0][1], x[1])):
        f.write(f'{ext}\t{catalog}\t{oid}\t{name}\n')
