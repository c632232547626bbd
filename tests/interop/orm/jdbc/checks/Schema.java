package checks;

import static checks.Check.check;
import static checks.Check.fresh;
import static checks.Check.query;
import static checks.Check.run;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Index;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.SequenceGenerator;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Table;
import jakarta.persistence.UniqueConstraint;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;

/** hibernate.hbm2ddl.auto over an empty schema, a schema of its own making, a changed one and one that does not fit. */
final class Schema {
    @Entity(name = "Item")
    @Table(name = "item")
    static class First {
        @Id @GeneratedValue Long id;
        @Column(length = 30, nullable = false) String name;
    }

    @Entity(name = "Item")
    @Table(name = "item", uniqueConstraints = @UniqueConstraint(name = "item_code", columnNames = "code"), indexes = {@Index(name = "item_price", columnList = "price desc, name")})
    static class Second {
        @Id @GeneratedValue Long id;
        @Column(length = 30, nullable = false) String name;
        @Column(length = 10) String code;
        @Column(precision = 12, scale = 3) BigDecimal price;
        @ManyToOne @JoinColumn(name = "shelf_id") Shelf shelf;
    }

    @Entity(name = "Shelf")
    @Table(name = "shelf")
    static class Shelf {
        @Id @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "shelf_gen") @SequenceGenerator(name = "shelf_gen", sequenceName = "shelf_seq", schema = "store", initialValue = 5, allocationSize = 10) Integer id;
        @Column(columnDefinition = "text default 'none' not null") String label;
    }

    @Entity(name = "Far")
    @Table(name = "\"Far Off\"", schema = "store")
    static class Far {
        @Id @GeneratedValue(strategy = GenerationType.IDENTITY) Long id;
        @Column(unique = true) String label;
    }

    @Entity(name = "Item")
    @Table(name = "item")
    static class Wrong {
        @Id Long id;
        @Column BigDecimal name;
    }

    void checks() throws Exception {
        String url = fresh("hibernate_schema");
        try (Connection db = DriverManager.getConnection(url, "postgres", "")) {
            check("validate_empty", () -> message(url, "validate", First.class));
            check("update_empty", () -> auto(url, db, "update", First.class));
            run(db, "insert into item values (nextval('item_seq'), 'kept')");
            check("update_nothing", () -> auto(url, db, "update", First.class));
            check("validate_first", () -> auto(url, db, "validate", First.class));
            check("validate_missing_column", () -> message(url, "validate", Second.class, Shelf.class, Far.class));
            check("update_changed", () -> auto(url, db, "update", Second.class, Shelf.class, Far.class));
            check("update_changed_again", () -> auto(url, db, "update", Second.class, Shelf.class, Far.class));
            check("validate_second", () -> auto(url, db, "validate", Second.class, Shelf.class, Far.class));
            check("validate_wrong_type", () -> message(url, "validate", Wrong.class));
            check("kept", () -> query(db, "select * from item"));
            check("update_every", () -> auto(url, db, "update", Model.UPDATABLE));
            check("update_every_again", () -> auto(url, db, "update", Model.UPDATABLE));
            check("validate_every", () -> auto(url, db, "validate", Model.UPDATABLE));
            check("drop_and_create", () -> auto(url, db, "create", Second.class, Shelf.class, Far.class));
            check("create_drop", () -> auto(url, db, "create-drop", Second.class, Shelf.class, Far.class));
        }
    }

    static SessionFactory factory(String url, String auto, Class<?>... entities) {
        Configuration c = new Configuration();
        for (Class<?> e : entities) {
            c.addAnnotatedClass(e);
        }
        c.setProperty("hibernate.connection.url", url).setProperty("hibernate.connection.username", "postgres").setProperty("hibernate.connection.password", "").setProperty("hibernate.hbm2ddl.auto", auto).setProperty("hibernate.hbm2ddl.create_namespaces", "true")
                .setProperty("hibernate.connection.pool_size", "4").setProperty("hibernate.jdbc.batch_size", "20").setProperty("hibernate.order_inserts", "true").setProperty("hibernate.order_updates", "true").setProperty("hibernate.generate_statistics", "true")
                .setProperty("hibernate.type.preferred_duration_jdbc_type", "INTERVAL_SECOND").setProperty("hibernate.jdbc.time_zone", "UTC").setProperty("hibernate.hbm2ddl.halt_on_error", "true");
        return c.buildSessionFactory();
    }

    private static Object auto(String url, Connection db, String auto, Class<?>... entities) throws SQLException {
        factory(url, auto, entities).close();
        return shape(db);
    }

    private static Object message(String url, String auto, Class<?>... entities) {
        try {
            factory(url, auto, entities).close();
        } catch (RuntimeException e) {
            return e.getMessage();
        }
        return "nothing";
    }

    /** What stands in the schemas of users. */
    static List<Object> shape(Connection db) throws SQLException {
        List<Object> out = new ArrayList<>();
        for (String sql : List.of(
                "select table_schema, table_name, column_name, data_type, udt_name, character_maximum_length, numeric_precision, numeric_scale, datetime_precision, is_nullable, column_default, is_identity from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema', 'tarn') order by 1, 2, ordinal_position",
                "select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'tarn') order by 1, 2",
                "select indexdef from pg_indexes where schemaname not in ('pg_catalog', 'information_schema', 'tarn') order by indexname",
                "select schemaname, sequencename, data_type, start_value, increment_by, last_value from pg_sequences order by 1, 2",
                "select t.typname, string_agg(enumlabel, ',' order by enumsortorder) from pg_enum e join pg_type t on t.oid = enumtypid group by 1 order by 1")) {
            out.add(query(db, sql));
        }
        return out;
    }
}
