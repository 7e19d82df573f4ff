// The key of a takeover's agent beside the earlier agent's: over real connections.
import { create, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AgentHeartbeatRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { agentClient, heartbeatPath, identityOf } from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import { silent } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { agentKey } from "../database/ids.ts";
import { takeoverAgent, takeoverKeyAccept, takeoverKeyRegister } from "../database/queries/agent/takeover-key.ts";
import { machineLock } from "../database/machine-lock.ts";
import { sessionStart } from "../database/session.ts";
import { transact } from "../database/transaction.ts";
import { systemClock } from "../lib/clock.ts";
import { ed25519KeyPair } from "../lib/tls/ed25519.ts";

let server: AgentServer;
beforeAll(async () => {
  server = await agentServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

test("the earlier agent's key holds until the new one is heard, and stops then; a key that was not registered gets nothing", async () => {
  const { machine, client: earlier } = await server.agent();
  const { machineId } = machine;
  const { database } = server.fleet;
  const beat = (report: boolean): Uint8Array =>
    toBinary(
      AgentHeartbeatRequestSchema,
      create(AgentHeartbeatRequestSchema, { machineId, ...(report ? { hardwareReport: {} } : {}) }),
    );
  const pair = ed25519KeyPair();
  const publicKey = agentKey(pair.publicKey);
  using next = agentClient(server.port, identityOf(pair));
  using stranger = agentClient(server.port, identityOf(ed25519KeyPair()));
  const answer = async (client: typeof next, report = true): Promise<number> =>
    (await client.raw(heartbeatPath, beat(report))).code;
  expect(await answer(next)).toBe(status.UNAUTHENTICATED);
  await using session = await sessionStart(database, { component: "shepherd", log: silent, clock: systemClock });
  await takeoverKeyRegister(database, session, { machineId, publicKey, seconds: 60 });
  expect(await answer(earlier)).toBe(status.OK);
  expect(await answer(earlier, false)).toBe(status.OK);
  expect(await answer(stranger)).toBe(status.UNAUTHENTICATED);
  expect(await takeoverAgent(database, { machineId, publicKey })).toBe("awaited");

  expect(await answer(next)).toBe(status.OK);
  expect(await takeoverAgent(database, { machineId, publicKey })).toBe("heard");
  expect(await answer(next, false)).toBe(status.OK);
  expect(await answer(earlier)).toBe(status.UNAUTHENTICATED);
  expect(await server.fleet.history(machine)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^takeover_begun/u), expect.stringMatching(/^agent_replaced/u)]),
  );
});

test("a key whose time is over is no key, and another machine's agent can't use it", async () => {
  const { machine } = await server.agent();
  const { machine: other } = await server.agent();
  const { database } = server.fleet;
  const pair = ed25519KeyPair();
  const publicKey = agentKey(pair.publicKey);
  await using session = await sessionStart(database, { component: "shepherd", log: silent, clock: systemClock });
  await takeoverKeyRegister(database, session, { machineId: machine.machineId, publicKey, seconds: 60 });
  using client = agentClient(server.port, identityOf(pair));
  const answer = async (machineId: string): Promise<number> => {
    const message = create(AgentHeartbeatRequestSchema, { machineId, hardwareReport: {} });
    return (await client.raw(heartbeatPath, toBinary(AgentHeartbeatRequestSchema, message))).code;
  };
  expect(await answer(other.machineId)).toBe(status.UNAUTHENTICATED);
  await server.fleet.rows("UPDATE machine_takeover_key SET good_until = now() - interval '1 second'");
  expect(await answer(machine.machineId)).toBe(status.UNAUTHENTICATED);
  expect(await takeoverAgent(database, { machineId: machine.machineId, publicKey })).toBe("gone");
});

test("while the key of one machine waits for that machine's lock, others are looked up; a key that is accepted already is the machine's", async () => {
  const { machine } = await server.agent();
  const { machineId } = machine;
  const { machine: other, client } = await server.agent();
  const { database } = server.fleet;
  const pair = ed25519KeyPair();
  const publicKey = agentKey(pair.publicKey);
  await using session = await sessionStart(database, { component: "shepherd", log: silent, clock: systemClock });
  await takeoverKeyRegister(database, session, { machineId, publicKey, seconds: 60 });
  using next = agentClient(server.port, identityOf(pair));
  const answer = async (of: typeof next, id: string): Promise<number> => {
    const message = create(AgentHeartbeatRequestSchema, { machineId: id, hardwareReport: {} });
    return (await of.raw(heartbeatPath, toBinary(AgentHeartbeatRequestSchema, message))).code;
  };
  const waiting = await transact(database, null, async (tx) => {
    await machineLock(tx, machineId);
    const code = answer(next, machineId);
    await waitFor(
      "it to wait for the lock",
      async () =>
        (
          await server.fleet.rows(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
          )
        ).length > 0,
    );
    expect(await answer(client, other.machineId)).toBe(status.OK);
    return { code };
  });
  expect(await waiting.code).toBe(status.OK);
  expect(await takeoverKeyAccept(database, { machineId, publicKey })).toBe(true);
});
