// `farrier machine ssh` as a process, against a real control plane and a real SSH server.
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { farrierStart, type Ran } from "../../../test/support/farrier-process.ts";
import { testFleet, type Fleet, type TestMachine } from "../../../test/support/fleet.ts";
import { sshHost, sshHostMissing, sshKeyPair, type SshHost } from "../../../test/support/ssh-host.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { controlPlaneStart, type TestControlPlane } from "../testing/processes.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const absent = await sshHostMissing();
let directory: string;
let temporary: string;
let fleet: Fleet;
let plane: TestControlPlane;
let host: SshHost;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-machine-ssh-"));
  temporary = join(directory, "temporary");
  await mkdir(temporary);
  fleet = await testFleet();
  plane = await controlPlaneStart(directory, fleet.test.url);
  host = await sshHost();
  await writeFile(join(directory, "askpass"), `#!/bin/sh\necho "${host.shape.password}"\n`, { mode: 0o700 });
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Has a machine's system, of a new generation, installed. */
async function install(machine: TestMachine): Promise<bigint> {
  const generation = await fleet.request(machine);
  await fleet.rows(
    `WITH r AS (
       INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by) VALUES ($1, $2, 'success', 'agent')
       ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation
     ) INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, $2)
     ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation`,
    ...[machine.machineId, generation],
  );
  return generation;
}

/** A machine that is installed and has reported. */
async function reported(
  sshHostKeys: readonly string[],
  { over = "tls", addresses = ["127.0.0.1"] }: { over?: "tls" | "clear"; addresses?: readonly string[] } = {},
): Promise<TestMachine> {
  const machine = await fleet.add();
  await fleet.rows(
    `INSERT INTO machine_came_up
       (machine_id, generation, within_seconds, token_sha256, heard_at, heard_over, heard_from, report)
     VALUES ($1, $2, 900, $3, now(), $4, '127.0.0.1', $5)`,
    ...[machine.machineId, await install(machine), randomBytes(32), over],
    JSON.stringify({ hostName: "web1", addresses, sshHostKeys, bootedAt: null }),
  );
  return machine;
}

const environment = (): Record<string, string> => ({
  FARRIER_DATA_DIR: plane.dataDir,
  TMPDIR: temporary,
  SSH_ASKPASS: join(directory, "askpass"),
  SSH_ASKPASS_REQUIRE: "force",
});

const login = (machine: TestMachine): string[] => [
  ...["machine", "ssh", machine.machineId, "--user", "root", "--port", String(host.port)],
  ...["--address", "127.0.0.1"],
];

async function ssh(machine: TestMachine, ...more: string[]): Promise<Ran> {
  return await farrierStart([...login(machine), ...more], { env: environment() }).ended;
}

test("the reported key opens a connection; a command runs, and its exit status is the command's", async (context) => {
  context.skip(absent !== undefined, absent);
  const machine = await reported([host.hostKey]);
  const { status, stdout, stderr } = await ssh(machine, "--", "echo", "--help", "it came up;", "exit", "7");
  expect([status, stdout], stderr).toEqual([7, "--help it came up\n"]);
  expect(host.commands.at(-1)).toBe("echo --help it came up; exit 7");
  expect(await readdir(temporary)).toEqual([]);
});

test("another key is refused before anything is said, and the status is ssh's", async (context) => {
  context.skip(absent !== undefined, absent);
  const machine = await reported([sshKeyPair().publicKey]);
  const [commands, logins] = [host.commands.length, host.logins.length];
  const { status, stderr } = await ssh(machine, "--accept-unproven", "--", "true");
  expect([status, stderr]).toEqual([255, expect.stringMatching(/Host key verification failed/u)]);
  expect([host.commands.length, host.logins.length]).toEqual([commands, logins]);
  expect(await readdir(temporary)).toEqual([]);
});

test("keys in clear text, and of an earlier generation, only with --accept-unproven", async (context) => {
  context.skip(absent !== undefined, absent);
  const clear = await reported([host.hostKey], { over: "clear" });
  const earlier = await reported([host.hostKey]);
  await install(earlier);
  for (const [machine, reason] of [
    [clear, /came in clear text/u],
    [earlier, /of generation 1, but generation 2 is installed/u],
  ] as const) {
    const commands = host.commands.length;
    const refused = await ssh(machine, "--", "true");
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(reason)]);
    expect(host.commands.length).toBe(commands);
    const accepted = await ssh(machine, "--accept-unproven", "--", "echo", "in");
    expect([accepted.status, accepted.stdout]).toEqual([0, "in\n"]);
    expect(accepted.stderr).toMatch(reason);
  }
});

test("no report, a hostile one, and an account that is an option: nothing is run", async () => {
  const bin = join(directory, "bin");
  await mkdir(bin);
  const called = join(directory, "called");
  await writeFile(join(bin, "ssh"), `#!/bin/sh\nprintf '%s\\n' "$@" > '${called}'\n`);
  await chmod(join(bin, "ssh"), 0o700);
  const env = { ...environment(), PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  const run = async (...args: string[]): Promise<Ran> => await farrierStart(args, { env }).ended;
  const silent = await fleet.add();
  await install(silent);
  const hostile = await reported([`${host.hostKey}\n* ${sshKeyPair().publicKey}`], {
    addresses: ["-oProxyCommand=touch /tmp/x", "192.0.2.7\n"],
  });
  for (const [args, status, reason] of [
    [[silent.machineId], 1, /has not reported its SSH host keys: .*expect: \{ came_up: true \}/u],
    [[hostile.machineId, "--accept-unproven"], 1, /has no SSH host key/u],
    [[hostile.machineId, "--user", "-oProxyCommand=x"], 2, /--user/u],
    [[hostile.machineId, "--user=-oProxyCommand=x"], 2, /--user: expected an account's name/u],
  ] as const) {
    const finished = await run("machine", "ssh", ...args);
    expect([finished.status, finished.stderr]).toEqual([status, expect.stringMatching(reason)]);
    await expect(readFile(called)).rejects.toThrow("ENOENT");
  }
  // The stand-in is what would have been run.
  const good = await reported([host.hostKey], { addresses: ["192.0.2.7"] });
  expect((await run("machine", "ssh", good.machineId)).status).toBe(0);
  expect((await readFile(called, "utf8")).trim().split("\n").slice(-2)).toEqual(["--", "192.0.2.7"]);
});

test("without ssh: which package has it", async () => {
  const machine = await reported([host.hostKey]);
  const none = join(directory, "none");
  await mkdir(none);
  expect(await farrierStart(login(machine), { env: { ...environment(), PATH: none } }).ended).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/there is no program ssh here: .*`apt-get install openssh-client`/u) as string,
  });
  expect(await readdir(temporary)).toEqual([]);
});

test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
  "the file is this user's alone, and gone after %s",
  async (signal) => {
    if (absent !== undefined) {
      return;
    }
    const machine = await reported([host.hostKey]);
    host.shape.command = (command) => (command === "wait" ? "hang" : "run");
    const commands = host.commands.length;
    const running = farrierStart([...login(machine), "--", "wait"], { env: environment() });
    await waitFor("the command", () => host.commands.length > commands || !running.running);
    const [folder = ""] = await readdir(temporary);
    const file = join(temporary, folder, "known_hosts");
    expect(await readFile(file, "utf8")).toBe(`${machine.machineId} ${host.hostKey}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(temporary, folder))).mode & 0o777).toBe(0o700);
    const { status } = await running.end(signal);
    expect(status).toBeGreaterThan(0);
    expect(await readdir(temporary)).toEqual([]);
  },
);
