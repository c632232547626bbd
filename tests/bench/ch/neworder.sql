\set w random(1, :warehouses)
\set d random(1, 10)
\set c random(1, 3000)
\set i1 random(1, 100000)
\set i2 random(1, 100000)
\set i3 random(1, 100000)
\set i4 random(1, 100000)
\set i5 random(1, 100000)
BEGIN;
SELECT c_discount, c_last, c_credit, w_tax FROM customer, warehouse WHERE w_id = :w AND c_w_id = w_id AND c_d_id = :d AND c_id = :c;
UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = :w AND d_id = :d RETURNING d_next_o_id - 1 AS o \gset
INSERT INTO orders VALUES (:o, :d, :w, :c, localtimestamp, NULL, 5);
INSERT INTO neworder VALUES (:o, :d, :w);
UPDATE stock SET s_quantity = CASE WHEN s_quantity > 15 THEN s_quantity - 5 ELSE s_quantity + 86 END, s_ytd = s_ytd + 5, s_order_cnt = s_order_cnt + 1 WHERE s_w_id = :w AND s_i_id = :i1;
INSERT INTO orderline SELECT :o, :d, :w, 1, i_id, :w, NULL, 5, 5 * i_price FROM item WHERE i_id = :i1;
UPDATE stock SET s_quantity = CASE WHEN s_quantity > 15 THEN s_quantity - 5 ELSE s_quantity + 86 END, s_ytd = s_ytd + 5, s_order_cnt = s_order_cnt + 1 WHERE s_w_id = :w AND s_i_id = :i2;
INSERT INTO orderline SELECT :o, :d, :w, 2, i_id, :w, NULL, 5, 5 * i_price FROM item WHERE i_id = :i2;
UPDATE stock SET s_quantity = CASE WHEN s_quantity > 15 THEN s_quantity - 5 ELSE s_quantity + 86 END, s_ytd = s_ytd + 5, s_order_cnt = s_order_cnt + 1 WHERE s_w_id = :w AND s_i_id = :i3;
INSERT INTO orderline SELECT :o, :d, :w, 3, i_id, :w, NULL, 5, 5 * i_price FROM item WHERE i_id = :i3;
UPDATE stock SET s_quantity = CASE WHEN s_quantity > 15 THEN s_quantity - 5 ELSE s_quantity + 86 END, s_ytd = s_ytd + 5, s_order_cnt = s_order_cnt + 1 WHERE s_w_id = :w AND s_i_id = :i4;
INSERT INTO orderline SELECT :o, :d, :w, 4, i_id, :w, NULL, 5, 5 * i_price FROM item WHERE i_id = :i4;
UPDATE stock SET s_quantity = CASE WHEN s_quantity > 15 THEN s_quantity - 5 ELSE s_quantity + 86 END, s_ytd = s_ytd + 5, s_order_cnt = s_order_cnt + 1 WHERE s_w_id = :w AND s_i_id = :i5;
INSERT INTO orderline SELECT :o, :d, :w, 5, i_id, :w, NULL, 5, 5 * i_price FROM item WHERE i_id = :i5;
COMMIT;
