// Sequelize: sync, alter, associations, queryInterface, transactions and every type.
import Sequelize from "sequelize";
import { check, refused, equal, fresh, sql, done } from "./check.mjs";

const { DataTypes: T, Op, QueryTypes, Deferrable, Transaction, fn, col, literal, where, cast, json } = Sequelize;
const url = await fresh("sequelize");
let statements = [];
const db = new Sequelize.Sequelize(url, { logging: (s) => statements.push(s.replace(/^Executing \([^)]*\): /, "")), pool: { max: 4, idle: 500 }, define: { timestamps: false }, dialectOptions: { application_name: "checks" } });
const shape = () => sql(url, `select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '') || coalesce(' -- ' || col_description(c.oid, a.attnum), '') as it
  from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where relnamespace in (select oid from pg_namespace where nspname in ('public', 'extra')) and relkind in ('r', 'v', 'm')
  union all select pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indrelid where relnamespace in (select oid from pg_namespace where nspname in ('public', 'extra'))
  union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace in (select oid from pg_namespace where nspname in ('public', 'extra'))
  union all select typname || ' ' || array_agg(enumlabel order by enumsortorder)::text from pg_type t join pg_enum e on enumtypid = t.oid group by typname order by 1`).then((l) => l.map((r) => r.it));
const plain = (x) => (Array.isArray(x) ? x.map(plain) : (x?.get?.({ plain: true }) ?? x));

const attributes = {
  user: { email: { type: T.STRING(120), allowNull: false, unique: true }, name: { type: T.TEXT, comment: "as called" }, role: { type: T.ENUM("user", "admin"), defaultValue: "user" }, score: { type: T.DECIMAL(8, 2), defaultValue: 1.5 }, active: { type: T.BOOLEAN, allowNull: false, defaultValue: true } },
  post: { id: { type: T.BIGINT, primaryKey: true, autoIncrement: true }, title: { type: T.STRING(200), allowNull: false }, body: { type: T.TEXT, defaultValue: "it's empty" }, views: { type: T.INTEGER, allowNull: false, defaultValue: 0 }, tags: { type: T.ARRAY(T.STRING), allowNull: false, defaultValue: [] }, data: T.JSONB },
  group: { name: { type: T.STRING(50), unique: "groups_name" } },
};
const User = db.define("user", attributes.user, { comment: "people", timestamps: true, paranoid: true, version: true, underscored: true, indexes: [{ fields: ["name", { name: "role", order: "DESC" }] }, { name: "users_lower", unique: true, fields: [fn("lower", col("email"))] }], scopes: { admins: { where: { role: "admin" } }, named: (n) => ({ where: { name: n } }) } });
const Profile = db.define("profile", { id: { type: T.UUID, primaryKey: true, defaultValue: T.UUIDV4 }, bio: T.STRING });
const Event = db.define("event", { what: T.STRING, level: { type: T.ENUM("low", "high"), defaultValue: "low" } }, { schema: "extra" });
const Post = db.define("post", attributes.post, { indexes: [{ fields: ["tags"], using: "gin" }, { fields: ["data"], using: "gin", operator: "jsonb_path_ops" }, { name: "posts_popular", fields: ["views"], where: { views: { [Op.gt]: 10 } } }, { unique: true, fields: ["user_id", "title"], name: "posts_by_title" }] });
const Group = db.define("group", attributes.group);
const Membership = db.define("membership", { since: { type: T.DATEONLY, defaultValue: "2024-05-06" } });
User.belongsTo(User, { as: "manager" });
User.hasMany(User, { as: "reports", foreignKey: "manager_id" });
User.hasOne(Profile, { onDelete: "CASCADE", foreignKey: "user_id" });
Profile.belongsTo(User, { foreignKey: "user_id" });
User.hasMany(Post, { foreignKey: { name: "user_id", allowNull: false }, onDelete: "RESTRICT" });
Post.belongsTo(User, { as: "author", foreignKey: "user_id" });
User.belongsToMany(Group, { through: Membership });
Group.belongsToMany(User, { through: Membership });
const Every = db.define("every", {
  small: { type: T.SMALLINT, defaultValue: -5 }, big: { type: T.BIGINT, defaultValue: "9223372036854775807" }, real: { type: T.REAL, defaultValue: 1.5 }, double: T.DOUBLE, float: T.FLOAT, dec: T.DECIMAL, char: T.CHAR(5), bytes: T.BLOB, date: T.DATEONLY, time: T.TIME, stamp: T.DATE(3), uid: T.UUID,
  json: T.JSON, jsonb: { type: T.JSONB, defaultValue: { a: [1, "it's"] } }, inet: T.INET, cidr: T.CIDR, mac: T.MACADDR, range: T.RANGE(T.INTEGER), period: T.RANGE(T.DATE), days: T.RANGE(T.DATEONLY), nums: T.RANGE(T.DECIMAL), ints: T.ARRAY(T.INTEGER), grid: T.ARRAY(T.ARRAY(T.TEXT)), moods: T.ARRAY(T.ENUM("sad", "ok")), ci: T.STRING, search: T.TSVECTOR, point: T.STRING.BINARY,
});

await check("authenticate", async () => { await db.authenticate(); return (await db.databaseVersion()).split(".")[0]; });
await check("sync", async () => { await db.createSchema("extra"); await db.sync(); return shape(); });
await check("sync_again", async () => { statements = []; await db.sync(); return statements.filter((s) => !/^SELECT/i.test(s)); });
await check("sync_alter_nothing", async () => { statements = []; for (const m of [User, Profile, Post, Group, Event]) await m.sync({ alter: true }); return [statements.filter((s) => !/^SELECT/i.test(s)), await shape()]; });
const q = db.getQueryInterface();
await check("show_tables", async () => (await q.showAllTables()).map((t) => t.tableName ?? t).sort());
await check("show_schemas", async () => (await q.showAllSchemas()).filter((s) => s !== "tarn").sort());
for (const table of ["users", "posts", "everies", "profiles", { tableName: "events", schema: "extra" }]) {
  const name = table.tableName ?? table;
  await check(`describe_${name}`, () => q.describeTable(table));
  await check(`indexes_${name}`, () => q.showIndex(table).then((l) => l.map(({ tableName, type, ...i }) => i).sort((a, b) => (a.name < b.name ? -1 : 1))));
  await check(`constraints_${name}`, () => q.showConstraint(table).then((l) => l.map((c) => [c.constraintName.replace(/^2200_\d+_/, "2200_OID_"), c.constraintType, c.tableName, c.definition]).sort()));
  await check(`references_${name}`, () => q.getForeignKeyReferencesForTable(table).then((l) => l.map(({ constraintCatalog, tableCatalog, referencedTableCatalog, ...r }) => r).sort((a, b) => (a.constraintName < b.constraintName ? -1 : 1))));
}
await check("table_exists", async () => [await q.tableExists("users"), await q.tableExists("none"), await q.tableExists({ tableName: "events", schema: "extra" })]);

const noTime = { attributes: { exclude: ["createdAt", "updatedAt", "deletedAt"] } };
await check("create", async () => { const u = plain(await User.create({ email: "ada@example.com", name: "Ada", role: "admin" })); return { ...u, createdAt: u.createdAt instanceof Date, updatedAt: u.updatedAt instanceof Date }; });
// Rows of an association are saved at once: in one transaction, and so on one connection, their ids follow their order.
await check("create_nested", async () => { const u = await db.transaction((transaction) => User.create({ email: "b@example.com", name: "B", managerId: 1, posts: [{ title: "Notes", tags: ["a", "b"] }, { title: "Letters", views: 7, tags: ["a,b", 'q"uo\\te', ""] }], profile: { id: "7f1b0f3a-8a51-4f4e-9d3c-2f1c7a0e5b11", bio: "it's" }, groups: [{ name: "core" }] }, { include: [Post, Profile, Group], transaction })); return [u.id, u.posts.map((p) => [p.id, p.user_id]), u.profile.user_id, u.groups[0].id]; });
await check("bulk_create", async () => (await User.bulkCreate([..."cdef"].map((c, i) => ({ email: `${c}@example.com`, name: c.toUpperCase(), managerId: i % 2 ? 1 : null })), { returning: true })).map((u) => [u.id, u.role, u.version]));
await check("bulk_create_ignore", async () => (await User.bulkCreate([{ email: "c@example.com" }, { email: "g@example.com" }], { ignoreDuplicates: true })).length);
await check("bulk_create_update", async () => plain(await Group.bulkCreate([{ id: 1, name: "core!" }, { id: 12, name: "edge" }], { updateOnDuplicate: ["name"], conflictAttributes: ["id"] })));
await check("bulk_posts", async () => plain(await Post.bulkCreate([{ title: "t2", user_id: 3, views: 20, data: { k: { deep: [1, 2.5, null] }, s: "x" } }, { title: "t3", user_id: 3, views: 15, data: [1, 2] }, { title: "t4", user_id: 4, body: null }])));
await check("upsert", async () => { const [u, made] = await User.upsert({ email: "g@example.com", name: "Gee" }); return [u.name, made]; });
await check("find_or_create", async () => { const one = await Group.findOrCreate({ where: { name: "rim" } }), two = await Group.findOrCreate({ where: { name: "rim" } }); return [one[1], two[1], one[0].id === two[0].id]; });
await check("find_create_find", async () => (await Group.findCreateFind({ where: { name: "core!" } }))[1]);
await check("update_returning", async () => { const [n, l] = await Post.update({ views: literal("views + 1"), body: fn("upper", col("title")) }, { where: { title: "t2" }, returning: true }); return [n, plain(l)]; });
await check("save_and_version", async () => { const u = await User.findOne({ where: { email: "c@example.com" } }); u.name = "Cee"; await u.save(); await u.update({ score: "2.25" }); return [u.version, u.changed(), u.score]; });
await check("stale_version", async () => { const a = await User.findByPk(3), b = await User.findByPk(3); await a.update({ name: "first" }); return b.update({ name: "second" }).catch((e) => e.name); });
await check("increment", async () => { const p = await Post.findOne({ where: { title: "Notes" } }); await p.increment("views", { by: 5 }); await p.decrement({ views: 2 }); await Post.increment({ views: 1 }, { where: { title: "Notes" } }); await p.reload(); return p.views; });
await check("other_schema", async () => { await Event.create({ what: "x", level: "high" }); return plain(await Event.findAll()); });
await check("paranoid", async () => { const u = await User.findOne({ where: { email: "f@example.com" } }); await u.destroy(); const gone = await User.count(); await u.restore(); return [gone, await User.count(), await User.count({ paranoid: false })]; });
await check("destroy", async () => [await Group.destroy({ where: { name: "rim" } }), await Group.destroy({ where: { name: "rim" } })]);

for (const [name, condition] of Object.entries({
  operators: { [Op.or]: [{ name: { [Op.like]: "A%" } }, { id: { [Op.between]: [2, 3] } }, { email: { [Op.in]: ["d@example.com"] } }, { [Op.and]: [{ score: { [Op.gte]: 2 } }, { role: { [Op.ne]: "admin" } }] }], name: { [Op.not]: null, [Op.notILike]: "z%" } },
  nulls: { managerId: null, id: { [Op.gt]: 1, [Op.notIn]: [99] } }, regexp: { email: { [Op.regexp]: "^[a-c]@", [Op.iRegexp]: "EXAMPLE" } }, any: { name: { [Op.like]: { [Op.any]: ["A%", "D%"] } } }, starts: { email: { [Op.startsWith]: "ad", [Op.endsWith]: ".com", [Op.substring]: "@ex" } },
  functions: where(fn("length", col("name")), { [Op.gt]: 1 }), literal: literal("id % 2 = 0"), cast: where(cast(col("id"), "text"), "3"), column: { id: { [Op.gt]: col("manager_id") } },
})) await check(`where_${name}`, () => User.findAll({ where: condition, order: [["id", "ASC"]], attributes: ["id", "name"] }).then(plain));
for (const [name, condition] of Object.entries({
  contains: { tags: { [Op.contains]: ["a"] } }, overlap: { tags: { [Op.overlap]: ["b", "z"] } }, contained: { tags: { [Op.contained]: ["a", "b", "c"] } }, json_path: { "data.k.deep[1]": 2.5 }, json_nested: { data: { s: { [Op.startsWith]: "x" } } }, json_contains: { data: { [Op.contains]: { s: "x" } } }, json_fn: json("data.s", "x"),
  related: { "$author.name$": "B" }, exists: literal('exists (select 1 from users u where u.id = "post"."user_id" and u.manager_id = 1)'),
})) await check(`where_${name}`, () => Post.findAll({ where: condition, include: [{ model: User, as: "author", attributes: ["name"] }], order: ["id"], attributes: ["id", "title"] }).then(plain));
await check("include_nested", () => User.findAll({ ...noTime, include: [{ model: Post, include: [{ model: User, as: "author", attributes: ["name"] }] }, { model: Profile }, { model: Group, through: { attributes: ["since"] } }, { model: User, as: "manager", attributes: ["name"] }, { model: User, as: "reports", attributes: ["id"] }], order: [["id", "ASC"], [Post, "id", "DESC"], [Group, "id"], [{ model: User, as: "reports" }, "id"]] }).then(plain));
await check("include_separate", () => User.findAll({ attributes: ["id"], include: [{ model: Post, separate: true, order: [["id", "ASC"]], limit: 1 }], order: ["id"] }).then(plain));
await check("include_required", () => User.findAll({ attributes: ["id", "name"], include: [{ model: Post, required: true, where: { views: { [Op.gt]: 5 } } }], order: ["id", [Post, "id"]], subQuery: false, limit: 3 }).then(plain));
await check("include_limited", () => User.findAndCountAll({ attributes: ["id"], include: [{ model: Post, required: false }], order: [["id", "DESC"], [Post, "id", "ASC"]], limit: 3, offset: 1, distinct: true }).then((r) => [r.count, plain(r.rows)]));
await check("association_methods", async () => { const u = await User.findByPk(4), g = await Group.findByPk(1); await u.addGroup(g, { through: { since: "2020-01-01" } }); await u.setManager(2); await u.createPost({ title: "made" }); return [await u.countGroups(), await u.hasGroup(g), (await u.getManager()).name, plain(await u.getPosts({ attributes: ["title"], order: ["id"] })), plain(await g.getUsers({ ...noTime, order: ["id"] })), await u.setGroups([]), await u.countGroups()]; });
await check("scopes", async () => [plain(await User.scope("admins").findAll({ attributes: ["id"] })), plain(await User.scope({ method: ["named", "B"] }).findOne({ attributes: ["id", "name"] }))]);
await check("group_having", () => Post.findAll({ attributes: ["user_id", [fn("count", col("id")), "n"], [fn("sum", col("views")), "total"], [fn("max", col("title")), "last"]], group: ["user_id"], having: where(fn("count", col("id")), { [Op.gt]: 0 }), order: [["user_id", "ASC"]], raw: true }));
await check("aggregates", async () => [await Post.count(), await Post.sum("views"), await Post.min("title"), await Post.max("views", { where: { user_id: 3 } }), await Post.aggregate("user_id", "count", { distinct: true }), await Post.count({ group: ["user_id"] }).then((l) => l.sort((a, b) => a.user_id - b.user_id))]);
await check("order_nulls", () => User.findAll({ attributes: ["id"], order: [["managerId", "DESC NULLS LAST"], [fn("lower", col("name")), "ASC"], literal("id desc")], raw: true }));
await check("raw_replacements", () => db.query("select :a::int as a, :l::text as l, id from users where id in (:ids) order by id", { replacements: { a: 1, l: "it's", ids: [1, 2] }, type: QueryTypes.SELECT }));
await check("raw_bind", () => db.query("select $1::int + $2 as s, $3::text[] as list, $1 as again", { bind: [1, 2, ["a", 'b"']], type: QueryTypes.SELECT }));
await check("raw_results", async () => { const [rows, meta] = await db.query("update posts set views = views where id < 3"); return [rows, meta.rowCount, meta.command]; });
await check("nested_raw", () => db.query(`select p.id, u.name as "author.name", u.id as "author.id" from posts p join users u on u.id = p.user_id order by p.id limit 2`, { nest: true, type: QueryTypes.SELECT }));

const full = {
  small: 1, big: "-9223372036854775808", real: 0.25, double: 1e300, float: -0.5, dec: "12345678901234567890.12345", char: "xyz", bytes: Buffer.from([0, 1, 255]), date: "1999-12-31", time: "01:02:03", stamp: new Date(86400123), uid: "123e4567-e89b-12d3-a456-426614174000", json: { b: 1, a: null }, jsonb: { x: ["ü\n\""] },
  inet: "10.0.0.1/8", cidr: "10.0.0.0/8", mac: "08:00:2b:01:02:03", range: [1, 5], period: [{ value: new Date(0), inclusive: false }, null], days: ["2024-01-01", "2024-02-01"], nums: [null, 2.5], ints: [1, 2], grid: [["a", "b"], ["", "null"]], moods: ["sad", "ok"], search: "cat fat", point: "x",
};
await check("every_default", async () => plain(await Every.create({})));
await check("every_full", async () => { const { id } = await Every.create(full); return plain(await Every.findByPk(id)); });
for (const name of ["small", "big", "real", "double", "dec", "char", "bytes", "date", "time", "stamp", "uid", "inet", "cidr", "mac", "ints", "moods"]) await check(`where_type_${name}`, async () => equal(await Every.count({ where: { [name]: full[name] } }), 1));
await check("range_operators", async () => [await Every.count({ where: { range: { [Op.contains]: 3 } } }), await Every.count({ where: { range: { [Op.overlap]: [4, 9] } } }), await Every.count({ where: { days: { [Op.contained]: ["2023-01-01", "2025-01-01"] } } }), await Every.count({ where: { range: { [Op.strictLeft]: [7, 9] } } }), await Every.count({ where: { range: { [Op.adjacent]: [5, 9] } } })]);
await check("search", () => Every.count({ where: { search: { [Op.match]: fn("to_tsquery", "cat & fat") } } }));

for (const [name, act] of Object.entries({
  unique: () => User.create({ email: "ada@example.com" }), unique_expression: () => User.create({ email: "ADA@example.com" }), reference: () => Post.create({ title: "x", user_id: 999 }), restrict: () => User.destroy({ where: { id: 2 }, force: true }), enum: () => db.query("update users set role = 'root'"), null: () => db.query("insert into users (email) values (null)"),
  too_long: () => Group.create({ name: "x".repeat(51) }), overflow: () => Every.update({ small: 100000 }, { where: {} }), unknown_table: () => db.query("select * from nowhere"), composite: () => Post.create({ title: "Notes", user_id: 2 }), range: () => Every.create({ range: [5, 1] }),
})) await check(`${name}_refused`, async () => [await act().catch((e) => [e.name, e.fields, e.table, e.index, e.errors?.map((x) => [x.type, x.path, x.message])]), await refused(act())]);
await check("transaction", () => db.transaction(async (transaction) => { await Group.create({ name: "tx" }, { transaction }); return [await Group.count({ where: { name: "tx" }, transaction }), await Group.count({ where: { name: "tx" } })]; }));
await check("transaction_rolls_back", async () => { await db.transaction(async (transaction) => { await Post.destroy({ where: {}, transaction }); throw new Error("no"); }).catch((e) => e.message); return (await Post.count()) > 3; });
await check("savepoint", async () => {
  const t = await db.transaction();
  await Group.create({ name: "outer" }, { transaction: t });
  const s = await db.transaction({ transaction: t });
  const said = await refused(Group.create({ name: "outer" }, { transaction: s }));
  await s.rollback();
  await t.commit();
  return [said, await Group.count({ where: { name: "outer" } })];
});
for (const isolationLevel of Object.values(Transaction.ISOLATION_LEVELS)) await check(`transaction_${isolationLevel.toLowerCase().replace(" ", "_")}`, () => db.transaction({ isolationLevel, readOnly: true }, (transaction) => db.query("select current_setting('transaction_isolation') as level", { type: QueryTypes.SELECT, transaction })));
await check("locks", () => db.transaction(async (transaction) => {
  await Post.findOne({ where: { title: "t2" }, lock: transaction.LOCK.UPDATE, transaction });
  return [plain(await db.transaction((t) => Post.findAll({ attributes: ["title"], order: ["id"], lock: t.LOCK.NO_KEY_UPDATE, skipLocked: true, transaction: t })))];
}));
await check("write_conflict", () => refused(db.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.REPEATABLE_READ }, async (transaction) => { await User.findByPk(2, { transaction }); await User.update({ name: "theirs" }, { where: { id: 2 } }); await User.update({ name: "mine" }, { where: { id: 2 }, transaction }); })));
await check("deferrable", async () => {
  await q.addConstraint("posts", { fields: ["title"], type: "unique", name: "posts_title", deferrable: Deferrable.INITIALLY_IMMEDIATE });
  const said = await refused(db.transaction({ deferrable: Deferrable.SET_DEFERRED() }, async (transaction) => { await Post.update({ title: "same" }, { where: { title: { [Op.in]: ["t2", "t4"] } }, transaction }); await Post.count({ transaction }); }));
  await q.removeConstraint("posts", "posts_title");
  return said;
});

await check("alter_change", async () => {
  await db.query("delete from everies");
  const after = (name, changes, options) => db.define(name, { ...attributes[name], ...changes }, options);
  after("user", { email: { type: T.STRING(255), allowNull: false }, role: { type: T.ENUM("user", "admin", "guest"), defaultValue: "guest" }, name: { type: T.TEXT, allowNull: true, defaultValue: "nobody", comment: "name" }, seen: T.DATE, score: { type: T.DECIMAL(10, 3), defaultValue: 2 } }, { timestamps: true, paranoid: true, version: true, underscored: true });
  after("post", { views: { type: T.BIGINT, allowNull: false, defaultValue: 10 }, body: { type: T.STRING(500), allowNull: true }, slug: { type: T.STRING, unique: true } });
  statements = [];
  await db.models.user.sync({ alter: true });
  await db.models.post.sync({ alter: { drop: false } });
  return [statements.filter((s) => !/^SELECT/i.test(s)), await shape()];
});
await check("alter_again", async () => { statements = []; await db.models.user.sync({ alter: true }); return [statements.filter((s) => !/^SELECT/i.test(s)), await shape()]; });
await check("query_interface", async () => {
  await q.createTable("made", { id: { type: T.INTEGER, primaryKey: true, autoIncrement: true }, name: { type: T.STRING, allowNull: false }, kind: T.ENUM("a", "b"), owner: { type: T.INTEGER, references: { model: "users", key: "id" }, onDelete: "SET NULL" } }, { uniqueKeys: { made_name: { fields: ["name", "owner"] } }, comment: "made by hand" });
  await q.addColumn("made", "size", { type: T.DECIMAL(5, 1), defaultValue: 1 });
  await q.changeColumn("made", "name", { type: T.TEXT, allowNull: true, defaultValue: "x" });
  await q.renameColumn("made", "size", "weight");
  await q.removeColumn("made", "kind");
  await q.addIndex("made", { fields: ["weight"], name: "made_weight", where: { weight: { [Op.gt]: 1 } }, concurrently: true });
  await q.addConstraint("made", { type: "check", fields: ["weight"], name: "made_check", where: { weight: { [Op.gte]: 0 } } });
  await q.addConstraint("made", { type: "foreign key", fields: ["owner"], name: "made_owner", references: { table: "users", field: "id" }, onUpdate: "cascade" });
  await q.removeConstraint("made", "made_name_owner_key");
  await q.bulkInsert("made", [{ name: "a", owner: 1 }, { name: "b", owner: 2 }]);
  await q.bulkUpdate("made", { weight: 5 }, { name: "a" });
  await q.bulkDelete("made", { name: "b" });
  await q.renameTable("made", "built");
  const said = [await q.describeTable("built"), await db.query("select * from built", { type: QueryTypes.SELECT }), (await shape()).filter((l) => /built|made/.test(l))];
  await q.removeIndex("built", "made_weight");
  await q.dropTable("built");
  return said;
});
await check("functions", async () => { await q.createFunction("plus", [{ type: "integer", name: "a", direction: "IN" }, { type: "integer", name: "b" }], "integer", "plpgsql", "RETURN a + b;", ["IMMUTABLE"]); const r = await db.query("select plus(1, 2)", { type: QueryTypes.SELECT }); await q.renameFunction("plus", [{ type: "integer", name: "a" }, { type: "integer", name: "b" }], "added"); await q.dropFunction("added", [{ type: "integer", name: "a" }, { type: "integer", name: "b" }]); return r; });
await check("truncate", async () => { await Post.truncate({ restartIdentity: true, cascade: true }); return (await Post.create({ title: "again", user_id: 1 })).id; });
await check("sync_force", async () => { await db.sync({ force: true }); return [(await shape()).length, await User.count()]; });
await check("drop", async () => { await db.drop({}); await db.dropSchema("extra", {}); return shape(); });
done();
