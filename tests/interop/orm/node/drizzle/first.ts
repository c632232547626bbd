import { sql } from "drizzle-orm";
import {
  bigint, bigserial, boolean, char, check, cidr, date, doublePrecision, foreignKey, index, inet, integer, interval, json, jsonb, line, macaddr, numeric, pgEnum,
  pgMaterializedView, pgPolicy, pgSchema, pgSequence, pgTable, pgView, point, primaryKey, real, serial, smallint, text, time, timestamp, unique, uniqueIndex, uuid, varchar, bit,
} from "drizzle-orm/pg-core";

export const role = pgEnum("role", ["user", "admin"]);
export const mood = pgEnum("mood", ["sad", "it's ok", "happy"]);
export const numbers = pgSequence("numbers", { startWith: 100, increment: 5, minValue: 100, maxValue: 10000, cache: 10, cycle: true });

export const users = pgTable("users", {
  id: integer().primaryKey().generatedAlwaysAsIdentity({ startWith: 1 }),
  email: varchar({ length: 120 }).notNull().unique("users_email"),
  name: text(),
  role: role().notNull().default("user"),
  managerId: integer("manager_id"),
  active: boolean().notNull().default(true),
  createdAt: timestamp("created_at", { withTimezone: true, precision: 3 }).notNull().defaultNow(),
  upper: text().generatedAlwaysAs(sql`upper(name)`),
}, (t) => [
  foreignKey({ columns: [t.managerId], foreignColumns: [t.id], name: "users_manager" }).onDelete("set null"),
  index("users_by_name").on(t.name.asc().nullsFirst(), t.email.desc()),
  uniqueIndex("users_lower_email").on(sql`lower(${t.email})`),
  check("users_email_at", sql`${t.email} like '%@%'`),
]);

export const posts = pgTable("posts", {
  id: bigserial({ mode: "bigint" }).primaryKey(),
  title: varchar({ length: 200 }).notNull(),
  body: text().default("it's empty"),
  authorId: integer("author_id").notNull().references(() => users.id, { onDelete: "restrict", onUpdate: "cascade" }),
  views: integer().notNull().default(0),
  tags: text().array().notNull().default(sql`'{}'::text[]`),
  data: jsonb().$type<any>().default({ a: [1, "x"] }),
}, (t) => [
  unique("posts_by_title").on(t.authorId, t.title).nullsNotDistinct(),
  index("posts_tags").using("gin", t.tags),
  index("posts_data").using("gin", t.data.op("jsonb_path_ops")),
  index("posts_popular").on(t.views.desc()).where(sql`${t.views} > 10`),
  index("posts_hash").using("hash", t.title),
]);

export const groups = pgTable("groups", { id: serial().primaryKey(), name: varchar({ length: 50 }).notNull().unique() });

export const members = pgTable("members", {
  userId: integer("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  groupId: integer("group_id").notNull().references(() => groups.id, { onDelete: "cascade" }),
  since: date().notNull().defaultNow(),
}, (t) => [primaryKey({ columns: [t.userId, t.groupId], name: "members_key" })]);

export const every = pgTable("every", {
  id: serial().primaryKey(),
  small: smallint().default(1),
  big: bigint({ mode: "number" }).default(9007199254740991),
  huge: bigint({ mode: "bigint" }),
  real: real().default(1.5),
  double: doublePrecision().default(0.1),
  num: numeric({ precision: 20, scale: 5 }).default("12.5"),
  free: numeric(),
  char: char({ length: 5 }).default("ab"),
  uid: uuid().defaultRandom(),
  day: date({ mode: "string" }).default("2024-02-29"),
  clock: time({ precision: 3 }).default("12:34:56.789"),
  zoned: time({ withTimezone: true }),
  stamp: timestamp({ mode: "string" }).default("2024-01-02 03:04:05"),
  span: interval().default("1 day 02:00:00"),
  months: interval({ fields: "year to month" }),
  json: json().$type<any>().default({ b: 1 }),
  bits: bit({ dimensions: 3 }).default("101"),
  net: inet(),
  block: cidr(),
  mac: macaddr(),
  at: point({ mode: "xy" }),
  edge: line(),
  mood: mood().default("it's ok"),
  moods: mood().array(),
  grid: integer().array().array(),
  words: varchar({ length: 10 }).array().default(["a", "b c"]),
});

export const audit = pgSchema("audit");
export const level = audit.enum("level", ["low", "high"]);
export const entries = audit.table("entries", { id: serial().primaryKey(), what: text().notNull(), level: level().default("low"), at: timestamp().defaultNow() });

export const secrets = pgTable("secrets", { id: serial().primaryKey(), owner: text().notNull() }, (t) => [
  pgPolicy("own", { as: "permissive", for: "select", to: "public", using: sql`owner = current_user` }),
  pgPolicy("writes", { as: "restrictive", for: "insert", to: "current_user", withCheck: sql`owner <> ''` }),
]);

export const admins = pgView("admins").as((qb) => qb.select({ id: users.id, name: users.name }).from(users).where(sql`${users.role} = 'admin'`));
export const totals = pgMaterializedView("totals").as((qb) => qb.select({ author: posts.authorId, views: sql<number>`sum(${posts.views})`.as("views") }).from(posts).groupBy(posts.authorId));
