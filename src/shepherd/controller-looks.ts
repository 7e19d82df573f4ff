import { ControllerError } from "../controllers/controller.ts";
import type { Database } from "../database/connect.ts";
import type { MachineId } from "../database/ids.ts";
import { controllerFailed } from "../database/queries/controller/controller.ts";
import { looksTake, type LookPace } from "../database/queries/controller/look.ts";
import { powerNote } from "../database/queries/controller/power.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Controllers } from "./controllers.ts";

/** The loop's options. */
export interface ControllerLooksOptions {
  database: Database;
  controllers: Controllers;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two claims, if no controller is due. */
  interval: number;
  pace?: LookPace;
}

/** One minute; for a failing controller at most half an hour. */
const usualPace: LookPace = { seconds: 60, maximum: 1800 };
/** Number of controllers that are read concurrently. */
const parallelism = 32;
/** Milliseconds for reading one controller. */
const lookTime = 120_000;

/** Reads the power of machines with controllers at a slow pace, until the signal aborts. */
export async function controllerLooks(options: ControllerLooksOptions): Promise<void> {
  const { database, log, clock, signal, interval, pace = usualPace } = options;
  const busy = new Set<Promise<void>>();
  while (!signal.aborted) {
    let taken: MachineId[] = [];
    try {
      taken = await looksTake(database, pace, parallelism - busy.size);
    } catch (error) {
      log.warn({ error: describeError(error) }, "controllers to look at could not be read; trying again");
    }
    for (const machineId of taken) {
      const done: Promise<void> = look(machineId, options).finally(() => busy.delete(done));
      busy.add(done);
    }
    if (taken.length === 0 || busy.size === parallelism) {
      const pause = new AbortController();
      const slept = clock.sleep(interval, AbortSignal.any([signal, pause.signal])).catch(() => undefined);
      await Promise.race(busy.size === parallelism ? busy : [slept]);
      pause.abort();
    }
  }
  await Promise.all(busy);
}

/** Reads one controller. Never rejects: `use` records a failure, and the next reading is already scheduled. */
async function look(
  machineId: MachineId,
  { database, controllers, log, signal }: ControllerLooksOptions,
): Promise<void> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(lookTime)]);
  try {
    const power = await controllers.use(machineId, (controller) => controller.powerGet(either));
    await powerNote(database.kysely, machineId, { power, readFrom: "controller" });
  } catch (error) {
    if (!signal.aborted && !(error instanceof ControllerError)) {
      log.warn({ machine: machineId, error: describeError(error) }, "a look at a controller failed");
      if (either.aborted) {
        const cause = `it did not answer within ${lookTime / 1000} s`;
        await controllerFailed(database, machineId, { code: "unreachable", cause }).catch(() => undefined);
      }
    }
  }
}
