create function my_sum_step(s int, v int) returns int language sql immutable as $$ select s + v $$;
create aggregate mysum(int) (sfunc = my_sum_step, stype = int, initcond = '0');
create aggregate mysum2(int) (sfunc = int4pl, stype = int);
select mysum(x), mysum2(x) from generate_series(1,10) x;
select mysum2(x) from generate_series(1,0) x;
select mysum(distinct x%3), mysum2(x) filter (where x > 5), mysum(x order by x desc) from generate_series(1,10) x;
select x, mysum(x) over (order by x rows between 1 preceding and current row) from generate_series(1,5) x;
create function concat_step(text, text) returns text language plpgsql as $$ begin return $1 || ',' || $2; end $$;
create aggregate joined(text) (sfunc = concat_step, stype = text, finalfunc = upper);
select joined(x::text order by x) from generate_series(1,4) x where x <> 3;
CREATE AGGREGATE newavg (
   sfunc = int4_avg_accum, basetype = int4, stype = _int8,
   finalfunc = int8_avg,
   initcond1 = '{0,0}'
);
select newavg(x) from generate_series(1,4) x;
CREATE AGGREGATE newcnt ("any") (
   sfunc = int8inc_any, stype = int8,
   initcond = '0'
);
select newcnt(x) from (values (1),(null),(3)) v(x);
create aggregate arr_agg(anyelement) (sfunc = array_append, stype = anyarray, initcond = '{}');
select arr_agg(x) from generate_series(1,4) x;
select arr_agg(x::text) from generate_series(1,4) x;
create function least_accum(anyelement, variadic anyarray) returns anyelement language sql as 'select least($1, min($2[i])) from generate_subscripts($2,1) g(i)';
create aggregate least_agg(variadic items anyarray) (stype = anyelement, sfunc = least_accum);
select least_agg(x, x*2-5) from generate_series(1,10) x;
create aggregate my_percentile_disc(float8 ORDER BY anyelement) (
  stype = internal,
  sfunc = ordered_set_transition,
  finalfunc = percentile_disc_final,
  finalfunc_extra = true,
  finalfunc_modify = read_write
);
select my_percentile_disc(0.5) within group (order by x) from generate_series(1,9) x;
create aggregate my_rank(VARIADIC "any" ORDER BY VARIADIC "any") (
  stype = internal,
  sfunc = ordered_set_transition_multi,
  finalfunc = rank_final,
  finalfunc_extra = true,
  hypothetical
);
select my_rank(4) within group (order by x) from generate_series(1,9) x;
select aggfnoid, aggkind, aggnumdirectargs, aggtransfn, aggfinalfn, agginitval from pg_aggregate where aggfnoid::oid >= 16384 order by 1::text;
create view vagg as select mysum(x) from generate_series(1,3) x;
select * from vagg;
drop aggregate mysum(int);
drop function my_sum_step(int,int);
comment on aggregate mysum(int) is 'hello';
select obj_description('mysum(int)'::regprocedure, 'pg_proc');
alter aggregate mysum2(int) rename to mysum3;
drop aggregate mysum3(int);
select pg_get_function_arguments('my_rank'::regproc), pg_get_function_identity_arguments('my_percentile_disc'::regproc);
create aggregate bad(int) (sfunc = my_sum_step, stype = text);
create aggregate bad(int) (sfunc = nosuch, stype = int);
create aggregate bad(text) (sfunc = int4pl, stype = int);
-- operators
create function add_str(text, text) returns text language sql immutable as $$ select $1 || '+' || $2 $$;
create operator ||| (function = add_str, leftarg = text, rightarg = text, commutator = |||);
select 'a'::text ||| 'b';
select 'a' ||| 'b';
create schema s;
create operator s.||| (function = add_str, leftarg = text, rightarg = text);
select 'a' operator(s.|||) 'b', 'a' operator(public.|||) 'b';
set search_path = s, public;
select '|||(text,text)'::regoperator, 'public.|||(text,text)'::regoperator::text, '|||'::regoper;
reset search_path;
create view vop as select 'x'::text operator(s.|||) 'y'::text as z;
select pg_get_viewdef('vop'::regclass);
select * from vop;
create operator === (function = int8eq, leftarg = int8, rightarg = int8, commutator = ===, negator = !==, restrict = eqsel, join = eqjoinsel, hashes, merges);
select 1::int8 === 1::int8;
select oprname, oprcode, oprcom::regoperator, oprnegate::regoperator, oprrest, oprjoin, oprcanhash, oprcanmerge from pg_operator where oprname in ('===','!==') order by 1;
select 1::int8 !== 2::int8;
alter operator === (int8, int8) set (restrict = none);
drop operator === (int8,int8);
drop operator !== (int8,int8);
drop function add_str(text,text);
drop function add_str(text,text) cascade;
-- casts
create type casttest as (a int);
create function casttest_f(casttest) returns text language sql as $$ select 'c' || ($1).a $$;
create cast (casttest as text) with function casttest_f(casttest) as assignment;
select row(3)::casttest::text;
drop cast (casttest as text);
create cast (int4 as casttest) with inout;
select 1234::int4::casttest;
drop type casttest cascade;
create function i2b(int) returns bool language internal strict immutable as 'int4_bool';
select i2b(3);
