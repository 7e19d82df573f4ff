import { type Controller, ControllerError, type ControllerErrorCode } from "../controllers/controller.ts";
import { controllerFailed } from "../database/queries/controller/controller.ts";
import { healthNote, healthProblemNote } from "../database/queries/controller/health.ts";
import type { DueLook } from "../database/queries/controller/look.ts";
import { powerNote } from "../database/queries/controller/power.ts";
import type { MachineId } from "../database/ids.ts";
import { describeError } from "../lib/errors.ts";
import type { Controllers } from "./controllers.ts";
import type { Database } from "../database/connect.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** The options of a reading. */
export interface ControllerLookOptions {
  database: Database;
  controllers: Controllers;
  log: Logger;
  metrics: Pick<Metrics, "controllerReads">;
  signal: AbortSignal;
}

/** Milliseconds for reading the power, and for reading the health, of one machine. */
const limits = { power: 120_000, health: 180_000 };

/** Failures of a controller as a whole. All others are failures of reading its machine's health. */
const whole: ReadonlySet<ControllerErrorCode> = new Set([
  "untrusted",
  "address_refused",
  "unauthorized",
  "password_change_required",
]);

/**
 * Reads a machine's power, and its health if that is due, and records both. Never rejects: `use` records a failure, and
 * the next reading is already scheduled.
 */
export async function controllerLook(due: DueLook, options: ControllerLookOptions): Promise<void> {
  const { controllers, database, log, metrics, signal } = options;
  const { machineId } = due.record;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limits.power)]);
  let what = "power" as "power" | "health";
  try {
    await controllers.use(
      machineId,
      async (controller) => {
        const power = await controller.powerGet(limited);
        await powerNote(database.kysely, machineId, { power, readFrom: "controller", answered: true });
        metrics.controllerReads.inc({ what, outcome: "ok" });
        if (due.health) {
          what = "health";
          await healthLook(machineId, controller, options);
        }
      },
      { record: due.record, brief: true, recorded: true },
    );
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    metrics.controllerReads.inc({ what, outcome: "failed" });
    if (!(error instanceof ControllerError)) {
      log.warn({ machine: machineId, error: describeError(error) }, "a look at a controller failed");
      if (limited.aborted && what === "power") {
        const cause = `it did not answer within ${limits.power / 1000} s`;
        await controllerFailed(database, machineId, { code: "unreachable", cause }).catch(() => undefined);
      }
    }
  }
}

/** Reads and records the health. A failure that is health's alone is recorded there, because the controller works. */
async function healthLook(
  machineId: MachineId,
  controller: Controller,
  { database, metrics, signal }: ControllerLookOptions,
): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limits.health)]);
  try {
    await healthNote(database, machineId, await controller.health(limited));
    metrics.controllerReads.inc({ what: "health", outcome: "ok" });
  } catch (error) {
    if (signal.aborted || (error instanceof ControllerError && whole.has(error.code))) {
      throw error;
    }
    metrics.controllerReads.inc({ what: "health", outcome: "failed" });
    const late = `reading it took longer than ${limits.health / 1000} s`;
    await healthProblemNote(database, machineId, limited.aborted ? late : describeError(error));
  }
}
