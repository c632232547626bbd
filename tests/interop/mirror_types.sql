-- One table per kind of type, with NULL, empty, extreme and odd values; delta_readers.py compares their mirrors with psql.
create extension if not exists hstore; create extension if not exists citext; create extension if not exists ltree;
create extension if not exists intarray; create extension if not exists vector;
create schema if not exists mt; set search_path = mt, public;
create type mood as enum ('sad', 'ok', 'it''s "fine", \ {really}', 'happy 😀');
create type inner_t as (m mood, t text);
create type outer_t as (i inner_t, n numeric, a int[]);
create domain posint as int check (value > 0);
create domain dmood as mood;
create domain dnum as numeric(12,3);
create type mrange as range (subtype = mood);
create type frange as range (subtype = float8);

create table ints (id int, a smallint, b int, c bigint, d posint, e oid, f boolean, g money, h "char", i xid8, j pg_lsn);
insert into ints values (1, -32768, -2147483648, -9223372036854775808, 1, 4294967295, true, '-92233720368547758.08', 'x', '18446744073709551615', 'FFFFFFFF/FFFFFFFF'),
  (2, 32767, 2147483647, 9223372036854775807, 2147483647, 0, false, '92233720368547758.07', '', '0', '0/0'), (4, 0, 0, 0, 7, 7, null, '0', E'\x7f', '1', '0/1');
insert into ints (id) values (3);
create table floats (id int, a real, b double precision);
insert into floats values (1, '3.4028235e38', '1.7976931348623157e308'), (2, '-1e-45', '-5e-324'), (3, '-0', '-0'), (5, 0.1, 0.1), (6, 1e6, 1e15),
  (7, 123456.7, 123456789012345.6), (8, 1e-4, 1e-5);
insert into floats (id) values (4);
create table specials (id int, a real, b double precision);
insert into specials values (1, 'nan', 'infinity'), (2, '-infinity', 'nan'), (4, 0, 0);
insert into specials (id) values (3);
create table numerics (id int, a numeric(9,2), b numeric(18,0), c numeric(38,38), d numeric(38,0), e numeric, f numeric(3,-2), g numeric(2,4), h dnum, i numeric(38,10));
insert into numerics values (1, 9999999.99, 999999999999999999, 0.99999999999999999999999999999999999999, 99999999999999999999999999999999999999,
    1e131071, 99900, 0.0099, 123456789.123, 1234567890123456789012345678.0123456789),
  (2, -9999999.99, -999999999999999999, -0.99999999999999999999999999999999999999, -99999999999999999999999999999999999999, -1e-16383, -100, -0.0001, -0.001,
    -9999999999999999999999999999.9999999999), (4, 0, 0, 0, 0, 0.000, 0, 0, 0, 0), (5, 0.1, 1, 1e-38, 1, 'nan', 100, 0.0001, 1, 1e-10);
insert into numerics (id) values (3);
create table fallen (id int, a numeric(9,2), b date, c timestamp, d timestamptz, e int[]);
insert into fallen values (1, 1.50, '2020-01-01', '2020-01-01', '2020-01-01+00', '{1,2}'), (3, 'nan', 'infinity', '-infinity', 'infinity', '{{1,2},{3,4}}'),
  (4, 0, '-infinity', '0044-03-15 BC', '294276-12-31 23:59:59.999999+00', '[5:6]={1,2}');
insert into fallen (id) values (2);
create table texts (id int, a text, b varchar(10), c char(5), d name, e citext, f json, g jsonb, h xml, i bytea, j uuid);
insert into texts values (1, '', '', '', '', '', '""', '""', '', '', '00000000-0000-0000-0000-000000000000'),
  (3, E'tab\t "quote" \\ back\nnew line', 'ÄöüßÆ', 'ab', 'naïve', 'MiXeD', '{"a" :  1, "a":2}', '{"b": [1, null, "x\u00e9"], "a": 1e2}', '<a b="c">d &amp; e</a>',
    '\x00ff', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  (4, '😀 日本語 ' || repeat('long ', 20000), '日本語', '日', repeat('n', 63), 'ß', 'null', 'null', '<?x y?>', decode(repeat('00ff', 5000), 'hex'), 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
insert into texts (id) values (2);
create table times (id int, a date, b time, c timetz, d timestamp, e timestamptz, f interval);
insert into times values (1, '0001-01-01', '00:00', '00:00+15:59:59', '0001-01-01 00:00:00.000001', '0001-01-02 00:00+00', '178000000 years'),
  (2, '9999-12-31', '24:00', '24:00-15:59', '9999-12-31 23:59:59.999999', '9999-12-30 23:59:59.999999+00', '-178000000 years'),
  (4, '1969-12-31', '23:59:59.999999', '12:00:00.5+05:30', '1970-01-01', '1969-12-31 23:59:59.999999+00', '0'),
  (5, '2024-02-29', '01:02:03', '01:02:03+00', '2024-02-29 12:00', '2024-02-29 12:00+00', '1 mon -2 days 03:04:05.000006');
insert into times (id) values (3);
create table nets (id int, a inet, b cidr, c macaddr, d macaddr8, e bit(4), f varbit);
insert into nets values (1, '0.0.0.0/0', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '0000', ''),
  (3, '192.168.1.5/24', '10.0.0.0/8', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', '1010', '101'),
  (4, '::ffff:1.2.3.4', '2001:db8::/32', '01:23:45:67:89:ab', '01:23:45:67:89:ab:cd:ef', '1111', repeat('10', 100)::varbit);
insert into nets (id) values (2);
create table geos (id int, a point, b line, c lseg, d box, e path, f polygon, g circle);
insert into geos values (1, '(0,0)', '{1,2,3}', '[(0,0),(1,1)]', '((1,1),(0,0))', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),1>'),
  (3, '(1e300,-infinity)', '{0,-1,0.5}', '[(-1.5,2),(3,4)]', '((nan,1),(0,0))', '((0,0),(1,1))', '((0,0))', '<(1e-10,2),0>');
insert into geos (id) values (2);
create table searches (id int, a tsvector, b tsquery, c jsonpath, d query_int);
insert into searches values (1, '', '', '$', '1'), (3, 'fat:2,4B,7A rat:3C ''it''''s'' cat', '(fat & !rat:A) | (''it''''s'':* <-> cat:BC <3> dog)', '$.a[*] ? (@ > 1)', '1&(2|!3)'),
  (4, 'é:1 日本:2', '!!x & (y <-> (z <-> w)) & !(a | b)', 'strict $."k é"', '!(1|2)&3|4');
insert into searches (id) values (2);
create table exts (id int, a hstore, b ltree, c lquery, d ltxtquery, e vector(3), f halfvec(2), g sparsevec(5));
insert into exts values (1, '', '', '*', 'a', '[0,0,0]', '[0,0]', '{}/5'),
  (3, 'a=>NULL, "b c"=>"d\"e", é=>""', 'Top.Science.é', 'a.*{1,2}.b@|c', 'a & !b*', '[1.5,-2e10,3e-10]', '[1.5,-2]', '{1:1.5,5:-2}/5');
insert into exts (id) values (2);
create table moods (id int, a mood, b dmood, c mood[], d inner_t, e outer_t, f inner_t[], g mrange, h mrange[], i dmood[], j mmultirange);
insert into moods values (1, 'sad', 'sad', '{}', row('sad', ''), row(row('ok', null), 1.50, '{1,NULL}'), '{}', 'empty', '{}', '{}', '{}'),
  (3, 'happy 😀', 'it''s "fine", \ {really}', array['ok', null, 'it''s "fine", \ {really}']::mood[], row('it''s "fine", \ {really}', 'a,"b'),
    row(null, 'nan', null), array[row('sad', 'x y')::inner_t, null], mrange('sad', 'ok', '[]'), array[mrange('sad', null)], '{sad,happy 😀}',
    mmultirange(mrange('sad', 'ok'))), (4, null, null, '{{sad,ok},{ok,sad}}', row(null, null), row(row(null, null), null, '{}'), null, null, null, null, null);
insert into moods (id) values (2);
create table ranges (id int, a int4range, b int8range, c numrange, d tsrange, e tstzrange, f daterange, g int4multirange, h frange, i nummultirange, j datemultirange[]);
insert into ranges values (1, 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', '{}', 'empty', '{}', '{}'),
  (3, '[1,5)', '(,)', '[1.50,2.5]', '[2020-01-01,2021-01-01 12:00)', '(2020-01-01 00:00+00,)', '[2020-01-01,infinity)', '{[1,2),[5,9)}', '[1e-10,1e300)', '{(,1.5],[2,)}',
    array['{[2020-01-01,2020-02-01)}'::datemultirange, '{}', null]);
insert into ranges (id) values (2);
create table arrays (id int, a int[], b text[], c boolean[], d numeric(10,2)[], e timestamptz[], f bytea[], g uuid[], h date[], i float8[], j posint[], k hstore[], l vector[], m jsonb[], n int2vector, o oidvector);
insert into arrays values (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '', ''),
  (3, '{1,NULL,-3}', array['', null, 'NULL', 'a,b', '"', E'\\', '日本 😀'], '{t,f,NULL}', '{1.50,-99999999.99}', '{2020-01-01 00:00:00.000001+00}', array['\x00ff'::bytea, ''],
    '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{2020-02-29,NULL}', '{1.5,-0,1e300}', '{1,2}', array['a=>1'::hstore], array['[1,2]'::vector], array['{"a": 1}'::jsonb, 'null'], '1 2 3', '4 5');
insert into arrays (id) values (2);
create table "Ödd näme; ({=})" ("a" int, "A" int, "b c" text, "b,c" text, "d=e;{f}" text, "Ünï" int);
insert into "Ödd näme; ({=})" values (1, 2, 'x', 'y', 'z', 3), (null, null, null, null, null, null);
do $$ begin execute (select format('create table wide (id int, %s)', string_agg(format('c%s int', i), ', ')) from generate_series(2, 1600) i); end $$;
insert into wide (id, c2, c1600) values (1, 2, 1600), (2, null, 7), (3, 3, null);
update wide set c800 = 800 where id = 2;
create table changed (id int, a int, b text, c mood);
insert into changed values (1, 1, 'one', 'sad'), (2, 2, 'two', 'ok');
alter table changed drop column a;
alter table changed add column d numeric(5,1) default 7.5;
alter table changed rename column b to bb;
alter type mood add value 'so so' before 'ok';
update changed set c = 'so so' where id = 1;
alter type mood rename value 'ok' to 'fine';
insert into changed values (3, 'three', 'fine', null);
create table parted (id int, k text) partition by list (k);
create table parted_a partition of parted for values in ('a');
create table parted_b partition of parted default;
insert into parted select i, case when i % 2 = 0 then 'a' else 'b' end from generate_series(1, 100) i;
update parted set k = 'c' where id <= 10;
delete from parted where id between 20 and 30;
create table rewritten (id int primary key, t text) with (mirror_deletes = rewrite);
insert into rewritten select i, repeat('é', i % 50) from generate_series(1, 20000) i;
select tarn.mirror_sync('rewritten');
delete from rewritten where id % 3 = 0;
update rewritten set t = null where id % 7 = 1;
select tarn.mirror_sync('rewritten');
