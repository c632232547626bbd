package checks;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Prints "pass NAME VALUE" or "fail NAME MESSAGE" on one line for ../compare.py; VALUE is what PostgreSQL must give too. */
final class Check {
    static final String SERVER = System.getenv("SERVER_URL"); // jdbc:postgresql://host:port

    private Check() {}

    static void check(String name, Callable<?> act) {
        try {
            System.out.println("pass " + name + " " + line(text(act.call())));
        } catch (Throwable e) {
            StringBuilder said = new StringBuilder();
            for (Throwable c = e; c != null; c = c.getCause()) {
                said.append(c).append("; ");
            }
            System.out.println("fail " + name + " " + line(said + " at " + Arrays.stream(e.getStackTrace()).limit(3).toList()));
        }
    }

    interface Act {
        void run() throws Exception;
    }

    /** What the server said to a statement that must fail. */
    static Object refused(Act act) throws Exception {
        try {
            act.run();
        } catch (Exception e) {
            for (Throwable c = e; c != null; c = c.getCause()) {
                if (c instanceof PSQLException p && p.getServerErrorMessage() != null) {
                    ServerErrorMessage m = p.getServerErrorMessage();
                    return Arrays.asList(m.getSQLState(), m.getMessage(), m.getDetail(), m.getHint(), m.getSchema(), m.getTable(), m.getColumn(), m.getDatatype(), m.getConstraint(), e.getClass().getSimpleName());
                }
            }
            throw e;
        }
        throw new IllegalStateException("was not refused");
    }

    /** A new database. */
    static String fresh(String name) throws SQLException {
        try (Connection c = DriverManager.getConnection(SERVER + "/postgres", "postgres", "")) {
            run(c, "drop database if exists " + name + " with (force)", "create database " + name);
        }
        return SERVER + "/" + name;
    }

    static void run(Connection c, String... statements) throws SQLException {
        try (Statement s = c.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        }
    }

    static List<String> query(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(sql)) {
            return rows(r);
        }
    }

    /** All rows, sorted where nothing else sorts them: columns as text. */
    static List<String> rows(ResultSet r) throws SQLException {
        ResultSetMetaData m = r.getMetaData();
        List<String> out = new ArrayList<>();
        while (r.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= m.getColumnCount(); i++) {
                row.add(r.getString(i));
            }
            out.add(String.join("|", row.stream().map(String::valueOf).toList()));
        }
        return out;
    }

    static List<String> sorted(ResultSet r) throws SQLException {
        List<String> out = rows(r);
        out.sort(null);
        return out;
    }

    static String text(Object v) {
        if (v instanceof Object[] a) {
            return text(Arrays.asList(a));
        }
        if (v instanceof byte[] b) {
            return "\\x" + java.util.HexFormat.of().formatHex(b);
        }
        if (v instanceof Set<?> s) {
            return s.stream().map(Check::text).sorted().toList().toString();
        }
        if (v instanceof Collection<?> c) {
            return c.stream().map(Check::text).toList().toString();
        }
        if (v instanceof Map<?, ?> m) {
            return new java.util.TreeMap<>(m).toString();
        }
        if (v instanceof BigDecimal d) {
            return d.toPlainString();
        }
        if (v instanceof int[] a) {
            return Arrays.toString(a);
        }
        return String.valueOf(v);
    }

    private static String line(String s) {
        return s.replace("\n", "\\n").replace("\r", "\\r");
    }
}
