-- Tables of Tarn for Spark to read: in files with deletion vectors, and in a branch that goes its own way afterwards.
create schema sp; set search_path = sp;
create table lake (id int, name text, price numeric(10,2), at timestamptz, tags text[]) using delta;
insert into lake select i, 'n' || i, i * 0.25, timestamptz '2024-01-01 UTC' + i * interval '1 minute', array['a', null, i::text] from generate_series(1, 20000) i;
create table mirrored (id int primary key, name text, price numeric(10,2), at timestamp);
insert into mirrored select i, 'n' || i, i * 0.25, timestamp '2024-01-01' + i * interval '1 minute' from generate_series(1, 20000) i;
select tarn.mirror_sync();
delete from lake where id % 7 = 0; update lake set name = 'x', tags = '{}' where id % 11 = 0;
delete from mirrored where id % 7 = 0; update mirrored set name = 'x' where id % 11 = 0;
select tarn.mirror_sync();
create branch spark;
create table feed (id int primary key, name text, price numeric(10,2)) with (change_data_feed = on);
create table feed_rewritten (id int primary key, name text, price numeric(10,2)) with (change_data_feed = on, mirror_deletes = rewrite);
create table feed_lake (id int, name text, price numeric(10,2)) using delta with (change_data_feed = on);
do $$ declare t text; begin foreach t in array array['feed', 'feed_rewritten', 'feed_lake'] loop
  execute format('insert into %I select i, ''n'' || i, i * 0.25 from generate_series(1, 3000) i', t); end loop; end $$;
select tarn.mirror_sync();
do $$ declare t text; begin foreach t in array array['feed', 'feed_rewritten', 'feed_lake'] loop
  execute format('update %I set name = null where id %% 7 = 0', t); execute format('delete from %I where id %% 5 = 0', t);
  execute format('insert into %I values (5, ''again'', -1)', t); execute format('update %I set price = price + 1 where id %% 14 = 0', t); end loop; end $$;
select tarn.mirror_sync();
update feed set id = id + 10000 where id < 20; update feed_lake set id = id + 10000 where id < 20; update feed_rewritten set id = id + 10000 where id < 20;
select tarn.mirror_sync();
create table feed_truncated (id int primary key, name text, price numeric(10,2)) with (change_data_feed = on);
insert into feed_truncated select i, 'n' || i, i * 0.25 from generate_series(1, 3000) i;
select tarn.mirror_sync();
delete from feed_truncated where id % 3 = 0;
select tarn.mirror_sync();
truncate feed_truncated;
insert into feed_truncated values (1, 'one', 1);
select tarn.mirror_sync();
