import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { eligibleCount, type Eligibility } from "../../eligibility.ts";
import { translate } from "../../errors.ts";
import { processes, type Process } from "../../ids.ts";
import { hardwareTotals, type HardwareTotals } from "../hardware/hardware-totals.ts";

/** How many machines a process may take now. */
export interface EligibleCount {
  process: Process;
  provider: string;
  machines: number;
}

/** The fleet in numbers. */
export interface FleetSummary {
  machines: number;
  /** By state; those without a machine are left out. */
  states: Record<string, number>;
  /** Machines with a request and no final result for it. */
  pending: number;
  eligible: EligibleCount[];
  /** Live ones, by component. */
  sessions: Record<string, number>;
  work: Record<string, number>;
  /** Those that are not over, by process. */
  backoffs: Record<string, number>;
  hardware: HardwareTotals;
  at: Date;
}

/**
 * Counts the fleet, by indexes alone.
 * @throws {DatabaseError} `unavailable`
 */
export async function fleetSummary(database: Database): Promise<FleetSummary> {
  try {
    const [states, pending, sessions, work, backoffs, hardware] = await Promise.all([
      counts(database, sql`SELECT state AS key, count(*) AS count FROM machine_state GROUP BY state`),
      counts(database, sql`SELECT 'all' AS key, count(*) AS count FROM machine_state WHERE installation = 'pending'`),
      counts(
        database,
        sql`SELECT session_component AS key, count(*) AS count FROM sessions WHERE session_deadline > now() GROUP BY 1`,
      ),
      counts(database, sql`SELECT process AS key, count(*) AS count FROM work GROUP BY 1`),
      counts(
        database,
        sql`SELECT process AS key, count(*) AS count FROM work_backoff WHERE backoff_until > now() GROUP BY 1`,
      ),
      hardwareTotals(database),
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
      hardware,
      at: rows[0]?.at ?? new Date(0),
    };
  } catch (error) {
    throw translate(error);
  }
}

async function counts(database: Database, query: ReturnType<typeof sql>): Promise<Record<string, number>> {
  const { rows } = await sql<{ key: string; count: bigint }>`${query}`.execute(database.kysely);
  return Object.fromEntries(rows.map(({ key, count }) => [key, Number(count)]));
}

/** Candidates that are looked at one by one, by the predicate itself: 40 µs each. */
const lookedAt = 2_000;

/**
 * For each process, how many machines of each provider it may take now: by the predicate that claims them, or, where there
 * are many, by the stored states, which are of the same definition and at most some seconds behind it.
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

/** Candidates but those that somebody works on or that are held back. */
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

/** Goes from provider to provider by the index: a DISTINCT would read all of the process's machines. */
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
