import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { embeddedStart, type EmbeddedPostgres } from "../../src/database/embedded/embedded.ts";
import { createLogger } from "../../src/lib/log.ts";
import { checkStory } from "../support/check-story.ts";
import { farrierStart, type ServingFarrier } from "../support/farrier-process.ts";
import { lab, type Lab, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const bytes = randomBytes(12 << 20);
const images = new Map([[1n, bytes]]);

let place: Lab;

beforeEach(async () => {
  place = await lab();
});

afterEach(async () => {
  await place[Symbol.asyncDispose]();
});

async function answers(up: ServingFarrier, status: number): Promise<string> {
  return await waitFor(`/readyz to answer ${status}`, async () => {
    const response = await fetch(`${up.operators}/readyz`);
    return response.status === status ? await response.text() : undefined;
  });
}

test("a PostgreSQL of one's own goes away for a while, in mid-installation, and comes back: everything goes on", async () => {
  const directory = await mkdtemp(join(tmpdir(), "farrier-e2e-postgres-"));
  const start = (): Promise<EmbeddedPostgres> =>
    embeddedStart({ directory, log: createLogger({ level: "silent", component: "test" }), settings: { fsync: "off" } });
  let postgres = await start();
  try {
    const { host, port, user, database } = postgres.connection;
    const url = `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
    let up = await place.up("--database-url", url);
    const machine = await place.machine("box");
    const image = place.images.serve("image", bytes, { limit: 9 << 20 });
    const agent = machine.agent();
    await must(machine.install(image));
    await waitFor("nine of twelve", () => image.sent === image.limit);
    // What was sent may all be in buffers still, and without a database nobody gives leave to write.
    await waitFor("leave to write", () => agent.stderr.includes("WRITING is acknowledged"));

    await postgres[Symbol.asyncDispose]();
    expect(await answers(up, 503)).toMatch(/^not ready: .*database/u);
    const add = ["machine", "add", "--provider", "static", "--provider-id", "late", "--name", "late"];
    const refused = await place.cli(...add);
    expect(refused).toMatchObject({
      status: 3,
      stdout: "",
      stderr: expect.stringMatching(/^farrier: the database can't be reached: try again once it is back\n$/u),
    });
    await waitFor("the agent to notice", () => agent.stderr.includes("cannot be reached; trying again"));
    // Written and hashed to its end meanwhile; the result waits.
    image.limit = Number.POSITIVE_INFINITY;
    await waitFor("the image on the disk", async () => (await machine.disk()).subarray(0, bytes.length).equals(bytes));

    postgres = await start();
    await answers(up, 200);
    const { installation } = await machine.settled();
    expect(installation?.state).toBe(InstallationState.SUCCEEDED);
    await checkStory(machine, images);
    expect(image.fetches).toBe(1);
    const { machines } = await (await place.client()).machines.machineList({});
    expect(machines.map(({ name }) => name)).toEqual(["box"]);
    await must(place.cli(...add));
    // The server that owns nothing of the database leaves it running.
    expect((await up.end("SIGTERM")).status).toBe(0);
    expect(postgres.pid).toBeGreaterThan(0);

    // And it ends though its database is away.
    up = await place.up("--database-url", url);
    await postgres[Symbol.asyncDispose]();
    await answers(up, 503);
    expect((await up.end("SIGTERM")).status).toBe(0);
  } finally {
    await postgres[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }
});

test("a stale lock of a dead PostgreSQL, whose pid is another program's by now, is no obstacle", async () => {
  const up = await place.up();
  const machine = await place.machine("box");
  await up.end("SIGKILL");
  await place.postgresKill();
  const lock = join(place.dataDir, "postgres/data/postmaster.pid");
  const text = await readFile(lock, "utf8");
  await writeFile(lock, text.replace(/^\d+/u, String(process.pid)));
  await place.up();
  expect((await machine.show()).name).toBe("box");
});

test("a data directory of a newer schema is refused, and not changed; its own version goes on with it", async () => {
  const up = await place.up();
  const machine = await place.machine("box");
  const sql = async (text: string): Promise<unknown[]> => {
    const host = join(place.dataDir, "postgres/data");
    const client = new pg.Client({ host, port: 5432, user: "farrier", database: "farrier" });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  await sql("INSERT INTO schema_migrations (version, name, checksum, oldest_binary) VALUES (9999, 'later', 'x', 9999)");
  await up.end("SIGTERM");
  const refused = await farrierStart(["up", ...place.place]).ended;
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(
    /^farrier: the database's schema is newer \(migration 9999, later\) than this binary can work with \(migration \d+\): run Farrier of the version that migrated it, or a later one\n$/mu,
  );
  expect(refused.stdout).toBe("");
  expect(await place.leftovers()).toEqual([]);
  const migrate = await place.cli("migrate");
  expect([migrate.status, migrate.stderr]).toEqual([1, expect.stringContaining("schema is newer")]);
  // An older binary may run on it where the migration says so: then it does.
  const postgres = await embeddedStart({
    directory: join(place.dataDir, "postgres"),
    log: createLogger({ level: "silent", component: "test" }),
  });
  await sql("UPDATE schema_migrations SET oldest_binary = 1 WHERE version = 9999");
  await postgres[Symbol.asyncDispose]();
  await place.up();
  expect((await machine.show()).name).toBe("box");
});
