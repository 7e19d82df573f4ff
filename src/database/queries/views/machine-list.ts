import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { systemClock, type Clock } from "../../../lib/clock.ts";
import type { MachineId } from "../../ids.ts";
import { machineListFew } from "./machine-list-few.ts";
import { listFilters, type ListFilter } from "./machine-list-filter.ts";
import { prefixIndexed, type MachineListCursor, type MachineListQuery } from "./machine-list-order.ts";
import { machineListHolds, machineListSeek, machineListWalk } from "./machine-list-walk.ts";
import type { MachineRecord } from "./machine-record.ts";
import { machinesShow } from "../machine/machine-show.ts";
import { defined } from "../../../lib/defined.ts";

/** A page of machines. */
export interface MachineListPage {
  machines: MachineRecord[];
  /** Absent on the last page. */
  next?: MachineListCursor;
}

/** Limits of the search for a page; tests change them. */
export interface MachineListEffort {
  /** If at most `few` machines are estimated to match a filter, they are looked up and sorted. */
  few: number;
  /** If they are not more than `some`, the order is walked until enough of them were met. */
  some: number;
  /** Rows of each state that are walked for a machine that is sought: by then it is cheaper to look all of them up. */
  walkedEach: number;
  /** Machines checked at a time where more than `some` match each filter. */
  chunk: number;
  /** Milliseconds after which the search for a page stops. */
  milliseconds: number;
  /** The same while nothing was found. */
  patience: number;
  clock: Clock;
}

const usualEffort: MachineListEffort = {
  ...{ few: 1_500, some: 30_000, walkedEach: 15 },
  ...{ chunk: 400, milliseconds: 15, patience: 200, clock: systemClock },
};

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
  effort: MachineListEffort,
): Promise<KeyPage> {
  const { limit, after } = query;
  if (filters.length === 0) {
    return pageOf(await keysOf(database, machineListWalk(query, after, limit + 1)), limit);
  }
  const { few, some, walkedEach } = effort;
  const narrowest = await filterNarrowest(database, filters, some);
  if (narrowest !== undefined) {
    const { filter, estimate } = narrowest;
    const walked = Math.ceil(walkedEach * Math.max(estimate, few));
    const seek = machineListSeek(query, after, limit + 1, { filter, filters, most: some, walked });
    const sought = estimate > few ? await keysSought(database, seek, limit) : "cut";
    const rows =
      sought === "cut" ? await keysOfFew(database, machineListFew(query, filter, filters, limit + 1, some)) : sought;
    if (rows !== "many") {
      return pageOf(rows, limit);
    }
  }
  return await keysWalked(database, query, filters, effort);
}

/** Walks the order, and checks each machine. */
async function keysWalked(
  database: Database,
  query: MachineListQuery & { limit: number; after?: MachineListCursor },
  filters: readonly ListFilter[],
  { chunk, milliseconds, patience, clock }: MachineListEffort,
): Promise<KeyPage> {
  const { limit } = query;
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
  } while (clock.monotonic() - begun < (keys.length === 0 ? patience : milliseconds));
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

/** "many": more machines match than wanted, because estimates may be far too low. */
async function keysOfFew(
  database: Database,
  query: RawBuilder<unknown>,
): Promise<{ key: MachineListCursor }[] | "many"> {
  const { rows } = await (query as RawBuilder<KeyRow | { key: null }>).execute(database.kysely);
  const found = rows.filter((row): row is KeyRow => row.key !== null);
  return found.length === rows.length ? found : "many";
}

/** "many" in the same case; "cut": a walk ended before the page was full. */
async function keysSought(
  database: Database,
  query: RawBuilder<unknown>,
  limit: number,
): Promise<{ key: MachineListCursor }[] | "many" | "cut"> {
  const { rows } = await (query as RawBuilder<{ key: MachineListCursor | null; cut: boolean }>).execute(
    database.kysely,
  );
  const found = rows.filter((row): row is { key: MachineListCursor; cut: boolean } => row.key !== null);
  if (found.length < rows.length) {
    return "many";
  }
  return found.slice(0, limit).some(({ cut }) => cut) ? "cut" : found;
}

/** A filter that few machines match. */
export interface NarrowFilter {
  filter: ListFilter;
  /** The planner's estimate of the machines. */
  estimate: number;
}

/** The filter that fewest machines match by the planner's estimate; undefined if all match more than `most`. */
export async function filterNarrowest(
  database: Database,
  filters: readonly ListFilter[],
  most: number,
): Promise<NarrowFilter | undefined> {
  let narrowest: NarrowFilter | undefined;
  for (const filter of filters) {
    const { rows } = await sql<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>`
      EXPLAIN (FORMAT JSON) ${filter.machines()}`.execute(database.kysely);
    const estimate = rows[0]?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? Infinity;
    if (estimate <= most && estimate < (narrowest?.estimate ?? Infinity)) {
      narrowest = { filter, estimate };
    }
  }
  return narrowest;
}
