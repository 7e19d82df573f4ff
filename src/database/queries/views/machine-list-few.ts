import { sql, type RawBuilder } from "kysely";
import { nameBegins, type ListFilter } from "./machine-list-filter.ts";
import {
  beyond,
  keyOf,
  order,
  prefixIndexed,
  sortColumns,
  type MachineListCursor,
  type MachineListQuery,
} from "./machine-list-order.ts";

/**
 * Looks up the few machines that match one filter, and sorts those that match all. If there are too many, returns one
 * row without a key.
 */
export function machineListFew(
  query: MachineListQuery & { after?: MachineListCursor },
  narrowest: ListFilter,
  filters: readonly ListFilter[],
  limit: number,
  most: number,
): RawBuilder<unknown> {
  const columns = sortColumns[query.sort];
  const others = filters.filter((filter) => filter !== narrowest).map(({ holds }) => holds);
  const conditions = [
    sql`n.few <= ${most}`,
    ...others,
    ...(query.states.length === 0 ? [] : [sql`s.state = ANY (${[...query.states]}::text[])`]),
    ...(query.providers.length === 0 ? [] : [sql`s.provider = ANY (${[...query.providers]}::text[])`]),
    ...(query.after === undefined ? [] : [beyond(columns, query.after, query.descending)]),
    ...(prefixIndexed(query) ? [nameBegins(query.namePrefix)] : []),
  ];
  return sql`
    WITH few AS MATERIALIZED (${narrowest.machines(most + 1)}),
    n AS MATERIALIZED (SELECT count(*) AS few FROM few)
    SELECT NULL AS key, true AS holds FROM n WHERE n.few > ${most}
    UNION ALL (
      SELECT ${keyOf(columns)}, true FROM n CROSS JOIN few f
      JOIN machine_state s ON s.machine_id = f.machine_id
      ${others.length === 0 ? sql`` : sql`JOIN machines m ON m.machine_id = f.machine_id`}
      WHERE ${sql.join(conditions, sql` AND `)}
      ORDER BY ${order(columns, query.descending)} LIMIT ${limit}
    )`;
}
