import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { AgentHeartbeatRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { testClients, testDependencies } from "../../src/operator-api/testing/operator-api.ts";
import { heartbeatPath } from "../support/agent-client.ts";
import { agentServer } from "../support/agent-server.ts";
import { heldConnection } from "../support/fleet.ts";

/** Milliseconds: the flood and the calls share this process. */
const timeout = 300_000;

test(
  "while heartbeats are too many and are refused, operators' calls go on, heartbeats afterwards",
  { timeout },
  async () => {
    await using server = await agentServer({ maximumWaiting: 5 });
    await using dependencies = testDependencies(server.fleet.test.connection);
    const operators = testClients(dependencies);
    const agents = await Promise.all(Array.from({ length: 4 }, () => server.agent()));
    await Promise.all(agents.map(({ client }) => client.heartbeat()));
    await using holder = await heldConnection(server.fleet.test);
    await holder.query("BEGIN");
    await holder.query("SELECT FROM machine_agent_heartbeat FOR UPDATE");
    // All that agents may have under way on their connections, again and again, until it is over.
    let refused = 0;
    let over = false;
    const flood = agents.flatMap(({ machine, client }) =>
      Array.from({ length: 8 }, async () => {
        const request = create(AgentHeartbeatRequestSchema, { machineId: machine.machineId });
        while (!over) {
          const { code } = await client.raw(heartbeatPath, toBinary(AgentHeartbeatRequestSchema, request));
          refused += code === status.UNAVAILABLE ? 1 : 0;
        }
      }),
    );
    for (let calls = 0; calls < 10 || refused < 100; calls += 1) {
      const added = await operators.machines.machineAdd({
        requestId: randomUUID(),
        provider: "static",
        providerId: `meanwhile${calls}`,
      });
      const { machines } = await operators.machines.machineList({ pageSize: 1000 });
      expect(machines.map(({ id }) => id)).toContain(added.machine?.id);
    }
    await holder.query("ROLLBACK");
    over = true;
    await Promise.all(flood);
    for (const { client } of agents) {
      await expect(client.heartbeat()).resolves.toBeDefined();
    }
  },
);
