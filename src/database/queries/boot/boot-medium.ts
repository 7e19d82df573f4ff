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
 * medium, its window is over, or the address is another one, which is recorded. A virtual medium is the controller's. An
 * HTTP boot is for the machine, whose firmware has an address that nobody knows before: the first address that fetches
 * it is the only one from then on.
 * @param fetch.looks it asks for the size alone, which binds no address; absent = it fetches
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumGrant(
  database: Database,
  { mediumDigest, address, looks = false }: { mediumDigest: Uint8Array; address: string; looks?: boolean },
): Promise<MediumGrant | undefined> {
  const digest = Buffer.from(mediumDigest);
  try {
    if (!looks) {
      await sql`
        UPDATE machine_boot_window w SET fetchers = ARRAY[${address}::inet]
        WHERE medium_digest = ${digest} AND way = 'http' AND fetchers = '{}' AND enrolled_at IS NULL AND closed_at IS NULL
          AND closes_at > now()
          AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id)`.execute(database.kysely);
    }
    const { rows } = await sql<Row>`
      SELECT w.machine_id, w.fetched_at IS NOT NULL AS fetched,
        ${address}::inet = ANY (w.fetchers) OR (w.fetchers = '{}' AND ${looks}) AS allowed,
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
    if (!row.fetched && !looks) {
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
    const { rows } = await sql<{ window_id: string; way: string; first: boolean }>`
      WITH before AS (SELECT window_id, given_at IS NULL AS first FROM machine_boot_window WHERE machine_id = ${machineId})
      UPDATE machine_boot_window w SET token_digest = ${Buffer.from(give.tokenDigest)}, given_at = coalesce(w.given_at, now())
      FROM before b
      WHERE w.machine_id = ${machineId} AND b.window_id = w.window_id
        AND w.medium_digest = ${Buffer.from(give.mediumDigest)} AND w.closed_at IS NULL AND w.closes_at > now()
        AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id)
      RETURNING w.window_id, w.way, b.first`.execute(tx);
    const [window] = rows;
    if (window?.first === true) {
      const detail = { window: window.window_id, address, by: window.way };
      await historyAppend(tx, [{ machineId, actor, event: "boot_token_given", detail }]);
    }
    return window !== undefined;
  });
}

/** How far the medium of a machine's newest window came. */
export interface MediumProgress {
  way: "medium" | "http";
  fetched: boolean;
  /** The addresses from which it may be fetched; none = an HTTP boot that nobody has fetched. */
  fetchers: readonly string[];
  /** Another address that asked for the medium. */
  refusedFetcher?: string;
}

/**
 * How far the boot medium of a machine's newest window came; undefined if that window has none.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumProgress(database: Database, machineId: MachineId): Promise<MediumProgress | undefined> {
  const { rows } = await sql<{
    way: MediumProgress["way"];
    fetched: boolean;
    fetchers: string[];
    refused: string | null;
  }>`
    SELECT way, fetched_at IS NOT NULL AS fetched, host(refused_fetcher) AS refused,
      ARRAY(SELECT host(f) FROM unnest(fetchers) f) AS fetchers
    FROM machine_boot_window WHERE machine_id = ${machineId} AND way <> 'network'`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined
    ? undefined
    : {
        way: row.way,
        fetched: row.fetched,
        fetchers: row.fetchers,
        ...(row.refused === null ? {} : { refusedFetcher: row.refused }),
      };
}
