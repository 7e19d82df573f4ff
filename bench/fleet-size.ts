import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { LoadResult } from "./support/load.worker.ts";
import { startWorker, type Worker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const load = {
  small: 1_000,
  middle: scaled(100_000, 2_000),
  large: scaled(1_000_000, 4_000),
  connections: scaled(1_000, 50),
  rounds: scaled(10, 3),
  seconds: scaled(2, 1),
} as const;

/** P2: heartbeats per second with a million machines, as a ratio to a thousand, measured alternately in one run. */
export async function benchFleetSize(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs(load.connections);
  const large = await database.another("large");
  const middle = await database.another("middle");
  await fleetMake(database.database.pool, load.small, keys);
  await fleetMake(middle.database.pool, load.middle, keys);
  const seconds = await fleetMake(large.database.pool, load.large, keys);
  await using stack = new AsyncDisposableStack();
  const side = async (address: unknown, machines: number): Promise<Worker> => {
    const server = stack.use(startWorker(new URL("support/server.worker.ts", import.meta.url)));
    const { port } = await server.ask<{ port: number }>({ database: address });
    const generator = stack.use(startWorker(new URL("support/load.worker.ts", import.meta.url)));
    await generator.ask({ order: "connect", port, connections: load.connections, keys, machines });
    await generator.ask({ order: "run", path: heartbeatPath, seconds: 2 });
    return generator;
  };
  const onSmall = await side(database.address, load.small);
  const onMiddle = await side(middle.address, load.middle);
  const onLarge = await side(large.address, load.large);
  const run = (generator: Worker): Promise<LoadResult> =>
    generator.ask<LoadResult>({ order: "run", path: heartbeatPath, seconds: load.seconds });
  const rounds: { small: LoadResult; middle: LoadResult; large: LoadResult }[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    rounds.push({ small: await run(onSmall), middle: await run(onMiddle), large: await run(onLarge) });
  }
  const bySize = (["small", "middle", "large"] as const).map((size) => ({
    machines: load[size],
    perSecond: median(rounds.map((round) => round[size].perSecond)),
    p99: median(rounds.map((round) => round[size].p99)),
  }));
  const { rows } = await large.database.pool.query<{ hot: number }>(
    "SELECT n_tup_hot_upd::float / greatest(n_tup_upd, 1) AS hot FROM pg_stat_user_tables WHERE relname = 'machine_agent_heartbeat'",
  );
  const { rows: sizes } = await large.database.pool.query<{ bytes: string }>(
    "SELECT pg_database_size(current_database()) AS bytes",
  );
  report(
    {
      id: "P2",
      value: median(rounds.map((round) => round.large.perSecond / round.small.perSecond)),
      target: 0.9,
      better: "higher",
      details: {
        "heartbeats a second in the large fleet": median(rounds.map((round) => round.large.perSecond)),
        "heartbeats a second in the small fleet": median(rounds.map((round) => round.small.perSecond)),
        "by fleet size": bySize,
        "machines in the small and the large fleet": [load.small, load.large],
        "seconds to make the large fleet by SQL": seconds,
        "share of HOT updates in the large fleet": rows[0]?.hot,
        "megabytes of the large fleet's database": Number(sizes[0]?.bytes ?? 0) / 1e6,
        "failed calls": rounds.reduce((sum, round) => sum + round.large.failed + round.small.failed, 0),
        connections: load.connections,
        "calls in flight a connection": 1,
        durability: database.durability,
      },
    },
    options.json,
  );
}
