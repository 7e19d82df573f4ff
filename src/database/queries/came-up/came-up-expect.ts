import { sql } from "kysely";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** That the system which a request installs is expected to report that it came up. */
export interface CameUpExpectation {
  /** How long it is waited for after the installation's success. */
  withinSeconds: number;
  /** SHA-256 of the one-time token in the request's vendor data; absent if no server listens for reports. */
  tokenDigest?: Uint8Array;
}

/** Generations of a machine whose expectation is kept, so that a late report is known for what it is. */
const kept = 20;

/** Stores what is expected of a generation. The machine must be locked. */
export async function cameUpExpect(
  tx: Tx,
  machineId: MachineId,
  generation: Generation,
  { withinSeconds, tokenDigest }: CameUpExpectation,
): Promise<void> {
  const digest = tokenDigest === undefined ? null : Buffer.from(tokenDigest);
  await sql`
    INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256, unasked)
    VALUES (
      ${machineId}, ${generation}, ${withinSeconds}, ${digest},
      CASE WHEN ${digest}::bytea IS NULL THEN 'listener' END
    )`.execute(tx);
  await forgetOld(tx, machineId, generation);
}

/** Expects of a generation what was expected of the earlier generation that it repeats, with a token of its own. */
export async function cameUpExpectAgain(
  tx: Tx,
  machineId: MachineId,
  { earlier, generation, tokenDigest }: { earlier: Generation; generation: Generation; tokenDigest?: Uint8Array },
): Promise<void> {
  const digest = tokenDigest === undefined ? null : Buffer.from(tokenDigest);
  await sql`
    INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256, unasked)
    SELECT machine_id, ${generation}, within_seconds, ${digest}, CASE WHEN ${digest}::bytea IS NULL THEN 'listener' END
    FROM machine_came_up WHERE machine_id = ${machineId} AND generation = ${earlier}`.execute(tx);
  await forgetOld(tx, machineId, generation);
}

/** Deletes old expectations, but what is known of the installed system and the newest report stay. */
async function forgetOld(tx: Tx, machineId: MachineId, generation: Generation): Promise<void> {
  await sql`
    DELETE FROM machine_came_up c
    WHERE c.machine_id = ${machineId} AND c.generation <= ${generation - BigInt(kept)}
      AND NOT EXISTS (
        SELECT FROM machine_os_installed d WHERE d.machine_id = c.machine_id AND d.generation = c.generation
      )
      AND (c.heard_at IS NULL OR EXISTS (
        SELECT FROM machine_came_up n
        WHERE n.machine_id = c.machine_id AND n.generation > c.generation AND n.heard_at IS NOT NULL
      ))`.execute(tx);
}
