// Which machines each process may take. The list and the count come from one predicate each.
import { sql, type RawBuilder } from "kysely";
import type { Database } from "./connect.ts";
import { translate } from "./errors.ts";
import type { Process } from "./ids.ts";

/** How long an agent may be silent. Seconds. */
export interface SilenceThresholds {
  /** Since it was started, without any heartbeat: 30 minutes. */
  started: number;
  /** Since its last heartbeat: 10 minutes. */
  heartbeat: number;
}

export const defaultSilence: SilenceThresholds = { started: 30 * 60, heartbeat: 10 * 60 };

/** One process on the machines of one provider. */
export interface Eligibility {
  process: Process;
  provider: string;
  silence: SilenceThresholds;
}

/** Pending or not installed: there is something that an agent would be needed for. */
const wantsAgent = sql`(
  NOT EXISTS (SELECT FROM machine_os_installed d WHERE d.machine_id = m.machine_id)
  OR EXISTS (
    SELECT FROM machine_os_installation_request q
    LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
    WHERE q.machine_id = m.machine_id AND installation_pending(q.generation, r.generation)
  )
)`;

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

/** A server was there to hear an agent for all of that time: silence counts only then. */
const serverAliveFor = (seconds: number): RawBuilder<unknown> => sql`EXISTS (
  SELECT FROM sessions s WHERE s.session_component = 'server' AND s.session_deadline > now()
    AND s.session_created_at <= now() - make_interval(secs => ${seconds})
)`;

/**
 * The agent of m is lost: it was started over `started` seconds ago and never heard since, or it was heard since then but
 * not for over `heartbeat` seconds.
 */
const agentSilent = (silence: SilenceThresholds): RawBuilder<unknown> => sql`EXISTS (
  SELECT FROM machine_agent_started a
  LEFT JOIN machine_agent_heartbeat h ON h.machine_id = a.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
  WHERE a.machine_id = m.machine_id AND (
    (h.machine_id IS NULL AND a.agent_started_at < now() - make_interval(secs => ${silence.started})
      AND ${serverAliveFor(silence.started)})
    OR (h.agent_heartbeat_at < now() - make_interval(secs => ${silence.heartbeat})
      AND ${serverAliveFor(silence.heartbeat)})
  )
)`;

/** The predicate on `machines m` that says whether the process may take it now. */
export function eligible({ process, provider, silence }: Eligibility): RawBuilder<unknown> {
  switch (process) {
    case "ShepherdAgentStart":
      return sql`${providedBy(provider)}
        AND NOT EXISTS (SELECT FROM machine_agent_started a WHERE a.machine_id = m.machine_id)
        AND ${wantsAgent} AND ${noWork} AND ${noBackoff(process)}`;
    case "ShepherdRecovery":
      return sql`${providedBy(provider)} AND ${agentSilent(silence)}
        AND ${wantsAgent} AND ${noWork} AND ${noBackoff(process)}`;
  }
}

/**
 * How many machines the process may take now.
 * @throws {DatabaseError} `unavailable`
 */
export async function eligibleCount(database: Database, eligibility: Eligibility): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`SELECT count(*) FROM machines m WHERE ${eligible(eligibility)}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return Number(rows[0]?.count ?? 0n);
}
