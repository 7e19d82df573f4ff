import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** Why something waits for an operator, the most urgent first. */
export const fleetNeedKinds = [
  "no-shepherd",
  "deadline-missed",
  "install-failed",
  "silent",
  "agent-lost",
  "enrollment",
  "provider-unreachable",
  "provider-held",
  "controller-failing",
  "unhealthy",
  "quarantined",
] as const;
export type FleetNeedKind = (typeof fleetNeedKinds)[number];

/** How many wait for an operator, and since when. */
export interface FleetNeed {
  kind: FleetNeedKind;
  count: number;
  /** When the oldest of them began; absent if it is unknown. */
  oldest?: Date;
}

/** Each of them by an index: rows of `kind`, `count` and `oldest`. */
export const fleetNeedsQuery = sql<{ kind: FleetNeedKind; count: bigint; oldest: Date | null }>`
  SELECT 'deadline-missed' AS kind, count(*), min(deadline_missed_at) AS oldest
    FROM machine_state WHERE deadline_missed_at IS NOT NULL
  UNION ALL SELECT 'install-failed', count(*), min(since) FROM machine_state WHERE state = 'install-failed'
  UNION ALL SELECT 'silent', count(*), min(since) FROM machine_state WHERE state = 'silent'
  UNION ALL SELECT 'agent-lost', count(*), min(since) FROM machine_state WHERE state = 'agent-lost'
  UNION ALL SELECT 'quarantined', count(*), min(since) FROM machine_state WHERE state = 'quarantined'
  UNION ALL SELECT 'enrollment', count(*), min(first_seen_at) FROM enrollment_claim WHERE rejected_at IS NULL
  UNION ALL SELECT 'provider-unreachable', count(*), min(unreachable_since)
    FROM provider WHERE unreachable_since IS NOT NULL AND session_id IS NOT NULL
  UNION ALL SELECT 'provider-held', count(*), min(held_since) FROM provider WHERE held_since IS NOT NULL
  UNION ALL SELECT 'controller-failing', count(*), min(failed_at) FROM machine_controller_contact WHERE failed_at IS NOT NULL
  UNION ALL SELECT 'unhealthy', count(*), NULL FROM machine_health WHERE rollup IN ('warning', 'critical')
  UNION ALL SELECT 'no-shepherd', count(*), NULL FROM machine_state WHERE candidate IS NOT NULL
    AND NOT EXISTS (SELECT FROM sessions WHERE session_component = 'shepherd' AND session_deadline > now())`;

/** What waits for an operator, as far as there is any. @throws {DatabaseError} `unavailable` */
export async function fleetNeeds(database: Database): Promise<FleetNeed[]> {
  const { rows } = await fleetNeedsQuery
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return fleetNeedKinds.flatMap((kind) => {
    const row = rows.find((one) => one.kind === kind);
    return row === undefined || row.count === 0n
      ? []
      : [{ kind, count: Number(row.count), ...(row.oldest === null ? {} : { oldest: row.oldest }) }];
  });
}
