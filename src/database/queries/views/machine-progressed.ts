import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** Those of the machines whose installation has reported progress after a time, and the time of the newest report. */
export async function machinesProgressed(
  database: Database,
  machineIds: ReadonlySet<MachineId>,
  after: Date,
): Promise<{ machines: MachineId[]; at: Date }> {
  const { rows } = await sql<{ machine_id: MachineId; progressed_at: Date }>`
    SELECT p.machine_id, p.progressed_at FROM machine_os_installation_progress p
    WHERE p.machine_id = ANY (${[...machineIds]}::uuid[])
      AND date_trunc('milliseconds', p.progressed_at) > ${after}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const at = Math.max(after.getTime(), ...rows.map((row) => row.progressed_at.getTime()));
  return { machines: rows.map((row) => row.machine_id), at: new Date(at) };
}
