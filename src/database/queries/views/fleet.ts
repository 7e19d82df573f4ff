import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { eligibleCount, type Eligibility } from "../../eligibility.ts";
import { translate } from "../../errors.ts";
import { processes, type Process } from "../../ids.ts";
import { fleetNeeds, type FleetNeed } from "./fleet-needs.ts";
import { hardwareTotals, type HardwareTotals } from "../hardware/hardware-totals.ts";

/** The number of machines that a process may take now. */
export interface EligibleCount {
  process: Process;
  provider: string;
  machines: number;
}

/** The fleet in numbers. */
export interface FleetSummary {
  machines: number;
  /** By state; states without machines are left out. */
  states: Record<string, number>;
  /** Machines with a request and no final result for it. */
  pending: number;
  eligible: EligibleCount[];
  /** Live sessions, by component. */
  sessions: Record<string, number>;
  work: Record<string, number>;
  /** Backoffs that have not ended, by process. */
  backoffs: Record<string, number>;
  /** Machines by their health, as far as it is a warning or critical. */
  unhealthy: Record<string, number>;
  /** Controllers that can't be used, by the code of their error. */
  failingControllers: Record<string, number>;
  /** Providers by what is wrong with them: held, unreachable, problems; and "file" for files of providers that are not in order. */
  providerTroubles: Record<string, number>;
  hardware: HardwareTotals;
  needs: FleetNeed[];
  at: Date;
}

/** What counts the fleet, each by an index: rows of `key` and `count`. */
export const fleetCounts = {
  states: sql`SELECT state AS key, count(*) AS count FROM machine_state GROUP BY state`,
  pending: sql`SELECT 'all' AS key, count(*) AS count FROM machine_state WHERE installation = 'pending'`,
  sessions: sql`SELECT session_component AS key, count(*) AS count FROM sessions WHERE session_deadline > now() GROUP BY 1`,
  work: sql`SELECT process AS key, count(*) AS count FROM work GROUP BY 1`,
  backoffs: sql`SELECT process AS key, count(*) AS count FROM work_backoff WHERE backoff_until > now() GROUP BY 1`,
  unhealthy: sql`
    SELECT rollup AS key, count(*) AS count FROM machine_health WHERE rollup IN ('warning', 'critical') GROUP BY 1`,
  failingControllers: sql`
    SELECT failed_code AS key, count(*) AS count FROM machine_controller_contact WHERE failed_at IS NOT NULL GROUP BY 1`,
  providerTroubles: sql`
    SELECT 'held' AS key, count(*) AS count FROM provider WHERE held_since IS NOT NULL
    UNION ALL SELECT 'unreachable', count(*) FROM provider WHERE unreachable_since IS NOT NULL AND session_id IS NOT NULL
    UNION ALL SELECT 'problems', count(*) FROM provider WHERE problems <> '{}' AND session_id IS NOT NULL
    UNION ALL SELECT 'file', count(*) FROM session_providers_file f JOIN sessions s ON s.session_id = f.session_id
      WHERE f.problem IS NOT NULL AND s.session_deadline > now()`,
} as const satisfies Record<string, RawBuilder<unknown>>;

/**
 * Counts the fleet, using indexes only.
 * @throws {DatabaseError} `unavailable`
 */
export async function fleetSummary(database: Database): Promise<FleetSummary> {
  try {
    const [
      states,
      pending,
      sessions,
      work,
      backoffs,
      unhealthy,
      failingControllers,
      providerTroubles,
      hardware,
      needs,
    ] = await Promise.all([
      counts(database, fleetCounts.states),
      counts(database, fleetCounts.pending),
      counts(database, fleetCounts.sessions),
      counts(database, fleetCounts.work),
      counts(database, fleetCounts.backoffs),
      counts(database, fleetCounts.unhealthy),
      counts(database, fleetCounts.failingControllers),
      counts(database, fleetCounts.providerTroubles),
      hardwareTotals(database),
      fleetNeeds(database),
    ]);
    const { rows } = await sql<{ at: Date }>`SELECT now() AS at`.execute(database.kysely);
    return {
      machines: Object.values(states).reduce((sum, count) => sum + count, 0),
      states,
      pending: pending["all"] ?? 0,
      eligible: await eligibleCounts(database),
      sessions,
      work,
      backoffs,
      unhealthy,
      failingControllers,
      providerTroubles,
      hardware,
      needs,
      at: rows[0]?.at ?? new Date(0),
    };
  } catch (error) {
    throw translate(error);
  }
}

async function counts(database: Database, query: RawBuilder<unknown>): Promise<Record<string, number>> {
  const { rows } = await sql<{ key: string; count: bigint }>`${query}`.execute(database.kysely);
  return Object.fromEntries(rows.map(({ key, count }) => [key, Number(count)]));
}

/** Maximum number of candidates that are checked one by one with the predicate itself, at 40 µs each. */
const lookedAt = 2_000;

/**
 * For each process and provider, the number of machines that the process may take now: by the claiming predicate, or,
 * if there are many, by the stored states, which follow the same definition with a delay of some seconds.
 * @throws {DatabaseError} `unavailable`
 */
export async function eligibleCounts(database: Database, limit: number = lookedAt): Promise<EligibleCount[]> {
  const found: EligibleCount[] = [];
  for (const process of processes) {
    for (const provider of await candidateProviders(database, process)) {
      const few = (await candidatesUpTo(database, { process, provider }, limit + 1)) <= limit;
      const machines = few
        ? await eligibleCount(database, { process, provider })
        : await eligibleCountStored(database, { process, provider });
      found.push({ process, provider, machines });
    }
  }
  return found;
}

async function candidatesUpTo(database: Database, { process, provider }: Eligibility, limit: number): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    SELECT count(*) FROM (
      SELECT FROM machine_state WHERE candidate = ${process} AND provider = ${provider} LIMIT ${limit}
    ) c`.execute(database.kysely);
  return Number(rows[0]?.count ?? 0n);
}

/** Candidates without work and without a backoff. */
async function eligibleCountStored(database: Database, { process, provider }: Eligibility): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    SELECT (SELECT count(*) FROM machine_state WHERE candidate = ${process} AND provider = ${provider}) - (
      SELECT count(*) FROM machine_state c JOIN (
        SELECT machine_id FROM work
        UNION SELECT machine_id FROM work_backoff WHERE process = ${process} AND backoff_until > now()
      ) h ON h.machine_id = c.machine_id
      WHERE c.candidate = ${process} AND c.provider = ${provider}
    ) AS count`.execute(database.kysely);
  return Number(rows[0]?.count ?? 0n);
}

/** Skips from provider to provider in the index: a DISTINCT would read all of the process' machines. */
async function candidateProviders(database: Database, process: Process): Promise<string[]> {
  const { rows } = await sql<{ provider: string }>`
    WITH RECURSIVE found AS (
      (SELECT provider FROM machine_state WHERE candidate = ${process} AND provider IS NOT NULL ORDER BY provider LIMIT 1)
      UNION ALL
      SELECT (SELECT s.provider FROM machine_state s
        WHERE s.candidate = ${process} AND s.provider > f.provider ORDER BY s.provider LIMIT 1)
      FROM found f WHERE f.provider IS NOT NULL
    )
    SELECT provider FROM found WHERE provider IS NOT NULL`.execute(database.kysely);
  return rows.map((row) => row.provider);
}
