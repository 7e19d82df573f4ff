// What one caller sends in masses, from outside, over real connections: others are served meanwhile. See `npm run soak -- attack`.
import { once } from "node:events";
import { connect as http2Connect, constants as http2 } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AgentHeartbeatRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { Phase, ReportLogRequestSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { type AgentClient, agentClient, heartbeatPath, identityOf } from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import type { TestMachine } from "../../test/support/fleet.ts";
import { ed25519KeyPair } from "../lib/tls/ed25519.ts";

const logPath = "/farrier.agent.v1.AgentService/ReportLog";

let server: AgentServer;
let machine: TestMachine;
let good: AgentClient;
beforeAll(async () => {
  server = await agentServer();
  ({ machine, client: good } = await server.agent());
  await good.heartbeat();
});
afterAll(async () => await server[Symbol.asyncDispose]());

const beat = (machineId: string): Buffer =>
  Buffer.from(toBinary(AgentHeartbeatRequestSchema, create(AgentHeartbeatRequestSchema, { machineId })));
const framed = (message: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);

test("A2: a stranger's calls for one made-up machine, each reset at once, cost no agent a heartbeat", async () => {
  const identity = identityOf(ed25519KeyPair());
  const socket = tlsConnect({
    ...{ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] },
    ...{ key: identity.key, cert: identity.certificate },
  });
  await once(socket, "secureConnect");
  const session = http2Connect("https://localhost", { createConnection: () => socket });
  session.on("error", () => undefined);
  const frame = framed(beat(randomUUID()));
  for (let sent = 0; sent < 3_000 && !session.destroyed; sent += 1) {
    const stream = session.request({
      ...{ ":method": "POST", ":path": heartbeatPath, "content-type": "application/grpc", te: "trailers" },
    });
    stream.on("error", () => undefined);
    stream.end(frame);
    stream.close(http2.NGHTTP2_CANCEL);
    if (sent % 100 === 0) {
      await good.heartbeat();
    }
  }
  session.destroy();
  expect((await server.metrics.heartbeatsWaiting.get()).values[0]?.value ?? 0).toBeLessThanOrEqual(4);
});

test("C6: calls with a deadline of a millisecond, eight at once: their deadline, or UNAVAILABLE; the connection lives", async () => {
  const identity = identityOf(machine.agent);
  const client = new Client(
    `127.0.0.1:${server.port}`,
    credentials.createSsl(null, Buffer.from(identity.key), Buffer.from(identity.certificate), {
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    }),
    { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "localhost", "grpc.enable_retries": 0 },
  );
  const bytes = (value: Buffer): Buffer => value;
  const message = beat(machine.machineId);
  const call = (deadline: number): Promise<status> =>
    new Promise((resolve) => {
      const unary = client.makeUnaryRequest(
        heartbeatPath,
        bytes,
        bytes,
        message,
        { deadline: Date.now() + deadline },
        () => undefined,
      );
      unary.on("status", ({ code }) => resolve(code));
    });
  // So that a connection is there.
  expect(await call(60_000)).toBe(status.OK);
  const connections = async (): Promise<number> => (await server.metrics.agentConnections.get()).values[0]?.value ?? 0;
  const before = await connections();
  const codes = new Set<status>();
  const line = async (): Promise<void> => {
    for (let calls = 0; calls < 60; calls += 1) {
      codes.add(await call(1));
    }
  };
  await Promise.all(Array.from({ length: 8 }, line));
  expect(
    [...codes].filter((code) => ![status.OK, status.DEADLINE_EXCEEDED, status.UNAVAILABLE].includes(code)),
  ).toEqual([]);
  expect(await call(60_000)).toBe(status.OK);
  expect(await connections()).toBe(before);
  client.close();
});

test("C1, A3: an agent's progress in alternating phases, on many connections, costs only itself", async () => {
  const { machine: loud } = await server.agent();
  const generation = await server.fleet.request(loud);
  const connections = Array.from({ length: 24 }, () => server.client(loud));
  let flooding = true;
  let answered = 0;
  const flood = connections.map(async (client) => {
    for (let calls = 0; flooding; calls += 1) {
      const phase = calls % 2 === 0 ? Phase.SELECTING_DISK : Phase.WRITING;
      await client.progress({ generation, phase }).catch(() => undefined);
      answered += 1;
    }
  });
  for (let rounds = 0; rounds < 30; rounds += 1) {
    await good.heartbeat();
    const { machine: quiet, client } = rounds % 10 === 0 ? await server.agent() : { machine, client: good };
    expect(await client.progress({ machineId: quiet.machineId, generation: 1n, phase: Phase.WRITING })).toBe(1n);
  }
  flooding = false;
  await Promise.all(flood);
  expect(answered).toBeGreaterThan(0);
});

test("A9: strangers' log calls use up nothing of an agent's: all of its lines are kept", async () => {
  const log = (machineId: string, sequence: number): Uint8Array =>
    toBinary(
      ReportLogRequestSchema,
      create(ReportLogRequestSchema, { machineId, sequence: BigInt(sequence), lines: [{ atMs: 1n, text: "line" }] }),
    );
  const strangers = Array.from({ length: 20 }, () => agentClient(server.port, identityOf(ed25519KeyPair())));
  const answers = await Promise.all(
    strangers.flatMap((client) =>
      Array.from({ length: 40 }, async (_, index) => (await client.raw(logPath, log(machine.machineId, index))).code),
    ),
  );
  expect(new Set(answers)).not.toContain(status.OK);
  for (let sequence = 1; sequence <= 5; sequence += 1) {
    expect((await good.raw(logPath, log(machine.machineId, sequence))).code).toBe(status.OK);
  }
  for (const client of strangers) {
    client[Symbol.dispose]();
  }
});
