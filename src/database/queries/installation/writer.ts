// The one run that may write to a machine's disk: its reads and writes under the machine's lock.
import { sql } from "kysely";
import type { Generation, MachineId } from "../../ids.ts";
import { keyStart } from "../agent/agent.ts";
import { historyAppend } from "../../history.ts";
import type { Tx } from "../../transaction.ts";

/** Seconds of silence after which a writer is over; writer_over in the schema has the same value. */
export const writerSilence = 90;

/** A run that asks, with the key that it called with. */
export interface WriterRun {
  machineId: MachineId;
  generation: Generation;
  run: Uint8Array;
  publicKey: Uint8Array;
}

/** The beginning of a run's id (or key), as history and messages show runs. */
export function runStart(run: Uint8Array): string {
  return Buffer.from(run).toString("hex").slice(0, 16);
}

/** The writer was heard: it goes on, whatever was recorded about its end. */
export async function writerHeard(tx: Tx, { machineId }: WriterRun): Promise<void> {
  await sql`
    UPDATE machine_os_installation_writer SET heard_at = now(), ended_at = NULL
    WHERE machine_id = ${machineId}`.execute(tx);
}

/**
 * Makes a run the writer. The generation is called off for the previous writer. The first writer resets the count of
 * earlier runs, because none of them has touched the disk.
 * @param before the writer that it replaces, and why that one is over
 */
export async function writerSet(tx: Tx, asker: WriterRun, before?: { run: Uint8Array; reason: string }): Promise<void> {
  const { machineId, generation } = asker;
  const run = Buffer.from(asker.run);
  const publicKey = Buffer.from(asker.publicKey);
  await sql`
    INSERT INTO machine_os_installation_writer (machine_id, generation, run, agent_public_key)
    VALUES (${machineId}, ${generation}, ${run}, ${publicKey})
    ON CONFLICT (machine_id) DO UPDATE SET
      generation = excluded.generation, run = excluded.run, agent_public_key = excluded.agent_public_key,
      writing_since = now(), heard_at = now(), ended_at = NULL, power_off_at = NULL,
      rival_run = NULL, rival_public_key = NULL, rival_at = NULL, rival_told_at = NULL`.execute(tx);
  await (
    before === undefined
      ? sql`
        UPDATE machine_os_installation_run SET counted = false
        WHERE machine_id = ${machineId} AND generation = ${generation} AND run <> ${run} AND counted`
      : sql`
        UPDATE machine_os_installation_run SET replaced_at = now()
        WHERE machine_id = ${machineId} AND generation = ${generation} AND run = ${Buffer.from(before.run)}`
  ).execute(tx);
  await sql`
    INSERT INTO machine_os_installation_run (machine_id, generation, run)
    VALUES (${machineId}, ${generation}, ${run})
    ON CONFLICT (machine_id, generation, run) DO UPDATE SET counted = true`.execute(tx);
  if (before !== undefined) {
    await historyAppend(tx, [
      {
        machineId,
        generation,
        actor: { kind: "agent", name: keyStart(publicKey) },
        event: "installation_writer_replaced",
        detail: { was: runStart(before.run), run: runStart(run), reason: before.reason },
      },
    ]);
  }
}

/**
 * Records that a run was refused because another one writes. Entered into history once an hour: two agents use one
 * identity, or the machine was just restarted.
 */
export async function writerRefused(tx: Tx, asker: WriterRun, writerRun: Uint8Array): Promise<void> {
  const { machineId, generation, run, publicKey } = asker;
  const { rows } = await sql<{ told: boolean }>`
    UPDATE machine_os_installation_writer SET
      rival_run = ${Buffer.from(run)}, rival_public_key = ${Buffer.from(publicKey)}, rival_at = now(),
      rival_told_at = CASE WHEN rival_told_at > now() - interval '1 hour' THEN rival_told_at ELSE now() END
    WHERE machine_id = ${machineId}
    RETURNING rival_told_at = now() AS told`.execute(tx);
  if (rows[0]?.told === true) {
    await historyAppend(tx, [
      {
        machineId,
        generation,
        actor: { kind: "agent", name: keyStart(publicKey) },
        event: "agent_duplicate",
        detail: { seen: "writing", writer: runStart(writerRun), run: runStart(run) },
      },
    ]);
  }
}

/**
 * Records that the machine was seen without power: its writer is over, unless it is heard later. An old observation
 * must not end a writer that began since: a writer that was heard in the last 10 s has power.
 * @param seenSecondsAgo the age of the observation; 0 if the caller itself has switched the machine off and it is still
 * off
 */
export async function writerPowerOff(tx: Tx, machineId: MachineId, seenSecondsAgo = 10): Promise<void> {
  await sql`
    UPDATE machine_os_installation_writer SET power_off_at = now()
    WHERE machine_id = ${machineId} AND heard_at < now() - make_interval(secs => ${seenSecondsAgo})`.execute(tx);
}
