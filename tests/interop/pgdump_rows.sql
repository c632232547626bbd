-- Rows that a dump must carry: NULLs, empty text, quotes, backslashes, tabs, Unicode, arrays, json, binary, extremes.
SET search_path = shop, public;
INSERT INTO customer (name, email, born, score, tags, payload, created, code, flag) VALUES
  ('quote '' and "double"', 'a\b@example.org', '1999-12-31', 12345.67, '{a,"b c",NULL,""}', '{"k": [1, null, "ü"]}', '2001-02-03 04:05:06.789+02', 'ab', 'x'),
  (E'tab\there', E'line\nbreak', '0044-03-15 BC', 0, '{}', 'null', '-infinity', NULL, NULL),
  ('', '', 'infinity', NULL, NULL, NULL, NULL, '', '');
INSERT INTO purchase (customer_id, at, amount, note, ref) SELECT id, '2020-01-01 00:00:00.000001', 'NaN', repeat('x', 3000), ('00000000-0000-0000-0000-00000000000' || id)::uuid FROM customer WHERE id < 4;
INSERT INTO item SELECT id, line, 1, 'thing' FROM purchase;
INSERT INTO plain VALUES (-2147483648, '\N'), (NULL, '\.'), (0, E'\\');
CREATE TABLE plain_types (b bytea, f float8, r real, i interval, t time, tz timetz, n numeric, bits bit(3), inet inet, m money, bo boolean, x xid);
INSERT INTO plain_types VALUES ('\x00ff5c', 1e-300, 'NaN', '1 year 2 mons -3 days 04:05:06.7', '24:00', '12:00+05:30', 123456789012345678901234567890.123456789, '101', '10.1.2.3/24', '12.34', true, '7');
SELECT setval('ticket', 42), nextval('ticket');
REFRESH MATERIALIZED VIEW totals;
