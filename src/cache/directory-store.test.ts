import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLogger } from "../lib/log.ts";
import { systemClock } from "../lib/clock.ts";
import { directoryStore } from "./directory-store.ts";
import type { ImageStore } from "./store.ts";

const log = createLogger({ level: "silent", component: "test" });
const bytes = randomBytes(1 << 20);
const hex = createHash("sha256").update(bytes).digest("hex");
let folder: string;
const open = (): Promise<ImageStore> => directoryStore(folder, { clock: systemClock, log });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-store-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function* pieces(...parts: Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}
const names = async (): Promise<string[]> => await readdir(folder, { recursive: true });
const hexes = (store: ImageStore): string[] => store.list().map((file) => file.hex);

test("a file is stored whole, readable by its owner alone", async () => {
  const store = await open();
  await store.put(hex, pieces(bytes.subarray(0, 1000), bytes.subarray(1000)));
  const path = join(folder, "files", hex);
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(store.list()).toMatchObject([{ hex, bytes: bytes.length }]);
});

test("bytes with another digest, and those that break off, leave nothing behind", async () => {
  const store = await open();
  await expect(store.put(hex, pieces(bytes.subarray(1)))).rejects.toMatchObject({ code: "unproven" });
  async function* breaking(): AsyncGenerator<Buffer> {
    yield bytes.subarray(0, 1000);
    throw new Error("the connection broke");
  }
  await expect(store.put(hex, breaking())).rejects.toThrow("the connection broke");
  expect(store.list()).toEqual([]);
  expect((await names()).toSorted()).toEqual(["files", "partial", "store-id"]);
});

test("a new process keeps the store's id, and takes in the files that have their digest", async () => {
  const first = await open();
  await first.put(hex, pieces(bytes));
  const altered = "ab".repeat(32);
  await writeFile(join(folder, "files", altered), "something else");
  const second = await open();
  expect(second.id).toBe(first.id);
  expect(hexes(second)).toEqual([]);
  await second.scan();
  expect(hexes(second)).toEqual([hex]);
  expect(await readdir(join(folder, "files"))).toEqual([hex]);
});

test("a file of the same length and time with other bytes is found by reading it again", async () => {
  const store = await open();
  await store.put(hex, pieces(bytes));
  const path = join(folder, "files", hex);
  const { mtime } = await stat(path);
  await writeFile(path, Buffer.alloc(bytes.length));
  await utimes(path, mtime, mtime);
  expect(await store.check(hex)).toBe(false);
  expect(store.list()).toEqual([]);
  expect(await readdir(join(folder, "files"))).toEqual([]);
});

test("what an earlier process left half-written is removed once it is an hour old", async () => {
  await open();
  const old = join(folder, "partial", `${hex}.old.tmp`);
  const young = join(folder, "partial", `${hex}.young.tmp`);
  await writeFile(old, "half");
  await writeFile(young, "half");
  await utimes(old, new Date(0), new Date(0));
  await open();
  expect(await readdir(join(folder, "partial"))).toEqual([`${hex}.young.tmp`]);
});

test("a new try removes what a killed one left of the same file a minute ago, and no other's", async () => {
  const store = await open();
  const other = `${"0".repeat(64)}.old.tmp`;
  for (const name of [`${hex}.old.tmp`, other]) {
    const path = join(folder, "partial", name);
    await writeFile(path, "half");
    const ago = new Date((await stat(path)).mtimeMs - 120_000);
    await utimes(path, ago, ago);
  }
  await writeFile(join(folder, "partial", `${hex}.young.tmp`), "half");
  await store.put(hex, pieces(bytes));
  expect((await readdir(join(folder, "partial"))).toSorted()).toEqual([other, `${hex}.young.tmp`]);
  // Also without a start: an hour later.
  await utimes(join(folder, "partial", other), new Date(0), new Date(0));
  await store.scan();
  expect(await readdir(join(folder, "partial"))).toEqual([`${hex}.young.tmp`]);
});

test("a file stays readable for who has opened it, also if it is removed meanwhile", async () => {
  const store = await open();
  await store.put(hex, pieces(bytes));
  await using file = await store.open(hex);
  await store.remove(hex);
  const read = await file?.read(0, bytes.length - 1).toArray();
  expect(Buffer.concat(read as Buffer[]).equals(bytes)).toBe(true);
});
