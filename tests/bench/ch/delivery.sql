\set w random(1, :warehouses)
\set d random(1, 10)
BEGIN;
SELECT coalesce((SELECT no_o_id FROM neworder WHERE no_w_id = :w AND no_d_id = :d ORDER BY no_o_id LIMIT 1 FOR UPDATE SKIP LOCKED), 0) AS o \gset
DELETE FROM neworder WHERE no_w_id = :w AND no_d_id = :d AND no_o_id = :o;
UPDATE orders SET o_carrier_id = 7 WHERE o_w_id = :w AND o_d_id = :d AND o_id = :o;
UPDATE orderline SET ol_delivery_d = localtimestamp WHERE ol_w_id = :w AND ol_d_id = :d AND ol_o_id = :o;
UPDATE customer SET c_balance = c_balance + (SELECT sum(ol_amount) FROM orderline WHERE ol_w_id = :w AND ol_d_id = :d AND ol_o_id = :o), c_delivery_cnt = c_delivery_cnt + 1
  WHERE c_w_id = :w AND c_d_id = :d AND c_id = (SELECT o_c_id FROM orders WHERE o_w_id = :w AND o_d_id = :d AND o_id = :o);
COMMIT;
