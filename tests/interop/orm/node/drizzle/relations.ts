import { relations } from "drizzle-orm";
import { groups, members, posts, users } from "./first";

export const usersRelations = relations(users, ({ one, many }) => ({
  manager: one(users, { fields: [users.managerId], references: [users.id], relationName: "manager" }),
  reports: many(users, { relationName: "manager" }),
  posts: many(posts),
  members: many(members),
}));
export const postsRelations = relations(posts, ({ one }) => ({ author: one(users, { fields: [posts.authorId], references: [users.id] }) }));
export const groupsRelations = relations(groups, ({ many }) => ({ members: many(members) }));
export const membersRelations = relations(members, ({ one }) => ({
  user: one(users, { fields: [members.userId], references: [users.id] }),
  group: one(groups, { fields: [members.groupId], references: [groups.id] }),
}));
