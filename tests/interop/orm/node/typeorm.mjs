// TypeORM: synchronize, generated migrations, relations, trees, repositories, query builder and transactions.
import "reflect-metadata";
import { Between, Brackets, DataSource, In, IsNull, JsonContains, LessThan, Like, ILike, MoreThanOrEqual, Not, Or, Raw, ArrayContains, ArrayOverlap, Any, QueryFailedError } from "typeorm";
import { check, refused, equal, fresh, sql, done } from "./check.mjs";
import { first, second } from "./typeorm/entities.mjs";

const quiet = Object.fromEntries(["logQuery", "logQueryError", "logQuerySlow", "logSchemaBuild", "logMigration", "log"].map((n) => [n, () => {}]));
async function source(url, entities, more = {}) {
  const ds = new DataSource({ type: "postgres", url, entities, logging: false, logger: quiet, installExtensions: false, uuidExtension: "pgcrypto", applicationName: "checks", poolSize: 4, ...more });
  await ds.initialize();
  return ds;
}
const pending = async (ds) => { const l = await ds.driver.createSchemaBuilder().log(); return [l.upQueries, l.downQueries].map((list) => list.map((q) => [q.query, ...(q.parameters ?? [])])); };
const shape = (url) => sql(url, `select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '') || coalesce(' -- ' || col_description(c.oid, a.attnum), '') as it
  from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where relnamespace in ('public'::regnamespace, 'extra'::regnamespace) and relkind in ('r', 'v', 'm')
  union all select pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indrelid where relnamespace in ('public'::regnamespace, 'extra'::regnamespace)
  union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace in ('public'::regnamespace, 'extra'::regnamespace)
  union all select typname || ' ' || array_agg(enumlabel order by enumsortorder)::text from pg_type t join pg_enum e on enumtypid = t.oid group by typname order by 1`).then((l) => l.map((r) => r.it));

const url = await fresh("typeorm");
await sql(url, "create schema extra");
const db = await source(url, first());
await check("pending_first", () => pending(db));
await check("synchronize", async () => { await db.synchronize(); return shape(url); });
await check("pending_nothing", () => pending(db));

const [users, posts, groups, profiles, categories, folders, every] = ["User", "Post", "Group", "Profile", "Category", "Folder", "Every"].map((n) => db.getRepository(n));
await check("save_cascades", async () => {
  const saved = await users.save({ email: "ada@example.com", name: "Ada", role: "admin", profile: { id: "7f1b0f3a-8a51-4f4e-9d3c-2f1c7a0e5b11", bio: "engines", links: { web: ["a"] }, hobbies: ["x", "y"] }, posts: [{ title: "Notes", tags: ["a", "b"] }, { title: "Letters", views: 7, data: { k: { deep: [1, 2.5, null] } } }], groups: [{ name: "core" }, { name: "edge" }] });
  return users.findOne({ where: { id: saved.id }, relations: { profile: true, posts: true, groups: true }, order: { posts: { id: "ASC" }, groups: { id: "ASC" } } });
});
await check("save_many", async () => (await users.save([..."bcdef"].map((c, i) => ({ email: `${c}@example.com`, name: c.toUpperCase(), manager: i % 2 ? { id: 1 } : null })))).map((u) => [u.id, u.version, u.role]));
await check("save_chunked", async () => (await posts.save(Array.from({ length: 40 }, (_, i) => ({ title: `n${i}`, author: { id: 2 + (i % 3) }, views: i })), { chunk: 15 })).length);
await check("save_updates", async () => { const u = await users.findOneBy({ email: "b@example.com" }); u.name = "Bee"; const again = await users.save(u); return [again.version, (await users.save(again)).version]; });
await check("insert", () => posts.insert([{ title: "one", author: { id: 1 } }, { title: "two", author: { id: 1 }, data: null }]).then((r) => [r.identifiers, r.generatedMaps]));
await check("upsert", () => users.upsert([{ email: "b@example.com", name: "B again" }, { email: "g@example.com", name: "G" }], { conflictPaths: ["email"], skipUpdateIfNoValuesChanged: true }).then((r) => r.identifiers));
await check("update", () => posts.update({ title: Like("n1%") }, { body: "new", views: () => "views + 100" }).then((r) => r.affected));
await check("increment", async () => { await posts.increment({ title: "one" }, "views", 5); await posts.decrement({ title: "one" }, "views", 2); return posts.findOneBy({ title: "one" }); });
await check("delete", () => posts.delete({ views: LessThan(3), title: Like("n%") }).then((r) => r.affected));
await check("soft_delete", async () => { await users.softDelete({ email: "f@example.com" }); const gone = await users.count(); await users.restore({ email: "f@example.com" }); return [gone, await users.count(), await users.count({ withDeleted: true })]; });
await check("find_operators", () => users.find({ where: [{ id: Between(1, 2), name: Not(IsNull()) }, { email: In(["d@example.com", "x"]) }, { name: ILike("e%"), score: MoreThanOrEqual("1.5") }, { name: Raw((a) => `${a} = :n`, { n: "G" }) }, { id: Any([3]) }], order: { id: "ASC" } }));
await check("find_or", () => users.find({ where: { name: Or(Like("A%"), Like("C%")) }, order: { id: "DESC" }, select: { id: true, name: true, createdAt: false } }));
await check("find_arrays", () => posts.find({ where: [{ tags: ArrayContains(["a"]) }, { tags: ArrayOverlap(["z"]) }, { data: JsonContains({ k: { deep: [1] } }) }], order: { id: "ASC" } }));
for (const relationLoadStrategy of ["join", "query"]) await check(`find_relations_${relationLoadStrategy}`, () => users.find({ relationLoadStrategy, relations: { profile: true, groups: { members: true }, posts: { author: true } }, where: { id: In([1, 2, 3]) }, order: { id: "ASC", posts: { id: "ASC" }, groups: { id: "ASC", members: { id: "ASC" } } } }).then((l) => l.map((u) => ({ ...u, posts: u.posts.sort((a, b) => a.id - b.id), groups: u.groups.map((g) => ({ ...g, members: g.members.sort((a, b) => a.id - b.id) })).sort((a, b) => a.id - b.id) }))));
await check("find_self_relations", () => users.find({ relations: { manager: { manager: true }, reports: true }, where: { id: In([1, 2, 3]) }, order: { id: "ASC", reports: { id: "ASC" } } }));
await check("find_by_relation", () => posts.find({ where: { author: { manager: { name: "Ada" } } }, order: { views: { direction: "DESC", nulls: "LAST" }, id: "ASC" }, take: 3, skip: 1, relations: { author: true } }));
await check("find_and_count", () => users.findAndCount({ where: { posts: { views: MoreThanOrEqual(5) } }, relations: { posts: true }, order: { id: "ASC", posts: { id: "DESC" } }, take: 2 }));
await check("aggregates", async () => [await posts.sum("views"), await posts.average("views"), await posts.minimum("id"), await posts.maximum("views", { author: { id: 1 } }), await posts.exists({ where: { title: "one" } }), await posts.countBy({ body: "new" })]);
await check("find_or_fail", () => users.findOneByOrFail({ id: -1 }).catch((e) => e.name));
await check("many_to_many", async () => { const u = await users.findOne({ where: { id: 1 }, relations: { groups: true } }); u.groups = [...u.groups.filter((g) => g.name !== "core"), await groups.save({ name: "rim" })]; await users.save(u); return sql(url, "select * from memberships order by 1, 2"); });
await check("relation_builder", async () => { await users.createQueryBuilder().relation("groups").of(2).add([1, 2]); await users.createQueryBuilder().relation("groups").of(2).remove(1); await users.createQueryBuilder().relation("manager").of(2).set(1); return [await users.createQueryBuilder().relation("groups").of(2).loadMany(), (await users.createQueryBuilder().relation("manager").of(2).loadOne()).name]; });
await check("closure_tree", async () => {
  await categories.save({ name: "root", children: [{ name: "left", children: [{ name: "leaf" }] }, { name: "right" }] }).catch(async () => { });
  const root = (await categories.findOneBy({ name: "root" })) ?? (await categories.save({ name: "root" }));
  await categories.save({ name: "extra", parent: root });
  const tree = db.getTreeRepository("Category"), sorted = (n) => ({ name: n.name, children: n.children.map(sorted).sort((a, b) => (a.name < b.name ? -1 : 1)) });
  return [sorted(await tree.findDescendantsTree(root)), await tree.countDescendants(root), (await tree.findAncestors(await categories.findOneBy({ name: "extra" }))).map((c) => c.name).sort(), await sql(url, "select * from category_closure order by 1, 2")];
});
await check("path_tree", async () => { const a = await folders.save({ name: "a" }), b = await folders.save({ name: "b", parent: a }), c = await folders.save({ name: "c", parent: b }); const tree = db.getTreeRepository("Folder"); return [await tree.findAncestorsTree(c), (await tree.findDescendants(a)).map((f) => f.name).sort(), await sql(url, "select * from folder order by id")]; });

const qb = () => users.createQueryBuilder("u");
await check("builder_join", () => qb().leftJoinAndSelect("u.posts", "p", "p.views > :v", { v: 10 }).innerJoin("u.manager", "m").addSelect("m.name").where("u.id > :id", { id: 1 }).orderBy("u.id").addOrderBy("p.id").getMany());
await check("builder_brackets", () => qb().select(["u.id", "u.name"]).where(new Brackets((b) => b.where("u.name = :a", { a: "Ada" }).orWhere("u.email like :l", { l: "c%" }))).andWhere("u.role in (:...r)", { r: ["admin", "user"] }).orderBy("u.id").getMany());
await check("builder_raw", () => qb().leftJoin("u.posts", "p").select("u.id", "id").addSelect("count(p.id)", "n").addSelect("sum(p.views) filter (where p.views > 5)", "total").groupBy("u.id").having("count(*) > 0").orderBy("n", "DESC").addOrderBy("u.id").limit(4).getRawMany());
await check("builder_raw_and_entities", () => qb().select("u").addSelect("length(u.name)", "len").where("u.id < 3").orderBy("u.id").getRawAndEntities().then((r) => [r.entities, r.raw.map((x) => x.len)]));
await check("builder_subquery", () => qb().where((q) => `u.id in ${q.subQuery().select("p.authorId").from("Post", "p").where("p.views > :v", { v: 20 }).getQuery()}`).orderBy("u.id").getMany());
await check("builder_from_subquery", () => db.createQueryBuilder().select("s.name", "name").addSelect("s.n", "n").from((q) => q.select("u.name", "name").addSelect("count(*)", "n").from("User", "u").leftJoin("u.posts", "p").groupBy("u.name"), "s").orderBy("s.name").getRawMany());
await check("builder_cte", () => db.createQueryBuilder().addCommonTableExpression("select 1 as x union all select x + 1 from c where x < 4", "c", { recursive: true, columnNames: ["x"] }).select("x").from("c", "c").orderBy("x").getRawMany());
await check("builder_distinct_on", () => posts.createQueryBuilder("p").distinctOn(["p.authorId"]).orderBy("p.authorId").addOrderBy("p.views", "DESC", "NULLS LAST").addOrderBy("p.id").getMany());
await check("builder_paged_join", () => qb().leftJoinAndSelect("u.posts", "p").orderBy("u.name", "ASC", "NULLS FIRST").addOrderBy("p.id").skip(1).take(2).getManyAndCount());
await check("builder_map_count", () => qb().loadRelationCountAndMap("u.n", "u.posts").loadRelationIdAndMap("u.groupIds", "u.groups").orderBy("u.id").getMany().then((l) => l.map((u) => [u.id, u.n, u.groupIds.sort()])));
await check("builder_insert", () => groups.createQueryBuilder().insert().values([{ name: "core" }, { name: "built" }]).orIgnore().returning("*").execute().then((r) => r.raw));
await check("builder_upsert", () => groups.createQueryBuilder().insert().values({ name: "built" }).orUpdate(["name"], ["name"], { skipUpdateIfNoValuesChanged: false }).returning(["name"]).execute().then((r) => r.raw));
await check("builder_update", () => posts.createQueryBuilder().update().set({ views: () => "views * 2", tags: ["u"] }).where("title in (:...t)", { t: ["one", "two"] }).returning(["title", "views"]).execute().then((r) => r.raw.sort((a, b) => (a.title < b.title ? -1 : 1))));
await check("builder_delete", () => posts.createQueryBuilder().delete().where("title = :t", { t: "two" }).returning("*").execute().then((r) => r.raw));
await check("stream", async () => { const seen = []; for await (const r of await qb().select("u.id", "id").orderBy("u.id").stream()) seen.push(r.id); return seen; });
await check("views", async () => { return [await db.getRepository("AuthorView").find({ order: { id: "ASC" } }), await db.getRepository("Counted").find()]; });
await check("lazy_columns", () => users.findOne({ where: { id: 1 }, select: { id: true, createdAt: true, profile: { bio: true } }, relations: { profile: true } }).then((u) => [u.createdAt instanceof Date, u.profile]));

const full = {
  small: 1, big: "-9223372036854775808", real: 0.25, double: 1e300, numeric: "12345678901234567890.123456789", money: "$1,234.50", char: "xyz", bytes: Buffer.from([0, 1, 255]), date: "1999-12-31", time: "01:02:03.456", timetz: "01:02:03+02", stamp: new Date(0), span: "1 day 02:03:04",
  uid: "123e4567-e89b-12d3-a456-426614174000", json: { b: 1, a: null }, hstore: { x: ["ü\n\""] }, inet: "10.0.0.1/8", cidr: "10.0.0.0/8", mac: "08:00:2b:01:02:03", bit: "101", varbit: "1", point: "(1.5,-2)", box: "(1,1),(0,0)", range: "[1,5)", period: '["2024-01-01 00:00:00+00",)', multi: "{[1,3),[5,7)}",
  ts: "'cat':1 'fat':2", ints: [1, 2], moods: ["sad", "ok"], search: "x", xs: ["", "null", 'q"u'],
};
await check("every_default", async () => { const { id } = await every.save({}); const { uid, ...row } = await every.findOneBy({ id }); return row; });
await check("every_full", async () => { const { id } = await every.save({ ...full }); return every.findOneBy({ id }); });
for (const name of ["small", "big", "real", "double", "numeric", "money", "char", "bytes", "date", "time", "timetz", "stamp", "uid", "inet", "mac", "bit", "range", "multi"]) await check(`where_${name}`, async () => equal(await every.countBy({ [name]: full[name] }), 1));

for (const [name, act] of Object.entries({
  unique: () => users.insert({ email: "ada@example.com" }), reference: () => posts.insert({ title: "x", author: { id: 999 } }), restrict: () => users.delete(1), check: () => users.insert({ email: "nowhere" }), enum: () => users.update(1, { role: "root" }), null: () => users.insert({ email: null }),
  too_long: () => groups.insert({ name: "x".repeat(51) }), identity: () => db.query("insert into users (id, email) values (77, 'q@q')"), bad_type: () => every.update(1, { small: 100000 }), syntax: () => db.query("selec 1"), pair: () => posts.insert({ title: "Notes", author: { id: 1 } }),
})) await check(`${name}_refused`, () => refused(act()));
await check("error_is_query_failed", () => users.insert({ email: "ada@example.com" }).catch((e) => [e instanceof QueryFailedError, e.driverError.constraint, e.parameters.length]));
await check("transaction", () => db.transaction(async (t) => { await t.save("Group", { name: "tx" }); return [await t.countBy("Group", { name: "tx" }), await groups.countBy({ name: "tx" })]; }));
await check("transaction_rolls_back", async () => { await db.transaction(async (t) => { await t.createQueryBuilder().delete().from("Post").execute(); throw new Error("no"); }).catch((e) => e.message); return (await posts.count()) > 20; });
await check("nested_transaction", () => db.transaction(async (t) => {
  await t.save("Group", { name: "outer" });
  const said = await refused(t.transaction(async (s) => { await s.save("Group", { name: "inner" }); await s.insert("Group", { name: "outer" }); }));
  return [said, (await t.find("Group", { where: { name: In(["outer", "inner"]) } })).map((g) => g.name)];
}));
for (const level of ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]) await check(`transaction_${level.toLowerCase().replace(" ", "_")}`, () => db.transaction(level, (t) => t.query("select current_setting('transaction_isolation') as level")));
await check("query_runner", async () => {
  const r = db.createQueryRunner();
  await r.connect();
  await r.startTransaction("REPEATABLE READ");
  await r.manager.findOneBy("User", { id: 2 });
  await users.update(2, { name: "theirs" });
  const said = await refused(r.manager.update("User", 2, { name: "mine" }));
  await r.rollbackTransaction();
  await r.release();
  return said;
});
await check("locks", () => db.transaction(async (t) => {
  await t.findOne("Group", { where: { name: "core" }, lock: { mode: "pessimistic_write" } });
  return [await refused(groups.manager.transaction((o) => o.findOne("Group", { where: { name: "core" }, lock: { mode: "pessimistic_read", onLocked: "nowait" } }))), (await db.transaction((o) => o.find("Group", { lock: { mode: "for_no_key_update", onLocked: "skip_locked" }, order: { id: "ASC" } }))).map((g) => g.name)];
}));
await check("optimistic_lock", () => users.findOne({ where: { id: 1 }, lock: { mode: "optimistic", version: 99 } }).catch((e) => e.name));
await check("deferred_reference", () => refused(db.transaction(async (t) => { await t.insert("Post", { title: "late", author: { id: 555 } }); await t.query("select 1"); })));
await check("read_schema", async () => {
  const r = db.createQueryRunner(), t = await r.getTable("users"), v = await r.getView("author_view");
  const said = [t.columns.map((c) => [c.name, c.type, c.length, c.isNullable, c.default, c.isGenerated, c.generationStrategy, c.comment, c.enum, c.precision, c.scale, c.asExpression]), t.indices.map((i) => [i.name, i.columnNames, i.isUnique, i.where]).sort(), t.uniques.map((u) => [u.name, u.columnNames]).sort(),
    t.foreignKeys.map((f) => [f.name, f.columnNames, f.referencedTableName, f.onDelete]), t.checks.map((c) => [c.name, c.expression]), v.expression, await r.hasColumn("users", "email"), await r.hasTable("none"), await r.hasSchema("extra"), (await r.getSchemas?.().catch(() => [])) ?? [], await r.getCurrentSchema(), await r.getCurrentDatabase()];
  await r.release();
  return said;
});
await check("schema_api", async () => {
  const r = db.createQueryRunner();
  const { Table, TableColumn, TableIndex, TableForeignKey, TableUnique, TableCheck, TableExclusion } = await import("typeorm");
  await r.createTable(new Table({ name: "made", columns: [{ name: "id", type: "int", isPrimary: true, isGenerated: true, generationStrategy: "increment" }, { name: "name", type: "varchar", length: "20", default: "'x'" }, { name: "kind", type: "enum", enum: ["a", "b"] }] }));
  await r.addColumn("made", new TableColumn({ name: "user_id", type: "int", isNullable: true }));
  await r.createForeignKey("made", new TableForeignKey({ columnNames: ["user_id"], referencedTableName: "users", referencedColumnNames: ["id"], onDelete: "CASCADE" }));
  await r.createIndex("made", new TableIndex({ name: "made_name", columnNames: ["name"], where: "name <> ''" }));
  await r.createUniqueConstraint("made", new TableUnique({ name: "made_unique", columnNames: ["name", "user_id"] }));
  await r.createCheckConstraint("made", new TableCheck({ name: "made_check", expression: "length(name) > 0" }));
  await r.changeColumn("made", "name", new TableColumn({ name: "title", type: "text", isNullable: true }));
  await r.renameColumn("made", "user_id", "owner_id");
  await r.renameTable("made", "built");
  await r.updatePrimaryKeys("built", [new TableColumn({ name: "id", type: "int" })]).catch(() => {});
  const said = await shape(url);
  await r.dropTable("built", true, true, true);
  await r.release();
  return said.filter((l) => l.includes("built"));
});

await db.query("delete from every");
const next = await source(url, second());
await check("pending_second", () => pending(next));
await check("synchronize_second", async () => { await next.synchronize(); return shape(url); });
await check("pending_second_nothing", () => pending(next));
await check("data_after_synchronize", () => next.getRepository("User").find({ order: { id: "ASC" } }));
await next.destroy();
await db.destroy();

// Migrations out of what the schema builder says, as migration:generate writes them.
const other = await fresh("typeorm_migrate");
await sql(other, "create schema extra");
const made = [];
async function generate(name, entities) {
  const ds = await source(other, entities), [up, down] = await pending(ds);
  await ds.destroy();
  made.push(Object.defineProperty(class {
    name = name;
    async up(r) { for (const [q, ...p] of up) await r.query(q, p); }
    async down(r) { for (const [q, ...p] of [...down].reverse()) await r.query(q, p); }
  }, "name", { value: name }));
  return [up.length, down.length];
}
const migrate = async (entities, act) => { const ds = await source(other, entities, { migrations: made }); try { return await act(ds); } finally { await ds.destroy(); } };
await check("migration_first", async () => [await generate("First1700000000001", first()), await migrate(first(), async (ds) => [await ds.showMigrations(), (await ds.runMigrations()).map((m) => m.name), await pending(ds)])]);
await check("migration_second", async () => [await generate("Second1700000000002", second()), await migrate(second(), async (ds) => [(await ds.runMigrations({ transaction: "each" })).map((m) => m.name), await pending(ds), await ds.showMigrations()])]);
await check("migration_revert", () => migrate(first(), async (ds) => { await ds.undoLastMigration(); return [await pending(ds), await sql(other, "select name from migrations")]; }));
await check("migration_revert_all", () => migrate(first(), async (ds) => { await ds.undoLastMigration(); return shape(other); }));
await check("migration_bad", () => {
  made.push(class Bad1700000000009 { name = "Bad1700000000009"; async up(r) { await r.query("create table half (a int)"); await r.query("alter table nowhere add x int"); } async down() {} });
  return migrate(first(), async (ds) => [await refused(ds.runMigrations()), await sql(other, "select to_regclass('half'), to_regclass('users')")]);
});
await check("drop_schema", async () => { const ds = await source(url, first(), { dropSchema: true, synchronize: true }); const s = await shape(url); await ds.destroy(); return s.length > 50; });
done();
