// What docs/images.md says about images without cloud-init, as it is printed there: the unit, and the calls by curl and openssl.
import { execFile } from "node:child_process";
import { readFile, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomUUID } from "node:crypto";
import { agentFeatures } from "../../src/agent/features.ts";
import { operatorClient, type OperatorClient } from "../../src/cli/call/client.ts";
import { MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { agentClient, identityOf } from "../support/agent-client.ts";
import { expectingProfileMake, handedOut } from "../support/came-up.ts";
import { replaced, terminalBlock } from "../support/document.ts";
import { farrierServe, type ServingFarrier } from "../support/farrier-process.ts";
import { type Fleet, testFleet } from "../support/fleet.ts";
import { freePort } from "../support/free-port.ts";
import { programMissing } from "../support/program-missing.ts";
import { root } from "../support/repository.ts";

const stack = new AsyncDisposableStack();
let folder: string;
let fleet: Fleet;
let server: ServingFarrier;
let client: OperatorClient;

beforeAll(async () => {
  fleet = stack.use(await testFleet());
  folder = await mkdtemp(join(tmpdir(), "farrier-documented-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const dataDir = join(folder, "data");
  const port = await freePort();
  server = await farrierServe([
    ...["server", "--data-dir", dataDir, "--database-url", fleet.test.url, "--agents", "127.0.0.1:0"],
    ...["--operators", "127.0.0.1:0", "--came-up", `127.0.0.1:${port}`, "--came-up-name", `localhost:${port}`],
  ]);
  stack.defer(async () => void (await server.end("SIGTERM")));
  client = await operatorClient({ dataDir, operators: undefined }, {});
  await expectingProfileMake(fleet, client);
}, 120_000);
afterAll(() => stack.disposeAsync());

/** An installed machine, with a folder that has its seed's vendor data. */
async function installed(): Promise<{ machineId: string; seed: string }> {
  const machine = await fleet.add();
  const { machineId } = machine;
  const agent = stack.use(agentClient(Number(server.agents.split(":").at(-1)), identityOf(machine.agent), machineId));
  await agent.heartbeat({ feature: [...agentFeatures] });
  const { warnings } = await client.installations.installationRequest({
    requestId: randomUUID(),
    machine: machineId,
    profile: "web",
  });
  // This computer is the installed system, so that the name is right all the same.
  expect(warnings).toContainEqual(expect.stringMatching(/localhost is the system itself: .*--came-up-name HOST:PORT/u));
  const { generation, vendorData } = await handedOut(agent, machineId);
  await agent.heartbeat({ installationReport: { generation, result: { case: "success", value: {} } } });
  const seed = join(folder, machineId);
  await mkdir(seed);
  await writeFile(join(seed, "vendor-data"), vendorData);
  return { machineId, seed };
}

const stateOf = async (machine: string): Promise<MachineState | undefined> =>
  (await client.machines.machineShow({ machine })).machine?.standing?.state;
const sh = (text: string, cwd: string) =>
  promisify(execFile)("sh", ["-ec", text], { cwd, env: { PATH: process.env["PATH"], TMPDIR: folder } });

test("the server says at its start that the name is of no use to other hosts", () => {
  expect(server.stderr).toMatch(/localhost is the system itself: start the server with --came-up-name HOST:PORT/u);
});

test("the unit", async () => {
  const { machineId, seed } = await installed();
  const text = await readFile(join(root, "docs/images.md"), "utf8");
  const command = /^ExecStart=\/bin\/sh -ec '(?<command>[^']+)'$/mu.exec(text)?.groups?.["command"] ?? "";
  const done = join(folder, "came-up-reported");
  const here = replaced(command, {
    "mount -o ro /dev/disk/by-label/CIDATA /tmp/seed": `cp '${seed}/vendor-data' /tmp/seed`,
    "/tmp/seed": `'${seed}/mounted'`,
    "/var/lib/came-up-reported": done,
  });
  expect(await stateOf(machineId)).toBe(MachineState.COMING_UP);
  await sh(here, folder);
  expect(await stateOf(machineId)).toBe(MachineState.INSTALLED);
  expect((await stat(done)).isFile()).toBe(true);
});

test("curl", async (context) => {
  const missing = await programMissing("curl", "curl");
  context.skip(missing !== undefined, missing);
  const { machineId, seed } = await installed();
  expect((await sh(await terminalBlock("docs/images.md", "came-up-curl"), seed)).stdout).toBe("noted\n");
  expect(await stateOf(machineId)).toBe(MachineState.INSTALLED);
});

test("openssl", async (context) => {
  const missing = await programMissing("openssl", "openssl");
  context.skip(missing !== undefined, missing);
  const { machineId, seed } = await installed();
  const [curl, openssl] = await Promise.all(
    ["came-up-curl", "came-up-openssl"].map((name) => terminalBlock("docs/images.md", name)),
  );
  const files = (curl ?? "").split("\n").slice(0, 3).join("\n");
  const { stdout } = await sh(`${files}\n${openssl}`, seed);
  expect(stdout).toMatch(/^HTTP\/1\.1 200 /u);
  expect(await stateOf(machineId)).toBe(MachineState.INSTALLED);
});
