import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { machineLock } from "../../machine-lock.ts";
import { transact, type Tx } from "../../transaction.ts";
import { installationCancelWrite } from "../installation/installation-cancel.ts";
import { installationStanding } from "../installation/installation-standing.ts";
import { secretsKeyHolders, secretsKeysRead } from "./secrets-key.ts";

/** Maximum number of rows that are named. */
const namesLimit = 1000;

/**
 * The keys that may be given up: those of `wanted`, or, if it is empty, every key in use that no live process has.
 * @throws {DatabaseError} `not_found` for a key that is not known; `refused` for a key that is not lost
 */
export async function secretsKeysGone(source: Database["kysely"] | Tx, wanted: readonly string[]): Promise<string[]> {
  const records = await secretsKeysRead(source);
  const gone: string[] = [];
  for (const { keyId, state } of records) {
    const inUse = state !== "retired";
    const holders = inUse ? await secretsKeyHolders(source, keyId) : [];
    if (inUse && holders.length === 0 && (wanted.length === 0 ? state !== "lost" : wanted.includes(keyId))) {
      gone.push(keyId);
    } else if (wanted.includes(keyId)) {
      throw notLost(keyId, holders[0]);
    }
  }
  const unknown = wanted.find((keyId) => records.every((record) => record.keyId !== keyId));
  if (unknown !== undefined) {
    throw new DatabaseError("not_found", `there is no key "${unknown}": \`farrier secrets show\` lists them`);
  }
  return gone;
}

function notLost(keyId: string, holder: { component: string; runtimeInfo: string; keyFile: string } | undefined) {
  return new DatabaseError(
    "refused",
    holder === undefined
      ? `key ${keyId} is retired: nothing is sealed by it, and nothing waits for it`
      : `key ${keyId} is not lost: ${holder.component} ${holder.runtimeInfo} has it in ${holder.keyFile}. Add its line ` +
          "to the key files that lack it",
  );
}

/** What is closed without some keys. */
export interface SecretsClosed {
  /** Names of credentials. */
  credentials: string[];
  /** Machines with a pending installation request, by name or id. */
  machines: string[];
  machineCount: number;
  /** Versions of images and profiles, as NAME@VERSION. */
  images: string[];
  profiles: string[];
  /** Names of rollouts and webhooks. */
  rollouts: string[];
  webhooks: string[];
}

type ClosedKind = "image" | "profile" | "rollout" | "webhook";

// The pending requests that one of the keys sealed.
const pendingOf = (keyIds: readonly string[]) => sql`
  machine_os_installation_request q
  JOIN machines m ON m.machine_id = q.machine_id
  LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
  WHERE sealed_key(q.os_installation_request_raw) = ANY (${[...keyIds]}::text[])
    AND installation_pending(q.generation, r.generation)`;

/** Finds what can't be opened without these keys. @throws {DatabaseError} `unavailable` */
export async function secretsClosed(
  source: Database["kysely"] | Tx,
  keyIds: readonly string[],
): Promise<SecretsClosed> {
  const failed = (error: unknown): never => {
    throw translate(error);
  };
  const { rows: credentials } = await sql<{ name: string }>`
    SELECT credential_name AS name FROM credential
    WHERE sealed_key(sealed_secret) = ANY (${[...keyIds]}::text[]) ORDER BY 1 LIMIT ${namesLimit}`
    .execute(source)
    .catch(failed);
  const { rows: machines } = await sql<{ name: string; count: number }>`
    SELECT coalesce(m.name, m.machine_id::text) AS name, count(*) OVER ()::integer AS count
    FROM ${pendingOf(keyIds)} ORDER BY 1 LIMIT ${namesLimit}`
    .execute(source)
    .catch(failed);
  const { rows: versions } = await sql<{ of: ClosedKind; title: string }>`
    (SELECT 'image' AS of, image_name || '@' || version AS title FROM image_version
     WHERE sealed_key(sealed_source) = ANY (${[...keyIds]}::text[]) ORDER BY image_name, version LIMIT ${namesLimit})
    UNION ALL
    (SELECT 'profile', profile_name || '@' || version FROM profile_version
     WHERE sealed_key(sealed_spec) = ANY (${[...keyIds]}::text[]) ORDER BY profile_name, version LIMIT ${namesLimit})
    UNION ALL
    (SELECT 'rollout', rollout_name FROM rollout
     WHERE sealed_key(sealed_values) = ANY (${[...keyIds]}::text[]) ORDER BY rollout_name LIMIT ${namesLimit})
    UNION ALL
    (SELECT 'webhook', webhook_name FROM webhook
     WHERE sealed_key(sealed_target) = ANY (${[...keyIds]}::text[]) ORDER BY webhook_name LIMIT ${namesLimit})`
    .execute(source)
    .catch(failed);
  const titles = (kind: ClosedKind) => versions.filter(({ of }) => of === kind).map(({ title }) => title);
  return {
    images: titles("image"),
    profiles: titles("profile"),
    rollouts: titles("rollout"),
    webhooks: titles("webhook"),
    credentials: credentials.map(({ name }) => name),
    machines: machines.map(({ name }) => name),
    machineCount: machines[0]?.count ?? 0,
  };
}

/** Marks keys as lost: no process needs them any more to be ready, and another key can become the current one. */
export async function secretsKeysGiveUp(tx: Tx, keyIds: readonly string[]): Promise<void> {
  await sql`
    UPDATE secrets_key SET state = 'lost', state_since = now()
    WHERE key_id = ANY (${[...keyIds]}::text[]) AND state <> 'lost'`.execute(tx);
  // A next secret that can't be opened would be tried by nobody.
  await sql`
    UPDATE credential SET sealed_next_secret = NULL
    WHERE sealed_next_secret IS NOT NULL AND sealed_key(sealed_next_secret) = ANY (${[...keyIds]}::text[])`.execute(tx);
}

/**
 * Cancels up to 100 pending installations whose request one of the keys sealed, each in a transaction of its own.
 * Returns their number.
 * @throws {DatabaseError} `unavailable`
 */
export async function requestsGiveUp(database: Database, keyIds: readonly string[], actor: Actor): Promise<number> {
  const { rows } = await sql<{ machine_id: MachineId }>`
    SELECT q.machine_id FROM ${pendingOf(keyIds)} ORDER BY 1 LIMIT 100`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  let cancelled = 0;
  for (const { machine_id: machineId } of rows) {
    cancelled += await transact(database, null, async (tx) => {
      if (!(await machineLock(tx, machineId))) {
        return 0;
      }
      const { pending } = await installationStanding(tx, machineId);
      const { rows: still } = await sql`SELECT FROM ${pendingOf(keyIds)} AND q.machine_id = ${machineId}`.execute(tx);
      if (pending === null || still.length === 0) {
        return 0;
      }
      const reason = "the key that its request is sealed by was given up: nobody can read the request any more";
      await installationCancelWrite(tx, { machineId, actor, generation: pending, reason, reportedBy: "operator" });
      return 1;
    });
  }
  return cancelled;
}
