import type { Database } from "../src/database/connect.ts";
import type { MachineId } from "../src/database/ids.ts";
import { sessionStart, type Session } from "../src/database/session.ts";
import { workClaim } from "../src/database/work.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createLogger } from "../src/lib/log.ts";
import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import { report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = {
  small: 1_000,
  large: scaled(1_000_000, 4_000),
  eligible: 500,
  workers: 8,
  rounds: scaled(10, 2),
  claims: 200,
} as const;
const eligibility = { process: "ShepherdAgentStart", provider: "bench" } as const;

/** P3: the p99 latency of a claim with a million machines, as a ratio to a thousand; eight workers at once. */
export async function benchClaim(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const large = await database.another("large");
  const keys = fleetKeyPairs();
  await fleetMake(database.database.pool, load.small, keys);
  await fleetMake(large.database.pool, load.large, keys);
  await using stack = new AsyncDisposableStack();
  const log = createLogger({ level: "warn", component: "bench" });
  const side = async (on: Database) => {
    await makeEligible(on);
    const session = stack.use(await sessionStart(on, { component: "bench", log, clock: systemClock }));
    return { on, session, held: new Set<MachineId>(), times: [] as number[], conflicts: 0 };
  };
  const sides = { small: await side(database.database), large: await side(large.database) };
  for (let round = 0; round < load.rounds; round += 1) {
    for (const one of [sides.small, sides.large]) {
      await Promise.all(Array.from({ length: load.workers }, () => work(one, load.claims / load.workers)));
    }
  }
  const p99 = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
  report(
    {
      id: "P3",
      value: p99(sides.large.times) / p99(sides.small.times),
      target: 1.5,
      better: "lower",
      details: {
        "p99 in the large fleet, ms": p99(sides.large.times),
        "p99 in the small fleet, ms": p99(sides.small.times),
        "machines in the small and the large fleet": [load.small, load.large],
        "machines held by two at once": sides.large.conflicts + sides.small.conflicts,
        claims: sides.large.times.length,
        "eligible machines": load.eligible,
        workers: load.workers,
        durability: database.durability,
      },
    },
    options.json,
  );
}

/** Removes agent and installation from the first machines, so that agent start applies to them. */
async function makeEligible(on: Database): Promise<void> {
  for (const table of ["machine_os_installed", "machine_agent_heartbeat", "machine_agent_started"]) {
    await on.pool.query(
      `DELETE FROM ${table} WHERE machine_id IN (SELECT machine_id FROM machines ORDER BY machine_id LIMIT $1)`,
      [load.eligible],
    );
  }
  await on.pool.query("VACUUM ANALYZE");
}

async function work(
  side: { on: Database; session: Session; held: Set<MachineId>; times: number[]; conflicts: number },
  claims: number,
): Promise<void> {
  for (let i = 0; i < claims; i += 1) {
    const begun = performance.now();
    const [claimed] = await workClaim(side.on, side.session, eligibility, 1);
    side.times.push(performance.now() - begun);
    if (claimed === undefined) {
      throw new Error("nothing could be claimed, though there are more machines than workers");
    }
    side.conflicts += side.held.has(claimed.machineId) ? 1 : 0;
    side.held.add(claimed.machineId);
    // Holds the claim briefly; the other workers' claims must not take the same machine.
    await new Promise((resolve) => setImmediate(resolve));
    side.held.delete(claimed.machineId);
    await claimed.cancel("for the benchmark");
  }
}
