import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { heldConnection, silent } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { databaseUrlRead } from "../address/database-url.ts";
import { connect } from "../connect.ts";
import { isUnavailable, translate } from "../errors.ts";
import { poolOpen, silenceAllow } from "./pool.ts";
import { transact } from "../transaction.ts";

test("a connection that breaks while it is held ends nothing but what was going on over it", async () => {
  await using testing = await testDatabase();
  const pool = poolOpen(testing.connection, { max: 2 }, { log: silent });
  const held = await pool.connect();
  const { rows } = await held.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  await pool.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
  // Unheard, the event would have ended this process by now.
  const error = await waitFor("the connection to be found broken", () =>
    held.query("SELECT").then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
  expect(isUnavailable(error)).toBe(true);
  held.release(true);
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await pool.end();
});

test("a transaction whose connection breaks between two queries is unavailable; the next one succeeds", async () => {
  await using testing = await testDatabase();
  await using database = connect(testing.connection, { log: silent });
  const broken = transact(database, null, async (tx) => {
    await tx.insertInto("machines").values({ name: "half" }).execute();
    await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'idle in transaction'`,
    );
    await waitFor("its end", async () => {
      const { rowCount } = await database.pool.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
      );
      return rowCount === 0;
    });
    await tx.insertInto("machines").values({ name: "done" }).execute();
  });
  await expect(broken).rejects.toMatchObject({ name: "DatabaseError", code: "unavailable" });
  expect((await database.pool.query("SELECT FROM machines")).rowCount).toBe(0);
  await transact(database, null, async (tx) => {
    await tx.insertInto("machines").values({ name: "whole" }).execute();
  });
  expect((await database.pool.query("SELECT name FROM machines")).rows).toEqual([{ name: "whole" }]);
});

test("a connection that says nothing for too long is given up, unless that is expected of it", async () => {
  await using testing = await testDatabase();
  const pool = poolOpen(testing.connection, { max: 1 }, { log: silent, silence: 200 });
  const error: unknown = await pool.query("SELECT pg_sleep(20)").catch((reason: unknown) => reason);
  expect(translate(error)).toMatchObject({ code: "unavailable" });
  const patient = await pool.connect();
  silenceAllow(patient);
  expect((await patient.query("SELECT pg_sleep(0.5), 1 AS one")).rows).toMatchObject([{ one: 1 }]);
  patient.release();
  await pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
  await pool.end();
});

test("A3: a pool's queue has a maximum length; the next call is refused at once, and the rest are served", async () => {
  await using testing = await testDatabase();
  await using database = connect(testing.connection, { log: silent, connections: 1, maximumWaiting: 2 });
  const held = await database.pool.connect();
  const waiting = [1, 2].map(() => transact(database, null, async (tx) => tx.selectFrom("machines").execute()));
  await waitFor("both to wait", async () => database.pool.waitingCount === 2);
  await expect(transact(database, null, async () => undefined)).rejects.toMatchObject({
    name: "DatabaseError",
    code: "unavailable",
    message: expect.stringContaining("2 calls of this kind wait"),
  });
  await expect(database.pool.query("SELECT 1")).rejects.toMatchObject({ code: "unavailable" });
  held.release();
  expect(await Promise.all(waiting)).toEqual([[], []]);
});

test("X2: PostgreSQL compiles no statement of ours, whatever its own setting says", async () => {
  await using testing = await testDatabase();
  await using own = await heldConnection(testing);
  await own.query(`ALTER DATABASE ${testing.name} SET jit = on`);
  await using plain = connect(testing.connection, { log: silent });
  await using byUrl = connect(databaseUrlRead(testing.url), { log: silent });
  for (const { pool } of [plain, byUrl]) {
    expect((await pool.query("SHOW jit")).rows).toEqual([{ jit: "off" }]);
  }
});

test.each([
  ["a row", "SELECT FROM machines FOR UPDATE"],
  ["a table", "LOCK TABLE machines IN ACCESS EXCLUSIVE MODE"],
])("X15: who holds the lock on %s is in the error", async (_title, text) => {
  await using testing = await testDatabase();
  await using database = connect(testing.connection, { log: silent });
  await database.pool.query("INSERT INTO machines (name) VALUES ('held')");
  await using holder = await heldConnection(testing);
  await holder.query("BEGIN");
  await holder.query(text);
  const { rows } = await holder.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const words = `held in the database by process ${rows[0]?.pid} (holder, since 20`;
  // Repeated if this process was so late that it could query nothing while the call waited.
  await waitFor("the holder to be told", async () => {
    const error: unknown = await transact(database, null, async (tx) =>
      tx.updateTable("machines").set({ name: "changed" }).execute(),
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "DatabaseError", code: "busy" });
    return error instanceof Error && error.message.includes(words);
  });
  await holder.query("ROLLBACK");
});
