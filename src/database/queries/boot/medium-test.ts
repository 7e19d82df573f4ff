import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { storedText } from "../../../lib/format/stored-text.ts";
import { machineLock } from "../../machine-lock.ts";
import { transact } from "../../transaction.ts";
import type { MediumCaller, MediumGrant } from "./boot-medium.ts";

/**
 * Makes the path with this digest the path of a machine's test medium, in the place of an earlier one. False if an agent
 * is started on the machine now: the controller's drive is needed for that.
 * @throws {DatabaseError} `not_found`, `unavailable`
 */
export async function mediumTestOpen(
  database: Database,
  machineId: MachineId,
  test: { digest: Uint8Array; fetchers: readonly string[]; seconds: number },
): Promise<boolean> {
  return transact(database, null, async (tx) => {
    await machineLock(tx, machineId);
    const { rows } = await sql`
      INSERT INTO machine_medium_test (machine_id, medium_digest, fetchers, closes_at)
      SELECT ${machineId}, ${Buffer.from(test.digest)}, ${test.fetchers}::inet[], now() + make_interval(secs => ${test.seconds})
      WHERE NOT EXISTS (SELECT FROM work w WHERE w.machine_id = ${machineId} AND w.process = 'ShepherdAgentStart')
        AND NOT EXISTS (
          SELECT FROM machine_boot_window b WHERE b.machine_id = ${machineId} AND b.way = 'medium'
            AND b.enrolled_at IS NULL AND b.closed_at IS NULL AND b.closes_at > now()
        )
      ON CONFLICT (machine_id) DO UPDATE SET medium_digest = excluded.medium_digest, fetchers = excluded.fetchers,
        closes_at = excluded.closes_at, fetched_at = NULL, fetched_by = NULL, refused_fetcher = NULL, slot = NULL,
        clear_at = now(), failures = 0
      RETURNING machine_id`.execute(tx);
    return rows.length > 0;
  });
}

/**
 * Whether a caller at this address may fetch the test medium whose path has this digest; undefined if there is none, its
 * time is over, or the address is not the controller's, of which the first is recorded.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumTestGrant(
  database: Database,
  { mediumDigest, address }: MediumCaller,
): Promise<MediumGrant | undefined> {
  const digest = Buffer.from(mediumDigest);
  try {
    const { rows } = await sql<{ machine_id: MachineId; allowed: boolean; first: boolean; named: boolean }>`
      SELECT machine_id, ${address}::inet = ANY (fetchers) AS allowed, fetched_at IS NULL AS first,
        refused_fetcher IS NOT NULL AS named
      FROM machine_medium_test WHERE medium_digest = ${digest} AND closes_at > now()`.execute(database.kysely);
    const [row] = rows;
    if (row?.allowed === false && !row.named) {
      await sql`
        UPDATE machine_medium_test SET refused_fetcher = ${address}::inet
        WHERE medium_digest = ${digest} AND refused_fetcher IS NULL`.execute(database.kysely);
    }
    return row?.allowed === true
      ? { of: "test", machineId: row.machine_id, content: "blank", first: row.first, given: false }
      : undefined;
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Records that a caller is about to get the test medium. False if the check is over meanwhile; then it must not be sent.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumTestFetched(database: Database, { mediumDigest, address }: MediumCaller): Promise<boolean> {
  const { rows } = await sql`
    UPDATE machine_medium_test SET fetched_at = coalesce(fetched_at, now()), fetched_by = coalesce(fetched_by, ${address}::inet)
    WHERE medium_digest = ${Buffer.from(mediumDigest)} AND closes_at > now()
    RETURNING machine_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length > 0;
}

/** How far a test medium came. */
export interface MediumTestProgress {
  /** The controller's address from which it was fetched. */
  fetchedBy?: string;
  /** Another address that requested it. */
  refusedFetcher?: string;
}

/** How far a machine's test medium came. @throws {DatabaseError} `unavailable` */
export async function mediumTestProgress(database: Database, machineId: MachineId): Promise<MediumTestProgress> {
  const { rows } = await sql<{ fetched: string | null; refused: string | null }>`
    SELECT host(fetched_by) AS fetched, host(refused_fetcher) AS refused FROM machine_medium_test
    WHERE machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return {
    ...(row?.fetched ? { fetchedBy: row.fetched } : {}),
    ...(row?.refused ? { refusedFetcher: row.refused } : {}),
  };
}

/** Records in which slot of its controller a test medium is. @throws {DatabaseError} `unavailable` */
export async function mediumTestInserted(
  database: Database,
  machineId: MachineId,
  { digest, slot }: { digest: Uint8Array; slot: string },
): Promise<void> {
  await sql`
    UPDATE machine_medium_test SET slot = ${storedText(slot)}
    WHERE machine_id = ${machineId} AND medium_digest = ${Buffer.from(digest)}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/**
 * Ends a test medium whose check is over: its path is good for nothing from then on.
 * @param how `ejected`: it is gone from its drive; otherwise a shepherd ejects it later
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumTestEnd(
  database: Database,
  machineId: MachineId,
  { digest, ejected }: { digest: Uint8Array; ejected: boolean },
): Promise<void> {
  const its = sql`machine_id = ${machineId} AND medium_digest = ${Buffer.from(digest)}`;
  await (
    ejected
      ? sql`DELETE FROM machine_medium_test WHERE ${its}`
      : sql`UPDATE machine_medium_test SET closes_at = least(closes_at, now()) WHERE ${its}`
  )
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
