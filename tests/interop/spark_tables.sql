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
delete from lake where id % 3 = 0;
truncate mirrored;
