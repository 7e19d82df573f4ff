import { type Fleet, silent } from "../../../test/support/fleet.ts";
import { systemClock } from "../../lib/clock.ts";
import { createMetrics } from "../../metrics/metrics.ts";
import { type Shepherd, shepherdRun, type ShepherdRunOptions } from "../run.ts";

/** Starts the shepherd on a test's fleet. It looks for work 20 times a second. */
export function testShepherd(fleet: Fleet, options: Partial<ShepherdRunOptions> = {}): Shepherd {
  return shepherdRun({
    unlisted: (name) => ({ name }),
    database: fleet.database,
    log: silent,
    clock: systemClock,
    metrics: createMetrics(),
    interval: 50,
    ...options,
  });
}
