// Where reports of installed systems are taken is known to every process: a shepherd of its own, and servers that take none.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentFeatures } from "../../src/agent/features.ts";
import { operatorClient, type OperatorClient } from "../../src/cli/call/client.ts";
import { agentClient, identityOf } from "../support/agent-client.ts";
import { expectingProfileMake, handedOut } from "../support/came-up.ts";
import { farrierServe, farrierStart, type ServingFarrier } from "../support/farrier-process.ts";
import { type Fleet, testFleet } from "../support/fleet.ts";
import { freePort } from "../support/free-port.ts";
import { waitFor } from "../support/wait.ts";

const stack = new AsyncDisposableStack();
let fleet: Fleet;
let folder: string;
/** One server takes reports; the other takes none. */
let taking: ServingFarrier;
let clients: { taking: OperatorClient; other: OperatorClient };
let came: string;

beforeAll(async () => {
  fleet = stack.use(await testFleet());
  folder = await mkdtemp(join(tmpdir(), "farrier-came-up-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  came = `reports.example.org:${await freePort()}`;
  const serve = async (name: string, ...flags: string[]): Promise<ServingFarrier> => {
    const served = await farrierServe([
      ...["server", "--data-dir", join(folder, name), "--database-url", fleet.test.url],
      ...["--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--secrets-key", join(folder, "taking/secrets-key")],
      ...flags,
    ]);
    stack.defer(async () => void (await served.end("SIGKILL")));
    return served;
  };
  taking = await serve("taking", "--came-up", "127.0.0.1:0", "--came-up-name", came);
  await serve("other");
  const clientOf = (name: string) => operatorClient({ dataDir: join(folder, name), operators: undefined }, {});
  clients = { taking: await clientOf("taking"), other: await clientOf("other") };
  await expectingProfileMake(fleet, clients.taking);
}, 120_000);
afterAll(() => stack.disposeAsync());

/** A machine with an agent that takes vendor data, at the server that takes reports. */
async function machineWithAgent() {
  const machine = await fleet.add();
  const port = Number(taking.agents.split(":").at(-1));
  const agent = stack.use(agentClient(port, identityOf(machine.agent), machine.machineId));
  await agent.heartbeat({ feature: [...agentFeatures] });
  return { machineId: machine.machineId, agent };
}

test("a rollout of a shepherd that is a process of its own has its systems report", { timeout: 300_000 }, async () => {
  const { machineId, agent } = await machineWithAgent();
  const shepherd = farrierStart([
    ...["shepherd", "--data-dir", join(folder, "shepherd"), "--database-url", fleet.test.url],
    ...["--secrets-key", join(folder, "taking/secrets-key")],
  ]);
  stack.defer(async () => void (await shepherd.end("SIGKILL")));
  const { rollouts } = clients.other;
  await rollouts.rolloutCreate({ requestId: randomUUID(), name: "r", profile: "web", machines: [machineId] });
  await rollouts.rolloutStart({ requestId: randomUUID(), rollout: "r" });
  const { vendorData } = await waitFor(
    "the rollout's request",
    async () => await handedOut(agent, machineId).catch(() => undefined),
    { timeoutMs: 120_000 },
  );
  expect(vendorData).toContain(`\nurl='https://${came}/came-up/v1'\n`);
  expect(vendorData).toMatch(/^ca='-----BEGIN CERTIFICATE-----$/mu);
  const expected = await fleet.rows(
    "SELECT unasked, token_sha256 IS NOT NULL AS token FROM machine_came_up WHERE machine_id = $1",
    machineId,
  );
  expect(expected).toEqual([{ unasked: null, token: true }]);
  await shepherd.end("SIGTERM");
});

test("a server that takes no reports names the server that does, for ten minutes after it was last seen", async () => {
  const { machineId, agent } = await machineWithAgent();
  const ask = () =>
    clients.other.installations.installationRequest({ requestId: randomUUID(), machine: machineId, profile: "web" });
  const noReports = (warning: string): boolean => warning.includes("no server takes reports");
  expect((await ask()).warnings.filter(noReports)).toEqual([]);
  const { generation, vendorData } = await handedOut(agent, machineId);
  expect(vendorData).toContain(`\nurl='https://${came}/came-up/v1'\n`);
  await agent.heartbeat({ installationReport: { generation, result: { case: "error", value: { error: "no disk" } } } });

  // The server is gone, as if for eleven minutes.
  await taking.end("SIGKILL");
  await fleet.rows("UPDATE came_up_target SET seen_at = now() - interval '11 minutes'");
  expect((await ask()).warnings.filter(noReports)).toHaveLength(1);
});
