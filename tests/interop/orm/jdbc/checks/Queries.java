package checks;

import static checks.Check.check;
import static checks.Check.fresh;

import checks.Model.Author;
import checks.Model.Book;
import checks.Model.Mood;
import checks.Model.Status;
import checks.Model.Tag;
import jakarta.persistence.ParameterMode;
import jakarta.persistence.Tuple;
import jakarta.persistence.criteria.CriteriaQuery;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.hibernate.ScrollMode;
import org.hibernate.ScrollableResults;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.query.criteria.HibernateCriteriaBuilder;
import org.hibernate.query.criteria.JpaRoot;

/** HQL, criteria and native SQL over a small library. */
final class Queries {
    private SessionFactory factory;

    void checks() throws Exception {
        factory = Schema.factory(fresh("hibernate_queries"), "create", Model.ALL);
        factory.inTransaction(s -> {
            Tag[] tags = {new Tag("fiction"), new Tag("science"), new Tag("unused")};
            s.persist(tags[2]);
            for (int i = 0; i < 12; i++) {
                Author a = new Author("Author " + (char) ('A' + i));
                a.born = i % 4 == 3 ? null : LocalDate.of(1900 + i * 7, i + 1, 10 + i);
                a.mood = Mood.values()[i % 3];
                a.status = i % 5 == 0 ? Status.RETIRED : Status.ACTIVE;
                a.address = new Model.Address("Street " + i % 3, "Z" + i);
                for (int b = 0; b < i % 4; b++) {
                    a.book("Title " + i + "." + b, b == 2 ? null : String.valueOf(i * 3 + b), tags[b % 2]);
                }
                s.persist(a);
            }
            Model.Node root = new Model.Node(1, null, "root");
            s.persist(root);
            Model.Node kid = new Model.Node(2, root, "kid");
            s.persist(kid);
            s.persist(new Model.Node(3, kid, "grandkid"));
            s.persist(new Model.Node(4, root, "other"));
        });
        hql();
        functions();
        changes();
        scrolling();
        criteria();
        nativeSql();
        factory.close();
    }

    private <T> T in(Function<Session, T> act) {
        return factory.fromTransaction(act::apply);
    }

    private void query(String name, String hql) {
        check(name, () -> in(s -> texts(s.createSelectionQuery(hql, Object[].class).list())));
    }

    private void unordered(String name, String hql) {
        check(name, () -> in(s -> texts(s.createSelectionQuery(hql, Object[].class).list()).stream().sorted().toList()));
    }

    private static List<String> texts(List<?> list) {
        return list.stream().map(r -> r instanceof Object[] a ? Check.text(Arrays.asList(a)) : Check.text(r)).toList();
    }

    private void hql() {
        query("where", "select a.name from Author a where a.born > {d '1920-01-01'} and a.status = ACTIVE or a.name like '%A' order by a.name");
        query("join", "select a.name, b.title from Author a join a.books b where b.price between 5 and 20 order by b.title");
        query("left_join", "select a.name, count(b), sum(b.price), avg(b.price), min(b.title) from Author a left join a.books b group by a.name order by count(b) desc, a.name");
        query("join_on", "select a.name, b.title from Author a left join a.books b on b.price > 20 order by a.name, b.title");
        query("many_to_many_join", "select t.label, count(distinct b.author.id), count(b) from Tag t left join t.books b group by t.label having count(b) >= 0 order by t.label");
        query("implicit_join", "select b.title, b.author.address.street from Book b where b.author.mood = HAPPY order by b.title");
        query("subquery", "select a.name from Author a where (select count(*) from a.books) > 1 and exists (select 1 from Book b join b.tags t where b.author = a and t.label = 'science') order by a.name");
        query("in_all_any", "select b.title from Book b where b.price >= all (select c.price from Book c where c.price is not null and c.author = b.author) and b.price > any (select d.price from Book d) order by b.title");
        query("member_of", "select b.title from Book b, Tag t where t.label = 'science' and t member of b.tags order by b.title");
        query("collection_size", "select a.name, size(a.books) from Author a where a.books is not empty order by size(a.books) desc, a.name");
        query("case_when", "select a.name, case when a.born is null then 'unknown' when a.born < {d '1930-01-01'} then 'old' else 'young' end, case a.mood when SAD then 1 else 0 end from Author a order by a.name");
        query("nulls", "select a.name from Author a order by a.born nulls first, a.name desc");
        query("distinct", "select distinct a.address.street, a.mood from Author a order by 1, 2");
        unordered("union", "select a.name from Author a where a.id < 100 and a.mood = SAD union select b.title from Book b where b.price > 25");
        unordered("intersect_except", "(select a.mood from Author a where a.status = RETIRED intersect select a.mood from Author a where a.status = ACTIVE) except select a.mood from Author a where a.name = 'Author A'");
        query("limit", "select a.name from Author a order by a.name offset 3 rows fetch first 2 rows only");
        query("with_ties", "select b.price from Book b where b.price is not null order by b.price desc fetch first 2 rows with ties");
        query("percent", "select a.name from Author a order by a.name fetch first 25 percent rows only");
        query("cte", "with rich as (select b.author.id as id, sum(b.price) as total from Book b group by b.author.id) select a.name, r.total from Author a join rich r on r.id = a.id where r.total > 10 order by r.total");
        query("recursive", "with tree as (select n.id as id, n.label as label, 0 as depth from Node n where n.parent is null union all select n.id as id, n.label as label, t.depth + 1 as depth from tree t join Node n on n.parent.id = t.id) select t.label, t.depth from tree t order by t.depth, t.id");
        query("lateral", "select a.name, b.title from Author a join lateral (select b.title as title from a.books b order by b.price desc nulls last limit 1) b order by a.name");
        query("derived", "select d.street, d.n from (select a.address.street as street, count(*) as n from Author a group by a.address.street) d order by d.street");
        query("window", "select a.name, row_number() over (partition by a.address.street order by a.name), rank() over (order by a.mood), lag(a.name) over (order by a.name), sum(a.version) over (order by a.id rows between 1 preceding and current row) from Author a order by a.name");
        query("rollup", "select a.address.street, a.mood, count(*) from Author a group by rollup(a.address.street, a.mood) order by 1 nulls last, 2 nulls last");
        query("filter", "select count(*) filter (where a.mood = SAD), listagg(a.name, ', ') within group (order by a.name desc), every(a.id > 0), any(a.born is null) from Author a");
        query("percentile", "select percentile_cont(0.5) within group (order by b.price), percentile_disc(0.9) within group (order by b.price), mode() within group (order by b.author.mood) from Book b");
        query("tuples", "select a.name from Author a where (a.name, a.address.street) in (('Author A', 'Street 0'), ('Author B', 'Street 9'), ('Author E', 'Street 1')) order by a.name");
        query("arrays", "select array_agg(a.name) within group (order by a.name), array_length(array_agg(a.id) within group (order by a.id)) from Author a where a.mood = SAD");
        check("fetch_join", () -> in(s -> s.createQuery("select distinct a from Author a left join fetch a.books b left join fetch b.tags order by a.id", Author.class).list().stream().map(a -> a.name + a.books.size() + a.books.stream().mapToInt(b -> b.tags.size()).sum()).toList()));
        check("paging", () -> in(s -> {
            List<Object> out = new ArrayList<>();
            for (int page = 0; page < 4; page++) {
                out.add(s.createQuery("select a.name from Author a order by a.name", String.class).setFirstResult(page * 5).setMaxResults(5).list());
            }
            out.add(s.createQuery("from Author", Author.class).getResultCount());
            return out;
        }));
        check("parameters", () -> in(s -> texts(s.createQuery("select a.name from Author a where a.name in (:names) and a.born < :day and (:none is null or a.mood = :mood) and a.name like concat(:start, '%') escape '!' order by a.name", String.class).setParameterList("names", List.of("Author A", "Author B", "Author C"))
                .setParameter("day", LocalDate.of(1950, 1, 1)).setParameter("none", null, String.class).setParameter("mood", Mood.SAD).setParameter("start", "Auth").list())));
        check("named_query", () -> in(s -> s.createNamedQuery("byStatus", Author.class).setParameter("status", Status.RETIRED).list().stream().map(a -> a.name).toList()));
        check("instantiate", () -> in(s -> s.createQuery("select new list(a.name, a.mood) from Author a order by a.name limit 2", List.class).list()));
        check("tuple", () -> in(s -> s.createQuery("select a.name as n, a.id as i from Author a order by a.id limit 2", Tuple.class).list().stream().map(t -> t.get("n") + "=" + t.get("i")).toList()));
    }

    private void functions() {
        for (String e : List.of("upper(a.name)", "lower(a.name) || '!'", "concat(a.name, 1, true)", "substring(a.name, 2, 3)", "trim(both 'A' from a.name)", "length(a.name)", "locate('or', a.name)", "position('h' in a.name)", "replace(a.name, 'A', 'x')", "left(a.name, 2)", "right(a.name, 2)", "lpad(a.name, 12, '*')", "pad(a.name with 12 trailing '-')",
                "overlay(a.name placing 'XX' from 2 for 1)", "repeat('ab', 3)", "abs(-a.id)", "mod(7, 3)", "power(2, 10)", "sqrt(16)", "round(2.567, 2)", "floor(2.5)", "ceiling(2.5)", "sign(-3)", "ln(1)", "exp(0)", "sin(0)", "atan2(0, 1)", "truncate(2.567, 1)", "coalesce(a.born, {d '2000-01-01'})", "nullif(a.mood, SAD)", "greatest(1, 5, 3)", "least(a.id, 0)",
                "year(a.born)", "extract(month from a.born)", "extract(day of year from a.born)", "extract(week from a.born)", "a.born + 10 day", "a.born + 1 month", "({d '2024-03-01'} - {d '2024-02-01'}) by day", "timestampdiff(hour, {ts '2024-01-01 00:00:00'}, {ts '2024-01-02 12:00:00'})", "trunc({ts '2024-05-06 07:08:09'}, hour)",
                "format(a.born as 'yyyy/MM/dd')", "cast(a.id as String)", "cast('12' as Integer)", "cast('1.50' as BigDecimal)", "cast(a.mood as Integer)", "str(a.id)", "a.id % 2", "-a.id * 2 + 1", "5 / 2", "5.0 / 2", "ifnull(a.born, {d '2000-01-01'})", "collate(a.name as `C`)", "chr(65)", "ascii('a')", "bitand(6, 3)", "a.name ilike '%AUTHOR%'",
                "a.name not like 'B%'", "a.name is distinct from null", "array(1, 2, 3)", "array_append(array(1), 2)", "array_remove(array(1, 2, 1), 1)", "array_concat(array(1), array(2))", "array_contains(array(1, 2), 2)", "array_fill(7, 3)", "array_replace(array(1, 2), 1, 9)", "array_trim(array(1, 2, 3), 1)", "function('md5', a.name)", "sql('? + 1', a.id)")) {
            check("function_" + e.replace(' ', '_'), () -> in(s -> {
                try {
                    return texts(s.createSelectionQuery("select " + e + " from Author a where a.name <= 'Author B' order by a.name", Object.class).list());
                } catch (org.hibernate.query.SemanticException | IllegalArgumentException x) {
                    return x.getMessage(); // Hibernate's own objection
                }
            }));
        }
    }

    private void changes() {
        check("hql_update", () -> in(s -> List.of(s.createMutationQuery("update Book b set b.price = b.price * 1.1, b.title = concat(b.title, '!') where b.price > 20").executeUpdate(), s.createMutationQuery("update versioned Author a set a.mood = (select max(x.mood) from Author x) where a.books is empty").executeUpdate(),
                texts(s.createQuery("select b.title, b.price from Book b where b.title like '%!' order by b.title", Object[].class).list()), texts(s.createQuery("select a.name, a.mood, a.version from Author a where a.version > 0 order by a.name", Object[].class).list()))));
        check("hql_update_join", () -> in(s -> s.createMutationQuery("update Book b set b.stock = 1 where b.author.status = RETIRED").executeUpdate()));
        check("hql_insert_select", () -> in(s -> List.of(s.createMutationQuery("insert into Node (id, label) select a.id + 1000, concat(a.name, '+') from Author a where a.books is not empty").executeUpdate(), texts(s.createQuery("select n.id, n.label from Node n where n.id > 1000 order by n.id", Object[].class).list()))));
        check("hql_insert_values", () -> in(s -> List.of(s.createMutationQuery("insert into Tag (label) values ('v1'), ('v2')").executeUpdate(), s.createMutationQuery("insert into Tag (label) values ('v1'), ('v3') on conflict do nothing").executeUpdate(),
                s.createMutationQuery("insert into Node (id, label) values (1, 'again'), (50, 'fifty') on conflict (id) do update set label = excluded.label || '!' where id < 10").executeUpdate(), texts(s.createQuery("select label from Tag order by id", String.class).list()), texts(s.createQuery("select id, label from Node order by id", Object[].class).list()))));
        check("hql_delete", () -> in(s -> List.of(s.createMutationQuery("delete from Node n where n.id > 1000").executeUpdate(), s.createMutationQuery("delete Tag where label in ('v1', 'v2', 'v3')").executeUpdate(), s.createMutationQuery("delete from Node n where n.id = 50").executeUpdate())));
        check("delete_with_collection", () -> in(s -> s.createMutationQuery("delete from Author a where a.books is empty and a.mood = HAPPY and a.status = RETIRED").executeUpdate()));
    }

    private void scrolling() {
        check("scroll", () -> in(s -> {
            StringBuilder out = new StringBuilder();
            try (ScrollableResults<Author> r = s.createQuery("from Author order by id", Author.class).setFetchSize(3).scroll(ScrollMode.FORWARD_ONLY)) {
                while (r.next()) {
                    out.append(r.get().name.charAt(7));
                }
            }
            return out;
        }));
        check("scroll_back", () -> in(s -> {
            try (ScrollableResults<String> r = s.createQuery("select name from Author order by id", String.class).scroll(ScrollMode.SCROLL_INSENSITIVE)) {
                r.last();
                String last = r.get();
                r.position(2);
                String second = r.get();
                r.previous();
                return List.of(last, second, r.get());
            }
        }));
        check("stream", () -> in(s -> s.createQuery("from Book order by title", Book.class).setFetchSize(4).getResultStream().map(b -> b.title).filter(t -> t.contains("1.")).toList()));
        check("interleaved", () -> in(s -> {
            List<String> out = new ArrayList<>();
            try (ScrollableResults<Author> r = s.createQuery("from Author a where a.books is not empty order by a.id", Author.class).setFetchSize(2).scroll(ScrollMode.FORWARD_ONLY)) {
                while (r.next()) {
                    out.add(r.get().name + r.get().books.size());
                    s.createMutationQuery("update Author set version = version + 1 where id = :id").setParameter("id", r.get().id).executeUpdate();
                    s.clear();
                }
            }
            return out;
        }));
        check("timeout", () -> {
            try {
                return in(s -> s.createNativeQuery("select 1 from pg_sleep(10)", Integer.class).setTimeout(1).list());
            } catch (RuntimeException e) {
                return e.getClass().getSimpleName();
            }
        });
    }

    private void criteria() {
        check("criteria", () -> in(s -> {
            HibernateCriteriaBuilder cb = s.getCriteriaBuilder();
            CriteriaQuery<Object[]> q = cb.createQuery(Object[].class);
            JpaRoot<Author> a = (JpaRoot<Author>) q.from(Author.class);
            var b = a.join("books", jakarta.persistence.criteria.JoinType.LEFT);
            q.multiselect(a.get("name"), cb.count(b), cb.max(b.<BigDecimal>get("price"))).where(cb.or(cb.isNotNull(a.get("born")), cb.like(cb.lower(a.get("name")), "%h"))).groupBy(a.get("name")).having(cb.gt(cb.count(b), 0)).orderBy(cb.desc(cb.count(b)), cb.asc(a.get("name")));
            return texts(s.createQuery(q).setMaxResults(6).list());
        }));
        check("criteria_update", () -> in(s -> {
            HibernateCriteriaBuilder cb = s.getCriteriaBuilder();
            var u = cb.createCriteriaUpdate(Book.class);
            var b = u.from(Book.class);
            u.set(b.<BigDecimal>get("price"), cb.sum(b.<BigDecimal>get("price"), BigDecimal.ONE)).where(cb.lessThan(b.<BigDecimal>get("price"), BigDecimal.TEN));
            return s.createMutationQuery(u).executeUpdate();
        }));
    }

    private void nativeSql() {
        check("native", () -> in(s -> texts(s.createNativeQuery("select name, born, mood, array_agg(b.title order by b.title) as titles from authors a join books b on b.author_id = a.id where name like :p and a.id = any(:ids) group by a.id order by name", Object[].class).setParameter("p", "Author%").setParameter("ids", new Long[] {1L, 2L, 3L, 4L})
                .addScalar("name", String.class).addScalar("born", LocalDate.class).addScalar("titles", String[].class).list())));
        check("native_entity", () -> in(s -> s.createNativeQuery("select {a.*}, {b.*} from authors a join books b on b.author_id = a.id order by b.title limit 3", Object[].class).addEntity("a", Author.class).addJoin("b", "a.books").list().size()));
        check("native_json", () -> in(s -> texts(s.createNativeQuery("select jsonb_build_object('n', name, 'm', mood)::text from authors order by id limit 2", String.class).list())));
        check("native_question_mark", () -> in(s -> s.createNativeQuery("select '{\"a\":1}'::jsonb \\?\\? 'a', ?1 + 1", Object[].class).setParameter(1, 4).list().size()));
        check("procedure", () -> in(s -> {
            s.createNativeMutationQuery("create procedure pay(amount int, inout double_amount int, inout label text) language plpgsql as $$ begin double_amount := amount * 2; label := 'paid'; end $$").executeUpdate();
            var q = s.createStoredProcedureQuery("pay");
            q.registerStoredProcedureParameter("amount", Integer.class, ParameterMode.IN);
            q.registerStoredProcedureParameter("double_amount", Integer.class, ParameterMode.OUT);
            q.registerStoredProcedureParameter("label", String.class, ParameterMode.OUT);
            q.setParameter("amount", 21).execute();
            return List.of(q.getOutputParameterValue("double_amount"), q.getOutputParameterValue("label"));
        }));
        check("do_work", () -> in(s -> s.doReturningWork(c -> List.of(Check.query(c, "select count(*) from authors"), c.getMetaData().getDatabaseProductName()))));
    }
}
