import { sql } from "kysely";
import { isUuid } from "../../../lib/format/uuid.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { tokenId as toTokenId, type RequestId, type TokenId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import {
  tokenColumns,
  tokenRecord,
  tokenRequestIdReused,
  tokensWhere,
  type TokenRecord,
  type TokenRow,
} from "./token-record.ts";

/**
 * Revokes a token by its id, or by its name if it is not revoked yet.
 * @throws {DatabaseError} `not_found`; `refused` if another command revoked it; `request_id_reused`
 */
export async function tokenRevoke(
  database: Database,
  command: { requestId: RequestId; token: string; revokedBy: string },
): Promise<TokenRecord> {
  const { requestId, token } = command;
  return transact(database, null, async (tx) => {
    const { rows: used } = await sql<TokenRow & { revoked_request_id: RequestId | null }>`
      SELECT ${tokenColumns}, revoked_request_id FROM operator_token
      WHERE created_request_id = ${requestId} OR revoked_request_id = ${requestId}`.execute(tx);
    const [before] = used;
    if (before !== undefined) {
      if (before.revoked_request_id !== requestId || !isNamed(before, token)) {
        throw tokenRequestIdReused(requestId);
      }
      return tokenRecord(before);
    }
    const { rows } = await sql<{ token_id: TokenId; revoked_at: Date | null }>`
      SELECT token_id, revoked_at FROM operator_token
      WHERE ${isUuid(token) ? sql`token_id = ${toTokenId(token)}` : sql`token_name = ${token} AND revoked_at IS NULL`}
      FOR NO KEY UPDATE`.execute(tx);
    const [found] = rows;
    if (found === undefined) {
      throw new DatabaseError("not_found", `there is no token "${token}" that could be revoked: list them to see all`);
    }
    if (found.revoked_at !== null) {
      throw new DatabaseError("refused", `token "${token}" was revoked at ${found.revoked_at.toISOString()} already`);
    }
    await sql`
      UPDATE operator_token SET revoked_at = now(), revoked_by = ${command.revokedBy}, revoked_request_id = ${requestId}
      WHERE token_id = ${found.token_id}`.execute(tx);
    const [row] = await tokensWhere(tx, sql`token_id = ${found.token_id}`, 1);
    if (row === undefined) {
      throw new Error("the token that was just revoked is not there");
    }
    return tokenRecord(row);
  });
}

function isNamed(row: TokenRow, token: string): boolean {
  return isUuid(token) ? row.token_id === toTokenId(token) : row.token_name === token;
}
