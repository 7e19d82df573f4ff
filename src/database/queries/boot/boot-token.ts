import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { machineByIdentity, type MachineIdentity } from "../../machine-identity.ts";
import { machineLock } from "../../machine-lock.ts";

/** SQL condition on `machine_boot_window w`: the window's token may be handed out to a network boot now. */
const giving = sql<boolean>`w.way = 'network' AND w.given_at IS NULL AND w.closed_at IS NULL AND w.enrolled_at IS NULL AND w.closes_at > now()
  AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id)`;

/**
 * Hands out a machine's boot token, once per window: the window stores the digest of the token that the caller has
 * made. False if the identity matches no machine, no window is open, or its token was handed out; then the token must
 * not be sent.
 * @throws {DatabaseError} `unavailable`
 */
export async function bootTokenGive(
  database: Database,
  give: { identity: MachineIdentity; tokenDigest: Uint8Array; actor: Actor; address: string },
): Promise<boolean> {
  const { identity, actor, address } = give;
  // Checked before locking, so that a request without an open window locks nothing.
  const { rows } = await sql<{ machine_id: MachineId }>`
    SELECT w.machine_id FROM machine_boot_window w
    WHERE w.machine_id = (SELECT ${machineByIdentity(identity)}) AND ${giving}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const machineId = rows[0]?.machine_id;
  if (machineId === undefined) {
    return false;
  }
  return transact(database, null, async (tx) => {
    await machineLock(tx, machineId);
    const { rows: given } = await sql<{ window_id: string }>`
      UPDATE machine_boot_window w SET token_digest = ${Buffer.from(give.tokenDigest)}, given_at = now()
      WHERE w.machine_id = ${machineId} AND ${giving} RETURNING w.window_id`.execute(tx);
    const [window] = given;
    if (window === undefined) {
      return false;
    }
    const detail = { window: window.window_id, address };
    await historyAppend(tx, [{ machineId, actor, event: "boot_token_given", detail }]);
    return true;
  });
}
