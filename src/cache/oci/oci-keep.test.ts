// Several hosts whose caches are one repository of a registry.
import { createHash, randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { dockerRegistry, dockerRegistryMissing, type DockerRegistry } from "../../../test/support/docker-registry.ts";
import { silent, testFleet, type Fleet } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { ociRepository } from "../../contract/oci-reference.ts";
import { systemClock } from "../../lib/clock.ts";
import { createMetrics } from "../../metrics/metrics.ts";
import { testKeyRing } from "../../secrets/testing/key-ring.ts";
import { cacheOpen } from "../cache-open.ts";
import { cacheServe } from "../cache-serve.ts";
import type { ImageStore } from "../store.ts";
import { ociStore } from "./oci-store.ts";

const missing = await dockerRegistryMissing();
const ring = testKeyRing();
let fleet: Fleet;
let registry: DockerRegistry;
let stack: AsyncDisposableStack;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async (context) => {
  context.skip(missing !== undefined, missing);
  stack = new AsyncDisposableStack();
  registry = stack.use(await dockerRegistry());
});
afterEach(async () => {
  await stack.disposeAsync();
  await fleet.rows("DELETE FROM catalogue_image");
  await fleet.rows("DELETE FROM cache_fetch");
  await fleet.rows("DELETE FROM cache_store");
});

const bytes = randomBytes(3 << 20);
const hex = createHash("sha256").update(bytes).digest("hex");
let fetches = 0;

/** An image of the catalogue that is ready, public and to be cached. */
async function image(): Promise<void> {
  fetches = 0;
  await fleet.rows("INSERT INTO catalogue_image (image_name, last_version, created_by) VALUES ('web', 1, 'tester')");
  await fleet.rows(
    `INSERT INTO image_version
       (image_name, version, state, sealed_source, shown_url, digest, signed, cached, public, facts, created_by, ready_at)
     VALUES ('web', 1, 'ready', $1, 'http://origin/', $2, false, true, true, $3, 'tester', now())`,
    Buffer.from(ring.seal({ table: "image_version", row: "web 1", purpose: "source" }, Buffer.from("{}"))),
    `sha256:${hex}`,
    JSON.stringify({ packedBytes: String(bytes.length) }),
  );
}

async function host(place: string): Promise<{ store: ImageStore; url: string }> {
  const found = ociRepository(`oci://${registry.host}/farrier`);
  if (found === undefined) {
    throw new Error("that is no repository");
  }
  const store = ociStore({ ...found, credentials: undefined, place, clock: systemClock, log: silent });
  const cache = cacheOpen({
    ...{
      database: fleet.database,
      store,
      ring,
      room: 1 << 30,
      metrics: createMetrics(),
      clock: systemClock,
      log: silent,
    },
    origin: async (_digest, take) => {
      fetches += 1;
      async function* pieces(): AsyncGenerator<Buffer> {
        yield bytes;
      }
      await take(pieces());
    },
  });
  const listener = stack.use(
    await cacheServe({ address: { host: "127.0.0.1", port: 0 }, images: cache.images, log: silent }),
  );
  const url = `http://127.0.0.1:${listener.address.port}`;
  stack.use(cache.keep([url]));
  return { store, url };
}

const has = ({ store }: { store: ImageStore }): Promise<true> =>
  waitFor(
    "the image in the registry",
    () => Promise.resolve(store.list().some((file) => file.hex === hex) || undefined),
    {
      timeoutMs: 60_000,
    },
  );

test("three hosts fetch an image from its origin once, into one registry, and each serves it with ranges", async () => {
  await image();
  const hosts = [await host("one"), await host("two"), await host("three")];
  await Promise.all(hosts.map((one) => has(one)));
  expect(fetches).toBe(1);
  for (const { url } of hosts) {
    const path = `${url}/images/${hex}`;
    await waitFor("the image to be public", async () => ((await fetch(path)).status === 200 ? true : undefined), {
      timeoutMs: 60_000,
    });
    expect(Buffer.from(await (await fetch(path)).arrayBuffer()).equals(bytes)).toBe(true);
    const part = await fetch(path, { headers: { range: "bytes=1000000-1000999" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 1000000-1000999/${bytes.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1_000_000, 1_001_000))).toBe(true);
  }
});

test("a host goes on after its registry was away", async () => {
  await image();
  const one = await host("one");
  await has(one);
  const path = `${one.url}/images/${hex}`;
  await waitFor("the image to be public", async () => ((await fetch(path)).status === 200 ? true : undefined), {
    timeoutMs: 60_000,
  });
  await registry.end();
  expect((await fetch(path)).status).toBe(500);
  await registry.again();
  expect(Buffer.from(await (await fetch(path)).arrayBuffer()).equals(bytes)).toBe(true);
});
