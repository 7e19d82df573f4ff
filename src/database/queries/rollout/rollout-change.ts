import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";
import { secretsCommandOnce } from "../secret/secrets-command.ts";
import { rolloutEventAppend } from "./rollout-event.ts";
import { rolloutShow, type RolloutRecord, type RolloutStateName } from "./rollout-record.ts";
import type { RolloutCommand } from "./rollout-start.ts";

/** Begins no more machines of a running rollout. @throws {DatabaseError} `not_found`; `refused`; `request_id_reused` */
export async function rolloutPause(database: Database, command: RolloutCommand): Promise<void> {
  await secretsCommandOnce(database, command, async (tx) => {
    const { number } = await rolloutIn(tx, command.name, ["running"], "paused");
    await sql`UPDATE rollout SET state = 'paused', state_since = now() WHERE rollout_number = ${number}`.execute(tx);
    await rolloutEventAppend(tx, number, { actor: command.actor, event: "paused" });
    return {};
  });
}

/**
 * Goes on with a rollout that is paused, or was stopped by the rule: the failures so far do not count again.
 * @throws {DatabaseError} `not_found`; `refused`; `request_id_reused`
 */
export async function rolloutResume(database: Database, command: RolloutCommand): Promise<void> {
  await secretsCommandOnce(database, command, async (tx) => {
    const { number, state } = await rolloutIn(tx, command.name, ["paused", "stopped"], "resumed");
    await runningAgain(tx, number, state === "stopped");
    await rolloutEventAppend(tx, number, { actor: command.actor, event: "resumed" });
    return {};
  });
}

/** Ends a rollout: machines that wait are let go. @throws {DatabaseError} `not_found`; `refused`; `request_id_reused` */
export async function rolloutCancel(database: Database, command: RolloutCommand): Promise<void> {
  const { actor, name } = command;
  await secretsCommandOnce(database, command, async (tx) => {
    const states = ["planned", "running", "paused", "stopped"] as const;
    const { number } = await rolloutIn(tx, name, states, "cancelled");
    const { rows } = await sql<{ cancelled: number; running: boolean }>`
      WITH let_go AS (
        UPDATE rollout_machine SET state = 'cancelled', state_since = now()
        WHERE rollout_number = ${number} AND state IN ('planned', 'waiting') RETURNING machine_id
      ), freed AS (
        DELETE FROM machine_rollout_hold l USING let_go g
        WHERE l.machine_id = g.machine_id AND l.rollout_number = ${number} RETURNING l.machine_id
      ), told AS (
        INSERT INTO history (machine_id, actor_kind, actor, event, detail)
        SELECT machine_id, ${actor.kind}, ${actor.name}, 'rollout_cancelled', jsonb_build_object('rollout', ${name}::text)
        FROM freed
      )
      SELECT (SELECT count(*) FROM let_go)::integer AS cancelled, EXISTS (
        SELECT FROM rollout_machine WHERE rollout_number = ${number} AND state = 'requested'
      ) AS running`.execute(tx);
    const running = rows[0]?.running === true;
    await sql`
      UPDATE rollout SET state = 'cancelled', state_since = now(), ended_at = CASE WHEN ${running} THEN NULL ELSE now() END
      WHERE rollout_number = ${number}`.execute(tx);
    const detail = `${rows[0]?.cancelled ?? 0} machines let go`;
    await rolloutEventAppend(tx, number, { actor, event: "cancelled", detail });
    return {};
  });
}

/** How many failed machines are in line again, and how many stay failed. */
export interface RolloutRetried {
  machines: number;
  kept: number;
}

/** Failures that are retried only where they are named: the system may run well, or somebody wanted it so. */
const onlyNamed = ["silent", "cancelled"] as const;

/**
 * Puts the failed machines of a rollout in line again, as they are now: those that failed by one of `causes`, or if none
 * is given, by all but *silent* and *cancelled*. Machines stay failed that another rollout holds, of which something else
 * was requested since, whose labels are not those of the plan, and those in quarantine; those whose systems have reported
 * after all are good.
 * @throws {DatabaseError} `not_found`; `refused` if nothing is retried; `request_id_reused`
 */
export async function rolloutRetryFailed(
  database: Database,
  command: RolloutCommand & { causes: readonly string[] },
): Promise<RolloutRetried> {
  const answer = await secretsCommandOnce(database, command, async (tx) => {
    const states = ["running", "paused", "stopped", "done"] as const;
    const { number } = await rolloutIn(tx, command.name, states, "retried");
    const late = await lateReportsCount(tx, number);
    await failedHold(tx, number, command.causes);
    const { numAffectedRows } = await sql`
      UPDATE rollout_machine r SET state = 'waiting', state_since = now(), cause = NULL, error = NULL, generation = NULL,
        seen_generation = m.last_generation, seen_labels = md5(m.labels::text), seen_hardware = (
          SELECT h.hardware_report_fingerprint FROM machine_hardware_report h WHERE h.machine_id = m.machine_id
        )
      FROM machine_rollout_hold l JOIN machines m ON m.machine_id = l.machine_id
      WHERE r.rollout_number = ${number} AND r.state = 'failed' AND l.machine_id = r.machine_id
        AND l.rollout_number = ${number}`.execute(tx);
    const machines = Number(numAffectedRows ?? 0n);
    const kept = await failedCount(tx, number);
    if (machines === 0 && late === 0) {
      throw new DatabaseError("refused", nothingRetried(command.name, kept, command.causes));
    }
    await runningAgain(tx, number, true);
    const detail = `${machines} machines${kept === 0 ? "" : `, ${kept} stay failed`}`;
    await rolloutEventAppend(tx, number, { actor: command.actor, event: "retried", detail });
    return { machines: String(machines), kept: String(kept) };
  });
  return { machines: Number(answer["machines"]), kept: Number(answer["kept"]) };
}

/** Holds the failed machines that may be tried again. Sorted, as each that holds machines does. */
async function failedHold(tx: Tx, rollout: number, causes: readonly string[]): Promise<void> {
  const named = causes.length > 0;
  await sql`
    INSERT INTO machine_rollout_hold (machine_id, rollout_number)
    SELECT r.machine_id, r.rollout_number FROM rollout_machine r JOIN machines m ON m.machine_id = r.machine_id
    WHERE r.rollout_number = ${rollout} AND r.state = 'failed'
      AND (r.cause = ANY (${named ? causes : [...onlyNamed]}::text[])) = ${named}
      AND m.last_generation = r.seen_generation AND md5(m.labels::text) = r.seen_labels
      AND NOT EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = m.machine_id)
    ORDER BY r.machine_id
    ON CONFLICT (machine_id) DO NOTHING`.execute(tx);
}

async function failedCount(tx: Tx, rollout: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::integer AS count FROM rollout_machine
    WHERE rollout_number = ${rollout} AND state = 'failed'`.execute(tx);
  return rows[0]?.count ?? 0;
}

function nothingRetried(name: string, kept: number, causes: readonly string[]): string {
  if (kept === 0) {
    return `rollout "${name}" has no failed machine: \`farrier rollout show ${name}\` has its machines`;
  }
  const by = causes.length > 0 ? ` by ${causes.join(" or ")}` : "";
  return (
    `rollout "${name}" has ${kept} failed machine${kept === 1 ? "" : "s"}, and none${by} to be tried again: machines that are ` +
    `${onlyNamed.join(" or ")} are tried again with \`farrier rollout retry-failed ${name} --cause ${onlyNamed[0]}\`; those ` +
    `of which something else was requested since, whose labels changed, that are in quarantine or that another rollout holds are ` +
    `left alone: \`farrier rollout show ${name}\` has its machines`
  );
}

/** Counts silent machines as good whose systems have reported since: nothing is to be installed again. */
async function lateReportsCount(tx: Tx, rollout: number): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE rollout_machine r SET state = 'good', state_since = now(), cause = NULL, error = NULL
    FROM machine_came_up u
    WHERE r.rollout_number = ${rollout} AND r.state = 'failed' AND r.cause = 'silent'
      AND u.machine_id = r.machine_id AND u.generation = r.generation AND u.heard_at IS NOT NULL`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

async function runningAgain(tx: Tx, rollout: number, answered: boolean): Promise<void> {
  await sql`
    UPDATE rollout SET state = 'running', state_since = now(), ended_at = NULL,
      failures_answered = CASE WHEN ${answered} THEN (
        SELECT count(*) FROM rollout_machine WHERE rollout_number = ${rollout} AND state = 'failed'
      ) ELSE failures_answered END
    WHERE rollout_number = ${rollout}`.execute(tx);
}

async function rolloutIn(
  tx: Tx,
  name: string,
  states: readonly RolloutStateName[],
  done: string,
): Promise<RolloutRecord> {
  const record = await rolloutShow(tx, name, true);
  if (!states.includes(record.state)) {
    throw new DatabaseError(
      "refused",
      `rollout "${name}" is ${record.state}: only a rollout that is ${states.join(" or ")} can be ${done}`,
    );
  }
  return record;
}
