import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../../errors.ts";
import { present } from "../../../lib/defined.ts";
import { deletionAnswer } from "../secret/deletion-find.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";

/** A webhook, without what is sealed of it. */
export interface WebhookRecord {
  webhookId: string;
  name: string;
  shownUrl: string;
  /** Kinds of events, which may end with `*`; empty means all. */
  events: string[];
  privateAllowed: boolean;
  createdAt: Date;
  createdBy: string;
  delivered: bigint;
  deliveredAt?: Date;
  failure?: string;
  failedAt?: Date;
  /** Events that wait, counted up to {@link webhookCountMost}. */
  waiting: number;
  oldestWaitingAt?: Date;
  machinesFailing: number;
  deadLetters: number;
}

/** Events and machines of one webhook are counted up to this number. */
export const webhookCountMost = 10_000;
/** Maximum number of webhooks: each is read from history on its own. */
const webhooksMost = 100;

/**
 * Adds a webhook, once per request id; it gets what is recorded from now on. Resolves to false if the same command was
 * carried out before.
 * @throws {DatabaseError} `exists`; `refused` if there are too many; `request_id_reused`; `unavailable`
 */
export async function webhookAdd(
  database: Database,
  added: SecretsCommand & {
    webhookId: string;
    name: string;
    shownUrl: string;
    sealedTarget: Uint8Array;
    events: readonly string[];
    privateAllowed: boolean;
    createdBy: string;
  },
): Promise<{ made: boolean }> {
  let made = false;
  try {
    await secretsCommandOnce(database, added, async (tx) => {
      const { numAffectedRows } = await sql`
        INSERT INTO webhook (webhook_id, webhook_name, shown_url, sealed_target, events, private_allowed, created_by)
        SELECT ${added.webhookId}::uuid, ${added.name}, ${added.shownUrl}, ${Buffer.from(added.sealedTarget)},
          ${[...added.events]}::text[], ${added.privateAllowed}, ${added.createdBy}
        WHERE (SELECT count(*) FROM webhook) < ${webhooksMost}`.execute(tx);
      if (numAffectedRows === 0n) {
        throw new DatabaseError(
          "refused",
          `there are ${webhooksMost} webhooks, the maximum: \`farrier webhook delete --help\` says how to delete one`,
        );
      }
      made = true;
      return {};
    });
    return { made };
  } catch (error) {
    if (isUniqueViolation(error) === undefined) {
      throw error;
    }
    throw new DatabaseError("exists", `there is a webhook named "${added.name}": choose another name`, {
      cause: error,
    });
  }
}

/** Deletes a webhook, once per request id. @throws {DatabaseError} `not_found`; `request_id_reused`; `unavailable` */
export async function webhookDelete(
  database: Database,
  command: SecretsCommand & { name: string; deletedBy: string },
): Promise<void> {
  await secretsCommandOnce(database, command, async (tx) => {
    const { numAffectedRows } = await sql`DELETE FROM webhook WHERE webhook_name = ${command.name}`.execute(tx);
    if (numAffectedRows === 0n) {
      throw webhookUnknown(command.name);
    }
    return deletionAnswer(command.name, command.deletedBy);
  });
}

interface WebhookRow {
  webhook_id: string;
  webhook_name: string;
  shown_url: string;
  events: string[];
  private_allowed: boolean;
  created_at: Date;
  created_by: string;
  delivered: bigint;
  delivered_at: Date | null;
  failure: string | null;
  failed_at: Date | null;
  waiting: bigint;
  oldest_waiting_at: Date | null;
  machines_failing: bigint;
  dead_letters: bigint;
}

const columns = sql`
  w.webhook_id, w.webhook_name, w.shown_url, w.events, w.private_allowed, w.created_at, w.created_by, w.delivered,
  w.delivered_at, w.failure, w.failed_at, n.waiting, n.oldest_waiting_at,
  (SELECT count(*) FROM (
    SELECT FROM webhook_line l WHERE l.webhook_id = w.webhook_id AND l.attempts > 0 LIMIT ${webhookCountMost}
  ) f) AS machines_failing,
  (SELECT count(*) FROM (
    SELECT FROM webhook_dead_letter d WHERE d.webhook_id = w.webhook_id LIMIT ${webhookCountMost}
  ) e) AS dead_letters`;
const from = sql`webhook w CROSS JOIN LATERAL (
  SELECT count(*) AS waiting, min(c.event_at) AS oldest_waiting_at FROM (
    SELECT d.event_at FROM webhook_delivery d WHERE d.webhook_id = w.webhook_id LIMIT ${webhookCountMost}
  ) c
) n`;

function record(row: WebhookRow): WebhookRecord {
  return {
    webhookId: row.webhook_id,
    name: row.webhook_name,
    shownUrl: row.shown_url,
    events: row.events,
    privateAllowed: row.private_allowed,
    createdAt: row.created_at,
    createdBy: row.created_by,
    delivered: row.delivered,
    waiting: Number(row.waiting),
    machinesFailing: Number(row.machines_failing),
    deadLetters: Number(row.dead_letters),
    ...present({
      deliveredAt: row.delivered_at,
      failure: row.failure,
      failedAt: row.failed_at,
      oldestWaitingAt: row.oldest_waiting_at,
    }),
  };
}

/** Lists webhooks by name; `after` is the last name of the previous page. @throws {DatabaseError} `unavailable` */
export async function webhookList(
  database: Database,
  page: { limit: number; after: string },
): Promise<WebhookRecord[]> {
  const { rows } = await sql<WebhookRow>`
    SELECT ${columns} FROM ${from} WHERE w.webhook_name > ${page.after} ORDER BY w.webhook_name LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => record(row));
}

/** Reads a webhook, with what is sealed of it. @throws {DatabaseError} `not_found`; `unavailable` */
export async function webhookShow(
  database: Database,
  name: string,
): Promise<WebhookRecord & { sealedTarget: Uint8Array }> {
  const { rows } = await sql<WebhookRow & { sealed_target: Buffer }>`
    SELECT ${columns}, w.sealed_target FROM ${from} WHERE w.webhook_name = ${name}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    throw webhookUnknown(name);
  }
  return { ...record(row), sealedTarget: row.sealed_target };
}

/** That there is no such webhook. */
export function webhookUnknown(name: string): DatabaseError {
  return new DatabaseError(
    "not_found",
    `there is no webhook "${name}": \`farrier webhook list\` shows all that there are`,
  );
}
