// Which machines each process may take. List and count use the same predicate.
import { sql, type RawBuilder } from "kysely";
import type { Database } from "./connect.ts";
import { translate } from "./errors.ts";
import type { Process } from "./ids.ts";
import { processDefinitions } from "./processes.ts";

/** One process on the machines of one provider. */
export interface Eligibility {
  process: Process;
  provider: string;
  /** What the shepherd that asks can use: the provider's power switch, machines' controllers, their SSH accounts. */
  switches?: StartSwitches;
}

/** By what a shepherd can start agents. */
export interface StartSwitches {
  provider: boolean;
  controllers: boolean;
  ssh?: boolean | undefined;
}

const notHeldFor = (processes: readonly Process[]): RawBuilder<unknown> => sql`NOT EXISTS (
  SELECT FROM work w WHERE w.machine_id = m.machine_id AND w.process IN (${sql.join(processes)})
)`;

const noBackoff = (process: Process): RawBuilder<unknown> => sql`NOT EXISTS (
  SELECT FROM work_backoff b
  WHERE b.machine_id = m.machine_id AND b.process = ${process} AND b.backoff_until > now()
)`;

/** It is the provider's, whose list is believed: otherwise the provider's work stops. */
const providedBy = (provider: string): RawBuilder<unknown> => sql`EXISTS (
  SELECT FROM machine_provided p WHERE p.machine_id = m.machine_id AND p.provider = ${provider}
) AND NOT EXISTS (SELECT FROM provider v WHERE v.provider = ${provider} AND v.held_since IS NOT NULL)`;

/**
 * An agent can be started on it by something. A machine that was found running is left as it is until somebody allows otherwise: what runs
 * there may be anything.
 */
const startable = ({ provider, controllers, ssh = false }: StartSwitches): RawBuilder<unknown> => sql`
  (${provider}::boolean OR (
    ${controllers}::boolean AND EXISTS (SELECT FROM machine_controller c WHERE c.machine_id = m.machine_id)
  ) OR (
    ${ssh}::boolean AND EXISTS (SELECT FROM machine_ssh h WHERE h.machine_id = m.machine_id)
  ))
  AND (start_allowed(m.machine_id)
    OR NOT EXISTS (SELECT FROM machine_found_running u WHERE u.machine_id = m.machine_id))`;

/** The predicate on `machines m` that says whether the process may take the machine now. */
export function eligible({ process, provider, switches }: Eligibility): RawBuilder<unknown> {
  const definition = processDefinitions[process];
  return sql`${providedBy(provider)} AND ${definition.eligible}
    AND ${switches === undefined ? sql`true` : startable(switches)}
    AND ${notHeldFor(definition.excludes)} AND ${noBackoff(process)}`;
}

/**
 * The candidates for eligibility: `machines m`, through the index on stored states, so that no search scans the fleet.
 * Machines that become eligible by time alone are found once the janitor has updated their state.
 */
export function candidates({ process, provider, switches }: Eligibility): RawBuilder<unknown> {
  // Most machines of a provider without power have neither, and stay candidates until an agent is started by hand.
  const reached =
    switches?.provider === false
      ? sql`AND c.machine_id IN (SELECT machine_id FROM machine_controller UNION ALL SELECT machine_id FROM machine_ssh)`
      : sql``;
  return sql`machine_state c JOIN machines m ON m.machine_id = c.machine_id
    WHERE c.candidate = ${process} AND c.provider = ${provider} ${reached}`;
}

/**
 * The number of machines that the process may take now.
 * @throws {DatabaseError} `unavailable`
 */
export async function eligibleCount(database: Database, eligibility: Eligibility): Promise<number> {
  const query = sql<{ count: bigint }>`
    SELECT count(*) FROM ${candidates(eligibility)} AND ${eligible(eligibility)}`;
  const { rows } = await query.execute(database.kysely).catch((error: unknown) => Promise.reject(translate(error)));
  return Number(rows[0]?.count ?? 0n);
}
