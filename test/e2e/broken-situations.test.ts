// Situations that people find machines in, each made by hand: `farrier machine explain` names the cause and a way out. All
// processes are real; where waiting would take minutes, what has been waited for is written into the database.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { InstallationState, MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { OperatorClient } from "../../src/cli/call/client.ts";
import { embeddedStart, type EmbeddedPostgres } from "../../src/database/embedded/embedded.ts";
import { ed25519KeyPair } from "../../src/lib/tls/ed25519.ts";
import type { FarrierProcess } from "../support/farrier-process.ts";
import { silent } from "../support/fleet.ts";
import { digestOf } from "../support/image-server.ts";
import { diskMake, lab, type Lab, type LabMachine } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const bytes = randomBytes(2 << 20);
const digest = digestOf(bytes);

let directory: string;
let postgres: EmbeddedPostgres;
let sql: pg.Pool;
let place: Lab;
let client: OperatorClient;
let box: LabMachine;
let dead: LabMachine;
let boxAgent: FarrierProcess;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-e2e-postgres-"));
  postgres = await embeddedStart({ directory, log: silent, settings: { fsync: "off" } });
  sql = new pg.Pool(postgres.connection);
  sql.on("error", () => undefined); // It is taken away in the end.
  const { host, port, user, database } = postgres.connection;
  place = await lab();
  await place.up("--database-url", `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`);
  client = await place.client();
  [box, dead] = await Promise.all([place.machine("box"), place.machine("dead")]);
  await diskMake(join(box.diskFolder, "twin"), 16 << 20);
  await diskMake(join(box.diskFolder, "small"), 4096);
  boxAgent = box.agent();
  await waitFor("the hardware report", async () => (await client.hardware.hardwareList({ machine: "box" })).reports[0]);
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await sql.end();
  await postgres[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** What `farrier machine explain` says. */
async function explain(name: string): Promise<string> {
  const { status, stdout, stderr } = await place.cli("machine", "explain", name);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

/** The explanation has the state, the cause and the way out, each in a line. */
async function expectExplained(name: string, state: string, cause: RegExp, exit: RegExp): Promise<void> {
  const text = await explain(name);
  const [title, ...lines] = text.split("\n");
  expect(title).toContain(`${name} is in state ${state} for `);
  expect(lines.filter((line) => /^(?:because|last error): /u.test(line)).join("\n")).toMatch(cause);
  expect(lines.filter((line) => line.startsWith("you can: ")).join("\n")).toMatch(exit);
}

/** A machine that nobody runs an agent for. */
async function add(name: string): Promise<string> {
  const { machine } = await client.machines.machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: name,
    name,
  });
  return machine?.id ?? "";
}

async function keyOf(machine: string): Promise<void> {
  const publicKey = Uint8Array.from(ed25519KeyPair().publicKey);
  await client.agents.agentRegister({ requestId: randomUUID(), machine, publicKey });
}

async function ask(
  machine: string,
  image: { url: string; digest?: string; disk?: object },
  more: { retry?: object } = {},
): Promise<void> {
  await client.installations.installationRequest({
    requestId: randomUUID(),
    machine,
    image: { url: image.url, digest: image.digest ?? digest, rootDisk: image.disk ?? { serialNumber: "disk0" } },
    ignoreHardwareReport: true,
    ...more,
  });
}

async function reached(machine: string, wanted: keyof typeof MachineState): Promise<void> {
  const shown = async (): Promise<boolean> =>
    (await client.machines.machineShow({ machine })).machine?.standing?.state === MachineState[wanted];
  await waitFor(`${machine} to be ${wanted}`, shown, { timeoutMs: 60_000, intervalMs: 50 });
}

/** As if the database's guards had been got round: what is broken, somebody broke. */
async function tamper(table: string, statement: string, ...values: unknown[]): Promise<void> {
  await sql.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await sql.query(statement, values);
  await sql.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
}

describe("an installation fails, and the machine says why:", () => {
  const retry = /farrier machine retry box --generation \d+`\n.*farrier machine install box/u;
  const another = /farrier machine install box --help`[^\n]*\n.*farrier machine retry box --generation \d+`/u;
  const failing: [what: string, image: () => Parameters<typeof ask>[1], error: RegExp, exit?: RegExp][] = [
    [
      "the image is another than the digest's",
      () => ({ url: place.images.serve("altered", randomBytes(1 << 20)).url }),
      /generation \d+ failed\n[^]*disk is half-written[^]*has the digest sha256:[0-9a-f]{64} .*expected sha256:/u,
    ],
    ["the image is not there", () => ({ url: `${place.images.url}/nothing` }), /answered 404 Not Found, expected 200/u],
    [
      "the image server shows a login page",
      () => ({
        url: place.images.answer("login", (_request, response) => {
          response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Log in</title>");
        }),
      }),
      /answered with an HTML page .*expected an image/u,
      another,
    ],
    [
      "two disks match",
      () => ({ url: place.images.serve("good", bytes).url, disk: { minBytes: 1_000_000n } }),
      /2 disks match min-bytes=1000000, expected exactly one\. Disks: disk0 .*twin/u,
      another,
    ],
    [
      "the disk is too small",
      () => ({ url: place.images.serve("good", bytes).url, disk: { serialNumber: "small" } }),
      /disk small has 4096 bytes, the image has 2097152 bytes: choose a larger disk/u,
      another,
    ],
  ];
  test.each(failing)("%s", async (_what, image, error, exit = retry) => {
    await ask("box", image());
    expect((await box.settled()).installation?.state).toBe(InstallationState.FAILED);
    await expectExplained("box", "install-failed", error, exit);
  });

  test("and its retry budget is used up", async () => {
    await ask("box", { url: `${place.images.url}/nothing` }, { retry: { attempts: 1, initialSeconds: 1 } });
    await waitFor("the second try to fail", async () => {
      const { machine } = await client.machines.machineShow({ machine: "box" });
      const { retry: budget, state: stands } = machine?.installation ?? {};
      return stands === InstallationState.FAILED && budget?.attemptsLeft === 0;
    });
    await expectExplained("box", "install-failed", /all 1 tries of the request's retry budget are used up/u, retry);
  });
});

test("the image server falls silent in mid-download", async () => {
  const stalled = place.images.serve("stalled", bytes, { limit: 1 << 20 });
  await ask("box", { url: stalled.url });
  await reached("box", "INSTALLING");
  await waitFor("the half of it", () => stalled.sent === stalled.limit);
  // Together: a count of bytes that was still under way makes it new again.
  await waitFor("progress of five minutes ago to be explained", async () => {
    await sql.query(
      `UPDATE machine_os_installation_progress SET progressed_at = now() - interval '5 min' WHERE machine_id = $1
         AND phase = 'writing'`,
      [box.id],
    );
    await expectExplained(
      "box",
      "installing",
      /no progress was reported for 5 min.*; the last was writing, [\d.]+ (?:k|M)?B/u,
      /farrier machine cancel box --generation \d+/u,
    );
    return true;
  });
  // The way out is one.
  const { installation } = await box.show();
  const generation = installation?.generation ?? 0n;
  await client.installations.installationCancel({ requestId: randomUUID(), machine: "box", generation });
  await waitFor("the download to be broken off", () => stalled.open === 0);
  expect(boxAgent.running).toBe(true);
});

test("the agent died with something to do; then the shepherd backs off, for nobody can start another but people", async () => {
  const agent = dead.agent();
  await waitFor("a heartbeat", async () => (await dead.show()).agent?.heartbeatAt);
  await agent.end("SIGKILL");
  // Heard of eleven minutes ago by a server that has been there for an hour.
  await sql.query("UPDATE sessions SET session_created_at = now() - interval '1 h' WHERE session_component = 'server'");
  await sql.query("UPDATE machine_agent_started SET agent_started_at = now() - interval '1 h' WHERE machine_id = $1", [
    dead.id,
  ]);
  await sql.query(
    `UPDATE machine_agent_heartbeat SET agent_heartbeat_at = now() - interval '11 min', heartbeat_bucket = heartbeat_bucket - 3
     WHERE machine_id = $1`,
    [dead.id],
  );
  await ask("dead", { url: place.images.serve("good", bytes).url });
  const text = await explain("dead");
  expect(text).toMatch(/^dead is in state (?:install-pending|agent-lost|recovering|backing-off) /u);
  expect(text).toMatch(/^because: the agent has been silent since .* 11 min/mu);
  expect(text).toMatch(/^you can: start another agent: `farrier agent init dead --replace --out dead.json`/mu);
  await reached("dead", "BACKING_OFF");
  await expectExplained(
    "dead",
    "backing-off",
    /ShepherdRecovery failed and is not tried again before .*Z\n[^]*provider static can't start an agent, and the machine has no controller and no SSH account: start it by hand/u,
    /farrier backoff clear dead/u,
  );
  dead.agent();
  const settled = await dead.settled();
  expect(settled.installed?.generation).toBe(1n);
});

test("an agent runs on with a key that another took the place of", async () => {
  const publicKey = Uint8Array.from(ed25519KeyPair().publicKey);
  await client.agents.agentRegister({ requestId: randomUUID(), machine: "box", publicKey, replace: true });
  await waitFor("the refusal", () => boxAgent.stderr.includes("another agent holds the machine now"));
  await expectExplained("box", "install-failed", /was cancelled/u, /farrier machine retry box/u);
  await ask("box", { url: place.images.serve("good", bytes).url });
  await expectExplained(
    "box",
    "install-pending",
    /never sent a heartbeat; it replaced another agent, whose key is refused: start it with the new init file/u,
    /farrier agent init box --replace/u,
  );
});

test("the stored request can't be read", async () => {
  const id = await add("garbled");
  await keyOf("garbled");
  await ask("garbled", { url: "http://127.0.0.1:1/image" });
  await tamper(
    "machine_os_installation_request",
    "UPDATE machine_os_installation_request SET os_installation_request_raw = '\\xff' WHERE machine_id = $1",
    id,
  );
  await expectExplained(
    "garbled",
    "install-pending",
    /the stored request is not handed out, because .*decoded/u,
    /farrier machine install garbled --replace/u,
  );
});

test("a component that holds the machine hangs past the end of its session", async () => {
  const id = await add("held");
  const { rows } = await sql.query<{ session_id: string }>(
    `WITH s AS (
       INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
       VALUES ('shepherd', 'host7 4711', now() - interval '1 h', 15, now() + interval '1 h') RETURNING session_id
     ), w AS (
       INSERT INTO work (machine_id, process, session_id) SELECT $1, 'ShepherdAgentStart', session_id FROM s
     ) SELECT session_id FROM s`,
    [id],
  );
  // In the middle of a transaction under that session, which holds the janitor up.
  const hanging = await sql.connect();
  try {
    await hanging.query("BEGIN");
    await hanging.query("SELECT FROM sessions WHERE session_id = $1 FOR KEY SHARE", [rows[0]?.session_id]);
    await sql.query("UPDATE sessions SET session_deadline = now() - interval '1 min' WHERE session_id = $1", [
      rows[0]?.session_id,
    ]);
    await expectExplained(
      "held",
      "starting-agent",
      /the session that holds ShepherdAgentStart \(host7 4711\) has been past its deadline since .*: a janitor deletes it/u,
      /wait: the work ends, or its session does/u,
    );
  } finally {
    await hanging.query("ROLLBACK");
    hanging.release();
  }
  // And so it is.
  await reached("held", "NEW");
});

test("it is in quarantine, and what was pending is cancelled", async () => {
  await add("hot");
  await keyOf("hot");
  await ask("hot", { url: "http://127.0.0.1:1/image" });
  await client.machines.machineQuarantine({ requestId: randomUUID(), machine: "hot", reason: "smells of smoke" });
  await expectExplained(
    "hot",
    "quarantined",
    /token put it in quarantine \d+ s ago: smells of smoke/u,
    /release it: `farrier machine release hot`/u,
  );
  const { machine } = await client.machines.machineShow({ machine: "hot" });
  expect(machine?.installation).toMatchObject({
    state: InstallationState.CANCELLED,
    error: "quarantined: smells of smoke",
  });
});

test("it stays where it is for longer than it should", async () => {
  await add("forgotten");
  await sql.query("UPDATE machine_state_limit SET at_most = '1 s' WHERE state = 'new'");
  await waitFor(
    "the missed deadline in the history",
    async () =>
      (await client.machines.machineHistory({ machine: "forgotten" })).entries[0]?.event === "deadline_missed",
    { timeoutMs: 60_000, intervalMs: 50 },
  );
  await expectExplained(
    "forgotten",
    "new",
    /no agent was ever registered\n.*in this state longer than expected, since /u,
    /farrier agent init forgotten/u,
  );
});

test("the database is away: every command says so, and how it ends", async () => {
  await postgres[Symbol.asyncDispose]();
  const { status, stdout, stderr } = await place.cli("machine", "explain", "box");
  expect([status, stdout, stderr]).toEqual([
    3,
    "",
    "farrier: the database can't be reached: try again once it is back\n",
  ]);
});
