import { sql, type RawBuilder } from "kysely";
import { systemClock, type Clock } from "../../../lib/clock.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { machineStates } from "../../machine-state.ts";
import { listFilters, type ListFilter, type MachineFilter } from "./machine-list-filter.ts";
import { filterNarrowest } from "./machine-list.ts";
import type { MachineListCursor } from "./machine-list-order.ts";
import { machineListHolds, machineListWalk } from "./machine-list-walk.ts";

/** The number of machines that match. */
export interface MachineCount {
  machines: number;
  /** There may be more than these: counting was stopped by its limit, or by time. */
  more: boolean;
}

/** Limits of counting; tests change them. */
export interface MachineCountEffort {
  /** Maximum number of machines that are counted. */
  most: number;
  /** Machines checked at a time when no filter is narrow. */
  chunk: number;
  /** Milliseconds after which a walk over the machines stops. */
  milliseconds: number;
  clock: Clock;
}

const usual: MachineCountEffort = { most: 10_000, chunk: 4_000, milliseconds: 250, clock: systemClock };

/**
 * Counts the machines that match, exactly up to a limit: by an index where one filter is narrow or alone, and otherwise
 * by a walk over the machines of the wanted states that ends in time.
 * @throws {DatabaseError} `unavailable`
 */
export async function machineCount(
  database: Database,
  filter: MachineFilter,
  effort: MachineCountEffort = usual,
): Promise<MachineCount> {
  const filters = listFilters(filter, { prefix: true });
  try {
    const query = await countByIndex(database, filter, filters, effort.most + 1);
    const found = query === undefined ? undefined : await counted(database, query);
    return found === undefined ? await countByWalk(database, filter, filters, effort) : upTo(found, effort.most);
  } catch (error) {
    throw translate(error);
  }
}

const upTo = (found: number, most: number): MachineCount => ({ machines: Math.min(found, most), more: found > most });

/** Undefined if the filter was not as narrow as its estimate: then the statement says null. */
async function counted(database: Database, query: RawBuilder<unknown>): Promise<number | undefined> {
  const { rows } = await (query as RawBuilder<{ count: bigint | null }>).execute(database.kysely);
  const count = rows[0]?.count ?? undefined;
  return count === undefined ? undefined : Number(count);
}

/** The statement that counts up to `limit` machines; undefined if only a walk can tell. */
async function countByIndex(
  database: Database,
  filter: MachineFilter,
  filters: readonly ListFilter[],
  limit: number,
): Promise<RawBuilder<unknown> | undefined> {
  const [only, ...others] = filters;
  if (only === undefined) {
    return machineCountStates(filter, limit);
  }
  if (others.length === 0 && filter.states.length === 0 && filter.providers.length === 0) {
    return sql`SELECT count(*) FROM (SELECT FROM (${only.machines(limit)}) f LIMIT ${limit}) n`;
  }
  const narrowest = await filterNarrowest(database, filters, limit);
  return narrowest === undefined ? undefined : machineCountFew(filter, narrowest.filter, filters, limit);
}

/** Counts machines of states and providers, by the index that has them. */
export function machineCountStates({ states, providers }: MachineFilter, limit: number): RawBuilder<unknown> {
  const wanted = states.length === 0 ? machineStates : states;
  const condition =
    providers.length > 0
      ? sql`s.provider_state = ANY (${providers.flatMap((provider) => wanted.map((state) => `${provider} ${state}`))}::text[])`
      : states.length > 0
        ? sql`s.state = ANY (${[...states]}::text[])`
        : sql`true`;
  return sql`SELECT count(*) FROM (SELECT FROM machine_state s WHERE ${condition} LIMIT ${limit}) n`;
}

/** Counts the machines that match all, of the fewer than `limit` that one narrow filter finds; null if it finds more. */
export function machineCountFew(
  { states, providers }: MachineFilter,
  narrowest: ListFilter,
  filters: readonly ListFilter[],
  limit: number,
): RawBuilder<unknown> {
  const conditions = [
    ...filters.filter((filter) => filter !== narrowest).map(({ holds }) => holds),
    ...(states.length === 0 ? [] : [sql`s.state = ANY (${[...states]}::text[])`]),
    ...(providers.length === 0 ? [] : [sql`s.provider = ANY (${[...providers]}::text[])`]),
  ];
  return sql`
    WITH few AS MATERIALIZED (${narrowest.machines(limit)}),
    n AS MATERIALIZED (SELECT count(*) AS few FROM few)
    SELECT CASE WHEN n.few < ${limit} THEN (
      SELECT count(*) FROM few f JOIN machine_state s ON s.machine_id = f.machine_id
      JOIN machines m ON m.machine_id = f.machine_id
      WHERE n.few < ${limit} ${sql.join(
        conditions.map((condition) => sql`AND ${condition}`),
        sql` `,
      )}
    ) END AS count FROM n`;
}

async function countByWalk(
  database: Database,
  filter: MachineFilter,
  filters: readonly ListFilter[],
  { most, chunk, milliseconds, clock }: MachineCountEffort,
): Promise<MachineCount> {
  const query = { ...filter, sort: "id", descending: false } as const;
  const begun = clock.monotonic();
  let found = 0;
  let after: MachineListCursor | undefined;
  do {
    const walk = machineListHolds(machineListWalk(query, after, chunk), filters) as RawBuilder<{
      key: MachineListCursor;
      holds: boolean;
    }>;
    const { rows } = await walk.execute(database.kysely);
    found += rows.filter(({ holds }) => holds).length;
    if (found > most) {
      return upTo(found, most);
    }
    if (rows.length < chunk) {
      return { machines: found, more: false };
    }
    after = rows.at(-1)?.key;
  } while (clock.monotonic() - begun < milliseconds);
  return { machines: found, more: true };
}
