package checks;

import static checks.Check.check;
import static checks.Check.fresh;
import static checks.Check.rows;
import static checks.Check.run;
import static checks.Check.sorted;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** java.sql.DatabaseMetaData, which is large queries over pg_catalog. */
final class Metadata {
    void checks() throws Exception {
        Connection db = DriverManager.getConnection(fresh("pgjdbc_meta"), "postgres", "");
        run(db, "create schema other", "create type mood as enum ('sad', 'ok')", "create type pair as (a int, b varchar(7))", "create domain positive as int default 1 check (value > 0)",
                "create table customer (id bigint generated always as identity primary key, name varchar(40) not null default 'x', email text unique, m mood, p pair, d positive, tags text[], score numeric(8, 3), at timestamp(3) with time zone, flag boolean, data jsonb, bits bit(5), c char(3), t time, iv interval day to second(2), raw bytea, u uuid)",
                "create table orders (a int, b int, customer_id bigint references customer on delete cascade, self_a int, self_b int, total int generated always as (a * 2) stored, primary key (b, a), foreign key (self_b, self_a) references orders on update set null deferrable initially deferred)",
                "create table other.\"Mixed Case\" (\"Id\" serial primary key, customer_id bigint constraint \"to customer\" references public.customer)",
                "create index by_score on customer (score desc, lower(name)) where score > 0", "create unique index by_name on customer using btree (name, email)", "create index by_data on customer using gin (data)",
                "create view shown as select id, name from customer", "create materialized view mat as select count(*) as n from customer", "create table parted (k int, v text) partition by range (k)", "create table part_1 partition of parted for values from (1) to (10)",
                "create temp table temporary (x int)", "create sequence seq", "comment on table customer is 'who buys'", "comment on column customer.name is 'full name'", "comment on view shown is 'a view'",
                "create function add_up(a int, b int default 2) returns bigint language sql as 'select a + b'", "create function outs(in x int, out y text, out z date, inout w numeric) language sql as 'select null::text, null::date, $2'",
                "create function a_set() returns table (n int, label text) language sql as 'select 1, null::text'", "create function a_row() returns customer language sql as 'select null::customer'", "create procedure proc(a int, inout b text) language plpgsql as 'begin end'",
                "create role meta_reader", "grant select, update (name) on customer to meta_reader", "comment on function add_up is 'adds'");
        DatabaseMetaData m = db.getMetaData();
        check("tables", () -> rows(m.getTables(null, "public", "%", null)));
        check("tables_all_schemas", () -> rows(m.getTables(null, null, "%", new String[] {"TABLE", "VIEW", "MATERIALIZED VIEW", "PARTITIONED TABLE", "SEQUENCE", "TYPE"})).stream().filter(r -> !r.contains("|information_schema|") && !r.contains("|tarn|")).toList());
        check("tables_pattern", () -> rows(m.getTables("pgjdbc_meta", "oth_r", "Mixed%", new String[] {"TABLE"})));
        check("tables_system", () -> rows(m.getTables(null, "pg_catalog", "pg_a%", new String[] {"SYSTEM TABLE"})));
        check("tables_temporary", () -> rows(m.getTables(null, null, "tempo%", null)).stream().map(r -> r.replaceAll("pg_temp_\\d+", "pg_temp_N")).toList());
        check("columns", () -> rows(m.getColumns(null, "public", "%", "%")));
        check("columns_mixed", () -> rows(m.getColumns(null, "other", "Mixed Case", null)));
        check("columns_system", () -> rows(m.getColumns(null, "pg_catalog", "pg_class", "rel%")));
        check("columns_information_schema", () -> rows(m.getColumns(null, "information_schema", "columns", "%")));
        check("primary_keys", () -> List.of(rows(m.getPrimaryKeys(null, "public", "orders")), rows(m.getPrimaryKeys(null, "other", "Mixed Case")), rows(m.getPrimaryKeys(null, null, "customer"))));
        check("imported_keys", () -> List.of(rows(m.getImportedKeys(null, "public", "orders")), rows(m.getImportedKeys(null, "other", "Mixed Case"))));
        check("exported_keys", () -> rows(m.getExportedKeys(null, "public", "customer")));
        check("cross_reference", () -> rows(m.getCrossReference(null, "public", "customer", null, "public", "orders")));
        check("index_info", () -> List.of(indexes(m, "public", "customer", false), indexes(m, "public", "customer", true), indexes(m, "other", "Mixed Case", false)));
        check("best_row_identifier", () -> rows(m.getBestRowIdentifier(null, "public", "orders", DatabaseMetaData.bestRowSession, true)));
        check("version_columns", () -> rows(m.getVersionColumns(null, "public", "customer")));
        check("type_info", () -> sorted(m.getTypeInfo()));
        check("udts", () -> rows(m.getUDTs(null, "public", "%", null)));
        check("schemas", () -> List.of(rows(m.getSchemas()).stream().filter(s -> !s.startsWith("pg_t") && !s.startsWith("tarn|")).toList(), rows(m.getSchemas(null, "o%"))));
        check("table_types", () -> rows(m.getTableTypes()));
        check("procedures", () -> rows(m.getProcedures(null, "public", "%")).stream().map(Metadata::withoutOid).toList());
        check("procedure_columns", () -> rows(m.getProcedureColumns(null, "public", "%", "%")).stream().map(Metadata::withoutOid).toList());
        check("functions", () -> rows(m.getFunctions(null, "public", "%")).stream().map(Metadata::withoutOid).toList());
        check("function_columns", () -> rows(m.getFunctionColumns(null, "public", "%", null)).stream().map(Metadata::withoutOid).toList());
        check("system_functions", () -> rows(m.getFunctions(null, "pg_catalog", "array_a%")));
        check("table_privileges", () -> rows(m.getTablePrivileges(null, "public", "customer")));
        check("column_privileges", () -> rows(m.getColumnPrivileges(null, "public", "customer", "%")));
        check("product", () -> List.of(m.getDatabaseProductName(), m.getDatabaseMajorVersion(), m.getDriverName(), m.getMaxConnections() > 0, m.getMaxColumnNameLength(), m.getMaxIndexLength(), m.getDefaultTransactionIsolation(), m.supportsSavepoints(), m.getUserName()));
        check("keywords", () -> List.of(m.getSQLKeywords(), m.getNumericFunctions(), m.getStringFunctions(), m.getSystemFunctions(), m.getTimeDateFunctions()));
        check("own_columns", () -> {
            List<Object> out = new ArrayList<>();
            try (PreparedStatement s = db.prepareStatement("select * from customer c join orders o on o.customer_id = c.id"); ResultSet r = s.executeQuery()) {
                for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) {
                    out.add(List.of(r.getMetaData().getColumnName(i), r.getMetaData().getColumnTypeName(i), r.getMetaData().getPrecision(i), r.getMetaData().getScale(i), r.getMetaData().isNullable(i), r.getMetaData().isAutoIncrement(i), r.getMetaData().getSchemaName(i),
                            ((org.postgresql.PGResultSetMetaData) r.getMetaData()).getBaseColumnName(i)));
                }
            }
            return out;
        });
        run(db, "drop owned by meta_reader", "drop role meta_reader");
        db.close();
    }

    /** Indexes without how many pages they have. */
    private static List<String> indexes(DatabaseMetaData m, String schema, String table, boolean unique) throws SQLException {
        return rows(m.getIndexInfo(null, schema, table, unique, true)).stream().map(r -> r.replaceAll("\\|\\d+(\\|[^|]*\\|[^|]*)$", "$1")).toList();
    }

    /** A routine's specific name ends with its oid. */
    private static String withoutOid(String row) {
        return row.replaceAll("_\\d{4,}\\b", "_OID");
    }
}
