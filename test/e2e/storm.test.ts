import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { OperatorClient } from "../../src/cli/call/client.ts";
import { type Ed25519KeyPair, ed25519KeyPair } from "../../src/lib/tls/ed25519.ts";
import { agentClient, identityOf } from "../support/agent-client.ts";
import type { ServingFarrier } from "../support/farrier-process.ts";
import { lab, type Lab } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** An agent that writes no disk: it takes its request and says that it was carried out. */
interface StormAgent {
  machineId: string;
  key: Ed25519KeyPair;
  runId: Uint8Array;
  /** Its report was answered OK: from then on it may never be lost. */
  acknowledged: boolean;
}

const machines = 36;

let place: Lab;
let up: ServingFarrier;
let agents: StormAgent[];

beforeAll(async () => {
  place = await lab();
  up = await place.up();
  const client = await place.client();
  agents = await Promise.all(Array.from({ length: machines }, (_, number) => stormAgent(client, `storm${number}`)));
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

async function stormAgent(client: OperatorClient, name: string): Promise<StormAgent> {
  const key = ed25519KeyPair();
  const added = await client.machines.machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: name,
    name,
  });
  const machineId = added.machine?.id ?? "";
  const { publicKey } = key;
  await client.agents.agentRegister({ requestId: randomUUID(), machine: machineId, publicKey, replace: false });
  await client.installations.installationRequest({
    requestId: randomUUID(),
    machine: machineId,
    image: {
      url: "http://192.0.2.1/image",
      digest: `sha256:${"ab".repeat(32)}`,
      rootDisk: { serialNumber: "disk0" },
    },
  });
  return { machineId, key, runId: randomBytes(16), acknowledged: false };
}

/** Heartbeats as fast as it goes, and reports, until the report is acknowledged or a call fails. */
async function rage(agent: StormAgent, heartbeatsFirst: number): Promise<void> {
  const { machineId, key, runId } = agent;
  const port = Number(up.agents.split(":").at(-1));
  using client = agentClient(port, identityOf(key), machineId);
  try {
    for (let heartbeat = 0; heartbeat < heartbeatsFirst; heartbeat += 1) {
      await client.heartbeat({ runId });
    }
    await client.progress({ runId, generation: 1n, phase: 2 });
    await client.heartbeat({ runId, installationReport: { generation: 1n, result: { case: "success", value: {} } } });
    agent.acknowledged = true;
  } catch {
    // Whatever was not answered OK, it is free to repeat.
  }
}

test("killed in a storm of heartbeats and reports: what was acknowledged stays, the rest is told again, all of it once", async () => {
  const client = await place.client();
  for (let round = 0; agents.some(({ acknowledged }) => !acknowledged); round += 1) {
    expect(round, "the storm ends").toBeLessThan(20);
    const left = agents.filter(({ acknowledged }) => !acknowledged);
    // Spread, so that the kill finds some who have reported and others who have not.
    const storm = left.map((agent, index) => rage(agent, 1 + index * 3));
    if (round < 4) {
      const some = Math.ceil(left.length / 5);
      await waitFor(
        "some of the reports to be acknowledged",
        () => left.filter(({ acknowledged }) => acknowledged).length >= some,
      );
      if (round % 2 === 0) {
        await up.end("SIGKILL");
      } else {
        await place.postgresKill();
      }
    }
    await Promise.all(storm);
    up = up.running ? up : await place.up();
    await waitFor("it to be ready", async () => (await fetch(`${up.operators}/readyz`)).ok);
    // A database that was killed a moment ago may have answered that, and be away now.
    const shown = await waitFor(
      "the machines to be listed",
      async () => await client.machines.machineList({ pageSize: 1000 }),
    );
    const succeeded = new Set(
      shown.machines
        .filter(({ installation }) => installation?.state === InstallationState.SUCCEEDED)
        .map((machine) => machine.id),
    );
    const lost = agents.filter(({ acknowledged, machineId }) => acknowledged && !succeeded.has(machineId));
    expect(lost, "acknowledged, and lost").toEqual([]);
  }
  for (const { machineId } of agents) {
    const { entries } = await client.machines.machineHistory({ machine: machineId, pageSize: 1000 });
    const events = entries.map(({ event }) => event).toSorted();
    expect(events).toEqual([
      ...["agent_registered", "installation_handed_out", "installation_progressed", "installation_requested"],
      ...["installation_succeeded", "machine_added"],
    ]);
  }
});
