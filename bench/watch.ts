import { createHash, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../gen/cloud/bmaas/server/api/agent_pb.ts";
import { machineId, requestId } from "../src/database/ids.ts";
import { installationRequest } from "../src/database/queries/installation/installation-request.ts";
import type { Ed25519KeyPair } from "../src/lib/tls/ed25519.ts";
import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { LoadResult } from "./support/load.worker.ts";
import { startWorker, type Worker } from "./support/processes.ts";
import { report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const load = {
  machines: scaled(100_000, 2_000),
  watching: scaled(2_000, 200),
  requests: scaled(1_000, 50),
  perSecond: 50,
} as const;

/**
 * P4: from the call that requests an installation (including its commit) to the request's arrival at the agent, while
 * 2,000 agents watch and send heartbeats every 30 s; as a ratio to the minimal push. P7: the server's memory per agent
 * that only watches, as a ratio to a plain grpc-js stream.
 */
export async function benchWatch(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs(load.watching);
  await fleetMake(database.database.pool, load.machines, keys);
  await using server = startWorker(new URL("support/server.worker.ts", import.meta.url));
  const { port } = await server.ask<{ port: number }>({ database: database.address });
  await using generator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  const plain = await plainMemory(keys);
  const held = await memoryOf(server, generator, { port, keys });
  const perAgent = (memory: HeldMemory): number => (memory.full - memory.empty) / load.watching;
  report(
    {
      id: "P7",
      value: perAgent(held) / perAgent(plain),
      target: 0.7,
      better: "lower",
      details: {
        "KB an agent that waits": perAgent(held) / 1024,
        "KB a plain stream of grpc-js": perAgent(plain) / 1024,
        agents: load.watching,
        "resident before, MB": held.empty / 2 ** 20,
        "resident with them, MB": held.full / 2 ** 20,
      },
    },
    options.json,
  );
  await pushTimes(options, database, generator);
}

interface HeldMemory {
  /** Bytes, without connections and with all of them. */
  empty: number;
  full: number;
}

async function plainMemory(keys: Ed25519KeyPair[]): Promise<HeldMemory> {
  await using reference = startWorker(new URL("support/reference.worker.ts", import.meta.url));
  const { port } = await reference.ask<{ port: number }>({ serve: "grpc" });
  await using generator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  return await memoryOf(reference, generator, { port, keys });
}

/** Leaves the agents connected and watching. */
async function memoryOf(
  server: Worker,
  generator: Worker,
  { port, keys }: { port: number; keys: Ed25519KeyPair[] },
): Promise<HeldMemory> {
  const connect = (connections: number) =>
    generator.ask({ order: "connect", port, connections, keys, machines: load.machines });
  // The cost of the first connections (code, pools) does not belong to an agent, so some are opened and closed before
  // the measurement.
  await connect(200);
  await generator.ask({ order: "watch" });
  await generator.ask({ order: "close" });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const empty = await server.ask<number>("memory");
  await connect(load.watching);
  await generator.ask({ order: "watch" });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  return { empty, full: await server.ask<number>("memory") };
}

/** Requests for watching agents, alternating with requests for machines whose NOTIFY a bare client forwards. */
async function pushTimes(
  options: { json: boolean },
  database: Awaited<ReturnType<typeof benchDatabase>>,
  generator: Worker,
): Promise<void> {
  await using reference = startWorker(new URL("support/reference.worker.ts", import.meta.url));
  const { port } = await reference.ask<{ port: number }>({ serve: "push", database: database.address });
  // The same process holds both ends, so that its load delays both equally.
  await generator.ask({ order: "push", port, from: load.watching, to: load.watching + load.requests });
  const beating = generator.ask<LoadResult>({
    order: "run",
    path: heartbeatPath,
    seconds: (2 * load.requests) / load.perSecond + 4,
    rate: load.watching / 30,
  });
  const asked = new Map<number, bigint>();
  const committed: number[] = [];
  for (let i = 0; i < 2 * load.requests; i += 1) {
    // Every other machine has no watching agent.
    const machine = (i >> 1) + (i % 2) * load.watching;
    const begun = process.hrtime.bigint();
    asked.set(machine, begun);
    await installationRequest(database.database, {
      machineId: machineId(idOf(machine)),
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
  const times = (counts: (machine: number) => boolean): number[] =>
    arrivals
      .flatMap(({ machine, at }) => {
        const begun = asked.get(machine);
        return begun === undefined || !counts(machine) ? [] : [Number(at - begun) / 1e6];
      })
      .toSorted((a, b) => a - b);
  const pushed = times((machine) => machine < load.requests);
  const floor = times((machine) => machine >= load.watching);
  const quantile = (values: number[], q: number): number => values[Math.floor(values.length * q)] ?? Number.NaN;
  report(
    {
      id: "P4",
      value: quantile(pushed, 0.99) / quantile(floor, 0.99),
      target: 2,
      better: "lower",
      details: {
        "p99, ms": quantile(pushed, 0.99),
        "p50, ms": quantile(pushed, 0.5),
        "the floor's p99, ms": quantile(floor, 0.99),
        "the floor's p50, ms": quantile(floor, 0.5),
        "in both the operator's transaction, p50, ms": quantile(
          committed.toSorted((a, b) => a - b),
          0.5,
        ),
        "watching agents": load.watching,
        requests: load.requests,
        "requests that arrived": pushed.length,
        "of the floor's": floor.length,
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
