import { sql } from "kysely";
import { present } from "../../../lib/defined.ts";
import type { ConsoleSessionId, TokenId } from "../../ids.ts";
import type { Role } from "../../role.ts";
import type { CredentialKind } from "../access/audit.ts";

/** A browser's session in the console. */
export interface ConsoleSessionRecord {
  id: ConsoleSessionId;
  name: string;
  role: Role;
  credential: CredentialKind;
  tokenId?: TokenId;
  address: string;
  userAgent: string;
  startedAt: Date;
  /** When it ends at the latest. */
  expiresAt: Date;
  lastUsedAt: Date;
}

/** A row of {@link consoleSessionColumns}. */
export interface ConsoleSessionRow {
  console_session_id: ConsoleSessionId;
  actor: string;
  role: Role;
  credential: CredentialKind;
  token_id: TokenId | null;
  address: string;
  user_agent: string;
  started_at: Date;
  expires_at: Date;
  last_used_at: Date;
}

/** The columns of a {@link ConsoleSessionRow}, of `console_session s LEFT JOIN operator_token t USING (token_id)`. */
export const consoleSessionColumns = sql`
  s.console_session_id, s.actor, coalesce(t.role, s.role) AS role, s.credential, s.token_id, s.address, s.user_agent,
  s.started_at, s.expires_at, s.last_used_at`;

/**
 * True of a session of that join that lets its browser in: not ended, not expired, used within the last hour, and its
 * token is neither revoked nor expired.
 */
export const consoleSessionLive = sql`
  s.ended_at IS NULL AND s.expires_at > now() AND s.last_used_at > now() - interval '1 hour'
  AND (s.token_id IS NULL OR t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()))`;

/** The record of a row. */
export function consoleSessionRecord(row: ConsoleSessionRow): ConsoleSessionRecord {
  return {
    id: row.console_session_id,
    name: row.actor,
    role: row.role,
    credential: row.credential,
    address: row.address,
    userAgent: row.user_agent,
    startedAt: row.started_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    ...present({ tokenId: row.token_id }),
  };
}
