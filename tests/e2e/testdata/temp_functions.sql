create function pg_temp.first(int) returns int language sql as 'select $1 + 1';
select pg_temp.first(1);
select n.nspname like 'pg_temp%' from pg_proc p join pg_namespace n on n.oid = p.pronamespace where proname = 'first' and prosrc like 'select%';
drop function pg_temp.first(int);
create table stat_blocks (a int);
select relname, heap_blks_read >= 0, idx_blks_hit from pg_statio_all_tables where relname = 'stat_blocks';
drop table stat_blocks;
