import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation } from "../../errors.ts";
import type { RequestId, TokenId } from "../../ids.ts";
import type { Role } from "../../role.ts";
import { transact, type Tx } from "../../transaction.ts";
import { tokenHash } from "./token-hash.ts";
import {
  tokenColumns,
  tokenLive,
  tokenRecord,
  tokenRequestIdReused,
  tokensWhere,
  type TokenRecord,
  type TokenRow,
} from "./token-record.ts";

/** Maximum number of valid tokens: every server keeps all of them in memory. */
const tokensLimit = 1_000;

/**
 * Creates a token, once per request id. `made` is false if the same command was carried out before; its secret can't be
 * read again.
 * @throws {DatabaseError} `exists` if a valid token has the name; `refused` if there are too many; `request_id_reused`
 */
export async function tokenCreate(
  database: Database,
  command: {
    requestId: RequestId;
    bodyDigest: Uint8Array;
    tokenId: TokenId;
    name: string;
    role: Role;
    secret: string;
    prefix: string;
    /** 0 means never. */
    expiresInSeconds: bigint;
    createdBy: string;
  },
): Promise<{ token: TokenRecord; made: boolean }> {
  const { requestId, name } = command;
  try {
    return await transact(database, null, async (tx) => {
      const before = await createdBefore(tx, requestId, command.bodyDigest);
      if (before !== undefined) {
        return { token: before, made: false };
      }
      const { rows: counted } = await sql<{ count: bigint }>`
        SELECT count(*) FROM operator_token WHERE ${tokenLive}`.execute(tx);
      if (Number(counted[0]?.count ?? 0n) >= tokensLimit) {
        throw new DatabaseError(
          "refused",
          `there are ${tokensLimit} tokens already, the most there may be: revoke those that nobody needs`,
        );
      }
      // An expired token's name is free again, but the unique index does not know that.
      await sql`
        UPDATE operator_token SET revoked_at = now(), revoked_by = 'farrier', revoked_request_id = gen_random_uuid()
        WHERE token_name = ${name} AND revoked_at IS NULL AND expires_at <= now()`.execute(tx);
      await sql`
        INSERT INTO operator_token (
          token_id, token_name, token_hash, token_prefix, role, created_by, created_request_id, created_body_digest,
          expires_at
        ) VALUES (
          ${command.tokenId}, ${name}, ${tokenHash(command.secret)}, ${command.prefix}, ${command.role},
          ${command.createdBy}, ${requestId}, ${Buffer.from(command.bodyDigest)},
          CASE WHEN ${command.expiresInSeconds}::bigint > 0
            THEN now() + make_interval(secs => ${command.expiresInSeconds}::bigint) END
        )`.execute(tx);
      const [row] = await tokensWhere(tx, sql`token_id = ${command.tokenId}`, 1);
      if (row === undefined) {
        throw new Error("the token that was just made is not there");
      }
      return { token: tokenRecord(row), made: true };
    });
  } catch (error) {
    const constraint = isUniqueViolation(error);
    if (constraint === undefined) {
      throw error;
    }
    // The same command ran elsewhere at the same time, and has committed by now.
    const before = await transact(database, null, (tx) => createdBefore(tx, requestId, command.bodyDigest));
    if (before !== undefined) {
      return { token: before, made: false };
    }
    throw new DatabaseError("exists", `there is a token named "${name}": revoke it first, or choose another name`, {
      cause: error,
    });
  }
}

async function createdBefore(tx: Tx, requestId: RequestId, bodyDigest: Uint8Array): Promise<TokenRecord | undefined> {
  const { rows } = await sql<TokenRow & { created_body_digest: Buffer; created_request_id: RequestId }>`
    SELECT ${tokenColumns}, created_body_digest, created_request_id FROM operator_token
    WHERE created_request_id = ${requestId} OR revoked_request_id = ${requestId}`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    return undefined;
  }
  if (row.created_request_id !== requestId || !row.created_body_digest.equals(bodyDigest)) {
    throw tokenRequestIdReused(requestId);
  }
  return tokenRecord(row);
}
