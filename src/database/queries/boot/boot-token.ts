import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { machineByIdentity, type MachineIdentity } from "../../machine-identity.ts";
import { machineLock } from "../../operator-command.ts";

/** A window whose token may be given out now, in SQL over `machine_boot_window w`. */
const giving = sql<boolean>`w.given_at IS NULL AND w.closed_at IS NULL AND w.enrolled_at IS NULL AND w.closes_at > now()
  AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id)`;

/**
 * Gives a machine's boot token out, once a window: the window keeps the digest of the token that the caller has made. False
 * where the identity is nobody's, or no window is open, or its token was given out: then the token must not leave.
 * @throws {DatabaseError} `unavailable`
 */
export async function bootTokenGive(
  database: Database,
  give: { identity: MachineIdentity; tokenDigest: Uint8Array; actor: Actor; address: string },
): Promise<boolean> {
  const { identity, actor, address } = give;
  // Whoever asks for nothing that is there locks nothing.
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
