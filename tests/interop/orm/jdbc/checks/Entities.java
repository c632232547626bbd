package checks;

import static checks.Check.check;
import static checks.Check.fresh;
import static checks.Check.query;
import static checks.Check.refused;

import checks.Model.Address;
import checks.Model.Author;
import checks.Model.Book;
import checks.Model.Everything;
import checks.Model.Mood;
import checks.Model.Status;
import checks.Model.Tag;
import jakarta.persistence.LockModeType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Year;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;

/** Entities that come, change and go: sessions, associations, batches and locks. */
final class Entities {
    private SessionFactory factory;
    private Connection db;

    void checks() throws Exception {
        String url = fresh("hibernate_entities");
        db = DriverManager.getConnection(url, "postgres", "");
        check("create", () -> {
            factory = Schema.factory(url, "create", Model.ALL);
            return Schema.shape(db);
        });
        everything();
        crud();
        associations();
        batches();
        locks();
        factory.close();
        db.close();
    }

    private <T> T in(Function<Session, T> act) {
        return factory.fromTransaction(act::apply);
    }

    private void everything() {
        check("types_insert", () -> {
            Everything e = new Everything();
            e.id = 1;
            e.flag = true;
            e.tiny = -7;
            e.small = Short.MIN_VALUE;
            e.normal = 42;
            e.big = Long.MAX_VALUE;
            e.single = 1.5f;
            e.dbl = -1e-300;
            e.decimal = new BigDecimal("123456.78");
            e.whole = new BigInteger("123456789012345678901234567890");
            e.letter = 'ß';
            e.brief = "brief";
            e.lengthy = "long".repeat(5000);
            e.raw = new byte[] {0, 1, -128};
            e.uuid = UUID.fromString("123e4567-e89b-12d3-a456-426614174000");
            e.date = LocalDate.of(2024, 2, 29);
            e.time = LocalTime.of(12, 34, 56);
            e.moment = LocalDateTime.of(1999, 12, 31, 23, 59, 59, 123456000);
            e.instant = Instant.parse("2024-07-01T10:00:00.000001Z");
            e.zoned = OffsetDateTime.parse("2024-07-01T12:00:00+02:00");
            e.duration = Duration.ofHours(30).plusMillis(1500);
            e.year = Year.of(1969);
            e.address = InetAddress.getByName("10.1.2.3");
            e.mood = Mood.HAPPY;
            e.ints = new int[] {3, 1, 2};
            e.words = Arrays.asList("a,b", null, "\"q\"");
            e.uuids = List.of(e.uuid);
            e.dates = Set.of(e.date);
            e.json = new LinkedHashMap<>(Map.of("k", List.of(1, "two", Map.of("three", 3.5))));
            e.detail = new Model.Detail();
            e.detail.label = "it's";
            e.detail.size = 9;
            e.detail.day = e.date;
            e.detail.parts = new String[] {"x", "y"};
            e.states = List.of(Status.RETIRED, Status.ACTIVE);
            in(s -> {
                s.persist(e);
                Everything none = new Everything();
                none.id = 2;
                none.letter = 'n';
                none.duration = Duration.ZERO; // Hibernate cannot bind a null of these
                none.address = e.address;
                none.mood = Mood.OK;
                none.lengthy = "";
                s.persist(none);
                return null;
            });
            return query(db, "select (to_jsonb(e) - 'lengthy')::text, length(lengthy) from everything e order by id");
        });
        check("types_select", () -> in(s -> {
            List<Object> out = new ArrayList<>();
            for (Everything e : s.createQuery("from Everything order by id", Everything.class).list()) {
                out.add(Arrays.asList(e.flag, e.tiny, e.small, e.normal, e.big, e.single, e.dbl, e.decimal, e.whole, e.letter, e.brief, e.lengthy == null ? 0 : e.lengthy.length(), e.raw, e.uuid, e.date, e.time, e.moment, e.instant, e.zoned == null ? null : e.zoned.toInstant(), e.duration, e.year,
                        e.address, e.mood, e.ints, e.words, e.uuids, e.dates, e.json, e.detail == null ? null : List.of(e.detail.label, e.detail.size, e.detail.day, Arrays.toString(e.detail.parts)), e.states));
            }
            return out;
        }));
        check("types_where", () -> in(s -> {
            List<Object> out = new ArrayList<>();
            for (String where : List.of("e.mood = HAPPY", "array_contains(e.ints, 2)", "e.duration > 1 day", "e.detail.size = 9", "year(e.date) = 2024", "array_length(e.words) = 3", "e.uuid is null", "e.letter = 'n'", "array_includes(e.states, array(ACTIVE))", "e.raw is not null", "length(e.lengthy) > 10",
                    "array_position(e.ints, 1) = 2", "e.year < 1970", "e.instant < instant", "array_to_string(e.ints, '-') = '3-1-2'", "e.flag")) {
                try {
                    out.add(s.createQuery("select e.id from Everything e where " + where + " order by e.id", Integer.class).list());
                } catch (RuntimeException x) {
                    out.add(where + " " + x.getMessage());
                }
            }
            return out;
        }));
        check("types_parameters", () -> in(s -> {
            Everything e = s.find(Everything.class, 1);
            List<Object> out = new ArrayList<>();
            for (var by : Map.of("mood", e.mood, "uuid", e.uuid, "date", e.date, "moment", e.moment, "instant", e.instant, "ints", e.ints, "duration", e.duration, "address", e.address, "decimal", e.decimal, "letter", e.letter).entrySet().stream().sorted(Map.Entry.comparingByKey()).toList()) {
                out.add(by.getKey() + s.createQuery("select id from Everything where " + by.getKey() + " = :it", Integer.class).setParameter("it", by.getValue()).list());
            }
            return out;
        }));
        check("types_update", () -> {
            in(s -> {
                Everything e = s.find(Everything.class, 1);
                e.json.put("more", null);
                e.detail.size = 10;
                e.ints = new int[0];
                e.mood = Mood.SAD;
                e.words = null;
                return null;
            });
            in(s -> s.createMutationQuery("update Everything e set e.brief = upper(e.brief), e.flag = not e.flag, e.decimal = e.decimal * 2 where e.id = 1").executeUpdate());
            return query(db, "select json, detail, ints, mood, words, states, brief, flag from everything where id = 1");
        });
    }

    private void crud() {
        check("struct", () -> {
            in(s -> {
                for (int i = 1; i <= 3; i++) {
                    Model.Priced p = new Model.Priced();
                    p.id = i;
                    if (i < 3) {
                        p.pair = new Model.MoneyPair();
                        p.pair.amount = new BigDecimal("9.9" + i);
                        p.pair.currency = "E, \"" + i;
                    }
                    s.persist(p);
                }
                return null;
            });
            int n = in(s -> s.createMutationQuery("update Priced e set e.pair.currency = 'USD' where e.pair.amount > 9.91").executeUpdate());
            return List.of(n, in(s -> s.createQuery("from Priced order by id", Model.Priced.class).list().stream().map(p -> p.pair == null ? "none" : p.pair.amount + p.pair.currency).toList()), in(s -> s.createQuery("select pair.currency from Priced where pair is not null order by pair.amount desc", String.class).list()),
                    query(db, "select * from priced order by id"));
        });
        check("persist", () -> in(s -> {
            Tag fiction = new Tag("fiction"), science = new Tag("science");
            Author ada = new Author("Ada").book("Notes", "12.50", science).book("Engines", "30", science, fiction);
            ada.born = LocalDate.of(1815, 12, 10);
            ada.address = new Address("Main Street", "123");
            ada.mood = Mood.HAPPY;
            ada.nicks.addAll(List.of("countess", "lady"));
            ada.links.put("home", "http://a");
            Author bob = new Author("Bob").book("Cooking", null);
            bob.status = Status.RETIRED;
            Author eve = new Author("Eve");
            List.of(ada, bob, eve).forEach(s::persist);
            ada.profile = new Model.Profile();
            ada.profile.author = ada;
            ada.profile.bio = "x".repeat(30000);
            ada.books.get(0).keywords = new String[] {"k1", "k,2"};
            ada.books.get(0).attributes = Map.of("pages", 66);
            s.flush();
            return List.of(ada.id, bob.id, eve.id, fiction.id, science.id, ada.version, ada.books.get(0).stock, ada.books.get(0).twice, ada.profile.id);
        }));
        check("find", () -> in(s -> {
            Author a = s.find(Author.class, 1L);
            return List.of(a.name, a.born, a.status, a.mood, a.address, a.version, new TreeSet<>(a.nicks), new TreeMap<>(a.links), a.profile.bio.length(), a.bookCount, a.books.stream().map(b -> b.title + b.tags.stream().map(t -> t.label).sorted().toList() + Arrays.toString(b.keywords) + b.attributes).toList());
        }));
        check("natural_id", () -> in(s -> s.bySimpleNaturalId(Author.class).load("Bob").id));
        check("missing", () -> in(s -> String.valueOf(s.find(Author.class, 99L))));
        check("update", () -> {
            in(s -> {
                Author a = s.find(Author.class, 1L);
                a.name = "Ada L.";
                a.address = null;
                a.nicks.remove("lady");
                a.nicks.add("ada");
                a.links.put("home", "http://b");
                return null;
            });
            return query(db, "select a.name, a.street, a.version, (select string_agg(nick, ',' order by nick) from author_nick n where n.author_id = a.id), (select string_agg(site || link, ',') from author_links l where l.author_id = a.id) from authors a where id = 1");
        });
        check("merge", () -> {
            Author detached = in(s -> s.find(Author.class, 2L));
            detached.name = "Bobby";
            in(s -> s.merge(detached));
            return query(db, "select name, version from authors where id = 2");
        });
        check("unique_violation", () -> refused(() -> in(s -> {
            s.persist(new Tag("fiction"));
            return null;
        })));
        check("not_null_violation", () -> refused(() -> factory.inTransaction(s -> s.createNativeMutationQuery("insert into authors (id, version, status) values (77, 0, 'ACTIVE')").executeUpdate())));
        check("check_violation", () -> refused(() -> factory.inTransaction(s -> {
            Author a = s.find(Author.class, 2L);
            a.born = LocalDate.of(900, 1, 1);
        })));
        check("enum_check_violation", () -> refused(() -> factory.inTransaction(s -> s.createNativeMutationQuery("update authors set status = 'LOST' where id = 1").executeUpdate())));
        check("foreign_key_violation", () -> refused(() -> factory.inTransaction(s -> s.createMutationQuery("delete from Author where id = 1").executeUpdate())));
        check("too_long", () -> refused(() -> factory.inTransaction(s -> s.persist(new Author("n".repeat(81))))));
        check("generated_refused", () -> refused(() -> factory.inTransaction(s -> s.createNativeMutationQuery("update books set twice = 1").executeUpdate())));
        check("refresh", () -> in(s -> {
            Tag t = s.find(Tag.class, 1);
            s.createNativeMutationQuery("update tags set label = 'renamed' where id = 1").executeUpdate();
            s.refresh(t);
            return t.label;
        }));
        check("rollback", () -> {
            try (Session s = factory.openSession()) {
                s.beginTransaction();
                s.persist(new Author("Ghost"));
                s.flush();
                s.getTransaction().rollback();
            }
            return query(db, "select count(*) from authors where name = 'Ghost'");
        });
        check("soft_delete", () -> {
            in(s -> {
                for (String text : List.of("one", "two", "hidden")) {
                    Model.Note n = new Model.Note();
                    n.text = text;
                    s.persist(n);
                }
                return null;
            });
            in(s -> {
                s.remove(s.createQuery("from Note where text = 'one'", Model.Note.class).getSingleResult());
                return null;
            });
            return List.of(query(db, "select id, text, deleted from note order by id"), in(s -> s.createQuery("select text from Note", String.class).list()));
        });
        check("embedded_id", () -> in(s -> {
            Model.Seat seat = new Model.Seat();
            seat.id = new Model.SeatId(12, "C");
            seat.guest = "g";
            s.persist(seat);
            s.flush();
            s.clear();
            return List.of(s.find(Model.Seat.class, new Model.SeatId(12, "C")).guest, s.createQuery("from Seat where id in (:ids)", Model.Seat.class).setParameterList("ids", List.of(new Model.SeatId(12, "C"), new Model.SeatId(1, "A"))).list().size());
        }));
    }

    private void associations() {
        check("orphans", () -> {
            in(s -> {
                Author a = s.find(Author.class, 1L);
                a.books.removeIf(b -> b.title.equals("Notes"));
                a.book("New one", "5");
                return null;
            });
            return query(db, "select title, price, twice, stock from books where author_id = 1 order by title");
        });
        check("many_to_many", () -> {
            in(s -> {
                Book b = s.createQuery("from Book where title = 'New one'", Book.class).getSingleResult();
                b.tags.addAll(s.createQuery("from Tag order by id", Tag.class).list());
                return null;
            });
            in(s -> {
                Book b = s.createQuery("from Book where title = 'Engines'", Book.class).getSingleResult();
                b.tags.removeIf(t -> t.label.equals("science"));
                return null;
            });
            return List.of(query(db, "select b.title, t.label from book_tags bt join books b on b.id = books_id join tags t on t.id = tags_id order by 1, 2"), in(s -> s.find(Tag.class, 2).books.stream().map(b -> b.title).sorted().toList()));
        });
        check("cascade_remove", () -> {
            in(s -> {
                s.remove(s.find(Author.class, 2L));
                return null;
            });
            return query(db, "select (select count(*) from authors), (select count(*) from books)");
        });
        check("inheritance", () -> in(s -> {
            for (int i = 1; i <= 3; i++) {
                Model.Card card = new Model.Card();
                card.amount = BigDecimal.valueOf(i);
                card.number = "n" + i;
                s.persist(card);
                Model.Cash cash = new Model.Cash();
                cash.amount = BigDecimal.valueOf(10L * i);
                cash.currency = i % 2 == 0 ? "EUR" : "USD";
                s.persist(cash);
                Model.Car car = new Model.Car();
                car.plate = "c" + i;
                car.doors = i;
                s.persist(car);
                Model.Truck truck = new Model.Truck();
                truck.plate = "t" + i;
                truck.load = i * 1.5;
                s.persist(truck);
                Model.Circle circle = new Model.Circle();
                circle.colour = "red";
                circle.radius = i;
                s.persist(circle);
                Model.Square square = new Model.Square();
                square.colour = "blue";
                square.side = i;
                s.persist(square);
            }
            s.persist(new Model.Vehicle());
            s.flush();
            s.clear();
            return List.of(s.createQuery("from Payment order by id", Model.Payment.class).list().stream().map(p -> p.getClass().getSimpleName() + p.amount).toList(), s.createQuery("select type(v), count(*) from Vehicle v group by type(v) order by 2, 1", Object[].class).list().stream().map(Arrays::toString).toList(),
                    s.createQuery("select s.id, s.colour from Shape s where type(s) = Circle or treat(s as Square).side > 2 order by s.id", Object[].class).list().stream().map(Arrays::toString).toList(), s.createQuery("select sum(treat(p as Card).amount) from Payment p", BigDecimal.class).getSingleResult(),
                    s.find(Model.Payment.class, 2L).getClass().getSimpleName());
        }));
        check("joined_mutation", () -> {
            Object n = in(s -> List.of(s.createMutationQuery("update Cash set amount = amount + 1, currency = 'XXX' where currency = 'USD'").executeUpdate(), s.createMutationQuery("delete Card where number = 'n2'").executeUpdate(),
                    s.createMutationQuery("update Shape set colour = upper(colour) where id > 2").executeUpdate(), s.createMutationQuery("delete from Shape where colour = 'red'").executeUpdate()));
            return List.of(n, query(db, "select p.id, p.amount, p.open, c.number, h.currency from payments p left join card_payments c using (id) left join cash_payments h using (id) order by 1"), query(db, "select id, colour from circle union all select id, colour from square order by 1"));
        });
    }

    private void batches() {
        check("batch_insert", () -> {
            factory.getStatistics().clear();
            in(s -> {
                for (int i = 0; i < 205; i++) {
                    s.persist(new Author("Batch " + i).book("Book " + i, String.valueOf(i)));
                }
                return null;
            });
            return List.of(factory.getStatistics().getPrepareStatementCount(), query(db, "select count(*), max(id), count(distinct id) from authors where name like 'Batch%'"), query(db, "select count(*), sum(price), sum(twice) from books where title like 'Book%'"));
        });
        check("batch_update", () -> {
            factory.getStatistics().clear();
            in(s -> {
                s.createQuery("from Author where name like 'Batch%' order by id", Author.class).list().forEach(a -> a.mood = Mood.OK);
                return null;
            });
            return List.of(factory.getStatistics().getPrepareStatementCount(), query(db, "select mood, version, count(*) from authors group by 1, 2 order by 1, 2"));
        });
        check("batch_delete", () -> {
            factory.getStatistics().clear();
            in(s -> {
                s.createQuery("from Author where name like 'Batch 1%'", Author.class).list().forEach(s::remove);
                return null;
            });
            return List.of(factory.getStatistics().getPrepareStatementCount(), query(db, "select count(*) from books"));
        });
        check("stateless", () -> {
            try (StatelessSession s = factory.openStatelessSession()) {
                s.beginTransaction();
                for (int i = 1; i <= 30; i++) {
                    s.insert(new Model.Node(i, i == 1 ? null : new Model.Node(i / 2, null, ""), "node " + i));
                }
                s.upsert(new Model.Node(30, new Model.Node(1, null, ""), "upserted"));
                s.upsert(new Model.Node(31, null, "new"));
                s.getTransaction().commit();
            }
            try (StatelessSession s = factory.openStatelessSession()) {
                s.beginTransaction();
                Model.Node two = s.<Model.Node>get(Model.Node.class, 2);
                two.label = "two";
                s.update(two);
                s.delete(new Model.Node(29, null, null));
                s.getTransaction().commit();
            }
            return query(db, "select * from nodes where id in (2, 29, 30, 31) order by id");
        });
    }

    private void locks() {
        check("optimistic", () -> {
            Author old = in(s -> s.find(Author.class, 1L));
            in(s -> s.find(Author.class, 1L).name = "Newer");
            old.name = "Older";
            try {
                in(s -> s.merge(old));
                return "no error";
            } catch (RuntimeException e) {
                return e.getClass().getSimpleName() + query(db, "select name, version from authors where id = 1");
            }
        });
        check("force_increment", () -> {
            in(s -> s.find(Author.class, 3L, LockModeType.OPTIMISTIC_FORCE_INCREMENT));
            in(s -> s.find(Author.class, 3L, LockModeType.PESSIMISTIC_FORCE_INCREMENT));
            return query(db, "select version from authors where id = 3");
        });
        for (LockModeType mode : List.of(LockModeType.PESSIMISTIC_READ, LockModeType.PESSIMISTIC_WRITE)) {
            check("pessimistic_" + mode, () -> in(s -> {
                s.find(Author.class, 1L, mode);
                List<Object> out = new ArrayList<>();
                for (LockModeType other : List.of(LockModeType.PESSIMISTIC_READ, LockModeType.PESSIMISTIC_WRITE)) {
                    for (int timeout : new int[] {0, -2}) {
                        out.add(other + " " + timeout + " " + second(other, timeout));
                    }
                }
                return out;
            }));
        }
        check("query_lock", () -> in(s -> {
            List<Author> held = s.createQuery("select a from Author a join a.books b where b.title = 'Engines'", Author.class).setLockMode("a", org.hibernate.LockMode.PESSIMISTIC_WRITE).list();
            return List.of(held.size(), in(t -> t.createQuery("from Author where id < 60 order by id", Author.class).setLockMode(LockModeType.PESSIMISTIC_WRITE).setHint("jakarta.persistence.lock.timeout", -2).setMaxResults(2).list().stream().map(a -> a.id).toList()));
        }));
    }

    private Object second(LockModeType mode, int timeout) {
        try {
            return in(s -> s.createQuery("select a from Author a where a.id = 1", Author.class).setLockMode(mode).setHint("jakarta.persistence.lock.timeout", timeout).list().size());
        } catch (RuntimeException e) {
            return e.getClass().getSimpleName();
        }
    }
}
