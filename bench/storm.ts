import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { CallSample, LoadResult, StormResult } from "./support/load.worker.ts";
import { startWorker } from "./support/processes.ts";
import { report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";

/**
 * Agents that stay connected, each with a key of its own, and their heartbeats per second in total (as of 3,000 that call every 30 s); agents that
 * lose their connections and reconnect at once; how many of these reconnect one by one beforehand, and how many per
 * second; and seconds: before each phase, and of measuring from the storm's start.
 */
const load = {
  established: scaled(500, 50),
  perSecond: 100,
  storm: scaled(5_000, 500),
  paced: scaled(200, 30),
  pace: 10,
  before: scaled(5, 2),
  during: scaled(20, 6),
} as const;

/**
 * P12: the heartbeats' p99 latency of connected agents while ten times as many reconnect at once, as a ratio to the
 * same while these reconnect at ten per second; both with the same number of connections. Also the time until the
 * others are back.
 */
export async function benchStorm(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const machines = load.established + load.storm;
  const keys = fleetKeyPairs(machines);
  await fleetMake(database.database.pool, machines, keys);
  await using server = startWorker(new URL("support/server.worker.ts", import.meta.url));
  const { port } = await server.ask<{ port: number }>({ database: database.address });
  // Two processes, so that reconnecting agents do not delay the calls of connected ones on the client side.
  await using staying = startWorker(new URL("support/load.worker.ts", import.meta.url));
  await using leaving = startWorker(new URL("support/load.worker.ts", import.meta.url));
  await staying.ask({ order: "connect", port, connections: load.established, keys, machines });
  const first = load.established;
  await leaving.ask({ order: "connect", port, connections: load.storm, first, keys, machines });
  await staying.ask({ order: "run", path: heartbeatPath, seconds: 2, rate: load.perSecond });

  const pacedBeating = staying.ask<LoadResult>({
    ...{ order: "run", path: heartbeatPath, seconds: load.before + load.paced / load.pace + 1 },
    ...{ rate: load.perSecond, samples: true },
  });
  await new Promise((resolve) => setTimeout(resolve, load.before * 1_000));
  const paced = await leaving.ask<StormResult>({ order: "storm", count: load.paced, pace: load.pace });
  const { samples: pacedSamples = [] } = await pacedBeating;
  const beating = staying.ask<LoadResult>({
    ...{ order: "run", path: heartbeatPath, seconds: load.before + load.during, rate: load.perSecond, samples: true },
  });
  await new Promise((resolve) => setTimeout(resolve, load.before * 1_000));
  const storm = await leaving.ask<StormResult>({ order: "storm" });
  const { samples = [] } = await beating;
  const seconds = (storm.ended - storm.begun) / 1_000;
  const during = samples.filter(({ at, took }) => at + took >= storm.begun && at <= storm.ended);
  const whilePaced = pacedSamples.filter(({ at, took }) => at + took >= paced.begun && at <= paced.ended);
  const before = samples.filter(({ at, took }) => at + took < storm.begun);
  report(
    {
      id: "P12",
      value: quantile(during, 0.99) / quantile(whilePaced, 0.99),
      target: 5,
      better: "lower",
      details: {
        "heartbeats of established agents before the storm, ms": spread(before),
        "the same while others reconnect one after the other, ms": spread(whilePaced),
        "of these others": load.paced,
        "of them a second": load.pace,
        "the same during the storm, ms": spread(during),
        "of those during the storm failed": during.filter(({ ok }) => !ok).length,
        "established agents": load.established,
        "their heartbeats a second": load.perSecond,
        "agents that reconnect at once": load.storm,
        "seconds until all of them are back": seconds,
        "reconnected a second in the storm": load.storm / seconds,
        "their first heartbeat after the storm's beginning, ms": { p50: storm.p50, p99: storm.p99 },
        "tries that failed": storm.failed,
      },
    },
    options.json,
  );
}

function spread(samples: readonly CallSample[]): { calls: number; p50: number; p99: number; worst: number } {
  return {
    calls: samples.length,
    p50: quantile(samples, 0.5),
    p99: quantile(samples, 0.99),
    worst: quantile(samples, 1),
  };
}

function quantile(samples: readonly CallSample[], q: number): number {
  const sorted = samples.map(({ took }) => took).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
