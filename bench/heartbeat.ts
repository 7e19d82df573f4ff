import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { LoadResult } from "./support/load.worker.ts";
import { childrenOf, cpuSeconds, startWorker, type Worker } from "./support/processes.ts";
import type { ProfileSummary } from "./support/profile.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const emptyPath = "/farrier.bench.BenchService/Empty";
const threePath = "/farrier.bench.BenchService/ThreeTransactions";
const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";

/** Machines in the database, connections, rounds, and seconds of each measurement in a round. */
const load = {
  machines: scaled(100_000, 1_000),
  connections: scaled(1_000, 50),
  rounds: scaled(15, 3),
  seconds: scaled(2, 1),
} as const;
/** Shares of the maximum rate at which latency is measured; the last exceeds what can be answered. */
const shares = [0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.25] as const;

/**
 * P1: authenticated, durable heartbeats, measured alternately in one run, as a ratio to an empty call with the same
 * bytes through the same listener; to an empty call on bare node:http2 with the same TLS; and to the original system's
 * three transactions.
 */
export async function benchHeartbeat(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs(load.connections);
  await fleetMake(database.database.pool, load.machines, keys);
  await using server = startWorker(new URL("support/server.worker.ts", import.meta.url));
  const { port } = await server.ask<{ port: number }>({ database: database.address });
  await using generator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  const connect = { order: "connect", connections: load.connections, keys, machines: load.machines };
  await generator.ask({ ...connect, port });
  await using bare = startWorker(new URL("support/reference.worker.ts", import.meta.url));
  const { port: barePort } = await bare.ask<{ port: number }>({ serve: "http2" });
  await using bareGenerator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  await bareGenerator.ask({ ...connect, port: barePort });

  const run = (path: string, seconds: number, more: object = {}): Promise<LoadResult> =>
    generator.ask<LoadResult>({ order: "run", path, seconds, ...more });
  const runBare = (seconds: number): Promise<LoadResult> =>
    bareGenerator.ask<LoadResult>({ order: "run", path: emptyPath, seconds });
  for (const path of [emptyPath, heartbeatPath, threePath]) {
    await run(path, 2);
  }
  await runBare(2);
  const rounds: Round[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    // Before and after, so that a machine that becomes slower or faster meanwhile favours neither.
    const bareBefore = await runBare(load.seconds / 2);
    const before = await run(emptyPath, load.seconds / 2);
    const meter = await costMeter(database, server, generator);
    const heartbeat = await run(heartbeatPath, load.seconds);
    const cost = await meter(heartbeat.calls);
    const emptyMeter = await costMeter(database, server, generator);
    const after = await run(emptyPath, load.seconds / 2);
    const emptyCost = await emptyMeter(after.calls);
    const http2 = both(bareBefore, await runBare(load.seconds / 2));
    const empty = both(before, after);
    const three = await run(threePath, load.seconds / 2);
    rounds.push({ empty, http2, heartbeat, three, cost, emptyCost });
  }
  const top = median(rounds.map(({ heartbeat }) => heartbeat.perSecond));
  const lone = await run(heartbeatPath, 2, { connections: 1, rate: 20 });
  const curve: { offered: number; perSecond: number; p50: number; p99: number }[] = [];
  for (const share of shares) {
    const { p50, p99, perSecond } = await run(heartbeatPath, load.seconds * 2, { rate: top * share });
    curve.push({ offered: top * share, perSecond, p50, p99 });
  }
  await server.ask("profile");
  await run(heartbeatPath, load.seconds * 2);
  const profile = await server.ask<ProfileSummary>("profiled");
  await server.ask("profile");
  await run(emptyPath, load.seconds * 2);
  const emptyProfile = await server.ask<ProfileSummary>("profiled");
  const failed = rounds.reduce(
    (sum, { empty, http2, heartbeat, three }) => sum + empty.failed + http2.failed + heartbeat.failed + three.failed,
    0,
  );
  const settings = {
    machines: load.machines,
    connections: load.connections,
    "calls in flight a connection": 1,
    durability: database.durability,
    "failed calls": failed,
  };
  report(
    {
      id: "P1",
      value: median(rounds.map(({ empty, heartbeat }) => heartbeat.perSecond / empty.perSecond)),
      target: 0.9,
      better: "higher",
      details: {
        "heartbeats a second": top,
        "empty calls a second": median(rounds.map(({ empty }) => empty.perSecond)),
        "ratios of the rounds": rounds.map(({ empty, heartbeat }) =>
          Number((heartbeat.perSecond / empty.perSecond).toFixed(3)),
        ),
        curve,
        "latency of a lone heartbeat on an idle server, ms": { p50: lone.p50, p99: lone.p99 },
        "microseconds of CPU a heartbeat": {
          server: median(rounds.map(({ cost }) => cost.server)),
          database: median(rounds.map(({ cost }) => cost.database)),
          "load generator": median(rounds.map(({ cost }) => cost.generator)),
        },
        "microseconds of the server's CPU an empty call": median(rounds.map(({ emptyCost }) => emptyCost.server)),
        "bytes of WAL a heartbeat": median(rounds.map(({ cost }) => cost.wal)),
        "where the server's time goes": profile,
        "where it goes in an empty call": emptyProfile,
        ...settings,
      },
    },
    options.json,
  );
  report(
    {
      id: "P1-http2",
      value: median(rounds.map(({ http2, heartbeat }) => heartbeat.perSecond / http2.perSecond)),
      target: 0.7,
      better: "higher",
      details: {
        "empty calls a second on bare node:http2": median(rounds.map(({ http2 }) => http2.perSecond)),
        "of grpc-js's empty call, the ratio to it": median(
          rounds.map(({ http2, empty }) => empty.perSecond / http2.perSecond),
        ),
        ...settings,
      },
    },
    options.json,
  );
  report(
    {
      id: "P1-three-transactions",
      value: median(rounds.map(({ heartbeat, three }) => heartbeat.perSecond / three.perSecond)),
      target: 8,
      better: "higher",
      details: {
        "three-transaction heartbeats a second": median(rounds.map(({ three }) => three.perSecond)),
        ...settings,
      },
    },
    options.json,
  );
}

interface Round {
  empty: LoadResult;
  http2: LoadResult;
  heartbeat: LoadResult;
  three: LoadResult;
  cost: Cost;
  emptyCost: Cost;
}

/** Combines two runs of equal length. */
function both(before: LoadResult, after: LoadResult): LoadResult {
  return {
    ...before,
    perSecond: (before.perSecond + after.perSecond) / 2,
    failed: before.failed + after.failed,
  };
}

interface Cost {
  /** Microseconds of CPU per call. */
  server: number;
  database: number;
  generator: number;
  /** Bytes per call. */
  wal: number;
}

async function costMeter(
  database: Awaited<ReturnType<typeof benchDatabase>>,
  server: Worker,
  generator: Worker,
): Promise<(calls: number) => Promise<Cost>> {
  const read = async (): Promise<Cost> => {
    const backends = await childrenOf(database.pid);
    const cpu = await Promise.all(backends.map((pid) => cpuSeconds(pid).catch(() => 0)));
    const { rows } = await database.database.pool.query<{ bytes: string }>(
      "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes",
    );
    return {
      server: await cpuSeconds(server.pid),
      database: cpu.reduce((sum, seconds) => sum + seconds, 0),
      generator: await cpuSeconds(generator.pid),
      wal: Number(rows[0]?.bytes ?? 0),
    };
  };
  const before = await read();
  return async (calls) => {
    const after = await read();
    return {
      server: ((after.server - before.server) / calls) * 1e6,
      database: ((after.database - before.database) / calls) * 1e6,
      generator: ((after.generator - before.generator) / calls) * 1e6,
      wal: (after.wal - before.wal) / calls,
    };
  };
}
