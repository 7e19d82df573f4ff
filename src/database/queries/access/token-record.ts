import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { RequestId, TokenId } from "../../ids.ts";
import type { Role } from "../../role.ts";
import type { Tx } from "../../transaction.ts";
import { present } from "../../../lib/defined.ts";

/** A token's record; it does not have the secret. */
export interface TokenRecord {
  tokenId: TokenId;
  name: string;
  role: Role;
  /** The secret's first characters. */
  prefix: string;
  createdAt: Date;
  createdBy: string;
  expiresAt?: Date;
  revokedAt?: Date;
  revokedBy?: string;
  lastUsedAt?: Date;
}

/** Where a page of tokens ended. */
export interface TokenCursor {
  /** Microseconds since 1970. */
  atMicroseconds: bigint;
  id: TokenId;
}

/** A row of operator_token, as {@link tokenColumns} select it. */
export interface TokenRow {
  token_id: TokenId;
  token_name: string;
  role: Role;
  token_prefix: string;
  created_at: Date;
  created_by: string;
  expires_at: Date | null;
  revoked_at: Date | null;
  revoked_by: string | null;
  last_used_at: Date | null;
  created_microseconds: bigint;
}

/** The columns of a {@link TokenRow}. */
export const tokenColumns = sql`
  token_id, token_name, role, token_prefix, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at,
  (extract(epoch FROM created_at) * 1000000)::bigint AS created_microseconds`;

/** True of a token that is neither revoked nor expired. */
export const tokenLive = sql`revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;

/** The record of a row. */
export function tokenRecord(row: TokenRow): TokenRecord {
  return {
    tokenId: row.token_id,
    name: row.token_name,
    role: row.role,
    prefix: row.token_prefix,
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...present({
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      revokedBy: row.revoked_by,
      lastUsedAt: row.last_used_at,
    }),
  };
}

/** The tokens for which `condition` holds, the newest first; at most `limit`. */
export async function tokensWhere(source: Database["kysely"] | Tx, condition: RawBuilder<unknown>, limit: number) {
  const query = sql<TokenRow>`
    SELECT ${tokenColumns} FROM operator_token WHERE ${condition}
    ORDER BY created_at DESC, token_id DESC LIMIT ${limit}`;
  const { rows } = await query.execute(source);
  return rows;
}

/** The error about a request id that belongs to another command. */
export function tokenRequestIdReused(requestId: RequestId): DatabaseError {
  return new DatabaseError(
    "request_id_reused",
    `request id ${requestId} was used for another command: repeat that one exactly, or make a new request id`,
  );
}
