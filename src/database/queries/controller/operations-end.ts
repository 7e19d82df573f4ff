import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";
import { operationPatience } from "./operation.ts";

const interrupted =
  "the shepherd that carried it out was lost meanwhile: it may have been done or not. Look at the machine, then ask again";
const expired = `no shepherd took it within ${operationPatience} s, and it is not done any more. Is one running that reaches this machine?`;

/**
 * Ends operations that must no longer be carried out: those that a lost shepherd may have sent, and those that no
 * shepherd took in time. A change of a password that was begun is not ended: it is repeated with the same password, unless
 * the machine's controller was removed meanwhile.
 * Resolves to their number.
 * @throws {DatabaseError} `unavailable`
 */
export async function operationsEnd(source: Database["kysely"] | Tx): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE controller_operation o SET ended_at = now(), sealed_password = NULL,
      failed_code = CASE WHEN sent_at IS NULL THEN 'expired' ELSE 'interrupted' END,
      failed_cause = CASE WHEN sent_at IS NULL THEN ${expired} ELSE ${interrupted} END
    WHERE ended_at IS NULL AND session_id IS NULL
      AND ((
        sent_at IS NOT NULL
        AND (kind <> 'password' OR NOT EXISTS (SELECT FROM machine_controller c WHERE c.machine_id = o.machine_id))
      ) OR (
        sent_at IS NULL AND asked_at < now() - make_interval(secs => ${operationPatience})
        -- An operation that waits for an earlier one of its machine is late without a shepherd's fault.
        AND NOT EXISTS (
          SELECT FROM controller_operation b
          WHERE b.machine_id = o.machine_id AND b.ended_at IS NULL AND b.session_id IS NOT NULL
        )
      ))`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return Number(numAffectedRows ?? 0n);
}

/**
 * Deletes operations that ended more than 30 days ago: until then a repeated request id finds its answer. Resolves to their number.
 * @throws {DatabaseError} `unavailable`
 */
export async function operationsForget(database: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM controller_operation WHERE ended_at < now() - interval '30 days'`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return Number(numAffectedRows ?? 0n);
}
