-- The names of a function's result columns and of a PL/pgSQL record go with the value.
create function two(out a int, out b text) language sql as $$ select 1, 'x' $$;
create function pl_two(out a int, out b text) language plpgsql as $$ begin a := 1; b := 'x'; end $$;
create function many(out a int, out b text) returns setof record language sql as $$ values (1, 'x'), (2, 'y') $$;
create function pl_many(out a int, out b text) returns setof record language plpgsql as $$ begin a := 1; b := 'x'; return next; a := 2; return next; end $$;
create function tab() returns table (k int, v text) language sql as $$ values (1, 'x') $$;
create function any_row() returns record language sql as $$ select 1 as one, 'x'::text as two $$;
create function whole_row() returns record language sql as $$ select t from (select 1 as one, 2 as two) t $$;
create function pl_row() returns record language plpgsql as $$ declare r record; begin select 1 as one, 'x'::text as two into r; return r; end $$;
create function pl_json() returns json language plpgsql as $$ declare r record; l json := '[]'; begin
  for r in select i as id, 'n' || i as name from generate_series(1, 3) i loop l := (l::jsonb || to_jsonb(array[r]))::json; end loop; return l; end $$;
create table t (id int, name text);
insert into t values (1, 'n1'), (2, null);
create function pl_table() returns text language plpgsql as $$ declare r record; x t; s text := ''; begin
  for r in select * from t order by id loop s := s || row_to_json(r); end loop; select * into x from t where id = 1
  ; s := s || to_json(array[x]); r := x; s := s || to_json(array[r]); r := (select u from (select 5 as five, 6 as six) u)
  ; return s || row_to_json(r) || r.six; end $$;
select to_json(two()), to_json(array[two()]), to_json(pl_two()), to_json(array[pl_two()]);
select to_json(many());
select json_agg(m) from (select many() as m) x;
select json_agg(m) from (select pl_many() as m) x;
select json_agg(f) from many() f;
select json_agg(f) from many() as f(x, y);
select json_agg(tab()) from (select 1) x;
select to_json(array[x]) from (select tab() as x) s;
select to_json(any_row()), to_json(array[any_row()]), to_json(whole_row()), to_json(pl_row()), to_json(array[pl_row()]);
select json_agg(f) from any_row() as f(p int, q text);
select pl_json();
select pl_table();
select to_json(array[t]) from t order by id;
select to_json(array[x]) from (select jsonb_each('{"a":1}') as x) s;
select to_json(t.*) from t order by id;
create type pair as (l int, r text);
select to_json(array[row(1, 'x')::pair]), to_json((row(1, 'x')::pair)::record), json_agg(x::record) from (select row(1, 'x')::pair as x) s;
select json_agg(x) from json_to_recordset('[{"a":1,"b":"x"}]') as x(a int, b text);
select to_json(array[x]) from (select json_populate_record(row(1, 'x')::pair, '{"l":7}') as x) s;
create table stored (p pair, many pair[]);
insert into stored select (other, names)::pair, array[row(other, names)::pair] from (select 1 as other, 'x'::text as names) u;
select to_json(stored), p, many from stored;
prepare q as select json_agg(z) from (select $1::int as a, $2::text as b) z;
execute q(1, 'x');
select * from json_to_recordset('[{"a":1,"b":{"c":2}},{"a":null}]') as x(a int, b jsonb) order by a;
select * from jsonb_to_record('{"a":[1,2],"b":"x"}') as x(a int[], b varchar(1), c text);
select j.id, x.* from (values (1, '{"k":"v"}'::json)) j(id, doc), json_to_record(j.doc) as x(k text) where x.k like 'v%';
select * from rows from (json_to_recordset('[{"a":1},{"a":2}]') as (a int), generate_series(1, 3)) with ordinality;
select json_populate_record(x, '{"a":5}'), to_json(json_populate_record(x, '{"b":7}')) from (select 1 as a, 2 as b) x;
select * from json_populate_record(null::record, '{"x":1}') as t(x int, y int);
select json_populate_record(null::record, '{"x":1}');
select * from json_to_recordset('{}') as x(a int);
select * from json_to_record('[]');
select json_populate_recordset(row(1,2), '[{"f1": 0, "f2": 1}]');
select * from json_populate_recordset(row(1,50), '[{"b":"2"},{"a":"3"}]') q (a text, b text);
select * from jsonb_populate_recordset(row(1), '[{"b":"2"}]') q (a int, b int);
select row_to_json(q) from (select 'a' || x as b, y as c from generate_series(1, 2) x, generate_series(4, 5) y) q;
select q::text, row_to_json(q) from (select x + 1 as b, x as c from generate_series(1, 2) x, generate_series(1, 1) y) q;
CREATE TABLE named_alike (a text);
SELECT named_alike('(x)');
CREATE FUNCTION named_alike(text) RETURNS text LANGUAGE sql AS 'SELECT ''called with '' || $1';
SELECT named_alike('x'), named_alike('x'::varchar), ('(x)'::named_alike).a;
