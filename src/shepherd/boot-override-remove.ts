import { ControllerError } from "../controllers/controller.ts";
import type { Database } from "../database/connect.ts";
import { type BootOverride, bootOverrideCleared, bootOverrideFailed } from "../database/queries/boot/boot-override.ts";
import { describeError } from "../lib/errors.ts";
import type { MachineSwitch } from "./switch/machine-switch.ts";

/** Milliseconds for one removal: a start waits for it. */
const removeTime = 480_000;

/**
 * Removes a boot override, so that the machine boots from its disk, and records the outcome. A failure is recorded and
 * tried again by the loop, so it is not thrown.
 * @throws {DatabaseError} `unavailable`; the signal's reason
 */
export async function bootOverrideRemove(
  database: Database,
  by: MachineSwitch,
  override: BootOverride,
  signal: AbortSignal,
): Promise<void> {
  try {
    await by.bootToDisk(override.ways, AbortSignal.any([signal, AbortSignal.timeout(removeTime)]));
  } catch (error) {
    signal.throwIfAborted();
    return bootOverrideFailed(
      database,
      override,
      error instanceof ControllerError ? error.message : describeError(error),
    );
  }
  await bootOverrideCleared(database, override);
}
