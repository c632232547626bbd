CREATE TABLE warehouse (w_id int PRIMARY KEY, w_name text, w_state char(2), w_tax numeric(4,4), w_ytd numeric(12,2));
CREATE TABLE district (d_id int, d_w_id int, d_name text, d_tax numeric(4,4), d_ytd numeric(12,2), d_next_o_id int, PRIMARY KEY (d_w_id, d_id));
CREATE TABLE customer (c_id int, c_d_id int, c_w_id int, c_first text, c_last text, c_state char(2), c_phone text, c_since timestamp, c_credit char(2),
  c_discount numeric(4,4), c_balance numeric(12,2), c_ytd_payment numeric(12,2), c_payment_cnt int, c_delivery_cnt int, PRIMARY KEY (c_w_id, c_d_id, c_id));
CREATE TABLE history (h_c_id int, h_c_d_id int, h_c_w_id int, h_d_id int, h_w_id int, h_date timestamp, h_amount numeric(6,2));
CREATE TABLE neworder (no_o_id int, no_d_id int, no_w_id int, PRIMARY KEY (no_w_id, no_d_id, no_o_id));
CREATE TABLE orders (o_id int, o_d_id int, o_w_id int, o_c_id int, o_entry_d timestamp, o_carrier_id int, o_ol_cnt int, PRIMARY KEY (o_w_id, o_d_id, o_id));
CREATE TABLE orderline (ol_o_id int, ol_d_id int, ol_w_id int, ol_number int, ol_i_id int, ol_supply_w_id int, ol_delivery_d timestamp, ol_quantity int,
  ol_amount numeric(6,2), PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number));
CREATE TABLE item (i_id int PRIMARY KEY, i_name text, i_price numeric(5,2), i_data text);
CREATE TABLE stock (s_i_id int, s_w_id int, s_quantity int, s_ytd int, s_order_cnt int, s_su_suppkey int, PRIMARY KEY (s_w_id, s_i_id));
CREATE TABLE region (r_regionkey int PRIMARY KEY, r_name text);
CREATE TABLE nation (n_nationkey int PRIMARY KEY, n_name text, n_regionkey int);
CREATE TABLE supplier (su_suppkey int PRIMARY KEY, su_name text, su_nationkey int);
INSERT INTO region SELECT g, 'region ' || g FROM generate_series(0, 4) g;
INSERT INTO nation SELECT g, 'nation ' || g, g % 5 FROM generate_series(0, 24) g;
INSERT INTO supplier SELECT g, 'supplier ' || g, g % 25 FROM generate_series(0, 9999) g;
INSERT INTO item SELECT g, 'item ' || g, (g * 7919 % 9900 + 100) / 100.0, CASE WHEN g % 10 = 0 THEN 'original ' ELSE 'data ' END || g FROM generate_series(1, 100000) g;
INSERT INTO warehouse SELECT w, 'warehouse ' || w, chr(65 + w % 25) || 'X', 0.1, 300000 FROM generate_series(1, :warehouses) w;
INSERT INTO district SELECT d, w, 'district ' || d, 0.1, 30000, 3001 FROM generate_series(1, :warehouses) w, generate_series(1, 10) d;
INSERT INTO customer SELECT c, d, w, 'first ' || c, 'last ' || c % 1000, chr(65 + c % 25) || 'X', (c % 9 + 1) || '-' || c * 7919 % 1000000, timestamp '2020-01-01',
  CASE WHEN c % 10 = 0 THEN 'BC' ELSE 'GC' END, c % 50 / 100.0, -10, 10, 1, 0 FROM generate_series(1, :warehouses) w, generate_series(1, 10) d, generate_series(1, 3000) c;
INSERT INTO history SELECT c, d, w, d, w, timestamp '2020-01-01', 10 FROM generate_series(1, :warehouses) w, generate_series(1, 10) d, generate_series(1, 3000) c;
INSERT INTO orders SELECT o, d, w, o * 7919 % 3000 + 1, timestamp '2020-01-01' + o * interval '1 hour', CASE WHEN o < 2101 THEN o % 10 + 1 END, 10
  FROM generate_series(1, :warehouses) w, generate_series(1, 10) d, generate_series(1, 3000) o;
INSERT INTO neworder SELECT o, d, w FROM generate_series(1, :warehouses) w, generate_series(1, 10) d, generate_series(2101, 3000) o;
INSERT INTO orderline SELECT o, d, w, n, (o * 7919 + n * 104729 + d) % 100000 + 1, w, CASE WHEN o < 2101 THEN timestamp '2020-01-01' + o * interval '1 hour' END, 5,
  (o * 31 + n * 17) % 999900 / 100.0 FROM generate_series(1, :warehouses) w, generate_series(1, 10) d, generate_series(1, 3000) o, generate_series(1, 10) n;
INSERT INTO stock SELECT i, w, 10 + i * 7919 % 91, 0, 0, (w * i) % 10000 FROM generate_series(1, :warehouses) w, generate_series(1, 100000) i;
CREATE INDEX ON customer (c_w_id, c_d_id, c_last);
CREATE INDEX ON orders (o_w_id, o_d_id, o_c_id, o_id);
ANALYZE;
