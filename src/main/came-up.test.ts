import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { CameUpProof, MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { agentClient, identityOf } from "../../test/support/agent-client.ts";
import { expectingProfileMake, handedOut } from "../../test/support/came-up.ts";
import { silent, testFleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { agentFeatures } from "../agent/features.ts";
import { operatorClient } from "../cli/call/client.ts";
import { farrierStart, type Running } from "../cli/testing/processes.ts";
import { controlPlaneStart } from "./control-plane.ts";

vi.setConfig({ testTimeout: 300_000 });

const hostKey = `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0 ${"k".repeat(32)}`, "latin1").toString("base64")}`;

test("a system that runs the script in its agent's seed came up; a repeated hand-out is the same, a retry has a new token", async () => {
  await using fleet = await testFleet();
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-came-up-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const dataDir = join(folder, "data");
  await mkdir(dataDir, { mode: 0o700 });
  const plane = stack.use(
    await controlPlaneStart({
      dataDir,
      agents: { host: "127.0.0.1", port: 0 },
      operators: { host: "127.0.0.1", port: 0 },
      cameUp: { listen: { host: "127.0.0.1", port: 0 }, reach: undefined },
      serverNames: ["localhost"],
      tls: undefined,
      operatorNames: [],
      operatorTls: { server: undefined, clientCaFile: undefined },
      databaseAddress: fleet.test.connection,
      secretsKey: undefined,
      migrate: true,
      log: silent,
    }),
  );
  const { machines, images, profiles, installations } = await operatorClient({ dataDir, operators: undefined }, {});
  await expectingProfileMake(fleet, { images, profiles });
  const machine = await fleet.add();
  const { machineId } = machine;
  const agent = stack.use(agentClient(plane.agents.port, identityOf(machine.agent), machineId));
  await agent.heartbeat({ feature: [...agentFeatures] });
  const asked = { requestId: randomUUID(), machine: machineId, profile: "web" };
  // The processes' key of secrets is taken into use a moment after they are ready.
  const requested = await waitFor("a key to seal with", async () => await installations.installationRequest(asked));
  expect(requested.warnings.filter((warning) => warning.includes("no server takes reports"))).toEqual([]);

  const first = await handedOut(agent, machineId);
  expect(first.vendorData).toMatch(/^token='[\w-]{43}'$/mu);
  expect(await handedOut(agent, machineId)).toEqual(first);
  await agent.heartbeat({
    installationReport: { generation: first.generation, result: { case: "error", value: { error: "no disk" } } },
  });
  await installations.installationRetry({
    requestId: randomUUID(),
    machine: machineId,
    generation: first.generation,
  });
  const second = await handedOut(agent, machineId);
  expect(second.generation).toBeGreaterThan(first.generation);
  const tokenOf = (text: string): string => /^token='([^']+)'$/mu.exec(text)?.[1] ?? "";
  expect(tokenOf(second.vendorData)).toHaveLength(43);
  expect(tokenOf(second.vendorData)).not.toBe(tokenOf(first.vendorData));

  await agent.heartbeat({
    installationReport: { generation: second.generation, result: { case: "success", value: {} } },
  });
  const stateOf = async () => (await machines.machineShow({ machine: machineId })).machine;
  expect((await stateOf())?.standing?.state).toBe(MachineState.COMING_UP);

  // The installed system: the script as it is in the seed, with host keys that are not this computer's.
  const keys = join(folder, "ssh");
  await mkdir(keys);
  await writeFile(join(keys, "ssh_host_ed25519_key.pub"), `${hostKey} root@web1\n`);
  const report = async (vendorData: string): Promise<void> => {
    const script = join(folder, "vendor-data");
    expect(vendorData).toContain("\nkeys=/etc/ssh\n");
    await writeFile(script, vendorData.replace("\nkeys=/etc/ssh\n", `\nkeys='${keys}'\n`));
    await promisify(execFile)("sh", [script, "report"], { env: { PATH: process.env["PATH"], TMPDIR: folder } });
  };
  await report(second.vendorData);

  const shown = await stateOf();
  expect(shown?.standing?.state).toBe(MachineState.INSTALLED);
  expect(shown?.cameUp?.report).toMatchObject({
    generation: second.generation,
    proof: CameUpProof.TLS,
    from: "127.0.0.1",
    sshHostKeys: [hostKey],
  });
  expect(shown?.cameUp?.report?.addresses).toBeInstanceOf(Array);
  expect(await fleet.history(machine)).toContainEqual(expect.stringMatching(/^came_up /u));

  // The command line waits for the report, and not only for the installation.
  const installed = async (): Promise<{ waiting: Running; vendorData: string }> => {
    const before = (await stateOf())?.installation?.generation ?? 0n;
    const waiting = stack.use(
      farrierStart(["machine", "install", machineId, "--profile", "web", "--wait"], { FARRIER_DATA_DIR: dataDir }),
    );
    await waitFor("the request", async () => ((await stateOf())?.installation?.generation ?? 0n) > before);
    const { generation, vendorData } = await handedOut(agent, machineId);
    await agent.heartbeat({ installationReport: { generation, result: { case: "success", value: {} } } });
    await waitFor("the wait for the report", () => waiting.stderr().includes(": installed, waiting for its system"));
    return { waiting, vendorData };
  };
  const up = await installed();
  await report(up.vendorData);
  const came = await up.waiting.finished;
  expect([came.status, came.stdout]).toEqual([
    0,
    expect.stringMatching(
      /: generation 3 installed; it came up(?: at [0-9a-f.:, ]+|, reported from 127\.0\.0\.1 .*)\n$/u,
    ),
  ]);
  const never = await installed();
  // As the janitor notes it once the deadline has passed.
  await fleet.rows("UPDATE machine_came_up SET silent_at = now() WHERE machine_id = $1 AND generation = 4", machineId);
  const stayed = await never.waiting.finished;
  expect([stayed.status, stayed.stderr]).toEqual([
    1,
    expect.stringMatching(
      /: generation 4 silent: its system did not report within 10 min .*`farrier machine explain \S+`\n$/u,
    ),
  ]);
});
