import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HistoryEntry, Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient, type OperatorClient } from "../../src/cli/call/client.ts";
import { isOurPostmaster, orphanStop } from "../../src/database/embedded/embedded-orphan.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import {
  type FarrierOptions,
  type FarrierProcess,
  farrierServe,
  farrierStart,
  type Ran,
  type ServingFarrier,
} from "./farrier-process.ts";
import { freePort } from "./free-port.ts";
import { imageServer, type ImageServer, type ServedImage } from "./image-server.ts";
import { waitFor } from "./wait.ts";

/** A machine of the lab: a folder of file-disks, an init file, and agents that are started and killed. */
export interface LabMachine {
  readonly id: string;
  readonly name: string;
  readonly initFile: string;
  readonly diskFolder: string;
  /** What is on the disk named "disk0". */
  disk(): Promise<Buffer>;
  /** Starts `farrier agent run`; `heartbeatSeconds` is 1 where it is not given, `fetchTries` the agent's own. */
  agent(options?: { init?: string; heartbeatSeconds?: number; fetchTries?: number }): FarrierProcess;
  /** `farrier machine install THIS --image … --disk serial=disk0 FLAGS…` */
  install(image: Pick<ServedImage, "url" | "digest">, ...flags: string[]): Promise<Ran>;
  /** The same; returns at once. */
  installStart(image: Pick<ServedImage, "url" | "digest">, ...flags: string[]): FarrierProcess;
  show(): Promise<Machine>;
  /** The oldest first. */
  history(): Promise<HistoryEntry[]>;
  /** "event generation", the oldest first. */
  story(): Promise<string[]>;
  /** Resolves once nothing is pending. */
  settled(timeoutMs?: number): Promise<Machine>;
}

/** A whole Farrier of real processes in a folder of its own, on ports that stay the same over restarts. */
export interface Lab extends AsyncDisposable {
  readonly folder: string;
  readonly dataDir: string;
  readonly images: ImageServer;
  /** Flags of `farrier up` that say where: data directory and addresses. */
  readonly place: readonly string[];
  /** Starts `farrier up`, and waits until it is ready. */
  up(...flags: string[]): Promise<ServingFarrier>;
  /** Runs a command against this control plane. */
  cli(...args: string[]): Promise<Ran>;
  /** Starts one, and returns at once. */
  cliStart(...args: string[]): FarrierProcess;
  /** The operator API, for looking often: a command takes a third of a second. */
  client(): Promise<OperatorClient>;
  machine(name: string, options?: { diskBytes?: number; labels?: readonly string[] }): Promise<LabMachine>;
  /** Ends every agent that was started. */
  agentsEnd(): Promise<void>;
  /** Pid of the embedded PostgreSQL, running or not. */
  postgresPid(): Promise<number>;
  /** Ends the embedded PostgreSQL with SIGKILL; its pid. @throws where none runs */
  postgresKill(): Promise<number>;
  /** Processes and sockets that work in the data directory, or in another one, for people: empty once everything is down. */
  leftovers(directory?: string): Promise<string[]>;
}

/** Makes the folder and the image server; nothing of Farrier runs yet. Disposing ends all that was started. */
export async function lab(): Promise<Lab> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-e2e-"));
  stack.defer(async () => await rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(folder, "data");
  stack.defer(async () => await postgresEnd(dataDir));
  const started: FarrierProcess[] = [];
  stack.defer(async () => {
    await Promise.all(started.map(async (one) => one.running && (await endSurely(one))));
  });
  const images = stack.use(await imageServer());
  const [agents, operators] = [await freePort(), await freePort()];
  const place = [
    ...["--data-dir", dataDir],
    ...["--agents", `127.0.0.1:${agents}`, "--operators", `127.0.0.1:${operators}`],
  ];
  const env = { FARRIER_DATA_DIR: dataDir };
  const keep = <Process extends FarrierProcess>(process: Process): Process => {
    started.push(process);
    return process;
  };
  const client = (): Promise<OperatorClient> => operatorClient({ dataDir, operators: undefined }, {});
  const cliStart = (...args: string[]): FarrierProcess => keep(farrierStart(args, { env, cwd: folder }));
  const cli = async (...args: string[]): Promise<Ran> => await cliStart(...args).ended;
  const agentProcesses: FarrierProcess[] = [];
  const agentStart = (args: readonly string[], options: FarrierOptions): FarrierProcess => {
    const agent = keep(farrierStart(args, options));
    agentProcesses.push(agent);
    return agent;
  };
  const release = stack.move();
  return {
    folder,
    dataDir,
    images,
    place,
    cli,
    cliStart,
    client,
    up: async (...flags) => keep(await farrierServe(["up", ...place, ...flags])),
    machine: async (name, { diskBytes = 16 << 20, labels = [] } = {}) => {
      const added = await must(
        cli("machine", "add", "--provider", "static", "--provider-id", name, "--name", name, ...labelFlags(labels)),
      );
      const initFile = join(folder, `${name}.json`);
      await must(cli("agent", "init", name, "--out", initFile));
      const diskFolder = join(folder, `disks-${name}`);
      await mkdir(diskFolder);
      await diskMake(join(diskFolder, "disk0"), diskBytes);
      return labMachine({ id: added.stdout.trim(), name, initFile, diskFolder, client, cliStart, agentStart });
    },
    agentsEnd: async () => {
      await Promise.all(agentProcesses.map(async (agent) => await agent.end("SIGTERM")));
      agentProcesses.length = 0;
    },
    postgresPid: async () => await postgresPidRead(dataDir),
    postgresKill: async () => {
      const pid = await postgresPidRead(dataDir);
      // The file outlives its PostgreSQL, and by then the pid may be anybody's.
      if (!(await isOurPostmaster(pid, join(dataDir, "postgres/data")))) {
        throw new Error("no PostgreSQL runs in the data directory");
      }
      process.kill(pid, "SIGKILL");
      return pid;
    },
    leftovers: async (directory = dataDir) => [...(await processesIn(directory)), ...(await socketsIn(directory))],
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

/** Makes a disk of zeros. */
export async function diskMake(path: string, bytes: number): Promise<void> {
  await writeFile(path, "");
  await truncate(path, bytes);
}

/** What a command said, when it succeeded. @throws when it did not */
export async function must(running: Promise<Ran>): Promise<Ran> {
  const ran = await running;
  if (ran.status !== 0) {
    throw new Error(`a command ended with ${ran.status ?? ran.signal}: ${ran.stderr}${ran.stdout}`);
  }
  return ran;
}

function labelFlags(labels: readonly string[]): string[] {
  return labels.flatMap((label) => ["--label", label]);
}

function labMachine(options: {
  id: string;
  name: string;
  initFile: string;
  diskFolder: string;
  client: () => Promise<OperatorClient>;
  cliStart: (...args: string[]) => FarrierProcess;
  agentStart: (args: readonly string[], options: FarrierOptions) => FarrierProcess;
}): LabMachine {
  const { id, name, initFile, diskFolder, client, cliStart } = options;
  const show = async (): Promise<Machine> => {
    const { machine } = await (await client()).machines.machineShow({ machine: id });
    if (machine === undefined) {
      throw new Error(`the control plane shows nothing of ${name}`);
    }
    return machine;
  };
  const history = async (): Promise<HistoryEntry[]> => {
    const { entries } = await (await client()).machines.machineHistory({ machine: id, pageSize: 1000 });
    return entries.toReversed();
  };
  const installStart: LabMachine["installStart"] = ({ url, digest }, ...flags) =>
    cliStart("machine", "install", name, "--image", url, "--digest", digest, "--disk", "serial=disk0", ...flags);
  return {
    id,
    name,
    initFile,
    diskFolder,
    show,
    history,
    disk: async () => await readFile(join(diskFolder, "disk0")),
    agent: ({ init = initFile, heartbeatSeconds = 1, fetchTries } = {}) => {
      const env = {
        FARRIER_AGENT_HEARTBEAT_SECONDS: String(heartbeatSeconds),
        FARRIER_AGENT_FETCH_TRIES: String(fetchTries ?? ""),
      };
      return options.agentStart(["agent", "run", "--init", init, "--file-disks", diskFolder], { env });
    },
    installStart,
    install: async (image, ...flags) => await installStart(image, ...flags).ended,
    story: async () =>
      (await history()).map(({ event, generation }) => (generation === 0n ? event : `${event} ${generation}`)),
    settled: async (timeoutMs = 30_000) =>
      await waitFor(
        `nothing to be pending on ${name}`,
        async () => {
          const machine = await show();
          return machine.installation?.state === InstallationState.PENDING ? undefined : machine;
        },
        { timeoutMs, intervalMs: 50 },
      ),
  };
}

/** SIGTERM, and SIGKILL where that does not help. */
async function endSurely(process: FarrierProcess): Promise<void> {
  const timer = setTimeout(() => void process.end("SIGKILL"), 12_000);
  await process.end("SIGTERM");
  clearTimeout(timer);
}

async function postgresPidRead(dataDir: string): Promise<number> {
  const text = await readFile(join(dataDir, "postgres/data/postmaster.pid"), "utf8");
  return Number(text.split("\n")[0]);
}

async function postgresEnd(dataDir: string): Promise<void> {
  const log = createLogger({ level: "silent", component: "test" });
  await orphanStop(join(dataDir, "postgres/data"), { clock: systemClock, log });
}

async function processesIn(dataDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)) {
    try {
      const words = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
      // Root in a container may be kept from reading where another user's process works.
      const works = await readlink(`/proc/${pid}/cwd`).catch(() => "");
      if (words.includes(dataDir) || works.startsWith(dataDir)) {
        found.push(`process ${pid}: ${words}`);
      }
    } catch {
      // Gone meanwhile.
    }
  }
  return found;
}

async function socketsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const kinds = await Promise.all(
    entries.map(async (entry) => (await lstat(join(folder, entry)).catch(() => undefined))?.isSocket() ?? false),
  );
  return entries.filter((_, index) => kinds[index]).map((entry) => `socket ${entry}`);
}
