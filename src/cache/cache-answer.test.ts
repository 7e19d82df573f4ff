import { createHash, randomBytes, randomUUID } from "node:crypto";
import { appendFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { recordingLog } from "../../test/support/recording-log.ts";
import { waitFor } from "../../test/support/wait.ts";
import { isMirrorTarget, mirrorUrl, type MirrorTicket } from "../contract/catalogue/mirror-ticket.ts";
import { systemClock } from "../lib/clock.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { cacheAnswers } from "./cache-answer.ts";
import { cacheServe, type CacheListener } from "./cache-serve.ts";
import { directoryStore } from "./directory-store.ts";
import type { ImageStore } from "./store.ts";
import { ticketGive } from "./ticket-check.ts";

const ring = testKeyRing();
const image = randomBytes(3 << 20);
const hex = createHash("sha256").update(image).digest("hex");
const machineId = randomUUID();
const now = 2_000_000_000;
const logged = recordingLog();
let folder: string;
let store: ImageStore;
let listener: CacheListener;
let server: string;
let isPublic = false;
let scanned = true;
let time = now;
const opens = vi.fn<(hex: string) => void>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-cache-"));
  store = await directoryStore(folder, { clock: systemClock, log: logged.log });
  await store.put(hex, pieces(image));
  isPublic = false;
  scanned = true;
  time = now;
  opens.mockClear();
  const answer = cacheAnswers({
    store: {
      open: (asked) => {
        opens(asked);
        return store.open(asked);
      },
    },
    ring,
    isPublic: () => isPublic,
    scanned: () => scanned,
    now: () => time,
    used: () => undefined,
    count: () => undefined,
    log: logged.log,
  });
  listener = await cacheServe({
    address: { host: "127.0.0.1", port: 0 },
    images: { is: isMirrorTarget, answer },
    log: logged.log,
  });
  server = `http://127.0.0.1:${listener.address.port}`;
});
afterEach(async () => {
  await listener[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) {
    yield bytes.subarray(at, at + 100_000);
  }
}

const ticket: MirrorTicket = { machineId, generation: 3n, endsAt: now + 60 };
const good = (): string => mirrorUrl(server, hex, ticketGive(ring, hex, ticket));

/** The image's URL with a ticket that says something else than what its HMAC is over. */
const forged = (changed: Partial<MirrorTicket>): string =>
  mirrorUrl(server, hex, { ticket: { ...ticket, ...changed }, mac: ticketGive(ring, hex, ticket).mac });

describe("who may have an image", () => {
  test("a machine with its ticket gets all bytes", async () => {
    const answer = await fetch(good());
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(image)).toBe(true);
  });

  test.each<[string, () => string]>([
    ["nobody without a ticket", () => mirrorUrl(server, hex)],
    ["another machine", () => forged({ machineId: randomUUID() })],
    ["another generation", () => forged({ generation: 4n })],
    ["a later end", () => forged({ endsAt: now + 3_600 })],
    ["a ticket that has ended", () => mirrorUrl(server, hex, ticketGive(ring, hex, { ...ticket, endsAt: now }))],
    ["a ticket of another control plane", () => mirrorUrl(server, hex, ticketGive(testKeyRing(), hex, ticket))],
    ["a ticket for another image", () => mirrorUrl(server, hex, ticketGive(ring, "0".repeat(64), ticket))],
    ["something that is no ticket", () => `${mirrorUrl(server, hex)}?ticket=abc`],
    ["a path with something behind it", () => `${good()}/../../store-id`],
  ])("%s: 403, before a file is touched", async (_who, url) => {
    const answer = await fetch(url());
    expect(answer.status).toBe(403);
    expect(await answer.text()).toBe("there is no such image for you here\n");
    expect(opens).not.toHaveBeenCalled();
  });

  test("while the time is not known, a ticket waits, and what is no ticket is refused as ever", async () => {
    time = 0;
    const ended = mirrorUrl(server, hex, ticketGive(ring, hex, { ...ticket, endsAt: 1 }));
    const answers = [await fetch(ended), await fetch(forged({ generation: 4n })), await fetch(mirrorUrl(server, hex))];
    expect(answers.map(({ status }) => status)).toEqual([503, 403, 403]);
    expect(answers[0]?.headers.get("retry-after")).toBe("5");
    expect(opens).not.toHaveBeenCalled();
  });

  test("a file that is not known is missing only once all files were looked at", async () => {
    const missing = "0".repeat(64);
    const url = mirrorUrl(server, missing, ticketGive(ring, missing, ticket));
    scanned = false;
    expect([(await fetch(url)).status, (await fetch(good())).status]).toEqual([503, 200]);
    scanned = true;
    expect((await fetch(url)).status).toBe(404);
  });

  test("anybody gets a public image", async () => {
    isPublic = true;
    expect((await fetch(mirrorUrl(server, hex))).status).toBe(200);
  });

  test("no line of the log has a ticket", async () => {
    await (await fetch(good())).arrayBuffer();
    await (await fetch(forged({ generation: 9n }))).arrayBuffer();
    const text = new URL(good()).searchParams.get("ticket") ?? "none";
    expect(JSON.stringify(logged.lines)).not.toContain(text);
  });
});

describe("parts of an image", () => {
  const asked = (headers: Record<string, string>, method = "GET") => fetch(good(), { headers, method });

  test.each<[string, number, Buffer]>([
    ["bytes=0-99", 206, image.subarray(0, 100)],
    ["bytes=1000000-", 206, image.subarray(1_000_000)],
    ["bytes=-10", 206, image.subarray(-10)],
    ["bytes=0-1,5-6", 200, image],
  ])("%s", async (range, status, expected) => {
    const answer = await asked({ range });
    expect(answer.status).toBe(status);
    expect(Buffer.from(await answer.arrayBuffer()).equals(expected)).toBe(true);
  });

  test("HEAD says the length, the ETag is the digest, and If-Range and If-None-Match are compared with it", async () => {
    const head = await asked({}, "HEAD");
    expect([head.status, head.headers.get("content-length"), head.headers.get("etag")]).toEqual([
      200,
      String(image.length),
      `"${hex}"`,
    ]);
    expect((await asked({ range: "bytes=0-9", "if-range": '"other"' })).status).toBe(200);
    expect((await asked({ range: "bytes=0-9", "if-range": `"${hex}"` })).status).toBe(206);
    expect((await asked({ "if-none-match": `"${hex}"` })).status).toBe(304);
    expect((await asked({ range: "bytes=9999999-" })).status).toBe(416);
    expect((await asked({}, "POST")).status).toBe(405);
  });
});

test("a fifth transfer of one machine is asked to come later, and a place is free again after one ended", async () => {
  const stalled = Array.from({ length: 4 }, () => {
    const call = httpRequest(good());
    const answered = new Promise<void>((resolve) => call.once("response", () => resolve()));
    call.on("error", () => undefined);
    call.end();
    return { call, answered };
  });
  // Nobody reads these bodies, and they are larger than what buffers hold.
  await Promise.all(stalled.map(({ answered }) => answered));
  const fifth = await fetch(good());
  expect([fifth.status, fifth.headers.get("retry-after")]).toEqual([503, "5"]);
  stalled.forEach(({ call }) => call.destroy());
  await waitFor("a free place", async () => (await fetch(good())).status === 200 || undefined);
});

describe("what was done to a file", () => {
  const path = async (): Promise<string> => join(folder, "files", (await readdir(join(folder, "files")))[0] ?? "");

  test("an altered file is removed at the next request", async () => {
    await appendFile(await path(), "more");
    expect((await fetch(good())).status).toBe(404);
    expect(await readdir(join(folder, "files"))).toEqual([]);
    expect(store.list()).toEqual([]);
  });

  test("a deleted file is noticed", async () => {
    await rm(await path());
    expect((await fetch(good())).status).toBe(404);
    expect(store.list()).toEqual([]);
  });
});
