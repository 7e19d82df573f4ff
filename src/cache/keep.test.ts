import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { ImageInstallationSchema, SignatureFormat } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { silent, testFleet, type Fleet, type TestMachine } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { generation } from "../database/ids.ts";
import { systemClock } from "../lib/clock.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { cacheOpen } from "./cache-open.ts";
import { cacheServe } from "./cache-serve.ts";
import { directoryStore } from "./directory-store.ts";
import { mirrorHandOut } from "./hand-out.ts";
import type { CacheOrigin } from "./keep.ts";

const ring = testKeyRing();
const megabyte = 1 << 20;
let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

let stack: AsyncDisposableStack;
/** What the origin waits for. */
let held: Promise<void> | undefined;
let origin: { calls: string[]; images: Map<string, Buffer>; fetch: CacheOrigin };
beforeEach(() => {
  stack = new AsyncDisposableStack();
  const images = new Map<string, Buffer>();
  const calls: string[] = [];
  origin = {
    calls,
    images,
    fetch: async (digest, take) => {
      calls.push(digest);
      await held;
      const bytes = images.get(digest);
      if (bytes === undefined) {
        throw new Error("the origin has no such image");
      }
      await take(pieces(bytes));
    },
  };
});
afterEach(async () => {
  await stack.disposeAsync();
  await fleet.rows("DELETE FROM catalogue_image");
  await fleet.rows("DELETE FROM cache_fetch");
  await fleet.rows("DELETE FROM cache_store");
});

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) {
    yield bytes.subarray(at, at + 100_000);
  }
}

/** An image of the catalogue that is ready and to be cached. */
async function image(name: string, options: { bytes?: number; isPublic?: boolean } = {}): Promise<string> {
  const bytes = randomBytes(options.bytes ?? megabyte);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  origin.images.set(digest, bytes);
  await fleet.rows("INSERT INTO catalogue_image (image_name, last_version, created_by) VALUES ($1, 1, 'tester')", name);
  await fleet.rows(
    `INSERT INTO image_version
       (image_name, version, state, sealed_source, shown_url, digest, signed, cached, public, facts, created_by, ready_at)
     VALUES ($1, 1, 'ready', $2, 'http://origin/', $3, false, true, $4, $5, 'tester', clock_timestamp())`,
    name,
    Buffer.from(ring.seal({ table: "image_version", row: `${name} 1`, purpose: "source" }, Buffer.from("{}"))),
    digest,
    options.isPublic ?? false,
    JSON.stringify({ packedBytes: String(bytes.length) }),
  );
  return digest;
}

interface Cache {
  folder: string;
  url: string;
  digests(): string[];
  end(): Promise<void>;
}

/** A cache of its own, as a process has it. */
async function cache(options: { room?: number; folder?: string; checkEvery?: number } = {}): Promise<Cache> {
  const own = stack.use(new AsyncDisposableStack());
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "farrier-keep-")));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const store = await directoryStore(folder, { clock: systemClock, log: silent });
  const opened = cacheOpen({
    ...{ database: fleet.database, store, ring, room: options.room ?? 1 << 30, origin: origin.fetch },
    ...{ metrics: createMetrics(), clock: systemClock, log: silent },
  });
  const listener = own.use(
    await cacheServe({ address: { host: "127.0.0.1", port: 0 }, images: opened.images, log: silent }),
  );
  const url = `http://127.0.0.1:${listener.address.port}`;
  own.use(opened.keep([url]));
  return {
    folder,
    url,
    digests: () => store.list().map(({ hex }) => `sha256:${hex}`),
    end: () => own.disposeAsync(),
  };
}

const has = (one: Cache, ...digests: string[]): Promise<true> =>
  waitFor(
    `${digests.length} images in a cache`,
    () => Promise.resolve(digests.toSorted().join() === one.digests().toSorted().join() || undefined),
    { timeoutMs: 60_000 },
  );

async function requested(machine: TestMachine, digest: string, url = "http://origin/"): Promise<bigint> {
  const value = create(ImageInstallationSchema, { url, digest });
  return fleet.request(machine, {
    digest,
    raw: toBinary(
      OSInstallationRequestSchema,
      create(OSInstallationRequestSchema, { generation: 1n, type: { case: "image", value } }),
    ),
  });
}

test("three caches take an image from the origin once, and from each other", async () => {
  const digest = await image("one");
  const caches = [await cache(), await cache(), await cache()];
  await Promise.all(caches.map((one) => has(one, digest)));
  expect(origin.calls).toEqual([digest]);
});

test("an image comes from the origin where the stores that have it can't be reached", async () => {
  const digest = await image("unreachable");
  await fleet.rows("INSERT INTO cache_store (store_id, urls) VALUES (gen_random_uuid(), '{http://127.0.0.1:1}')");
  await fleet.rows("INSERT INTO cache_file (digest, store_id, bytes) SELECT $1, store_id, 1 FROM cache_store", digest);
  await has(await cache(), digest);
  expect(origin.calls).toEqual([digest]);
});

test("a store is there for others while it waits for a big image", async () => {
  const small = await image("small");
  const one = await cache();
  await has(one, small);
  const release = Promise.withResolvers<void>();
  held = release.promise;
  const big = await image("big");
  await waitFor("the fetch to begin", () => Promise.resolve(origin.calls.includes(big) || undefined));
  await fleet.rows("UPDATE cache_store SET seen_at = now() - interval '2 minutes'");
  await waitFor(
    "the store to be seen",
    async () =>
      (await fleet.rows("SELECT FROM cache_store WHERE seen_at > now() - interval '1 minute'")).length === 1 ||
      undefined,
    { timeoutMs: 60_000 },
  );
  expect(one.digests()).toEqual([small]);
  held = undefined;
  release.resolve();
  await has(one, small, big);
});

test("two processes with one folder fetch an image once", async () => {
  const digest = await image("shared");
  const first = await cache();
  const second = await cache({ folder: first.folder });
  await Promise.all([has(first, digest), has(second, digest)]);
  expect(origin.calls).toEqual([digest]);
});

test("the room is kept: the image that was used last stays, and so does an image that a pending request names", async () => {
  const old = await image("old");
  const middle = await image("middle");
  const machine = await fleet.add();
  await requested(machine, old);
  const recent = await image("recent");
  const one = await cache({ room: 2.5 * megabyte });
  await has(one, old, recent);
  // Without the request the oldest goes, and there is room for the next.
  await fleet.cancel(machine);
  const next = await cache({ room: 2.5 * megabyte });
  await has(next, middle, recent);
});

test("a deleted file and an altered one are noticed without a request, and fetched again", async () => {
  const digest = await image("harmed");
  const one = await cache();
  await has(one, digest);
  const path = join(one.folder, "files", digest.slice("sha256:".length));
  await rm(path);
  await waitFor("a second fetch", () => Promise.resolve(origin.calls.length === 2 || undefined), { timeoutMs: 60_000 });
  await has(one, digest);
  await writeFile(path, "altered");
  await waitFor("a third fetch", () => Promise.resolve(origin.calls.length === 3 || undefined), { timeoutMs: 60_000 });
  await has(one, digest);
});

test("a process that is killed in mid-fetch: another one fetches the image once its claim has ended", async () => {
  const digest = await image("killed");
  const folder = await mkdtemp(join(tmpdir(), "farrier-keep-"));
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("../../test/support/cache-child.ts", import.meta.url)), folder],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  child.stdin.end(JSON.stringify(fleet.test.connection));
  await once(child.stdout, "data");
  const partial = await readdir(join(folder, "partial"));
  expect(partial).toHaveLength(1);
  child.kill("SIGKILL");
  await once(child, "close");
  const one = await cache({ folder });
  expect(one.digests()).toEqual([]);
  expect(origin.calls).toEqual([]);
  // What a minute would do.
  await fleet.rows("UPDATE cache_fetch SET heard_at = heard_at - interval '61 seconds'");
  await has(one, digest);
  expect(origin.calls).toEqual([digest]);
});

describe("what agents are handed", () => {
  /** The image of a request as an agent gets it, once caches are known. */
  async function handed(
    { machineId, mirrors: fetches = true }: { machineId: TestMachine["machineId"]; mirrors?: boolean },
    digest: string,
    url: string,
    more: MessageInitShape<typeof ImageInstallationSchema> = {},
  ) {
    const mirrors = stack.use(mirrorHandOut({ database: fleet.database, ring, clock: systemClock, log: silent }));
    const value = create(ImageInstallationSchema, { url, digest, ...more });
    const message = create(OSInstallationRequestSchema, { generation: 7n, type: { case: "image", value } });
    // Field 999 is unknown here.
    const raw = Buffer.concat([toBinary(OSInstallationRequestSchema, message), Buffer.from([0xba, 0x3e, 0x01, 0x41])]);
    await mirrors.looked();
    const bytes = mirrors.handOut({ machineId, generation: generation(7n), raw, mirrors: fetches });
    const got = fromBinary(OSInstallationRequestSchema, bytes);
    return { bytes, raw, image: got.type.case === "image" ? got.type.value : undefined };
  }

  test("an agent with the feature gets the caches, and no secret of the origin's URL; another one gets what was asked", async () => {
    const digest = await image("handed");
    const one = await cache();
    await has(one, digest);
    await waitFor(
      "the cache to be recorded",
      async () => (await fleet.rows("SELECT 1 FROM cache_file")).length || undefined,
    );
    const able = await fleet.add();
    const unable = { machineId: able.machineId, mirrors: false };
    const url = "https://user:planted@origin/image.raw?key=planted";
    const { image: got, bytes } = await handed(able, digest, url);
    expect(got?.url).toBe("https://origin/image.raw");
    expect(got?.mirrorUrl).toHaveLength(1);
    expect(Buffer.from(bytes).includes(Buffer.from([0xba, 0x3e, 0x01, 0x41]))).toBe(true);
    const path = `https://origin/${"long/".repeat(200)}image.raw`;
    expect((await handed(able, digest, `${path}?key=planted`)).image?.url).toBe(path);
    const answer = await fetch(got?.mirrorUrl[0] ?? "");
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(origin.images.get(digest));
    const other = await handed(unable, digest, url);
    expect(Buffer.from(other.bytes).equals(other.raw)).toBe(true);
    // With a signature the same; if an agent must fetch it at the origin, it has what opens that, and no cache.
    const format = SignatureFormat.MINISIGN;
    const given = await handed(able, digest, url, { signature: { format, signature: Uint8Array.of(1) } });
    expect([given.image?.url, given.image?.mirrorUrl.length]).toEqual(["https://origin/image.raw", 1]);
    const beside = await handed(able, digest, url, { signature: { format } });
    expect(Buffer.from(beside.bytes).equals(beside.raw)).toBe(true);
    const open = await handed(able, digest, "https://origin/image.raw", { signature: { format } });
    expect([open.image?.url, open.image?.mirrorUrl.length]).toEqual(["https://origin/image.raw", 1]);
  });

  test("a public image has a URL without a ticket", async () => {
    const digest = await image("open", { isPublic: true });
    const one = await cache();
    await has(one, digest);
    await waitFor(
      "the cache to be recorded",
      async () => (await fleet.rows("SELECT 1 FROM cache_file")).length || undefined,
    );
    const machine = await fleet.add();
    const { image: got } = await handed(machine, digest, "http://origin/");
    expect(got?.mirrorUrl).toEqual([`${one.url}/images/${digest.slice("sha256:".length)}`]);
    expect((await fetch(got?.mirrorUrl[0] ?? "")).status).toBe(200);
  });
});
