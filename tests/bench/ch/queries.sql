SELECT ol_number, sum(ol_quantity), sum(ol_amount), avg(ol_quantity), avg(ol_amount), count(*) FROM orderline WHERE ol_delivery_d > '2020-01-02' GROUP BY ol_number ORDER BY ol_number;
SELECT ol_o_id, ol_w_id, ol_d_id, sum(ol_amount) AS revenue, o_entry_d FROM customer, neworder, orders, orderline WHERE c_state LIKE 'A%' AND c_id = o_c_id AND c_w_id = o_w_id AND c_d_id = o_d_id
  AND no_w_id = o_w_id AND no_d_id = o_d_id AND no_o_id = o_id AND ol_w_id = o_w_id AND ol_d_id = o_d_id AND ol_o_id = o_id GROUP BY ol_o_id, ol_w_id, ol_d_id, o_entry_d ORDER BY revenue DESC, o_entry_d LIMIT 10;
SELECT o_ol_cnt, count(*) FROM orders WHERE o_entry_d >= '2020-02-01' AND EXISTS (SELECT * FROM orderline WHERE o_id = ol_o_id AND o_w_id = ol_w_id AND o_d_id = ol_d_id AND ol_delivery_d >= o_entry_d)
  GROUP BY o_ol_cnt ORDER BY o_ol_cnt;
SELECT n_name, sum(ol_amount) AS revenue FROM customer, orders, orderline, stock, supplier, nation, region WHERE c_id = o_c_id AND c_w_id = o_w_id AND c_d_id = o_d_id AND ol_o_id = o_id AND ol_w_id = o_w_id
  AND ol_d_id = o_d_id AND ol_w_id = s_w_id AND ol_i_id = s_i_id AND s_su_suppkey = su_suppkey AND su_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'region 2' GROUP BY n_name ORDER BY revenue DESC;
SELECT sum(ol_amount) AS revenue FROM orderline WHERE ol_delivery_d >= '2020-01-01' AND ol_delivery_d < '2030-01-01' AND ol_quantity BETWEEN 1 AND 100000;
SELECT n_name, extract(year FROM o_entry_d) AS y, sum(ol_amount) FROM item, stock, supplier, orderline, orders, nation WHERE ol_i_id = s_i_id AND ol_supply_w_id = s_w_id AND s_su_suppkey = su_suppkey
  AND ol_w_id = o_w_id AND ol_d_id = o_d_id AND ol_o_id = o_id AND ol_i_id = i_id AND su_nationkey = n_nationkey AND i_data LIKE 'original%' GROUP BY n_name, y ORDER BY n_name, y DESC;
SELECT o_ol_cnt, sum(CASE WHEN o_carrier_id IN (1, 2) THEN 1 ELSE 0 END), sum(CASE WHEN o_carrier_id NOT IN (1, 2) THEN 1 ELSE 0 END) FROM orders, orderline WHERE ol_w_id = o_w_id AND ol_d_id = o_d_id AND ol_o_id = o_id
  AND o_entry_d <= ol_delivery_d GROUP BY o_ol_cnt ORDER BY o_ol_cnt;
SELECT c_count, count(*) FROM (SELECT c_id, count(o_id) AS c_count FROM customer LEFT JOIN orders ON c_w_id = o_w_id AND c_d_id = o_d_id AND c_id = o_c_id AND o_carrier_id > 8 GROUP BY c_id) x GROUP BY c_count ORDER BY 2 DESC, 1 DESC;
SELECT 100.00 * sum(CASE WHEN i_data LIKE 'original%' THEN ol_amount ELSE 0 END) / (1 + sum(ol_amount)) FROM orderline, item WHERE ol_i_id = i_id AND ol_delivery_d >= '2020-01-02';
SELECT c_last, c_id, o_id, o_entry_d, o_ol_cnt, sum(ol_amount) AS s FROM customer, orders, orderline WHERE c_id = o_c_id AND c_w_id = o_w_id AND c_d_id = o_d_id AND ol_w_id = o_w_id AND ol_d_id = o_d_id AND ol_o_id = o_id
  GROUP BY o_id, o_w_id, o_d_id, c_id, c_last, o_entry_d, o_ol_cnt HAVING sum(ol_amount) > 40000 ORDER BY s DESC, o_entry_d LIMIT 100;
SELECT s_w_id, count(*), sum(s_order_cnt), avg(s_quantity) FROM stock WHERE s_quantity < 50 GROUP BY s_w_id ORDER BY s_w_id;
SELECT substr(c_state, 1, 1) AS country, count(*), sum(c_balance) FROM customer WHERE substr(c_phone, 1, 1) IN ('1', '2', '3', '4', '5', '6', '7') AND c_balance > (SELECT avg(c_balance) FROM customer WHERE c_balance > 0)
  AND NOT EXISTS (SELECT * FROM orders WHERE o_c_id = c_id AND o_w_id = c_w_id AND o_d_id = c_d_id AND o_entry_d > '2025-01-01') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM warehouse, (SELECT d_w_id, sum(d_ytd) AS ytd FROM district GROUP BY d_w_id) d WHERE d_w_id = w_id AND ytd <> w_ytd;
