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
  /** Whether it is the medium of a boot, or of a check of virtual media. */
  of: "window" | "test";
  machineId: MachineId;
  /** `configured`: with the machine's configuration; `blank`: without, because its agent has enrolled. */
  content: "configured" | "blank";
  /** Whether nobody has fetched it before: the answer to this caller is to be recorded first. */
  first: boolean;
  /** Whether the window's token was handed out before. */
  given: boolean;
}

/** A caller that knows the path of a boot medium. */
export interface MediumCaller {
  mediumDigest: Uint8Array;
  address: string;
}

/** SQL condition on `machine_boot_window w`: its medium is served, unless its machine is in quarantine. */
const served = sql<boolean>`w.closed_at IS NULL AND w.closes_at > now()
  AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = w.machine_id)`;

/** SQL condition on `machine_boot_window w`: the first address that fetches its medium will be the only one. */
const bindsFirst = sql<boolean>`(w.way = 'http' AND w.fetchers = '{}' AND w.enrolled_at IS NULL)`;

interface Row {
  machine_id: MachineId;
  allowed: boolean;
  first: boolean;
  enrolled: boolean;
  given: boolean;
  named: boolean;
}

/**
 * Whether a caller at this address may fetch the boot medium whose path has this digest; undefined if there is no such
 * medium, its window is over, or the address is another one, of which the first is recorded. A virtual medium is the
 * controller's. An HTTP boot is for the machine, whose firmware has an address that nobody knows before: see
 * {@link mediumFetched}.
 * @param caller.looks it asks for the size alone
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumGrant(
  database: Database,
  { mediumDigest, address, looks = false }: MediumCaller & { looks?: boolean },
): Promise<MediumGrant | undefined> {
  const digest = Buffer.from(mediumDigest);
  try {
    const { rows } = await sql<Row>`
      SELECT w.machine_id, ${address}::inet = ANY (w.fetchers) OR ${bindsFirst} OR (w.fetchers = '{}' AND ${looks}) AS allowed,
        w.fetched_at IS NULL OR w.fetchers = '{}' AS first, w.enrolled_at IS NOT NULL AS enrolled,
        w.given_at IS NOT NULL AS given, w.refused_fetcher IS NOT NULL AS named
      FROM machine_boot_window w WHERE w.medium_digest = ${digest} AND ${served}`.execute(database.kysely);
    const [row] = rows;
    if (row?.allowed === false && !row.named) {
      await sql`
        UPDATE machine_boot_window SET refused_fetcher = ${address}::inet
        WHERE medium_digest = ${digest} AND refused_fetcher IS NULL`.execute(database.kysely);
    }
    return row?.allowed === true
      ? {
          of: "window",
          machineId: row.machine_id,
          content: row.enrolled ? "blank" : "configured",
          first: row.first,
          given: row.given,
        }
      : undefined;
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Records that a caller is about to get the boot medium, for {@link MediumGrant.first}. The first address that gets an HTTP
 * boot is the only one from then on. False if the window is over meanwhile, or another address was first; then it must not
 * be sent.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumFetched(database: Database, { mediumDigest, address }: MediumCaller): Promise<boolean> {
  const { rows } = await sql`
    UPDATE machine_boot_window w SET fetched_at = coalesce(w.fetched_at, now()),
      fetchers = CASE WHEN ${bindsFirst} THEN ARRAY[${address}::inet] ELSE w.fetchers END
    WHERE w.medium_digest = ${Buffer.from(mediumDigest)} AND ${served}
      AND (${address}::inet = ANY (w.fetchers) OR ${bindsFirst})
    RETURNING w.machine_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length > 0;
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
