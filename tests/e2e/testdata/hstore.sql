create extension hstore;
select extname, extversion from pg_extension where extname = 'hstore';
-- text
select '', ' '::hstore, 'k=>v'::hstore, 'one => 1 , two=>"2 2"'::hstore, 'z=>1,bb=>2,a=>3'::hstore, 'dup=>1, dup=>2'::hstore;
select 'n=>NULL, m=>null, q=>"NULL", "NULL"=>q'::hstore, E'"a\\"b"=>"c\\\\d", e\\ f=>g\\,h'::hstore, 'a=>,'::hstore, 'a,b=>c, d=>"=>"'::hstore, 'grün=>"blå"'::hstore;
select 'k'::hstore;
select 'k='::hstore;
select 'k= v'::hstore;
select 'k=>'::hstore;
select '=>v'::hstore;
select 'k=>"v'::hstore;
select 'k=>v w'::hstore;
select 'k=>v, l m'::hstore;
select E'k=>v\\'::hstore;
-- look-ups
select h->'a', h->'b', h->'nope', h->'n' is null, h->array['b','nope','n','a'], h->'{}'::text[], h->array[['a','b'],[null,'x']] from (values ('a=>1,b=>2,n=>NULL'::hstore)) v(h);
select h ? 'a', h ? 'n', h ? 'nope', exist(h, 'n'), isexists(h, 'x'), defined(h, 'a'), defined(h, 'n'), isdefined(h, 'x') from (values ('a=>1,n=>NULL'::hstore)) v(h);
select h ?| array['x','a'], h ?| array['x','y'], h ?| '{}', h ?& array['a','n'], h ?& array['a','x'], h ?& '{}', h ?& array['a',null] from (values ('a=>1,n=>NULL'::hstore)) v(h);
select fetchval('a=>1', 'a'), slice('a=>1,b=>2,c=>NULL', array['c','a','zz']), slice('a=>1', '{}'), slice_array('a=>1', array['b','a']);
-- taking out
select delete('a=>1,b=>2,c=>3'::hstore, 'b'), delete('a=>1'::hstore, 'x'), delete('a=>1,b=>2,c=>3'::hstore, array['a','c','q']), delete('a=>1,b=>2,c=>NULL'::hstore, 'a=>1,b=>3,c=>NULL'::hstore);
select 'a=>1,b=>2'::hstore - 'a'::text, 'a=>1,b=>2'::hstore - array['a','b'], 'a=>1,b=>2'::hstore - 'b=>2'::hstore, 'a=>1'::hstore - '{}'::text[], 'a=>1'::hstore - ''::hstore;
-- putting together
select 'a=>1,b=>2'::hstore || 'b=>3,c=>4', ''::hstore || 'a=>1', 'a=>1'::hstore || '', 'aaa=>1,b=>2'::hstore || 'cc=>3,b=>NULL', hs_concat('a=>1', 'b=>2');
select hstore('k', 'v'), hstore('k', null), hstore(null, 'v'), tconvert('x', 'y');
select hstore(array['a','1','b',null]), hstore(array[['a','1'],['b','2']]), hstore('{}'::text[]), array['x','y']::hstore;
select hstore(array['a','b','c']);
select hstore(array[['a','b','c']]);
select hstore(array[[['a','b']]]);
select hstore(array['a','1',null,'2']);
select hstore(array['a','b'], array['1',null]), hstore(array['a','b'], null), hstore(null::text[], array['1']), hstore('{}'::text[], '{}');
select hstore(array['a','b'], array['1']);
select hstore(array['a',null], array['1','2']);
select hstore(array[['a','b']], array[['1','2']]);
-- containment and comparison
select 'a=>1,b=>2'::hstore @> 'a=>1', 'a=>1'::hstore @> 'a=>2', 'a=>NULL'::hstore @> 'a=>NULL', 'a=>1'::hstore @> 'a=>NULL', 'a=>1'::hstore @> '', 'a=>1'::hstore <@ 'b=>2,a=>1', hs_contains('a=>1', 'a=>1'), hs_contained('a=>1', '');
select 'a=>1'::hstore = 'a=>1', 'a=>1,b=>2'::hstore = 'b=>2,a=>1', 'a=>1'::hstore <> 'a=>2', 'a=>1'::hstore #<# 'a=>2', 'a=>1'::hstore #<=# 'a=>1', 'a=>1'::hstore #># 'a=>2', 'a=>1'::hstore #>=# 'a=>2', hstore_cmp('b=>1', 'a=>9');
select h from (values ('b=>1'::hstore), ('a=>NULL'), (''), ('a=>""'), ('ab=>""'), ('a=>b'), ('a=>"",b=>""'), (null)) v(h) order by h;
select h, count(*) from (values ('b=>1,a=>2'::hstore), ('a=>2,b=>1'), (''), ('')) v(h) group by h order by h;
select count(distinct h) from (values ('b=>1,a=>2'::hstore), ('a=>2,b=>1'), ('')) v(h);
select hstore_hash(''), hstore_hash('a=>1'), hstore_hash('a=>NULL,bb=>"x y"'), hstore_hash_extended('a=>1', 0), hstore_hash_extended('a=>1', 42);
-- lists
select akeys('b=>1,a=>NULL'), avals('b=>1,a=>NULL'), akeys(''), avals(''), hstore_to_array('b=>1,a=>NULL'), hstore_to_matrix('b=>1,a=>NULL'), hstore_to_matrix(''), %% 'a=>1'::hstore, %# 'a=>1'::hstore;
select skeys('b=>1,aa=>2');
select svals('b=>1,aa=>NULL');
select * from each('b=>1,aa=>NULL') order by key;
select key, value from each('x=>y');
select count(*) from skeys('');
-- json
select hstore_to_json('b=>"1",a=>NULL,c=>"q\"r"'), hstore_to_json(''), 'a=>1'::hstore::json, 'a=>1'::hstore::jsonb;
select hstore_to_json_loose('a=>1,b=>t,c=>f,d=>NULL,e=>1.50,f=>-2e3,g=>012,h=>" 1",i=>true'), hstore_to_jsonb_loose('a=>1,b=>t,c=>f,d=>NULL,e=>1.50,f=>-2e3,g=>012,h=>" 1",i=>true'), hstore_to_jsonb('a=>1,b=>NULL');
-- records
create table person (id int primary key, name varchar(5), born date default '2000-01-01', tags hstore);
insert into person values (1, 'ada', '1815-12-10', 'lang=>en'), (2, 'bob', null, null);
select hstore(p) from person p order by id;
select hstore(row(1, 'x', null));
select populate_record(p, 'name=>eve, born=>"1999-09-09"') from person p order by id;
select p #= 'name=>NULL' from person p order by id;
-- a row's type says its fields even where the row is NULL
create type cmp as (a int, b text);
create domain dcmp as cmp;
select hstore(null::cmp), hstore(null::dcmp), hstore(row(1,'x')::dcmp);
select hstore(null::record);
prepare p(cmp) as select hstore($1);
execute p(row(1,'z'));
execute p(null);
select populate_record(null::person, 'id=>7,name=>zoe,other=>x');
select (populate_record(null::person, 'id=>7')).*;
select populate_record(p, 'name=>toolong') from person p;
select populate_record(p, 'id=>abc') from person p;
select populate_record(1, 'a=>1');
select populate_record(p, null) from person p order by id;
create domain small as int check (value < 10);
create type pair as (a small, b text);
select populate_record(null::pair, 'a=>3,b=>x');
select populate_record(null::pair, 'a=>30');
-- subscripts
select h['a'], h['x'], (h || 'b=>2')['b'] from (values ('a=>1'::hstore)) v(h);
select h[1] from (values ('a=>1'::hstore)) v(h);
select h['a']['b'] from (values ('a=>1'::hstore)) v(h);
select h['a':'b'] from (values ('a=>1'::hstore)) v(h);
update person set tags['lang'] = 'fr', tags['new'] = null where id = 1;
update person set tags['first'] = 'x' where id = 2;
insert into person (id, tags['k']) values (3, 'v');
select id, tags from person order by id;
update person set tags[null] = 'x' where id = 1;
-- tables and indexes
create index on person (tags);
create index on person using hash (tags);
create index on person using gin (tags);
create index on person using gist (tags);
create unique index on person (id, tags);
select id from person where tags = 'k=>v';
select id from person where tags ? 'lang';
select id from person where tags @> 'first=>x';
select distinct tags->'lang' from person order by 1;
select a.id, b.id from person a join person b on a.tags = b.tags order by 1, 2;
create table u (h hstore primary key, hs hstore[]);
insert into u values ('a=>1', array['x=>1', null]::hstore[]);
insert into u values ('a=>1');
insert into u values ('a=>2');
select * from u order by h;
select hs[1]->'x', array_agg(h order by h) from u group by hs order by 1;
select pg_typeof(h), pg_typeof(hs), h::text from u order by h;
select max(length(h::text)) from u;
drop extension hstore;
drop extension hstore cascade;
select attname from pg_attribute where attrelid = 'person'::regclass and attnum > 0 and not attisdropped order by attnum;
