import type { Database } from "../../database/connect.ts";
import { rolloutClaim, rolloutsLetGo } from "../../database/queries/rollout/rollout-claim.ts";
import type { RolloutRequester } from "../../database/queries/rollout/rollout-order.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import { abortable } from "../abortable.ts";
import { rolloutCarryOut, type RolloutTools } from "./carry-out.ts";

/** The loop's options. */
export interface RolloutLoopOptions extends Omit<RolloutTools, "request"> {
  requester: RolloutRequester;
  database: Database;
  sessions: SessionHolder;
  clock: Clock;
  /** Milliseconds between two turns. */
  interval: number;
}

/** Carries out rollouts until the signal aborts. A rollout that fails a turn holds up no other. */
export async function rolloutLoop(options: RolloutLoopOptions): Promise<void> {
  const { database, sessions, clock, signal, log, metrics, requester } = options;
  const request: RolloutRequester["request"] = (order) => requester.request(order);
  while (!signal.aborted) {
    let outcome = "ok";
    try {
      const session = await abortable(sessions.next(), signal);
      const lost = AbortSignal.any([session.lost, signal]);
      const able = requester.problem() === undefined;
      if (!able) {
        // Another shepherd, which may use the secrets' keys, can carry them out.
        await rolloutsLetGo(database, session);
      }
      const held = able ? await rolloutClaim(database, session) : [];
      const turns = await Promise.allSettled(
        held.map((rollout) => rolloutCarryOut(rollout, { request, metrics, log, signal: lost })),
      );
      for (const turn of turns) {
        if (turn.status === "rejected") {
          outcome = "failed";
          log.warn({ error: describeError(turn.reason) }, "a turn of a rollout failed; trying again");
        }
      }
    } catch (error) {
      outcome = "failed";
      if (!signal.aborted) {
        log.warn({ error: describeError(error) }, "rollouts could not be looked for; trying again");
      }
    }
    metrics.loopRuns.inc({ loop: "rollouts", outcome });
    await clock.sleep(options.interval, signal).catch(() => undefined);
  }
}
