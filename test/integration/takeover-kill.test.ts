// Shepherds killed with SIGKILL at every step of a takeover: the host runs on or its agent comes, nothing of a private key stays
// in a file, and the agent's kernel is started once.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromJsonString } from "@bufbuild/protobuf";
import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AgentInitSchema } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { agentKey, credentialId, type MachineId } from "../../src/database/ids.ts";
import { startAllow } from "../../src/database/queries/agent/start-allowed.ts";
import { takeoverKeyAccept } from "../../src/database/queries/agent/takeover-key.ts";
import { machineSshSet } from "../../src/database/queries/machine/machine-ssh.ts";
import { transact } from "../../src/database/transaction.ts";
import { sessionsExpireTask } from "../../src/janitor/sessions-expire.ts";
import { type HeartbeatFleet, heartbeatFleet } from "../support/heartbeats.ts";
import type { ShepherdChildTakeovers } from "../support/shepherd-child.ts";
import { operator, type TestMachine } from "../support/fleet.ts";
import { fakeBootImages, sshHost, type SshHost, sshHostMissing, sshKeyPair } from "../support/ssh-host.ts";
import { waitFor } from "../support/wait.ts";
import { withParent } from "../support/with-parent.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const program = new URL("../support/shepherd-child.ts", import.meta.url).pathname;
const credential = credentialId("00000000-0000-4000-8000-000000000001");

let stack: AsyncDisposableStack;
let all: HeartbeatFleet;
let folder: string;
let clientKey: { privateKey: string; publicKey: string };
let takeovers: ShepherdChildTakeovers;
let shepherds: ChildProcess[];

beforeEach(async (context) => {
  const missing = await sshHostMissing();
  context.skip(missing !== undefined, missing);
  stack = new AsyncDisposableStack();
  all = stack.use(await heartbeatFleet());
  folder = await mkdtemp(join(tmpdir(), "farrier-takeover-kill-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  clientKey = sshKeyPair();
  const agents = createServer((socket) => socket.on("error", () => undefined).end());
  agents.listen(0, "127.0.0.1");
  await once(agents, "listening");
  stack.defer(() => void agents.close());
  const address = agents.address();
  takeovers = {
    ...{ bootImages: await fakeBootImages(folder), kind: "ssh-key", secret: clientKey.privateKey },
    agentsPort: typeof address === "object" && address !== null ? address.port : 0,
  };
  await all.fleet.rows(
    `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
     VALUES ($1, 'rented', 'ssh-key', 'root', $2, '{0.0.0.0/0}', 'test')`,
    credential,
    Buffer.concat([Buffer.from([0, 0x66, 0x72, 0x73, 1]), Buffer.alloc(60)]),
  );
  shepherds = [];
  stack.defer(async () => void (await Promise.all(shepherds.map((one) => kill(one)))));
});
afterEach(async () => await stack.disposeAsync());

function shepherd(): ChildProcess {
  const args = [JSON.stringify(all.fleet.test.connection), JSON.stringify(takeovers)];
  const [command, ...words] = withParent([process.execPath, program, ...args]);
  const child = spawn(command, words, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  shepherds.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

/** Kills a shepherd, and lets its session's time pass at once. */
async function lose(child: ChildProcess): Promise<void> {
  await kill(child);
  await waitFor("its session to be collected", async () => {
    await all.fleet.rows(
      "UPDATE sessions SET session_deadline = now() - interval '1 second' WHERE session_component = 'shepherd'",
    );
    await sessionsExpireTask(all.fleet.database).run();
    return (await all.fleet.rows("SELECT FROM sessions WHERE session_component = 'shepherd'")).length === 0;
  });
}

/** A running host that is known by its SSH account, and that may be taken over. */
async function rented(host: SshHost): Promise<TestMachine> {
  const machine = await all.fleet.add({ agent: false });
  await transact(all.fleet.database, null, async (tx) => {
    const account = {
      user: "root",
      host: "127.0.0.1",
      port: host.port,
      credentialId: credential,
      hostKey: host.hostKey,
    };
    await machineSshSet(tx, machine.machineId, account, operator);
    await startAllow(tx, machine.machineId, operator);
  });
  return machine;
}

/** The private key that the agent of the loaded kernel would have: seed and public key. */
async function loadedKey(host: SshHost): Promise<Buffer> {
  const { initramfs = Buffer.alloc(0) } = (await host.loaded()) ?? {};
  const archive = await mkdtemp(join(folder, "archive-"));
  execFileSync("busybox", ["cpio", "-idm"], { cwd: archive, input: initramfs.subarray(1024), stdio: "pipe" });
  const text = await readFile(join(archive, "etc/farrier/agent-init.json"), "utf8");
  return Buffer.from(fromJsonString(AgentInitSchema, text).privateKey);
}

/** What of private keys is in the files that takeovers have left on the host. */
async function keysLeft(host: SshHost): Promise<string[]> {
  const found: string[] = [];
  const secret = (await host.loaded()) === undefined ? undefined : (await loadedKey(host)).subarray(0, 32);
  for (const name of await host.left()) {
    const data = await readFile(join(host.folder, "run", name)).catch(() => Buffer.alloc(0));
    const has = (text: string | Uint8Array): boolean => data.includes(text);
    if (
      (has('"privateKey":"') && !name.endsWith("takeover.sh")) ||
      (secret !== undefined && (has(secret) || has(secret.toString("base64").slice(0, 40)))) ||
      /(?:key\.der|private|config\.cpio)$/u.test(name)
    ) {
      found.push(name);
    }
  }
  return found;
}

/** Directories with secrets that a shepherd has left on its own host. */
async function secretsLeft({ pid }: ChildProcess): Promise<string[]> {
  const names = await Promise.all(["/dev/shm", tmpdir()].map((place) => readdir(place).catch((): string[] => [])));
  return names.flat().filter((name) => name.startsWith(`farrier-ssh-${pid}-`));
}

const times = async (host: SshHost): Promise<number> =>
  ((await host.started()) ?? "").split("\n").filter(Boolean).length;

async function step(machineId: MachineId): Promise<string | undefined> {
  const rows = await all.fleet.rows<{ step: string }>(
    "SELECT step FROM machine_start WHERE machine_id = $1",
    machineId,
  );
  return rows[0]?.step;
}

/** The agent of the loaded kernel calls; then the start is finished, after one start of the kernel. */
async function agentComes(host: SshHost, machine: TestMachine): Promise<void> {
  await waitFor("the agent's kernel to be started", async () => (await times(host)) > 0);
  const key = (await loadedKey(host)).subarray(32);
  const { database } = all.fleet;
  const { machineId } = machine;
  // The shepherd has registered this key and no other.
  await waitFor("the key of the agent to be accepted", () =>
    takeoverKeyAccept(database, { machineId, publicKey: agentKey(key) }),
  );
  expect(await all.say(machine, { key })).toBe("ok");
  await waitFor("the end of the start", async () => {
    const [work] = await all.fleet.rows("SELECT FROM work");
    const [row] = await all.fleet.rows("SELECT FROM machine_start WHERE ended_at IS NOT NULL");
    return work === undefined && row !== undefined;
  });
  expect(await times(host)).toBe(1);
  expect(await keysLeft(host)).toEqual([]);
}

/** What a shepherd is killed at: the command with this word, which the host carries out or never gets. */
const points = (
  [
    ["look", "sh -s", [true]],
    ["make-room", "mount -t tmpfs", [true]],
    ["reach", " nc -w ", [true]],
    ["carry the programs", "cpio -idm", [true]],
    ["carry the initramfs", "/initramfs &&", [false, true]],
    ["load", "takeover.sh", [false, true]],
    ["go", "go.sh", [false, true]],
  ] as const
).flatMap(([name, word, ends]) => ends.map((carriedOut) => ({ name, word, carriedOut })));

test.each(points)("killed at the step $name, carried out: $carriedOut", async ({ name, word, carriedOut }) => {
  const killed = Promise.withResolvers<undefined>();
  let victim: ChildProcess | undefined;
  let gone = false;
  const host = stack.use(
    await sshHost({
      authorizedKey: clientKey.publicKey,
      command: (command) => {
        if (gone) {
          return "cut";
        }
        if (victim === undefined || !command.includes(word)) {
          return "run";
        }
        victim.kill("SIGKILL");
        victim = undefined;
        killed.resolve(undefined);
        return carriedOut ? "run" : "cut";
      },
    }),
  );
  const machine = await rented(host);
  const first = shepherd();
  victim = first;
  await killed.promise;
  await lose(first);
  await waitFor("the host to be done with what it was sent", () => host.running() === 0);
  const started = name === "go" && carriedOut;
  expect(await times(host)).toBe(started ? 1 : 0);
  expect(await keysLeft(host)).toEqual([]);
  // A host whose kernel is another one by now has no sshd.
  gone = started;
  const second = shepherd();
  await waitFor("the next shepherd to take it up", async () => (await all.fleet.rows("SELECT FROM work")).length === 1);
  await agentComes(host, machine);
  expect(await secretsLeft(first)).toEqual([]);
  expect(await secretsLeft(second)).toEqual([]);
});

test("killed at the step register: the key of a kernel that was loaded and never started is good for nothing", async () => {
  const host = stack.use(await sshHost({ authorizedKey: clientKey.publicKey }));
  const machine = await rented(host);
  const holder = new pg.Client({ ...all.fleet.test.connection });
  await holder.connect();
  let first: ChildProcess;
  let abandoned: Buffer;
  try {
    const looked = Promise.withResolvers<undefined>();
    host.shape.command = (command) => {
      if (command.includes("mount -t tmpfs")) {
        looked.resolve(undefined);
      }
      return "run";
    };
    first = shepherd();
    await looked.promise;
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE machine_takeover_key IN EXCLUSIVE MODE");
    await waitFor("the key to be registered", async () =>
      /key .* is registered/u.test((await step(machine.machineId)) ?? ""),
    );
    await kill(first);
  } finally {
    await holder.end();
  }
  await lose(first);
  await waitFor("the host to be done with what it was sent", () => host.running() === 0);
  expect(await times(host)).toBe(0);
  expect(await keysLeft(host)).toEqual([]);
  abandoned = (await loadedKey(host)).subarray(32);
  shepherd();
  await agentComes(host, machine);
  expect(await all.say(machine, { key: abandoned })).toBe("unauthenticated");
  expect(await secretsLeft(first)).toEqual([]);
});
