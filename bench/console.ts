import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { FleetService } from "../gen/farrier/operator/v1/fleet_pb.ts";
import { MachineService, MachineSort } from "../gen/farrier/operator/v1/machine_pb.ts";
import { benchConsolePages } from "./console-pages.ts";
import { changesMake } from "./support/changes.ts";
import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import { fleetVary } from "./support/fleet-vary.ts";
import { cpuSeconds, startWorker, type Worker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const load = {
  machines: scaled(1_000_000, 20_000),
  connections: scaled(500, 50),
  heartbeats: scaled(1_000, 100),
  changes: scaled(1_000, 100),
  consoles: 10,
  /** Each has 1,000 machines on its list; memory is told apart from noise by many of them. */
  held: scaled(40, 10),
  rows: 50,
  rounds: scaled(5, 1),
  seconds: scaled(10, 3),
} as const;
const token = `frr_${"c".repeat(43)}`;

/**
 * P16: processor time of a server with ten consoles open, as a ratio to the same without them, alternately in one run. In
 * both it answers 1,000 heartbeats a second, and 1,000 machines of the database change a second. Each console has the
 * live stream of 50 machines, counts the fleet every two seconds, and reads a page of machines every five. Then P17, in a
 * browser.
 */
export async function benchConsole(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const keys = fleetKeyPairs(load.connections);
  await fleetMake(database.database.pool, load.machines, keys);
  await fleetVary(database.database.pool);
  await using server = startWorker(new URL("support/server.worker.ts", import.meta.url));
  const { port, operators = "" } = await server.ask<{ port: number; operators?: string }>({
    database: database.address,
    operatorToken: token,
  });
  const { rows } = await database.database.pool.query<{ id: string }>(
    "SELECT machine_id::text AS id FROM machines ORDER BY machine_id LIMIT 1000",
  );
  const ids = rows.map(({ id }) => id);
  const perConsole = await memoryOfConsoles(server, operators, ids);
  await using generator = startWorker(new URL("support/load.worker.ts", import.meta.url));
  await generator.ask({ order: "connect", port, connections: load.connections, keys, machines: load.machines });
  const told: number[] = [];
  const run = async (consoles: number): Promise<number> => {
    const stop = new AbortController();
    const open = Array.from({ length: consoles }, (_, index) =>
      consoleOpen(
        operatorTransport(operators),
        ids.slice(index * load.rows, (index + 1) * load.rows),
        stop.signal,
        told,
      ),
    );
    await settle();
    const changing = changesMake(database.database.pool, load.changes, stop.signal);
    const begun = await cpuSeconds(server.pid);
    await generator.ask({ order: "run", path: heartbeatPath, seconds: load.seconds, rate: load.heartbeats });
    const used = (await cpuSeconds(server.pid)) - begun;
    stop.abort();
    await Promise.all([changing, ...open]);
    return used;
  };
  await run(0);
  await run(load.consoles);
  told.length = 0;
  const rounds: { without: number; having: number }[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    rounds.push({ without: await run(0), having: await run(load.consoles) });
  }
  report(
    {
      id: "P16",
      value: median(rounds.map(({ without, having }) => having / without)),
      target: 1.3,
      better: "lower",
      details: {
        "processor seconds a second with consoles": median(rounds.map(({ having }) => having / load.seconds)),
        "processor seconds a second without": median(rounds.map(({ without }) => without / load.seconds)),
        consoles: load.consoles,
        "machines of each that are watched": load.rows,
        "heartbeats a second": load.heartbeats,
        "machines that change a second": load.changes,
        "machines in the database": load.machines,
        "changes that consoles were sent": told.reduce((sum, count) => sum + count, 0),
        "KB of the server's memory for a console with 1,000 machines": perConsole / 1024,
      },
    },
    options.json,
  );
  const transport = operatorTransport(operators);
  await benchConsolePages(
    { pool: database.database.pool, url: operators, token, transport, machines: load.machines },
    options,
  );
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

function operatorTransport(baseUrl: string): Transport {
  return createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${token}`);
        return next(request);
      },
    ],
  });
}

/** What an open page of a console asks for, until the signal aborts. */
async function consoleOpen(
  transport: Transport,
  machines: readonly string[],
  signal: AbortSignal,
  told: number[],
): Promise<void> {
  const client = createClient(MachineService, transport);
  const fleet = createClient(FleetService, transport);
  const watching = (async () => {
    for await (const { changes } of client.machineWatch({ machines: [...machines] }, { signal, timeoutMs: 0 })) {
      told.push(changes.length);
    }
  })();
  const each = async (seconds: number, call: () => Promise<unknown>): Promise<void> => {
    while (!signal.aborted) {
      await call();
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, seconds * 1_000);
        signal.addEventListener("abort", () => (clearTimeout(timer), resolve(undefined)), { once: true });
      });
    }
  };
  await Promise.all(
    [
      watching,
      each(2, () => fleet.fleetSummary({}, { signal })),
      each(5, () => client.machineList({ pageSize: load.rows, sort: MachineSort.NAME }, { signal })),
    ].map((call) => call.catch((error: unknown) => (signal.aborted ? undefined : Promise.reject(error as Error)))),
  );
}

/** Bytes of the server's memory for a stream of 1,000 named machines. */
async function memoryOfConsoles(server: Worker, operators: string, ids: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const streams: Promise<void>[] = [];
  const open = async (count: number): Promise<void> => {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const client = createClient(MachineService, operatorTransport(operators));
        const stream = client.machineWatch({ machines: [...ids] }, { signal: stop.signal, timeoutMs: 0 });
        const first = Promise.withResolvers<void>();
        streams.push(
          (async () => {
            for await (const response of stream) {
              first.resolve();
              void response;
            }
          })().catch((error: unknown) => first.reject(error)),
        );
        await first.promise;
      }),
    );
    await settle();
  };
  // The cost of the first streams (code, pools) does not belong to a console.
  await open(5);
  const before = await server.ask<number>("memory");
  await open(load.held);
  const after = await server.ask<number>("memory");
  stop.abort();
  await Promise.all(streams);
  return (after - before) / load.held;
}
