import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import { startWorker } from "./support/processes.ts";
import { report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = { machines: 10_000, connections: scaled(2_000, 100) } as const;

/**
 * The third limit of capacity: how fast a fleet that lost its connections reconnects, with a new handshake for each
 * agent.
 */
export async function benchReconnect(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs(load.connections);
  await fleetMake(database.database.pool, load.machines, keys);
  await using server = startWorker(new URL("support/server.worker.ts", import.meta.url));
  const { port } = await server.ask<{ port: number }>({ database: database.address });
  await using generator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  const { connections, machines } = load;
  const seconds = await generator.ask<number>({ order: "connect", port, connections, keys, machines });
  report(
    {
      id: "handshakes",
      value: load.connections / seconds,
      better: "higher",
      unit: " a second",
      details: {
        connections: load.connections,
        seconds,
        "minutes for 100,000 agents": 100_000 / (load.connections / seconds) / 60,
      },
    },
    options.json,
  );
}
