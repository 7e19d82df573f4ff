import { sql } from "kysely";
import { isUuid } from "../../../lib/format/uuid.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import { machineId as toMachineId, type MachineId } from "../../ids.ts";
import { listFilters, type MachineFilter } from "../views/machine-list-filter.ts";

/** The most machines of a rollout. */
export const rolloutMachinesMost = 10_000;

/**
 * The machines with these ids or names, in this order.
 * @throws {DatabaseError} `not_found`, naming the first that is unknown; `unavailable`
 */
export async function rolloutMachinesNamed(database: Database, named: readonly string[]): Promise<MachineId[]> {
  const ids = named.map((text) => (isUuid(text) ? toMachineId(text) : null));
  const { rows } = await sql<{ machine_id: MachineId | null; named: string }>`
    SELECT coalesce(i.machine_id, n.machine_id) AS machine_id, w.named
    FROM unnest(${[...named]}::text[], ${ids}::uuid[]) WITH ORDINALITY AS w (named, id, place)
    LEFT JOIN machines i ON i.machine_id = w.id
    LEFT JOIN machines n ON w.id IS NULL AND n.name = w.named COLLATE "C"
    ORDER BY w.place`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const found = rows.map(({ machine_id: machineId, named: text }) => {
    if (machineId === null) {
      throw new DatabaseError("not_found", `there is no machine "${text}": \`farrier machine list\` shows all`);
    }
    return machineId;
  });
  return [...new Set(found)];
}

/** The first machines that match a filter, by name, at most one more than {@link rolloutMachinesMost}. */
export async function rolloutMachinesMatching(database: Database, filter: MachineFilter): Promise<MachineId[]> {
  const { states, providers } = filter;
  const conditions = [
    sql`true`,
    ...listFilters(filter, { prefix: true }).map(({ holds }) => holds),
    ...(states.length === 0 ? [] : [sql`s.state = ANY (${[...states]}::text[])`]),
    ...(providers.length === 0 ? [] : [sql`s.provider = ANY (${[...providers]}::text[])`]),
  ];
  const { rows } = await sql<{ machine_id: MachineId }>`
    SELECT m.machine_id FROM machines m JOIN machine_state s ON s.machine_id = m.machine_id
    WHERE ${sql.join(
      conditions.map((condition) => sql`(${condition})`),
      sql` AND `,
    )}
    ORDER BY s.name, m.machine_id LIMIT ${rolloutMachinesMost + 1}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => row.machine_id);
}
