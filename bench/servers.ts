import { readFile } from "node:fs/promises";
import { setDefaultCACertificates } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ControllerConnections } from "../src/controllers/controller-connections.ts";
import { redfishController } from "../src/controllers/redfish/redfish-controller.ts";
import type { Database } from "../src/database/connect.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createLogger } from "../src/lib/log.ts";
import { createMetrics } from "../src/metrics/metrics.ts";
import { controllerLooks } from "../src/shepherd/controller-looks.ts";
import { controllersOf } from "../src/shepherd/controllers.ts";
import { benchPowerOn } from "./servers-power.ts";
import type { SeenCall, StartedControllers } from "./support/controllers.worker.ts";
import { controllersStored } from "./support/controllers-stored.ts";
import { benchDatabase } from "./support/database.ts";
import { memory } from "./support/memory.ts";
import { startWorker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = {
  controllers: scaled(1_000, 20),
  rounds: scaled(10, 3),
  /** Connections of the shepherd, and of plain fetch. */
  connections: 64,
} as const;

/** What a round took. */
interface Taken {
  wall: number;
  /** Processor seconds of this process, without the controllers and PostgreSQL. */
  cpu: number;
}

// This process' own memory is measured.
setFlagsFromString("--expose-gc");
globalThis.gc = runInNewContext("gc") as typeof globalThis.gc;

/**
 * P15: 1,000 controllers are read by the shepherd's loop, the power each round and the health in every tenth: wall and
 * processor time as ratios to the same GETs by plain fetch, 64 controllers at a time, by turns. Then P15-power.
 */
export async function benchServers(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  await using worker = startWorker(new URL("support/controllers.worker.ts", import.meta.url));
  const started = await worker.ask<StartedControllers>({ do: "start", count: load.controllers, powerOn: 1000 });
  // Plain fetch trusts the CA, the shepherd the fingerprint.
  setDefaultCACertificates([started.ca]);
  await controllersStored(database.database, started);
  const ours: (Taken & { rss: number })[] = [];
  const plain: Taken[] = [];
  const kernel: number[] = [];
  let open = 0;
  let most = 0;
  let calls = 0;
  let gets = 0;
  {
    const places = new ControllerConnections(load.connections, (now) => {
      open = now;
      most = Math.max(most, now);
    });
    const login = { userName: started.userName, password: started.password, mayReach: () => true };
    await using controllers = controllersOf(database.database, {
      clock: systemClock,
      open: ({ url, system, trust }) => Promise.resolve(redfishController({ url, system, trust }, login, { places })),
    });
    for (let round = 0; round < load.rounds; round += 1) {
      const taken = await timed(() =>
        roundOf(database.database, controllers, !isAlone(undefined, round), async () => {
          // Later, connections of plain fetch linger beside ours.
          if (round === 0) {
            kernel.push(await connectionsTo(started.urls));
          }
        }),
      );
      ours.push({ ...taken, rss: memory() });
      const seen = await worker.ask<SeenCall[]>({ do: "calls" });
      calls += seen.length;
      const same = seen.filter(({ method }) => method === "GET");
      gets += same.length;
      plain.push(await timed(() => fetched(started, same)));
      await worker.ask({ do: "calls" });
    }
  }
  const sum = (all: readonly Taken[], what: keyof Taken): number => all.reduce((total, one) => total + one[what], 0);
  const alone = (what: keyof Taken): number => sum(ours.filter(isAlone), what) / sum(plain.filter(isAlone), what);
  const details = {
    controllers: load.controllers,
    rounds: load.rounds,
    "seconds a round, median": median(ours.map(({ wall }) => wall)),
    "the same GETs by plain fetch, seconds": median(plain.map(({ wall }) => wall)),
    "processor seconds a round, median": median(ours.map(({ cpu }) => cpu)),
    "the same GETs by plain fetch, processor seconds": median(plain.map(({ cpu }) => cpu)),
    "calls of controllers a round": calls / load.rounds,
    "of them GETs": gets / load.rounds,
    "rounds that read the power alone: wall time as a ratio": alone("wall"),
    "rounds that read the power alone: processor time as a ratio": alone("cpu"),
    "most connections": most,
    "most connections that the kernel saw": Math.max(...kernel),
    "connections left open": open,
    "memory after each round, MiB": ours.map(({ rss }) => Math.round(rss / 2 ** 20)),
    durability: database.durability,
  };
  report(
    { id: "P15", value: sum(ours, "wall") / sum(plain, "wall"), target: 1.3, better: "lower", details },
    options.json,
  );
  report(
    { id: "P15-cpu", value: sum(ours, "cpu") / sum(plain, "cpu"), target: 1.5, better: "lower", details: {} },
    options.json,
  );
  const [, second] = ours;
  report(
    {
      id: "P15-memory",
      value: (ours.at(-1)?.rss ?? 0) / (second?.rss ?? 1),
      target: 1.1,
      better: "lower",
      details: { "rounds after the second": load.rounds - 2 },
    },
    options.json,
  );
  await benchPowerOn({ database, worker, started }, options);
}

/** Whether the health was not read in this round: then a controller's one GET stands beside a login and a logout. */
function isAlone(_: unknown, round: number): boolean {
  return round % 10 !== 0;
}

async function timed(action: () => Promise<void>): Promise<Taken> {
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  await action();
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (performance.now() - begun) / 1000, cpu: (user + system) / 1e6 };
}

/** Every controller is due, and the round ends when all have been read. */
async function roundOf(
  database: Database,
  controllers: ReturnType<typeof controllersOf>,
  health: boolean,
  halfway: () => Promise<void>,
): Promise<void> {
  await database.pool.query("UPDATE machine_controller_contact SET look_at = now() - interval '1 second'");
  await database.pool.query(
    "UPDATE machine_health SET tried_at = CASE WHEN $1 THEN now() - interval '1 day' ELSE now() END",
    [health],
  );
  const stop = new AbortController();
  const all = Promise.withResolvers<void>();
  let left = load.controllers;
  const metrics = createMetrics();
  const loop = controllerLooks({
    ...{ database, controllers, clock: systemClock, interval: 20, signal: stop.signal },
    log: createLogger({ level: "warn", component: "bench" }),
    metrics: {
      ...metrics,
      controllerReads: Object.assign(metrics.controllerReads, {
        inc: ({ what, outcome }: { what: string; outcome: string }) => {
          if (outcome !== "ok") {
            all.reject(new Error(`reading ${what} failed`));
          }
          left -= what === "power" ? 1 : 0;
          if (left === load.controllers / 2) {
            halfway().catch(all.reject);
          }
          if (left === 0) {
            all.resolve();
          }
        },
      }),
    },
    pace: { seconds: 3600, maximum: 3600, health: 36_000 },
  });
  await all.promise;
  stop.abort();
  // It ends when the last readings have.
  await loop;
}

/** Number of connections to these addresses, as the kernel counts them. */
async function connectionsTo(urls: readonly string[]): Promise<number> {
  const ports = new Set(urls.map((url) => Number(new URL(url).port)));
  let count = 0;
  for (const line of (await readFile("/proc/self/net/tcp", "utf8")).split("\n")) {
    const [, , to = "", state] = line.trim().split(/\s+/u);
    count += state === "01" && ports.has(Number.parseInt(to.slice(-4), 16)) ? 1 : 0;
  }
  return count;
}

/** The same GETs, by plain fetch, each controller's one after the other, for 64 controllers at a time. */
async function fetched({ urls, userName, password }: StartedControllers, seen: readonly SeenCall[]): Promise<void> {
  const paths = Map.groupBy(seen, ({ controller }) => controller);
  const authorization = `Basic ${Buffer.from(`${userName}:${password}`).toString("base64")}`;
  const queue = [...paths].values();
  const one = async (): Promise<void> => {
    for (const [controller, calls] of queue) {
      for (const { path } of calls) {
        const reply = await fetch(`${urls[controller]}${path}`, { headers: { authorization } });
        if (!reply.ok) {
          throw new Error(`${path} answered ${reply.status}`);
        }
        await reply.json();
      }
    }
  };
  await Promise.all(Array.from({ length: load.connections }, one));
}
