import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { listFilters, type MachineFilter } from "./machine-list-filter.ts";

/** Those of the machines that match the filter now. @throws {DatabaseError} `unavailable` */
export async function machinesMatching(
  database: Database,
  filter: MachineFilter,
  machineIds: readonly MachineId[],
): Promise<Set<MachineId>> {
  if (machineIds.length === 0) {
    return new Set();
  }
  const { states, providers } = filter;
  const conditions = [
    ...listFilters(filter, { prefix: true }).map(({ holds }) => holds),
    ...(states.length === 0 ? [] : [sql`s.state = ANY (${[...states]}::text[])`]),
    ...(providers.length === 0 ? [] : [sql`s.provider = ANY (${[...providers]}::text[])`]),
  ];
  // One by one, as the records are read: see machinesShow.
  const { rows } = await sql<{ machine_id: MachineId }>`
    SELECT x.machine_id FROM unnest(${machineIds}::uuid[]) AS wanted (machine_id) CROSS JOIN LATERAL (
      SELECT m.machine_id FROM machines m JOIN machine_state s ON s.machine_id = m.machine_id
      WHERE m.machine_id = wanted.machine_id ${sql.join(
        conditions.map((condition) => sql`AND (${condition})`),
        sql` `,
      )} LIMIT 1
    ) x`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return new Set(rows.map((row) => row.machine_id));
}
