import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { create, toBinary } from "@bufbuild/protobuf";
import { AgentHeartbeatRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { heartbeatPath, identityOf } from "../../test/support/agent-client.ts";
import { agentServer } from "../../test/support/agent-server.ts";
import { heldConnection } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { handshakeLimits } from "./handshakes.ts";

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
    const hint = Number((first.metadata["grpc-retry-pushback-ms"] as string[] | undefined)?.[0]);
    expect(hint).toBeGreaterThanOrEqual(2_000);
    await holder.query("ROLLBACK");
    const answers = await Promise.all(flood);
    expect(answers.some((answer) => answer.code === status.UNAVAILABLE)).toBe(true);
    for (const { client } of agents) {
      await expect(client.heartbeat()).resolves.toBeDefined();
    }
  });
});

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
