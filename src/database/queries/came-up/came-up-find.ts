import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { Generation, MachineId } from "../../ids.ts";

/** The machine and the generation that a token is for. */
export interface CameUpOwner {
  machineId: MachineId;
  generation: Generation;
}

/**
 * Finds what a token is for, by its SHA-256: one row by index. A token lasts until a week after the deadline, and for an
 * hour after the first right call, so that an answer that was lost can be given again.
 * @throws {DatabaseError} `unavailable`
 */
export async function cameUpFind(database: Database, tokenDigest: Uint8Array): Promise<CameUpOwner | undefined> {
  const { rows } = await sql<{ machine_id: MachineId; generation: Generation }>`
    SELECT machine_id, generation FROM machine_came_up
    WHERE token_sha256 = ${Buffer.from(tokenDigest)}
      AND (heard_at IS NULL OR heard_at > now() - interval '1 hour')
      AND (deadline_at IS NULL OR deadline_at > now() - interval '7 days')`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined ? undefined : { machineId: row.machine_id, generation: row.generation };
}
