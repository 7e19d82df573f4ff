import pg from "pg";
import { expect, test } from "vitest";
import { testDatabase } from "./database.ts";

test("gives each caller a migrated database of its own, under a connection and a URL", async () => {
  await using first = await testDatabase();
  await using second = await testDatabase();
  const client = new pg.Client({ ...first.connection });
  const byUrl = new pg.Client({ connectionString: first.url });
  const other = new pg.Client({ ...second.connection });
  await Promise.all([client.connect(), byUrl.connect(), other.connect()]);
  try {
    await client.query("INSERT INTO machines (name) VALUES ('only-here')");
    expect((await byUrl.query("SELECT name FROM machines")).rows).toEqual([{ name: "only-here" }]);
    expect((await other.query("SELECT name FROM machines")).rows).toEqual([]);
  } finally {
    await Promise.all([client.end(), byUrl.end(), other.end()]);
  }
});

test("copies for many at once", async () => {
  const all = await Promise.all(Array.from({ length: 6 }, () => testDatabase()));
  expect(new Set(all.map(({ name }) => name)).size).toBe(6);
  await Promise.all(all.map(async (database) => await database[Symbol.asyncDispose]()));
});

test("fails on a connection that was left open, and is gone all the same", async () => {
  const database = await testDatabase({ migrated: false, closesWithinMs: 500 });
  const leaked = new pg.Client({ ...database.connection, application_name: "forgotten" });
  leaked.on("error", () => undefined);
  await leaked.connect();
  expect((await leaked.query("SELECT to_regclass('machines') AS machines")).rows).toEqual([{ machines: null }]);
  await expect(database[Symbol.asyncDispose]()).rejects.toThrow(/closed.*forgotten/u);
  const late = new pg.Client({ ...database.connection });
  await expect(late.connect()).rejects.toMatchObject({ code: "3D000" });
  await late.end();
});
