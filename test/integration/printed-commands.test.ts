// Every command that `farrier machine explain` prints runs as it is printed. A machine is put into each state in a database of
// its own, without janitor or shepherd, so that it stays there; the commands are what the real command line is given, against
// the real operator API.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentKey } from "../../src/database/ids.ts";
import { machineStates, type MachineStateName } from "../../src/database/machine-state.ts";
import { agentEnroll } from "../../src/database/queries/enrollment/enrollment.ts";
import { statesRefresh } from "../../src/database/queries/upkeep/state.ts";
import { sessionStart, type Session } from "../../src/database/session.ts";
import { workClaim } from "../../src/database/work.ts";
import { runCli } from "../../src/cli/app.ts";
import type { Starters } from "../../src/cli/starters.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { operatorApiListen, type OperatorApiListener } from "../../src/operator-api/listener/listener.ts";
import {
  testClients,
  testDependencies,
  testToken,
  type TestClients,
  type TestDependencies,
} from "../../src/operator-api/testing/operator-api.ts";
import { silent, testFleet, type Fleet } from "../support/fleet.ts";

let directory: string;
let before: string;
let fleet: Fleet;
let session: Session;
let dependencies: TestDependencies;
let listener: OperatorApiListener;
let clients: TestClients;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-printed-"));
  before = process.cwd();
  process.chdir(directory);
  fleet = await testFleet();
  session = await sessionStart(fleet.database, { component: "server", log: silent, clock: systemClock });
  dependencies = testDependencies(fleet.test.connection);
  clients = testClients(dependencies);
  const probes = { ready: async () => ({ ready: true }) as const, metrics: async () => "" };
  listener = await operatorApiListen({ ...dependencies, address: { host: "127.0.0.1", port: 0 }, probes });
  await mkdir("data");
  await writeFile(join("data", "operator-token"), `${testToken}\n`, { mode: 0o600 });
  await writeFile(join("data", "operator-address"), `${listener.url}\n`);
  // Silence counts only where a server has been there to hear agents.
  await fleet.rows("UPDATE sessions SET session_created_at = now() - interval '2 hours'");
});
afterAll(async () => {
  process.chdir(before);
  await listener[Symbol.asyncDispose]();
  await dependencies[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const noStarter = new Proxy({} as Starters, {
  get: (_, name) => () => Promise.reject(new Error(`a printed command would start "${String(name)}"`)),
});

/** Runs a command line as it is printed; words in double quotes are one. */
async function farrier(line: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  expect(words.shift()).toBe("farrier");
  let [stdout, stderr] = ["", ""];
  const status = await runCli(words, {
    starters: noStarter,
    stdout: { write: (text) => void (stdout += text) },
    stderr: { write: (text) => void (stderr += text) },
    env: { FARRIER_DATA_DIR: join(directory, "data") },
  });
  return { status, stdout, stderr };
}

interface Box {
  id: string;
  name: string;
  provider: string;
}

let counted = 0;
const id = () => ({ requestId: randomUUID() });
/** A maker's own MAC: without IEEE 802's bit for locally administered addresses. */
const mac = (): string => `00:1b${randomBytes(4).toString("hex").replaceAll(/../gu, ":$&")}`;

async function add(identity: { smbiosUuid?: string; macs?: string[] } = {}): Promise<Box> {
  counted += 1;
  const name = `box${counted}`;
  const box = { name, provider: `rack-${name}` };
  const { machine } = await clients.machines.machineAdd({ ...id(), ...box, providerId: name, ...identity });
  return { ...box, id: machine?.id ?? "" };
}

async function withAgent(identity: { smbiosUuid?: string; macs?: string[] } = {}): Promise<Box> {
  const box = await add(identity);
  await clients.agents.agentRegister({ ...id(), machine: box.id, publicKey: Uint8Array.from(randomBytes(32)) });
  return box;
}

async function heard(box: Box, minutes = 0): Promise<Box> {
  await fleet.rows(
    "UPDATE machine_agent_started SET agent_started_at = now() - interval '2 hours' WHERE machine_id = $1",
    box.id,
  );
  await fleet.rows(
    `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
     SELECT $1, at, floor(extract(epoch FROM at) / 300)::integer FROM (SELECT now() - make_interval(mins => $2) AS at) t`,
    box.id,
    minutes,
  );
  return box;
}

async function asked(box: Box): Promise<Box> {
  await clients.installations.installationRequest({
    ...id(),
    machine: box.id,
    image: {
      url: "http://192.0.2.1/image.raw",
      digest: `sha256:${"ab".repeat(32)}`,
      rootDisk: { serialNumber: "disk1" },
    },
  });
  return box;
}

const generationOf = async ({ id: machine }: Box): Promise<bigint> =>
  (await clients.machines.machineShow({ machine })).machine?.installation?.generation ?? 0n;

async function writing(box: Box): Promise<Box> {
  await fleet.rows(
    `INSERT INTO machine_os_installation_progress (machine_id, generation, run, phase, bytes_done, bytes_total, detail)
     VALUES ($1, $2, '\\x00', 'writing', 5, 10, '')`,
    box.id,
    await generationOf(box),
  );
  return box;
}

async function ended(box: Box, result: "success" | "error", error?: string): Promise<Box> {
  const generation = await generationOf(box);
  await fleet.rows(
    `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
     VALUES ($1, $2, $3, $4, 'agent')`,
    ...[box.id, generation, result, error ?? null],
  );
  if (result === "success") {
    await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, $2)", box.id, generation);
  }
  return box;
}

async function lost(): Promise<Box> {
  const box = await asked(await heard(await withAgent(), 90));
  await statesRefresh(fleet.database);
  return box;
}

/** Work of a session that nobody ends: it is the database's, not a process's. */
async function held(box: Box, process: "ShepherdAgentStart" | "ShepherdRecovery", fail: boolean): Promise<Box> {
  await using shepherd = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  const [work] = await workClaim(fleet.database, shepherd, { process, provider: box.provider }, 1);
  if (fail) {
    await work?.fail({ initial: 600 }, "for a test");
    return box;
  }
  // The session of another component, which goes on when this one ends.
  await fleet.rows(
    `WITH s AS (
       INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
       VALUES ('janitor', 'host7 4711', now(), 15, now() + interval '1 h') RETURNING session_id
     ) UPDATE work SET session_id = s.session_id FROM s WHERE machine_id = $1`,
    box.id,
  );
  return box;
}

/** An agent that claims to be the machine, by its UUID, its MAC or both, and waits for approval. */
async function claim(identity: { smbiosUuid?: string; macs: string[] }): Promise<void> {
  const raw = randomBytes(8);
  await agentEnroll(dependencies.database, session, {
    publicKey: agentKey(randomBytes(32)),
    identity,
    address: "192.0.2.9",
    hardware: { raw, fingerprint: createHash("sha256").update(raw).digest() },
  });
}

/** Installed, and its system is expected to report. */
async function expected(withinSeconds: number): Promise<Box> {
  const box = await asked(await heard(await withAgent()));
  await fleet.rows(
    `WITH f AS (
       INSERT INTO machine_agent_features (machine_id, agent_public_key, features)
       SELECT machine_id, agent_public_key, '{vendor-data}' FROM machine_agent_started WHERE machine_id = $1
     ) INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256)
     SELECT machine_id, 1, $2, sha256(convert_to(machine_id::text, 'UTF8')) FROM machines WHERE machine_id = $1`,
    ...[box.id, withinSeconds],
  );
  return ended(box, "success");
}

type Situation = [what: string, state: MachineStateName, make: () => Promise<Box>];

const situations: Situation[] = [
  ["nothing yet", "new", () => add()],
  [
    "found running, at a provider with a power switch",
    "new",
    async () => {
      const box = await add();
      await fleet.rows("INSERT INTO provider (provider, power) VALUES ($1, true)", box.provider);
      await fleet.rows(
        "INSERT INTO machine_found_running (machine_id, found_by) VALUES ($1, $2)",
        box.id,
        box.provider,
      );
      return box;
    },
  ],
  [
    "a list of its provider that is not believed",
    "new",
    async () => {
      const box = await add();
      await fleet.rows(
        `INSERT INTO provider (provider, power, held_since, held_cause)
         VALUES ($1, false, now(), '3 of 3 machines are gone from its list at once')`,
        box.provider,
      );
      await fleet.rows(
        "INSERT INTO machine_doubted (machine_id, provider, doubt) VALUES ($1, $2, 'gone')",
        ...[box.id, box.provider],
      );
      return box;
    },
  ],
  [
    "a machine that is not healthy",
    "ready",
    async () => {
      const box = await heard(await withAgent());
      await fleet.rows(
        `INSERT INTO machine_health (machine_id, rollup, failed, unread, events, read_at)
         VALUES ($1, 'critical', '{Fan 3: critical}', '{}', '[]', now())`,
        box.id,
      );
      return box;
    },
  ],
  [
    "a boot window in which nobody came",
    "new",
    async () => {
      const box = await add({ macs: [mac()] });
      await clients.enrollments.bootWindowOpen({ ...id(), machine: box.id });
      await fleet.rows(
        `UPDATE machine_boot_window SET opened_at = now() - interval '20 min', closes_at = now() - interval '10 min'
         WHERE machine_id = $1`,
        box.id,
      );
      return box;
    },
  ],
  [
    "an agent that waits for approval",
    "new",
    async () => {
      const identity = { smbiosUuid: randomUUID(), macs: [mac()] };
      const box = await add(identity);
      await claim(identity);
      return box;
    },
  ],
  [
    "another board with the same UUID",
    "ready",
    async () => {
      const smbiosUuid = randomUUID();
      const box = await heard(await withAgent({ smbiosUuid, macs: [mac()] }));
      await claim({ smbiosUuid, macs: [mac()] });
      return box;
    },
  ],
  [
    "a replaced board",
    "ready",
    async () => {
      const address = mac();
      const box = await heard(await withAgent({ smbiosUuid: randomUUID(), macs: [address] }));
      await claim({ smbiosUuid: randomUUID(), macs: [address] });
      return box;
    },
  ],
  ["an agent that was never heard", "awaiting-agent", () => withAgent()],
  ["an agent with nothing to do", "ready", async () => heard(await withAgent())],
  ["a request", "install-pending", async () => asked(await heard(await withAgent()))],
  ["a request without an agent", "install-pending", async () => asked(await add())],
  [
    "a request that can't be read",
    "install-pending",
    async () => {
      const box = await asked(await heard(await withAgent()));
      await fleet.rows("ALTER TABLE machine_os_installation_request DISABLE TRIGGER USER");
      await fleet.rows(
        "UPDATE machine_os_installation_request SET os_installation_request_raw = '\\xff' WHERE machine_id = $1",
        box.id,
      );
      await fleet.rows("ALTER TABLE machine_os_installation_request ENABLE TRIGGER USER");
      return box;
    },
  ],
  ["an installation under way", "installing", async () => writing(await asked(await heard(await withAgent())))],
  ["an installed machine", "installed", async () => ended(await asked(await heard(await withAgent())), "success")],
  ["a system that is expected to report", "coming-up", async () => expected(900)],
  [
    "a system that did not report",
    "silent",
    async () => {
      const box = await expected(1);
      await fleet.rows("UPDATE machine_came_up SET deadline_at = now() - interval '1 s' WHERE machine_id = $1", box.id);
      await fleet.rows("UPDATE machine_came_up SET silent_at = now() WHERE machine_id = $1", box.id);
      return box;
    },
  ],
  [
    "a cancelled request",
    "install-failed",
    async () => {
      const box = await asked(await heard(await withAgent()));
      await clients.installations.installationCancel({
        ...id(),
        machine: box.id,
        generation: await generationOf(box),
      });
      return box;
    },
  ],
  ...[
    "http://a/b answered 404 Not Found, expected 200",
    "http://a/b has the digest sha256:00 (1 bytes), expected sha256:11",
    "no disk matches serial=S9. Disks: sda (1 bytes; serial=S1)",
    "it broke",
  ].map((error): Situation => [
    `a failure: ${error}`,
    "install-failed",
    async () => ended(await asked(await heard(await withAgent())), "error", error),
  ]),
  ["a lost agent", "agent-lost", lost],
  [
    "an agent that is started",
    "starting-agent",
    async () => held(await asked(await add()), "ShepherdAgentStart", false),
  ],
  ["a recovery", "recovering", async () => held(await lost(), "ShepherdRecovery", false)],
  ["a backoff", "backing-off", async () => held(await lost(), "ShepherdRecovery", true)],
  [
    "a backoff of a machine without an agent",
    "backing-off",
    async () => held(await asked(await add()), "ShepherdAgentStart", true),
  ],
  [
    "a quarantine",
    "quarantined",
    async () => {
      const box = await heard(await withAgent());
      await clients.machines.machineQuarantine({ ...id(), machine: box.id, reason: "smoke" });
      return box;
    },
  ],
];

test("X7: every state is in the table", () => {
  expect([...new Set(situations.map(([, state]) => state))].toSorted()).toEqual([...machineStates].toSorted());
});

/** The commands that are printed for a machine that was just put there. */
async function printed(state: MachineStateName, box: Box): Promise<string[]> {
  const { status, stdout, stderr } = await farrier(`farrier machine explain ${box.name}`);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(`${box.name} is in state ${state} for `);
  const commands = [...stdout.matchAll(/`([^`]*)`/gu)].map(([, command]) => command ?? "");
  // What is in backticks is a command, and whole.
  expect(commands.filter((command) => !/^farrier (?!.*(?:…|\b[A-Z]{3,}\b))/u.test(command))).toEqual([]);
  return commands;
}

test.each(situations)("X7: %s (%s): what explain prints runs as printed", async (_what, state, make) => {
  const count = (await printed(state, await make())).length;
  expect(count).toBeGreaterThan(0);
  // Each on a machine of its own: one command may take away what another is about.
  for (let index = 0; index < count; index += 1) {
    const command = (await printed(state, await make()))[index] ?? "";
    const { status, stderr } = await farrier(command);
    expect([command, status, stderr]).toEqual([command, 0, expect.not.stringMatching(/^farrier: /u) as string]);
  }
});

test("X7: releasing a machine and opening another boot window, as the words on a second claimant say, in that order", async () => {
  const box = await heard(await withAgent({ macs: [mac()] }));
  await clients.machines.machineQuarantine({ ...id(), machine: box.id, reason: "smoke" });
  await fleet.rows(
    "UPDATE machine_quarantine SET quarantined_by = 'farrier', reason = 'a second claimant: key 01' WHERE machine_id = $1",
    box.id,
  );
  const commands = await printed("quarantined", box);
  expect(commands.slice(0, 2)).toEqual([
    `farrier machine release ${box.name}`,
    `farrier machine boot-window ${box.name}`,
  ]);
  for (const command of commands) {
    const { status, stderr } = await farrier(command);
    expect([command, status, stderr]).toEqual([command, 0, ""]);
  }
});
