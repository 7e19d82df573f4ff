import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { TokenId } from "../../ids.ts";
import type { Role } from "../../role.ts";
import { tokenLive } from "./token-record.ts";
import { present } from "../../../lib/defined.ts";

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
    FROM operator_token WHERE ${tokenLive}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    tokenId: row.token_id,
    name: row.token_name,
    role: row.role,
    hash: row.hash,
    ...present({ expiresAt: row.expires_at, validFor: row.valid_for }),
  }));
}
