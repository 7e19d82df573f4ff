import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { LoadResult } from "./support/load.worker.ts";
import { childrenOf, cpuSeconds, startWorker, type Worker } from "./support/processes.ts";
import type { ProfileSummary } from "./support/profile.ts";
import { median, report } from "./support/report.ts";

const emptyPath = "/farrier.bench.BenchService/Empty";
const threePath = "/farrier.bench.BenchService/ThreeTransactions";
const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";

/** Machines in the database, connections, rounds, and seconds of each measurement in a round. */
const load = { machines: 100_000, connections: 1_000, rounds: 15, seconds: 2 } as const;
/** Shares of the top rate at which latency is taken; the last is more than can be answered. */
const shares = [0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.25] as const;

/**
 * P1: authenticated, durable heartbeats as a ratio to an empty call of the same bytes through the same listener, taken in
 * turns in one run; and to the original's shape of three transactions.
 */
export async function benchHeartbeat(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs();
  await fleetMake(database.database.pool, load.machines, keys);
  await using server = startWorker(new URL("support/server.worker.ts", import.meta.url));
  const { port } = await server.ask<{ port: number }>({ database: database.address });
  await using generator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  await generator.ask({ order: "connect", port, connections: load.connections, keys, machines: load.machines });

  const run = (path: string, seconds: number, more: object = {}): Promise<LoadResult> =>
    generator.ask<LoadResult>({ order: "run", path, seconds, ...more });
  for (const path of [emptyPath, heartbeatPath, threePath]) {
    await run(path, 2);
  }
  const rounds: { empty: LoadResult; heartbeat: LoadResult; three: LoadResult; cost: Cost }[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    // Before and after, so that a machine that grows slower or faster meanwhile does not favour one of the two.
    const before = await run(emptyPath, load.seconds / 2);
    const meter = await costMeter(database, server, generator);
    const heartbeat = await run(heartbeatPath, load.seconds);
    const cost = await meter(heartbeat.calls);
    const after = await run(emptyPath, load.seconds / 2);
    const empty = {
      ...before,
      perSecond: (before.perSecond + after.perSecond) / 2,
      failed: before.failed + after.failed,
    };
    const three = await run(threePath, load.seconds / 2);
    rounds.push({ empty, heartbeat, three, cost });
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
  const failed = rounds.reduce(
    (sum, { empty, heartbeat, three }) => sum + empty.failed + heartbeat.failed + three.failed,
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
      target: 0.8,
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
        "bytes of WAL a heartbeat": median(rounds.map(({ cost }) => cost.wal)),
        "where the server's time goes": profile,
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

interface Cost {
  /** Microseconds of CPU a call. */
  server: number;
  database: number;
  generator: number;
  /** Bytes a call. */
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
