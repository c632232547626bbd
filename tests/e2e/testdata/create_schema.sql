-- CREATE SCHEMA with elements: their order, their owner, their names
create role cs_own;
grant create on database postgres to cs_own;
create function cs_trig() returns trigger language plpgsql as 'begin new.b := ''t''; return new; end';
create schema cs authorization cs_own
  grant select on v to public
  create index i on t (a)
  create view v as select a, b from t
  create trigger g before insert on t for each row execute function cs_trig()
  create table t (a int default nextval('s'), b text, id serial primary key)
  create sequence s;
insert into cs.t (b) values ('x') returning a, b, id;
select relname, relkind, relowner::regrole, relacl from pg_class where relnamespace = 'cs'::regnamespace order by 1;
select nspowner::regrole, nspacl from pg_namespace where nspname = 'cs';
show search_path;
select current_user;
create schema cs2 create view v as select * from t create table t (a int) create table u (x int references w (y)) create table w (y int primary key);
create schema cs2 create table u (x int references w (y)) create table w (y int primary key);
create schema cs2 create table w (y int primary key) create table u (x int references w (y)) create view v2 as select * from v1 create view v1 as select * from w;
create schema cs2 create table w (y int primary key) create table u (x int references w (y)) create view v1 as select * from w create view v2 as select * from v1;
select conname, conrelid::regclass, confrelid::regclass from pg_constraint where connamespace = 'cs2'::regnamespace order by 1;
select pg_get_viewdef('cs2.v2');
create schema cs3 create temp table x (a int);
create schema cs3 create table public.x (a int);
create schema cs3 create view cs.x as select 1;
create schema cs3 create sequence cs2.x;
create schema cs3 create index on cs2.w (y);
create schema cs3 create table cs3.x (a int) create index on cs3.x (a);
create schema if not exists cs3 create table y (a int);
create schema if not exists cs3;
create schema pg_cs create table y (a int);
create schema cs3 create table y (a int);
begin;
set local search_path = cs3;
create schema cs4 create view vv as select * from x;
select current_setting('search_path');
create schema cs5 create table bad (a nosuch);
rollback;
select current_setting('search_path');
set role cs_own;
create schema cs6 create table t (a int) create table public.u (a int);
create schema cs6 create table t (a int);
create schema authorization postgres create table t (a int);
reset role;
select tableowner from pg_tables where schemaname = 'cs6';
drop schema cs, cs2, cs3, cs6 cascade;
drop function cs_trig();
revoke create on database postgres from cs_own;
drop role cs_own;
