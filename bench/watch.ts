import { createHash, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../gen/cloud/bmaas/server/api/agent_pb.ts";
import { machineId, requestId } from "../src/database/ids.ts";
import { installationRequest } from "../src/database/queries/installation/installation.ts";
import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { LoadResult } from "./support/load.worker.ts";
import { startWorker } from "./support/processes.ts";
import { report } from "./support/report.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const load = { machines: 100_000, watching: 2_000, requests: 1_000, perSecond: 50 } as const;

/**
 * P4: from the call that asks for an installation (its commit included) to its agent's holding it, while 2,000 agents
 * watch and heartbeat every 30 s. P7: the server's memory for an agent that only watches.
 */
export async function benchWatch(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs();
  await fleetMake(database.database.pool, load.machines, keys);
  await using server = startWorker(new URL("support/server.worker.ts", import.meta.url));
  const { port } = await server.ask<{ port: number }>({ database: database.address });
  await using generator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  const connect = (connections: number) =>
    generator.ask({ order: "connect", port, connections, keys, machines: load.machines });

  // What the first connections cost (code, pools) is not an agent's: they come and go before it is measured.
  await connect(200);
  await generator.ask({ order: "watch" });
  await generator.ask({ order: "close" });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const empty = await server.ask<number>("memory");
  await connect(load.watching);
  await generator.ask({ order: "watch" });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const full = await server.ask<number>("memory");
  report(
    {
      id: "P7",
      value: (full - empty) / load.watching / 1024,
      target: 90,
      better: "lower",
      unit: " KB",
      details: {
        agents: load.watching,
        "resident before, MB": empty / 2 ** 20,
        "resident with them, MB": full / 2 ** 20,
      },
    },
    options.json,
  );

  const beating = generator.ask<LoadResult>({
    order: "run",
    path: heartbeatPath,
    seconds: load.requests / load.perSecond + 4,
    rate: load.watching / 30,
  });
  const asked = new Map<number, bigint>();
  const committed: number[] = [];
  for (let i = 0; i < load.requests; i += 1) {
    const begun = process.hrtime.bigint();
    asked.set(i, begun);
    await installationRequest(database.database, {
      machineId: machineId(idOf(i)),
      requestId: requestId(randomUUID()),
      command: "installation_request",
      bodyDigest: createHash("sha256").digest(),
      actor: { kind: "operator", name: "bench" },
      serialise: (generation) =>
        toBinary(OSInstallationRequestSchema, create(OSInstallationRequestSchema, { generation })),
    });
    const took = Number(process.hrtime.bigint() - begun) / 1e6;
    committed.push(took);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 / load.perSecond - took)));
  }
  const beats = await beating;
  const arrivals = await generator.ask<{ machine: number; at: bigint }[]>({ order: "arrivals" });
  const times = arrivals
    .flatMap(({ machine, at }) => {
      const begun = asked.get(machine);
      return begun === undefined ? [] : [Number(at - begun) / 1e6];
    })
    .toSorted((a, b) => a - b);
  const quantile = (values: number[], q: number): number => values[Math.floor(values.length * q)] ?? Number.NaN;
  report(
    {
      id: "P4",
      value: quantile(times, 0.99),
      target: 50,
      better: "lower",
      unit: " ms",
      details: {
        "p50, ms": quantile(times, 0.5),
        "of it the operator's transaction, p50, ms": quantile(
          committed.toSorted((a, b) => a - b),
          0.5,
        ),
        "watching agents": load.watching,
        requests: load.requests,
        "requests that arrived": times.length,
        "requests a second": load.perSecond,
        "heartbeats a second": beats.perSecond,
        "failed heartbeats": beats.failed,
        machines: load.machines,
        durability: database.durability,
      },
    },
    options.json,
  );
}

function idOf(i: number): string {
  const hex = createHash("md5").update(`machine ${i}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
