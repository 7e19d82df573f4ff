import { createHash } from "node:crypto";
import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../../errors.ts";
import { isUuid } from "../../../lib/format/uuid.ts";
import { tokenId as toTokenId, type RequestId, type TokenId } from "../../ids.ts";
import type { Role } from "../../role.ts";
import { transact, type Tx } from "../../transaction.ts";

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

/** Maximum number of valid tokens: every server keeps all of them in memory. */
const tokensLimit = 1_000;

/** SHA-256 of a token's secret, which is what the database stores. */
export function tokenHash(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

interface TokenRow {
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

const columns = sql`
  token_id, token_name, role, token_prefix, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at,
  (extract(epoch FROM created_at) * 1000000)::bigint AS created_microseconds`;

const live = sql`revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;

function record(row: TokenRow): TokenRecord {
  return {
    tokenId: row.token_id,
    name: row.token_name,
    role: row.role,
    prefix: row.token_prefix,
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
    ...(row.revoked_by === null ? {} : { revokedBy: row.revoked_by }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  };
}

async function tokensWhere(source: Database["kysely"] | Tx, condition: RawBuilder<unknown>, limit: number) {
  const query = sql<TokenRow>`
    SELECT ${columns} FROM operator_token WHERE ${condition}
    ORDER BY created_at DESC, token_id DESC LIMIT ${limit}`;
  const { rows } = await query.execute(source);
  return rows;
}

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
        SELECT count(*) FROM operator_token WHERE ${live}`.execute(tx);
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
      return { token: record(row), made: true };
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
    SELECT ${columns}, created_body_digest, created_request_id FROM operator_token
    WHERE created_request_id = ${requestId} OR revoked_request_id = ${requestId}`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    return undefined;
  }
  if (row.created_request_id !== requestId || !row.created_body_digest.equals(bodyDigest)) {
    throw reused(requestId);
  }
  return record(row);
}

function reused(requestId: RequestId): DatabaseError {
  return new DatabaseError(
    "request_id_reused",
    `request id ${requestId} was used for another command: repeat that one exactly, or make a new request id`,
  );
}

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
      SELECT ${columns}, revoked_request_id FROM operator_token
      WHERE created_request_id = ${requestId} OR revoked_request_id = ${requestId}`.execute(tx);
    const [before] = used;
    if (before !== undefined) {
      if (before.revoked_request_id !== requestId || !isNamed(before, token)) {
        throw reused(requestId);
      }
      return record(before);
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
    return record(row);
  });
}

function isNamed(row: TokenRow, token: string): boolean {
  return isUuid(token) ? row.token_id === toTokenId(token) : row.token_name === token;
}

/** Tokens, newest first; with a cursor only earlier ones. `all` includes revoked and expired tokens. */
export async function tokenList(
  database: Database,
  page: { all: boolean; limit: number; after?: TokenCursor },
): Promise<(TokenRecord & { cursor: TokenCursor })[]> {
  const conditions = [
    page.all ? sql`true` : live,
    page.after === undefined
      ? sql`true`
      : sql`(created_at, token_id) <
          ('epoch'::timestamptz + ${page.after.atMicroseconds} * interval '1 microsecond', ${page.after.id}::uuid)`,
  ];
  const rows = await tokensWhere(database.kysely, sql.join(conditions, sql` AND `), page.limit).catch(
    (error: unknown) => Promise.reject(translate(error)),
  );
  return rows.map((row) => ({
    ...record(row),
    cursor: { atMicroseconds: row.created_microseconds, id: row.token_id },
  }));
}

/** A token that is valid now. */
export interface ValidToken {
  tokenId: TokenId;
  name: string;
  role: Role;
  /** SHA-256 of its secret, in hex. */
  hash: string;
  expiresAt?: Date;
  /** Milliseconds until it expires, by the database's clock; absent means never. */
  validFor?: number;
}

/** All tokens that are valid now: at most 1,000. */
export async function tokensValid(database: Database): Promise<ValidToken[]> {
  const { rows } = await sql<{
    token_id: TokenId;
    token_name: string;
    role: Role;
    hash: string;
    expires_at: Date | null;
    valid_for: number | null;
  }>`
    SELECT token_id, token_name, role, encode(token_hash, 'hex') AS hash, expires_at,
      extract(epoch FROM expires_at - now())::float8 * 1000 AS valid_for
    FROM operator_token WHERE ${live}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    tokenId: row.token_id,
    name: row.token_name,
    role: row.role,
    hash: row.hash,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.valid_for === null ? {} : { validFor: row.valid_for }),
  }));
}

/** Records that a token was used, unless that was recorded in the last five minutes. */
export async function tokenUsed(database: Database, id: TokenId): Promise<void> {
  await sql`
    UPDATE operator_token SET last_used_at = now()
    WHERE token_id = ${id} AND (last_used_at IS NULL OR last_used_at < now() - interval '5 minutes')`.execute(
    database.kysely,
  );
}
