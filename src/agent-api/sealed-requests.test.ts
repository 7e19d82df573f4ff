import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AgentHeartbeatRequestSchema,
  AgentHeartbeatResponseSchema,
} from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import type { AgentClient } from "../../test/support/agent-client.ts";
import { requestRaw, type TestMachine } from "../../test/support/fleet.ts";
import { generation as toGeneration } from "../database/ids.ts";
import { requestSeal } from "../secrets/installation-request.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";

const ring = testKeyRing();
let server: AgentServer;
beforeAll(async () => {
  server = await agentServer({ secrets: ring });
});
afterAll(() => server[Symbol.asyncDispose]());

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";

/** What a heartbeat of the machine's agent is answered, as bytes. */
async function answered({ machine, client }: { machine: TestMachine; client: AgentClient }): Promise<Buffer> {
  const request = create(AgentHeartbeatRequestSchema, { machineId: machine.machineId });
  const { bytes } = await client.raw(heartbeatPath, toBinary(AgentHeartbeatRequestSchema, request));
  return Buffer.from(bytes ?? []);
}

/** An answer with the request: its bytes as they are, in field 1. */
function withRequest(raw: Uint8Array): Buffer {
  const head = toBinary(AgentHeartbeatResponseSchema, create(AgentHeartbeatResponseSchema));
  const length = raw.length < 128 ? [raw.length] : [(raw.length & 0x7f) | 0x80, raw.length >> 7];
  return Buffer.concat([head, Buffer.from([0x0a, ...length]), raw]);
}

test("a sealed request goes to the agent byte for byte, again and again", async () => {
  const agent = await server.agent();
  const { machineId } = agent.machine;
  const raw = requestRaw(1n);
  const sealed = requestSeal(ring, { machineId, generation: toGeneration(1n) }, raw);
  expect(Buffer.from(sealed).includes(Buffer.from("192.0.2.1"))).toBe(false);
  await server.fleet.request(agent.machine, { raw: sealed });
  expect(await answered(agent)).toEqual(withRequest(raw));
  expect(await answered(agent)).toEqual(withRequest(raw));
});

test.each<[string, (machine: TestMachine) => Uint8Array]>([
  [
    "sealed by a key that this server lacks",
    ({ machineId }) => requestSeal(testKeyRing(), { machineId, generation: toGeneration(1n) }, requestRaw(1n)),
  ],
  [
    "sealed for another generation",
    ({ machineId }) => requestSeal(ring, { machineId, generation: toGeneration(2n) }, requestRaw(1n)),
  ],
  [
    "altered",
    ({ machineId }) =>
      requestSeal(ring, { machineId, generation: toGeneration(1n) }, requestRaw(1n)).map((byte, at) =>
        at === 60 ? byte ^ 1 : byte,
      ),
  ],
])("a request that is %s is not handed out, and the heartbeat still succeeds", async (_what, stored) => {
  const agent = await server.agent();
  await server.fleet.request(agent.machine, { raw: stored(agent.machine) });
  const before = (await server.metrics.requestReadFailures.get()).values[0]?.value ?? 0;
  expect(await answered(agent)).toEqual(Buffer.alloc(0));
  expect((await server.metrics.requestReadFailures.get()).values[0]?.value).toBe(before + 1);
  const beats = await server.fleet.rows(
    "SELECT agent_heartbeat_at FROM machine_agent_heartbeat WHERE machine_id = $1",
    agent.machine.machineId,
  );
  expect(beats).toHaveLength(1);
});

test("one sealed for another machine is not handed out", async () => {
  const [agent, other] = [await server.agent(), await server.agent()];
  const owner = { machineId: other.machine.machineId, generation: toGeneration(1n) };
  await server.fleet.request(agent.machine, { raw: requestSeal(ring, owner, requestRaw(1n)) });
  expect(await answered(agent)).toEqual(Buffer.alloc(0));
});
