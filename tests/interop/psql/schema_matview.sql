-- Materialized views.
SET search_path = shop, public;
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(amount) AS total FROM purchase GROUP BY customer_id WITH NO DATA;
CREATE UNIQUE INDEX totals_customer ON totals (customer_id);
COMMENT ON MATERIALIZED VIEW totals IS 'refreshed at night';
REFRESH MATERIALIZED VIEW totals;
