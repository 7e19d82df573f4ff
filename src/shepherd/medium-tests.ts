import type { Database } from "../database/connect.ts";
import { mediumTestEnd } from "../database/queries/boot/medium-test.ts";
import { mediumTestFailed, type MediumTestLeft, mediumTestsTake } from "../database/queries/boot/medium-test-left.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { abortable } from "./abortable.ts";
import type { Controllers } from "./controllers.ts";
import { mediumTestEject } from "./means/medium-test-eject.ts";

/** The loop's options. */
export interface MediumTestsOptions {
  database: Database;
  sessions: SessionHolder;
  controllers: Controllers;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two searches. */
  interval: number;
}

/** Media that are ejected at once. */
const parallelism = 4;
/** Milliseconds for one ejection. */
const ejectTime = 480_000;

/** Ejects test media that checks of virtual media have left in controllers, until the signal aborts. */
export async function mediumTests(options: MediumTestsOptions): Promise<void> {
  const { database, sessions, log, clock, signal, interval } = options;
  const busy = new Set<Promise<void>>();
  while (!signal.aborted) {
    try {
      const session = await abortable(sessions.next(), signal);
      for (const left of await mediumTestsTake(database, session, parallelism - busy.size)) {
        const done: Promise<void> = one(left, options).finally(() => busy.delete(done));
        busy.add(done);
      }
    } catch (error) {
      if (!signal.aborted) {
        log.warn({ error: describeError(error) }, "test media could not be looked for; trying again");
      }
    }
    await clock.sleep(interval, signal).catch(() => undefined);
  }
  await Promise.all(busy);
}

/** Ejects one medium. Never rejects: if its end could not be recorded, it is taken again. */
async function one(left: MediumTestLeft, { database, controllers, log, signal }: MediumTestsOptions): Promise<void> {
  const { machineId, digest } = left;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ejectTime)]);
  try {
    await controllers.use(machineId, (controller) => mediumTestEject(controller, left, limit));
    await mediumTestEnd(database, machineId, { digest, ejected: true });
  } catch (error) {
    log.warn(
      { machine: machineId, error: describeError(error) },
      "a test medium could not be ejected; trying again later",
    );
    await mediumTestFailed(database, left).catch(() => undefined);
  }
}
