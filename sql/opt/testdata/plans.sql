select title from posts where id = 5
----
Index Scan using posts_pkey on posts
  Index Cond: (id = 5)

select * from posts where user_id = $1 order by at desc limit 10
----
Limit
  ->  Index Scan Backward using posts_user on posts
        Index Cond: (user_id = $1)

select p.title, u.name from posts p join users u on u.id = p.user_id where p.id = 7
----
Nested Loop
  ->  Index Scan using posts_pkey on posts p
        Index Cond: (p.id = 7)
  ->  Index Scan using users_pkey on users u
        Index Cond: (p.user_id = u.id)

select u.name, p.title from users u left join posts p on p.user_id = u.id where u.email = 'a'
----
Nested Loop Left Join
  ->  Index Scan using users_email on users u
        Index Cond: (u.email = 'a'::text)
  ->  Index Scan using posts_user on posts p
        Index Cond: (p.user_id = u.id)

select * from users order by id desc limit 3
----
Limit
  ->  Index Scan Backward using users_pkey on users

select max(id), min(id) from posts
----
Result
  InitPlan 1 (returns $0)
    ->  Limit
          ->  Index Scan Backward using posts_pkey on posts
                Filter: (posts.id IS NOT NULL)
  InitPlan 2 (returns $1)
    ->  Limit
          ->  Seq Scan on posts
                Filter: (posts.id IS NOT NULL)

select * from users where id in (1, 2, 3)
----
Index Scan using users_pkey on users
  Index Cond: (id = ANY (ARRAY[1, 2, 3]))

select id from users where lower(email) = 'x'
----
Index Scan using users_lower on users
  Index Cond: (lower(email) = 'x'::text)

select id from users where active and created > '2020-01-01'
----
Seq Scan on users
  Filter: (active AND (created > '2020-01-01 00:00:00+00'::timestamp with time zone))

select id from users where email like 'abc%'
----
Index Scan using users_email on users
  Filter: (email ~~ 'abc%'::text)

select count(*) from users u where exists (select 1 from posts p where p.user_id = u.id)
----
Aggregate
  ->  Merge Semi Join
        Merge Cond: (u.id = p.user_id)
        ->  Seq Scan on users u
        ->  Index Only Scan using posts_user on posts p

select id from users u where not exists (select 1 from posts p where p.user_id = u.id) and u.id < 10
----
Nested Loop Anti Join
  ->  Index Scan using users_pkey on users u
        Index Cond: (u.id < 10)
  ->  Index Only Scan using posts_user on posts p
        Index Cond: (p.user_id = u.id)

select id from users where id in (select user_id from posts where id < 100)
----
Hash Join
  Hash Cond: (posts.user_id = users.id)
  ->  HashAggregate
        Group Key: posts.user_id
        ->  Index Scan using posts_pkey on posts
              Index Cond: (posts.id < 100)
  ->  Hash
        ->  Seq Scan on users

select o_orderpriority, count(*) from orders where o_orderdate >= '1993-07-01' and exists (select * from lineitem where l_orderkey = o_orderkey and l_commitdate < l_receiptdate) group by 1 order by 1
----
Sort
  Sort Key: orders.o_orderpriority
  ->  HashAggregate
        Group Key: orders.o_orderpriority
        ->  Merge Semi Join
              Merge Cond: (orders.o_orderkey = lineitem.l_orderkey)
              ->  Seq Scan on orders
                    Filter: (orders.o_orderdate >= '1993-07-01'::date)
              ->  Seq Scan on lineitem
                    Filter: (lineitem.l_commitdate < lineitem.l_receiptdate)

select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue from customer, orders, lineitem, supplier, nation, region where c_custkey = o_custkey and l_orderkey = o_orderkey and l_suppkey = s_suppkey and c_nationkey = s_nationkey and s_nationkey = n_nationkey and n_regionkey = r_regionkey and r_name = 'ASIA' and o_orderdate >= '1994-01-01' and o_orderdate < '1995-01-01' group by n_name order by revenue desc
----
Sort
  Sort Key: (sum((lineitem.l_extendedprice * ('1'::numeric - lineitem.l_discount)))) DESC
  ->  HashAggregate
        Group Key: nation.n_name
        ->  Nested Loop
              ->  Nested Loop
                    ->  Nested Loop
                          ->  Nested Loop
                                Join Filter: (customer.c_nationkey = nation.n_nationkey)
                                ->  Seq Scan on customer
                                ->  Materialize
                                      ->  Nested Loop
                                            Join Filter: (nation.n_regionkey = region.r_regionkey)
                                            ->  Seq Scan on nation
                                            ->  Materialize
                                                  ->  Seq Scan on region
                                                        Filter: (region.r_name = 'ASIA'::text)
                          ->  Index Scan using orders_cust on orders
                                Index Cond: (customer.c_custkey = orders.o_custkey)
                                Filter: ((orders.o_orderdate >= '1994-01-01'::date) AND (orders.o_orderdate < '1995-01-01'::date))
                    ->  Index Scan using lineitem_pkey on lineitem
                          Index Cond: (orders.o_orderkey = lineitem.l_orderkey)
              ->  Index Scan using supplier_pkey on supplier
                    Index Cond: (lineitem.l_suppkey = supplier.s_suppkey)
                    Filter: (customer.c_nationkey = supplier.s_nationkey)

select sum(l_extendedprice) / 7.0 from lineitem, part where p_partkey = l_partkey and p_brand = 'Brand#23' and p_container = 'MED BOX' and l_quantity < (select 0.2 * avg(l_quantity) from lineitem where l_partkey = p_partkey)
----
Aggregate
  ->  Nested Loop
        ->  Nested Loop
              ->  Seq Scan on part
                    Filter: ((part.p_brand = 'Brand#23'::text) AND (part.p_container = 'MED BOX'::text))
              ->  HashAggregate
                    Group Key: lineitem.l_partkey
                    ->  Index Scan using lineitem_part on lineitem
                          Index Cond: (part.p_partkey = lineitem.l_partkey)
        ->  Index Scan using lineitem_part on lineitem
              Index Cond: (part.p_partkey = lineitem.l_partkey)
              Filter: (lineitem.l_quantity < (0.2 * (avg(lineitem.l_quantity))))

select l_orderkey, sum(l_quantity) from orders, lineitem where o_orderkey = l_orderkey group by l_orderkey
----
GroupAggregate
  Group Key: lineitem.l_orderkey
  ->  Merge Join
        Merge Cond: (orders.o_orderkey = lineitem.l_orderkey)
        ->  Seq Scan on orders
        ->  Seq Scan on lineitem

select c_custkey, count(o_orderkey) from customer left join orders on c_custkey = o_custkey group by c_custkey limit 5
----
Limit
  ->  HashAggregate
        Group Key: customer.c_custkey
        ->  Hash Right Join
              Hash Cond: (orders.o_custkey = customer.c_custkey)
              ->  Seq Scan on orders
              ->  Hash
                    ->  Seq Scan on customer

select * from (select user_id, count(*) n from posts group by user_id) x where x.user_id = 5
----
GroupAggregate
  Group Key: user_id
  ->  Index Only Scan using posts_user on posts
        Index Cond: (user_id = 5)

with q as (select * from posts where user_id = 3) select title from q where id > 10
----
Index Scan using posts_user on posts
  Index Cond: (user_id = 3)
  Filter: (id > 10)

select u.id from users u left join posts p on p.user_id = u.id where p.title = 'x'
----
Hash Join
  Hash Cond: (u.id = p.user_id)
  ->  Seq Scan on users u
  ->  Hash
        ->  Seq Scan on posts p
              Filter: (p.title = 'x'::text)

update posts set title = 'x' where id = 3
----
Update on posts
  ->  Index Scan using posts_pkey on posts
        Index Cond: (id = 3)

delete from posts where user_id in (select id from users where email = 'q')
----
Delete on posts
  ->  Nested Loop
        ->  HashAggregate
              Group Key: users.id
              ->  Index Scan using users_email on users
                    Index Cond: (users.email = 'q'::text)
        ->  Index Scan using posts_user on posts
              Index Cond: (posts.user_id = users.id)

select id from posts where user_id = 4 union all select id from posts where id = 5
----
Append
  ->  Index Scan using posts_user on posts
        Index Cond: (posts.user_id = 4)
  ->  Index Scan using posts_pkey on posts
        Index Cond: (posts.id = 5)

select distinct user_id from posts
----
Unique
  ->  Index Only Scan using posts_user on posts

select id, row_number() over (partition by user_id order by at) from posts where user_id = 5
----
WindowAgg
  ->  Index Scan using posts_user on posts
        Index Cond: (user_id = 5)

select * from users where id = 5 for update
----
LockRows
  ->  Index Scan using users_pkey on users
        Index Cond: (id = 5)

select id from users where exists (select 1 from posts where user_id = 3) and name = 'x'
----
Result
  One-Time Filter: $0
  InitPlan 1 (returns $0)
    ->  Index Only Scan using posts_user on posts
          Index Cond: (posts.user_id = 3)
  ->  Seq Scan on users
        Filter: (users.name = 'x'::text)

select id, (select count(*) from posts p where p.user_id = u.id) from users u where id < 5
----
Index Scan using users_pkey on users u
  Index Cond: (u.id < 5)
  SubPlan 1
    ->  Aggregate
          ->  Index Only Scan using posts_user on posts p
                Index Cond: (p.user_id = u.id)

select id from users where id not in (select user_id from posts)
----
Merge Anti Join
  Merge Cond: (users.id = posts.user_id)
  ->  Seq Scan on users
  ->  Index Only Scan using posts_user on posts

select * from users u left join posts p on p.user_id = u.id and p.at > '2020-01-01' where u.id in (5, 6) order by u.id desc
----
Nested Loop Left Join
  ->  Index Scan Backward using users_pkey on users u
        Index Cond: (u.id = ANY (ARRAY[5, 6]))
  ->  Index Scan using posts_user on posts p
        Index Cond: ((p.at > '2020-01-01 00:00:00+00'::timestamp with time zone) AND (p.user_id = u.id))

select l.id from posts l, lateral (select id from posts q where q.user_id = l.user_id order by at desc limit 2) x where l.id = 4
----
Nested Loop
  ->  Index Scan using posts_pkey on posts l
        Index Cond: (l.id = 4)
  ->  Limit
        ->  Index Only Scan Backward using posts_user on posts q
              Index Cond: (q.user_id = l.user_id)

select id from users u where exists (select 1 from supplier s where s.s_name = u.name) or active
----
Seq Scan on users u
  Filter: ((hashed SubPlan 2) OR u.active)
  SubPlan 2
    ->  Seq Scan on supplier s

select id, exists (select 1 from supplier s where s.s_name = u.name and s.s_nationkey = u.id % 25 and s.s_acctbal > 3) from users u
----
Seq Scan on users u
  SubPlan 2
    ->  Seq Scan on supplier s
          Filter: (s.s_acctbal > '3'::numeric)

select id, exists (select 1 from posts p where p.user_id = u.id) from users u where id = 5
----
Index Scan using users_pkey on users u
  Index Cond: (u.id = 5)
  SubPlan 1
    ->  Index Only Scan using posts_user on posts p
          Index Cond: (p.user_id = u.id)

select case when exists (select 1 from supplier s where s.s_name < u.name) then 1 end from users u
----
Seq Scan on users u
  SubPlan 1
    ->  Seq Scan on supplier s
          Filter: (s.s_name < u.name)

select sum(l_extendedprice) from lineitem, part where p_partkey = l_partkey and p_size < 5 and l_quantity < 3 or p_partkey = l_partkey and p_size > 45 and l_quantity > 30
----
Aggregate
  ->  Hash Join
        Hash Cond: (lineitem.l_partkey = part.p_partkey)
        Join Filter: (((part.p_size < 5) AND (lineitem.l_quantity < '3'::numeric)) OR ((part.p_size > 45) AND (lineitem.l_quantity > '30'::numeric)))
        ->  Seq Scan on lineitem
              Filter: ((lineitem.l_quantity < '3'::numeric) OR (lineitem.l_quantity > '30'::numeric))
        ->  Hash
              ->  Seq Scan on part
                    Filter: ((part.p_size < 5) OR (part.p_size > 45))

select count(*) from nation n1, nation n2 where n1.n_name = 'FRANCE' and n2.n_name = 'GERMANY' or n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE'
----
Aggregate
  ->  Nested Loop
        Join Filter: (((n1.n_name = 'FRANCE'::text) AND (n2.n_name = 'GERMANY'::text)) OR ((n1.n_name = 'GERMANY'::text) AND (n2.n_name = 'FRANCE'::text)))
        ->  Seq Scan on nation n1
              Filter: ((n1.n_name = 'FRANCE'::text) OR (n1.n_name = 'GERMANY'::text))
        ->  Materialize
              ->  Seq Scan on nation n2
                    Filter: ((n2.n_name = 'GERMANY'::text) OR (n2.n_name = 'FRANCE'::text))

select id from users where active and id = 3 or id = 3 or active and id = 3 and name = 'x'
----
Index Scan using users_pkey on users
  Index Cond: (id = 3)

select count(*) from users a, users b join lateral (values (a.id)) ss (x) on b.id = ss.x
----
Aggregate
  ->  Nested Loop
        ->  Seq Scan on users a
        ->  Index Scan using users_pkey on users b
              Index Cond: (b.id = a.id)

select u.id, c.one, c.two from users u, (select 1 as one, 2 + 3 as two) c where u.id = c.one
----
Index Scan using users_pkey on users u
  Index Cond: (id = 1)

select y.* from (values (1, 2)) x (a, b) join posts y on y.id = x.a left join users u on u.id = x.b
----
Nested Loop Left Join
  ->  Index Scan using posts_pkey on posts y
        Index Cond: (y.id = 1)
  ->  Materialize
        ->  Index Scan using users_pkey on users u
              Index Cond: (u.id = 2)

select * from (select 1 as a) x, (values (2)) y (b)
----
Nested Loop
  ->  Result
  ->  Materialize
        ->  Values Scan on "*VALUES*"

select count(*) from users u, posts p, users v where u.id = 7 and p.at >= u.created - interval '1 day' and p.at < u.created and v.id = p.user_id and v.active
----
Aggregate
  ->  Hash Join
        Hash Cond: (v.id = p.user_id)
        ->  Seq Scan on users v
              Filter: v.active
        ->  Hash
              ->  Nested Loop
                    Join Filter: ((p.at >= (u.created - '1 day'::interval)) AND (p.at < u.created))
                    ->  Index Only Scan using posts_user on posts p
                    ->  Materialize
                          ->  Index Scan using users_pkey on users u
                                Index Cond: (u.id = 7)

