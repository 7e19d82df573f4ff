import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { secretsCommandOnce, type SecretsCommand, type SecretsCommandAnswer } from "../secret/secrets-command.ts";
import { rolloutEventAppend } from "./rollout-event.ts";
import { rolloutShow, type RolloutHours, type RolloutStopRule } from "./rollout-record.ts";

/** A machine as a plan has it. */
export interface RolloutPlanned {
  machineId: MachineId;
  wave: number;
  seen: { generation: bigint; hardware: Uint8Array | null; labels: string };
  disk: string;
  diskBytes: bigint;
  overwrites: bigint | null;
  refused: string | null;
  doubt: string | null;
}

/** A new rollout. */
export interface RolloutCreation extends SecretsCommand {
  actor: Actor;
  /** Empty = the profile's name with a number. */
  name: string;
  profile: { name: string; version: number };
  /** Seals the values for the rollout with this name. */
  seal: (name: string) => Uint8Array;
  waves: readonly number[];
  parallel: number;
  stopAfter?: RolloutStopRule;
  window?: RolloutHours;
  expectedSeconds?: number;
  machines: readonly RolloutPlanned[];
}

/**
 * Stores a planned rollout, once per request id; returns its name and number.
 * @throws {DatabaseError} `exists`; `request_id_reused`; `unavailable`
 */
export async function rolloutCreate(database: Database, made: RolloutCreation): Promise<RolloutMade> {
  const { profile, stopAfter, window: hours } = made;
  const answer = await secretsCommandOnce(database, made, async (tx) => {
    const name = made.name === "" ? await nameFree(tx, profile.name) : made.name;
    const { rows } = await sql<{ rollout_number: number }>`
      INSERT INTO rollout (rollout_name, profile_name, profile_version, sealed_values, waves, parallel, stop_after,
        stop_after_percent, window_from, window_to, time_zone, expected_seconds, created_by)
      VALUES (${name}, ${profile.name}, ${profile.version}, ${Buffer.from(made.seal(name))},
        ${[...made.waves]}::integer[], ${made.parallel},
        ${stopAfter !== undefined && "failures" in stopAfter ? stopAfter.failures : null},
        ${stopAfter !== undefined && "percent" in stopAfter ? stopAfter.percent : null},
        ${hours?.from ?? null}, ${hours?.to ?? null}, ${hours?.timeZone ?? null}, ${made.expectedSeconds ?? null},
        ${made.actor.name})
      ON CONFLICT (rollout_name) DO NOTHING RETURNING rollout_number`.execute(tx);
    const [row] = rows;
    if (row === undefined) {
      throw new DatabaseError("exists", `there is a rollout "${name}" already: choose another name`);
    }
    await plannedWrite(tx, row.rollout_number, made.machines);
    const detail = `${made.machines.length} machines`;
    await rolloutEventAppend(tx, row.rollout_number, { actor: made.actor, event: "created", detail });
    return { name, number: String(row.rollout_number) };
  });
  return rolloutMadeOf(answer);
}

/** A rollout that a command made: its name may be another's by now, its number is not. */
export interface RolloutMade {
  name: string;
  /** Absent in the records of earlier versions. */
  number: number | undefined;
}

/** Reads the answer of the command that made a rollout. Pure. */
export function rolloutMadeOf({ name = "", number }: SecretsCommandAnswer): RolloutMade {
  return { name, number: number === undefined ? undefined : Number(number) };
}

/** PROFILE-N with the first number after the newest rollout's, also where that is deleted: history names it. */
async function nameFree(tx: Tx, profile: string): Promise<string> {
  const { rows } = await sql<{ number: number }>`
    SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('rollout', 'rollout_number')), 0)::integer + 1
      AS number`.execute(tx);
  // A profile's name may be as long as a rollout's.
  return `${profile.slice(0, 52)}-${rows[0]?.number ?? 1}`;
}

/** A new plan of a rollout that has not started. */
export interface RolloutReplan extends SecretsCommand {
  actor: Actor;
  name: string;
  expectedSeconds?: number;
  machines: readonly RolloutPlanned[];
}

/**
 * Replaces the plan of a rollout that has not started, once per request id.
 * @throws {DatabaseError} `not_found`; `refused` if it has started; `request_id_reused`; `unavailable`
 */
export async function rolloutReplan(database: Database, plan: RolloutReplan): Promise<void> {
  await secretsCommandOnce(database, plan, async (tx) => {
    const { number, state } = await rolloutShow(tx, plan.name, true);
    if (state !== "planned") {
      throw new DatabaseError("refused", `rollout "${plan.name}" has started: its plan can't be made anew`);
    }
    await sql`DELETE FROM rollout_machine WHERE rollout_number = ${number}`.execute(tx);
    await plannedWrite(tx, number, plan.machines);
    await sql`
      UPDATE rollout SET planned_at = now(), expected_seconds = ${plan.expectedSeconds ?? null}
      WHERE rollout_number = ${number}`.execute(tx);
    await rolloutEventAppend(tx, number, { actor: plan.actor, event: "planned" });
    return {};
  });
}

/** The machines of a rollout in their order. @throws {DatabaseError} `unavailable` */
export async function rolloutMachineIds(database: Database, rollout: number): Promise<MachineId[]> {
  const rows = await database.kysely
    .selectFrom("rollout_machine")
    .select("machine_id")
    .where("rollout_number", "=", rollout)
    .orderBy("position")
    .execute();
  return rows.map((row) => row.machine_id);
}

/** A machine that was deleted meanwhile is left away. */
async function plannedWrite(tx: Tx, rollout: number, machines: readonly RolloutPlanned[]): Promise<void> {
  const column = <Value>(of: (machine: RolloutPlanned) => Value): Value[] => machines.map((machine) => of(machine));
  await sql`
    INSERT INTO rollout_machine (machine_id, rollout_number, wave, position, seen_generation, seen_hardware, seen_labels,
      disk, disk_bytes, overwrites, refused, doubt)
    SELECT x.machine_id, ${rollout}, x.wave, x.place, x.generation, x.hardware, x.labels, x.disk, x.disk_bytes,
      x.overwrites, x.refused, x.doubt
    FROM unnest(
      ${column(({ machineId }) => machineId)}::uuid[], ${column(({ wave }) => wave)}::integer[],
      ${column(({ seen }) => seen.generation)}::bigint[],
      ${column(({ seen }) => (seen.hardware === null ? null : Buffer.from(seen.hardware)))}::bytea[],
      ${column(({ seen }) => seen.labels)}::text[], ${column(({ disk }) => disk)}::text[],
      ${column(({ diskBytes }) => diskBytes)}::bigint[], ${column(({ overwrites }) => overwrites)}::bigint[],
      ${column(({ refused }) => refused)}::text[], ${column(({ doubt }) => doubt)}::text[]
    ) WITH ORDINALITY AS x (machine_id, wave, generation, hardware, labels, disk, disk_bytes, overwrites, refused, doubt,
      place)
    JOIN machines m ON m.machine_id = x.machine_id`.execute(tx);
}
