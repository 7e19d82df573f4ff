// Boot images that one host has built, served by hosts without one.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { silent, testFleet, type Fleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { systemClock } from "../lib/clock.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { netbootServe } from "../netboot/serve.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { cacheOpen } from "./cache-open.ts";
import { directoryStore } from "./directory-store.ts";
import type { ImageStore } from "./store.ts";

const ring = testKeyRing();
let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(async () => {
  await stack.disposeAsync();
  await fleet.rows("DELETE FROM boot_image_file");
  await fleet.rows("DELETE FROM cache_fetch");
  await fleet.rows("DELETE FROM cache_store");
});

const hexOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

interface Build {
  vmlinuz: Buffer;
  initramfs: Buffer;
}

/** Puts a boot image into a host's folder, as if it was built then. */
async function build(on: Host, builtAt: Date, options: { list?: Build } = {}): Promise<Build> {
  const made = { vmlinuz: randomBytes(300_000), initramfs: randomBytes(900_000) };
  const folder = join(on.bootImages, "x86_64");
  await mkdir(folder, { recursive: true });
  const { vmlinuz, initramfs } = options.list ?? made;
  const sha256 = { vmlinuz: hexOf(vmlinuz), initramfs: hexOf(initramfs) };
  await writeFile(join(folder, "manifest.json"), JSON.stringify({ sha256 }));
  for (const name of ["vmlinuz", "initramfs"] as const) {
    await writeFile(join(folder, name), made[name]);
    await utimes(join(folder, name), builtAt, builtAt);
  }
  return made;
}

interface Host {
  bootImages: string;
  files: string;
  store: ImageStore;
  url: string;
  end(): Promise<void>;
  /** How many files have come into its store, by where from. */
  fetched(): Promise<Record<string, number>>;
}

/** Network boot with a cache, as a process has it. */
async function host(): Promise<Host> {
  const own = stack.use(new AsyncDisposableStack());
  const folder = await mkdtemp(join(tmpdir(), "farrier-boot-images-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const bootImages = join(folder, "boot-image");
  const metrics = createMetrics();
  const parts = { database: fleet.database, metrics, clock: systemClock, log: silent };
  const store = await directoryStore(join(folder, "cache"), parts);
  const cache = cacheOpen({
    ...{ ...parts, store, ring, room: 1 << 20, offered: bootImages },
    origin: () => Promise.reject(new Error("a boot file has no origin")),
  });
  const listener = own.use(
    await netbootServe({
      ...{ ...parts, bootImages, storedBootImages: cache.bootImages, images: cache.images },
      ...{ address: { host: "127.0.0.1", port: 0 }, ipxeFiles: folder, agents: { port: 8443 } },
      ...{ caCertificate: Buffer.alloc(0), kernelArguments: "" },
    }),
  );
  const url = `http://127.0.0.1:${listener.address.port}`;
  own.use(cache.keep([url]));
  return {
    ...{ bootImages, store, url, files: join(folder, "cache", "files"), end: () => own.disposeAsync() },
    fetched: async () =>
      Object.fromEntries(
        (await metrics.cacheFetches.get()).values.map(({ labels, value }) => [
          `${labels.from} ${labels.outcome}`,
          value,
        ]),
      ),
  };
}

/** The paths of kernel and initramfs in the script that a machine gets; none if there is no boot image. */
async function named({ url }: Host): Promise<string[]> {
  const answer = await fetch(`${url}/machine.ipxe?uuid=${randomUUID()}&mac=&arch=x86_64&platform=efi`);
  return (await answer.text()).match(/\/boot\/x86_64\/\S+/gu) ?? [];
}

const get = async (url: string, headers: Record<string, string> = {}): Promise<Buffer> => {
  const answer = await fetch(url, { headers });
  return Buffer.from(await answer.arrayBuffer());
};

/** Waits until a host serves exactly this boot image by digest. */
async function serves(one: Host, { vmlinuz, initramfs }: Build): Promise<string[]> {
  const wanted = [hexOf(vmlinuz), hexOf(initramfs)];
  // Not by asking: strangers' requests are counted.
  await waitFor(
    "the boot image at a host without one",
    () => Promise.resolve(wanted.every((hex) => one.store.list().some((file) => file.hex === hex)) || undefined),
    { timeoutMs: 60_000 },
  );
  const paths = await named(one);
  expect(paths[0]).toContain(`?digest=${wanted[0]}`);
  expect(paths[1]).toContain(`&digest=${wanted[1]}`);
  const [kernel, ram] = await Promise.all(paths.map((path) => get(one.url + path)));
  expect([kernel?.equals(vmlinuz), ram?.equals(initramfs)]).toEqual([true, true]);
  return paths;
}

test("hosts without a boot image fetch each file once, and serve it by digest with ranges, also without the builder", async () => {
  const [builder, first, second] = [await host(), await host(), await host()];
  expect(await named(first)).toEqual([]);
  const made = await build(builder, new Date("2025-01-01T00:00:00Z"));
  const paths = await serves(first, made);
  await serves(second, made);
  expect(await builder.fetched()).toEqual({ "folder ok": 2 });
  expect(await first.fetched()).toEqual({ "cache ok": 2 });
  expect(await second.fetched()).toEqual({ "cache ok": 2 });
  // The builder serves its folder, whose files have no digest in their path.
  expect((await named(builder)).join()).not.toContain("digest=");
  await builder.end();
  const [kernel = ""] = paths;
  const part = await fetch(first.url + kernel, { headers: { range: "bytes=1000-1999" } });
  expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 1000-1999/${made.vmlinuz.length}`]);
  expect(Buffer.from(await part.arrayBuffer()).equals(made.vmlinuz.subarray(1000, 2000))).toBe(true);
  const seen = await fetch(first.url + kernel, { headers: { "if-none-match": `"${hexOf(made.vmlinuz)}"` } });
  expect(seen.status).toBe(304);
});

test("an altered boot file and a deleted one are noticed, never served, and fetched again", async () => {
  const [builder, other] = [await host(), await host()];
  const made = await build(builder, new Date("2025-01-01T00:00:00Z"));
  const [path = ""] = await serves(other, made);
  await writeFile(join(other.files, hexOf(made.vmlinuz)), Buffer.alloc(made.vmlinuz.length, 1));
  const answer = await fetch(other.url + path);
  expect(answer.status).toBe(404);
  await answer.arrayBuffer();
  await serves(other, made);
  expect(await other.fetched()).toEqual({ "cache ok": 3 });
  await rm(join(other.files, hexOf(made.vmlinuz)));
  await waitFor("a fourth fetch", async () => (await other.fetched())["cache ok"] === 4 || undefined, {
    timeoutMs: 60_000,
  });
  await serves(other, made);
});

test("the newest boot image is served, and a half-built one is offered to nobody", async () => {
  const [builder, other] = [await host(), await host()];
  const builtIn = (year: number): Date => new Date(`${year}-01-01T00:00:00Z`);
  const old = await build(builder, builtIn(2024));
  await serves(other, old);
  const third = await host();
  // Another host's older build does not take its place, and is what that host serves.
  const older = await build(third, builtIn(2023));
  const half = await build(builder, builtIn(2025), { list: older });
  const fresh = await build(builder, builtIn(2026));
  const [kernel] = await serves(other, fresh);
  expect(kernel).not.toContain(hexOf(half.vmlinuz));
  expect((await get(`${third.url}/boot/x86_64/vmlinuz`)).equals(older.vmlinuz)).toBe(true);
  expect(other.store.list().map(({ hex }) => hex)).not.toContain(hexOf(older.vmlinuz));
  // A machine whose script names the image before still gets a kernel.
  const late = await get(`${other.url}/boot/x86_64/vmlinuz?digest=${hexOf(old.vmlinuz)}`);
  expect([old.vmlinuz, fresh.vmlinuz].some((bytes) => bytes.equals(late))).toBe(true);
});

test("nothing else of the store is given out as a boot file", async () => {
  const [builder, other] = [await host(), await host()];
  const made = await build(builder, new Date("2025-01-01T00:00:00Z"));
  await serves(other, made);
  const secret = randomBytes(1000);
  async function* pieces(): AsyncGenerator<Buffer> {
    yield secret;
  }
  await other.store.put(hexOf(secret), pieces());
  const got = await get(`${other.url}/boot/x86_64/vmlinuz?digest=${hexOf(secret)}`);
  expect(got.equals(made.vmlinuz)).toBe(true);
  for (const digest of ["../../etc/passwd", "%00", "A".repeat(64), ""]) {
    expect((await get(`${other.url}/boot/x86_64/vmlinuz?digest=${digest}`)).equals(made.vmlinuz)).toBe(true);
  }
});
