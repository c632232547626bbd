create table t (id int primary key, v text);
insert into t values (1, 'a'), (2, 'b');
select 1 as b into made_a;
select * from made_a;
select v into made_b from t where id = 2;
select * from made_b;
select 'x' as b, id into temp made_c from t where id = 1;
select * from made_c;
select 1 as b into made_a;
