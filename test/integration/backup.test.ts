import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databaseBackup, type BackupHead } from "../../src/database/backup/backup.ts";
import { parentsFirst, type BackupTable } from "../../src/database/backup/backup-tables.ts";
import { connect } from "../../src/database/connect.ts";
import { databaseRestore } from "../../src/database/backup/restore.ts";
import { schemaDump } from "../../tools/schema-dump.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { silent, testFleet, type Fleet } from "../support/fleet.ts";
import { waitFor } from "../support/wait.ts";

/** A backup in memory. */
interface Taken {
  head: BackupHead;
  tables: { table: BackupTable; rows: Buffer }[];
}

let fleet: Fleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet[Symbol.asyncDispose]());

async function take(): Promise<Taken> {
  const tables: Taken["tables"] = [];
  const head = await databaseBackup(fleet.test.connection, {
    head: async () => undefined,
    table: async (table, rows) => {
      const parts: Uint8Array[] = [];
      for await (const part of rows) {
        parts.push(part);
      }
      tables.push({ table, rows: Buffer.concat(parts) });
    },
  });
  return { head, tables };
}

async function restore(taken: Taken, into: TestDatabase): Promise<{ tables: number; rows: number }> {
  await using database = connect(into.connection, { log: silent });
  async function* tables() {
    for (const { table, rows } of taken.tables) {
      yield {
        table,
        rows: (async function* () {
          yield rows;
        })(),
      };
    }
  }
  return await databaseRestore({ database, address: into.connection }, { head: taken.head, tables: tables() });
}

async function query<Row extends pg.QueryResultRow>(database: TestDatabase, text: string): Promise<Row[]> {
  const client = new pg.Client({ ...database.connection });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function dump(database: TestDatabase): Promise<string> {
  const client = new pg.Client({ ...database.connection });
  await client.connect();
  try {
    return await schemaDump(client);
  } finally {
    await client.end();
  }
}

/** Every table's rows in text, without what a restore makes anew. */
async function contents(database: TestDatabase, tables: readonly BackupTable[]): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { name, columns } of tables) {
    const list = columns.map((column) => `"${column}"`).join(", ");
    const rows = await query<{ text: string }>(
      database,
      `SELECT r::text AS text FROM (SELECT ${list} FROM "${name}") r`,
    );
    found[name] = rows.map(({ text }) => text).toSorted();
  }
  return found;
}

test("everything comes back: rows, sequences, partitions, guards", async () => {
  const machine = await fleet.add();
  await fleet.request(machine, { raw: Buffer.from([0, 1, 9, 10, 13, 92, 255]) });
  await fleet.cancel(machine);
  await fleet.request(machine);
  // Text that COPY's format must escape, and history of a month whose partition no migration makes.
  await fleet.rows(`UPDATE machines SET labels = '{"a":"tab\\tnew\\nline \\\\ \\u00fc"}'`);
  await fleet.rows(
    "CREATE TABLE history_2020_02 PARTITION OF history FOR VALUES FROM ('2020-02-01Z') TO ('2020-03-01Z')",
  );
  await fleet.rows(
    "CREATE TRIGGER history_truncate_guard BEFORE TRUNCATE ON history_2020_02 FOR EACH STATEMENT EXECUTE FUNCTION history_guard()",
  );
  await fleet.rows(
    `INSERT INTO history (at, machine_id, actor_kind, actor, event) VALUES ('2020-02-29T23:59:59Z', $1, 'system', 'x', 'machine_added')`,
    machine.machineId,
  );
  const taken = await take();
  await using into = await testDatabase({ migrated: false });
  const restored = await restore(taken, into);
  const tables = taken.tables.map(({ table }) => table);
  expect(restored.tables).toBe(tables.length);
  expect(await contents(into, tables)).toEqual(await contents(fleet.test, tables));
  expect(await dump(into)).toBe(await dump(fleet.test));
  expect(await query(into, "SELECT count(*) FROM history_2020_02")).toEqual([{ count: "1" }]);
  expect(await query(into, "SELECT nextval('history_id') > (SELECT max(id) FROM history) AS greater")).toEqual([
    { greater: true },
  ]);
  await expect(query(into, "DELETE FROM history")).rejects.toThrow("append-only");
  await expect(query(into, "TRUNCATE history_2020_02")).rejects.toThrow("append-only");
  await expect(query(into, "UPDATE machines SET last_generation = 1")).rejects.toThrow("can't go back");
  await expect(query(into, "UPDATE machine_os_installation_request SET generation = 1")).rejects.toThrow("not greater");
  // Transaction ids are the new database's: a reader who resumes sees the rows, once what else runs on this PostgreSQL is over.
  await waitFor("the rows to be seen", async () => {
    const [row] = await query<{ seen: boolean }>(
      into,
      "SELECT bool_and(xact < pg_snapshot_xmin(pg_current_snapshot())) AS seen FROM history",
    );
    return row?.seen;
  });
  // Stored states follow again.
  await query(into, "DELETE FROM machine_os_installation_request");
  expect(await query(into, "SELECT state FROM machine_state")).toEqual([
    { state: expect.not.stringMatching("install") as string },
  ]);
});

test("a restored backup lets no browser in: it holds no sessions and codes of the console, and what was there is gone", async () => {
  const signedIn = `INSERT INTO console_session (key_hash, cookie_hash, actor, role, credential, address, user_agent, expires_at)
    VALUES (sha256('key'), sha256('cookie'), 'token', 'admin', 'data-directory', '127.0.0.1', '', now() + interval '1 h')`;
  const linked = `INSERT INTO console_link (code_hash, request_id, actor, role, credential, expires_at)
    VALUES (sha256('code'), gen_random_uuid(), 'token', 'admin', 'data-directory', now() + interval '1 minute')`;
  await fleet.rows(signedIn);
  await fleet.rows(linked);
  const taken = await take();
  expect(taken.tables.map(({ table }) => table.name).filter((name) => name.startsWith("console_"))).toEqual([]);
  await using into = await testDatabase();
  await query(into, signedIn);
  await query(into, linked);
  await restore(taken, into);
  expect(
    await query(into, "SELECT (SELECT count(*) FROM console_session) + (SELECT count(*) FROM console_link) AS count"),
  ).toEqual([{ count: "0" }]);
});

test("taken while operators and agents write, it is of one moment", async () => {
  const machines = await Promise.all(Array.from({ length: 20 }, () => fleet.add()));
  const stop = new AbortController();
  let written = 0;
  const writers = machines.map(async (machine) => {
    while (!stop.signal.aborted) {
      await fleet.request(machine);
      await fleet.cancel(machine);
      written += 1;
    }
  });
  try {
    for (let round = 0; round < 3; round += 1) {
      const before = written;
      await waitFor("some writing", () => written > before + 20);
      const taken = await take();
      await using into = await testDatabase({ migrated: false });
      await restore(taken, into);
      // Each generation has its command, its history, and the machine's counter: whatever was cut would miss one of them.
      const [sums] = await query<Record<string, string>>(
        into,
        `SELECT (SELECT sum(last_generation) FROM machines)::text AS generations,
           (SELECT count(*) FROM history WHERE event = 'installation_requested')::text AS requested,
           (SELECT count(*) FROM operator_command WHERE command = 'installation_request')::text AS commands,
           (SELECT count(*) FROM history WHERE event = 'installation_cancelled')::text AS cancelled,
           (SELECT count(*) FROM operator_command WHERE command = 'installation_cancel')::text AS cancels,
           (SELECT count(*) FROM machine_state s, LATERAL machine_state_now(s.machine_id) n WHERE n.state <> s.state)::text AS wrong`,
      );
      expect(Number(sums?.["generations"])).toBeGreaterThan(0);
      expect([sums?.["requested"], sums?.["commands"]]).toEqual([sums?.["generations"], sums?.["generations"]]);
      expect(sums?.["cancelled"]).toBe(sums?.["cancels"]);
      expect(sums?.["wrong"]).toBe("0");
    }
  } finally {
    stop.abort();
    await Promise.all(writers);
  }
});

describe("a restore is refused, and leaves nothing:", () => {
  test("into a database with something in it", async () => {
    await fleet.add();
    const taken = await take();
    await expect(restore(taken, fleet.test)).rejects.toMatchObject({ code: "refused", message: /is not empty/u });
    await using other = await testDatabase();
    await query(other, `INSERT INTO machine_tombstones (machine_id, last_generation) VALUES ('${randomUUID()}', 3)`);
    await expect(restore(taken, other)).rejects.toMatchObject({ code: "refused", message: /machine_tombstones/u });
  });

  test.each<[string, (taken: Taken) => void, RegExp]>([
    [
      "a schema of another build",
      ({ head }) => Object.assign(head.migrations[0] ?? {}, { checksum: "0" }),
      /is unknown to this binary/u,
    ],
    [
      "a newer schema",
      ({ head }) => head.migrations.push({ version: 9_999, name: "later", checksum: "0" }),
      /is unknown to this binary/u,
    ],
    ["a table that is missing", ({ tables }) => tables.pop(), /lacks tables/u],
    [
      "a table that nobody knows",
      ({ tables }) => tables.push({ table: { name: "x", columns: ["y"] }, rows: Buffer.alloc(0) }),
      /does not/u,
    ],
    ["a column that nobody knows", ({ tables }) => tables[0]?.table.columns.push('x" FROM STDIN; --'), /does not/u],
    ["a partition that is none", ({ head }) => head.partitions.push("machines"), /names a partition "machines"/u],
    [
      "rows that are none",
      ({ tables }) => tables.find(({ table }) => table.name === "machines")?.table.columns.pop(),
      /extra data/u,
    ],
  ])("%s", async (_what, change, message) => {
    const machine = await fleet.add();
    await fleet.request(machine);
    const taken = await take();
    change(taken);
    await using into = await testDatabase({ migrated: false });
    await expect(restore(taken, into)).rejects.toThrow(message);
    const [there] = await query<{ there: boolean }>(into, "SELECT to_regclass('machines') IS NOT NULL AS there");
    if (there?.there === true) {
      expect(await query(into, "SELECT count(*) FROM machines")).toEqual([{ count: "0" }]);
    }
  });
});

test("what is no database of Farrier's is not backed up", async () => {
  await using empty = await testDatabase({ migrated: false });
  const sink = { head: async () => undefined, table: async () => undefined };
  await expect(databaseBackup(empty.connection, sink)).rejects.toMatchObject({ code: "schema" });
  const nowhere = { host: "127.0.0.1", port: 1, user: "nobody", database: "none" };
  await expect(databaseBackup(nowhere, sink)).rejects.toMatchObject({ code: "unavailable" });
});

test("tables that others refer to come first", () => {
  const table = (name: string): BackupTable => ({ name, columns: [] });
  const order = (references: [string, string][]): string[] =>
    parentsFirst(
      [table("a"), table("b"), table("c")],
      references.map(([child, parent]) => ({ child, parent })),
    ).map(({ name }) => name);
  expect(
    order([
      ["a", "c"],
      ["c", "b"],
    ]),
  ).toEqual(["b", "c", "a"]);
  expect(() =>
    order([
      ["a", "b"],
      ["b", "a"],
    ]),
  ).toThrow("in a circle");
});

test("a reader that is slow slows the server down, and loses nothing", async () => {
  await fleet.rows("CREATE TABLE big AS SELECT n, repeat('x', 1000) AS text FROM generate_series(1, 20000) n");
  const directory = await mkdtemp(join(tmpdir(), "farrier-backup-"));
  try {
    let bytes = 0;
    await databaseBackup(fleet.test.connection, {
      head: async () => undefined,
      table: async (table, rows) => {
        for await (const part of rows) {
          if (table.name === "big") {
            expect(part.length).toBeLessThan(4 << 20);
            bytes += part.length;
            // As a disk would.
            await writeFile(join(directory, "slow"), part, { flush: true });
          }
        }
      },
    });
    expect(bytes).toBeGreaterThan(20_000 * 1_000);
    expect((await readFile(join(directory, "slow"))).length).toBeGreaterThan(0);
  } finally {
    await rm(directory, { recursive: true });
  }
});
