// A suite of checks for ../compare.py: each prints "pass NAME VALUE" or "fail NAME MESSAGE" on one line; VALUE is what PostgreSQL must give too.
import pg from "pg";

let failed = 0;

export async function check(name, act) {
  try {
    console.log(`pass ${name} ${text(await act())}`);
  } catch (err) {
    failed++;
    console.log(`fail ${name} ${text(String(err.code ?? err.cause?.code ?? "") + " " + (err.message || err.stack) + (err.cause ? ": " + err.cause.message : ""))}`);
  }
}

/** What the server said to a statement that must fail, as the driver shows it. */
export async function refused(promise) {
  let err;
  try { await promise; } catch (e) { err = e; }
  if (!err) throw new Error("was not refused");
  const said = [err, err.cause, err.parent, err.original, err.driverError].find((e) => e?.severity) ?? err;
  const { code, message, hint, schema, table, column, dataType, constraint, meta } = said;
  const detail = said.detail?.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:[\d.+]+/g, "TIME");
  return { code, message, detail, hint, schema, table, column, dataType, constraint, meta };
}

export function equal(got, want) {
  if (text(got) !== text(want)) throw new Error(`got ${text(got)}, want ${text(want)}`);
  return got;
}

const text = (value) =>
  JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v instanceof Map ? [...v] : v?.type === "Buffer" ? `\\x${Buffer.from(v.data).toString("hex")}` : v)) ?? "undefined";

/** An address of a new database on the server of $SERVER_URL. */
export async function fresh(name) {
  await sql(address("postgres"), `drop database if exists "${name}" with (force)`, `create database "${name}"`);
  return address(name);
}

export const address = (name) => `${process.env.SERVER_URL}/${name}`;

export async function sql(url, ...texts) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let result;
    for (const t of texts) result = await client.query(t);
    return result.rows;
  } finally {
    await client.end();
  }
}

export const done = () => process.exit(failed ? 1 : 0);
