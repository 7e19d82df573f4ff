import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { SessionId } from "../../ids.ts";

/**
 * Those of the given sessions that the database still has.
 * @throws {DatabaseError} `unavailable`
 */
export async function sessionsAlive(database: Database, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) {
    return new Set();
  }
  const rows = await database.kysely
    .selectFrom("sessions")
    .select("session_id")
    .where("session_id", "in", ids as readonly SessionId[])
    .execute()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return new Set(rows.map(({ session_id: id }) => id));
}
