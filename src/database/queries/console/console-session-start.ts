import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { transact } from "../../transaction.ts";
import { tokenHash } from "../access/token-hash.ts";
import type { ConsoleCaller } from "./console-caller.ts";
import {
  consoleSessionColumns,
  consoleSessionLive,
  consoleSessionRecord,
  type ConsoleSessionRecord,
  type ConsoleSessionRow,
} from "./console-session-record.ts";

/** Sessions that one token or certificate may have; another one ends the session that was unused the longest. */
const sessionsLimit = 20;

/** The browser that signs in, and what it will show. */
export interface NewConsoleSession {
  /** Its secret in the cookie. */
  cookie: string;
  /** Its secret in the header. */
  key: string;
  address: string;
  userAgent: string;
}

/**
 * Signs a browser in by a code, which is used up with it. Undefined if the code is unknown, used or too old, or if the
 * token that made it is not valid any more. Of two at once, one gets a session.
 */
export async function consoleSessionStartByCode(
  database: Database,
  code: string,
  browser: NewConsoleSession,
): Promise<ConsoleSessionRecord | undefined> {
  return sessionInsert(
    database,
    browser,
    sql`
      UPDATE console_link SET used_at = now()
      WHERE code_hash = ${tokenHash(code)} AND used_at IS NULL AND expires_at > now()
      RETURNING actor, role, credential, token_id, credential_expires_at`,
  );
}

/** Signs a browser in as `caller`. Undefined if the caller's token was revoked just now. */
export async function consoleSessionStartAs(
  database: Database,
  caller: ConsoleCaller,
  browser: NewConsoleSession,
): Promise<ConsoleSessionRecord | undefined> {
  return sessionInsert(
    database,
    browser,
    sql`
      SELECT ${caller.name}::text AS actor, ${caller.role}::text AS role, ${caller.credential}::text AS credential,
        ${caller.tokenId ?? null}::uuid AS token_id, ${caller.expiresAt ?? null}::timestamptz AS credential_expires_at`,
  );
}

async function sessionInsert(
  database: Database,
  browser: NewConsoleSession,
  who: RawBuilder<unknown>,
): Promise<ConsoleSessionRecord | undefined> {
  return transact(database, null, async (tx) => {
    const { rows: made } = await sql<{ console_session_id: string }>`
      WITH who AS (${who})
      INSERT INTO console_session (
        key_hash, cookie_hash, actor, role, credential, token_id, address, user_agent, expires_at
      )
      SELECT ${tokenHash(browser.key)}, ${tokenHash(browser.cookie)}, actor, coalesce(t.role, who.role), credential,
        token_id, ${browser.address}, ${browser.userAgent},
        least(now() + interval '12 hours', credential_expires_at, t.expires_at)
      FROM who LEFT JOIN operator_token t USING (token_id)
      WHERE (token_id IS NULL OR t.revoked_at IS NULL) AND coalesce(credential_expires_at, 'infinity') > now()
        AND coalesce(t.expires_at, 'infinity') > now()
      RETURNING console_session_id`.execute(tx);
    const [session] = made;
    if (session === undefined) {
      return undefined;
    }
    const { rows } = await sql<ConsoleSessionRow>`
      SELECT ${consoleSessionColumns} FROM console_session s LEFT JOIN operator_token t USING (token_id)
      WHERE s.console_session_id = ${session.console_session_id}`.execute(tx);
    const [row] = rows;
    if (row === undefined) {
      throw new Error("the console session that was just made is not there");
    }
    await sql`
      UPDATE console_session SET ended_at = now() WHERE console_session_id IN (
        SELECT s.console_session_id FROM console_session s LEFT JOIN operator_token t USING (token_id)
        WHERE ${consoleSessionLive} AND s.console_session_id <> ${row.console_session_id}
          AND (s.actor, s.credential, s.token_id) IS NOT DISTINCT FROM (${row.actor}, ${row.credential}, ${row.token_id}::uuid)
        ORDER BY s.last_used_at DESC OFFSET ${sessionsLimit - 1}
      )`.execute(tx);
    return consoleSessionRecord(row);
  });
}
