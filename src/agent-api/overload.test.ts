import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { create, toBinary } from "@bufbuild/protobuf";
import { AgentHeartbeatRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { heartbeatPath, identityOf } from "../../test/support/agent-client.ts";
import { agentServer } from "../../test/support/agent-server.ts";
import { heldConnection } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { handshakeLimits } from "../lib/tls/handshakes.ts";

describe("too many heartbeats", () => {
  test("are refused at once with a hint when to try again, and taken again once there is room", async () => {
    await using server = await agentServer({ maximumWaiting: 5 });
    const agents = await Promise.all(Array.from({ length: 4 }, () => server.agent()));
    await Promise.all(agents.map(({ client }) => client.heartbeat()));
    await using holder = await heldConnection(server.fleet.test);
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE machine_agent_heartbeat IN SHARE MODE");
    const flood = agents.flatMap(({ machine, client }) =>
      Array.from({ length: 40 }, () => {
        const request = create(AgentHeartbeatRequestSchema, { machineId: machine.machineId });
        return client.raw(heartbeatPath, toBinary(AgentHeartbeatRequestSchema, request));
      }),
    );
    const first = await Promise.race(flood);
    expect(first.code).toBe(status.UNAVAILABLE);
    await holder.query("ROLLBACK");
    const answers = await Promise.all(flood);
    const hints = answers.flatMap(({ code, metadata }) => (code === status.UNAVAILABLE ? [hintOf(metadata)] : []));
    expect(hints.length).toBeGreaterThan(10);
    expect(Math.min(...hints)).toBeGreaterThanOrEqual(2_000);
    expect(Math.max(...hints)).toBeLessThanOrEqual(20_000);
    // Another one for each, or all of them would come again at once.
    expect(new Set(hints).size).toBeGreaterThan(hints.length / 2);
    for (const { client } of agents) {
      await expect(client.heartbeat()).resolves.toBeDefined();
    }
  });
});

/** The first bytes of a TLS client. */
async function clientHello(): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  await once(server, "close");
  return hello;
}

/** Milliseconds after which a refused caller is to come again. */
function hintOf(metadata: Record<string, unknown>): number {
  return Number((metadata["grpc-retry-pushback-ms"] as string[] | undefined)?.[0]);
}

/** Milliseconds: a machine that has more to do takes longer over hundreds of calls. */
const patience = { timeout: 300_000 };

test(
  "more heartbeats than are taken: all agents are served alike, if they come again when asked to",
  patience,
  async () => {
    const [agents, enough] = [20, 12];
    await using server = await agentServer({ maximumWaiting: 2 });
    const fleet = await Promise.all(Array.from({ length: agents }, () => server.agent()));
    let refused = 0;
    let served = 0;
    const share = fleet.map(() => 0);
    await Promise.all(
      fleet.map(async ({ machine, client }, index) => {
        const request = toBinary(
          AgentHeartbeatRequestSchema,
          create(AgentHeartbeatRequestSchema, { machineId: machine.machineId }),
        );
        while (served < agents * enough) {
          const { code, metadata } = await client.raw(heartbeatPath, request);
          served += code === status.OK ? 1 : 0;
          refused += code === status.OK ? 0 : 1;
          share[index] = (share[index] ?? 0) + (code === status.OK ? 1 : 0);
          // As an agent does, a thousand times quicker.
          const pause = code === status.OK ? 8_000 + 2_000 * Math.random() : hintOf(metadata);
          await new Promise((resolve) => setTimeout(resolve, pause / 1_000));
        }
      }),
    );
    expect(refused).toBeGreaterThan(agents);
    expect(Math.min(...share)).toBeGreaterThan(enough / 4);
  },
);

describe("a storm of connections", () => {
  test("that say nothing keeps nobody out", async () => {
    await using server = await agentServer();
    const silent = Array.from({ length: handshakeLimits.atOnce * 10 }, () => connectTcp(server.port, "127.0.0.1"));
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    const { client } = await server.agent();
    await expect(client.heartbeat()).resolves.toBeDefined();
    for (const socket of silent) {
      socket.destroy();
    }
  });

  test("that stall in their handshakes give their places up", async () => {
    await using server = await agentServer();
    // The beginning of a ClientHello, and no more of it: a handshake that has begun and goes nowhere.
    const stalled = Array.from({ length: handshakeLimits.atOnce * 2 }, () => connectTcp(server.port, "127.0.0.1"));
    for (const socket of stalled) {
      socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    }
    const { client } = await server.agent();
    await expect(client.heartbeat()).resolves.toBeDefined();
    for (const socket of stalled) {
      socket.destroy();
    }
  });

  test("never has the event loop work on more than a few handshakes in a row", patience, async () => {
    await using server = await agentServer();
    const { client } = await server.agent();
    await client.heartbeat();
    const waiting = async (): Promise<number> =>
      (await server.metrics.agentHandshakesWaiting.get()).values[0]?.value ?? -1;
    const count = handshakeLimits.atOnce * 3;
    const hello = await clientHello();
    const storm = Array.from({ length: count }, () => connectTcp(server.port, "127.0.0.1"));
    await waitFor("all to be accepted", async () => (await waiting()) === count);
    // The costly half of a handshake is the answer to this; here they come to be read all at once.
    for (const socket of storm) {
      socket.on("error", () => undefined);
      socket.write(hello);
    }
    let [most, left] = [0, count];
    const beating = client.heartbeat();
    while (left > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = await waiting();
      most = Math.max(most, left - now);
      left = now;
    }
    await expect(beating).resolves.toBeDefined();
    expect(most).toBeLessThan(handshakeLimits.atOnce);
    for (const socket of storm) {
      socket.destroy();
    }
  });

  test("is let in, all of it, while an agent that is connected is served", async () => {
    await using server = await agentServer();
    const { machine, client } = await server.agent();
    await client.heartbeat();
    const identity = identityOf(machine.agent);
    const storm = Array.from({ length: 200 }, () =>
      connectTls({
        port: server.port,
        host: "127.0.0.1",
        cert: identity.certificate,
        key: identity.key,
        rejectUnauthorized: false,
        ALPNProtocols: ["h2"],
      }),
    );
    let secured = 0;
    let beats = 0;
    for (const socket of storm) {
      socket.once("secureConnect", () => {
        secured += 1;
      });
      socket.on("error", () => undefined);
    }
    while (secured < storm.length) {
      await client.heartbeat();
      beats += 1;
    }
    await waitFor("all are in", () => secured === storm.length);
    expect(beats).toBeGreaterThan(5);
    for (const socket of storm) {
      socket.destroy();
    }
  });
});
