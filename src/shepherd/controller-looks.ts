import { type DueLook, type LookPace, looksTake } from "../database/queries/controller/look.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import { controllerLook, type ControllerLookOptions } from "./controller-look.ts";

/** The loop's options. */
export interface ControllerLooksOptions extends ControllerLookOptions {
  clock: Clock;
  /** Milliseconds between two claims, if no controller is due. */
  interval: number;
  pace?: LookPace;
}

/** Power each minute, of a failing controller at least each half hour; health each ten minutes. */
const usualPace: LookPace = { seconds: 60, maximum: 1800, health: 600 };
/** Number of controllers that are read concurrently. */
const parallelism = 32;

/** Reads the power and health of machines with controllers at a slow pace, until the signal aborts. */
export async function controllerLooks(options: ControllerLooksOptions): Promise<void> {
  const { database, log, clock, signal, interval, pace = usualPace } = options;
  const busy = new Set<Promise<void>>();
  while (!signal.aborted) {
    let taken: DueLook[] = [];
    try {
      taken = await looksTake(database, pace, parallelism - busy.size);
    } catch (error) {
      log.warn({ error: describeError(error) }, "controllers to look at could not be read; trying again");
    }
    for (const due of taken) {
      const done: Promise<void> = controllerLook(due, options).finally(() => busy.delete(done));
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
