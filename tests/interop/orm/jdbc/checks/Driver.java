package checks;

import static checks.Check.check;
import static checks.Check.fresh;
import static checks.Check.query;
import static checks.Check.refused;
import static checks.Check.rows;
import static checks.Check.run;

import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PGobject;

/** The driver without an ORM. */
final class Driver {
    private Connection db;

    void checks() throws Exception {
        String url = fresh("pgjdbc");
        db = DriverManager.getConnection(url, "postgres", "");
        Check.run(db, "create table t (id serial primary key, name text unique, n numeric(10, 2), at timestamptz default '2024-01-01 00:00:00+00', tags text[], data jsonb)");
        inserts();
        reads();
        types();
        transactions();
        routines();
        db.close();
        for (String mode : List.of("simple", "extended", "extendedForPrepared", "extendedCacheEverything")) {
            check("mode_" + mode, () -> mode(url + "?preferQueryMode=" + mode));
        }
        check("rewritten_batch", () -> rewritten(url + "?reWriteBatchedInserts=true"));
        check("binary_off", () -> mode(url + "?binaryTransfer=false"));
        check("autosave", () -> autosave(url + "?autosave=conservative&cleanupSavepoints=true"));
        check("read_only", () -> {
            try (Connection c = DriverManager.getConnection(url + "?readOnlyMode=always&readOnly=true", "postgres", "")) {
                return refused(() -> Check.run(c, "delete from t"));
            }
        });
        check("current_schema", () -> {
            try (Connection c = DriverManager.getConnection(url + "?currentSchema=pg_catalog&ApplicationName=mine&options=-c%20work_mem=123kB", "postgres", "")) {
                return List.of(c.getSchema(), query(c, "show application_name"), query(c, "show work_mem"), c.getClientInfo("ApplicationName"));
            }
        });
    }

    private void inserts() {
        check("generated_keys", () -> {
            try (PreparedStatement s = db.prepareStatement("insert into t (name, n, tags, data) values (?, ?, ?, ?::jsonb)", Statement.RETURN_GENERATED_KEYS)) {
                s.setString(1, "a");
                s.setBigDecimal(2, new BigDecimal("12.50"));
                s.setArray(3, db.createArrayOf("text", new Object[] {"x", null, "q\"u\\"}));
                s.setString(4, "{\"b\": 1}");
                int n = s.executeUpdate();
                return List.of(n, rows(s.getGeneratedKeys()));
            }
        });
        check("generated_columns", () -> {
            try (PreparedStatement s = db.prepareStatement("insert into t (name) values (?), (?)", new String[] {"id", "name"})) {
                s.setString(1, "b");
                s.setString(2, "c");
                s.executeUpdate();
                return rows(s.getGeneratedKeys());
            }
        });
        check("batch", () -> {
            try (PreparedStatement s = db.prepareStatement("insert into t (name, n) values (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
                for (int i = 0; i < 300; i++) {
                    s.setString(1, "n" + i);
                    s.setInt(2, i);
                    s.addBatch();
                }
                int[] n = s.executeBatch();
                return List.of(n.length, Arrays.stream(n).sum(), rows(s.getGeneratedKeys()).size());
            }
        });
        check("batch_fails", () -> {
            try (PreparedStatement s = db.prepareStatement("insert into t (name) values (?)")) {
                for (String name : List.of("ok1", "a", "ok2")) {
                    s.setString(1, name);
                    s.addBatch();
                }
                s.executeBatch();
                return null;
            } catch (BatchUpdateException e) {
                return List.of(e.getSQLState(), e.getUpdateCounts(), query(db, "select name from t where name like 'ok%' order by 1"));
            }
        });
        check("statement_batch", () -> {
            try (Statement s = db.createStatement()) {
                s.addBatch("update t set n = n + 1 where n < 10");
                s.addBatch("delete from t where name = 'n299'");
                s.addBatch("insert into t (name) values ('sb')");
                return s.executeBatch();
            }
        });
        check("many_statements", () -> {
            try (Statement s = db.createStatement()) {
                List<Object> out = new ArrayList<>();
                boolean result = s.execute("select 1; update t set n = 0 where name = 'n1'; select name from t where id < 3 order by id; create table z (a int); drop table z");
                do {
                    out.add(result ? rows(s.getResultSet()) : s.getUpdateCount());
                    result = s.getMoreResults();
                } while (result || s.getUpdateCount() != -1);
                return out;
            }
        });
        check("copy", () -> {
            CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();
            run(db, "create table copied (a int, b text)");
            long in = copy.copyIn("copy copied from stdin with (format csv, header)", new StringReader("a,b\n1,\"x,y\"\n2,\n"));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            long n = copy.copyOut("copy (select * from copied order by a) to stdout", out);
            return List.of(in, n, out.toString(), refused(() -> copy.copyIn("copy copied from stdin", new StringReader("x\ty\n"))));
        });
    }

    private void reads() {
        check("fetch_size", () -> {
            db.setAutoCommit(false);
            try (PreparedStatement s = db.prepareStatement("select id, name from t order by id")) {
                s.setFetchSize(7);
                int n = 0;
                long sum = 0;
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        n++;
                        sum += r.getInt(1);
                    }
                }
                return List.of(n, sum);
            } finally {
                db.commit();
                db.setAutoCommit(true);
            }
        });
        check("max_rows", () -> {
            try (Statement s = db.createStatement()) {
                s.setMaxRows(3);
                return rows(s.executeQuery("select name from t order by id"));
            }
        });
        check("two_cursors", () -> {
            db.setAutoCommit(false);
            try (Statement a = db.createStatement(); Statement b = db.createStatement()) {
                a.setFetchSize(2);
                b.setFetchSize(3);
                List<String> out = new ArrayList<>();
                try (ResultSet x = a.executeQuery("select name from t order by id limit 6"); ResultSet y = b.executeQuery("select n from t where n is not null order by id limit 6")) {
                    while (x.next() && y.next()) {
                        out.add(x.getString(1) + y.getBigDecimal(1));
                    }
                }
                return out;
            } finally {
                db.rollback();
                db.setAutoCommit(true);
            }
        });
        check("scrollable", () -> {
            try (Statement s = db.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY); ResultSet r = s.executeQuery("select name from t order by id limit 5")) {
                r.last();
                int last = r.getRow();
                r.absolute(2);
                String second = r.getString(1);
                r.previous();
                return List.of(last, second, r.getString(1), r.relative(3), r.getString(1));
            }
        });
        check("updatable", () -> {
            try (Statement s = db.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE); ResultSet r = s.executeQuery("select id, name, n from t where name in ('b', 'c') order by id")) {
                r.next();
                r.updateBigDecimal("n", new BigDecimal("7.25"));
                r.updateRow();
                r.next();
                r.deleteRow();
                r.moveToInsertRow();
                r.updateString("name", "inserted");
                r.insertRow();
                return query(db, "select name, n from t where name in ('b', 'c', 'inserted') order by id");
            }
        });
        check("result_metadata", () -> {
            try (PreparedStatement s = db.prepareStatement("select id, name as label, n, at, tags, data, n * 2 as twice, 'x' as lit, null as nothing from t x")) {
                ResultSetMetaData m = s.getMetaData();
                List<Object> out = new ArrayList<>();
                for (int i = 1; i <= m.getColumnCount(); i++) {
                    out.add(List.of(m.getColumnName(i), m.getColumnLabel(i), m.getColumnTypeName(i), m.getColumnType(i), m.getColumnClassName(i), m.getPrecision(i), m.getScale(i), m.getColumnDisplaySize(i), m.isNullable(i), m.isAutoIncrement(i),
                            m.getTableName(i), m.getSchemaName(i), m.isSigned(i), m.isCaseSensitive(i)));
                }
                return out;
            }
        });
        check("parameter_metadata", () -> {
            try (PreparedStatement s = db.prepareStatement("select * from t where id = ? and name = ? and tags = ? and n > ? and at < ? and data @> ? limit ?")) {
                ParameterMetaData m = s.getParameterMetaData();
                List<Object> out = new ArrayList<>();
                for (int i = 1; i <= m.getParameterCount(); i++) {
                    out.add(List.of(m.getParameterTypeName(i), m.getParameterType(i), m.getParameterClassName(i)));
                }
                return out;
            }
        });
        check("server_prepared", () -> {
            List<String> out = new ArrayList<>();
            try (PreparedStatement s = db.prepareStatement("select name, ?::int + 1 from t where id = ?")) {
                s.unwrap(org.postgresql.PGStatement.class).setPrepareThreshold(2);
                for (int i = 1; i < 7; i++) {
                    s.setInt(1, i);
                    s.setInt(2, i);
                    out.addAll(rows(s.executeQuery()));
                }
            }
            return out;
        });
        check("plan_changes", () -> {
            try (PreparedStatement s = db.prepareStatement("select * from p")) {
                run(db, "create table p (a int)", "insert into p values (1)");
                s.unwrap(org.postgresql.PGStatement.class).setPrepareThreshold(-1);
                List<Object> out = new ArrayList<>(rows(s.executeQuery()));
                run(db, "alter table p add b text default 'x'");
                out.addAll(rows(s.executeQuery()));
                run(db, "alter table p alter a type text");
                out.addAll(rows(s.executeQuery()));
                return out;
            }
        });
        check("escapes", () -> query(db, "select {fn concat('a', {fn ucase('b')})}, {d '2024-02-29'}, {ts '2024-01-01 01:02:03'}, {fn timestampadd(SQL_TSI_DAY, 1, {d '2024-02-28'})}, {fn abs(-1)}, '?' || ? ".replace(" || ? ", "")));
        check("warnings", () -> {
            try (Statement s = db.createStatement()) {
                s.execute("do $$ begin raise warning 'careful %', 1 using hint = 'h', detail = 'd'; raise notice 'note'; end $$");
                return List.of(s.getWarnings().getMessage(), s.getWarnings().getSQLState(), s.getWarnings().getNextWarning().getMessage());
            }
        });
        check("query_timeout", () -> {
            try (Statement s = db.createStatement()) {
                s.setQueryTimeout(1);
                return refused(() -> s.execute("select pg_sleep(10)"));
            }
        });
        check("cancel", () -> {
            try (Statement s = db.createStatement()) {
                Thread t = new Thread(() -> {
                    try {
                        Thread.sleep(200);
                        s.cancel();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
                t.start();
                Object said = refused(() -> s.execute("select pg_sleep(10)"));
                t.join();
                return said;
            }
        });
        check("notifications", () -> {
            run(db, "listen chan", "notify chan, 'hello'");
            PGNotification[] list = db.unwrap(PGConnection.class).getNotifications(2000);
            return List.of(list.length, list[0].getName(), list[0].getParameter());
        });
        check("is_valid", () -> List.of(db.isValid(1), db.getCatalog(), db.getSchema(), db.isReadOnly(), db.getTransactionIsolation()));
    }

    private record Typed(String type, int sqlType, Object value) {}

    private void types() {
        List<Typed> list = List.of(new Typed("int2", Types.SMALLINT, (short) -5), new Typed("int4", Types.INTEGER, 1 << 30), new Typed("int8", Types.BIGINT, Long.MIN_VALUE), new Typed("float4", Types.REAL, 0.1f), new Typed("float8", Types.DOUBLE, 1e300),
                new Typed("numeric", Types.NUMERIC, new BigDecimal("12345678901234567890.123456789")), new Typed("numeric", Types.NUMERIC, new BigDecimal("0.00")), new Typed("bool", Types.BOOLEAN, true), new Typed("text", Types.VARCHAR, "ünï\n\"'\\"),
                new Typed("varchar", Types.VARCHAR, ""), new Typed("bpchar", Types.CHAR, "ab"), new Typed("bytea", Types.BINARY, new byte[] {0, 1, -1}), new Typed("uuid", Types.OTHER, UUID.fromString("123e4567-e89b-12d3-a456-426614174000")),
                new Typed("date", Types.DATE, LocalDate.of(2024, 2, 29)), new Typed("time", Types.TIME, LocalTime.of(23, 59, 59, 999999000)), new Typed("timestamp", Types.TIMESTAMP, LocalDateTime.of(1999, 12, 31, 23, 59, 59, 123456000)),
                new Typed("timestamptz", Types.TIMESTAMP_WITH_TIMEZONE, OffsetDateTime.of(2024, 7, 1, 12, 0, 0, 0, ZoneOffset.ofHours(2))), new Typed("date", Types.DATE, LocalDate.of(-43, 3, 15)), new Typed("timestamp", Types.TIMESTAMP, LocalDateTime.MAX));
        for (int i = 0; i < list.size(); i++) {
            Typed t = list.get(i);
            check("type_" + t.type + "_" + i, () -> {
                List<Object> out = new ArrayList<>();
                try (PreparedStatement s = db.prepareStatement("select ?::" + t.type + ", ?::" + t.type + "::text, pg_typeof(?::" + t.type + ")")) {
                    s.unwrap(org.postgresql.PGStatement.class).setPrepareThreshold(2);
                    for (int round = 0; round < 4; round++) { // text first, then binary
                        for (int p = 1; p <= 3; p++) {
                            s.setObject(p, t.value, t.sqlType);
                        }
                        try (ResultSet r = s.executeQuery()) {
                            r.next();
                            out.add(Check.text(t.value instanceof byte[] ? r.getBytes(1) : r.getObject(1, t.value.getClass())) + "|" + (t.value instanceof byte[] ? "" : r.getString(1)) + "|" + r.getString(2) + "|" + r.getString(3));
                        }
                    }
                }
                return out;
            });
        }
        check("arrays", () -> {
            List<Object> out = new ArrayList<>();
            for (Array a : List.of(db.createArrayOf("int4", new Object[] {1, null, 3}), db.createArrayOf("text", new Object[] {"a,b", "", "NULL", null, "{}"}), db.createArrayOf("int8", new Object[][] {{1L, 2L}, {3L, 4L}}), db.createArrayOf("uuid", new Object[] {}),
                    db.createArrayOf("float8", new Object[] {1.5, -2.0}), db.createArrayOf("bool", new Object[] {true, false}), db.createArrayOf("numeric", new Object[] {new BigDecimal("1.50")}))) {
                try (PreparedStatement s = db.prepareStatement("select ?, ?::text")) {
                    s.unwrap(org.postgresql.PGStatement.class).setPrepareThreshold(-1);
                    s.setArray(1, a);
                    s.setArray(2, a);
                    try (ResultSet r = s.executeQuery()) {
                        r.next();
                        out.add(List.of(Arrays.deepToString((Object[]) r.getArray(1).getArray()), r.getString(2), r.getArray(1).getBaseTypeName()));
                    }
                }
            }
            return out;
        });
        check("objects", () -> {
            List<Object> out = new ArrayList<>();
            for (String[] t : new String[][] {{"jsonb", "{\"a\": [1, null]}"}, {"json", "{\"b\":1, \"a\":2}"}, {"inet", "10.0.0.1/8"}, {"interval", "1 mon 2 days 03:04:05.5"}, {"point", "(1.5,2)"}, {"box", "(1,1),(0,0)"}, {"circle", "<(0,0),2>"}, {"money", "$1.50"}, {"int4range", "[1,5)"},
                    {"tsvector", "'a':1"}, {"xid", "7"}, {"hstore", "x"}, {"bit", "101"}, {"macaddr", "08:00:2b:01:02:03"}, {"oid", "42"}, {"name", "n"}, {"\"char\"", "c"}, {"regclass", "pg_class"}}) {
                try (PreparedStatement s = db.prepareStatement("select ?::" + t[0])) {
                    PGobject o = new PGobject();
                    o.setType(t[0].replace("\"", ""));
                    o.setValue(t[1]);
                    s.setObject(1, o, Types.OTHER);
                    try (ResultSet r = s.executeQuery()) {
                        r.next();
                        out.add(r.getObject(1) + ":" + r.getObject(1).getClass().getSimpleName());
                    }
                } catch (SQLException e) {
                    out.add(e.getSQLState());
                }
            }
            return out;
        });
        check("nulls", () -> {
            try (PreparedStatement s = db.prepareStatement("select ?::int, ?::text, ?::timestamptz, coalesce(?, 5)")) {
                s.setNull(1, Types.INTEGER);
                s.setNull(2, Types.VARCHAR);
                s.setObject(3, null);
                s.setNull(4, Types.INTEGER);
                return rows(s.executeQuery());
            }
        });
        check("infinity", () -> {
            try (Statement s = db.createStatement(); ResultSet r = s.executeQuery("select 'infinity'::timestamptz, '-infinity'::date, 'NaN'::float8, 'Infinity'::float4")) {
                r.next();
                return List.of(r.getObject(1, OffsetDateTime.class), r.getObject(2, LocalDate.class), r.getDouble(3), r.getFloat(4), r.getTimestamp(1).getTime());
            }
        });
    }

    private void transactions() {
        check("rollback", () -> {
            db.setAutoCommit(false);
            run(db, "delete from t");
            db.rollback();
            db.setAutoCommit(true);
            return query(db, "select count(*) > 290 from t");
        });
        check("savepoint", () -> {
            db.setAutoCommit(false);
            run(db, "insert into t (name) values ('s1')");
            Savepoint s = db.setSavepoint("it's");
            Object said = refused(() -> run(db, "insert into t (name) values ('s1')"));
            Object aborted = refused(() -> run(db, "select 1"));
            db.rollback(s);
            run(db, "insert into t (name) values ('s2')");
            db.releaseSavepoint(s);
            db.commit();
            db.setAutoCommit(true);
            return List.of(said, aborted, query(db, "select name from t where name like 's_' order by 1"));
        });
        for (int level : new int[] {Connection.TRANSACTION_READ_UNCOMMITTED, Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE}) {
            check("isolation_" + level, () -> {
                db.setTransactionIsolation(level);
                db.setAutoCommit(false);
                db.setReadOnly(true);
                List<String> said = query(db, "select current_setting('transaction_isolation'), current_setting('transaction_read_only')");
                db.rollback();
                db.setReadOnly(false);
                db.setAutoCommit(true);
                return List.of(said, db.getTransactionIsolation());
            });
        }
        check("errors", () -> {
            db.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            run(db, "create table child (t_id int not null references t, kind char(1) check (kind in ('a', 'b')))");
            List<Object> out = new ArrayList<>();
            for (String sql : List.of("insert into t (name) values ('a')", "insert into child values (99999, 'a')", "insert into child values (1, 'c')", "insert into child values (null, 'a')", "insert into child values (1, 'long')", "select 1/0", "select * from nowhere", "select nope from t",
                    "selec 1", "select 'x'::int", "update t set n = 1e20", "drop table t", "select nope()", "insert into t (id) values (1, 2)", "select max(max(id)) from t", "create table t (a int)")) {
                out.add(refused(() -> run(db, sql)));
            }
            return out;
        });
    }

    private void routines() {
        check("function_call", () -> {
            run(db, "create function twice(a int, out b int, out c text) language plpgsql as $$ begin b := a * 2; c := 'x' || a; end $$", "create procedure put(a text, inout n int) language plpgsql as $$ begin insert into t (name) values (a); n := n + 1; end $$",
                    "create function a_cursor() returns refcursor language plpgsql as $$ declare c refcursor := 'cur'; begin open c for select i from generate_series(1, 3) i; return c; end $$");
            try (CallableStatement s = db.prepareCall("{call twice(?, ?, ?)}")) {
                s.setInt(1, 21);
                s.registerOutParameter(2, Types.INTEGER);
                s.registerOutParameter(3, Types.VARCHAR);
                s.execute();
                return List.of(s.getInt(2), s.getString(3));
            }
        });
        check("procedure_call", () -> {
            try (Connection c = DriverManager.getConnection(Check.SERVER + "/pgjdbc?escapeSyntaxCallMode=callIfNoReturn", "postgres", ""); CallableStatement s = c.prepareCall("{call put(?, ?)}")) {
                s.setString(1, "called");
                s.setInt(2, 4);
                s.registerOutParameter(2, Types.INTEGER);
                s.execute();
                return List.of(s.getInt(2), query(c, "select name from t where name = 'called'"));
            }
        });
        check("ref_cursor", () -> {
            db.setAutoCommit(false);
            try (CallableStatement s = db.prepareCall("{? = call a_cursor()}")) {
                s.registerOutParameter(1, Types.REF_CURSOR);
                s.execute();
                return rows((ResultSet) s.getObject(1));
            } finally {
                db.rollback();
                db.setAutoCommit(true);
            }
        });
    }

    private Object mode(String url) throws Exception {
        try (Connection c = DriverManager.getConnection(url, "postgres", "")) {
            List<Object> out = new ArrayList<>();
            try (PreparedStatement s = c.prepareStatement("select id, name, n, at, tags, data from t where id in (?, ?) or name = ? order by id")) {
                for (int i = 0; i < 7; i++) {
                    s.setInt(1, 1);
                    s.setLong(2, 2);
                    s.setString(3, "it's \\ n3");
                    out = new ArrayList<>(rows(s.executeQuery()));
                }
            }
            try (PreparedStatement s = c.prepareStatement("update t set n = ?, data = ?::jsonb, at = ? where name = ?")) {
                s.setBigDecimal(1, new BigDecimal("-0.5"));
                s.setString(2, "[]");
                s.setObject(3, OffsetDateTime.of(2000, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC));
                s.setString(4, "n5");
                out.add(s.executeUpdate());
            }
            out.add(refused(() -> run(c, "select 1; select 1/0; select 2")));
            out.add(query(c, "select n, data, at from t where name = 'n5'"));
            return out;
        }
    }

    private Object rewritten(String url) throws Exception {
        try (Connection c = DriverManager.getConnection(url, "postgres", "")) {
            run(c, "create table rw (a int, b text default 'd', c timestamptz)");
            try (PreparedStatement s = c.prepareStatement("insert into rw (a, b, c) values (?, ?, ?)")) {
                for (int i = 0; i < 1000; i++) {
                    s.setInt(1, i);
                    s.setString(2, "v'" + i);
                    s.setObject(3, OffsetDateTime.of(2024, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC).plusHours(i));
                    s.addBatch();
                }
                s.executeBatch();
            }
            return query(c, "select count(*), sum(a), max(b), max(c) from rw");
        }
    }

    private Object autosave(String url) throws Exception {
        try (Connection c = DriverManager.getConnection(url, "postgres", "")) {
            c.setAutoCommit(false);
            run(c, "insert into t (name) values ('as1')");
            Object said = refused(() -> run(c, "insert into t (name) values ('as1')"));
            c.rollback();
            return said;
        }
    }
}
