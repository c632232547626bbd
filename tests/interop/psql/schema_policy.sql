-- Row security.
SET search_path = shop, public;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_row ON customer USING (name = CURRENT_USER);
CREATE POLICY adults ON customer AS RESTRICTIVE FOR SELECT TO shop_reader USING (born < '2005-01-01'::date);
CREATE POLICY adding ON customer FOR INSERT TO shop_admin, shop_reader WITH CHECK (score = 0::numeric);
ALTER TABLE purchase ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
