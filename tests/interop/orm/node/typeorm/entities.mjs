// The entities of typeorm.mjs, as EntitySchema: decorators need a compiler. second() is what they become.
import { EntitySchema } from "typeorm";

const created = { type: "timestamptz", createDate: true, select: false };

export function first() {
  const User = new EntitySchema({
    name: "User", tableName: "users", comment: "people",
    columns: {
      id: { type: "integer", primary: true, generated: "identity", generatedIdentity: "ALWAYS" }, email: { type: "varchar", length: 120, unique: true }, name: { type: "text", nullable: true, comment: "as called" },
      role: { type: "enum", enum: ["user", "admin", "a b"], enumName: "role", default: "user" }, score: { type: "numeric", precision: 8, scale: 2, default: 1.5 }, active: { type: "boolean", default: true },
      upper: { type: "text", asExpression: "upper(name)", generatedType: "STORED", nullable: true, insert: false, update: false }, createdAt: created, updatedAt: { type: "timestamptz", updateDate: true, select: false },
      deletedAt: { type: "timestamptz", deleteDate: true, nullable: true, select: false }, version: { type: "integer", version: true },
    },
    relations: {
      manager: { type: "many-to-one", target: "User", inverseSide: "reports", onDelete: "SET NULL", joinColumn: { foreignKeyConstraintName: "users_manager" } }, reports: { type: "one-to-many", target: "User", inverseSide: "manager" },
      profile: { type: "one-to-one", target: "Profile", inverseSide: "user", cascade: true }, posts: { type: "one-to-many", target: "Post", inverseSide: "author", cascade: ["insert", "update"] },
      groups: { type: "many-to-many", target: "Group", inverseSide: "members", cascade: true, joinTable: { name: "memberships" } },
    },
    indices: [{ name: "users_by_name", columns: ["name", "role"] }, { name: "users_active", columns: ["email"], where: "active", unique: true }],
    checks: [{ name: "users_email", expression: "email like '%@%'" }],
  });
  const Profile = new EntitySchema({
    name: "Profile", columns: { id: { type: "uuid", primary: true, generated: "uuid" }, bio: { type: "varchar", default: "empty" }, links: { type: "simple-json", nullable: true }, hobbies: { type: "simple-array", nullable: true } },
    relations: { user: { type: "one-to-one", target: "User", inverseSide: "profile", joinColumn: true, onDelete: "CASCADE" } },
  });
  const Post = new EntitySchema({
    name: "Post", columns: {
      id: { type: "bigint", primary: true, generated: "increment" }, title: { type: "varchar", length: 200 }, body: { type: "text", nullable: true, default: "empty" }, views: { type: "integer", default: 0 }, tags: { type: "text", array: true, default: "{}" },
      data: { type: "jsonb", nullable: true, default: { a: [1] } }, published: { type: "timestamp", precision: 3, nullable: true },
    },
    relations: { author: { type: "many-to-one", target: "User", inverseSide: "posts", nullable: false, onDelete: "RESTRICT", deferrable: "INITIALLY DEFERRED" } },
    indices: [{ columns: ["views"] }], uniques: [{ name: "posts_by_title", columns: ["author", "title"] }],
  });
  const Group = new EntitySchema({ name: "Group", schema: "extra", columns: { id: { type: "integer", primary: true, generated: true }, name: { type: "varchar", length: 50, unique: true } }, relations: { members: { type: "many-to-many", target: "User", inverseSide: "groups" } } });
  const Category = new EntitySchema({
    name: "Category", columns: { id: { type: "integer", primary: true, generated: true }, name: { type: "varchar" } }, trees: [{ type: "closure-table" }],
    relations: { parent: { type: "many-to-one", target: "Category", treeParent: true }, children: { type: "one-to-many", target: "Category", inverseSide: "parent", treeChildren: true, cascade: true } },
  });
  const Folder = new EntitySchema({
    name: "Folder", columns: { id: { type: "integer", primary: true, generated: true }, name: { type: "varchar" } }, trees: [{ type: "materialized-path" }],
    relations: { parent: { type: "many-to-one", target: "Folder", treeParent: true }, children: { type: "one-to-many", target: "Folder", inverseSide: "parent", treeChildren: true } },
  });
  const Every = new EntitySchema({
    name: "Every", columns: {
      id: { type: "integer", primary: true, generated: true }, small: { type: "smallint", default: -5 }, big: { type: "bigint", default: "9223372036854775807" }, real: { type: "real", default: 1.5 }, double: { type: "double precision", default: 0.1 },
      numeric: { type: "numeric", nullable: true }, money: { type: "money", nullable: true }, char: { type: "char", length: 5, default: "ab" }, bytes: { type: "bytea", nullable: true }, date: { type: "date", default: "2024-02-29" }, time: { type: "time", precision: 3, nullable: true },
      timetz: { type: "timetz", nullable: true }, stamp: { type: "timestamp", default: "2024-01-02 03:04:05" }, span: { type: "interval", nullable: true }, uid: { type: "uuid", default: () => "gen_random_uuid()" }, json: { type: "json", nullable: true }, hstore: { type: "jsonb", default: {} },
      inet: { type: "inet", nullable: true }, cidr: { type: "cidr", nullable: true }, mac: { type: "macaddr", nullable: true }, bit: { type: "bit", length: 3, nullable: true }, varbit: { type: "varbit", length: 8, nullable: true }, point: { type: "point", nullable: true }, box: { type: "box", nullable: true },
      range: { type: "int4range", nullable: true }, period: { type: "tstzrange", nullable: true }, multi: { type: "int4multirange", nullable: true }, ts: { type: "tsvector", nullable: true }, ints: { type: "integer", array: true, nullable: true }, moods: { type: "enum", enum: ["sad", "ok"], array: true, default: ["ok"] },
      search: { type: "varchar", collation: "C", nullable: true }, xs: { type: "varchar", length: 10, array: true, default: "{}" },
    },
  });
  const AuthorView = new EntitySchema({ name: "AuthorView", type: "view", expression: `select "User"."id" as id, count(*) as posts from "users" "User" join "post" p on p."authorId" = "User"."id" group by 1`, columns: { id: { type: "integer" }, posts: { type: "bigint" } } });
  const Counted = new EntitySchema({ name: "Counted", type: "view", expression: `select count(*) as n from "post"`, columns: { n: { type: "bigint" } } });
  return [User, Profile, Post, Group, Category, Folder, Every, AuthorView, Counted];
}

export function second() {
  const list = first(), [User, Profile, Post] = list.map((e) => e.options);
  User.columns.role.enum = ["user", "admin", "guest"];
  Profile.columns.bio.length = 255;
  User.columns.score = { type: "numeric", precision: 10, scale: 3, default: 2 };
  User.columns.seen = { type: "timestamptz", nullable: true };
  User.columns.name = { type: "text", default: "nobody" };
  User.columns.active = { type: "boolean", default: false, comment: "still here" };
  User.indices = [{ name: "users_by_name", columns: ["name"] }];
  User.checks = [{ name: "users_email", expression: "email like '%@%.%'" }, { name: "users_score", expression: "score >= 0" }];
  delete Profile.columns.hobbies;
  Post.columns.views = { type: "bigint", default: 10 };
  Post.columns.data = { type: "jsonb", default: { b: 2 } };
  Post.relations.author.onDelete = "CASCADE";
  Post.uniques = [];
  list[7].options.expression = `select "User"."id" as id, count(*) as posts from "users" "User" join "post" p on p."authorId" = "User"."id" where "User"."active" group by 1`;
  return list;
}
