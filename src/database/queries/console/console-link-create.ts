import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { RequestId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { tokenHash } from "../access/token-hash.ts";
import type { ConsoleCaller } from "./console-caller.ts";

/** Maximum number of codes that can be used: every server keeps all of them in memory. */
const linksLimit = 1_000;
/** Maximum number of these of one token, certificate or local operator: one caller can't use up the others'. */
const callerLinksLimit = 20;

/** Whether a link is the caller's. */
const own = (caller: ConsoleCaller) => sql<boolean>`(
  (actor, credential, token_id) IS NOT DISTINCT FROM (${caller.name}, ${caller.credential}, ${caller.tokenId ?? null}::uuid)
)`;

/**
 * Stores a code that signs a browser in as `caller`, once, within 60 seconds; once per request id. `made` is false if
 * the same command was carried out before.
 * @throws {DatabaseError} `refused` if there are too many; `request_id_reused` if another caller used the request id
 */
export async function consoleLinkCreate(
  database: Database,
  { requestId, code, caller }: { requestId: RequestId; code: string; caller: ConsoleCaller },
): Promise<{ expiresAt: Date; made: boolean }> {
  return transact(database, null, async (tx) => {
    const { rows: made } = await sql<{ expires_at: Date }>`
      INSERT INTO console_link (
        code_hash, request_id, actor, role, credential, token_id, credential_expires_at, expires_at
      )
      SELECT ${tokenHash(code)}, ${requestId}::uuid, ${caller.name}, ${caller.role}, ${caller.credential},
        ${caller.tokenId ?? null}::uuid, ${caller.expiresAt ?? null}::timestamptz, now() + interval '60 seconds'
      WHERE (SELECT count(*) FROM console_link WHERE expires_at > now() AND used_at IS NULL) < ${linksLimit}
        AND (
          SELECT count(*) FROM console_link WHERE expires_at > now() AND used_at IS NULL AND ${own(caller)}
        ) < ${callerLinksLimit}
      ON CONFLICT (request_id) DO NOTHING
      RETURNING expires_at`.execute(tx);
    const [link] = made;
    if (link !== undefined) {
      return { expiresAt: link.expires_at, made: true };
    }
    const { rows } = await sql<{ expires_at: Date; own: boolean }>`
      SELECT expires_at, ${own(caller)} AS own
      FROM console_link WHERE request_id = ${requestId}`.execute(tx);
    const [before] = rows;
    if (before === undefined) {
      throw new DatabaseError(
        "refused",
        `there are too many codes that nobody has used yet (${callerLinksLimit} for one caller, ${linksLimit} for all): wait a minute`,
      );
    }
    if (!before.own) {
      throw new DatabaseError(
        "request_id_reused",
        `request id ${requestId} was used for another command: make a new request id`,
      );
    }
    return { expiresAt: before.expires_at, made: false };
  });
}
