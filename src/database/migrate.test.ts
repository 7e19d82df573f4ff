import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { schemaDump } from "../../tools/schema-dump.ts";
import { connectionSettings } from "./connect.ts";
import { migrate, migrateCheck, migrateDown } from "./migrate.ts";

let testing: TestDatabase;
let pool: pg.Pool;
async function open(options: { migrated: boolean }): Promise<void> {
  testing = await testDatabase(options);
  pool = new pg.Pool({ ...testing.connection, ...connectionSettings, max: 30 });
}
afterEach(async () => {
  await pool.end();
  await testing[Symbol.asyncDispose]();
});

async function dump(): Promise<string> {
  const client = await pool.connect();
  try {
    return await schemaDump(client);
  } finally {
    client.release();
  }
}

const tables = async (): Promise<string[]> =>
  (
    await pool.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
    )
  ).rows.map(({ name }) => name);

describe("migrations", () => {
  beforeEach(async () => await open({ migrated: false }));

  test("up, down, up: the same schema; down leaves nothing but the record of none", async () => {
    const applied = await migrate(pool);
    const before = await dump();
    expect(applied.length).toBeGreaterThan(4);
    expect(await migrate(pool)).toEqual([]);
    await migrateCheck(pool);
    await migrateDown(pool);
    expect(await tables()).toEqual(["schema_migrations"]);
    expect((await pool.query("SELECT FROM schema_migrations")).rowCount).toBe(0);
    expect((await pool.query("SELECT FROM pg_proc WHERE pronamespace = 'public'::regnamespace")).rowCount).toBe(0);
    expect(await migrate(pool)).toEqual(applied);
    expect(await dump()).toBe(before);
  });

  test("an index on all of history is built on each partition beforehand, while others write", async () => {
    await migrate(pool, { upTo: 50 });
    const fill = (text: string) =>
      pool.query(
        "INSERT INTO history (machine_id, actor_kind, actor, event) VALUES (gen_random_uuid(), 'system', $1, 'machine_added')",
        [text],
      );
    await fill("before");
    const indexes = async (): Promise<{ name: string; valid: boolean; attached: boolean; first: boolean }[]> =>
      (
        await pool.query<{ name: string; valid: boolean; attached: boolean; first: boolean }>(
          `SELECT c.relname AS name, i.indisvalid AS valid, h.inhparent IS NOT NULL AS attached,
             c.oid < to_regclass('history_order')::oid AS first
           FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
           LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
           WHERE c.relname LIKE 'history%xact_id_idx' AND EXISTS (
             SELECT FROM history WHERE history.tableoid = t.oid
           )`,
        )
      ).rows;
    expect(await indexes()).toEqual([]);
    await migrate(pool);
    // What is older than the index of the whole table was there before that one began.
    expect(await indexes()).toEqual([
      { name: expect.stringMatching(/^history_\d{4}_\d{2}_xact_id_idx$/u), valid: true, attached: true, first: true },
    ]);
    await fill("after");
    await migrateCheck(pool);
  });

  test("20 starts at once migrate once", async () => {
    const pools = Array.from(
      { length: 20 },
      () => new pg.Pool({ ...testing.connection, ...connectionSettings, max: 1 }),
    );
    const applied = await Promise.all(pools.map((own) => migrate(own)));
    await Promise.all(pools.map((own) => own.end()));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    await migrateCheck(pool);
  });

  test("are checked without being applied", async () => {
    await expect(migrateCheck(pool)).rejects.toMatchObject({
      code: "schema",
      message: expect.stringMatching(/lacks.*machines.*farrier migrate/u) as string,
    });
    expect(await tables()).toEqual([]);
  });

  test("of a newer binary: refused when this one is too old for them, worked with when not", async () => {
    await migrate(pool);
    const newer = (oldest: number) =>
      pool.query(
        "INSERT INTO schema_migrations (version, name, checksum, oldest_binary) VALUES ($1, 'later', 'x', $2)",
        [9000 + oldest, oldest],
      );
    await newer(1);
    expect(await migrate(pool)).toEqual([]);
    await migrateCheck(pool);
    await newer(9000);
    for (const check of [migrate, migrateCheck]) {
      await expect(check(pool)).rejects.toMatchObject({
        code: "schema",
        message: expect.stringMatching(/newer \(migration 18000, later\)/u) as string,
      });
    }
  });

  test("that were edited since are refused", async () => {
    await migrate(pool);
    await pool.query("UPDATE schema_migrations SET checksum = 'other' WHERE version = 2");
    for (const check of [migrate, migrateCheck]) {
      await expect(check(pool)).rejects.toMatchObject({
        code: "schema",
        message: expect.stringMatching(/migration 2 \(sessions\).*another/u) as string,
      });
    }
  });

  test("do not go back over history", async () => {
    await migrate(pool);
    await pool.query(
      "INSERT INTO history (machine_id, actor_kind, actor, event) VALUES ($1, 'system', 'farrier', 'machine_added')",
      [randomUUID()],
    );
    await expect(migrateDown(pool)).rejects.toMatchObject({ code: "refused" });
    await migrateCheck(pool);
  });
});

describe("the database itself", () => {
  beforeEach(async () => await open({ migrated: true }));

  const add = async (id: string = randomUUID()): Promise<string> => {
    await pool.query("INSERT INTO machines (machine_id) VALUES ($1)", [id]);
    return id;
  };
  const request = (id: string, generation: number, raw = "r") =>
    pool.query(
      `INSERT INTO machine_os_installation_request (machine_id, generation, os_installation_request_raw)
       VALUES ($1, $2, $3) ON CONFLICT (machine_id) DO UPDATE SET
         generation = excluded.generation, os_installation_request_raw = excluded.os_installation_request_raw`,
      [id, generation, Buffer.from(raw)],
    );
  const report = (id: string, generation: number, result: string) =>
    pool.query(
      `INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by)
       VALUES ($1, $2, $3, 'agent') ON CONFLICT (machine_id) DO UPDATE SET
         generation = excluded.generation, result = excluded.result`,
      [id, generation, result],
    );
  const refused = { code: "23514" };

  test("lets no generation go back or repeat", async () => {
    const id = await add();
    await request(id, 5);
    for (const generation of [5, 4, 1, 0, -1]) {
      await expect(request(id, generation)).rejects.toMatchObject(refused);
    }
    await expect(request(id, 5, "changed")).rejects.toMatchObject(refused);
    await expect(
      pool.query("UPDATE machine_os_installation_request SET os_installation_request_raw = 'x'"),
    ).rejects.toMatchObject(refused);
    await expect(pool.query("UPDATE machine_os_installation_request SET generation = 4")).rejects.toMatchObject(
      refused,
    );
    await expect(pool.query("UPDATE machines SET last_generation = 4")).rejects.toMatchObject(refused);
    await request(id, 6);
    expect((await pool.query("SELECT last_generation FROM machines")).rows).toEqual([{ last_generation: 6n }]);
  });

  test("nor after the request was deleted, or the machine, and it came back", async () => {
    const id = await add();
    await request(id, 5);
    await pool.query("DELETE FROM machine_os_installation_request");
    await expect(request(id, 5)).rejects.toMatchObject(refused);
    await request(id, 7);
    await pool.query("DELETE FROM machine_os_installation_request");
    for (let again = 0; again < 2; again += 1) {
      await pool.query("DELETE FROM machines");
      await add(id);
      await expect(request(id, 7)).rejects.toMatchObject(refused);
    }
    await pool.query("DELETE FROM machines");
    await pool.query("INSERT INTO machines (machine_id, last_generation) VALUES ($1, 3)", [id]);
    expect((await pool.query("SELECT last_generation FROM machines")).rows).toEqual([{ last_generation: 7n }]);
    await expect(pool.query("UPDATE machines SET machine_id = gen_random_uuid()")).rejects.toMatchObject(refused);
  });

  test("takes the first final result of a generation, and no older one's", async () => {
    const id = await add();
    await report(id, 5, "cancelled");
    for (const generation of [5, 4]) {
      await expect(report(id, generation, "success")).rejects.toMatchObject(refused);
    }
    await report(id, 6, "success");
    expect((await pool.query("SELECT generation, result FROM machine_os_installation_report")).rows).toEqual([
      { generation: 6n, result: "success" },
    ]);
  });

  test("keeps history as it was written", async () => {
    await pool.query(
      "INSERT INTO history (machine_id, actor_kind, actor, event) VALUES ($1, 'system', 'farrier', 'machine_added')",
      [randomUUID()],
    );
    const tampering = [
      "UPDATE history SET actor = 'x'",
      "DELETE FROM history",
      "TRUNCATE history",
      ...(await tables()).filter((name) => /^history_(?:default|\d)/u.test(name)).map((name) => `TRUNCATE ${name}`),
    ];
    expect(tampering.length).toBeGreaterThan(6);
    for (const statement of tampering) {
      await expect(pool.query(statement), statement).rejects.toMatchObject({ code: "42501" });
    }
    expect((await pool.query("SELECT FROM history")).rowCount).toBe(1);
  });

  test("does not delete a machine with tags", async () => {
    // restrict_violation since 18, foreign_key_violation before.
    const restricted = expect.stringMatching(/^23(?:001|503)$/u);
    const id = await add();
    await pool.query("INSERT INTO machine_provided (machine_id, provider, provider_id) VALUES ($1, 'static', 'x')", [
      id,
    ]);
    await expect(pool.query("DELETE FROM machines")).rejects.toMatchObject({ code: restricted });
    await pool.query("DELETE FROM machine_provided");
    await request(id, 1);
    await expect(pool.query("DELETE FROM machines")).rejects.toMatchObject({ code: restricted });
    await pool.query("DELETE FROM machine_os_installation_request");
    await pool.query("DELETE FROM machines");
  });

  test("makes history's partitions: many at once, and of months that have entries already", async () => {
    const ensure = async (months: number): Promise<number | undefined> =>
      (await pool.query<{ made: number }>("SELECT history_partitions_ensure($1) AS made", [months])).rows[0]?.made;
    expect(await ensure(3)).toBe(0);
    const made = await Promise.all(Array.from({ length: 8 }, () => ensure(5)));
    expect(made.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(2);
    // Nobody made the seventh month's in time.
    await pool.query(
      `INSERT INTO history (at, machine_id, actor_kind, actor, event)
       VALUES (date_trunc('month', now()) + interval '7 months 10 days', $1, 'system', 'farrier', 'machine_added')`,
      [randomUUID()],
    );
    // The sixth's and the eighth's.
    expect(await ensure(8)).toBe(2);
    expect(await ensure(8)).toBe(0);
    expect((await pool.query("SELECT FROM history_default")).rowCount).toBe(1);
    await migrate(pool);
  });
});
