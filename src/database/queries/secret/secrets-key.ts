import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { SessionId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { defined } from "../../../lib/defined.ts";

/**
 * The state of a key. `next`: it seals nothing yet. `current`: it seals. `old`: rows that it sealed are being sealed
 * again. `retired`: no row uses it. `lost`: no process has it.
 */
export type SecretsKeyState = "next" | "current" | "old" | "retired" | "lost";

/** A key as the database records it; the key itself is not stored. */
export interface SecretsKeyRecord {
  keyId: string;
  /** The value by which a process checks that its own key with this id is the same key. */
  checkValue: Uint8Array;
  state: SecretsKeyState;
  madeAt: Date;
  stateSince: Date;
}

/** All keys that ever existed, oldest first. @throws {DatabaseError} `unavailable` */
export async function secretsKeysRead(source: Database["kysely"] | Tx): Promise<SecretsKeyRecord[]> {
  const rows = await source
    .selectFrom("secrets_key")
    .selectAll()
    .orderBy("made_at")
    .orderBy("key_id")
    .execute()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    keyId: row.key_id,
    checkValue: row.check_value,
    // A CHECK of the table guarantees this.
    state: row.state as SecretsKeyState,
    madeAt: row.made_at,
    stateSince: row.state_since,
  }));
}

/**
 * Excludes other changes of the keys, and of shared key files, until the transaction ends. Also works while there is no
 * key whose row could be locked.
 */
export async function secretsKeysLock(tx: Tx): Promise<void> {
  await sql`LOCK TABLE secrets_key IN SHARE ROW EXCLUSIVE MODE`.execute(tx);
}

/** Makes a key the next one, unless there is a next key or the key is known. Returns whether it is the next one now. */
export async function secretsKeyOffer(
  source: Database["kysely"] | Tx,
  key: { id: string; checkValue: Uint8Array },
): Promise<boolean> {
  const { rows } = await sql`
    WITH offered AS (
      INSERT INTO secrets_key (key_id, check_value, state)
      SELECT ${key.id}, ${Buffer.from(key.checkValue)}, 'next'
      ON CONFLICT DO NOTHING RETURNING key_id
    )
    SELECT key_id FROM offered UNION SELECT key_id FROM secrets_key WHERE key_id = ${key.id} AND state = 'next'`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length > 0;
}

/** Records which keys the session's process has. If the session is gone, nothing happens. */
export async function secretsKeysHeld(
  database: Database,
  session: SessionId,
  held: { keyIds: readonly string[]; keyFile: string },
): Promise<void> {
  await sql`
    INSERT INTO session_secrets_key (session_id, key_ids, key_file)
    SELECT session_id, ${[...held.keyIds]}::text[], ${held.keyFile} FROM sessions WHERE session_id = ${session}
    FOR KEY SHARE
    ON CONFLICT (session_id) DO UPDATE SET key_ids = excluded.key_ids, key_file = excluded.key_file`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** A live process that opens sealed bytes, and where it reads its keys. */
export interface SecretsKeyProcess {
  sessionId: SessionId;
  component: string;
  /** Host and process id. */
  runtimeInfo: string;
  /** The path of its key file; empty = its version knows no keys. */
  keyFile: string;
}

// The components that open sealed bytes.
const openers = sql`session_component IN ('server', 'shepherd') AND session_deadline > now()`;

/** The live processes that have not reported the key. @throws {DatabaseError} `unavailable` */
export function secretsKeyLacking(source: Database["kysely"] | Tx, keyId: string): Promise<SecretsKeyProcess[]> {
  return keyProcesses(source, sql`NOT coalesce(${keyId} = ANY (k.key_ids), false)`);
}

/** The live processes that have the key. @throws {DatabaseError} `unavailable` */
export function secretsKeyHolders(source: Database["kysely"] | Tx, keyId: string): Promise<SecretsKeyProcess[]> {
  return keyProcesses(source, sql`${keyId} = ANY (k.key_ids)`);
}

async function keyProcesses(
  source: Database["kysely"] | Tx,
  condition: ReturnType<typeof sql>,
): Promise<SecretsKeyProcess[]> {
  const { rows } = await sql<{
    session_id: SessionId;
    session_component: string;
    session_runtime_info: string;
    key_file: string;
  }>`
    SELECT s.session_id, s.session_component, s.session_runtime_info, coalesce(k.key_file, '') AS key_file
    FROM sessions s LEFT JOIN session_secrets_key k ON k.session_id = s.session_id
    WHERE ${openers} AND ${condition}
    ORDER BY s.session_created_at LIMIT 100`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    sessionId: row.session_id,
    component: row.session_component,
    runtimeInfo: row.session_runtime_info,
    keyFile: row.key_file,
  }));
}

// Whether any row is sealed by the key o; uses the indexes.
const used = sql`(
  EXISTS (SELECT FROM machine_os_installation_request q WHERE sealed_key(q.os_installation_request_raw) = o.key_id)
  OR EXISTS (SELECT FROM credential c WHERE sealed_key(c.sealed_secret) = o.key_id)
  OR EXISTS (
    SELECT FROM credential c WHERE c.sealed_next_secret IS NOT NULL AND sealed_key(c.sealed_next_secret) = o.key_id
  )
  OR EXISTS (
    SELECT FROM controller_operation p WHERE p.sealed_password IS NOT NULL AND sealed_key(p.sealed_password) = o.key_id
  )
  OR EXISTS (SELECT FROM image_version v WHERE sealed_key(v.sealed_source) = o.key_id)
  OR EXISTS (SELECT FROM profile_version v WHERE sealed_key(v.sealed_spec) = o.key_id)
  OR EXISTS (SELECT FROM rollout r WHERE sealed_key(r.sealed_values) = o.key_id)
  OR EXISTS (SELECT FROM webhook w WHERE sealed_key(w.sealed_target) = o.key_id)
)`;

/** What {@link secretsKeysAdvance} changed. */
export interface SecretsKeysAdvanced {
  /** The key that has become the current one. */
  promoted?: string;
  /** Keys that have been retired. */
  retired: string[];
}

/**
 * Advances the states of the keys. The next key becomes the current one once every live process has it. An old key is
 * retired once no row uses it. A retired key becomes old again if a process that did not know of its retirement sealed
 * a row by it.
 */
export async function secretsKeysAdvance(database: Database): Promise<SecretsKeysAdvanced> {
  const { rows: waiting } = await sql`
    SELECT FROM secrets_key o WHERE o.state IN ('next', 'old', 'lost') OR (o.state = 'retired' AND ${used}) LIMIT 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return waiting.length === 0 ? { retired: [] } : transact(database, null, keysAdvance);
}

async function keysAdvance(tx: Tx): Promise<SecretsKeysAdvanced> {
  // Locks all keys, always in the same order: of two concurrent callers, the second sees the changes of the first.
  await sql`SELECT FROM secrets_key ORDER BY key_id FOR UPDATE`.execute(tx);
  const { rows: ready } = await sql<{ key_id: string }>`
    SELECT n.key_id FROM secrets_key n WHERE n.state = 'next'
      AND EXISTS (SELECT FROM sessions WHERE ${openers})
      AND NOT EXISTS (
        SELECT FROM sessions s LEFT JOIN session_secrets_key k ON k.session_id = s.session_id
        WHERE ${openers} AND NOT coalesce(n.key_id = ANY (k.key_ids), false)
      )`.execute(tx);
  const promoted = ready[0]?.key_id;
  if (promoted !== undefined) {
    await sql`UPDATE secrets_key SET state = 'old', state_since = now() WHERE state = 'current'`.execute(tx);
    await sql`UPDATE secrets_key SET state = 'current', state_since = now() WHERE key_id = ${promoted}`.execute(tx);
  }
  // A lost key that a process has again becomes an old one.
  await sql`
    UPDATE secrets_key l SET state = 'old', state_since = now()
    WHERE l.state = 'lost' AND EXISTS (
      SELECT FROM session_secrets_key k JOIN sessions s ON s.session_id = k.session_id
      WHERE ${openers} AND l.key_id = ANY (k.key_ids)
    )`.execute(tx);
  const { rows: changed } = await sql<{ key_id: string; state: string }>`
    UPDATE secrets_key k SET state = u.state, state_since = now()
    FROM (
      SELECT o.key_id, CASE WHEN ${used} THEN 'old' ELSE 'retired' END AS state
      FROM secrets_key o WHERE o.state IN ('old', 'retired')
    ) u
    WHERE k.key_id = u.key_id AND k.state <> u.state RETURNING k.key_id, k.state`.execute(tx);
  const retired = changed.filter(({ state }) => state === "retired").map((row) => row.key_id);
  return { retired, ...defined({ promoted }) };
}
