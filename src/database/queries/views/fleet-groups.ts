import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** What machines are grouped by. */
export type FleetGrouping = { by: "label"; label: string } | { by: "provider" } | { by: "location" };

/** The machines with one value. */
export interface FleetGroup {
  /** Absent: the machines that have none. */
  value?: string;
  machines: number;
  /** By state. */
  states: Record<string, number>;
}

/** The groups with the most machines, the largest first. */
export interface FleetGroups {
  groups: FleetGroup[];
  /** There are more groups. */
  more: boolean;
  at: Date;
}

/** Maximum number of groups. */
export const groupsLimit = 2_000;

/** Counts machines by a value and their state: by provider from an index alone, otherwise by reading all machines once. */
export function fleetGroupsQuery(grouping: FleetGrouping, limit: number = groupsLimit): RawBuilder<unknown> {
  return sql`
    SELECT g.value, sum(g.count)::bigint AS machines, jsonb_object_agg(g.state, g.count) AS states, now() AS at
    FROM (${counts(grouping)}) g GROUP BY g.value ORDER BY machines DESC, g.value LIMIT ${limit + 1}`;
}

function counts(grouping: FleetGrouping): RawBuilder<unknown> {
  switch (grouping.by) {
    case "label":
      return sql`
        SELECT m.labels ->> ${grouping.label}::text AS value, s.state, count(*)
        FROM machines m JOIN machine_state s ON s.machine_id = m.machine_id GROUP BY 1, 2`;
    case "location":
      return sql`
        SELECT nullif(p.provider_location, '') AS value, s.state, count(*)
        FROM machine_state s LEFT JOIN machine_provided p ON p.machine_id = s.machine_id GROUP BY 1, 2`;
    case "provider":
      return sql`
        SELECT split_part(c.provider_state, ' ', 1) AS value, split_part(c.provider_state, ' ', 2) AS state, c.count
        FROM (
          SELECT s.provider_state, count(*) FROM machine_state s WHERE s.provider_state IS NOT NULL GROUP BY 1
        ) c
        UNION ALL
        SELECT NULL, s.state, count(*) FROM machine_state s WHERE s.provider_state IS NULL GROUP BY 2`;
  }
}

/** @throws {DatabaseError} `unavailable` */
export async function fleetGroups(database: Database, grouping: FleetGrouping): Promise<FleetGroups> {
  const { rows } = await (
    fleetGroupsQuery(grouping) as RawBuilder<{
      value: string | null;
      machines: bigint;
      states: Record<string, number>;
      at: Date;
    }>
  )
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    groups: rows.slice(0, groupsLimit).map(({ value, machines, states }) => ({
      ...(value === null ? {} : { value }),
      machines: Number(machines),
      states,
    })),
    more: rows.length > groupsLimit,
    at: rows[0]?.at ?? new Date(),
  };
}
