-- Owners and privileges.
SET search_path = shop, public;
GRANT shop_owner TO shop_admin WITH ADMIN OPTION;
GRANT shop_reader TO shop_admin;
ALTER TABLE item OWNER TO shop_owner;
GRANT SELECT ON customer TO shop_reader;
GRANT INSERT, UPDATE ON customer TO shop_admin WITH GRANT OPTION;
GRANT SELECT (note), UPDATE (note, ref) ON purchase TO shop_reader;
GRANT USAGE ON SCHEMA shop TO shop_reader, PUBLIC;
GRANT USAGE, SELECT ON SEQUENCE ticket TO shop_reader;
REVOKE ALL ON big_customer FROM shop_owner;
GRANT ALL ON young TO shop_owner;
REVOKE DELETE ON young FROM shop_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO shop_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
