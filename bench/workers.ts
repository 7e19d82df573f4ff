import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { LoadResult } from "./support/load.worker.ts";
import { cpuSeconds, startWorker, type Worker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const load = {
  machines: scaled(100_000, 1_000),
  connections: scaled(1_000, 50),
  rounds: scaled(6, 3),
  seconds: scaled(2, 1),
} as const;

/** Numbers of processes that share the port. */
const counts = [1, 2, 4] as const;

/** P13: a heartbeat's server CPU when two and four processes share the port, as a ratio to one; the worse of both. */
export async function benchWorkers(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs(load.connections);
  await fleetMake(database.database.pool, load.machines, keys);
  await using stack = new AsyncDisposableStack();
  const side = async (count: number): Promise<{ servers: Worker[]; generator: Worker }> => {
    const servers = Array.from({ length: count }, () =>
      stack.use(startWorker(new URL("support/server.worker.ts", import.meta.url))),
    );
    const [first, ...others] = servers as [Worker, ...Worker[]];
    const { port } = await first.ask<{ port: number }>({ database: database.address, shared: count > 1 });
    for (const other of others) {
      await other.ask({ database: database.address, shared: true, port });
    }
    const generator = stack.use(startWorker(new URL("support/load.worker.ts", import.meta.url)));
    await generator.ask({ order: "connect", port, connections: load.connections, keys, machines: load.machines });
    await generator.ask({ order: "run", path: heartbeatPath, seconds: 2 });
    return { servers, generator };
  };
  const sides: Awaited<ReturnType<typeof side>>[] = [];
  for (const count of counts) {
    sides.push(await side(count));
  }
  const cost = async ({ servers, generator }: { servers: Worker[]; generator: Worker }) => {
    const cpu = async (): Promise<number> =>
      (await Promise.all(servers.map(({ pid }) => cpuSeconds(pid)))).reduce((sum, seconds) => sum + seconds, 0);
    const before = await cpu();
    const result = await generator.ask<LoadResult>({ order: "run", path: heartbeatPath, seconds: load.seconds });
    return {
      micros: (((await cpu()) - before) / result.calls) * 1e6,
      perSecond: result.perSecond,
      failed: result.failed,
    };
  };
  const rounds: Awaited<ReturnType<typeof cost>>[][] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    const costs = [];
    for (const each of sides) {
      costs.push(await cost(each));
    }
    rounds.push(costs);
  }
  const by = counts.map((workers, index) => {
    const of = rounds.flatMap((costs) => costs[index] ?? []);
    return {
      workers,
      micros: median(of.map(({ micros }) => micros)),
      perSecond: median(of.map(({ perSecond }) => perSecond)),
    };
  });
  const ratios = counts.map((_, index) =>
    median(rounds.map((costs) => (costs[index]?.micros ?? Number.NaN) / (costs[0]?.micros ?? Number.NaN))),
  );
  report(
    {
      id: "P13",
      value: Math.max(...ratios),
      target: 1.15,
      better: "lower",
      details: {
        "by workers": by,
        "ratios, with 1, 2 and 4 workers": ratios,
        machines: load.machines,
        connections: load.connections,
        "failed calls": rounds.flat().reduce((sum, { failed }) => sum + failed, 0),
        durability: database.durability,
      },
    },
    options.json,
  );
}
