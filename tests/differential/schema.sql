create table d (id int primary key, b bool, i2 int2, i4 int4, i8 int8, n numeric, n2 numeric(10,2), f8 float8, t text, v varchar(10), c char(5),
  da date, ts timestamp, tz timestamptz, ti time, iv interval, by bytea, u uuid, ai int4[], at text[], j jsonb, r int4range);
create table e (id int primary key, k int4, i4 int4, t text, n numeric, da date, b bool);
insert into d
select g, case g % 5 when 0 then null when 1 then true when 2 then false else g % 2 = 0 end,
  case when g % 7 = 0 then null when g % 11 = 0 then (array[32767, -32768])[1 + g % 2] else (g * 37) % 200 - 100 end,
  case when g % 7 = 1 then null when g % 11 = 1 then (array[2147483647, -2147483648])[1 + g % 2] else (g * 131) % 1000 - 500 end,
  case when g % 7 = 2 then null when g % 11 = 2 then (array[9223372036854775807, -9223372036854775808])[1 + g % 2] else (g::int8 * 1234567891) % 100000 - 50000 end,
  case when g % 7 = 3 then null when g % 11 = 3 then (array['NaN', 'Infinity', '1e-20', '123456789012345678901234567890.5']::numeric[])[1 + g % 4] else g * 1.25 - 60 end,
  case when g % 7 = 4 then null else g * 0.37 - 10 end,
  case when g % 7 = 5 then null when g % 11 = 5 then (array['NaN', '-Infinity', '1e300', '-0']::float8[])[1 + g % 4] else g / 8.0 - 5 end,
  case when g % 7 = 6 then null when g % 11 = 6 then (array['', ' ', 'ÄÖ ß', 'a%b_c\d'])[1 + g % 4] else 'k' || g % 13 end,
  case when g % 6 = 0 then null else substr('abcdefghij', 1 + g % 5, g % 7) end,
  case when g % 6 = 1 then null else substr('Za ', 1, g % 4) end,
  case when g % 6 = 2 then null when g % 17 = 2 then (array['infinity', '-infinity', '0044-03-15 BC', '9999-12-31']::date[])[1 + g % 4] else date '2000-01-01' + g * 13 end,
  case when g % 6 = 3 then null when g % 17 = 3 then (array['infinity', '-infinity', '2000-02-29 23:59:59.999999']::timestamp[])[1 + g % 3] else timestamp '1999-12-31 22:10:05.5' + g * interval '1 day 3 hours' end,
  case when g % 6 = 4 then null else timestamptz '2020-03-29 00:30:00+00' + g * interval '17 hours 11 minutes' end,
  case when g % 6 = 5 then null when g % 19 = 5 then '24:00' else time '00:00' + g * interval '37 minutes 1.5 second' end,
  case when g % 8 = 0 then null when g % 17 = 4 then (array['1 mon -1 day', '-1 year 2 mons 3.5 days', '00:00:00.000001', '178000000 years']::interval[])[1 + g % 4] else g * interval '1 hour 3 minutes' end,
  case when g % 8 = 1 then null else decode(lpad(to_hex(g), 2 * (g % 4), '0'), 'hex') end,
  case when g % 8 = 2 then null else ('00000000-0000-4000-8000-' || lpad(g::text, 12, '0'))::uuid end,
  case when g % 8 = 3 then null when g % 8 = 4 then '{}' else array[g, null, g % 3, -g] end,
  case when g % 8 = 4 then null when g % 8 = 5 then '{{a,b},{c,NULL}}' else array['x' || g % 4, ''] end,
  case when g % 8 = 5 then null when g % 8 = 6 then '[1, null, "a", {"b": 2.50}]' when g % 8 = 7 then 'null' else jsonb_build_object('a', g % 5, 'b', array['x', g::text]) end,
  case when g % 8 = 6 then null when g % 8 = 7 then 'empty' when g % 17 = 6 then '(,5]' else int4range(g % 10, g % 10 + g % 4) end
from generate_series(1, 90) g;
insert into e select g, g * 3 % 100, (g * 131) % 1000 - 500, 'k' || g % 17, g * 2.5 - 60, date '2000-01-01' + g * 26, g % 3 = 0 from generate_series(1, 60) g;
insert into e (id) values (61), (62);
create index on d (i4); create index on d (t); create index on d (ts); create index on e (k);
analyze;
