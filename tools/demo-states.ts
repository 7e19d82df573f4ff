// `npm run demo -- states`: a tour through every state of a machine, with `farrier machine explain` in each, on its own
// control plane: PostgreSQL, `farrier server`, agents with files as disks, and later `farrier shepherd`, all real.
// Waits of minutes are shortened in this database only, and the tour says so. It exits with 0 only if every state was
// reached and explained with a remedy.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { operatorClient } from "../src/cli/call/client.ts";
import { connect } from "../src/database/connect.ts";
import { embeddedStart } from "../src/database/embedded/embedded.ts";
import type { Process } from "../src/database/ids.ts";
import { machineStates, type MachineStateName } from "../src/database/machine-state.ts";
import { sessionStart } from "../src/database/session.ts";
import { workClaim } from "../src/database/work.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createLogger } from "../src/lib/log.ts";
import { farrierServe, farrierStart, type FarrierProcess } from "../test/support/farrier-process.ts";
import { imageServer } from "../test/support/image-server.ts";
import { diskMake } from "../test/support/lab.ts";
import { waitFor } from "../test/support/wait.ts";

const bin = fileURLToPath(new URL("../bin/farrier.js", import.meta.url));
const mebibyte = 1 << 20;
const log = createLogger({ level: "silent", component: "demo" });
const terminal = process.stdout.isTTY;

await using stack = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), "farrier-demo-"));
stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
const env = { FARRIER_DATA_DIR: join(directory, "data"), FARRIER_AGENT_HEARTBEAT_SECONDS: "1" };

function bold(text: string): string {
  return terminal ? `\u001B[1m${text}\u001B[0m` : text;
}

function tell(...lines: string[]): void {
  process.stdout.write(lines.map((line) => `# ${line}\n`).join(""));
}

function start(args: readonly string[]): FarrierProcess {
  const started = farrierStart(args, { env, cwd: directory });
  stack.defer(async () => void (started.running && (await started.end("SIGTERM"))));
  return started;
}

/** Runs a command to its end; resolves to its output. @throws {Error} if it fails */
async function quietly(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await farrierStart(args, { env, cwd: directory }).ended;
  if (status !== 0) {
    throw new Error(`farrier ${args.join(" ")} ended with ${status}: ${stderr}`);
  }
  return stdout;
}

/** The same, shown as on a terminal. */
async function farrier(...args: string[]): Promise<void> {
  const words = args.map((word) =>
    /[ "]/u.test(word) ? JSON.stringify(word) : word.replace(/^(sha256:.{8}).*/u, "$1…"),
  );
  process.stdout.write(`${bold(`$ farrier ${words.join(" ")}`)}\n`);
  if (!terminal) {
    process.stdout.write(await quietly(...args));
    return;
  }
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) {
    throw new Error(`farrier ${args.join(" ")} ended with ${code}`);
  }
}

/** An agent on a machine, with one file as disk. */
async function agent(name: string): Promise<FarrierProcess> {
  const disks = join(directory, `disks-${name}`);
  await mkdir(disks);
  await diskMake(join(disks, "disk0"), 64 * mebibyte);
  return start(["agent", "run", "--init", `${name}.json`, "--file-disks", disks]);
}

process.stdout.write(`${bold("A control plane, machines and agents for this tour only")}\n`);
const postgres = stack.use(await embeddedStart({ directory: join(directory, "postgres"), log }));
const { user, host, port, database: databaseName } = postgres.connection;
const databaseUrl = `postgresql://${user}@/${databaseName}?host=${encodeURIComponent(host)}&port=${port}`;
const ports = ["--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0"];
const server = await farrierServe(["server", "--migrate", "--database-url", databaseUrl, ...ports], { env });
stack.defer(async () => void (await server.end("SIGTERM")));
const database = stack.use(connect(postgres.connection, { log }));
const { machines: machinesClient, fleet: fleetClient } = await operatorClient(
  { dataDir: env.FARRIER_DATA_DIR, operators: undefined },
  {},
);
const images = stack.use(await imageServer());
const small = images.serve("debian", randomBytes(4 * mebibyte));
const slow = images.serve("debian-slow", randomBytes(48 * mebibyte), { bytesPerSecond: mebibyte / 8 });
const altered = images.serve("debian-altered", randomBytes(mebibyte));

/** A machine for each state, with its provider: a separate one if no shepherd may take the machine. */
const machines: Record<MachineStateName, { name: string; provider: string }> = {
  new: { name: "web1", provider: "rack1" },
  "awaiting-agent": { name: "web2", provider: "rack1" },
  ready: { name: "web3", provider: "rack1" },
  "install-pending": { name: "web4", provider: "rack1" },
  installing: { name: "web5", provider: "rack1" },
  "coming-up": { name: "web13", provider: "rack1" },
  silent: { name: "web14", provider: "rack1" },
  installed: { name: "web6", provider: "rack1" },
  "install-failed": { name: "web7", provider: "rack1" },
  "agent-lost": { name: "web8", provider: "rack1" },
  "backing-off": { name: "web9", provider: "rack1" },
  recovering: { name: "web10", provider: "rack2" },
  "starting-agent": { name: "web11", provider: "rack3" },
  quarantined: { name: "web12", provider: "rack1" },
};
const withKey: readonly MachineStateName[] = [
  "awaiting-agent",
  "ready",
  "installing",
  "coming-up",
  "silent",
  "installed",
  "install-failed",
  "agent-lost",
  "backing-off",
  "recovering",
];
await Promise.all(
  Object.values(machines).map(async ({ name, provider }) => {
    await quietly("machine", "add", "--provider", provider, "--provider-id", name, "--name", name);
  }),
);
const agents = new Map<MachineStateName, FarrierProcess>();
await Promise.all(
  withKey.map(async (state) => {
    const { name } = machines[state];
    await quietly("agent", "init", name, "--out", `${name}.json`);
    if (state !== "awaiting-agent") {
      agents.set(state, await agent(name));
    }
  }),
);
tell("14 machines, web1 to web14; 9 of them have an agent that is running", server.stdout.trim());

async function stateOf(name: string): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ state: string }>(
    "SELECT s.state FROM machine_state s JOIN machines m USING (machine_id) WHERE m.name = $1",
    [name],
  );
  return rows[0]?.state;
}

async function until(name: string, state: MachineStateName): Promise<void> {
  await waitFor(`${name} to be ${state}`, async () => (await stateOf(name)) === state, { timeoutMs: 60_000 });
}

/** Ends an agent like a power cut. */
async function kill(state: MachineStateName): Promise<void> {
  await agents.get(state)?.end("SIGKILL");
}

/**
 * Claims a machine for a process, as a shepherd does, but in this process, so that the work lasts while it is shown.
 */
async function hold(session: Awaited<ReturnType<typeof sessionStart>>, what: Process, provider: string): Promise<void> {
  const [work] = await workClaim(database, session, { process: what, provider }, 1);
  if (work === undefined) {
    throw new Error(`nothing of provider ${provider} could be claimed for ${what}`);
  }
}

const image = (served: { url: string; digest: string }): string[] => [
  ...["--image", served.url, "--digest", served.digest, "--disk", "serial=disk0"],
];

/** Has a machine installed whose system is expected to report; here none boots. */
async function expecting(name: string, withinSeconds: number): Promise<void> {
  await database.pool.query(
    `WITH f AS (
       INSERT INTO machine_agent_features (machine_id, agent_public_key, features)
       SELECT machine_id, agent_public_key, '{vendor-data}' FROM machine_agent_started JOIN machines m USING (machine_id)
       WHERE m.name = $1 ON CONFLICT DO NOTHING
     ) INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256)
     SELECT machine_id, 1, $2, sha256(convert_to($1, 'UTF8')) FROM machines WHERE name = $1`,
    [name, withinSeconds],
  );
  await farrier("machine", "install", name, ...image(small));
}

/** A stop of the tour: brings the machine into its state, and says what is shortened or simulated. */
type Stop = (name: string) => Promise<void>;

let shepherd: Awaited<ReturnType<typeof sessionStart>> | undefined;
/** The demo's own shepherd: before it begins, none is alive. */
const shepherding = async (): Promise<NonNullable<typeof shepherd>> =>
  (shepherd ??= stack.use(await sessionStart(database, { component: "shepherd", log, clock: systemClock })));

const stops: Record<MachineStateName, Stop> = {
  new: async () => tell("It was added, and nothing else."),
  "awaiting-agent": async () => tell("Its agent has a key and an init file, and was not started yet."),
  ready: async () => tell("Its agent runs and was heard."),
  "install-pending": async (name) => {
    tell("It was asked for before it has an agent.");
    await farrier("machine", "install", name, ...image(small));
  },
  installing: async (name) => {
    tell("Its image comes at 128 KiB a second: it is still coming when the tour ends.");
    await farrier("machine", "install", name, ...image(slow));
    await waitFor("bytes", async () => {
      const { rows } = await database.pool.query(
        `SELECT FROM machine_os_installation_progress p JOIN machines m USING (machine_id)
         WHERE m.name = $1 AND p.phase = 'writing' AND p.bytes_done > 0`,
        [name],
      );
      return rows.length > 0;
    });
  },
  installed: async (name) => {
    tell("The ordinary case.");
    await farrier("machine", "install", name, ...image(small));
  },
  "coming-up": async (name) => {
    tell("Its profile expects a report. The image is made up, so nothing boots and reports.");
    await expecting(name, 900);
  },
  silent: async (name) => {
    tell("As before, but the report is expected within a second.");
    await expecting(name, 1);
  },
  "install-failed": async (name) => {
    tell("The image does not have the requested digest.");
    await farrier("machine", "install", name, ...image({ url: altered.url, digest: small.digest }));
  },
  "backing-off": async () => {
    tell(
      "Its agent was killed, and is lost after 6 s of silence (here; 10 minutes otherwise). `farrier shepherd` takes it",
    );
    tell("up at once, and finds that nobody can start an agent on a machine of provider rack1 but people.");
    await database.pool.query("UPDATE agent_silence SET heartbeat = '6 s'");
    await kill("backing-off");
    const shepherds = start(["shepherd", "--database-url", databaseUrl]);
    await until(machines["backing-off"].name, "backing-off");
    await shepherds.end("SIGTERM");
  },
  "agent-lost": async () => {
    tell("Its agent was killed too; no shepherd is running now.");
    await kill("agent-lost");
  },
  recovering: async (name) => {
    tell("Its agent was killed, and a shepherd has taken it up (and takes its time here).");
    await kill("recovering");
    await until(name, "agent-lost");
    await hold(await shepherding(), "ShepherdRecovery", machines.recovering.provider);
  },
  "starting-agent": async () => {
    tell("A shepherd is starting an agent on it (and takes its time, as above).");
    await hold(await shepherding(), "ShepherdAgentStart", machines["starting-agent"].provider);
  },
  quarantined: async (name) => {
    tell("An operator wants it left alone.");
    await farrier("machine", "quarantine", name, "--reason", "memory errors, ticket 4711");
  },
};

let failures = 0;
for (const [index, state] of Object.keys(stops).entries()) {
  const known = machineStates.find((one) => one === state);
  if (known === undefined) {
    continue;
  }
  const { name } = machines[known];
  process.stdout.write(`\n${bold(`${index + 1}/${machineStates.length} ${state}`)}\n`);
  await stops[known](name);
  await until(name, known);
  await farrier("machine", "explain", name);
  const { lines, remedies } = await machinesClient.machineExplain({ machine: name });
  if (lines[0]?.startsWith(`${name} is in state ${state} `) !== true || remedies.length === 0) {
    process.stdout.write(`# WRONG: expected an explanation of ${state} with a way out\n`);
    failures += 1;
  }
}

process.stdout.write(`\n${bold("All of them")}\n`);
await farrier("machine", "list", "--sort", "since");
await farrier("fleet", "summary");
const { states } = await fleetClient.fleetSummary({});
const missing = machineStates.filter((state) => states[state] !== 1n);
if (missing.length > 0) {
  process.stdout.write(`# WRONG: not one machine is ${missing.join(", ")}\n`);
  failures += 1;
}
process.exitCode = failures === 0 ? 0 : 1;
