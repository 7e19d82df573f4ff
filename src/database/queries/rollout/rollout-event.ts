import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";
import { storedText } from "../../../lib/format/stored-text.ts";

/** What can happen to a rollout. */
export type RolloutEventName =
  | "created"
  | "planned"
  | "started"
  | "wave_begun"
  | "paused"
  | "resumed"
  | "stopped"
  | "cancelled"
  | "retried"
  | "done";

/** A stored event of a rollout. */
export interface RolloutEventRecord {
  at: Date;
  actor: string;
  event: string;
  detail: string;
}

/** Appends an event; it exists if and only if the transaction commits. */
export async function rolloutEventAppend(
  tx: Tx,
  rollout: number,
  { actor, event, detail = "" }: { actor: Actor; event: RolloutEventName; detail?: string },
): Promise<void> {
  await sql`
    INSERT INTO rollout_event (rollout_number, actor, event, detail)
    VALUES (${rollout}, ${actor.name}, ${event}, ${storedText(detail)})`.execute(tx);
}

/** The latest events, the newest first. @throws {DatabaseError} `unavailable` */
export async function rolloutEvents(database: Database, rollout: number, limit: number): Promise<RolloutEventRecord[]> {
  const { rows } = await sql<RolloutEventRecord>`
    SELECT at, actor, event, detail FROM rollout_event WHERE rollout_number = ${rollout}
    ORDER BY event_number DESC LIMIT ${limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows;
}
