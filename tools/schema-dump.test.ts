import { readFile } from "node:fs/promises";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../test/support/database.ts";
import { schemaDump } from "./schema-dump.ts";

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await testDatabase();
  client = new pg.Client({ ...database.connection });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

test("schema.sql is the migrated schema, on whatever version this is", async () => {
  const stored = await readFile(new URL("../src/database/schema.sql", import.meta.url), "utf8");
  expect(await schemaDump(client)).toBe(stored);
});

test("a month more or less of history makes no difference", async () => {
  const before = await schemaDump(client);
  await client.query("SELECT history_partitions_ensure(9)");
  expect(await schemaDump(client)).toBe(before);
});

test.each([
  "ALTER TABLE machines ADD COLUMN note text",
  "ALTER TABLE machines ALTER COLUMN name SET NOT NULL",
  "ALTER TABLE machines ALTER COLUMN labels DROP DEFAULT",
  "ALTER TABLE operator_command ALTER COLUMN command TYPE varchar(63)",
  "ALTER TABLE machines ADD CHECK (last_generation < 1000)",
  "ALTER TABLE machines SET (fillfactor = 50)",
  "CREATE INDEX another ON machines (machine_created_at) WHERE name IS NULL",
  "ALTER TABLE machines DISABLE TRIGGER machines_guard",
  "DROP TRIGGER machines_guard ON machines",
  "CREATE OR REPLACE FUNCTION machines_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  "CREATE SEQUENCE another START 5",
  "ALTER SEQUENCE history_id CYCLE",
  "CREATE VIEW names AS SELECT name FROM machines",
])("is changed by %s", async (sql) => {
  const before = await schemaDump(client);
  await client.query(sql);
  expect(await schemaDump(client)).not.toBe(before);
});

test("refuses what it would not show", async () => {
  await client.query("CREATE TYPE colour AS ENUM ('red')");
  await expect(schemaDump(client)).rejects.toThrow(/type colour/u);
});

test("can be run again: what it writes makes the same tables", async () => {
  await using empty = await testDatabase({ migrated: false });
  const other = new pg.Client({ ...empty.connection });
  await other.connect();
  try {
    const dump = await schemaDump(client);
    // Sequences belong to tables that come after them.
    const owned = [...dump.matchAll(/CREATE SEQUENCE (\S+) .* OWNED BY (\S+);/gu)];
    await other.query("SET check_function_bodies = off");
    await other.query(dump.replaceAll(/ OWNED BY \S+;/gu, ";"));
    await other.query("RESET check_function_bodies");
    for (const [, sequence, column] of owned) {
      await other.query(`ALTER SEQUENCE ${sequence} OWNED BY ${column}`);
    }
    expect(await schemaDump(other)).toBe(dump);
  } finally {
    await other.end();
  }
});
