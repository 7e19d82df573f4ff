import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentClient, identityOf } from "../../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../../test/support/agent-server.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { agentKey, machineId, type MachineId } from "../../database/ids.ts";
import {
  agentRefusedList,
  agentRefusedWrite,
  refusedLimits,
  type AgentRefusal,
} from "../../database/queries/agent/agent-refused.ts";
import { machineSurroundings } from "../../database/queries/views/explain.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";

let server: AgentServer;
beforeAll(async () => {
  server = await agentServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

const refusedOf = async (machine: MachineId) => (await machineSurroundings(server.fleet.database, machine)).refused;
const written = (entries: AgentRefusal[]): Promise<{ machineId: MachineId; known: boolean }[]> => {
  const session = server.sessions.current();
  return session === undefined ? Promise.resolve([]) : agentRefusedWrite(server.fleet.database, session, entries);
};
const refusal = (init: Partial<AgentRefusal> = {}): AgentRefusal => ({
  machineId: machineId(randomUUID()),
  publicKey: agentKey(randomBytes(32)),
  address: "192.0.2.1",
  count: 1,
  ago: 0,
  ...init,
});

test("X6: an old key after it was replaced is said of its machine, until it is the right one again", async () => {
  const { machine, client } = await server.agent();
  await client.heartbeat();
  await server.fleet.rekey(machine);
  for (const request of [{}, { hardwareReport: {} }, {}]) {
    await expect(client.heartbeat(request)).rejects.toThrow("UNAUTHENTICATED");
  }
  const refused = await waitFor("the refusal to be recorded", () => refusedOf(machine.machineId));
  expect(refused).toMatchObject({
    key: Buffer.from(machine.agent.publicKey).toString("hex").slice(0, 16),
    address: "127.0.0.1",
  });
  expect(refused?.count).toBeGreaterThan(0);
  await server.fleet.rows(
    "UPDATE machine_agent_started SET agent_public_key = $2 WHERE machine_id = $1",
    machine.machineId,
    Buffer.from(machine.agent.publicKey),
  );
  expect(await refusedOf(machine.machineId)).toBeUndefined();
});

test("X6: an agent whose machine is not there is listed, once, with its count", async () => {
  const [key, unknown] = [ed25519KeyPair(), machineId(randomUUID())];
  const client = agentClient(server.port, identityOf(key), unknown);
  for (let calls = 0; calls < 5; calls += 1) {
    await expect(client.heartbeat()).rejects.toThrow("UNAUTHENTICATED");
  }
  const mine = async () =>
    (await agentRefusedList(server.fleet.database)).filter(({ machineId: named }) => named === unknown);
  const [listed] = await waitFor("it to be listed", async () => {
    const found = await mine();
    return found.length > 0 ? found : undefined;
  });
  expect(listed).toMatchObject({ machineId: unknown, publicKey: Buffer.from(key.publicKey), address: "127.0.0.1" });
  client[Symbol.dispose]();
});

test("X6: one refused caller is kept per machine, the first seen; its calls are counted", async () => {
  const { machineId: named } = await server.fleet.add();
  const [first, other] = [refusal({ machineId: named, count: 3, ago: 50 }), refusal({ machineId: named, count: 100 })];
  expect(await written([first])).toEqual([{ machineId: named, known: true }]);
  await written([other]);
  await written([{ ...first, count: 4, address: "192.0.2.2", ago: 0 }]);
  expect(await refusedOf(named)).toMatchObject({
    key: Buffer.from(first.publicKey).toString("hex").slice(0, 16),
    count: 7,
    address: "192.0.2.2",
  });
  await server.fleet.rows("UPDATE agent_refused SET refused_at = now() - interval '16 minutes'");
  expect(await refusedOf(named)).toBeUndefined();
  await written([other]);
  expect(await refusedOf(named)).toMatchObject({ count: 100 });
});

test("X6: of machines that are not there 500 are kept, those seen first, and of one address a share", async () => {
  await server.fleet.rows("DELETE FROM agent_refused");
  const early = refusal({ address: "2001:db8::1%eth0", ago: 1_000 });
  await written([early]);
  const flood = Array.from({ length: 200 }, () => refusal({ address: "198.51.100.7" }));
  expect(await written(flood)).toHaveLength(refusedLimits.perAddress);
  for (let batch = 0; batch < 3; batch += 1) {
    await written(Array.from({ length: 300 }, (_, n) => refusal({ address: `203.0.113.${n}` })));
  }
  const listed = await agentRefusedList(server.fleet.database);
  expect(listed).toHaveLength(refusedLimits.unknown);
  expect(listed[0]).toMatchObject({ machineId: early.machineId, address: early.address });
  // A machine that is there is recorded all the same.
  const { machineId: named } = await server.fleet.add();
  expect(await written([refusal({ machineId: named })])).toEqual([{ machineId: named, known: true }]);
});
