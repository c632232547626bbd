insert into t (a, b) values (1, 'x'), (2, default)
----
Insert t [1 2] from [1 2] row [a#3, b#4, c#5, d#6, arr#7, j#8, v#9]
  default 3 '1.50'::numeric(10,2)
  default 4 -
  default 5 -
  default 6 -
  default 7 -
  Values [column1#1, column2#2]
    ('1'::integer, 'x'::text)
    ('2'::integer, NULL::text)

insert into t values ($1, $2, $3)
----
Insert t [1 2 3] from [1 2 3] row [a#4, b#5, c#6, d#7, arr#8, j#9, v#10]
  default 4 -
  default 5 -
  default 6 -
  default 7 -
  Values [column1#1, column2#2, column3#3]
    ($1, $2, numericimplicit($3, '655366'::integer):numeric(10,2))
params integer, text, numeric

insert into u select a, a, b from t
----
Insert u [1 2 3] from [1 5 2] row [a#7, x#8, y#9, z#10]
  default 4 -
  Project a#1, x:=#5 int8implicit(a#3):bigint, b#2
    Project a#1, a:=#3 a#1, b#2
      Scan t as t [a#1, b#2]

insert into u (a, y) select 1, 'lit' returning *
----
Insert u [1 3] from [1 2] row [a#5, x#6, y#7, z#8]
  default 2 -
  default 4 -
  returning a:=#9 a#5, x:=#10 x#6, y:=#11 y#7, z:=#12 z#8
  Project ?column?#1, ?column?#2
    Project ?column?:=#1 '1'::integer, ?column?:=#2 'lit'::text
      Values []
=> a integer@1, x bigint@2, y text@3, z double precision@4

insert into g default values
----
Insert g [] from [] row [id#1, n#2, twice#3]
  default 1 int4implicit(nextval(20024)):integer
  default 2 '7'::integer
  check g_n_check >op(n#2, '0'::integer)
  generated 3 *op(n#2, '2'::integer)
  Values []

insert into g (id) values (1)
----
ERROR 428C9 cannot insert a non-DEFAULT value into column "id"
  detail: Column "id" is an identity column defined as GENERATED ALWAYS.
  hint: Use OVERRIDING SYSTEM VALUE to override.

insert into g (id, n) overriding system value values (1, 2) returning twice
----
Insert g [1 2] from [1 2] row [id#3, n#4, twice#5]
  check g_n_check >op(n#4, '0'::integer)
  generated 3 *op(n#4, '2'::integer)
  returning twice:=#6 twice#5
  Values [column1#1, column2#2]
    ('1'::integer, '2'::integer)
=> twice integer@3

insert into t (a) values (1) on conflict (a) do update set b = excluded.b || t.b where t.a > 2
----
Insert t [1] from [1] row [a#2, b#3, c#4, d#5, arr#6, j#7, v#8]
  default 2 -
  default 3 '1.50'::numeric(10,2)
  default 4 -
  default 5 -
  default 6 -
  default 7 -
  conflict nothing=false [20003] existing [a#16, b#17, c#18, d#19, arr#20, j#21, v#22] excluded [a#23, b#24, c#25, d#26, arr#27, j#28, v#29] where >op(a#16, '2'::integer)
  set 2 = ||op(b#24, b#17)
  Values [column1#1]
    ('1'::integer)

insert into t (b) values ('q') on conflict (lower(b)) where a > 0 do nothing
----
Insert t [2] from [1] row [a#2, b#3, c#4, d#5, arr#6, j#7, v#8]
  default 1 -
  default 3 '1.50'::numeric(10,2)
  default 4 -
  default 5 -
  default 6 -
  default 7 -
  conflict nothing=true [20004] existing [] excluded [] where -
  Values [column1#1]
    ('q'::text)

insert into t (b) values ('q') on conflict (b) do nothing
----
ERROR 42P10 there is no unique or exclusion constraint matching the ON CONFLICT specification

insert into t (a, nope) values (1, 2)
----
ERROR 42703 column "nope" of relation "t" does not exist @19

insert into t (a) values ('x')
----
ERROR 22P02 invalid input syntax for type integer: "x" @27

insert into t (a) values (1, 2)
----
ERROR 42601 INSERT has more expressions than target columns @30

insert into t (a) values (true)
----
ERROR 42804 column "a" is of type integer but expression is of type boolean @27
  hint: You will need to rewrite or cast the expression.

update t set b = 'x', c = c + 1 where a = $1
----
Update t loc #1 old [a#2, b#3, c#4, d#5, arr#6, j#7, v#8] row [a#9, b#10, c#11, d#12, arr#13, j#14, v#15] recheck =op(a#2, $1)
  set 2 = 'x'::text
  set 3 = numericimplicit(+op(c#4, '1'::numeric), '655366'::integer):numeric(10,2)
  Filter =op(a#2, $1)
    Scan t as t [rowloc#1, a#2, b#3, c#4, d#5, arr#6, j#7, v#8]
params integer

update t set (b, c) = (select y, x from u where u.a = t.a) from u where t.a = u.a returning t.a, u.x, b
----
Update t loc #1 old [a#2, b#3, c#4, d#5, arr#6, j#7, v#8] row [a#10, b#11, c#12, d#13, arr#14, j#15, v#16] recheck =op(a#2, a#9)
  set 2 = subquery 5 test - {Project y#21, x#22 |   Filter =op(a#23, a#2) |     Scan u as u [y#21, x#22, a#23]}.y
  set 3 = numericimplicit(numericimplicit(subquery 5 test - {Project y#21, x#22 |   Filter =op(a#23, a#2) |     Scan u as u [y#21, x#22, a#23]}.x):numeric, '655366'::integer):numeric(10,2)
  returning a:=#18 a#10, x:=#19 x#17, b:=#20 b#11
  Filter =op(a#2, a#9)
    Join inner on 
      Scan t as t [rowloc#1, a#2, b#3, c#4, d#5, arr#6, j#7, v#8]
      Scan u as u [a#9, x#17]
=> a integer@1, x bigint@2, b text@2

update t set arr[2] = 5, c = default
----
Update t loc #1 old [a#2, b#3, c#4, d#5, arr#6, j#7, v#8] row [a#9, b#10, c#11, d#12, arr#13, j#14, v#15] recheck 
  set 5 = subset(arr#6 [-:'2'::integer] '5'::integer)
  set 3 = '1.50'::numeric(10,2)
  Scan t as t [rowloc#1, a#2, b#3, c#4, d#5, arr#6, j#7, v#8]

update g set n = n + 1
----
Update g loc #1 old [id#2, n#3, twice#4] row [id#5, n#6, twice#7] recheck 
  set 2 = +op(n#3, '1'::integer)
  check g_n_check >op(n#6, '0'::integer)
  generated 3 *op(n#6, '2'::integer)
  Scan g as g [rowloc#1, id#2, n#3, twice#4]

update t set v = b
----
Update t loc #1 old [a#2, b#3, c#4, d#5, arr#6, j#7, v#8] row [a#9, b#10, c#11, d#12, arr#13, j#14, v#15] recheck 
  set 7 = varcharimplicit(relabel(b#3 as character varying), '9'::integer, 'f'::boolean):character varying(5)
  Scan t as t [rowloc#1, a#2, b#3, c#4, d#5, arr#6, j#7, v#8]

delete from t where a = 1 returning *
----
Delete t loc #1 old [a#2, b#3, c#4, d#5, arr#6, j#7, v#8] recheck =op(a#2, '1'::integer)
  returning a:=#9 a#2, b:=#10 b#3, c:=#11 c#4, d:=#12 d#5, arr:=#13 arr#6, j:=#14 j#7, v:=#15 v#8
  Filter =op(a#2, '1'::integer)
    Scan t as t [rowloc#1, a#2, b#3, c#4, d#5, arr#6, j#7, v#8]
=> a integer@1, b text@2, c numeric(10,2)@3, d timestamp with time zone@4, arr integer[]@5, j jsonb@6, v character varying(5)@7

delete from t using u where t.a = u.a and u.x > $1
----
Delete t loc #1 old [a#2, b#3, c#4, d#5, arr#6, j#7, v#8] recheck =op(a#2, a#9), >op(x#10, $1)
  Filter =op(a#2, a#9), >op(x#10, $1)
    Join inner on 
      Scan t as t [rowloc#1, a#2, b#3, c#4, d#5, arr#6, j#7, v#8]
      Scan u as u [a#9, x#10]
params bigint

merge into t using u on t.a = u.a when matched and u.x > 1 then update set b = u.y when matched then delete when not matched then insert (a, b) values (u.a, u.y)
----
Merge t loc #3
  matched=true u when >op(x#10, '1'::integer) cols [] values ()
    set 2 = y#11
  matched=true d when - cols [] values ()
  matched=false i when - cols [1 2] values (a#2, y#11)
  Join left on =op(a#1, a#2)
    Scan u as u [a#2, x#10, y#11]
    Scan t as t [a#1, rowloc#3, b#4, c#5, d#6, arr#7, j#8, v#9]

with d as (delete from t where a > 5 returning a, b) insert into u (a, y) select * from d
----
With
  d materialize=true refs=1:
    Delete t loc #1 old [a#2, b#3, c#4, d#5, arr#6, j#7, v#8] recheck >op(a#2, '5'::integer)
      returning a:=#9 a#2, b:=#10 b#3
      Filter >op(a#2, '5'::integer)
        Scan t as t [rowloc#1, a#2, b#3, c#4, d#5, arr#6, j#7, v#8]
  Insert u [1 3] from [11 12] row [a#15, x#16, y#17, z#18]
    default 2 -
    default 4 -
    Project a#11, b#12
      Project a#11, b#12
        CTEScan d as d [a#11, b#12]

update vw set a = a + 1 where bx = 'q' returning bx
----
Update t loc #2 old [a#1, b#3, c#4, d#5, arr#6, j#7, v#8] row [a#9, b#10, c#11, d#12, arr#13, j#14, v#15] recheck >op(a#1, '3'::integer), =op(||op(b#3, 'x'::text), 'q'::text)
  set 1 = +op(a#1, '1'::integer)
  returning bx:=#16 ||op(b#10, 'x'::text)
  Filter >op(a#1, '3'::integer), =op(||op(b#3, 'x'::text), 'q'::text)
    Scan t as vw [a#1, rowloc#2, b#3, c#4, d#5, arr#6, j#7, v#8]
=> bx text@2

insert into vw (a, bx) values (1, 'x')
----
ERROR 0A000 cannot insert into column "bx" of view "vw"
  detail: View columns that are not columns of their base relation are not updatable.

