#!/usr/bin/env bash
# Writes data/*.tsv: the rows that initdb puts into a PostgreSQL 15 catalog, as COPY text with a header line.
# Needs a freshly initialised PostgreSQL 15 cluster; usage: PGHOST=… PGPORT=… ./dump.sh
# Rows carry PostgreSQL's own OIDs; regproc columns are written as numeric OIDs.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p data
copy() { # name, query
  psql -X -q -U postgres -d template1 -v ON_ERROR_STOP=1 -c "copy ($2) to stdout with (format text, header true)" > "data/$1.tsv"
}
copy pg_type "select oid, typname, typnamespace, typlen, typbyval, typtype, typcategory, typispreferred, typisdefined, typdelim, typrelid, typsubscript::oid, typelem, typarray, typinput::oid, typoutput::oid, typreceive::oid, typsend::oid, typmodin::oid, typmodout::oid, typanalyze::oid, typalign, typstorage, typnotnull, typbasetype, typtypmod, typndims, typcollation, typdefault from pg_type where oid < 12000 order by oid"
copy pg_proc "select oid, proname, pronamespace, prolang, procost, prorows, provariadic, prosupport::oid, prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile, proparallel, pronargs, pronargdefaults, prorettype, proargtypes, proallargtypes, proargmodes, proargnames, pg_get_expr(proargdefaults, 0) as proargdefaults, prosrc, case when prosqlbody is not null then pg_get_function_sqlbody(oid) end as prosqlbody from pg_proc where pronamespace = 11 order by oid"
copy pg_operator "select oid, oprname, oprnamespace, oprkind, oprcanmerge, oprcanhash, oprleft, oprright, oprresult, oprcom, oprnegate, oprcode::oid, oprrest::oid, oprjoin::oid from pg_operator where oid < 12000 order by oid"
copy pg_cast "select oid, castsource, casttarget, castfunc, castcontext, castmethod from pg_cast order by castsource, casttarget"
copy pg_aggregate "select aggfnoid::oid, aggkind, aggnumdirectargs, aggtransfn::oid, aggfinalfn::oid, aggcombinefn::oid, aggserialfn::oid, aggdeserialfn::oid, aggmtransfn::oid, aggminvtransfn::oid, aggmfinalfn::oid, aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify, aggsortop, aggtranstype, aggtransspace, aggmtranstype, aggmtransspace, agginitval, aggminitval from pg_aggregate order by 1"
for t in pg_am pg_opfamily pg_amop pg_range pg_language pg_conversion pg_ts_parser pg_ts_template pg_ts_dict pg_ts_config pg_ts_config_map pg_tablespace pg_collation; do
  case $t in pg_collation) w="where oid < 12000";; *) w="";; esac
  case $t in
    pg_am) c="oid, amname, amhandler::oid, amtype";;
    pg_opfamily) c="oid, opfmethod, opfname, opfnamespace, opfowner";;
    pg_amop) c="*";;
    pg_range) c="rngtypid, rngsubtype, rngmultitypid, rngcollation, rngsubopc, rngcanonical::oid, rngsubdiff::oid";;
    pg_language) c="oid, lanname, lanowner, lanispl, lanpltrusted, lanplcallfoid, laninline, lanvalidator";;
    pg_conversion) c="oid, conname, connamespace, conowner, conforencoding, contoencoding, conproc::oid, condefault";;
    pg_ts_parser) c="oid, prsname, prsnamespace, prsstart::oid, prstoken::oid, prsend::oid, prsheadline::oid, prslextype::oid";;
    pg_ts_template) c="oid, tmplname, tmplnamespace, tmplinit::oid, tmpllexize::oid";;
    pg_ts_dict) c="oid, dictname, dictnamespace, dictowner, dicttemplate, dictinitoption";;
    pg_ts_config) c="oid, cfgname, cfgnamespace, cfgowner, cfgparser";;
    pg_ts_config_map) c="*";;
    pg_tablespace) c="oid, spcname, spcowner";;
    pg_collation) c="oid, collname, collnamespace, collowner, collprovider, collisdeterministic, collencoding, collcollate, collctype, colliculocale, collversion";;
  esac
  copy $t "select $c from $t $w order by 1"
done
copy pg_amproc "select oid, amprocfamily, amproclefttype, amprocrighttype, amprocnum, amproc::oid from pg_amproc order by 1"
copy pg_opclass "select oid, opcmethod, opcname, opcnamespace, opcowner, opcfamily, opcintype, opcdefault, opckeytype from pg_opclass order by ctid"
copy pg_description "select objoid, classoid, objsubid, description from pg_description where objoid < 12000 or classoid::regclass::text in ('pg_ts_config', 'pg_ts_dict', 'pg_ts_template', 'pg_language') order by classoid, objoid, objsubid"
# The shape of every system relation: what a client that reads pg_catalog or information_schema may ask for.
copy system_relations "select c.oid, n.nspname, c.relname, c.relkind, c.reltype, c.relnatts from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname in ('pg_catalog','information_schema') and c.relkind in ('r','v') order by 1"
copy system_columns "select a.attrelid, a.attnum, a.attname, a.atttypid, a.attlen, a.atttypmod, a.attndims, a.attbyval, a.attalign, a.attstorage, a.attnotnull, a.attcollation from pg_attribute a join pg_class c on c.oid=a.attrelid join pg_namespace n on n.oid=c.relnamespace where n.nspname in ('pg_catalog','information_schema') and c.relkind in ('r','v') and a.attnum>0 order by 1,2"
copy system_indexes "select i.indexrelid, i.indrelid, ic.relname, i.indnatts, i.indisunique, i.indisprimary, i.indkey, i.indclass, i.indcollation, i.indoption from pg_index i join pg_class ic on ic.oid=i.indexrelid join pg_class tc on tc.oid=i.indrelid where tc.relnamespace=11 order by 1"
copy system_views "select c.oid, n.nspname, c.relname, pg_get_viewdef(c.oid) as definition from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname in ('pg_catalog','information_schema') and c.relkind='v' order by 1"
copy information_schema_proc "select oid, proname, pg_get_functiondef(oid) as def from pg_proc where pronamespace=(select oid from pg_namespace where nspname='information_schema') order by 1"
copy information_schema_type "select t.oid, typname, typtype, typbasetype, typtypmod, typcollation, typnotnull, typarray from pg_type t where typnamespace=(select oid from pg_namespace where nspname='information_schema') and typtype='d' order by 1"
copy information_schema_sql "select * from information_schema.sql_features"
copy pg_settings "select name, setting, unit, category, short_desc, extra_desc, context, vartype, min_val, max_val, enumvals, boot_val, reset_val from pg_settings order by name"
copy keywords "select * from pg_get_keywords() order by 1"
# The keys that PostgreSQL declares of its catalogs.
copy system_constraints "select c.oid, c.conname, c.contype, c.conrelid, c.conindid, array_to_string(c.conkey, ' ') as conkey from pg_constraint c where c.connamespace = 11 and c.contype in ('p', 'u') order by 1"
