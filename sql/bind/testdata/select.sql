select a, b from t where a = 1
----
Project a#1, b#2
  Filter =op(a#1, '1'::integer)
    Scan t as t [a#1, b#2]
=> a integer@1, b text@2

select * from t where b like 'x%' order by a desc limit 10
----
Limit '10'::bigint offset - ties 
  Sort #1 desc nulls first
    Project a#1, b#2, c#3, d#4, arr#5, j#6, v#7
      Filter ~~op(b#2, 'x%'::text)
        Scan t as t [a#1, b#2, c#3, d#4, arr#5, j#6, v#7]
=> a integer@1, b text@2, c numeric(10,2)@3, d timestamp with time zone@4, arr integer[]@5, j jsonb@6, v character varying(5)@7

select 1
----
Project ?column?:=#1 '1'::integer
  Values []
=> ?column? integer

select 'x', 1.5, null, true, $1::int
----
Project ?column?:=#1 'x'::text, ?column?:=#2 '1.5'::numeric, ?column?:=#3 NULL::text, ?column?:=#4 't'::boolean, int4:=#5 $1
  Values []
=> ?column? text, ?column? numeric, ?column? text, ?column? boolean, int4 integer
params integer

select t.a, u.x from t join u on t.a = u.a where u.y = 'z'
----
Project a#1, x#3
  Filter =op(y#4, 'z'::text)
    Join inner on =op(a#1, a#2)
      Scan t as t [a#1]
      Scan u as u [a#2, x#3, y#4]
=> a integer@1, x bigint@2

select * from t join u using (a)
----
Project a#1, b#3, c#4, d#5, arr#6, j#7, v#8, x#9, y#10, z#11
  Join inner on =op(a#1, a#2)
    Scan t as t [a#1, b#3, c#4, d#5, arr#6, j#7, v#8]
    Scan u as u [a#2, x#9, y#10, z#11]
=> a integer@1, b text@2, c numeric(10,2)@3, d timestamp with time zone@4, arr integer[]@5, j jsonb@6, v character varying(5)@7, x bigint@2, y text@3, z double precision@4

select a, x from t left join u using (a) order by x nulls first, 1
----
Sort #3 nulls first, #1
  Project a#1, x#3
    Join left on =op(a#1, a#2)
      Scan t as t [a#1]
      Scan u as u [a#2, x#3]
=> a integer@1, x bigint@2

select count(*), sum(c), b from t group by b having count(*) > 1 order by 1
----
Sort #1
  Project count#1, sum#3, b#4
    Filter >op(count#1, '1'::integer)
      Aggregate by [b#4] in [4] #1=count() #3=sum(c#2)
        Scan t as t [c#2, b#4]
=> count bigint, sum numeric, b text@2

select b, a + 1 as k from t group by 2, b
----
Project b#1, ?column?#3
  Aggregate by [?column?#3, b#1] in [3 1]
    Project b#1, a#2, ?column?:=#3 +op(a#2, '1'::integer)
      Scan t as t [b#1, a#2]
=> b text@2, k integer

select t.b, count(*) from t group by t.a
----
Project b#1, count#2
  Aggregate by [a#3, b#1] in [3 1] #2=count()
    Scan t as t [b#1, a#3]
=> b text@2, count bigint

select a from t where a = $1 and b = $2
----
Project a#1
  Filter =op(a#1, $1), =op(b#2, $2)
    Scan t as t [a#1, b#2]
=> a integer@1
params integer, text

select nope from t
----
ERROR 42703 column "nope" does not exist @8

select t.nope, bb from t
----
ERROR 42703 column t.nope does not exist @8

select a from t join u on true
----
ERROR 42702 column reference "a" is ambiguous @8

select b from t group by a, c order by d
----
Project b#1
  Sort #2
    Project b#1, d#2
      Aggregate by [a#3, c#4, b#1, d#2] in [3 4 1 2]
        Scan t as t [b#1, d#2, a#3, c#4]
=> b text@2

select y from u group by x
----
ERROR 42803 column "u.y" must appear in the GROUP BY clause or be used in an aggregate function @8

select 1 + 'x'
----
ERROR 22P02 invalid input syntax for type integer: "x" @12

select a from t where a + b
----
ERROR 42883 operator does not exist: integer + text @25
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.

select foo(a) from t
----
ERROR 42883 function foo(integer) does not exist @8
  hint: No function matches the given name and argument types. You might need to add explicit type casts.

select distinct a, b from t order by b
----
Sort #2
  Distinct [2 1] ordered=false
    Project a#1, b#2
      Scan t as t [a#1, b#2]
=> a integer@1, b text@2

select distinct on (a) a, b from t order by a, c
----
Project a#1, b#2
  Distinct [1] ordered=true
    Sort #1, #3
      Project a#1, b#2, c#3
        Scan t as t [a#1, b#2, c#3]
=> a integer@1, b text@2

select b from t union select y from u order by 1
----
Sort #3
  Project b#3
    SetOp 0 all=false [b#3]
      Project b#1
        Scan t as t [b#1]
      Project y#2
        Scan u as u [y#2]
=> b text

select 'a' union select 1
----
ERROR 22P02 invalid input syntax for type integer: "a" @8

select 1 union select 2.5 union all select null
----
SetOp 0 all=true [?column?#6]
  SetOp 0 all=false [?column?#4]
    Project ?column?:=#3 numericimplicit(?column?#1):numeric
      Project ?column?:=#1 '1'::integer
        Values []
    Project ?column?:=#2 '2.5'::numeric
      Values []
  Project ?column?:=#5 NULL::numeric
    Values []
=> ?column? numeric

with x as (select a from t) select * from x, x y
----
With
  x materialize=true refs=2:
    Project a#1
      Scan t as t [a#1]
  Project a#2, a#3
    Join inner on 
      CTEScan x as x [a#2]
      CTEScan x as y [a#3]
=> a integer@1, a integer@1

with recursive r(n) as (select 1 union all select n + 1 from r where n < 10) select * from r
----
With
  r materialize=true refs=1:
    RecursiveUnion all=true [n#2]
      Project ?column?:=#1 '1'::integer
        Values []
      Project ?column?:=#4 +op(n#3, '1'::integer)
        Filter <op(n#3, '10'::integer)
          WorkScan r [n#3]
  Project n#5
    CTEScan r as r [n#5]
=> n integer

select (select max(x) from u where u.a = t.a), exists (select 1 from u) from t
----
Project max:=#6 subquery 1 test - {Project max#2 |   Aggregate by [] in [] #2=max(x#1) |     Filter =op(a#3, a#4) |       Scan u as u [x#1, a#3]}, exists:=#7 subquery 0 test - {Project ?column?:=#5 '1'::integer |   Scan u as u []}
  Scan t as t [a#4]
=> max bigint, exists boolean

select a in (1, 2, 3), a in (select a from u), b not in ('x', 'y') from t
----
Project ?column?:=#4 any(=op(a#1, array['1'::integer, '2'::integer, '3'::integer]integer[]) all=false), ?column?:=#5 subquery 2 test =op(a#1, a#2) {Project a#2 |   Scan u as u [a#2]}, ?column?:=#6 any(<>op(b#3, array['x'::text, 'y'::text]text[]) all=true)
  Scan t as t [a#1, b#3]
=> ?column? boolean, ?column? boolean, ?column? boolean

select row_number() over (partition by b order by a), sum(c) over w from t window w as (order by a rows 2 preceding)
----
Project row_number#1, sum#3
  Window partition [5] order #4 frame 0:0..2 #1=row_number()
    Window partition [] order #4 frame 1:1..2 start '2'::bigint #3=sum(c#2)
      Scan t as t [c#2, a#4, b#5]
=> row_number bigint, sum numeric

select generate_series(1, 3), a from t order by a
----
Project generate_series#1, a#2
  ProjectSet a#2, generate_series:=#1 generate_series('1'::integer, '3'::integer):integer
    Sort #2
      Scan t as t [a#2]
=> generate_series integer, a integer@1

select * from generate_series(1, 5) with ordinality as g(n, o)
----
Project g#1, ordinality#2
  FuncScan generate_series('1'::integer, '5'::integer):integer ordinality [g#1, ordinality#2]
=> n integer, o bigint

select * from t, lateral (select x from u where u.a = t.a) s
----
Project a#3, b#4, c#5, d#6, arr#7, j#8, v#9, x#1
  Join inner lateral on 
    Scan t as t [a#3, b#4, c#5, d#6, arr#7, j#8, v#9]
    Project x#1
      Filter =op(a#2, a#3)
        Scan u as u [x#1, a#2]
=> a integer@1, b text@2, c numeric(10,2)@3, d timestamp with time zone@4, arr integer[]@5, j jsonb@6, v character varying(5)@7, x bigint@2

select * from unnest(array[1,2], array['a','b']) as f(p, q)
----
Project unnest#1, unnest#2
  FuncScan unnest(array['1'::integer, '2'::integer]integer[]):integer, unnest(array['a'::text, 'b'::text]text[]):text [unnest#1, unnest#2]
=> p integer, q text

select * from vw where bx = 'q'
----
Project a#1, bx#3
  Filter =op(bx#3, 'q'::text)
    Project a#1, bx:=#3 ||op(b#2, 'x'::text)
      Filter >op(a#1, '3'::integer)
        Scan t as t [a#1, b#2]
=> a integer@1, bx text@2

select case a when 1 then 'one' else b end, coalesce(a, 1.5), greatest(1, 2.5) from t
----
Project b:=#4 case(a#1 when =op(case#2, '1'::integer) then 'one'::text else b#3), coalesce:=#5 coalesce(numericimplicit(a#1):numeric, '1.5'::numeric), greatest:=#6 minmax(true '1'::numeric, '2.5'::numeric)
  Scan t as t [a#1, b#3]
=> b text, coalesce numeric, greatest numeric

select * from t for update skip locked
----
Project a#1, b#2, c#3, d#4, arr#5, j#6, v#7
  LockRows t#8 strength 4 policy 1
    Scan t as t [a#1, b#2, c#3, d#4, arr#5, j#6, v#7, rowloc#8]
=> a integer@1, b text@2, c numeric(10,2)@3, d timestamp with time zone@4, arr integer[]@5, j jsonb@6, v character varying(5)@7

select b, grouping(b), count(*) from t group by rollup (b)
----
Project b#4, grouping#2, count#3
  Aggregate by [b#4] in [1] sets [[0] []] #3=count() #2=grouping[4]
    Scan t as t [b#1]
=> b text@2, grouping integer, count bigint

select t from t
----
Project t#1
  Scan t as t [t#1]
=> t ???@0

select arr[1], arr[1:2], j['k'] from t
----
Project arr:=#3 sub(arr#1 [-:'1'::integer]), arr:=#4 sub(arr#1 ['1'::integer:'2'::integer]), j:=#5 sub(j#2 [-:'k'::text])
  Scan t as t [arr#1, j#2]
=> arr integer, arr integer[], j jsonb

select max(a) filter (where b = 'x'), string_agg(b, ',' order by a), percentile_cont(0.5) within group (order by a) from t
----
Project max#3, string_agg#4, percentile_cont#5
  Aggregate by [] in [] #3=max(a#1 filter =op(b#2, 'x'::text)) #4=string_agg(b#2, ','::text order a#1) #5=percentile_cont(float8implicit(a#1):double precision direct '0.5'::double precision order float8implicit(a#1):double precision)
    Scan t as t [a#1, b#2]
=> max integer, string_agg text, percentile_cont double precision

select extract(year from d), d at time zone 'utc', substring(b from 2 for 3), position('x' in b), trim(both 'x' from b) from t
----
Project extract:=#3 extractsyntax('year'::text, d#1):numeric, timezone:=#4 timezonesyntax('utc'::text, d#1):timestamp without time zone, substring:=#5 substringsyntax(b#2, '2'::integer, '3'::integer):text, position:=#6 positionsyntax(b#2, 'x'::text):integer, btrim:=#7 btrimsyntax(b#2, 'x'::text):text
  Scan t as t [d#1, b#2]
=> extract numeric, timezone timestamp without time zone, substring text, position integer, btrim text

select '2020-01-01'::date + 1, interval '1 day', '{1,2}'::int[], cast(a as text) from t
----
Project ?column?:=#2 +op('2020-01-01'::date, '1'::integer), interval:=#3 '1 day'::interval, int4:=#4 '{1,2}'::integer[], a:=#5 io(a#1 as text)
  Scan t as t [a#1]
=> ?column? date, interval interval, int4 integer[], a text

select a between 1 and 2, a is distinct from 3, b is null, (a, 1) < (2, 3) from t
----
Project ?column?:=#3 AND(>=op(a#1, '1'::integer), <=op(a#1, '2'::integer)), ?column?:=#4 distinct(=op(a#1, '3'::integer) not=false), ?column?:=#5 isnull(b#2 not=false row=false), ?column?:=#6 rowcmp < (<op(a#1, '2'::integer); <op('1'::integer, '3'::integer))
  Scan t as t [a#1, b#2]
=> ?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean

select sum(count(*)) over () from t group by b
----
Project sum#2
  Window partition [] order  frame 0:0..2 #2=sum(count#1)
    Aggregate by [b#3] in [3] #1=count()
      Scan t as t [b#3]
=> sum numeric

values (1, 'a'), (2.5, null)
----
Values [column1#1, column2#2]
  ('1'::numeric, 'a'::text)
  ('2.5'::numeric, NULL::text)
=> column1 numeric, column2 text

select * from (values (1, 2)) v(a, b) where b > 1
----
Project column1#1, column2#2
  Filter >op(column2#2, '1'::integer)
    Values [column1#1, column2#2]
      ('1'::integer, '2'::integer)
=> a integer, b integer

