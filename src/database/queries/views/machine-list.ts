import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { systemClock, type Clock } from "../../../lib/clock.ts";
import type { MachineId } from "../../ids.ts";
import { machineStates, type MachineStateName } from "../../machine-state.ts";
import { listFilters, nameBegins, type ListFilter, type MachineFilter } from "./machine-list-filter.ts";
import type { MachineRecord } from "./machine-record.ts";
import { machinesShow } from "../machine/machine-show.ts";
import { defined } from "../../../lib/defined.ts";

/** The sort orders of machines; each has indexes, with the id as tie-breaker. */
export const machineSorts = ["id", "name", "created", "state", "since"] as const;
export type MachineSort = (typeof machineSorts)[number];

/** The filters and the order of a list. */
export interface MachineListQuery extends MachineFilter {
  sort: MachineSort;
  descending: boolean;
}

/** The position after a page: the sort columns of its last machine. Times are microseconds since 1970. */
export type MachineListCursor = [...keys: string[], machineId: string];

/** A page of machines. */
export interface MachineListPage {
  machines: MachineRecord[];
  /** Absent on the last page. */
  next?: MachineListCursor;
}

interface SortColumn {
  column: RawBuilder<unknown>;
  /** The column as text, for the cursor. */
  text: RawBuilder<unknown>;
  /** The column's value from that text. */
  value: (text: string) => RawBuilder<unknown>;
}

const textColumn = (column: RawBuilder<unknown>): SortColumn => ({
  column,
  text: column,
  value: (text) => sql`${text}`,
});
const timeColumn = (column: RawBuilder<unknown>): SortColumn => ({
  column,
  text: sql`(extract(epoch FROM ${column}) * 1000000)::bigint::text`,
  // A Date would lose the last three digits.
  value: (text) => sql`('epoch'::timestamptz + ${text}::bigint * interval '1 microsecond')`,
});
const idColumn: SortColumn = {
  column: sql`s.machine_id`,
  text: sql`s.machine_id::text`,
  value: (text) => sql`${text}::uuid`,
};

/** The columns of each order; the id comes last. */
const sortColumns: Record<MachineSort, readonly SortColumn[]> = {
  id: [idColumn],
  name: [textColumn(sql`s.name`), idColumn],
  created: [timeColumn(sql`s.machine_created_at`), idColumn],
  // By the bytes of the name, as JavaScript sorts, whatever the database's collation is.
  state: [textColumn(sql`s.state COLLATE "C"`), timeColumn(sql`s.since`), idColumn],
  since: [timeColumn(sql`s.since`), idColumn],
};

/** The number of strings in a cursor of this order. */
export function machineCursorLength(sort: MachineSort): number {
  return sortColumns[sort].length;
}

/** Limits of the search for a page; tests change them. */
export interface MachineListEffort {
  /**
   * If at most `few` machines match a filter, they are looked up first and then sorted; otherwise the order is walked.
   */
  few: number;
  /** Machines checked at a time when the order is walked and a filter is not in its index. */
  chunk: number;
  /** Milliseconds after which the search for a page stops. */
  milliseconds: number;
  clock: Clock;
}

const usualEffort: MachineListEffort = { few: 6_000, chunk: 400, milliseconds: 15, clock: systemClock };

/**
 * A page of machines. If a filter matches few of many machines, the page may be short or even empty although more
 * follow, so that no page takes much longer than another.
 */
export async function machineList(
  database: Database,
  query: MachineListQuery & { limit: number; after?: MachineListCursor },
  effort: MachineListEffort = usualEffort,
): Promise<MachineListPage> {
  const filters = listFilters(query, { prefix: !prefixIndexed(query) });
  const page = await machineListKeys(database, query, filters, effort).catch((error: unknown) =>
    Promise.reject(translate(error)),
  );
  const machines = await machinesShow(
    database,
    page.keys.map((key) => key.at(-1) as MachineId),
  );
  return { machines, ...defined({ next: page.next }) };
}

/** When sorted by name, names with a common prefix are adjacent: the walk is limited to them. */
function prefixIndexed({ sort, namePrefix }: MachineListQuery): boolean {
  return sort === "name" && namePrefix !== "";
}

interface KeyRow {
  key: MachineListCursor;
  holds: boolean;
}

interface KeyPage {
  keys: MachineListCursor[];
  next?: MachineListCursor;
}

async function machineListKeys(
  database: Database,
  query: MachineListQuery & { limit: number; after?: MachineListCursor },
  filters: readonly ListFilter[],
  { few, chunk, milliseconds, clock }: MachineListEffort,
): Promise<KeyPage> {
  const { limit } = query;
  if (filters.length === 0) {
    return pageOf(await keysOf(database, machineListWalk(query, query.after, limit + 1)), limit);
  }
  const narrowest = await filterNarrowest(database, filters, few);
  if (narrowest !== undefined) {
    const rows = await keysOfFew(database, machineListFew(query, narrowest, filters, limit + 1, few));
    if (rows !== undefined) {
      return pageOf(rows, limit);
    }
  }
  const keys: MachineListCursor[] = [];
  const begun = clock.monotonic();
  let after = query.after;
  do {
    const rows = await keysOf(database, machineListHolds(machineListWalk(query, after, chunk), filters));
    keys.push(...rows.filter(({ holds }) => holds).map(({ key }) => key));
    after = rows.at(-1)?.key;
    if (keys.length > limit) {
      return pageOf(
        keys.map((key) => ({ key })),
        limit,
      );
    }
    if (rows.length < chunk || after === undefined) {
      return { keys };
    }
  } while (clock.monotonic() - begun < milliseconds);
  return { keys, next: after };
}

function pageOf(rows: readonly { key: MachineListCursor }[], limit: number): KeyPage {
  const keys = rows.slice(0, limit).map(({ key }) => key);
  const next = rows.length > limit ? keys.at(-1) : undefined;
  return { keys, ...defined({ next }) };
}

async function keysOf(database: Database, query: RawBuilder<unknown>): Promise<KeyRow[]> {
  const { rows } = await (query as RawBuilder<KeyRow>).execute(database.kysely);
  return rows;
}

/** Undefined if there are more than `few`, because estimates may be far too low. Then the order is walked after all. */
async function keysOfFew(database: Database, query: RawBuilder<unknown>): Promise<KeyRow[] | undefined> {
  const { rows } = await (query as RawBuilder<KeyRow | { key: null }>).execute(database.kysely);
  const found = rows.filter((row): row is KeyRow => row.key !== null);
  return found.length === rows.length ? found : undefined;
}

/** The filter to look up first, if there is one, according to the planner's estimate. */
export async function filterNarrowest(
  database: Database,
  filters: readonly ListFilter[],
  few: number,
): Promise<ListFilter | undefined> {
  let narrowest: { filter: ListFilter; rows: number } | undefined;
  for (const filter of filters) {
    const { rows } = await sql<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>`
      EXPLAIN (FORMAT JSON) ${filter.machines()}`.execute(database.kysely);
    const estimate = rows[0]?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? Infinity;
    if (estimate <= few && estimate < (narrowest?.rows ?? Infinity)) {
      narrowest = { filter, rows: estimate };
    }
  }
  return narrowest?.filter;
}

function order(columns: readonly SortColumn[], descending: boolean): RawBuilder<unknown> {
  const direction = descending ? sql`DESC` : sql`ASC`;
  return sql.join(
    columns.map(({ column }) => sql`${column} ${direction}`),
    sql`, `,
  );
}

function beyond(columns: readonly SortColumn[], after: MachineListCursor, descending: boolean): RawBuilder<unknown> {
  const names = sql.join(columns.map(({ column }) => column));
  const values = sql.join(columns.map(({ value }, index) => value(after[index] ?? "")));
  return descending ? sql`(${names}) < (${values})` : sql`(${names}) > (${values})`;
}

const keyOf = (columns: readonly SortColumn[]): RawBuilder<unknown> =>
  sql`ARRAY[${sql.join(columns.map(({ text }) => text))}]`;

/** Walks the order: takes the first rows of each state (and provider) by index, then the first of all those. */
export function machineListWalk(
  query: MachineListQuery,
  after: MachineListCursor | undefined,
  limit: number,
): RawBuilder<unknown> {
  const columns = sortColumns[query.sort];
  const states = [...new Set(query.states.length === 0 ? machineStates : query.states)];
  return sql`
    SELECT ${keyOf(columns)} AS key, true AS holds FROM (${walkBranches(query, states, after, limit)}) s
    ORDER BY ${order(columns, query.descending)} LIMIT ${limit}`;
}

function walkBranches(
  query: MachineListQuery,
  states: readonly MachineStateName[],
  after: MachineListCursor | undefined,
  limit: number,
): RawBuilder<unknown> {
  if (query.sort !== "state") {
    return walkBranch(query, states, sortColumns[query.sort], after, limit);
  }
  // Within one state the order is by time only: the cursor's state is continued, and later states begin at their start.
  const columns = sortColumns.since;
  if (after === undefined) {
    return walkBranch(query, states, columns, undefined, limit);
  }
  const [at, ...rest] = after;
  const begun = states.filter((state) => state === at);
  const behind = states.filter((state) => (query.descending ? state < at : state > at));
  return sql`
    (${walkBranch(query, begun, columns, rest as unknown as MachineListCursor, limit)})
    UNION ALL
    (${walkBranch(query, behind, columns, undefined, limit)})`;
}

function walkBranch(
  query: MachineListQuery,
  states: readonly MachineStateName[],
  columns: readonly SortColumn[],
  after: MachineListCursor | undefined,
  limit: number,
): RawBuilder<unknown> {
  const byProvider = query.providers.length > 0;
  return sql`
    SELECT st.state, x.* FROM unnest(${[...states]}::text[]) AS st (state)
    ${byProvider ? sql`CROSS JOIN unnest(${[...new Set(query.providers)]}::text[]) AS pr (provider)` : sql``}
    CROSS JOIN LATERAL (
      SELECT ${sql.join(columns.map(({ column }) => column))} FROM machine_state s
      WHERE ${byProvider ? sql`s.provider_state = pr.provider || ' ' || st.state` : sql`s.state = st.state`}
        ${after === undefined ? sql`` : sql`AND ${beyond(columns, after, query.descending)}`}
        ${prefixIndexed(query) ? sql`AND ${nameBegins(query.namePrefix)}` : sql``}
      ORDER BY ${order(columns, query.descending)} LIMIT ${limit}
    ) x`;
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

/**
 * Looks up the few machines that match one filter, and sorts those that match all. If there are too many, returns one
 * row without a key.
 */
export function machineListFew(
  query: MachineListQuery & { after?: MachineListCursor },
  narrowest: ListFilter,
  filters: readonly ListFilter[],
  limit: number,
  fewMachines: number = usualEffort.few,
): RawBuilder<unknown> {
  const columns = sortColumns[query.sort];
  const others = filters.filter((filter) => filter !== narrowest).map(({ holds }) => holds);
  const conditions = [
    sql`n.few <= ${fewMachines}`,
    ...others,
    ...(query.states.length === 0 ? [] : [sql`s.state = ANY (${[...query.states]}::text[])`]),
    ...(query.providers.length === 0 ? [] : [sql`s.provider = ANY (${[...query.providers]}::text[])`]),
    ...(query.after === undefined ? [] : [beyond(columns, query.after, query.descending)]),
    ...(prefixIndexed(query) ? [nameBegins(query.namePrefix)] : []),
  ];
  return sql`
    WITH few AS MATERIALIZED (${narrowest.machines(fewMachines + 1)}),
    n AS MATERIALIZED (SELECT count(*) AS few FROM few)
    SELECT NULL AS key, true AS holds FROM n WHERE n.few > ${fewMachines}
    UNION ALL (
      SELECT ${keyOf(columns)}, true FROM n CROSS JOIN few f
      JOIN machine_state s ON s.machine_id = f.machine_id
      ${others.length === 0 ? sql`` : sql`JOIN machines m ON m.machine_id = f.machine_id`}
      WHERE ${sql.join(conditions, sql` AND `)}
      ORDER BY ${order(columns, query.descending)} LIMIT ${limit}
    )`;
}
