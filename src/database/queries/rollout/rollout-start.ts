import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";
import { rolloutChanged, rolloutChangeTexts, type RolloutChange } from "./rollout-changed.ts";
import { rolloutEventAppend } from "./rollout-event.ts";
import { rolloutShow } from "./rollout-record.ts";

/** A command about a rollout. */
export interface RolloutCommand extends SecretsCommand {
  actor: Actor;
  name: string;
}

/**
 * Starts a planned rollout, once per request id. Machines that the plan refuses, that have changed since, or that another
 * rollout holds are left out; the others are held.
 * @throws {DatabaseError} `not_found`; `refused` if it has started; `request_id_reused`; `unavailable`
 */
export async function rolloutStart(database: Database, command: RolloutCommand): Promise<void> {
  await secretsCommandOnce(database, command, async (tx) => {
    const { number, state } = await rolloutShow(tx, command.name, true);
    if (state !== "planned") {
      const paused = state === "paused" || state === "stopped";
      throw new DatabaseError(
        "refused",
        `rollout "${command.name}" is ${state}: ${paused ? `\`farrier rollout resume ${command.name}\` goes on with it` : "it can't be started again"}`,
      );
    }
    const held = await holdFree(tx, number);
    await sql`
      UPDATE rollout_machine r SET state = 'waiting', state_since = now()
      FROM machine_rollout_hold l
      WHERE r.rollout_number = ${number} AND l.machine_id = r.machine_id AND l.rollout_number = ${number}`.execute(tx);
    const leftOut = await leaveOutRest(tx, number, command);
    await sql`
      UPDATE rollout SET state = 'running', state_since = now(), started_at = now() WHERE rollout_number = ${number}`.execute(
      tx,
    );
    await sql`
      INSERT INTO history (machine_id, actor_kind, actor, event, detail)
      SELECT machine_id, ${command.actor.kind}, ${command.actor.name}, 'rollout_joined',
        jsonb_build_object('rollout', ${command.name}::text, 'wave', wave)
      FROM rollout_machine WHERE rollout_number = ${number} AND state = 'waiting'`.execute(tx);
    const detail = `${held} machines${leftOut === 0 ? "" : `, ${leftOut} left out`}`;
    await rolloutEventAppend(tx, number, { actor: command.actor, event: "started", detail });
    return {};
  });
}

/**
 * Holds those planned machines of a rollout that are as the plan saw them and that no other rollout holds. Sorted, so that
 * two starts wait for each other and not in a circle.
 */
async function holdFree(tx: Tx, rollout: number): Promise<number> {
  const { numAffectedRows } = await sql`
    INSERT INTO machine_rollout_hold (machine_id, rollout_number)
    SELECT r.machine_id, r.rollout_number FROM rollout_machine r JOIN machines m ON m.machine_id = r.machine_id
    WHERE r.rollout_number = ${rollout} AND r.state = 'planned' AND r.refused IS NULL AND ${rolloutChanged} IS NULL
    ORDER BY r.machine_id
    ON CONFLICT (machine_id) DO NOTHING`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

/** Leaves out the machines that are still planned, and says why of each. */
async function leaveOutRest(tx: Tx, rollout: number, { actor, name }: RolloutCommand): Promise<number> {
  const texts = Object.entries(rolloutChangeTexts) as [RolloutChange, string][];
  const { numAffectedRows } = await sql`
    WITH seen AS (
      SELECT r.machine_id, r.refused, ${rolloutChanged} AS changed, o.rollout_name AS holder
      FROM rollout_machine r JOIN machines m ON m.machine_id = r.machine_id
      LEFT JOIN machine_rollout_hold l ON l.machine_id = r.machine_id
      LEFT JOIN rollout o ON o.rollout_number = l.rollout_number
      WHERE r.rollout_number = ${rollout} AND r.state = 'planned'
    ), left_out AS (
      UPDATE rollout_machine r SET state = 'left_out', state_since = now(),
        cause = CASE WHEN s.refused IS NOT NULL THEN 'refused' WHEN s.changed IS NOT NULL THEN 'changed-' || s.changed
          ELSE 'held' END,
        error = coalesce(s.refused, t.text, 'rollout ' || coalesce(s.holder, '') || ' holds it')
      FROM seen s LEFT JOIN unnest(
        ${texts.map(([word]) => word)}::text[], ${texts.map(([, text]) => text)}::text[]
      ) AS t (word, text) ON t.word = s.changed
      WHERE r.rollout_number = ${rollout} AND r.machine_id = s.machine_id
      RETURNING r.machine_id, r.error
    )
    INSERT INTO history (machine_id, actor_kind, actor, event, detail)
    SELECT machine_id, ${actor.kind}, ${actor.name}, 'rollout_left_out',
      jsonb_build_object('rollout', ${name}::text, 'reason', error)
    FROM left_out`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}
