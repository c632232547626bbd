// Knex: migrations, schema builder, queries, transactions and streams.
import fs from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import Knex from "knex";
import { check, refused, equal, fresh, sql, done } from "./check.mjs";

const url = await fresh("knex"), home = path.resolve(fs.mkdtempSync("knex-"));
const db = Knex({
  client: "pg", connection: url, searchPath: ["public", "extra"], pool: { min: 0, max: 4 }, log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  migrations: { directory: `${home}/migrations`, loadExtensions: [".mjs"], tableName: "done_migrations" }, seeds: { directory: `${home}/seeds`, loadExtensions: [".mjs"] },
});
const info = async (query) => Object.fromEntries(Object.entries(await query).sort(([a], [b]) => (a < b ? -1 : 1)));
const names = (list) => list.map((f) => path.basename(f.file ?? f.name ?? f));
const migrated = ([batch, list]) => [batch, list.map((f) => path.basename(f))];

fs.mkdirSync(`${home}/migrations`);
fs.mkdirSync(`${home}/seeds`);
const migration = (name, up, down, more = "") => fs.writeFileSync(`${home}/migrations/${name}.mjs`, `export const up = async (knex) => {${up}};\nexport const down = async (knex) => {${down}};\n${more}`);
migration("01_users", `
  await knex.schema.createSchemaIfNotExists("extra").createTable("users", (t) => {
    t.increments("id"); t.string("email", 120).notNullable().unique(); t.string("name").index(); t.enu("role", ["user", "admin"], { useNative: true, enumName: "user_role" }).defaultTo("user");
    t.enu("plan", ["free", "paid"]).defaultTo("free"); t.integer("manager_id").unsigned().references("users.id").onDelete("SET NULL"); t.boolean("active").defaultTo(true); t.comment("people"); t.timestamps(true, true);
  })`, `await knex.schema.dropTable("users").raw("drop type user_role")`);
migration("02_posts", `
  await knex.schema.createTable("posts", (t) => {
    t.bigIncrements(); t.string("title", 200).notNullable().comment("what it is"); t.text("body").defaultTo("it's empty"); t.integer("author_id").notNullable();
    t.integer("views").notNullable().defaultTo(0); t.check("?? >= 0", ["views"], "views_positive"); t.specificType("tags", "text[]").notNullable().defaultTo("{}"); t.jsonb("data");
    t.foreign("author_id", "posts_author").references("id").inTable("users").onDelete("CASCADE").onUpdate("RESTRICT").deferrable("deferred");
    t.unique(["author_id", "title"], { indexName: "posts_by_title", useConstraint: true, deferrable: "deferred" }); t.index(["data"], "posts_data", { indexType: "gin" });
    t.index(["views"], "posts_popular", { predicate: knex.whereRaw("views > 10") });
  })
  await knex.schema.withSchema("extra").createTable("tags", (t) => { t.uuid("id").primary().defaultTo(knex.fn.uuid()); t.string("tag").unique({ nullsNotDistinct: true }); });
  await knex.schema.createView("popular", (v) => { v.columns(["number", "title"]); v.as(knex("posts").select("id", "title").where("views", ">", 10)); });
  await knex.schema.createMaterializedView("counted", (v) => v.as(knex("posts").count("* as n")))`,
  `await knex.schema.dropMaterializedView("counted").dropView("popular").dropTable("posts"); await knex.schema.withSchema("extra").dropTable("tags")`);
migration("03_concurrent", `await knex.raw("create index concurrently users_plan on users (plan)")`, `await knex.raw("drop index concurrently users_plan")`, "export const config = { transaction: false };");

await check("migrate_up_one", async () => migrated(await db.migrate.up()));
await check("migrate_list", async () => (await db.migrate.list()).map(names));
await check("migrate_latest", async () => migrated(await db.migrate.latest()));
await check("migrate_latest_nothing", async () => migrated(await db.migrate.latest()));
await check("migrate_version", () => db.migrate.currentVersion());
await check("migrate_down", async () => migrated(await db.migrate.down()));
await check("migrate_up_again", async () => migrated(await db.migrate.up()));
await check("migrate_table", () => db("done_migrations").select("id", "name", "batch").orderBy("id"));
await check("migrate_bad", async () => {
  migration("04_bad", "await knex.schema.createTable('half', (t) => t.increments()); await knex.schema.alterTable('nowhere', (t) => t.integer('x'))", "");
  try { return [await refused(db.migrate.latest()), await db.schema.hasTable("half"), await db("done_migrations_lock").select()]; } finally { fs.rmSync(`${home}/migrations/04_bad.mjs`); }
});
await check("catalog", () => sql(url, `select c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid) as def, col_description(c.oid, a.attnum), obj_description(c.oid)
  from pg_class c join pg_namespace n on n.oid = relnamespace join pg_attribute a on a.attrelid = c.oid and attnum > 0 left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where nspname in ('public', 'extra') and relkind in ('r', 'v', 'm') order by nspname, relname, attnum`));
await check("indexes_and_constraints", () => sql(url, `select pg_get_indexdef(indexrelid) as def from pg_index join pg_class c on c.oid = indrelid where relnamespace in ('public'::regnamespace, 'extra'::regnamespace)
  union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace in ('public'::regnamespace, 'extra'::regnamespace) order by 1`));
await check("has", async () => [await db.schema.hasTable("users"), await db.schema.hasTable("nowhere"), await db.schema.hasColumn("users", "email"), await db.schema.hasColumn("users", "none"), await db.schema.withSchema("extra").hasTable("tags")]);
await check("column_info", async () => [await info(db("users").columnInfo()), await info(db("posts").columnInfo()), await db("posts").columnInfo("title"), await info(db("tags").withSchema("extra").columnInfo())]);

await check("insert_returning", () => db("users").insert({ email: "ada@example.com", name: "Ada", role: "admin" }, ["id", "email", "name", "role", "plan", "active"]));
await check("insert_many", () => db("users").insert([..."bcdef"].map((c, i) => ({ email: `${c}@example.com`, name: c.toUpperCase(), manager_id: i % 2 ? 1 : null }))).returning(["id", "manager_id"]));
await check("insert_posts", () => db("posts").insert([
  { title: "Notes", author_id: 1, tags: ["a", "b"], data: { k: { deep: [1, 2.5, null] }, s: "x" } }, { title: "Letters", author_id: 1, views: 7, tags: ["a,b", 'q"uo\\te', ""] },
  { title: "t2", author_id: 2, views: 20, data: JSON.stringify([1, { a: 1 }]) }, { title: "t3", author_id: 3, views: 15 }, { title: "t4", author_id: 3, body: null },
]).returning("*"));
await check("batch_insert", async () => (await db.batchInsert("users", Array.from({ length: 250 }, (_, i) => ({ email: `n${i}@example.com`, active: i % 3 === 0 })), 60).returning("id")).length);
await check("conflict_ignore", () => db("users").insert([{ email: "ada@example.com" }, { email: "new@example.com" }]).onConflict("email").ignore().returning("email"));
await check("conflict_merge", () => db("users").insert({ email: "ada@example.com", name: "Ada L", plan: "paid" }).onConflict("email").merge().returning(["id", "name", "plan"]));
await check("conflict_merge_some", () => db("users").insert({ email: "ada@example.com", name: "no", plan: "free" }).onConflict(["email"]).merge(["plan"]).where("users.active", true).returning(["id", "name", "plan"]));
await check("conflict_merge_raw", () => db("users").insert({ email: "b@example.com", name: "x" }).onConflict("email").merge({ name: db.raw("upper(excluded.name) || users.name") }).returning("name"));
await check("insert_select", () => db("users").insert(db("users").select(db.raw("'copy-' || email, name")).where("id", "<", 3)).into(db.raw("users (email, name)")).returning("email").then((l) => l.map((r) => r.email).sort()));
await check("update_returning", () => db("posts").where({ title: "t2" }).update({ body: "new", views: db.raw("?? + ?", ["views", 1]) }, ["id", "body", "views"]));
await check("increment", async () => [await db("posts").where("title", "t4").increment({ views: 100 }), await db("posts").where("title", "t4").decrement("views", 50), await db("posts").where("title", "t4").pluck("views")]);
await check("update_from", () => db("posts").updateFrom("users").where("users.id", db.ref("posts.author_id")).where("views", ">", 10).update({ body: db.ref("users.name") }).returning(["posts.title", "body"]).then((l) => l.sort((a, b) => (a.title < b.title ? -1 : 1))));
await check("update_json", () => db("posts").where({ title: "Notes" }).update({ data: db.jsonSet("data", "$.k.deep[0]", JSON.stringify(9)) }).returning("data"));
await check("delete_returning", () => db("users").where("email", "like", "copy-%").del("email").then((l) => l.map((r) => r.email).sort()));
await check("delete_using", () => db("posts").using("users").where("users.id", db.ref("posts.author_id")).where("users.name", "nobody").del());

const few = () => db("users").where("id", "<=", 6);
await check("where_kinds", () => few().where((q) => q.whereIn("name", ["Ada L", "C"]).orWhereBetween("id", [4, 5]).orWhereNull("plan")).whereNot("name", "D").whereNotNull("email").andWhereNotBetween("id", [5, 9]).orderBy("id").select("id", "name"));
await check("where_exists", () => few().whereExists(db("posts").whereColumn("posts.author_id", "users.id")).whereLike("email", "%example%").orWhereILike("name", "d").orderBy("id").pluck("id"));
await check("where_pairs", () => db("posts").whereIn(["author_id", "title"], [[1, "Notes"], [3, "t4"], [2, "none"]]).orderBy("id").pluck("title"));
await check("where_raw", () => db("posts").whereRaw("? = any(tags)", ["a"]).orWhere(db.raw("tags @> ?", [["a,b"]])).orderBy("id").pluck("title"));
await check("where_json", () => db("posts").whereJsonSupersetOf("data", { s: "x" }).orWhereJsonPath("data", "$[1].a", "=", 1).orderBy("id").pluck("title"));
await check("where_json_object", () => db("posts").whereJsonObject("data", [1, { a: 1 }]).pluck("title"));
await check("json_extract", () => db("posts").jsonExtract([["data", "$.s", "s"], ["data", "$.k.deep", "deep"]]).select("title").orderBy("id"));
await check("json_insert_remove", () => db("posts").where("title", "Notes").jsonInsert("data", "$.k.deep[0]", "7", "inserted").jsonRemove("data", "$.k", "removed"));
await check("join", () => db("users as u").join("posts as p", "p.author_id", "u.id").leftJoin("users as m", (j) => j.on("m.id", "u.manager_id").andOn("m.active", "=", db.raw("true"))).select({ name: "u.name", title: "p.title", boss: "m.name" }).orderBy("p.id"));
await check("join_using_and_full", () => db("posts").fullOuterJoin("tags", db.raw("?? = ??", ["tag", "title"])).crossJoin(db.raw("(values (1), (2)) v(n)")).select("title", "tag", "n").orderBy(["title", "n"]));
await check("group_having", () => db("posts").select("author_id").count("* as n").sum("views as total").avg({ mean: "views" }).min("title").max("title as last").countDistinct("body as kinds").groupBy("author_id").having("author_id", ">", 0).havingRaw("count(*) > ?", [0]).orderBy("author_id"));
await check("rollup", () => db("users").select("plan", "role").count().groupByRaw("rollup(plan, role)").orderByRaw("1 nulls last, 2 nulls last"));
await check("window", () => db("posts").select("title").rowNumber("place", (w) => w.partitionBy("author_id").orderBy("views", "desc")).rank("r", ["views"]).orderBy("id"));
await check("distinct_on", () => db("posts").distinctOn("author_id").select("author_id", "title").orderBy([{ column: "author_id" }, { column: "views", order: "desc", nulls: "last" }]));
await check("page", () => db("users").orderBy("id", "desc").limit(3).offset(2).pluck("email"));
await check("first", async () => [await db("users").first("id", "name").where("id", 1), await db("users").first().where("id", -1)]);
await check("subquery", () => few().select("id", db("posts").count().whereColumn("author_id", "users.id").as("posts")).where("id", "in", db("posts").select("author_id")).orderBy("id"));
await check("with", () => db.with("w", ["author", "n"], db("posts").select("author_id").count().groupBy("author_id")).withMaterialized("x", db("w").where("n", ">", 1)).select("*").from("x").orderBy("author"));
await check("with_recursive", () => db.withRecursive("chain", (q) => q.select("id", "manager_id", db.raw("1 as depth")).from("users").where("id", 3).union((u) => u.select("u.id", "u.manager_id", db.raw("depth + 1")).from("users as u").join("chain", "chain.manager_id", "u.id"))).from("chain").orderBy("depth"));
await check("set_operations", async () => [await db("users").select("name as v").where("id", "<", 4).unionAll([db("posts").select("title").where("views", ">", 10)]).orderBy("v"), await db.select(1).as("x").intersect(db.select(2)), await db("users").select("id").where("id", "<", 6).except(db("posts").select("author_id")).orderBy("id")]);
await check("raw", async () => (await db.raw("select :a::int as a, :b::text as b, :c: as c from (select 1 as :c:) s", { a: 1, b: "x'y", c: "one" })).rows);
await check("bindings", async () => (await db.raw("select ?::int[] as ints, ?::jsonb as j, ?::timestamptz as t, ?::bytea as b, ?::numeric as n, ? \\? 'a' as has", [[1, 2], { a: 1 }, new Date(0), Buffer.from([0, 255]), "1.50", db.raw("'{\"a\":1}'::jsonb")])).rows);
await check("views", async () => { await db.schema.refreshMaterializedView("counted"); return [await db("popular").orderBy("number"), await db("counted")]; });
await check("stream", async () => { const seen = []; await pipeline(db("users").select("id").orderBy("id").stream({ batchSize: 10 }), async (rows) => { for await (const r of rows) seen.push(r.id); }); return [seen.length, seen.slice(0, 3)]; });
await check("seed", async () => { fs.writeFileSync(`${home}/seeds/tags.mjs`, "export const seed = async (knex) => { await knex('extra.tags').del(); await knex('extra.tags').insert([{ tag: 'x' }, { tag: 'Notes' }]); };"); await db.seed.run(); return db("tags").pluck("tag").orderBy("tag"); });

await check("unique_refused", () => refused(db("users").insert({ email: "ada@example.com" }).then()));
await check("reference_refused", () => refused(db("posts").insert({ title: "x", author_id: 9999 }).then()));
await check("check_refused", () => refused(db("users").insert({ email: "x", plan: "gold" }).then()));
await check("enum_refused", () => refused(db("users").insert({ email: "x", role: "root" }).then()));
await check("null_refused", () => refused(db("users").insert({ name: "x" }).then()));
await check("too_long_refused", () => refused(db("posts").insert({ title: "x".repeat(201), author_id: 1 }).then()));
await check("syntax_refused", () => refused(db.raw("selec 1").then()));
await check("timeout", () => refused(db.raw("select pg_sleep(5)").timeout(100, { cancel: true }).then()));
await check("transaction", async () => [await db.transaction((t) => t("users").insert({ email: "tx@example.com" }).returning("email")), await db("users").where("email", "tx@example.com").count()]);
await check("transaction_rolls_back", async () => { await db.transaction(async (t) => { await t("posts").del(); throw new Error("no"); }).catch((e) => e.message); return db("posts").count(); });
await check("savepoint", () => db.transaction(async (t) => {
  await t("users").insert({ email: "outer@example.com" });
  const said = await refused(t.transaction(async (s) => { await s("users").insert({ email: "inner@example.com" }); await s("users").insert({ email: "outer@example.com" }); }));
  return [said, await t("users").whereIn("email", ["outer@example.com", "inner@example.com"]).pluck("email")];
}));
for (const isolationLevel of ["read uncommitted", "read committed", "repeatable read", "serializable"]) await check(`transaction_${isolationLevel.replace(" ", "_")}`, () => db.transaction(async (t) =>
  (await t.raw("select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as ro")).rows, { isolationLevel, readOnly: isolationLevel === "serializable" }));
await check("transaction_provider", async () => { const t = await db.transaction(); await t("users").where("id", 1).update({ name: "lost" }); await t.rollback(); return [t.isCompleted(), await db("users").where("id", 1).pluck("name")]; });
await check("write_conflict", async () => {
  const t = await db.transaction(null, { isolationLevel: "repeatable read" });
  await t("users").where("id", 2).first();
  await db("users").where("id", 2).update({ name: "theirs" });
  try { return await refused(t("users").where("id", 2).update({ name: "mine" }).then()); } finally { await t.rollback(); }
});
await check("locking", () => db.transaction(async (t) => {
  await t("posts").where("title", "t2").forUpdate().first();
  return [await refused(db("posts").where("title", "t2").forShare().noWait().then()), await db("posts").forNoKeyUpdate().skipLocked().orderBy("id").pluck("title"), await db("posts").forKeyShare().where("title", "t3").pluck("title")];
}));
await check("deferred_unique", () => db.transaction(async (t) => {
  await t("posts").where("title", "t3").update({ title: "t4" });
  await t("posts").where({ title: "t4" }).where("views", ">", 15).update({ title: "t3" });
  return t("posts").where("author_id", 3).orderBy("id").select("id", "title");
}));
await check("concurrent_increments", async () => { await Promise.all(Array.from({ length: 20 }, () => db("posts").where("title", "Notes").increment("views"))); return db("posts").where("title", "Notes").pluck("views"); });

const shape = async (table) => [await info(db(table).columnInfo()), await sql(url, "select pg_get_indexdef(indexrelid) as def from pg_index where indrelid = $1::regclass order by 1".replace("$1", `'${table}'`)), await sql(url, `select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = '${table}'::regclass order by 1`)];
await check("every_type", async () => {
  await db.schema.createTable("every", (t) => {
    t.tinyint("a"); t.smallint("b"); t.mediumint("c"); t.bigint("d").defaultTo("9223372036854775807"); t.float("e"); t.double("f"); t.decimal("g", 10, 3).defaultTo(1.5); t.decimal("g0", null); t.binary("h"); t.date("i"); t.time("j");
    t.datetime("k", { useTz: false, precision: 3 }); t.timestamp("l").defaultTo(db.fn.now(6)); t.json("m").defaultTo(JSON.stringify({ a: 1 })); t.jsonb("n"); t.uuid("o"); t.text("p", "longtext"); t.specificType("q", "int[]").defaultTo("{1,2}");
    t.specificType("r", "tsvector"); t.string("t").collate("C"); t.point("u"); t.primary(["b", "d"], { constraintName: "every_key" }); t.double("v").checkBetween([0, 1]); t.string("w").checkRegex("^[a-z]+$"); t.string("x").checkIn(["p", "q"]); t.string("y").checkLength(">=", 2);
  });
  return shape("every");
});
await check("alter", async () => {
  await db.schema.alterTable("every", (t) => {
    t.string("p", 50).notNullable().defaultTo("p").alter(); t.bigint("c").alter(); t.renameColumn("e", "single"); t.dropColumn("f"); t.dropColumns("h", "i"); t.integer("added").unsigned().defaultTo(5).index(); t.setNullable("p"); t.dropNullable("a");
    t.dropPrimary("every_key"); t.unique(["a", "o"]); t.check("a > 0", [], "a_positive"); t.string("g0").alter({ alterNullable: false });
  });
  return shape("every");
});
await check("alter_back", async () => {
  await db.schema.alterTable("every", (t) => { t.dropUnique(["a", "o"]); t.dropIndex("added"); t.dropChecks("a_positive"); t.primary(["a"]); t.increments("id", { primaryKey: false }); t.foreign("added").references("users.id"); t.timestamps(); });
  await db.schema.alterTable("every", (t) => { t.dropForeign("added"); t.dropTimestamps(); });
  await db.schema.renameTable("every", "each");
  return shape("each");
});
await check("create_like", async () => { await db.schema.createTableLike("again", "each", (t) => t.integer("more")); return shape("again"); });
await check("alter_view", async () => { await db.schema.alterView("popular", (v) => v.column("title").rename("name")); await db.schema.createViewOrReplace("mine", (v) => { v.columns(["id"]); v.as(db("users").select("id").where("active", true)); v.localCheckOption(); }); await db.schema.renameView("mine", "ours"); return [await info(db("popular").columnInfo()), await db("ours").count()]; });
await check("drop_if_exists", async () => { await db.schema.dropTableIfExists("again").dropTableIfExists("nowhere").dropViewIfExists("ours"); return db.schema.hasTable("again"); });
await check("schemas", async () => { await db.schema.createSchema("more").dropSchemaIfExists("none"); await db.schema.withSchema("more").createTable("t", (t) => t.increments()); return [await refused(db.schema.dropSchema("more").then()), (await db.schema.dropSchema("more", true))[0]?.command]; });
await check("truncate", async () => { await db("posts").truncate(); return [await db("posts").count(), await db("posts").insert({ title: "again", author_id: 1 }).returning("id")]; });
await check("migrate_rollback", async () => migrated(await db.migrate.rollback()));
await check("migrate_rollback_all", async () => migrated(await db.migrate.rollback(null, true)));
await check("empty_again", () => sql(url, "select relname from pg_class where relnamespace in ('public'::regnamespace, 'extra'::regnamespace) and relkind in ('r', 'v', 'm') order by 1"));
await db.destroy();
done();
