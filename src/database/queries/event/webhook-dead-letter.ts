import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";
import { webhookUnknown } from "./webhook.ts";

/** An event that was given up. */
export interface DeadLetter {
  eventId: bigint;
  event: string;
  machineId: MachineId;
  /** "" = it has none, or was deleted. */
  machineName: string;
  at: Date;
  diedAt: Date;
  attempts: number;
  failure: string;
}

/** Lists a webhook's dead letters by their number, oldest first. @throws {DatabaseError} `not_found`; `unavailable` */
export async function deadLetterList(
  database: Database,
  name: string,
  page: { limit: number; after: bigint },
): Promise<DeadLetter[]> {
  const { rows } = await sql<{
    event_id: bigint | null;
    event: string;
    machine_id: MachineId;
    machine_name: string;
    event_at: Date;
    died_at: Date;
    attempts: number;
    failure: string;
  }>`
    SELECT d.event_id, d.event, d.machine_id, coalesce(m.name, '') AS machine_name, d.event_at, d.died_at, d.attempts, d.failure
    FROM webhook w LEFT JOIN webhook_dead_letter d
      ON d.webhook_id = w.webhook_id AND d.event_id > ${String(page.after)}::bigint
    LEFT JOIN machines m ON m.machine_id = d.machine_id
    WHERE w.webhook_name = ${name} ORDER BY d.event_id LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  if (rows.length === 0) {
    throw webhookUnknown(name);
  }
  return rows.flatMap(({ event_id: eventId, ...row }) =>
    eventId === null
      ? []
      : [
          {
            eventId,
            event: row.event,
            machineId: row.machine_id,
            machineName: row.machine_name,
            at: row.event_at,
            diedAt: row.died_at,
            attempts: row.attempts,
            failure: row.failure,
          },
        ],
  );
}

/**
 * Lets dead letters wait again, all or those of these numbers, once per request id; resolves to their number.
 * @throws {DatabaseError} `not_found`; `request_id_reused`; `unavailable`
 */
export async function deadLettersRedeliver(
  database: Database,
  command: SecretsCommand & { name: string; eventIds: readonly bigint[] },
): Promise<bigint> {
  const ids = command.eventIds.map(String);
  const answer = await secretsCommandOnce(database, command, async (tx) => {
    const { rows: webhooks } = await sql<{ webhook_id: string }>`
      SELECT webhook_id FROM webhook WHERE webhook_name = ${command.name} FOR NO KEY UPDATE`.execute(tx);
    const [webhook] = webhooks;
    if (webhook === undefined) {
      throw webhookUnknown(command.name);
    }
    const { rows } = await sql<{ events: bigint }>`
      WITH letters AS (
        DELETE FROM webhook_dead_letter d
        WHERE d.webhook_id = ${webhook.webhook_id} AND ${ids.length === 0 ? sql`true` : sql`d.event_id = ANY (${ids}::bigint[])`}
        RETURNING d.machine_id, d.event_id, d.event_at
      ),
      queued AS (
        INSERT INTO webhook_delivery (webhook_id, machine_id, event_id, event_at)
        SELECT ${webhook.webhook_id}::uuid, l.machine_id, l.event_id, l.event_at FROM letters l ON CONFLICT DO NOTHING
      ),
      lines AS (
        INSERT INTO webhook_line (webhook_id, machine_id)
        SELECT DISTINCT ${webhook.webhook_id}::uuid, l.machine_id FROM letters l ORDER BY l.machine_id
        ON CONFLICT (webhook_id, machine_id) DO UPDATE SET not_before = now(), attempts = 0
      )
      SELECT count(*) AS events FROM letters`.execute(tx);
    return { events: String(rows[0]?.events ?? 0n) };
  });
  return BigInt(answer["events"] ?? "0");
}

/** Dead letters that are deleted in one statement. */
const forgottenAtOnce = 5_000;

/** Deletes dead letters that are older than 30 days, a batch at a time; returns their number. */
export async function deadLettersForget(database: Database): Promise<number> {
  let forgotten = 0;
  for (let count = forgottenAtOnce; count === forgottenAtOnce;) {
    const { numAffectedRows } = await sql`
      DELETE FROM webhook_dead_letter WHERE (webhook_id, event_id) IN (
        SELECT webhook_id, event_id FROM webhook_dead_letter
        WHERE died_at < now() - interval '30 days' ORDER BY died_at LIMIT ${forgottenAtOnce}
      )`.execute(database.kysely);
    count = Number(numAffectedRows ?? 0n);
    forgotten += count;
  }
  return forgotten;
}
