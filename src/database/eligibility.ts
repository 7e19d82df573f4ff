// Which machines each process may take. The list and the count come from one predicate each.
import { sql, type RawBuilder } from "kysely";
import type { Database } from "./connect.ts";
import { translate } from "./errors.ts";
import type { Process } from "./ids.ts";

/** One process on the machines of one provider. */
export interface Eligibility {
  process: Process;
  provider: string;
}

/** Agent start and recovery exclude each other on a machine. */
const noWork = sql`NOT EXISTS (
  SELECT FROM work w WHERE w.machine_id = m.machine_id AND w.process IN ('ShepherdAgentStart', 'ShepherdRecovery')
)`;

const noBackoff = (process: Process): RawBuilder<unknown> => sql`NOT EXISTS (
  SELECT FROM work_backoff b
  WHERE b.machine_id = m.machine_id AND b.process = ${process} AND b.backoff_until > now()
)`;

const providedBy = (provider: string): RawBuilder<unknown> => sql`EXISTS (
  SELECT FROM machine_provided p WHERE p.machine_id = m.machine_id AND p.provider = ${provider}
)`;

/**
 * The predicate on `machines m` that says whether the process may take it now. What it is made of (agent_wanted,
 * agent_silent) is defined in the schema, where the stored state of a machine comes from the same.
 */
export function eligible({ process, provider }: Eligibility): RawBuilder<unknown> {
  switch (process) {
    case "ShepherdAgentStart":
      return sql`${providedBy(provider)}
        AND NOT EXISTS (SELECT FROM machine_agent_started a WHERE a.machine_id = m.machine_id)
        AND agent_wanted(m.machine_id) AND ${noWork} AND ${noBackoff(process)}`;
    case "ShepherdRecovery":
      return sql`${providedBy(provider)} AND agent_silent(m.machine_id)
        AND agent_wanted(m.machine_id) AND ${noWork} AND ${noBackoff(process)}`;
  }
}

/**
 * Where to look for eligible machines: `machines m`, by the index over the stored states, so that no look scans the fleet.
 * Whoever time alone makes eligible is there once the janitor has noticed.
 */
export function candidates({ process, provider }: Eligibility): RawBuilder<unknown> {
  return sql`machine_state c JOIN machines m ON m.machine_id = c.machine_id
    WHERE c.candidate = ${process} AND c.provider = ${provider}`;
}

/**
 * How many machines the process may take now.
 * @throws {DatabaseError} `unavailable`
 */
export async function eligibleCount(database: Database, eligibility: Eligibility): Promise<number> {
  const query = sql<{ count: bigint }>`
    SELECT count(*) FROM ${candidates(eligibility)} AND ${eligible(eligibility)}`;
  const { rows } = await query.execute(database.kysely).catch((error: unknown) => Promise.reject(translate(error)));
  return Number(rows[0]?.count ?? 0n);
}
