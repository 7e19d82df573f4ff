import { sql, type RawBuilder } from "kysely";
import { machineStates, type MachineStateName } from "../../machine-state.ts";
import { nameBegins, type ListFilter } from "./machine-list-filter.ts";
import {
  beyond,
  keyOf,
  order,
  prefixIndexed,
  sortColumns,
  type MachineListCursor,
  type MachineListQuery,
  type SortColumn,
} from "./machine-list-order.ts";

/** Walks the order: takes the first rows of each state (and provider) by index, then the first of all those. */
export function machineListWalk(
  query: MachineListQuery,
  after: MachineListCursor | undefined,
  limit: number,
): RawBuilder<unknown> {
  const columns = sortColumns[query.sort];
  return sql`
    SELECT ${keyOf(columns)} AS key, true AS holds FROM (${walkBranches(query, after, limit)}) s
    ORDER BY ${order(columns, query.descending)} LIMIT ${limit}`;
}

/** Limits of a search for the machines of one filter. */
export interface Sought {
  /** The filter whose machines are sought. */
  filter: ListFilter;
  /** All filters. */
  filters: readonly ListFilter[];
  /** Maximum number of machines that match `filter`. */
  most: number;
  /** Maximum number of rows that are walked in each state. */
  walked: number;
}

/**
 * Looks up the machines of one filter, and walks the order until enough of them were met. A walk by the index alone is
 * some ten times as fast as a walk that checks each machine: it finds the machines of a filter in the last states of
 * the order too. Rows: `cut` is true where a walk ended at its limit, before the page was full: what comes after is unknown.
 * If too many match the filter, the only row has no key.
 */
export function machineListSeek(
  query: MachineListQuery,
  after: MachineListCursor | undefined,
  limit: number,
  sought: Sought,
): RawBuilder<unknown> {
  const columns = sortColumns[query.sort];
  return sql`
    WITH sought AS MATERIALIZED (${sought.filter.machines(sought.most + 1)}),
    n AS MATERIALIZED (SELECT count(*) AS matching FROM sought)
    SELECT NULL AS key, false AS cut FROM n WHERE n.matching > ${sought.most}
    UNION ALL (
      SELECT ${keyOf(columns)}, s.cut FROM n CROSS JOIN (${walkBranches(query, after, limit, sought)}) s
      WHERE n.matching <= ${sought.most}
      ORDER BY ${order(columns, query.descending)} LIMIT ${limit}
    )`;
}

function walkBranches(
  query: MachineListQuery,
  after: MachineListCursor | undefined,
  limit: number,
  sought?: Sought,
): RawBuilder<unknown> {
  const states = [...new Set(query.states.length === 0 ? machineStates : query.states)];
  if (query.sort !== "state") {
    return walkBranch(query, states, sortColumns[query.sort], after, limit, sought);
  }
  // Within one state the order is by time only: the cursor's state is continued, and later states begin at their start.
  const columns = sortColumns.since;
  if (after === undefined) {
    return walkBranch(query, states, columns, undefined, limit, sought);
  }
  const [at, ...rest] = after;
  const begun = states.filter((state) => state === at);
  const behind = states.filter((state) => (query.descending ? state < at : state > at));
  return sql`
    (${walkBranch(query, begun, columns, rest as unknown as MachineListCursor, limit, sought)})
    UNION ALL
    (${walkBranch(query, behind, columns, undefined, limit, sought)})`;
}

function walkBranch(
  query: MachineListQuery,
  states: readonly MachineStateName[],
  columns: readonly SortColumn[],
  after: MachineListCursor | undefined,
  limit: number,
  sought: Sought | undefined,
): RawBuilder<unknown> {
  const byProvider = query.providers.length > 0;
  const names = sql.join(columns.map(({ column }) => column));
  const ordered = order(columns, query.descending);
  const rows = sql`
    FROM machine_state s
    WHERE ${byProvider ? sql`s.provider_state = pr.provider || ' ' || st.state` : sql`s.state = st.state`}
      ${after === undefined ? sql`` : sql`AND ${beyond(columns, after, query.descending)}`}
      ${prefixIndexed(query) ? sql`AND ${nameBegins(query.namePrefix)}` : sql``}
    ORDER BY ${ordered} LIMIT ${sought?.walked ?? limit}`;
  return sql`
    SELECT st.state, x.* FROM unnest(${[...states]}::text[]) AS st (state)
    ${byProvider ? sql`CROSS JOIN unnest(${[...new Set(query.providers)]}::text[]) AS pr (provider)` : sql``}
    CROSS JOIN LATERAL (${
      sought === undefined
        ? sql`SELECT ${names} ${rows}`
        : sql`
          SELECT ${names}, s.n = ${sought.walked} AS cut
          FROM (SELECT ${names}, row_number() OVER (ORDER BY ${ordered}) AS n ${rows}) s
          WHERE s.n = ${sought.walked} OR ${isSought(sought)}
          ORDER BY ${ordered} LIMIT ${limit}`
    }) x`;
}

function isSought({ filter, filters }: Sought): RawBuilder<unknown> {
  const others = filters.filter((other) => other !== filter).map(({ holds }) => holds);
  // IS TRUE keeps the planner from a join, which would look up one machine for each row of the walk.
  const met = sql`(s.machine_id IN (SELECT machine_id FROM sought)) IS TRUE`;
  return others.length === 0
    ? met
    : sql`(${met} AND EXISTS (
        SELECT FROM machines m WHERE m.machine_id = s.machine_id AND ${sql.join(others, sql` AND `)}
      ))`;
}

/** The rows of a walk that match the filters. */
export function machineListHolds(walk: RawBuilder<unknown>, filters: readonly ListFilter[]): RawBuilder<unknown> {
  const holds = sql.join(
    filters.map((filter) => sql`(${filter.holds})`),
    sql` AND `,
  );
  return sql`
    WITH walked AS MATERIALIZED (SELECT w.key, row_number() OVER () AS n FROM (${walk}) w)
    SELECT w.key, (${holds}) AS holds FROM walked w
    JOIN machines m ON m.machine_id = w.key[array_length(w.key, 1)]::uuid
    ORDER BY w.n`;
}
