import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { machineLock } from "../../machine-lock.ts";

/** What a caller that knows the path of a boot medium gets. */
export interface MediumGrant {
  machineId: MachineId;
  /** `configured`: with the machine's configuration; `blank`: without, because its agent has enrolled. */
  content: "configured" | "blank";
  /** Whether the window's token was handed out before. */
  given: boolean;
}

interface Row {
  machine_id: MachineId;
  allowed: boolean;
  fetched: boolean;
  enrolled: boolean;
  given: boolean;
}

/**
 * Whether a caller at this address may fetch the boot medium whose path has this digest; undefined if there is no such
 * medium, its window is over, or the address is not the controller's, which is recorded.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumGrant(
  database: Database,
  { mediumDigest, address }: { mediumDigest: Uint8Array; address: string },
): Promise<MediumGrant | undefined> {
  const digest = Buffer.from(mediumDigest);
  try {
    const { rows } = await sql<Row>`
      SELECT w.machine_id, ${address}::inet = ANY (w.fetchers) AS allowed, w.fetched_at IS NOT NULL AS fetched,
        w.enrolled_at IS NOT NULL AS enrolled, w.given_at IS NOT NULL AS given
      FROM machine_boot_window w
      WHERE w.medium_digest = ${digest} AND w.closed_at IS NULL AND w.closes_at > now()
        AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id)`.execute(database.kysely);
    const [row] = rows;
    if (row === undefined) {
      return undefined;
    }
    if (!row.allowed) {
      await sql`
        UPDATE machine_boot_window SET refused_fetcher = ${address}::inet
        WHERE medium_digest = ${digest} AND refused_fetcher IS DISTINCT FROM ${address}::inet`.execute(database.kysely);
      return undefined;
    }
    if (!row.fetched) {
      await sql`UPDATE machine_boot_window SET fetched_at = now() WHERE medium_digest = ${digest} AND fetched_at IS NULL`.execute(
        database.kysely,
      );
    }
    return { machineId: row.machine_id, content: row.enrolled ? "blank" : "configured", given: row.given };
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Records that the token of a boot medium is handed out. The token is derived from the medium's path, so that every
 * fetch has the same bytes. False if the window is over meanwhile; then it must not be sent.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumTokenGive(
  database: Database,
  give: { machineId: MachineId; mediumDigest: Uint8Array; tokenDigest: Uint8Array; actor: Actor; address: string },
): Promise<boolean> {
  const { machineId, actor, address } = give;
  return transact(database, null, async (tx) => {
    await machineLock(tx, machineId);
    const { rows } = await sql<{ window_id: string; first: boolean }>`
      WITH before AS (SELECT window_id, given_at IS NULL AS first FROM machine_boot_window WHERE machine_id = ${machineId})
      UPDATE machine_boot_window w SET token_digest = ${Buffer.from(give.tokenDigest)}, given_at = coalesce(w.given_at, now())
      FROM before b
      WHERE w.machine_id = ${machineId} AND b.window_id = w.window_id
        AND w.medium_digest = ${Buffer.from(give.mediumDigest)} AND w.closed_at IS NULL AND w.closes_at > now()
        AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id)
      RETURNING w.window_id, b.first`.execute(tx);
    const [window] = rows;
    if (window?.first === true) {
      const detail = { window: window.window_id, address, by: "medium" };
      await historyAppend(tx, [{ machineId, actor, event: "boot_token_given", detail }]);
    }
    return window !== undefined;
  });
}

/** How far the medium of a machine's newest window came. */
export interface MediumProgress {
  fetched: boolean;
  /** An address that asked for the medium and is not the controller's. */
  refusedFetcher?: string;
}

/**
 * How far the boot medium of a machine's newest window came; undefined if that window has none.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumProgress(database: Database, machineId: MachineId): Promise<MediumProgress | undefined> {
  const { rows } = await sql<{ fetched: boolean; refused: string | null }>`
    SELECT fetched_at IS NOT NULL AS fetched, host(refused_fetcher) AS refused
    FROM machine_boot_window WHERE machine_id = ${machineId} AND way = 'medium'`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined
    ? undefined
    : { fetched: row.fetched, ...(row.refused === null ? {} : { refusedFetcher: row.refused }) };
}
