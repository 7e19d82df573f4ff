// A store in Debian's docker-registry.
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  dockerRegistry,
  dockerRegistryMissing,
  registryAccess,
  type DockerRegistry,
} from "../../../test/support/docker-registry.ts";
import { recordingLog } from "../../../test/support/recording-log.ts";
import { ociRepository } from "../../contract/oci-reference.ts";
import { systemClock } from "../../lib/clock.ts";
import type { ImageStore } from "../store.ts";
import { ociStore } from "./oci-store.ts";
import { registryCredentialsRead } from "./registry-credentials.ts";

const missing = await dockerRegistryMissing();
let registry: DockerRegistry;
let closed: DockerRegistry;
let undeleting: DockerRegistry;
beforeAll(async () => {
  if (missing === undefined) {
    registry = await dockerRegistry();
    closed = await dockerRegistry({ closed: true });
    undeleting = await dockerRegistry({ deletes: false });
  }
});
afterAll(async () => {
  if (missing === undefined) {
    await Promise.all([registry, closed, undeleting].map((one) => one[Symbol.asyncDispose]()));
  }
});
beforeEach((context) => context.skip(missing !== undefined, missing));

const recorded = recordingLog();

function store(
  options: { of?: DockerRegistry; place?: string; repository?: string; password?: string } = {},
): ImageStore {
  const { of = registry, place = "here", repository = "farrier/images", password } = options;
  const found = ociRepository(`oci://${of.host}/${repository}`);
  if (found === undefined) {
    throw new Error("that is no repository");
  }
  const credentials = password === undefined ? undefined : { user: registryAccess.user, password };
  return ociStore({ ...found, credentials, place, clock: systemClock, log: recorded.log });
}

const hexOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const hexes = (one: ImageStore): string[] => one.list().map(({ hex }) => hex);

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700_000) {
    yield bytes.subarray(at, at + 700_000);
  }
}

async function readFrom(one: ImageStore, hex: string, first: number, last: number): Promise<Buffer> {
  await using file = await one.open(hex);
  return file === undefined ? Buffer.alloc(0) : await buffer(file.read(first, last));
}

test("a file is stored in parts, read whole and in ranges, and found by another process", async () => {
  const bytes = randomBytes(20 << 20);
  const hex = hexOf(bytes);
  const first = store();
  await first.put(hex, pieces(bytes));
  expect(first.list()).toMatchObject([{ hex, bytes: bytes.length }]);
  const other = store({ place: "there" });
  expect(other.id).not.toBe(first.id);
  expect(store().id).toBe(first.id);
  await other.scan();
  expect(hexes(other)).toEqual([hex]);
  expect((await readFrom(other, hex, 0, bytes.length - 1)).equals(bytes)).toBe(true);
  expect((await readFrom(other, hex, 9_000_000, 9_000_999)).equals(bytes.subarray(9_000_000, 9_001_000))).toBe(true);
  expect(await other.check(hex)).toBe(true);
  await other.remove(hex);
  await first.scan();
  expect(hexes(first)).toEqual([]);
  expect(await readFrom(first, hex, 0, 10)).toHaveLength(0);
});

test("bytes with another digest, and those that break off, are not stored", async () => {
  const one = store({ repository: "half" });
  const bytes = randomBytes(1 << 20);
  const hex = hexOf(bytes);
  await expect(one.put(hex, pieces(bytes.subarray(1)))).rejects.toMatchObject({ code: "unproven" });
  async function* breaking(): AsyncGenerator<Buffer> {
    yield bytes.subarray(0, 1000);
    throw new Error("the connection broke");
  }
  await expect(one.put(hex, breaking())).rejects.toThrow("the connection broke");
  await one.scan();
  expect(one.list()).toEqual([]);
  await one.put(hex, pieces(bytes));
  expect(await one.check(hex)).toBe(true);
});

test("a blob that was deleted in the registry's folder, cut short or altered is noticed, and stored again", async () => {
  const one = store({ repository: "harmed" });
  const bytes = randomBytes(1 << 20);
  const hex = hexOf(bytes);
  const path = registry.blobFile(hex);
  const blob = dirname(path);
  await one.put(hex, pieces(bytes));
  await rm(blob, { recursive: true });
  expect(await one.open(hex)).toBeUndefined();
  expect(hexes(one)).toEqual([]);
  await one.put(hex, pieces(bytes));

  await writeFile(path, bytes.subarray(1));
  expect(await one.open(hex)).toBeUndefined();
  // The registry keeps what it has under this digest, until somebody deletes it there.
  await expect(one.put(hex, pieces(bytes))).rejects.toThrow(
    /keeps other bytes under sha256:[0-9a-f]{64}: delete this blob/u,
  );
  await one.scan();
  expect(hexes(one)).toEqual([]);
  await rm(blob, { recursive: true });
  await one.put(hex, pieces(bytes));

  await writeFile(path, Buffer.alloc(bytes.length, 1));
  expect(await one.check(hex)).toBe(false);
  expect(hexes(one)).toEqual([]);
  await rm(blob, { recursive: true });
  await one.put(hex, pieces(bytes));
  expect(await one.check(hex)).toBe(true);
});

test("a registry that deletes nothing: it is said once, and the file is no more this store's", async () => {
  const one = store({ of: undeleting });
  const [first, second] = [randomBytes(1000), randomBytes(1000)];
  for (const bytes of [first, second]) {
    await one.put(hexOf(bytes), pieces(bytes));
    await one.remove(hexOf(bytes));
    await one.scan();
  }
  expect(hexes(one)).toEqual([]);
  expect((await stat(undeleting.blobFile(hexOf(first)))).size).toBe(1000);
  expect(recorded.count(/the registry deletes nothing.*storage\.delete\.enabled/u)).toBe(1);
  await one.put(hexOf(first), pieces(first));
  expect(hexes(one)).toEqual([hexOf(first)]);
});

test("a registry that is away is an error, not an empty store", async () => {
  const one = store({ repository: "away" });
  const bytes = randomBytes(1000);
  await one.put(hexOf(bytes), pieces(bytes));
  await registry.end();
  await expect(one.scan()).rejects.toMatchObject({ code: "unavailable" });
  await expect(one.check(hexOf(bytes))).rejects.toMatchObject({ code: "unavailable" });
  expect(hexes(one)).toEqual([hexOf(bytes)]);
  await registry.again();
  await one.scan();
  expect(hexes(one)).toEqual([hexOf(bytes)]);
});

describe("a registry that wants credentials", () => {
  test("has files for who gives them, and no message has the password", async () => {
    const one = store({ of: closed, password: registryAccess.password });
    const bytes = randomBytes(1 << 20);
    await one.put(hexOf(bytes), pieces(bytes));
    expect((await readFrom(one, hexOf(bytes), 10, 19)).equals(bytes.subarray(10, 20))).toBe(true);
    await expect(store({ of: closed }).scan()).rejects.toMatchObject({
      code: "unusable",
      message: expect.stringContaining("--cache-credentials FILE"),
    });
    const wrong = await store({ of: closed, password: "planted-wrong-password" })
      .scan()
      .then(
        () => "",
        (error: unknown) => String(error),
      );
    expect(wrong).toContain("401");
    expect(wrong).not.toContain("planted");
  });

  test("they are read from a file of one line that others can't read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "farrier-credentials-"));
    const path = join(folder, "registry");
    try {
      await expect(registryCredentialsRead(path)).rejects.toMatchObject({ code: "unusable" });
      await writeFile(path, "farrier:planted-registry-password\n", { mode: 0o644 });
      await expect(registryCredentialsRead(path)).rejects.toThrow(/can be read by others: close it with chmod 600/u);
      await rm(path);
      await writeFile(path, "farrier:planted-registry-password\n", { mode: 0o600 });
      expect(await registryCredentialsRead(path)).toEqual(registryAccess);
      for (const text of ["planted", "a:planted\nb:planted\n", ":planted", "farrier:", "x".repeat(9000)]) {
        await writeFile(path, text);
        const refused = registryCredentialsRead(path);
        await expect(refused).rejects.toThrow(/expected (?:one line, )?USER:PASSWORD/u);
        await expect(refused).rejects.not.toThrow(/planted/u);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
