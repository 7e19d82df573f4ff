import { randomUUID } from "node:crypto";
import { afterAll, beforeEach, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../../../test/support/database.ts";
import { connect, type Database } from "../../connect.ts";
import { sessionId, type SessionId } from "../../ids.ts";
import { createLogger } from "../../../lib/log.ts";
import {
  secretsKeyLacking,
  secretsKeyOffer,
  secretsKeysAdvance,
  secretsKeysHeld,
  secretsKeysRead,
} from "./secrets-key.ts";

let made: TestDatabase | undefined;
let database: Database;
async function close(): Promise<void> {
  await database?.[Symbol.asyncDispose]();
  await made?.[Symbol.asyncDispose]();
}
beforeEach(async () => {
  await close();
  made = await testDatabase();
  database = connect(made.connection, { log: createLogger({ level: "silent", component: "test" }) });
});
afterAll(close);

const [one, two] = ["1".repeat(16), "2".repeat(16)].map((id) => ({ id, checkValue: Buffer.alloc(32, id) })) as [
  { id: string; checkValue: Buffer },
  { id: string; checkValue: Buffer },
];

async function session(component: string, seconds = 3_600): Promise<SessionId> {
  const id = randomUUID();
  await database.pool.query(
    `INSERT INTO sessions (session_id, session_component, session_runtime_info, session_interval_seconds, session_deadline)
     VALUES ($1, $2, 'host 1', 15, now() + make_interval(secs => $3))`,
    [id, component, seconds],
  );
  return sessionId(id);
}

const hold = (id: SessionId, ...keys: { id: string }[]): Promise<void> =>
  secretsKeysHeld(database, id, { keyIds: keys.map((key) => key.id), keyFile: "/data/secrets-key" });

async function states(): Promise<Record<string, string>> {
  return Object.fromEntries((await secretsKeysRead(database.kysely)).map(({ keyId, state }) => [keyId[0], state]));
}

/** The bytes of a request that the database takes for sealed by this key. */
function sealedBy(key: { id: string }): Buffer {
  return Buffer.concat([Buffer.from([0, 0x66, 0x72, 0x73, 1]), Buffer.from(key.id, "hex"), Buffer.alloc(40, 9)]);
}

async function requestSealed(key: { id: string }): Promise<string> {
  const { rows } = await database.pool.query<{ machine_id: string }>(
    "INSERT INTO machines DEFAULT VALUES RETURNING machine_id",
  );
  const id = rows[0]?.machine_id ?? "";
  await database.pool.query(
    "INSERT INTO machine_os_installation_request (machine_id, generation, os_installation_request_raw) VALUES ($1, 1, $2)",
    [id, sealedBy(key)],
  );
  return id;
}

test("a key becomes the current one only when every live server and shepherd has it", async () => {
  await secretsKeyOffer(database.kysely, one);
  await secretsKeysAdvance(database);
  expect(await states()).toEqual({ 1: "next" });
  const [server, shepherd] = [await session("server"), await session("shepherd")];
  await session("netboot");
  await session("server", -1);
  await hold(server, one);
  expect(await secretsKeysAdvance(database)).toEqual({ retired: [] });
  expect(await secretsKeyLacking(database.kysely, one.id)).toMatchObject([
    { sessionId: shepherd, component: "shepherd", runtimeInfo: "host 1", keyFile: "" },
  ]);
  await hold(shepherd, one);
  expect(await secretsKeysAdvance(database)).toEqual({ promoted: one.id, retired: [] });
  expect(await states()).toEqual({ 1: "current" });
  expect(await secretsKeyLacking(database.kysely, one.id)).toEqual([]);
});

test("an old key is retired when no row uses it, and is an old one again where a row does", async () => {
  const server = await session("server");
  await hold(server, one, two);
  await secretsKeyOffer(database.kysely, one);
  await secretsKeysAdvance(database);
  const machine = await requestSealed(one);
  expect(await secretsKeyOffer(database.kysely, two)).toBe(true);
  expect(await secretsKeyOffer(database.kysely, { ...two, id: "3".repeat(16) })).toBe(false);
  expect(await secretsKeysAdvance(database)).toEqual({ promoted: two.id, retired: [] });
  expect(await states()).toEqual({ 1: "old", 2: "current" });
  const seal = (key: { id: string }) =>
    database.pool.query(
      "UPDATE machine_os_installation_request SET os_installation_request_raw = $2 WHERE machine_id = $1",
      [machine, sealedBy(key)],
    );
  await seal(two);
  expect(await secretsKeysAdvance(database)).toEqual({ retired: [one.id] });
  expect(await secretsKeysAdvance(database)).toEqual({ retired: [] });
  // A process that does not know of the retirement seals a row.
  await seal(one);
  await secretsKeysAdvance(database);
  expect(await states()).toEqual({ 1: "old", 2: "current" });
});

test("a key that was lost is an old one again when a live process has it", async () => {
  const server = await session("server");
  await secretsKeyOffer(database.kysely, one);
  await database.pool.query("UPDATE secrets_key SET state = 'lost'");
  await hold(server, two);
  await requestSealed(one);
  await secretsKeysAdvance(database);
  expect(await states()).toEqual({ 1: "lost" });
  await hold(server, two, one);
  await secretsKeysAdvance(database);
  expect(await states()).toEqual({ 1: "old" });
});

test("of several who take the step at once, one does", async () => {
  await hold(await session("server"), one);
  await secretsKeyOffer(database.kysely, one);
  const steps = await Promise.all([1, 2, 3, 4, 5].map(() => secretsKeysAdvance(database)));
  expect(steps.filter(({ promoted }) => promoted !== undefined)).toHaveLength(1);
});

test("a process's keys are removed with its session, and nothing is kept of a process that is gone", async () => {
  const server = await session("server");
  await hold(server, one);
  await database.pool.query("DELETE FROM sessions");
  await hold(server, one);
  expect((await database.pool.query("SELECT FROM session_secrets_key")).rowCount).toBe(0);
});

test("a request that is only sealed tells nobody, and a changed one is refused as ever", async () => {
  const machine = await requestSealed(one);
  const { rows } = await database.pool.query<{ n: string }>("SELECT count(*)::text AS n FROM history");
  const client = await database.pool.connect();
  const heard: unknown[] = [];
  client.on("notification", (message) => heard.push(message));
  await client.query("LISTEN farrier_agent");
  await client.query("UPDATE machine_os_installation_request SET os_installation_request_raw = $1", [sealedBy(two)]);
  await client.query("SELECT");
  expect(heard).toEqual([]);
  await expect(
    client.query("UPDATE machine_os_installation_request SET os_installation_request_raw = 'x'"),
  ).rejects.toThrow(`generation 1 of machine ${machine} has been asked for already`);
  client.release(true);
  expect((await database.pool.query("SELECT count(*)::text AS n FROM history")).rows).toEqual(rows);
});
