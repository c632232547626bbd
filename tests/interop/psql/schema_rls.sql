-- Row security.
SET search_path = shop, public;
CREATE TABLE vault (id int PRIMARY KEY, owner name DEFAULT CURRENT_USER, level int, CHECK (level < 10));
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON vault USING (owner = CURRENT_USER);
CREATE POLICY low ON vault AS RESTRICTIVE FOR UPDATE TO shop_reader, shop_admin
  USING (level <= (SELECT max(v.level) FROM vault v WHERE v.owner = vault.owner)) WITH CHECK (level < 5);
CREATE POLICY fresh ON vault FOR INSERT TO shop_admin WITH CHECK (level = 0);
COMMENT ON POLICY mine ON vault IS 'what is one''s own';
CREATE TABLE vault_log (id int);
ALTER TABLE vault_log FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON vault_log FOR SELECT USING (true);
CREATE VIEW vault_levels WITH (security_barrier) AS SELECT id, level FROM vault WHERE level > 0;
CREATE VIEW vault_mine WITH (security_invoker = true) AS SELECT id FROM vault;
