import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Session } from "../../session.ts";
import { transact } from "../../transaction.ts";

/** A test medium that may be in a controller although no check needs it. */
export interface MediumTestLeft {
  machineId: MachineId;
  digest: Uint8Array;
  /** The slot that it is in; null if that is not known. */
  slot: string | null;
}

/** The properties of {@link MediumTestLeft}. */
const columns = sql`t.machine_id AS "machineId", t.medium_digest AS digest, t.slot`;

/** Seconds for one ejection: until then no other shepherd tries it. */
const ejecting = 600;
/** Seconds until a failed ejection is tried again: doubled with each failure, up to the maximum. */
const again = { first: 15, maximum: 1800 };

/** The test medium that a machine's earlier check has left; undefined = none. @throws {DatabaseError} `unavailable` */
export async function mediumTestLeft(database: Database, machineId: MachineId): Promise<MediumTestLeft | undefined> {
  const { rows } =
    await sql<MediumTestLeft>`SELECT ${columns} FROM machine_medium_test t WHERE machine_id = ${machineId}`
      .execute(database.kysely)
      .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}

/**
 * Takes test media whose check is over, or was lost with its shepherd; each is taken by one shepherd. A check that another
 * shepherd will repeat ejects its medium by itself, and an agent's start needs the drive now.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function mediumTestsTake(database: Database, session: Session, limit: number): Promise<MediumTestLeft[]> {
  return transact(database, session, async (tx) => {
    const { rows } = await sql<MediumTestLeft>`
      UPDATE machine_medium_test t
      SET closes_at = least(closes_at, now()), clear_at = now() + make_interval(secs => ${ejecting}), failures = failures + 1
      WHERE t.machine_id IN (
        SELECT d.machine_id FROM machine_medium_test d
        WHERE d.clear_at <= now()
          AND (d.closes_at <= now() OR NOT EXISTS (
            SELECT FROM controller_operation o WHERE o.machine_id = d.machine_id AND o.kind = 'check' AND o.ended_at IS NULL
          ))
          AND NOT EXISTS (SELECT FROM work w WHERE w.machine_id = d.machine_id AND w.process = 'ShepherdAgentStart')
        ORDER BY d.clear_at LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
      ) RETURNING ${columns}`.execute(tx);
    return rows;
  });
}

/** Records that ejecting a test medium failed: it is tried again later. @throws {DatabaseError} `unavailable` */
export async function mediumTestFailed(database: Database, { machineId, digest }: MediumTestLeft): Promise<void> {
  await sql`
    UPDATE machine_medium_test
    SET clear_at = now() + make_interval(secs => least(${again.first} * 2 ^ least(failures - 1, 20), ${again.maximum}))
    WHERE machine_id = ${machineId} AND medium_digest = ${Buffer.from(digest)}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
