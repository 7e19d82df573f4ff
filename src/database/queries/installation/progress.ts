import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import type { AgentKey, Generation, MachineId } from "../../ids.ts";
import { historyAppend } from "../../history.ts";
import { keyStart } from "../agent/agent.ts";
import { transact, type Tx } from "../../transaction.ts";

/** The phases of an installation, in their order. */
export const phases = ["selecting-disk", "writing", "verifying", "configuring", "boot-entry", "rebooting"] as const;
export type Phase = (typeof phases)[number];

/** How far an agent is. */
export interface ProgressEntry {
  machineId: MachineId;
  publicKey: AgentKey;
  /** The run's id, or its key where it has none. */
  run: Uint8Array;
  /** 0 or more; not every number was asked for. */
  generation: bigint;
  phase: Phase;
  bytesDone: bigint;
  /** 0 = unknown. */
  bytesTotal: bigint;
  /** At most 1 KiB, no NUL bytes. */
  detail: string;
}

/** What came of it. */
export type ProgressOutcome =
  | { status: "ok"; cancelledGeneration?: bigint }
  /** An unknown machine, or another key. */
  | { status: "unauthenticated" };

/** True from the phase on in which the disk is no longer what it was. */
export function diskIsTouched(phase: Phase): boolean {
  return phase !== "selecting-disk";
}

function comesAfterWriting(phase: Phase): boolean {
  return phases.indexOf(phase) > phases.indexOf("writing");
}

/**
 * Records how far an installation is. An OK for a phase that touches the disk is the acknowledgement that the agent waits
 * for: by then *installed* is gone. Of a generation that is not pending nothing is recorded, and it is called off unless it
 * succeeded. Cancelling it takes the same lock: whichever commits first decides.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function progressRecord(
  database: Database,
  session: Parameters<typeof transact>[1],
  entry: ProgressEntry,
): Promise<ProgressOutcome> {
  return transact(database, session, async (tx) => {
    if (!(await authenticatedLock(tx, entry))) {
      return { status: "unauthenticated" };
    }
    const standing = await generationStanding(tx, entry.machineId);
    if (standing === undefined || standing.generation !== entry.generation || !standing.pending) {
      const succeeded = standing?.result === "success" && standing.reported === entry.generation;
      // Only afterwards: an OK to WRITING would let another run write over what this one installed.
      return succeeded && comesAfterWriting(entry.phase)
        ? { status: "ok" }
        : { status: "ok", cancelledGeneration: entry.generation };
    }
    await progressWrite(tx, entry, standing);
    return { status: "ok" };
  });
}

async function authenticatedLock(tx: Tx, entry: ProgressEntry): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM machines m WHERE m.machine_id = ${entry.machineId} AND EXISTS (
      SELECT FROM machine_agent_started s
      WHERE s.machine_id = m.machine_id AND s.agent_public_key = ${Buffer.from(entry.publicKey)}
    ) FOR NO KEY UPDATE OF m`.execute(tx);
  return rows.length === 1;
}

interface Standing {
  generation: Generation;
  pending: boolean;
  reported: bigint | null;
  result: string | null;
  /** What the progress tag says of this generation. */
  phase: string | null;
  run: Buffer | null;
}

async function generationStanding(tx: Tx, machineId: MachineId): Promise<Standing | undefined> {
  const { rows } = await sql<Standing>`
    SELECT q.generation, installation_pending(q.generation, r.generation) AS pending, r.generation AS reported, r.result,
      p.phase, p.run
    FROM machine_os_installation_request q
    LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
    LEFT JOIN machine_os_installation_progress p ON p.machine_id = q.machine_id AND p.generation = q.generation
    WHERE q.machine_id = ${machineId}`.execute(tx);
  return rows[0];
}

async function progressWrite(tx: Tx, entry: ProgressEntry, standing: Standing): Promise<void> {
  const { machineId, phase } = entry;
  const generation = standing.generation;
  const actor = { kind: "agent", name: keyStart(entry.publicKey) } as const;
  const run = Buffer.from(entry.run);
  const touched = diskIsTouched(phase);
  await sql`
    INSERT INTO machine_os_installation_progress AS p (
      machine_id, generation, run, phase, bytes_done, bytes_total, detail, writing_since, progressed_at
    ) VALUES (
      ${machineId}, ${generation}, ${run}, ${phase}, ${entry.bytesDone}, ${entry.bytesTotal}, ${entry.detail},
      CASE WHEN ${touched} THEN now() END, now()
    ) ON CONFLICT (machine_id) DO UPDATE SET
      generation = excluded.generation, run = excluded.run, phase = excluded.phase, bytes_done = excluded.bytes_done,
      bytes_total = excluded.bytes_total, detail = excluded.detail, progressed_at = excluded.progressed_at,
      writing_since = CASE WHEN p.generation = excluded.generation
        THEN coalesce(p.writing_since, excluded.writing_since) ELSE excluded.writing_since END`.execute(tx);
  const removed = touched
    ? await tx
        .deleteFrom("machine_os_installed")
        .where("machine_id", "=", machineId)
        .returning("generation")
        .executeTakeFirst()
    : undefined;
  const phaseIsNew = standing.phase !== phase || standing.run?.equals(run) !== true;
  await historyAppend(tx, [
    ...(phaseIsNew
      ? [
          {
            machineId,
            actor,
            event: "installation_progressed" as const,
            generation,
            detail: {
              phase,
              run: run.toString("hex").slice(0, 16),
              ...(entry.detail === "" ? {} : { detail: entry.detail }),
            },
          },
        ]
      : []),
    ...(removed === undefined
      ? []
      : [
          {
            machineId,
            actor,
            event: "installed_removed" as const,
            generation,
            detail: { was: String(removed.generation) },
          },
        ]),
  ]);
}
