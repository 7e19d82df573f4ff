import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { imageServer, type ImageServer } from "../../test/support/image-server.ts";
import { recordingLog } from "../../test/support/recording-log.ts";
import { waitFor } from "../../test/support/wait.ts";
import { withParent } from "../../test/support/with-parent.ts";
import { SignatureFormat } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { connect, type Database } from "../database/connect.ts";
import { imageFetchClaim } from "../database/queries/image/image-fetch.ts";
import { sessionsExpire } from "../database/queries/upkeep/sessions-expire.ts";
import { sessionHold } from "../database/session-holder.ts";
import { sessionStart } from "../database/session.ts";
import { systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/log.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { SecretsError } from "../secrets/errors.ts";
import { imageFetchRun } from "./fetch-loop.ts";
import type { ImageFetchOptions } from "./fetch-options.ts";
import { imageAgain } from "./image-again.ts";
import { imageRoom } from "./image-room.ts";
import { plainOpened, plainSealed } from "./testing/plain-sealed.ts";
import { qcow2Bomb } from "./testing/qcow2-bomb.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const program = new URL("testing/fetch-child.ts", import.meta.url).pathname;
const log = createLogger({ level: "silent", component: "test" });
let folder: string;
let server: ImageServer;
let test1: TestDatabase;
let database: Database;
let children: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-image-fetch-"));
  server = await imageServer();
  test1 = await testDatabase({ leaks: "ignore" });
  database = connect(test1.connection, { log });
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await test1[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await rows("DELETE FROM image_version");
  await rows("DELETE FROM image_tag");
  await rows("DELETE FROM image_rule");
});
afterEach(async () => {
  await Promise.all(children.map((one) => kill(one)));
  children = [];
});

const rows = async (text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> =>
  (await database.pool.query(text, values)).rows as Record<string, unknown>[];

/** Adds a version as the operator API does; resolves once it is there. */
async function add(name: string, url: string): Promise<void> {
  await rows(
    `INSERT INTO catalogue_image (image_name, last_version, created_by) VALUES ($1, 1, 'test') ON CONFLICT DO NOTHING`,
    name,
  );
  await rows(
    `INSERT INTO image_version (image_name, version, sealed_source, shown_url, signed, cached, created_by)
     VALUES ($1, 1, $2, $3, false, false, 'test')`,
    name,
    plainSealed({ url }),
    url,
  );
}

const versionOf = async (name: string): Promise<Record<string, unknown>> =>
  (await rows("SELECT *, session_id IS NOT NULL AS held FROM image_version WHERE image_name = $1", name))[0] ?? {};
const until = (name: string, state: string) =>
  waitFor(`${name} to be ${state}`, async () => ((await versionOf(name))["state"] === state ? true : undefined), {
    timeoutMs: 120_000,
  });

/** The loop in this process. */
function run(options: Partial<ImageFetchOptions> = {}): AsyncDisposable {
  const stack = new AsyncDisposableStack();
  const sessions = stack.use(sessionHold(database, { component: "server", log, clock: systemClock }));
  stack.use(
    imageFetchRun({
      ...{ database, sessions, directory: join(folder, "here"), room: imageRoom, log, clock: systemClock },
      secrets: { open: (_place, stored) => plainOpened(stored), problem: () => undefined },
      guard: { loopbackAllowed: true, ownPorts: () => Promise.resolve([]) },
      metrics: createMetrics(),
      ...options,
    }),
  );
  return stack;
}

// A master boot record with a program in it.
const boots = Buffer.alloc(1 << 20);
boots.write("eb6390", "hex");
boots.writeUInt16LE(0xaa55, 510);

test("a slow origin holds up its own images, and no other's", async () => {
  const slow = server.serve("slow", boots, { limit: 1000 });
  const other = server.serve("other", boots);
  await add("a-slow", slow.url);
  await add("b-same-host", other.url);
  await add("c-elsewhere", other.url.replace("127.0.0.1", "localhost"));
  await using _loop = run();
  await until("c-elsewhere", "ready");
  expect(await versionOf("a-slow")).toMatchObject({ state: "fetching", held: true });
  expect(await versionOf("b-same-host")).toMatchObject({ state: "fetching", held: false, attempts: 0 });
  slow.limit = Number.POSITIVE_INFINITY;
  await until("b-same-host", "ready");
  await until("a-slow", "ready");
});

test("what can't be recorded while the database is busy is recorded afterwards, and is no failure", async () => {
  const image = server.serve("busy", boots, { limit: 1000 });
  await add("busy", image.url);
  const recorded = recordingLog();
  await using _loop = run({ log: recorded.log });
  await waitFor("the claim", async () => (await versionOf("busy"))["held"] === true);
  const client = await database.pool.connect();
  try {
    await client.query("BEGIN; SELECT FROM image_version WHERE image_name = 'busy' FOR UPDATE");
    image.limit = Number.POSITIVE_INFINITY;
    const again = "what came of an image was not recorded; trying again";
    await waitFor("a record that fails", () => recorded.count(again) > 0);
    await client.query("COMMIT");
  } finally {
    client.release();
  }
  await until("busy", "ready");
  expect(await versionOf("busy")).toMatchObject({ attempts: 1, failure_code: null });
});

const rule = (...sources: string[]) =>
  rows(
    "INSERT INTO image_rule (rule_name, kind, sources, set_by) VALUES ('our-mirror', 'sources', $1, 'tester')",
    sources,
  );

test("the image policy counts that is there at the fetch: for the source, and for a redirect", async () => {
  const image = server.serve("policed", boots);
  const location = image.url.replace("127.0.0.1", "localhost");
  const led = server.answer("led", (_request, response) => response.writeHead(302, { location }).end());
  await add("policed", image.url);
  await add("led", led);
  await rule(led);
  await using _loop = run();
  for (const name of ["policed", "led"]) {
    await until(name, "failed");
    expect(await versionOf(name)).toMatchObject({
      failure_code: "forbidden",
      failure: expect.stringContaining('rule "our-mirror" of the image policy does not allow'),
    });
  }
  expect(image.fetches).toBe(0);
});

test("a cache's fetch from the origin keeps the policy of then; a proven digest needs no list any more", async () => {
  const image = server.serve("again.raw", boots);
  await add("again", image.url);
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = Buffer.from(publicKey.export({ type: "spki", format: "pem" })).toString("base64");
  const signature = { format: SignatureFormat.COSIGN, publicKey: pem, signature: "" };
  await rows(
    `UPDATE image_version SET state = 'ready', cached = true, facts = '{}', ready_at = now(), digest = $1, sealed_source = $2`,
    image.digest,
    plainSealed({ url: image.url, digestFrom: { url: `${server.url}/gone`, signature } }),
  );
  const again = imageAgain({
    ...{ database, directory: join(folder, "again"), room: imageRoom, log },
    secrets: { open: (_place, stored) => plainOpened(stored), problem: () => undefined },
    guard: { loopbackAllowed: true, ownPorts: () => Promise.resolve([]) },
  });
  const fetchAgain = async (): Promise<number> => {
    let bytes = 0;
    await again(
      image.digest,
      async (pieces) => {
        for await (const piece of pieces) {
          bytes += piece.length;
        }
      },
      new AbortController().signal,
    );
    return bytes;
  };
  expect(await fetchAgain()).toBe(boots.length);
  await rule("images.example.org");
  await expect(fetchAgain()).rejects.toThrow('rule "our-mirror" of the image policy does not allow');
  expect(image.fetches).toBe(1);
});

test("the signature that was fetched from beside an image is recorded", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = Buffer.from(publicKey.export({ type: "spki", format: "pem" })).toString("base64");
  const signed = Buffer.from(sign("sha256", boots, privateKey).toString("base64"));
  const image = server.serve("signed", boots);
  server.serve("signed.sig", signed);
  await add("signed", image.url);
  await rows(
    "UPDATE image_version SET sealed_source = $1",
    plainSealed({ url: image.url, signature: { format: SignatureFormat.COSIGN, publicKey: pem, signature: "" } }),
  );
  await using _loop = run();
  await until("signed", "ready");
  expect((await versionOf("signed"))["fetched_signature"]).toEqual(signed);
});

test("a version that its session has lost track of is taken again by it alone, and not as another try", async () => {
  await add("lost", "https://images.example.org/lost.raw");
  const options = { component: "server", log, clock: systemClock };
  await using mine = await sessionStart(database, options);
  await using others = await sessionStart(database, options);
  expect(await imageFetchClaim(database, mine, [])).toMatchObject({ name: "lost", version: 1, attempts: 1 });
  expect(await imageFetchClaim(database, mine, [{ name: "lost", version: 1 }])).toBeUndefined();
  expect(await imageFetchClaim(database, others, [])).toBeUndefined();
  expect(await imageFetchClaim(database, mine, [{ name: "lost", version: 2 }])).toMatchObject({ attempts: 1 });
});

test("a server without the key takes no image; a server that lacks an image's key leaves it to others", async () => {
  const image = server.serve("sealed", boots);
  let problem: string | undefined = "there is no key";
  let opens = 0;
  await add("sealed", image.url);
  const open = (_place: unknown, stored: Uint8Array): Uint8Array<ArrayBuffer> => {
    opens += 1;
    if (opens === 1) {
      throw new SecretsError("key_missing", "this process lacks the key aa");
    }
    return plainOpened(stored);
  };
  let looks = 0;
  const secrets = {
    open,
    problem: () => {
      looks += 1;
      return problem;
    },
  };
  await using _loop = run({ secrets });
  await waitFor("two looks", () => looks >= 2);
  expect(await versionOf("sealed")).toMatchObject({ state: "fetching", held: false, attempts: 0 });
  problem = undefined;
  await waitFor("the failed try", async () => (await versionOf("sealed"))["failure_code"] === "unavailable");
  expect(await versionOf("sealed")).toMatchObject({ state: "fetching", held: false, attempts: 1 });
  await rows("UPDATE image_version SET not_before = now()");
  await until("sealed", "ready");
});

test("an image that is deleted while it is fetched is let go of", async () => {
  const image = server.serve("deleted", boots, { limit: 1000 });
  await add("deleted", image.url);
  await using _loop = run();
  await waitFor("the fetch", () => image.open === 1);
  await rows("DELETE FROM image_version");
  // Whatever comes next is progress, and finds out.
  image.limit = 4000;
  image.bytesPerSecond = 1000;
  await waitFor("the end of the fetch", () => image.open === 0);
});

function serverChild(): ChildProcess {
  const [command, ...args] = withParent([
    process.execPath,
    ...[program, JSON.stringify(test1.connection), join(folder, "shared")],
  ]);
  const started = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  children.push(started);
  return started;
}

async function kill(one: ChildProcess): Promise<void> {
  if (one.exitCode === null && one.signalCode === null) {
    one.kill("SIGKILL");
    await once(one, "exit");
  }
}

const leftIn = (path: string): Promise<string[]> => readdir(path, { recursive: true }).catch(() => [] as string[]);

test.each(["fetches", "unpacks", "records"] as const)(
  "a server that is killed while it %s: another finishes, with one version and no file left",
  async (step) => {
    // A gigabyte of zeros: long enough to be killed in, and no room on the disk.
    const bytes = qcow2Bomb(1 << 30, 0);
    const image = server.serve(`killed-${step}`, step === "unpacks" ? bytes : boots, { limit: 1000 });
    await add("killed", image.url);
    const first = serverChild();
    await waitFor("the fetch", () => image.open === 1);
    const client = await database.pool.connect();
    try {
      if (step === "records") {
        await client.query("BEGIN; SELECT FROM image_version FOR UPDATE");
      }
      if (step !== "fetches") {
        image.limit = Number.POSITIVE_INFINITY;
      }
      if (step === "unpacks") {
        await waitFor("the unpacked file", async () =>
          (await leftIn(join(folder, "shared"))).some((name) => name.endsWith("image.disk")),
        );
      }
      if (step === "records") {
        await waitFor("the record", async () => {
          const sql = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%image_version%'";
          return (await rows(sql)).length > 0 ? true : undefined;
        });
      }
      await kill(first);
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
    image.limit = Number.POSITIVE_INFINITY;
    await rows("UPDATE sessions SET session_deadline = now() - interval '1 second'");
    await waitFor("the killed server's session to be collected", async () => {
      await sessionsExpire(database, 100);
      return (await rows("SELECT FROM sessions")).length === 0 ? true : undefined;
    });
    serverChild();
    await until("killed", step === "unpacks" ? "failed" : "ready");
    const all = await rows("SELECT version, digest, attempts, session_id FROM image_version");
    expect(all).toEqual([{ version: 1, digest: image.digest, attempts: 2, session_id: null }]);
    expect(await rows("SELECT tag, version FROM image_tag")).toEqual(
      step === "unpacks" ? [] : [{ tag: "latest", version: 1 }],
    );
    await waitFor("the files to go", async () =>
      (await leftIn(join(folder, "shared"))).some((name) => name.includes("image")) ? undefined : true,
    );
  },
);
