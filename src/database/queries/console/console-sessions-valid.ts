import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import {
  consoleSessionColumns,
  consoleSessionLive,
  consoleSessionRecord,
  type ConsoleSessionRecord,
  type ConsoleSessionRow,
} from "./console-session-record.ts";

/** A session that lets its browser in now. */
export interface ValidSession extends ConsoleSessionRecord {
  /** SHA-256 of its key, in hex. */
  hash: string;
  /** SHA-256 of its cookie. */
  cookieHash: Buffer;
  /** Milliseconds until it expires, by the database's clock. */
  validFor: number;
}

/** All sessions that let their browsers in now: at most 20 of each token or certificate. */
export async function consoleSessionsValid(database: Database): Promise<ValidSession[]> {
  const { rows } = await sql<ConsoleSessionRow & { hash: string; cookie_hash: Buffer; valid_for: number }>`
    SELECT ${consoleSessionColumns}, encode(s.key_hash, 'hex') AS hash, s.cookie_hash,
      extract(epoch FROM s.expires_at - now())::float8 * 1000 AS valid_for
    FROM console_session s LEFT JOIN operator_token t USING (token_id) WHERE ${consoleSessionLive}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    ...consoleSessionRecord(row),
    hash: row.hash,
    cookieHash: row.cookie_hash,
    validFor: row.valid_for,
  }));
}
