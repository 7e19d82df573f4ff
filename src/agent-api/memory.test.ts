import { fork } from "node:child_process";
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "vitest";
import { identityOf } from "../../test/support/agent-client.ts";
import { agentServer } from "../../test/support/agent-server.ts";
import { waitFor } from "../../test/support/wait.ts";
import type { WatchingAgents } from "../../test/support/watching-child.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test("agents that come one at a time hold no piece of Buffer's pool each", { timeout: 300_000 }, async () => {
  await using server = await agentServer();
  const count = 30;
  const machines = await Promise.all(Array.from({ length: count }, () => server.fleet.add()));
  const given: WatchingAgents = {
    port: server.port,
    agents: machines.map(({ machineId, agent }) => ({ machineId, identity: identityOf(agent) })),
  };
  const child = fork(new URL("../../test/support/watching-child.ts", import.meta.url), [JSON.stringify(given)]);
  try {
    const connect = async (index: number): Promise<void> => {
      child.send(index);
      await once(child, "message");
      // What a busy server does between two agents: the pool goes on to its next block.
      for (let spent = 0; spent < Buffer.poolSize * 2; spent += 1_000) {
        Buffer.allocUnsafe(1_000);
      }
    };
    // The first ones come with code and connections of the server's own.
    const first = 10;
    for (let index = 0; index < first; index += 1) {
      await connect(index);
    }
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let index = first; index < count; index += 1) {
      await connect(index);
    }
    // What was collected is counted off by another thread, in its own time; what agents hold stays.
    await waitFor("buffers to be let go", () => {
      collect();
      const each = (process.memoryUsage().arrayBuffers - before) / (count - first);
      return each < Buffer.poolSize / 4 || Promise.reject(new Error(`${each} bytes an agent`));
    });
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});
