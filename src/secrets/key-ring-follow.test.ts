import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { waitFor } from "../../test/support/wait.ts";
import { connect, type Database } from "../database/connect.ts";
import { secretsKeyOffer, secretsKeysAdvance, secretsKeysRead } from "../database/queries/secret/secrets-key.ts";
import { sessionHold } from "../database/session-holder.ts";
import { transact } from "../database/transaction.ts";
import { systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/log.ts";
import { keyFileAdd, keyFileEnsure, keyFileRead } from "./key-file.ts";
import { keyRingFollow, type FollowedKeyRing } from "./key-ring-follow.ts";

const log = createLogger({ level: "silent", component: "test" });
const place = { table: "credential", row: "a", purpose: "secret" };

let stack: AsyncDisposableStack;
let made: TestDatabase;
let database: Database;
let folder: string;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), "farrier-key-ring-"));
  stack.defer(() => rm(folder, { recursive: true }));
  made = stack.use(await testDatabase());
  database = stack.use(connect(made.connection, { log }));
});
afterEach(() => stack.disposeAsync());

/** A key ring as one process follows it, with its own key file. */
async function process(name: string, component = "server"): Promise<FollowedKeyRing & { keyFile: string }> {
  const keyFile = join(folder, name);
  const sessions = stack.use(sessionHold(database, { component, log, clock: systemClock }));
  await sessions.next();
  const mayMake = component === "server";
  const ring = stack.use(await keyRingFollow({ database, keyFile, mayMake, log, clock: systemClock }));
  await ring.heldUnder(sessions);
  return { ...ring, keyFile };
}

const states = async (): Promise<string[]> => (await secretsKeysRead(database.kysely)).map(({ state }) => state);

test("the first server makes the key, and seals by it at once", async () => {
  const first = await process("first");
  expect(await states()).toEqual(["current"]);
  expect(first.current()).toBe((await keyFileRead(first.keyFile))?.[0]?.id);
  expect(Buffer.from(first.open(place, first.seal(place, Buffer.from("x")))).toString()).toBe("x");
  expect(first.problem()).toBeUndefined();
});

test("servers that start together on one file agree on one key", async () => {
  const rings = await Promise.all([1, 2, 3].map(() => process("shared")));
  await Promise.all(rings.map((ring) => ring.look()));
  expect(new Set(rings.map((ring) => ring.current())).size).toBe(1);
  expect(await states()).toEqual(["current"]);
});

test("one without the key says which it lacks, and opens once the file was copied", async () => {
  const first = await process("first");
  const sealed = first.seal(place, Buffer.from("x"));
  const second = await process("second");
  expect(second.problem()).toMatch(
    new RegExp(`sealed by key ${first.current()}, which this process lacks: ${second.keyFile} is not there. Add`, "u"),
  );
  expect(() => second.open(place, sealed)).toThrow(/Add the lines of the key file/u);
  expect(() => second.seal(place, Buffer.from("y"))).toThrow(/Add the lines of the key file/u);
  await keyFileEnsure(second.keyFile);
  await second.look();
  expect(second.problem()).toMatch(/which this process lacks: \S+ has [0-9a-f]{16}\. Add/u);
  await copyFile(first.keyFile, second.keyFile);
  await waitFor("the second one to have the key", () => second.problem() === undefined || undefined);
  expect(Buffer.from(second.open(place, sealed)).toString()).toBe("x");
});

test("while a process that knows of no keys is alive, nothing is sealed; then it is", async () => {
  const old = sessionHold(database, { component: "shepherd", log, clock: systemClock });
  await old.next();
  const first = await process("first");
  expect(first.sealing()).toBe(false);
  expect(await states()).toEqual(["next"]);
  expect(() => first.seal(place, Buffer.from("x"))).toThrow(/no key to seal secrets with yet/u);
  await old[Symbol.asyncDispose]();
  await waitFor("the key to be the current one", () => first.current());
  expect(first.sealing()).toBe(true);
});

test("another key is sealed by only when every process has it", async () => {
  const [first, second] = [await process("shared"), await process("shared", "shepherd")];
  const before = first.current();
  const added = await keyFileAdd(first.keyFile);
  await secretsKeyOffer(database.kysely, added);
  await first.look();
  await secretsKeysAdvance(database);
  expect(first.current()).toBe(before);
  await second.look();
  await secretsKeysAdvance(database);
  await first.look();
  expect([first.current(), second.current()]).toEqual([added.id, before]);
  // Each ring opens what the other one sealed.
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const) {
    expect(Buffer.from(other.open(place, one.seal(place, Buffer.from("x")))).toString()).toBe("x");
  }
});

test("a database whose keys are all lost gets another one; a key file that is there already keeps what it had", async () => {
  await keyFileEnsure(join(folder, "kept"));
  const [lost] = (await keyFileRead(join(folder, "kept"))) ?? [];
  await database.pool.query(
    "INSERT INTO secrets_key (key_id, check_value, state) VALUES ($1, $2, 'lost'), ($3, $4, 'retired')",
    ["0123456789abcdef", Buffer.alloc(32), lost?.id, Buffer.from(lost?.checkValue ?? [])],
  );
  const server = await process("kept");
  expect((await states()).toSorted()).toEqual(["current", "lost", "retired"]);
  expect(server.problem()).toBeUndefined();
  expect((await keyFileRead(server.keyFile))?.map(({ id }) => id)).toEqual([lost?.id, server.current()]);
});

test("servers on one file whose keys are all lost add one key to it, and lose none", async () => {
  const shared = join(folder, "shared");
  const [lost] = await keyFileEnsure(shared);
  await database.pool.query("INSERT INTO secrets_key (key_id, check_value, state) VALUES ($1, $2, 'lost')", [
    lost?.id,
    Buffer.from(lost?.checkValue ?? []),
  ]);
  const rings = await Promise.all(Array.from({ length: 4 }, () => process("shared")));
  await Promise.all(rings.map((ring) => ring.look()));
  const ids = (await keyFileRead(shared))?.map(({ id }) => id);
  expect(ids).toHaveLength(2);
  expect(new Set(rings.map((ring) => ring.current()))).toEqual(new Set([ids?.[1]]));
});

test("changes of keys that begin at once, on one file or on several, are one change", async () => {
  const first = await process("shared");
  await copyFile(first.keyFile, join(folder, "own"));
  const rings = [first, await process("shared"), await process("own")];
  const offered = await Promise.all(
    rings.flatMap((ring) => [1, 2].map(() => transact(database, null, (tx) => ring.offer(tx)))),
  );
  expect(new Set(offered).size).toBe(1);
  const files = await Promise.all([first.keyFile, join(folder, "own")].map((path) => keyFileRead(path)));
  // One of the files has the key, and the other has nothing that it did not have.
  const [having, without] = [true, false].map((has) =>
    files.filter((keys) => keys?.some(({ id }) => id === offered[0]) === has),
  );
  expect([having?.map((keys) => keys?.length), without?.map((keys) => keys?.length)]).toEqual([[2], [1]]);
});

test("a file that lost keys in use, as by copying an older one over it, gets them back", async () => {
  const first = await process("first");
  const before = await readFile(first.keyFile);
  const next = await transact(database, null, (tx) => first.offer(tx));
  await first.look();
  await secretsKeysAdvance(database);
  await first.look();
  expect(first.current()).toBe(next);
  await writeFile(first.keyFile, before);
  await first.look();
  expect(first.problem()).toBeUndefined();
  expect(first.warning()).toBeUndefined();
  expect((await keyFileRead(first.keyFile))?.at(-1)?.id).toBe(next);
  // A key that is in no use any more may be removed.
  const lines = (await readFile(first.keyFile, "utf8")).split("\n");
  await writeFile(first.keyFile, lines.filter((_, index) => index !== 1).join("\n"));
  await first.look();
  expect((await keyFileRead(first.keyFile))?.map(({ id }) => id)).toEqual([next]);
});

test("where the file can't be mended the key stays in memory, and it is said", async () => {
  const first = await process("first");
  // A file can be read by this name, but not written under a longer one beside it.
  const name = "x".repeat(250);
  await copyFile(first.keyFile, join(folder, name));
  const second = await process(name, "shepherd");
  const sealed = first.seal(place, Buffer.from("x"));
  await rm(second.keyFile);
  await second.look();
  expect(second.warning()).toMatch(/lacks key [0-9a-f]{16}, which is in use: this process still has it in memory/u);
  expect(second.problem()).toBeUndefined();
  expect(Buffer.from(second.open(place, sealed)).toString()).toBe("x");
  await copyFile(first.keyFile, second.keyFile);
  await second.look();
  expect(second.warning()).toBeUndefined();
});
