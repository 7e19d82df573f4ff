import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** Power commands that take away what runs on the machine. */
const stops: ReadonlySet<string> = new Set(["off", "soft-off", "cycle", "reset", "nmi"]);

/**
 * Checks that a power command that was not confirmed stops nothing that needs a confirmation: an installed system, or a
 * run that writes an image. To be called when the command is requested, and again right before it is sent.
 * @throws {DatabaseError} `refused`; `unavailable`
 */
export async function powerStopCheck(
  source: Database["kysely"] | Tx,
  machineId: MachineId,
  { command, confirmed }: { command: string; confirmed: boolean },
): Promise<void> {
  if (confirmed || !stops.has(command)) {
    return;
  }
  const { rows } = await sql<{ installed: boolean; writing: boolean }>`
    SELECT EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = ${machineId}) AS installed,
      EXISTS (
        SELECT FROM machine_os_installation_writer w
        WHERE w.machine_id = ${machineId} AND NOT writer_over(w.heard_at, w.ended_at, w.power_off_at)
      ) AS writing`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const { installed = false, writing = false } = rows[0] ?? {};
  if (writing) {
    throw new DatabaseError(
      "refused",
      `an image is being written to this machine's disk, and "${command}" leaves it half-written: wait for the end of the installation, or say \`--yes\` where that is meant`,
    );
  }
  if (installed) {
    throw new DatabaseError(
      "refused",
      `this machine is installed, and "${command}" stops what runs on it: say \`--yes\` where that is meant`,
    );
  }
}
