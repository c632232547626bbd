// Drizzle: push, generate, migrate and pull of drizzle-kit; queries, relational queries and transactions over node-postgres and postgres.js.
import fs from "node:fs";
import { spawnSync } from "node:child_process";
import pg from "pg";
import postgres from "postgres";
import {
  and, arrayContained, arrayContains, arrayOverlaps, asc, avg, between, count, countDistinct, desc, eq, exists, getTableColumns, gt, gte, ilike, inArray, isNotNull, isNull, like, lt, max, min, ne,
  not, notInArray, or, sql, sum,
} from "drizzle-orm";
import { alias, except, intersect, unionAll } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { drizzle as overPostgresJs } from "drizzle-orm/postgres-js";
import { check, refused, equal, fresh, sql as run, done } from "./check.mjs";
import * as tables from "./drizzle/first.ts";
import * as relations from "./drizzle/relations.ts";

const { users, posts, groups, members, every, entries, admins, totals } = tables;
const home = fs.mkdtempSync("drizzle-"), first = fs.readFileSync("drizzle/first.ts", "utf8"), schema = `${home}/schema.ts`;
let url = await fresh("drizzle");

/** Runs drizzle-kit; what it printed, without what carries a time or a place. */
function kit(command, ...args) {
  fs.writeFileSync(`${home}/config.json`, JSON.stringify({
    dialect: "postgresql", schema: `./${schema}`, out: `./${home}/out`, dbCredentials: { url }, schemaFilter: ["public", "audit"], verbose: true, introspect: { casing: "preserve" },
  }));
  const ran = spawnSync("node", ["node_modules/drizzle-kit/bin.cjs", command, "--config", `${home}/config.json`, ...args], { encoding: "utf8", timeout: 60000, env: { ...process.env, NO_COLOR: "1" } });
  const out = (ran.stdout + ran.stderr).replace(/\x1b\[[0-9?]*[a-zA-Z]|\r/g, "").replace(/drizzle-\w{6}\b/g, "DIR").replace(/[⠁-⣿⣷⣯⣟⡿⢿⣻⣽⣾]/g, "");
  if (ran.status !== 0 || /error:/i.test(out)) throw new Error(out.trim().split("\n").slice(-12).join("\n"));
  return out.split("\n").map((l) => l.trim()).filter((l) => l && !/Pulling schema|fetching|Reading config|Using '|No config path/.test(l));
}
const changed = (...pairs) => fs.writeFileSync(schema, pairs.reduce((s, [from, to]) => { if (!s.includes(from)) throw new Error(`no ${from}`); return s.replace(from, to); }, first));
function pull() {
  fs.rmSync(`${home}/out`, { recursive: true, force: true });
  kit("pull");
  const made = fs.readdirSync(`${home}/out`).filter((f) => f.endsWith(".sql"));
  // Sorted: drizzle-kit writes tables and their parts in the order of catalog queries that have none.
  return ["schema.ts", "relations.ts", ...made].map((f) => fs.readFileSync(`${home}/out/${f}`, "utf8").split("\n").map((l) => (l.startsWith("import") ? l.split(/[{}, ]+/).sort().join(" ") : l.trim().replace(/(,|--> statement-breakpoint)$/, ""))).sort());
}

await check("push_first", () => { changed(); return kit("push", "--force"); });
await check("push_nothing", () => kit("push", "--force"));
await check("pull_first", () => pull());

const pool = new pg.Pool({ connectionString: url }), db = drizzle(pool, { schema: { ...tables, ...relations } });
const { createdAt, ...userColumns } = getTableColumns(users), noTime = { columns: { createdAt: false } };

await check("insert_returning", () => db.insert(users).values({ email: "ada@example.com", name: "Ada", role: "admin" }).returning(userColumns));
await check("insert_many", () => db.insert(users).values([..."bcdef"].map((c, i) => ({ email: `${c}@example.com`, name: c.toUpperCase(), managerId: i % 2 ? 1 : null }))).returning({ id: users.id, upper: users.upper }));
await check("insert_posts", () => db.insert(posts).values([
  { title: "Notes", authorId: 1, tags: ["a", "b"], data: { k: { deep: [1, 2.5, null] } } }, { title: "Letters", authorId: 1, views: 7, tags: ["a,b", 'q"uo\\te', ""] },
  { title: "t2", authorId: 2, views: 20 }, { title: "t3", authorId: 3, views: 15, data: "text" }, { title: "t4", authorId: 3, body: null, data: [1, 2] },
]).returning());
await check("insert_groups", () => db.insert(groups).values([{ name: "core" }, { name: "edge" }]).returning());
await check("insert_members", () => db.insert(members).values([[1, 1], [2, 1], [2, 2], [3, 2]].map(([userId, groupId]) => ({ userId, groupId, since: "2024-05-06" }))));
await check("conflict_nothing", () => db.insert(groups).values([{ name: "core" }, { name: "rim" }]).onConflictDoNothing({ target: groups.name }).returning({ name: groups.name }));
await check("conflict_update", () => db.insert(groups).values([{ name: "core" }, { name: "new" }]).onConflictDoUpdate({ target: groups.name, set: { name: sql`excluded.name || '!'` }, setWhere: ne(groups.name, "rim") }).returning({ name: groups.name }));
await check("insert_select", () => db.insert(groups).select(db.select({ id: sql`1000 + ${users.id}`.as("id"), name: users.email }).from(users).where(lt(users.id, 3))).returning());
await check("update_returning", () => db.update(posts).set({ views: sql`${posts.views} + 1`, body: "new" }).where(eq(posts.title, "t2")).returning());
await check("update_from", () => db.update(posts).set({ body: users.name }).from(users).where(and(eq(users.id, posts.authorId), gt(posts.views, 10))).returning({ body: posts.body, email: users.email }));
await check("delete_returning", () => db.delete(groups).where(gt(groups.id, 1000)).returning({ name: groups.name }));
await check("select_where", () => db.select(userColumns).from(users).where(and(or(like(users.email, "a%"), ilike(users.name, "B"), inArray(users.id, [4, 5, 99])), not(eq(users.name, "E")), isNotNull(users.name))).orderBy(asc(users.id)));
await check("select_null", () => db.select({ id: users.id }).from(users).where(and(isNull(users.managerId), between(users.id, 2, 5), notInArray(users.id, [6]))).orderBy(users.id));
await check("select_expressions", () => db.select({ n: sql`${posts.views} * 2`.mapWith(Number), len: sql`length(${posts.title})`.as("len") }).from(posts).orderBy(posts.id));
await check("like_pattern", () => db.select({ id: users.id }).from(users).where(like(users.email, "%\\_%")));
await check("array_operators", () => db.select({ a: arrayContains(posts.tags, ["a"]), b: arrayContained(posts.tags, ["a", "b", "c"]), c: arrayOverlaps(posts.tags, ["b", ""]) }).from(posts).orderBy(posts.id));
await check("jsonb_operators", () => db.select({ v: sql`${posts.data} -> 'k' -> 'deep' ->> 1`, has: sql`${posts.data} @> '{"a": [1]}'` }).from(posts).orderBy(posts.id));
await check("inner_join", () => db.select({ title: posts.title, author: { id: users.id, name: users.name } }).from(posts).innerJoin(users, eq(posts.authorId, users.id)).orderBy(posts.id));
await check("left_join_nested", () => db.select({ id: users.id, post: posts }).from(users).leftJoin(posts, eq(posts.authorId, users.id)).orderBy(users.id, posts.id));
await check("right_and_full_join", () => db.select({ m: members.groupId, g: groups.name, u: users.id }).from(members).rightJoin(groups, eq(groups.id, members.groupId)).fullJoin(users, eq(users.id, members.userId)).orderBy(members.groupId, groups.name, users.id));
await check("self_join", () => { const boss = alias(users, "boss"); return db.select({ id: users.id, boss: boss.name }).from(users).innerJoin(boss, eq(users.managerId, boss.id)).orderBy(users.id); });
await check("lateral_join", () => { const top = db.select({ title: posts.title }).from(posts).where(eq(posts.authorId, users.id)).orderBy(desc(posts.views)).limit(1).as("top"); return db.select({ id: users.id, top: top.title }).from(users).leftJoinLateral(top, sql`true`).orderBy(users.id); });
await check("group_having", () => db.select({ author: posts.authorId, n: count(), total: sum(posts.views), mean: avg(posts.views), least: min(posts.views), most: max(posts.title), kinds: countDistinct(posts.body) }).from(posts).groupBy(posts.authorId).having(gte(count(), 1)).orderBy(posts.authorId));
await check("count", async () => [await db.$count(users), await db.$count(users, eq(users.role, "admin")), await db.select({ id: users.id, posts: db.$count(posts, eq(posts.authorId, users.id)) }).from(users).orderBy(users.id)]);
await check("distinct_on", () => db.selectDistinctOn([posts.authorId], { author: posts.authorId, title: posts.title }).from(posts).orderBy(posts.authorId, desc(posts.views)));
await check("distinct", () => db.selectDistinct({ body: posts.body }).from(posts).orderBy(posts.body));
await check("page", () => db.select({ id: users.id }).from(users).orderBy(desc(users.id)).limit(2).offset(1));
await check("subquery", () => { const s = db.select({ author: posts.authorId, n: count().as("n") }).from(posts).groupBy(posts.authorId).as("s"); return db.select({ name: users.name, n: s.n }).from(s).innerJoin(users, eq(users.id, s.author)).orderBy(users.id); });
await check("exists", () => db.select({ id: users.id }).from(users).where(exists(db.select({ one: sql`1` }).from(posts).where(eq(posts.authorId, users.id)))).orderBy(users.id));
await check("with", () => { const w = db.$with("w").as(db.select({ id: users.id, n: sql`count(${posts.id})`.mapWith(Number).as("n") }).from(users).leftJoin(posts, eq(users.id, posts.authorId)).groupBy(users.id)); return db.with(w).select().from(w).orderBy(desc(w.n), w.id).limit(4); });
await check("with_update", () => { const w = db.$with("w").as(db.update(posts).set({ views: sql`${posts.views} + 100` }).where(eq(posts.title, "t4")).returning()); return db.with(w).select().from(w); });
await check("set_operations", () => Promise.all([
  unionAll(db.select({ v: users.name }).from(users), db.select({ v: groups.name }).from(groups)).orderBy(sql`1`).limit(5),
  intersect(db.select({ v: users.id }).from(users), db.select({ v: posts.authorId }).from(posts)).orderBy(sql`1`),
  except(db.select({ v: users.id }).from(users), db.select({ v: posts.authorId }).from(posts)).orderBy(sql`1`),
]));
await check("prepared", async () => { const p = db.select({ id: users.id, name: users.name }).from(users).where(eq(users.email, sql.placeholder("email"))).prepare("by_email"); return [await p.execute({ email: "ada@example.com" }), await p.execute({ email: "c@example.com" }), await p.execute({ email: "none" })]; });
await check("views", async () => { await db.refreshMaterializedView(totals); return [await db.select().from(admins), await db.select().from(totals).orderBy(totals.author)]; });
await check("refresh_concurrently", async () => { await run(url, "create unique index on totals (author_id)"); return (await db.refreshMaterializedView(totals).concurrently()).command; });
await check("other_schema", () => db.insert(entries).values({ what: "x", level: "high" }).returning({ id: entries.id, what: entries.what, level: entries.level }));
await check("sequence", () => db.execute(sql`select nextval('numbers'), nextval('numbers')`).then((r) => r.rows));
await check("raw", () => db.execute(sql`select ${1}::int + ${2n}::bigint as i, ${"x"} || 'y' as s, ${[1, 2]}::int[] as bad_list`).then((r) => r.rows).catch((e) => e.cause?.message ?? e.message));

await check("every_default", () => db.insert(every).values({}).returning(Object.fromEntries(Object.entries(getTableColumns(every)).filter(([n]) => n !== "uid"))));
const full = {
  small: -5, big: 42, huge: 9223372036854775807n, real: 0.25, double: 1e300, num: "12345678901234.56789", free: "1.50", char: "xyz", uid: "123e4567-e89b-12d3-a456-426614174000", day: "1999-12-31", clock: "01:02:03.5",
  zoned: "01:02:03+02", stamp: "1999-12-31 23:59:59.5", span: "1 mon -2 days", months: "1 year 2 mons", json: { a: null, b: "ü\n\"" }, bits: "011", net: "10.0.0.1/8", block: "10.0.0.0/8", mac: "08:00:2b:01:02:03",
  at: { x: 1.5, y: -2 }, edge: [1, 2, 3], mood: "happy", moods: ["sad", "it's ok"], grid: [[1, 2], [3, 4]], words: ["", "nul", "null"],
};
await check("every_full", () => db.insert(every).values(full).returning());
for (const [name, value] of Object.entries(full)) if (!["json", "at", "edge"].includes(name))
  await check(`where_${name}`, async () => equal(await db.$count(every, eq(every[name], value)), 1));

for (const [name, query] of Object.entries({
  nested: { ...noTime, orderBy: [asc(users.id)], with: { posts: { orderBy: (p, { desc }) => [desc(p.views)], limit: 2, with: { author: { columns: { email: true } } } }, members: { columns: {}, with: { group: true } }, manager: noTime, reports: { columns: { id: true }, orderBy: [desc(users.id)] } } },
  filtered: { ...noTime, where: (u, { and, gt, exists }) => and(gt(u.id, 1), exists(db.select().from(members).where(eq(members.userId, u.id)))), orderBy: (u, { desc }) => desc(u.id), limit: 2, offset: 1 },
  extras: { columns: { id: true }, extras: (u, { sql }) => ({ lower: sql`lower(${u.name})`.as("lower"), length: sql`length(${u.email})`.as("length") }), with: { posts: { columns: { title: true }, extras: (p, { sql }) => ({ double: sql`${p.views} * 2`.as("double") }), orderBy: [asc(posts.id)] } }, orderBy: [asc(users.id)] },
})) await check(`find_many_${name}`, () => db.query.users.findMany(query));
await check("find_many_to_many", () => db.query.groups.findMany({ orderBy: [asc(groups.id)], with: { members: { orderBy: [asc(members.userId)], with: { user: { columns: { name: true }, with: { posts: { columns: { title: true, tags: true, data: true, id: true }, orderBy: [asc(posts.id)] } } } } } } }));
await check("find_first", async () => [await db.query.posts.findFirst({ where: eq(posts.title, "Letters"), with: { author: noTime } }), await db.query.posts.findFirst({ where: eq(posts.title, "none") })]);
await check("find_prepared", async () => { const p = db.query.users.findFirst({ columns: { id: true }, where: eq(users.id, sql.placeholder("id")), with: { posts: { limit: sql.placeholder("n"), orderBy: [asc(posts.id)] } } }).prepare("find"); return [await p.execute({ id: 1, n: 1 }), await p.execute({ id: 3, n: 5 })]; });

await check("unique_refused", () => refused(db.insert(users).values({ email: "ada@example.com" })));
await check("unique_expression_refused", () => refused(db.insert(users).values({ email: "ADA@example.com" })));
await check("reference_refused", () => refused(db.insert(posts).values({ title: "x", authorId: 999 })));
await check("restrict_refused", () => refused(db.delete(users).where(eq(users.id, 1))));
await check("check_refused", () => refused(db.insert(users).values({ email: "nowhere" })));
await check("enum_refused", () => refused(db.update(users).set({ role: "root" })));
await check("null_refused", () => refused(db.update(users).set({ email: null })));
await check("generated_refused", () => refused(db.execute(sql`update users set upper = 'x'`)));
await check("identity_refused", () => refused(db.execute(sql`insert into users (id, email) values (5, 'z@z')`)));
await check("too_long_refused", () => refused(db.insert(every).values({ words: ["01234567890"] })));
await check("transaction", () => db.transaction(async (tx) => { await tx.insert(groups).values({ name: "in" }); return [await tx.$count(groups), await db.$count(groups)]; }));
await check("transaction_rolls_back", async () => {
  await db.transaction(async (tx) => { await tx.delete(members); tx.rollback(); }).catch((e) => e.message);
  return equal(await db.$count(members), 4);
});
await check("savepoint", () => db.transaction(async (tx) => {
  await tx.insert(groups).values({ name: "outer" });
  const said = await refused(tx.transaction(async (inner) => { await inner.insert(groups).values({ name: "inner" }); await inner.insert(groups).values({ name: "outer" }); }));
  await tx.transaction((inner) => inner.insert(groups).values({ name: "second" }));
  return [said, await tx.select({ name: groups.name }).from(groups).orderBy(groups.id)];
}));
for (const isolationLevel of ["read committed", "repeatable read", "serializable"]) await check(`transaction_${isolationLevel.replace(" ", "_")}`, () => db.transaction(async (tx) =>
  (await tx.execute(sql`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as ro, current_setting('transaction_deferrable') as d`)).rows, { isolationLevel, accessMode: "read only", deferrable: true }));
await check("locking", () => db.transaction((tx) => tx.select({ id: posts.id }).from(posts).where(eq(posts.authorId, 1)).orderBy(posts.id).for("update", { of: posts, skipLocked: true })));
await check("nowait", () => db.transaction(async (tx) => {
  await tx.select().from(posts).where(eq(posts.title, "t2")).for("no key update");
  return refused(db.select().from(posts).where(eq(posts.title, "t2")).for("update", { noWait: true }));
}));
await check("row_security", () => db.execute(sql`select c.relrowsecurity, p.policyname, p.permissive, p.roles::text[], p.cmd, p.qual, p.with_check from pg_class c left join pg_policies p on p.tablename = c.relname where c.relname = 'secrets' order by 2`).then((r) => r.rows));
await check("delete_cascades", async () => { await db.delete(posts); await db.delete(users).where(eq(users.id, 2)); return [await db.$count(members), await db.$count(users)]; });
await pool.end();

const client = postgres(url, { max: 1, onnotice: () => {} }), js = overPostgresJs(client, { schema: { ...tables, ...relations } });
await check("postgresjs_insert", () => js.insert(posts).values({ title: "js", authorId: 3, tags: ["x", "y z"], data: { a: 1 } }).returning());
await check("postgresjs_every", () => js.select().from(every).where(isNotNull(every.huge)));
await check("postgresjs_relations", () => js.query.users.findMany({ columns: { id: true, role: true }, orderBy: [asc(users.id)], with: { posts: true, manager: { columns: { id: true } }, members: { with: { group: true } } } }));
await check("postgresjs_transaction", () => js.transaction(async (tx) => { await tx.insert(groups).values({ name: "js" }); return [await refused(tx.transaction((t) => t.insert(groups).values({ name: "js" }))), await tx.$count(groups)]; }));
await client.end();

await run(url, "delete from every", "delete from posts");
const second = () => changed(
  ['["user", "admin"]', '["user", "admin", "guest"]'],
  ["  active: boolean().notNull().default(true),\n", "  active: boolean().default(false),\n  seen: timestamp({ precision: 3 }),\n  score: numeric({ precision: 6, scale: 2 }).notNull().default(\"1.5\"),\n"],
  ["email: varchar({ length: 120 })", "email: varchar({ length: 255 })"],
  ["  body: text().default(\"it's empty\"),\n", "  body: varchar({ length: 500 }).notNull().default(\"none\"),\n"],
  ['{ onDelete: "restrict", onUpdate: "cascade" }', '{ onDelete: "cascade" }'],
  ['  index("posts_hash").using("hash", t.title),\n', '  index("posts_title").on(t.title.op("text_pattern_ops")),\n'],
  ["like '%@%'`)", "like '%@%.%'`)"],
  ["(t) => [primaryKey({ columns: [t.userId, t.groupId], name: \"members_key\" })]", "(t) => [primaryKey({ columns: [t.groupId, t.userId], name: \"members_pk\" })]"],
  ["startWith: 100, increment: 5, minValue: 100, maxValue: 10000", "startWith: 100, increment: 10, minValue: 100, maxValue: 20000"],
  ['using: sql`owner = current_user`', 'using: sql`owner = session_user`'],
  ["what: text().notNull()", "what: varchar({ length: 40 })"],
  ["  span: interval().default(\"1 day 02:00:00\"),\n", ""],
);
await check("push_change", () => { second(); return kit("push", "--force"); });
await check("push_nothing_again", () => kit("push", "--force").sort());
await check("pull_second", () => pull());
await check("data_after_push", () => run(url, "select id, active, seen, score from users order by id"));

fs.rmSync(`${home}/out`, { recursive: true, force: true });
const migrations = () => fs.readdirSync(`${home}/out`).filter((f) => f.endsWith(".sql")).sort();
await check("generate_first", () => { changed(); kit("generate", "--name", "first"); return fs.readFileSync(`${home}/out/${migrations()[0]}`, "utf8"); });
await check("migrate_first", async () => { url = await fresh("drizzle_migrate"); return kit("migrate").slice(-1)[0].slice(-40); });
await check("generate_second", () => { second(); kit("generate", "--name", "second"); return fs.readFileSync(`${home}/out/${migrations()[1]}`, "utf8"); });
await check("migrate_second", async () => {
  const pool = new pg.Pool({ connectionString: url });
  try {
    await migrate(drizzle(pool), { migrationsFolder: `${home}/out` });
    await migrate(drizzle(pool), { migrationsFolder: `${home}/out` });
  } finally { await pool.end(); }
  return run(url, "select id, length(hash) from drizzle.__drizzle_migrations order by id");
});
await check("push_after_migrate", () => kit("push", "--force"));
await check("failed_migration", async () => {
  fs.writeFileSync(`${home}/out/0002_bad.sql`, "create table half (a int);--> statement-breakpoint\nalter table nowhere add x int;");
  const journal = JSON.parse(fs.readFileSync(`${home}/out/meta/_journal.json`, "utf8"));
  journal.entries.push({ idx: 2, version: "7", when: 4102444800000, tag: "0002_bad", breakpoints: true });
  fs.writeFileSync(`${home}/out/meta/_journal.json`, JSON.stringify(journal));
  const pool = new pg.Pool({ connectionString: url });
  try { return [await refused(migrate(drizzle(pool), { migrationsFolder: `${home}/out` })), (await pool.query("select to_regclass('half')")).rows]; } finally { await pool.end(); }
});
done();
