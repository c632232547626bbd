// Prisma's native schema engine comes from a host of its own, not from npm: this is the same engine as WASM, over node-postgres.
import { defineConfig } from "prisma/config";
import { PrismaPg } from "@prisma/adapter-pg";

const name = 19, char = 18, text = 25;

// The adapter does not know the types name and "char" (prisma/orm#27403), which the engine reads from the catalogs of any server.
class Adapter extends PrismaPg {
  async connect() { return readable(await super.connect()); }
  async connectToShadowDb() { return readable(await super.connectToShadowDb()); }
}
function readable(queryable) {
  const perform = queryable.performIO.bind(queryable);
  queryable.performIO = async (query) => {
    const result = await perform(query);
    for (const field of result.fields ?? []) if (field.dataTypeID === name || field.dataTypeID === char) field.dataTypeID = text;
    return result;
  };
  return queryable;
}

// Not as one string: the adapter's shadow database is the same configuration with another database. It drops that one before it
// closes its connection to it, which has to leave by itself while DROP DATABASE waits for it.
const { hostname: host, port, username: user, pathname } = new URL(process.env.DATABASE_URL);

export default defineConfig({
  experimental: { adapter: true },
  schema: process.env.PRISMA_SCHEMA,
  migrations: { path: process.env.PRISMA_MIGRATIONS },
  engine: "js",
  adapter: async () => new Adapter({ host, port, user, database: pathname.slice(1), idleTimeoutMillis: 20 }),
});
