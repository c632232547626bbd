// Kysely: migrations, introspection, queries with json helpers, transactions and streams.
import pg from "pg";
import Cursor from "pg-cursor";
import { CompiledQuery, Kysely, Migrator, NO_MIGRATIONS, PostgresAdapter, PostgresDialect, sql } from "kysely";
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/postgres";
import { check, refused, equal, fresh, sql as run, done } from "./check.mjs";

const url = await fresh("kysely");
const connect = (at = url) => new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: at, max: 4 }), cursor: Cursor }) });
const db = connect();
const migrations = {
  a_users: {
    up: async (db) => {
      await db.schema.createSchema("extra").ifNotExists().execute();
      await db.schema.createType("mood").asEnum(["sad", "ok", "it's fine"]).execute();
      await db.schema.createTable("users").addColumn("id", "integer", (c) => c.primaryKey().generatedAlwaysAsIdentity()).addColumn("email", "varchar(120)", (c) => c.notNull().unique().nullsNotDistinct()).addColumn("name", "text")
        .addColumn("mood", sql`mood`, (c) => c.notNull().defaultTo("ok")).addColumn("manager_id", "integer", (c) => c.references("users.id").onDelete("set null")).addColumn("score", "numeric(8, 2)", (c) => c.defaultTo(1.5).check(sql`score >= 0`))
        .addColumn("upper", "text", (c) => c.generatedAlwaysAs(sql`upper(name)`).stored()).addColumn("created_at", "timestamptz", (c) => c.notNull().defaultTo(sql`now()`)).addCheckConstraint("email_at", sql`email like '%@%'`).execute();
    },
    down: async (db) => { await db.schema.dropTable("users").execute(); await db.schema.dropType("mood").execute(); await db.schema.dropSchema("extra").execute(); },
  },
  b_posts: {
    up: async (db) => {
      await db.schema.createTable("posts").addColumn("id", "bigserial", (c) => c.primaryKey()).addColumn("title", "varchar(200)", (c) => c.notNull()).addColumn("body", "text").addColumn("author_id", "integer", (c) => c.notNull())
        .addColumn("views", "integer", (c) => c.notNull().defaultTo(0)).addColumn("tags", sql`text[]`, (c) => c.notNull().defaultTo(sql`'{}'`)).addColumn("data", "jsonb")
        .addForeignKeyConstraint("posts_author", ["author_id"], "users", ["id"], (c) => c.onDelete("cascade").onUpdate("restrict")).addUniqueConstraint("posts_by_title", ["author_id", "title"]).execute();
      await db.schema.createIndex("posts_tags").on("posts").using("gin").column("tags").execute();
      await db.schema.createIndex("posts_popular").on("posts").columns(["views desc", "title"]).where("views", ">", 10).execute();
      await db.schema.createIndex("posts_lower").unique().on("posts").expression(sql`lower(title), author_id`).execute();
      await db.schema.createTable("extra.tags").addColumn("tag", "varchar", (c) => c.primaryKey()).addColumn("id", "uuid", (c) => c.defaultTo(sql`gen_random_uuid()`)).execute();
      await db.schema.createView("popular").columns(["number", "title"]).as(db.selectFrom("posts").select(["id", "title"]).where("views", ">", 10)).execute();
      await db.schema.createView("counted").materialized().as(db.selectFrom("posts").select((eb) => eb.fn.countAll().as("n"))).execute();
    },
    down: async (db) => { await db.schema.dropView("counted").materialized().execute(); await db.schema.dropView("popular").execute(); await db.schema.dropTable("posts").execute(); await db.schema.dropTable("extra.tags").execute(); },
  },
};
const migrator = (more = {}, at = db) => new Migrator({ db: at, provider: { getMigrations: async () => ({ ...migrations, ...more }) } });
const went = ({ error, results }) => ({ error: error && { code: error.code, message: error.message }, results: results?.map((r) => [r.migrationName, r.direction, r.status]) });

await check("migrate_up_one", async () => went(await migrator().migrateUp()));
await check("migrate_latest", async () => went(await migrator().migrateToLatest()));
await check("migrate_latest_nothing", async () => went(await migrator().migrateToLatest()));
await check("get_migrations", async () => (await migrator().getMigrations()).map((m) => [m.name, !!m.executedAt]));
await check("migrate_down", async () => went(await migrator().migrateDown()));
await check("migrate_to", async () => went(await migrator().migrateTo("b_posts")));
await check("migrate_bad", async () => [went(await migrator({ c_bad: { up: async (db) => { await db.schema.createTable("half").addColumn("a", "integer").execute(); await db.schema.alterTable("nowhere").addColumn("x", "integer").execute(); } } }).migrateToLatest()), await run(url, "select to_regclass('half')")]);
await check("migrate_at_once", async () => { // two migrators wait for each other: an advisory lock
  const at = await fresh("kysely_two"), [one, two] = [connect(at), connect(at)];
  try { return (await Promise.all([migrator({}, one).migrateToLatest(), migrator({}, two).migrateToLatest()])).map(went).map((r) => r.results.length).sort(); } finally { await one.destroy(); await two.destroy(); }
});
const own = (t) => t.schema !== "tarn"; // views of Tarn itself
await check("introspect_tables", () => db.introspection.getTables().then((l) => l.filter(own)));
await check("introspect_all", () => db.introspection.getTables({ withInternalKyselyTables: true }).then((l) => l.filter(own).map((t) => t.name)));
await check("introspect_schemas", () => db.introspection.getSchemas().then((l) => l.map((s) => s.name).filter((n) => n !== "tarn").sort()));
await check("introspect_metadata", () => db.introspection.getMetadata().then((m) => m.tables.filter(own).map((t) => [t.schema, t.name, t.columns.length])));
await check("catalog", () => run(url, `select pg_get_indexdef(indexrelid) as def from pg_index join pg_class c on c.oid = indrelid where relnamespace in ('public'::regnamespace, 'extra'::regnamespace)
  union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace in ('public'::regnamespace, 'extra'::regnamespace) order by 1`));

const count = async (table) => (await db.selectFrom(table).select((eb) => eb.fn.countAll().as("n")).executeTakeFirst()).n;
await check("insert_returning", () => db.insertInto("users").values({ email: "ada@example.com", name: "Ada" }).returning(["id", "email", "upper", "mood", "score"]).executeTakeFirstOrThrow());
await check("insert_many", () => db.insertInto("users").values([..."bcdef"].map((c, i) => ({ email: `${c}@example.com`, name: c.toUpperCase(), manager_id: i % 2 ? 1 : null, mood: i % 2 ? "sad" : "it's fine" }))).returning(["id", "mood"]).execute());
await check("insert_posts", () => db.insertInto("posts").values([
  { title: "Notes", author_id: 1, tags: ["a", "b"], data: { k: { deep: [1, 2.5, null] } } }, { title: "Letters", author_id: 1, views: 7, tags: ["a,b", 'q"uo\\te', ""], data: null },
  { title: "t2", author_id: 2, views: 20, data: JSON.stringify([1, 2]) }, { title: "t3", author_id: 3, views: 15 }, { title: "t4", author_id: 3, views: (eb) => eb.val(5) },
]).returningAll().execute());
await check("insert_default", () => db.insertInto("users").defaultValues().returning("id").execute().catch((e) => e.message));
await check("insert_result", () => db.insertInto("extra.tags").values([{ tag: "x" }, { tag: "Notes" }]).execute());
await check("conflict_nothing", () => db.insertInto("extra.tags").values([{ tag: "x" }, { tag: "y" }]).onConflict((c) => c.column("tag").doNothing()).returning("tag").execute());
await check("conflict_update", () => db.insertInto("users").values({ email: "ada@example.com", name: "Ada L" }).onConflict((c) => c.column("email").doUpdateSet((eb) => ({ name: sql`${eb.ref("excluded.name")} || '!'`, score: eb("users.score", "+", 1) })).where("users.mood", "=", "ok")).returning(["id", "name", "score"]).execute());
await check("conflict_constraint", () => db.insertInto("posts").values({ title: "Notes", author_id: 1, views: 3 }).onConflict((c) => c.constraint("posts_by_title").doUpdateSet({ views: (eb) => eb.ref("excluded.views") })).returning(["id", "views"]).execute());
await check("conflict_expression", () => db.insertInto("posts").values({ title: "NOTES", author_id: 1 }).onConflict((c) => c.expression(sql`lower(title), author_id`).doNothing()).executeTakeFirst());
await check("insert_select", () => db.insertInto("extra.tags").columns(["tag"]).expression((eb) => eb.selectFrom("users").select("email").where("id", "<", 3)).returning("tag").execute().then((l) => l.map((r) => r.tag).sort()));
await check("update_returning", () => db.updateTable("posts").set((eb) => ({ views: eb("views", "+", 1), body: "new" })).where("title", "=", "t2").returning(["id", "views", "body"]).execute());
await check("update_from", () => db.updateTable("posts").from("users as u").whereRef("u.id", "=", "posts.author_id").where("views", ">", 10).set((eb) => ({ body: eb.ref("u.name") })).returning(["posts.title", "u.email"]).execute());
await check("update_result", () => db.updateTable("users").set({ score: 2 }).where("id", "in", [2, 3, 99]).execute());
await check("delete_returning", () => db.deleteFrom("extra.tags").where("tag", "like", "%@%").returning("tag").execute().then((l) => l.map((r) => r.tag).sort()));
await check("delete_using", () => db.deleteFrom("posts").using("users").whereRef("users.id", "=", "posts.author_id").where("users.name", "=", "none").executeTakeFirst());
await check("merge", () => db.mergeInto("extra.tags as t").using("posts as p", "p.title", "t.tag").whenMatched().thenUpdateSet({ tag: (eb) => sql`upper(${eb.ref("t.tag")})` }).whenNotMatchedAnd("p.views", ">", 15).thenInsertValues((eb) => ({ tag: eb.ref("p.title") })).whenNotMatched().thenDoNothing().execute());

await check("where_kinds", () => db.selectFrom("users").select(["id", "name"]).where((eb) => eb.or([eb("name", "like", "A%"), eb.between("id", 3, 4), eb("mood", "=", "sad").and("manager_id", "is not", null)])).where("name", "is distinct from", "D").orderBy("id").execute());
await check("where_tuples", () => db.selectFrom("posts").select("title").where((eb) => eb(eb.refTuple("author_id", "title"), "in", [eb.tuple(1, "Notes"), eb.tuple(3, "t4")])).orderBy("id").execute());
await check("where_any", () => db.selectFrom("posts").select("title").where((eb) => eb(eb.val("a"), "=", eb.fn.any("tags"))).where("author_id", "=", (eb) => eb.fn.any(eb.val([1, 2]))).execute());
await check("where_exists", () => db.selectFrom("users as u").select("id").where((eb) => eb.not(eb.exists(eb.selectFrom("posts").select("id").whereRef("author_id", "=", "u.id")))).orderBy("id").execute());
await check("json_path", () => db.selectFrom("posts").select((eb) => ["title", eb.ref("data", "->").key("k").key("deep").at(1).as("v"), eb.ref("data", "->>").key("k").as("t"), eb.ref("data", "->$").key("k").key("deep").at("last").as("p")]).where("data", "is not", null).orderBy("id").execute().catch((e) => e.message));
await check("join", () => db.selectFrom("posts as p").innerJoin("users as u", "u.id", "p.author_id").leftJoin("users as m", (j) => j.onRef("m.id", "=", "u.manager_id").on("m.mood", "!=", "sad")).select(["p.title", "u.name", "m.name as boss"]).orderBy("p.id").execute());
await check("join_full_and_cross", () => db.selectFrom("posts as p").fullJoin("extra.tags as t", "t.tag", "p.title").crossJoin(sql`(values (1), (2))`.as(sql`v(n)`)).select(["title", "tag"]).select(sql`n`.as("n")).orderBy("title").orderBy("tag").orderBy(sql`n`).execute());
await check("join_lateral", () => db.selectFrom("users as u").leftJoinLateral((eb) => eb.selectFrom("posts").select(["title", "views"]).whereRef("author_id", "=", "u.id").orderBy("views", "desc").limit(1).as("top"), (j) => j.onTrue()).select(["u.id", "top.title", "top.views"]).orderBy("u.id").execute());
await check("group_having", () => db.selectFrom("posts").select((eb) => ["author_id", eb.fn.countAll().as("n"), eb.fn.sum("views").as("total"), eb.fn.avg("views").as("mean"), eb.fn.count("body").distinct().as("kinds"), eb.fn.countAll().filterWhere("views", ">", 5).as("many"), eb.fn.agg("array_agg", ["title"]).orderBy("title").as("titles")]).groupBy("author_id").having((eb) => eb.fn.countAll(), ">=", 1).orderBy("author_id").execute());
await check("window", () => db.selectFrom("posts").select((eb) => ["title", eb.fn.agg("row_number").over((o) => o.partitionBy("author_id").orderBy("views", "desc")).as("place"), eb.fn.sum("views").over().as("total")]).orderBy("id").execute());
await check("distinct_on", () => db.selectFrom("posts").distinctOn("author_id").select(["author_id", "title"]).orderBy("author_id").orderBy("views", (o) => o.desc().nullsLast()).execute());
await check("case", () => db.selectFrom("users").select((eb) => ["id", eb.case().when("mood", "=", "sad").then("down").when("id", ">", 4).then("up").else(eb.cast("mood", "text")).end().as("how")]).orderBy("id").execute());
await check("subquery_and_page", () => db.selectFrom((eb) => eb.selectFrom("users").select(["id", "name"]).orderBy("id", "desc").limit(4).as("s")).selectAll().orderBy("s.id").offset(1).execute());
await check("fetch_first", () => db.selectFrom("users").select("id").orderBy("mood").fetch(2, "with ties").execute().then((l) => l.map((r) => r.id).sort()));
await check("with", () => db.with("w", (q) => q.selectFrom("posts").select(["author_id"]).select((eb) => eb.fn.countAll().as("n")).groupBy("author_id")).with((cte) => cte("x").materialized(), (q) => q.selectFrom("w").selectAll().where("n", ">", 1)).selectFrom("x").selectAll().orderBy("author_id").execute());
await check("with_recursive", () => db.withRecursive("chain(id, boss, depth)", (q) => q.selectFrom("users").select(["id", "manager_id", sql`1`.as("depth")]).where("id", "=", 3).unionAll(q.selectFrom("users as u").innerJoin("chain", "chain.boss", "u.id").select(["u.id", "u.manager_id", sql`depth + 1`.as("d")]))).selectFrom("chain").selectAll().orderBy("depth").execute());
await check("with_write", () => db.with("w", (q) => q.insertInto("extra.tags").values({ tag: "cte" }).returning("tag")).selectFrom("w").selectAll().execute());
await check("set_operations", () => db.selectFrom("users").select("name as v").where("id", "<", 4).union(db.selectFrom("posts").select("title as v").where("views", ">", 10)).except(db.selectFrom("users").select("name as v").where("id", "=", 1)).orderBy("v").execute());

const nested = (eb) => jsonArrayFrom(eb.selectFrom("posts").select(["posts.id", "title", "tags", "data"]).select((eb) => jsonObjectFrom(eb.selectFrom("users as a").select(["a.email", "a.score"]).whereRef("a.id", "=", "posts.author_id")).as("author")).whereRef("author_id", "=", "users.id").orderBy("posts.id")).as("posts");
await check("json_array_from", () => db.selectFrom("users").select(["id", nested]).orderBy("id").execute());
await check("json_object_from", () => db.selectFrom("posts").select((eb) => ["title", jsonObjectFrom(eb.selectFrom("users").select(["id", "name", "mood"]).whereRef("users.id", "=", "posts.author_id")).as("author")]).orderBy("posts.id").execute());
await check("json_array_all", () => db.selectFrom("users").select((eb) => ["id", jsonArrayFrom(eb.selectFrom("users as r").selectAll("r").clearSelect().select(["r.id", "r.upper", "r.manager_id"]).whereRef("r.manager_id", "=", "users.id").orderBy("r.id")).as("reports")]).where("id", "=", 1).execute());
await check("json_build_object", () => db.selectFrom("users").select((eb) => ["id", jsonBuildObject({ first: eb.ref("name"), deep: jsonBuildObject({ score: eb.ref("score") }), list: jsonArrayFrom(eb.selectFrom("posts").select("title").whereRef("author_id", "=", "users.id").orderBy("title")) }).as("j")]).orderBy("id").limit(2).execute());
await check("json_aggregates", () => db.selectFrom("posts").innerJoin("users", "users.id", "author_id").select((eb) => ["users.id", eb.fn.jsonAgg(eb.table("posts")).distinct().as("rows"), eb.fn.jsonAgg("title").as("titles")]).where("users.id", "=", 1).groupBy("users.id").execute());
await check("to_json", () => db.selectFrom("posts as p").select((eb) => [eb.fn.toJson("p").as("row"), eb.fn.toJson(eb.ref("p.tags")).as("tags")]).orderBy("p.id").execute());
await check("functions", () => db.selectNoFrom((eb) => [eb.fn.coalesce(eb.lit(null), eb.cast(eb.val("x"), "text")).as("c"), eb.cast(eb.val("12"), "integer").as("i"), eb.fn("concat", [eb.cast(eb.val("a"), "text"), eb.lit(1)]).as("t"), sql`${1}::int + ${2}::int`.as("s"), sql`${sql.lit("it's")}`.as("lit"), eb.neg(eb.lit(3)).as("neg")]).execute());
await check("values", () => db.selectFrom(sql`(values (${1}::int, ${"a"}), (${2}, ${"b"}))`.as(sql`v(id, name)`)).selectAll().execute());
await check("raw", () => sql`select ${[1, 2]}::int[] as ints, ${{ a: 1 }}::jsonb as j, ${new Date(0)}::timestamptz as t, ${Buffer.from([0, 255])}::bytea as b, ${"1.50"}::numeric as n, ${sql.ref("s.x")} from (select 1 as x) ${sql.table("s")}`.execute(db).then((r) => r.rows));
await check("compiled", () => db.executeQuery(CompiledQuery.raw("select $1::text as t, $2::int as n", ["x", 5])).then((r) => r.rows));
await check("views", async () => { await db.schema.refreshMaterializedView("counted").execute(); return [await db.selectFrom("popular").selectAll().orderBy("number").execute(), await db.selectFrom("counted").selectAll().execute()]; });
await check("stream", async () => { const seen = []; for await (const r of db.selectFrom("users").select("id").orderBy("id").stream(2)) seen.push(r.id); return seen; });
await check("explain", () => db.selectFrom("users").select("id").where("id", "=", 1).explain("json").then((r) => Object.keys(r[0])));
await check("with_schema", () => db.withSchema("extra").selectFrom("tags").select("tag").orderBy("tag").execute());
await check("dynamic", () => { const { ref } = db.dynamic; return db.selectFrom("users").select([ref("name"), ref("id")]).orderBy(ref("id")).limit(1).execute(); });
await check("not_found", () => db.selectFrom("users").selectAll().where("id", "=", -1).executeTakeFirstOrThrow().catch((e) => e.message));

for (const [name, act] of Object.entries({
  unique: () => db.insertInto("users").values({ email: "ada@example.com" }), unique_expression: () => db.insertInto("posts").values({ title: "NOTES", author_id: 1 }), reference: () => db.insertInto("posts").values({ title: "x", author_id: 999 }),
  check: () => db.insertInto("users").values({ email: "nowhere" }), column_check: () => db.updateTable("users").set({ score: -1 }).where("id", "=", 1), null: () => db.insertInto("users").values({ email: null }), enum: () => db.updateTable("users").set({ mood: "glad" }),
  identity: () => db.insertInto("users").values({ id: 7, email: "g@g" }), generated: () => db.updateTable("users").set({ upper: "x" }), too_long: () => db.updateTable("users").set({ email: "@".repeat(121) }), numeric: () => db.updateTable("users").set({ score: 1e9 }),
  unknown_column: () => db.selectFrom("users").select("none"), unknown_table: () => db.selectFrom("none").selectAll(), cardinality: () => db.selectFrom("users").select((eb) => eb.selectFrom("posts").select("id").as("x")),
})) await check(`${name}_refused`, () => refused(act().execute()));

await check("transaction", () => db.transaction().execute(async (t) => { await t.insertInto("extra.tags").values({ tag: "tx" }).execute(); return [await t.selectFrom("extra.tags").select("tag").where("tag", "=", "tx").execute(), await count("extra.tags")]; }));
await check("transaction_rolls_back", async () => { await db.transaction().execute(async (t) => { await t.deleteFrom("posts").execute(); throw new Error("no"); }).catch((e) => e.message); return count("posts"); });
for (const level of ["read uncommitted", "read committed", "repeatable read", "serializable"]) await check(`transaction_${level.replace(" ", "_")}`, () => db.transaction().setIsolationLevel(level).execute((t) => sql`select current_setting('transaction_isolation') as level`.execute(t).then((r) => r.rows)));
await check("controlled_transaction", async () => {
  const t = await db.startTransaction().execute();
  await t.insertInto("extra.tags").values({ tag: "kept" }).execute();
  const s = await t.savepoint("before").execute();
  const said = await refused(s.insertInto("extra.tags").values({ tag: "kept" }).execute());
  await s.rollbackToSavepoint("before").execute();
  await s.releaseSavepoint("before").execute();
  await t.commit().execute();
  return [said, await db.selectFrom("extra.tags").select("tag").where("tag", "=", "kept").execute()];
});
await check("locking", () => db.transaction().execute(async (t) => {
  await t.selectFrom("posts").selectAll().where("title", "=", "t2").forNoKeyUpdate().execute();
  return [await db.selectFrom("posts").select("title").orderBy("id").forUpdate().skipLocked().execute(), await refused(db.selectFrom("posts").select("title").where("title", "=", "t2").forShare().noWait().execute()), await db.selectFrom("posts").select("title").where("title", "=", "t2").forKeyShare().execute()];
}));
await check("write_conflict", () => refused(db.transaction().setIsolationLevel("repeatable read").execute(async (t) => {
  await t.selectFrom("users").selectAll().where("id", "=", 2).execute();
  await db.updateTable("users").set({ name: "theirs" }).where("id", "=", 2).execute();
  await t.updateTable("users").set({ name: "mine" }).where("id", "=", 2).execute();
})));
await check("connection", () => db.connection().execute(async (c) => { await sql`set application_name = 'one'`.execute(c); return (await sql`show application_name`.execute(c)).rows; }));

await check("alter_table", async () => {
  const posts = () => db.schema.alterTable("posts");
  await posts().addColumn("slug", "varchar(50)", (c) => c.unique()).addColumn("at", "timestamp(3)").dropColumn("data").alterColumn("title", (c) => c.setNotNull()).alterColumn("views", (c) => c.setDefault(5)).alterColumn("author_id", (c) => c.dropNotNull()).execute();
  await posts().renameColumn("body", "words").execute();
  await posts().addUniqueConstraint("posts_words", ["words", "at"]).execute();
  await posts().addCheckConstraint("posts_views", sql`views < 1000000`).execute();
  await posts().dropConstraint("posts_author").execute();
  await posts().addForeignKeyConstraint("posts_writer", ["author_id"], "users", ["id"]).onDelete("set default").execute();
  await posts().renameTo("articles").execute();
  await db.schema.alterTable("articles").setSchema("extra").execute();
  return [(await db.introspection.getTables()).filter((t) => t.name === "articles"), await run(url, "select conname, pg_get_constraintdef(oid) as def from pg_constraint where conrelid = 'extra.articles'::regclass order by 1")];
});
await check("create_table_as", async () => { await db.schema.createTable("copy").as(db.selectFrom("users").select(["id", "name"])).execute(); return [await count("copy"), await db.schema.createTable("copy").ifNotExists().addColumn("x", "integer").execute()]; });
await check("temporary_table", () => db.connection().execute(async (c) => { await c.schema.createTable("temp").temporary().addColumn("a", "integer").onCommit("delete rows").execute(); return c.insertInto("temp").values({ a: 1 }).returning("a").execute(); }));
await check("every_type", async () => {
  const types = ["smallint", "integer", "bigint", "boolean", "real", "double precision", "numeric", "numeric(10, 3)", "decimal(6, 0)", "char(5)", "varchar", "varchar(30)", "text", "bytea", "date", "time(3)", "timetz", "timestamp", "timestamptz(6)", "uuid", "json", "jsonb", "int4range", "tstzrange", "int4multirange"];
  let table = db.schema.createTable("every").addColumn("id", "serial", (c) => c.primaryKey());
  types.forEach((t, i) => { table = table.addColumn(`c${i}`, t); });
  await table.execute();
  const row = [-5, 1, "9223372036854775807", true, 1.5, 0.1, "1.50", "2.5", "7", "ab", "v", "w", "t", Buffer.from([0, 255]), "2024-02-29", "01:02:03.4567", "01:02:03+02", "2024-01-02 03:04:05", new Date(86400000), "123e4567-e89b-12d3-a456-426614174000", { b: 1, a: null }, { b: 1, a: null }, "[1,5)", "[2024-01-01 00:00:00+00,)", "{[1,2],[5,6]}"];
  return [await db.insertInto("every").values(Object.fromEntries(row.map((v, i) => [`c${i}`, v]))).returningAll().execute(), (await db.introspection.getTables()).find((t) => t.name === "every").columns.map((c) => [c.name, c.dataType, c.isNullable, c.hasDefaultValue, c.isAutoIncrementing]),
    await db.selectFrom("every").select((eb) => jsonArrayFrom(eb.selectFrom("every as e").selectAll()).as("all")).execute()];
});
await check("drop_index", async () => { await db.schema.dropIndex("extra.posts_tags").ifExists().execute(); return refused(db.schema.dropIndex("posts_none").execute()); });
await check("drop_table_refused", () => refused(db.schema.dropTable("users").execute()));
await check("comment", async () => { await sql`comment on column ${sql.ref("users.email")} is 'where to write'`.execute(db); return (await db.introspection.getTables()).find((t) => t.name === "users").columns.find((c) => c.name === "email"); });
await db.destroy();

const again = await fresh("kysely_down"), down = connect(again);
await check("migrate_all_down", async () => [went(await migrator({}, down).migrateToLatest()), went(await migrator({}, down).migrateTo(NO_MIGRATIONS)), (await down.introspection.getTables()).filter(own).length]);
await down.destroy();
done();
