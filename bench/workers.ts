import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { LoadResult } from "./support/load.worker.ts";
import { cpuSeconds, startWorker, type Worker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const load = { machines: 100_000, connections: 1_000, rounds: 6, seconds: 2 } as const;

/** What a heartbeat costs in server CPU when two processes share the port, as a ratio to one. */
export async function benchWorkers(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs();
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
  const one = await side(1);
  const two = await side(2);
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
  const rounds = [];
  for (let round = 0; round < load.rounds; round += 1) {
    rounds.push({ one: await cost(one), two: await cost(two) });
  }
  report(
    {
      id: "workers",
      value: median(rounds.map((round) => round.two.micros / round.one.micros)),
      better: "lower",
      details: {
        "microseconds of server CPU a heartbeat, one process": median(rounds.map((round) => round.one.micros)),
        "the same, two processes": median(rounds.map((round) => round.two.micros)),
        "heartbeats a second, one process": median(rounds.map((round) => round.one.perSecond)),
        "the same, two processes on the same cores": median(rounds.map((round) => round.two.perSecond)),
        "failed calls": rounds.reduce((sum, round) => sum + round.one.failed + round.two.failed, 0),
      },
    },
    options.json,
  );
}
