import type { Database } from "../database/connect.ts";
import { type BootOverride, bootOverridesTake } from "../database/queries/boot/boot-override.ts";
import type { MachineId } from "../database/ids.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { abortable } from "./abortable.ts";
import { bootOverrideRemove } from "./boot-override-remove.ts";
import type { Controllers } from "./controllers.ts";
import { controllerSwitch } from "./switch/controller-switch.ts";

/** The loop's options. */
export interface BootOverridesOptions {
  database: Database;
  sessions: SessionHolder;
  controllers: Controllers;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two searches. */
  interval: number;
}

/** Overrides that are removed at once. */
const parallelism = 16;

/**
 * Removes boot overrides that starts left behind, and those of machines that were just installed, until the signal
 * aborts. A start removes its own at its end: this loop does it where that failed, or the shepherd was killed.
 */
export async function bootOverrides(options: BootOverridesOptions): Promise<void> {
  const { database, sessions, log, clock, signal, interval } = options;
  const busy = new Map<MachineId, Promise<void>>();
  while (!signal.aborted) {
    try {
      const session = await abortable(sessions.next(), signal);
      const lost = AbortSignal.any([session.lost, signal]);
      const taken = await bootOverridesTake(database, session, {
        busy: [...busy.keys()],
        limit: parallelism - busy.size,
      });
      for (const override of taken) {
        const { machineId } = override;
        busy.set(
          machineId,
          one(override, options, lost).finally(() => busy.delete(machineId)),
        );
      }
    } catch (error) {
      if (!signal.aborted) {
        log.warn({ error: describeError(error) }, "boot overrides could not be looked for; trying again");
      }
    }
    await clock.sleep(interval, signal).catch(() => undefined);
  }
  await Promise.all(busy.values());
}

/** Removes one override. Never rejects: if its end could not be recorded, it is taken again. */
async function one(
  override: BootOverride,
  { database, controllers, log }: BootOverridesOptions,
  lost: AbortSignal,
): Promise<void> {
  const { machineId } = override;
  try {
    const by = controllerSwitch(database, controllers, machineId);
    await bootOverrideRemove(database, by, override, lost);
  } catch (error) {
    if (!lost.aborted) {
      log.warn({ machine: machineId, error: describeError(error) }, "the end of a boot override could not be recorded");
    }
  }
}
