import { sql, type RawBuilder } from "kysely";
import type { MachineFilter } from "./machine-list-filter.ts";

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

/** A column of an order. */
export interface SortColumn {
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
export const sortColumns: Record<MachineSort, readonly SortColumn[]> = {
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

/** When sorted by name, names with a common prefix are adjacent: the walk is limited to them. */
export function prefixIndexed({ sort, namePrefix }: MachineListQuery): boolean {
  return sort === "name" && namePrefix !== "";
}

/** ORDER BY these columns. */
export function order(columns: readonly SortColumn[], descending: boolean): RawBuilder<unknown> {
  const direction = descending ? sql`DESC` : sql`ASC`;
  return sql.join(
    columns.map(({ column }) => sql`${column} ${direction}`),
    sql`, `,
  );
}

/** After this position. */
export function beyond(
  columns: readonly SortColumn[],
  after: MachineListCursor,
  descending: boolean,
): RawBuilder<unknown> {
  const names = sql.join(columns.map(({ column }) => column));
  const values = sql.join(columns.map(({ value }, index) => value(after[index] ?? "")));
  return descending ? sql`(${names}) < (${values})` : sql`(${names}) > (${values})`;
}

/** The row as a cursor. */
export const keyOf = (columns: readonly SortColumn[]): RawBuilder<unknown> =>
  sql`ARRAY[${sql.join(columns.map(({ text }) => text))}]`;
