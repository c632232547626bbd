package checks;

import jakarta.persistence.Basic;
import jakarta.persistence.CascadeType;
import jakarta.persistence.CollectionTable;
import jakarta.persistence.Column;
import jakarta.persistence.DiscriminatorColumn;
import jakarta.persistence.DiscriminatorValue;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FetchType;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.JoinTable;
import jakarta.persistence.ManyToMany;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapKeyColumn;
import jakarta.persistence.MapsId;
import jakarta.persistence.NamedQuery;
import jakarta.persistence.OneToMany;
import jakarta.persistence.OneToOne;
import jakarta.persistence.OrderBy;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Year;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.hibernate.annotations.Check;
import org.hibernate.annotations.ColumnDefault;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.Formula;
import org.hibernate.annotations.Generated;
import org.hibernate.annotations.GeneratedColumn;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.annotations.NaturalId;
import org.hibernate.annotations.SQLRestriction;
import org.hibernate.annotations.SoftDelete;
import org.hibernate.annotations.Struct;
import org.hibernate.type.SqlTypes;

/** Entities with what Hibernate has of mappings. */
final class Model {
    static final Class<?>[] ALL = {Author.class, Book.class, Tag.class, Profile.class, Payment.class, Card.class, Cash.class, Vehicle.class, Car.class, Truck.class, Shape.class, Circle.class, Square.class, Everything.class, Priced.class, Seat.class, Note.class, Node.class};
    /** Those that hbm2ddl can update: it drops structures and makes them again. */
    static final Class<?>[] UPDATABLE = Arrays.stream(ALL).filter(c -> c != Priced.class).toArray(Class<?>[]::new);

    private Model() {}

    enum Status { ACTIVE, RETIRED }

    enum Mood { SAD, OK, HAPPY }

    @Embeddable
    static class Address {
        String street;
        @Column(length = 12) String zip;

        Address() {}

        Address(String street, String zip) {
            this.street = street;
            this.zip = zip;
        }

        @Override
        public String toString() {
            return street + "/" + zip;
        }
    }

    @Entity(name = "Author")
    @Table(name = "authors")
    @NamedQuery(name = "byStatus", query = "from Author a where a.status = :status order by a.name")
    @Check(name = "author_born", constraints = "born > date '1000-01-01'")
    static class Author {
        @Id @GeneratedValue(strategy = GenerationType.SEQUENCE) Long id;
        @NaturalId(mutable = true) @Column(nullable = false, length = 80) String name;
        LocalDate born;
        @Enumerated(EnumType.STRING) @Column(nullable = false) Status status = Status.ACTIVE;
        @Enumerated(EnumType.ORDINAL) Mood mood;
        @Embedded Address address;
        @Version int version;
        @OneToMany(mappedBy = "author", cascade = CascadeType.ALL, orphanRemoval = true) @OrderBy("title") List<Book> books = new ArrayList<>();
        @ElementCollection @CollectionTable(name = "author_nick") @Column(name = "nick") Set<String> nicks = new HashSet<>();
        @ElementCollection @MapKeyColumn(name = "site", length = 20) @Column(name = "link") Map<String, String> links = new HashMap<>();
        @OneToOne(mappedBy = "author", cascade = CascadeType.ALL) Profile profile;
        @Formula("(select count(*) from books b where b.author_id = id)") int bookCount;

        Author() {}

        Author(String name) {
            this.name = name;
        }

        Author book(String title, String price, Tag... tags) {
            Book b = new Book();
            b.title = title;
            b.price = price == null ? null : new BigDecimal(price);
            b.author = this;
            b.tags.addAll(List.of(tags));
            books.add(b);
            return this;
        }
    }

    @Entity(name = "Profile")
    @Table(name = "profiles")
    static class Profile {
        @Id Long id;
        @MapsId @OneToOne(fetch = FetchType.LAZY) Author author;
        @Column(length = 100000) String bio;
    }

    @Entity(name = "Book")
    @Table(name = "books")
    @DynamicUpdate
    static class Book {
        @Id @GeneratedValue(strategy = GenerationType.UUID) UUID id;
        @Column(nullable = false) String title;
        @Column(precision = 10, scale = 2) @Check(constraints = "price >= 0") BigDecimal price;
        @ManyToOne(fetch = FetchType.LAZY, optional = false) Author author;
        @ManyToMany(cascade = CascadeType.PERSIST) @JoinTable(name = "book_tags") Set<Tag> tags = new LinkedHashSet<>();
        String[] keywords;
        @JdbcTypeCode(SqlTypes.JSON) Map<String, Object> attributes;
        @ColumnDefault("7") @Generated int stock;
        @GeneratedColumn("price * 2") @Column(precision = 12, scale = 2) BigDecimal twice;
    }

    @Entity(name = "Tag")
    @Table(name = "tags")
    static class Tag {
        @Id @GeneratedValue(strategy = GenerationType.IDENTITY) Integer id;
        @Column(unique = true) String label;
        @ManyToMany(mappedBy = "tags") Set<Book> books = new HashSet<>();

        Tag() {}

        Tag(String label) {
            this.label = label;
        }
    }

    @Entity(name = "Payment")
    @Table(name = "payments")
    @Inheritance(strategy = InheritanceType.JOINED)
    abstract static class Payment {
        @Id @GeneratedValue Long id;
        BigDecimal amount;
        boolean open = true;
    }

    @Entity(name = "Card")
    @Table(name = "card_payments")
    static class Card extends Payment {
        String number;
    }

    @Entity(name = "Cash")
    @Table(name = "cash_payments")
    static class Cash extends Payment {
        String currency;
    }

    @Entity(name = "Vehicle")
    @Table(name = "vehicles")
    @Inheritance(strategy = InheritanceType.SINGLE_TABLE)
    @DiscriminatorColumn(name = "kind")
    static class Vehicle {
        @Id @GeneratedValue Long id;
        String plate;
    }

    @Entity(name = "Car")
    @DiscriminatorValue("car")
    static class Car extends Vehicle {
        Integer doors;
    }

    @Entity(name = "Truck")
    @DiscriminatorValue("truck")
    static class Truck extends Vehicle {
        Double load;
    }

    @Entity(name = "Shape")
    @Inheritance(strategy = InheritanceType.TABLE_PER_CLASS)
    abstract static class Shape {
        @Id @GeneratedValue Long id;
        String colour;
    }

    @Entity(name = "Circle")
    static class Circle extends Shape {
        double radius;
    }

    @Entity(name = "Square")
    static class Square extends Shape {
        double side;
    }

    @Embeddable
    static class Detail {
        String label;
        Integer size;
        LocalDate day;
        String[] parts;
    }

    @Embeddable
    @Struct(name = "money_pair")
    static class MoneyPair {
        BigDecimal amount;
        String currency;
    }

    /** A column of each type. */
    @Entity(name = "Everything")
    static class Everything {
        @Id int id;
        boolean flag;
        Byte tiny;
        short small;
        int normal;
        long big;
        float single;
        double dbl;
        BigDecimal decimal;
        @Column(precision = 30, scale = 0) BigInteger whole;
        char letter;
        @Column(length = 5) String brief;
        @JdbcTypeCode(SqlTypes.LONG32VARCHAR) String lengthy;
        @Basic byte[] raw;
        UUID uuid;
        LocalDate date;
        LocalTime time;
        LocalDateTime moment;
        Instant instant;
        OffsetDateTime zoned;
        Duration duration;
        Year year;
        InetAddress address;
        @Enumerated @JdbcTypeCode(SqlTypes.NAMED_ENUM) Mood mood;
        int[] ints;
        @Column(length = 3) List<String> words;
        List<UUID> uuids;
        @JdbcTypeCode(SqlTypes.ARRAY) Set<LocalDate> dates;
        @JdbcTypeCode(SqlTypes.JSON) Map<String, Object> json;
        @JdbcTypeCode(SqlTypes.JSON) Detail detail;
        @Enumerated(EnumType.STRING) List<Status> states;
    }

    @Entity(name = "Priced")
    static class Priced {
        @Id int id;
        MoneyPair pair;
    }

    @Embeddable
    record SeatId(@Column(name = "row_no") int row, @Column(length = 1) String letter) implements Serializable {}

    @Entity(name = "Seat")
    static class Seat {
        @EmbeddedId SeatId id;
        String guest;
    }

    @Entity(name = "Note")
    @SoftDelete
    @SQLRestriction("text <> 'hidden'")
    static class Note {
        @Id @GeneratedValue Integer id;
        String text;
    }

    @Entity(name = "Node")
    @Table(name = "nodes")
    static class Node {
        @Id int id;
        String label;
        @ManyToOne(fetch = FetchType.LAZY) Node parent;

        Node() {}

        Node(int id, Node parent, String label) {
            this.id = id;
            this.parent = parent;
            this.label = label;
        }
    }
}
