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
  /** Machines of all groups, also of those that are left out: what the answer costs grows with it. */
  machines: number;
  at: Date;
}

/** Maximum number of groups. */
export const groupsLimit = 2_000;

/** Counts machines by a value and their state: by provider from an index alone, otherwise by reading all machines once. */
export function fleetGroupsQuery(grouping: FleetGrouping, limit: number = groupsLimit): RawBuilder<unknown> {
  return sql`
    SELECT t.at, g.value, g.machines, g.states, g.all_machines
    FROM (SELECT now() AS at) t LEFT JOIN (
      SELECT c.value, sum(c.count)::bigint AS machines, jsonb_object_agg(c.state, c.count) AS states,
        (sum(sum(c.count)) OVER ())::bigint AS all_machines
      FROM (${counts(grouping)}) c GROUP BY c.value ORDER BY machines DESC, c.value LIMIT ${limit + 1}
    ) g ON true ORDER BY g.machines DESC, g.value`;
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

interface GroupRow {
  at: Date;
  value: string | null;
  /** Null in the only row where there is no group. */
  machines: bigint | null;
  states: Record<string, number>;
  all_machines: bigint | null;
}

/** @throws {DatabaseError} `unavailable` */
export async function fleetGroups(
  database: Database,
  grouping: FleetGrouping,
  limit: number = groupsLimit,
): Promise<FleetGroups> {
  const { rows } = await (fleetGroupsQuery(grouping, limit) as RawBuilder<GroupRow>)
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    groups: rows
      .slice(0, limit)
      .flatMap(({ value, machines, states }) =>
        machines === null ? [] : [{ ...(value === null ? {} : { value }), machines: Number(machines), states }],
      ),
    more: rows.length > limit,
    machines: Number(rows[0]?.all_machines ?? 0n),
    // There is always a row.
    at: rows[0]?.at ?? new Date(0),
  };
}
