import type { Database } from "../database/connect.ts";
import { cameUpTargetSeen, type CameUpTarget } from "../database/queries/came-up/came-up-target-seen.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";

/** Milliseconds between two times that a listener is recorded: a tenth of the time for which it counts. */
const pace = 60_000;

/**
 * Records where reports are taken, and again every minute until it is disposed of, so that every process that makes
 * requests knows it. The first time is over when this resolves. The record stays: a restart is no reason to expect no
 * reports.
 * @throws {DatabaseError} `unavailable`
 */
export async function cameUpAnnounce(
  database: Database,
  target: CameUpTarget,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<AsyncDisposable> {
  await cameUpTargetSeen(database, target);
  const stop = new AbortController();
  const { signal } = stop;
  const repeating = (async () => {
    for (;;) {
      await clock.sleep(pace, signal);
      await cameUpTargetSeen(database, target).catch((error: unknown) =>
        log.warn({ error: describeError(error) }, "could not record where installed systems report; trying again"),
      );
    }
  })().catch(() => undefined); // It ends with the signal alone.
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await repeating;
    },
  };
}
