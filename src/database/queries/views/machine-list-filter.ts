import { sql, type RawBuilder } from "kysely";
import type { MachineStateName } from "../../machine-state.ts";
import { uuidRange } from "../machine/uuid-range.ts";

/** The conditions that a machine must all meet. */
export interface MachineFilter {
  /** Any of these; empty means all. */
  states: readonly MachineStateName[];
  providers: readonly string[];
  /** All of these. */
  labels: Readonly<Record<string, string>>;
  /** Empty means any. */
  namePrefix: string;
  /** The beginning of the name, the id or the provider's id, or a label's value; empty means any. */
  search: string;
  /** Only machines whose passed deadline was noticed. */
  deadlineMissed: boolean;
  /** The location that the provider tells, exactly; empty means any. */
  location: string;
}

/** A filter that the index of a sort order does not have. */
export interface ListFilter {
  /** Selects machine_id of the machines that match, by the filter's own indexes: all, or `limit` of them. */
  machines: (limit?: number) => RawBuilder<unknown>;
  /** Whether `machines m` matches. */
  holds: RawBuilder<boolean>;
}

/** What no index of a sort order has, one filter for each; `prefix` = false if the order walks names by their index. */
export function listFilters(filter: MachineFilter, { prefix }: { prefix: boolean }): ListFilter[] {
  return [
    ...(Object.keys(filter.labels).length === 0 ? [] : [labelsFilter(filter.labels)]),
    ...(filter.namePrefix === "" || !prefix ? [] : [namePrefixFilter(filter.namePrefix)]),
    ...(filter.search === "" ? [] : [searchFilter(filter.search)]),
    ...(filter.deadlineMissed ? [deadlineMissedFilter] : []),
    ...(filter.location === "" ? [] : [locationFilter(filter.location)]),
  ];
}

/** Machines whose passed deadline was noticed. */
export const deadlineMissedFilter: ListFilter = {
  machines: (limit) =>
    sql`SELECT s.machine_id FROM machine_state s WHERE s.deadline_missed_at IS NOT NULL ${upTo(limit)}`,
  holds: sql`EXISTS (
    SELECT FROM machine_state d WHERE d.machine_id = m.machine_id AND d.deadline_missed_at IS NOT NULL
  )`,
};

/** At this location of a provider. */
export function locationFilter(location: string): ListFilter {
  return {
    machines: (limit) =>
      sql`SELECT p.machine_id FROM machine_provided p WHERE p.provider_location = ${location} ${upTo(limit)}`,
    holds: sql`EXISTS (
      SELECT FROM machine_provided p WHERE p.machine_id = m.machine_id AND p.provider_location = ${location}
    )`,
  };
}

/** All of the labels, with these values. */
export function labelsFilter(labels: Readonly<Record<string, string>>): ListFilter {
  const wanted = JSON.stringify(labels);
  return {
    machines: (limit) => sql`SELECT m.machine_id FROM machines m WHERE m.labels @> ${wanted}::jsonb ${upTo(limit)}`,
    holds: sql`m.labels @> ${wanted}::jsonb`,
  };
}

/** The beginning of the name. */
export function namePrefixFilter(prefix: string): ListFilter {
  return {
    machines: (limit) => sql`SELECT m.machine_id FROM machines m WHERE ${begins(sql`m.name`, prefix)} ${upTo(limit)}`,
    holds: begins(sql`m.name`, prefix),
  };
}

/** The beginning of the name, as a condition on `machine_state s`, whose indexes have the name. */
export function nameBegins(prefix: string): RawBuilder<boolean> {
  return begins(sql`s.name`, prefix);
}

/** The beginning of the name, the id or the provider's id, or the whole value of a label. */
export function searchFilter(text: string): ListFilter {
  const range = uuidRange(text);
  const value = JSON.stringify([text]);
  const hasValue = sql`jsonb_path_query_array(m.labels, '$.*') @> ${value}::jsonb`;
  const inRange = range === undefined ? sql`false` : sql`m.machine_id BETWEEN ${range.first} AND ${range.last}`;
  return {
    machines: (limit) => {
      const parts = [
        sql`SELECT m.machine_id FROM machines m WHERE ${begins(sql`m.name`, text)}`,
        sql`SELECT m.machine_id FROM machines m WHERE ${hasValue}`,
        sql`SELECT p.machine_id FROM machine_provided p WHERE ${begins(sql`p.provider_id COLLATE "C"`, text)}`,
        ...(range === undefined ? [] : [sql`SELECT m.machine_id FROM machines m WHERE ${inRange}`]),
      ];
      return sql.join(
        parts.map((part) => sql`(${part} ${upTo(limit)})`),
        sql` UNION `,
      );
    },
    holds: sql<boolean>`(coalesce(${begins(sql`m.name`, text)}, false) OR ${inRange} OR ${hasValue} OR EXISTS (
      SELECT FROM machine_provided p
      WHERE p.machine_id = m.machine_id AND ${begins(sql`p.provider_id COLLATE "C"`, text)}
    ))`,
  };
}

function upTo(limit: number | undefined): RawBuilder<unknown> {
  return limit === undefined ? sql`` : sql`LIMIT ${limit}`;
}

/**
 * A range in the "C" collation, which orders by UTF-8 bytes and so by code points: from the prefix up to the
 * first text after all texts with it.
 */
function begins(column: RawBuilder<unknown>, prefix: string): RawBuilder<boolean> {
  const end = prefixEnd(prefix);
  return end === undefined
    ? sql<boolean>`${column} >= ${prefix}`
    : sql<boolean>`(${column} >= ${prefix} AND ${column} < ${end})`;
}

/** The first text after all texts with the prefix; undefined if there is none. Pure. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (letter) => letter.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last < 0x10_ffff) {
      // Surrogates are not characters of their own.
      const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
      return String.fromCodePoint(...points, next);
    }
  }
  return undefined;
}
