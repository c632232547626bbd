create table f (id int primary key, i2 int2, i4 int4, i8 int8, n2 numeric(10,2), n6 numeric(20,6), b bool, da date, ts timestamp, tz timestamptz, t text, v varchar(12), c char(6), u text);
create table g (k int primary key, i4 int4, n3 numeric(12,3), t text, da date);
insert into f
select n, case when n % 7 = 0 then null when n % 41 = 1 then (array[32767, -32768, 0])[1 + n % 3] else (n * 37) % 200 - 100 end,
  case when n % 7 = 1 then null when n % 41 = 2 then (array[2147483647, -2147483648, 0])[1 + n % 3] else (n * 131) % 60 - 20 end,
  case when n % 7 = 2 then null when n % 41 = 3 then (array[9223372036854775807, -9223372036854775808, 0])[1 + n % 3] else (n::int8 * 1234567891) % 100000 - 50000 end,
  case when n % 7 = 3 then null when n % 41 = 4 then (array[99999999.99, -99999999.99, 0])[1 + n % 3] else n * 0.37 - 60 end,
  case when n % 7 = 4 then null when n % 41 = 5 then (array[99999999999999.999999, -99999999999999.999999, 0])[1 + n % 3] else n * 1.000001 - 200 end,
  case n % 5 when 0 then null else n % 2 = 0 end,
  case when n % 7 = 5 then null when n % 41 = 6 then (array['0001-01-01', '9999-12-31', '1969-12-31']::date[])[1 + n % 3] else date '1999-12-01' + n % 90 end,
  case when n % 7 = 6 then null when n % 41 = 7 then (array['0001-01-01', '9999-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999']::timestamp[])[1 + n % 3] else timestamp '1999-12-31 22:10:05.5' + n * interval '1 day 3 hours' end,
  case when n % 8 = 4 then null else timestamptz '2020-03-29 00:30:00+00' + n * interval '17 hours 11 minutes' end,
  case when n % 6 = 0 then null when n % 41 = 8 then (array['', ' ', 'ÄÖ ß', 'a%b_c\d', 'a b ', '😀é'])[1 + n % 6] else 'k' || n % 13 end,
  case when n % 6 = 1 then null else substr('abcdefghij', 1 + n % 5, n % 7) end,
  case when n % 6 = 2 then null else substr('Za b', 1, n % 5) end,
  case n % 9 when 0 then null when 1 then 'http://www.k' || n % 5 || '/x/' || n when 2 then 'https://k' || n % 4 || '/' when 3 then (array['http://www./', E'http://a\nb/c', 'wwwww', '', 'aab', 'xabbb'])[1 + n % 6]
    else substr('aabbxaabcabxb', 1 + n % 7, n % 6) end
from generate_series(1, 500) n;
insert into g select n, (n * 131) % 60 - 20, n * 2.375 - 60, 'k' || n % 17, date '1999-12-01' + n * 3 from generate_series(1, 60) n;
insert into g (k) values (61), (62);
analyze;
