import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { machineColumns, machineRecord, machineTables, type MachineRow } from "../views/machine-record-read.ts";
import type { MachineRecord } from "../views/machine-record.ts";

/**
 * Everything about one machine.
 * @throws {DatabaseError} `not_found`
 */
export async function machineShow(database: Database, machineId: MachineId): Promise<MachineRecord> {
  const [record] = await machinesShow(database, [machineId]);
  if (record === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${machineId}": \`farrier machine list\` shows all`);
  }
  return record;
}

/** The records of those machines that exist, in the given order. */
export async function machinesShow(database: Database, machineIds: readonly MachineId[]): Promise<MachineRecord[]> {
  if (machineIds.length === 0) {
    return [];
  }
  // One by one: a join over all machines read tables that were not analysed yet from end to end.
  const query = sql<MachineRow>`
    SELECT x.* FROM unnest(${machineIds}::uuid[]) AS wanted (machine_id) CROSS JOIN LATERAL (
      SELECT ${machineColumns} FROM ${machineTables} WHERE m.machine_id = wanted.machine_id LIMIT 1
    ) x`;
  const { rows } = await query.execute(database.kysely).catch((error: unknown) => Promise.reject(translate(error)));
  const records = new Map(rows.map((row) => [row.machine_id, machineRecord(row)]));
  return machineIds.flatMap((machineId) => records.get(machineId) ?? []);
}
