import { sql, type RawBuilder } from "kysely";
import { uuidRange } from "../machine/machine.ts";

/** A filter that is not in the index that an order is walked by. */
export interface ListFilter {
  /** SELECT machine_id of those that meet it, by indexes of its own: all, or some so many. */
  machines: (limit?: number) => RawBuilder<unknown>;
  /** Whether `machines m` meets it. */
  holds: RawBuilder<boolean>;
}

/** All of the labels, with these values. */
export function labelsFilter(labels: Readonly<Record<string, string>>): ListFilter {
  const wanted = JSON.stringify(labels);
  return {
    machines: (limit) => sql`SELECT m.machine_id FROM machines m WHERE m.labels @> ${wanted}::jsonb ${upTo(limit)}`,
    holds: sql`m.labels @> ${wanted}::jsonb`,
  };
}

/** What the name begins with. */
export function namePrefixFilter(prefix: string): ListFilter {
  return {
    machines: (limit) => sql`SELECT m.machine_id FROM machines m WHERE ${begins(sql`m.name`, prefix)} ${upTo(limit)}`,
    holds: begins(sql`m.name`, prefix),
  };
}

/** What the name begins with, as a condition on `machine_state s`, whose indexes have the name. */
export function nameBegins(prefix: string): RawBuilder<boolean> {
  return begins(sql`s.name`, prefix);
}

/** What the name, the id or the provider's id begins with, or the whole value of a label. */
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
 * In the "C" collation, whose order is that of the bytes of UTF-8 and so of the code points: from the prefix on, and
 * below what comes after all that begins with it.
 */
function begins(column: RawBuilder<unknown>, prefix: string): RawBuilder<boolean> {
  const end = prefixEnd(prefix);
  return end === undefined
    ? sql<boolean>`${column} >= ${prefix}`
    : sql<boolean>`(${column} >= ${prefix} AND ${column} < ${end})`;
}

/** The first text after all those that begin with the prefix; undefined where there is none. Pure. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (letter) => letter.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last < 0x10_ffff) {
      // Surrogates are no characters of their own.
      const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
      return String.fromCodePoint(...points, next);
    }
  }
  return undefined;
}
