// A rollout over 200 machines, of which 7 fail, while servers and shepherds are killed: it stops by its rule, goes on, and
// each machine is asked exactly once for each time that it was begun.
import { randomInt, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { operatorClient, type OperatorClient } from "../../src/cli/call/client.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { prng } from "../../src/lib/prng.ts";
import { simulate, type Simulated } from "../../src/simulator/simulate.ts";
import { biosImage } from "../support/bios-image.ts";
import { farrierServe, farrierStart, type FarrierProcess, type ServingFarrier } from "../support/farrier-process.ts";
import { type Fleet, testFleet } from "../support/fleet.ts";
import { freePort } from "../support/free-port.ts";
import { imageServer, type ImageServer } from "../support/image-server.ts";
import { must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

const agents = 200;
const failing = 7;
/** Fewer failures than `failing`, and more than half: the rule stops the rollout once. */
const stopAfter = 4;
const killsAtEachStage = 3;

interface Server {
  ports: readonly string[];
  process: ServingFarrier;
}

let fleet: Fleet;
let folder: string;
let images: ImageServer;
let servers: Server[];
let shepherds: FarrierProcess[];
const finish = new AbortController();
const stop = new AbortController();

const serve = (ports: readonly string[]): Promise<ServingFarrier> =>
  farrierServe(["server", "--data-dir", folder, "--database-url", fleet.test.url, ...ports]);
const shepherd = (): FarrierProcess =>
  farrierStart(["shepherd", "--data-dir", folder, "--database-url", fleet.test.url]);

beforeAll(async () => {
  fleet = await testFleet();
  folder = await mkdtemp(join(tmpdir(), "farrier-rollout-kill-"));
  images = await imageServer();
  servers = [];
  for (const _ of ["one", "the other"]) {
    const ports = ["--agents", `127.0.0.1:${await freePort()}`, "--operators", `127.0.0.1:${await freePort()}`];
    // The second finds what the first has made in the data directory.
    servers.push({ ports, process: await serve(ports) });
  }
  shepherds = [shepherd(), shepherd()];
});

afterAll(async () => {
  stop.abort();
  await Promise.all([...shepherds, ...servers.map(({ process }) => process)].map((one) => one.end("SIGKILL")));
  await images[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
  await fleet[Symbol.asyncDispose]();
});

/** Kills a process, and lets the time of its sessions pass at once. */
async function kill(victim: FarrierProcess): Promise<void> {
  await victim.end("SIGKILL");
  await fleet.rows(
    "UPDATE sessions SET session_deadline = now() - interval '1 second' WHERE split_part(session_runtime_info, ' ', 2) = $1",
    String(victim.pid),
  );
}

/** Kills one of both servers or of both shepherds, and starts another in its place. */
async function killOne(what: "server" | "shepherd", index: number): Promise<string> {
  const server = servers[index];
  const victim = shepherds[index];
  if (what === "server" && server !== undefined) {
    await kill(server.process);
    server.process = await serve(server.ports);
    return `server ${index}`;
  }
  if (victim !== undefined) {
    await kill(victim);
    shepherds[index] = shepherd();
  }
  return `shepherd ${index}`;
}

const clientOf = (server: Server | undefined): Promise<OperatorClient> =>
  operatorClient({ dataDir: folder, operators: server?.process.operators }, {});

async function stateOf(): Promise<string> {
  const [row] = await fleet.rows<{ state: string }>("SELECT state FROM rollout");
  return row?.state ?? "";
}

async function counts(): Promise<Record<string, number>> {
  const rows = await fleet.rows<{ state: string; machines: number }>(
    "SELECT state, count(*)::integer AS machines FROM rollout_machine GROUP BY state",
  );
  return Object.fromEntries(rows.map(({ state, machines }) => [state, machines]));
}

/** Kills one after the other while the rollout goes on, until it has this state. */
async function killUntil(state: string, random: ReturnType<typeof prng>, killed: string[]): Promise<void> {
  for (let kills = 0; kills < killsAtEachStage && (await stateOf()) === "running"; kills += 1) {
    const { good: before = 0 } = await counts();
    const more = random.integer(1, 25);
    const moved = await waitFor(
      `${more} more machines`,
      async () => (await stateOf()) !== "running" || ((await counts())["good"] ?? 0) >= before + more,
      { timeoutMs: 120_000, intervalMs: 20 },
    );
    expect(moved).toBe(true);
    killed.push(await killOne(killed.length % 2 === 0 ? "shepherd" : "server", random.integer(0, 1)));
  }
  await waitFor(`the rollout to be ${state}`, async () => (await stateOf()) === state, {
    timeoutMs: 180_000,
    intervalMs: 50,
  });
  await waitFor("what runs to end", async () => ((await counts())["requested"] ?? 0) === 0, { timeoutMs: 60_000 });
}

async function simulation(): Promise<Simulated> {
  const operators = servers.map(({ process }) => process.operators);
  const endpoints = servers.map(({ process }) => {
    const [host = "", port] = process.agents.split(":");
    return { host, port: Number(port) };
  });
  return await simulate(
    {
      ...{ agents, failing, interval: 2_000, faults: [], seed: "rollout", duration: 900_000, installsPerMinute: 0 },
      ...{ endpoints, operators, anywhere: false, writing: 1_500 },
      token: (await readFile(join(folder, "operator-token"), "utf8")).trim(),
    },
    { clock: systemClock, signal: stop.signal, finish: finish.signal },
  );
}

test("200 machines, 7 failures, servers and shepherds killed: one generation a request, and an end", async () => {
  const seed = process.env["FARRIER_KILL_SEED"] ?? String(randomInt(1_000_000));
  const random = prng(`rollout ${seed}`);
  const killed: string[] = [];
  const simulated = simulation();
  // Waited for below; until then it must not end this process.
  simulated.catch(() => undefined);
  const run = (...args: string[]) => farrierStart(args, { env: { FARRIER_DATA_DIR: folder } }).ended;
  const operators = ["--operators", servers[0]?.process.operators ?? ""];
  const { url } = images.serve("debian", biosImage());
  await must(run("image", "add", "debian", "--url", url, "--wait", ...operators));
  await must(run("profile", "create", "web", "--image", "debian", "--disk", "max=250G", ...operators));
  await waitFor(
    "each machine to be ready",
    async () =>
      (
        await fleet.rows(
          "SELECT FROM machine_hardware_report JOIN machine_state USING (machine_id) WHERE state = 'ready'",
        )
      ).length === agents,
    { timeoutMs: 180_000, intervalMs: 100 },
  );
  const waves = ["--waves", "1,10,rest", "--stop-after", String(stopAfter)];
  await must(
    run(
      "rollout",
      "create",
      "--profile",
      "web",
      "--label",
      "simulated=rollout",
      "--name",
      "night",
      ...waves,
      ...operators,
    ),
  );
  const command = { requestId: randomUUID(), rollout: "night" };
  const { rollouts } = await clientOf(servers[0]);
  const { rollout } = await rollouts.rolloutStart(command);
  expect(rollout?.counts).toMatchObject({ machines: agents, waiting: agents });

  await killUntil("stopped", random, killed);
  const stopped = await counts();
  expect(stopped["failed"]).toBeGreaterThanOrEqual(stopAfter);
  expect(stopped["waiting"]).toBeGreaterThan(0);

  await (await clientOf(servers[1])).rollouts.rolloutResume({ ...command, requestId: randomUUID() });
  await killUntil("done", random, killed);
  expect(await counts()).toEqual({ good: agents - failing, failed: failing });
  const { causes } = await (await clientOf(servers[0])).rollouts.rolloutShow({ rollout: "night" });
  expect(causes.reduce((sum, { machines }) => sum + machines, 0)).toBe(failing);
  expect(causes.map(({ cause }) => cause)).not.toContain("other");

  // The server is killed while it answers: the same command at the other one is carried out once in all.
  const retry = { ...command, requestId: randomUUID() };
  const [first, second] = servers;
  const lost = (await clientOf(first)).rollouts.rolloutRetryFailed(retry).catch(() => undefined);
  await Promise.all([lost, first === undefined ? undefined : kill(first.process)]);
  expect(await (await clientOf(second)).rollouts.rolloutRetryFailed(retry)).toMatchObject({ machines: failing });
  if (first !== undefined) {
    first.process = await serve(first.ports);
  }
  await killUntil("done", random, killed);
  expect(await counts()).toEqual({ good: agents });

  finish.abort();
  const { summary, record } = await simulated;
  process.stdout.write(`FARRIER_KILL_SEED=${seed}: killed ${killed.join(", ")}, and a server in mid-answer\n`);
  expect(summary.violations).toEqual([]);
  // As the agents saw it: each generation was begun by one run, once.
  const generations = [...record.generations()];
  expect(generations).toHaveLength(agents + failing);
  expect(generations.every(({ runs, writing }) => runs.length === 1 && writing.length <= 1)).toBe(true);
  expect(generations.filter(({ closed }) => closed?.how === "error")).toHaveLength(failing);
  // As the database has it: one generation for each request, and one end of each. A machine whose turn had come when the
  // rule stopped the rollout, and that was not requested yet, has its turn again.
  expect(
    await fleet.rows(
      `SELECT last_generation::integer AS generations, bool_and(attempt >= last_generation) AS begun,
         bool_and(r.generation = last_generation) AS recorded, count(*)::integer AS machines
       FROM machines JOIN rollout_machine r USING (machine_id) GROUP BY 1 ORDER BY 1`,
    ),
  ).toEqual([
    { generations: 1, begun: true, recorded: true, machines: agents - failing },
    { generations: 2, begun: true, recorded: true, machines: failing },
  ]);
  expect(
    await fleet.rows(
      `SELECT event, count(*)::integer AS entries, count(DISTINCT (machine_id, generation))::integer AS generations
       FROM history WHERE event IN ('installation_requested', 'installation_succeeded', 'installation_failed')
       GROUP BY event ORDER BY event`,
    ),
  ).toEqual([
    { event: "installation_failed", entries: failing, generations: failing },
    { event: "installation_requested", entries: agents + failing, generations: agents + failing },
    { event: "installation_succeeded", entries: agents, generations: agents },
  ]);
  expect(
    (await fleet.rows<{ event: string }>("SELECT event FROM rollout_event ORDER BY event_number")).map(
      ({ event }) => event,
    ),
  ).toEqual([
    ...["created", "started", "wave_begun", "wave_begun", "wave_begun", "stopped", "resumed"],
    ...["done", "retried", "done"],
  ]);
  expect(await fleet.rows("SELECT FROM machine_rollout_hold")).toEqual([]);
});
