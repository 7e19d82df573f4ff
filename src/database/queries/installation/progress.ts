import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { runsExhausted } from "../../heartbeat/heartbeat-fragments.ts";
import { historyAppend } from "../../history.ts";
import type { AgentKey, Generation, MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { keyStart } from "../agent/agent.ts";
import { diskBegun } from "./disk-begun.ts";
import { installationEndBySystem } from "./installation-end.ts";
import { progressRate } from "./progress-rate.ts";
import { runStart, writerHeard, writerRefused, writerSet, writerSilence } from "./writer.ts";
import { writerDecide, type WriterStanding } from "./writer-decide.ts";

/** The phases of an installation, in order. */
export const phases = ["selecting-disk", "writing", "verifying", "configuring", "boot-entry", "rebooting"] as const;
export type Phase = (typeof phases)[number];

/** A progress report. */
export interface ProgressEntry {
  machineId: MachineId;
  publicKey: AgentKey;
  /** The run's id, or the agent's key if it has none. */
  run: Uint8Array;
  /** 0 or more; possibly a generation that was never requested. */
  generation: bigint;
  phase: Phase;
  bytesDone: bigint;
  /** 0 means unknown. */
  bytesTotal: bigint;
  /** At most 1 KiB, no NUL bytes. */
  detail: string;
  /** Why the agent is retrying; at most 1 KiB, no NUL bytes. Absent or "" if it is not retrying. */
  lastError?: string;
  /** Seconds from now after which the agent gives up retrying; absent or 0 means never. */
  givesUpInSeconds?: number;
}

/** The result of a progress report. */
export type ProgressOutcome =
  | { status: "ok"; cancelledGeneration?: bigint }
  /** Another run writes: ask again, not sooner than after `retryAfter` milliseconds. */
  | { status: "other-writer"; retryAfter: number }
  /** An unknown machine, or another key. */
  | { status: "unauthenticated" };

/** True for the phase that changes the disk, and for all later ones. */
export function diskIsTouched(phase: Phase): boolean {
  return phase !== "selecting-disk";
}

/** Bounds in milliseconds of the wait after which a run that waits for the writer's end asks again. */
const waitBounds = { least: 2_000, most: 5_000 } as const;

function comesAfterWriting(phase: Phase): boolean {
  return phases.indexOf(phase) > phases.indexOf("writing");
}

/**
 * Records progress. An OK for a phase that changes the disk is the acknowledgement that the agent waits for: by then
 * the tag *installed* is removed, and this run is the one writer of the generation. If the generation is not pending,
 * nothing is recorded, and it is called off unless it succeeded. A cancellation takes the same lock, so the first
 * commit decides.
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
    const standing = await generationStanding(tx, entry);
    if (standing === undefined || standing.generation !== entry.generation || !standing.pending) {
      const succeeded = standing?.result === "success" && standing.reported === entry.generation;
      // Only for phases after WRITING: an OK to WRITING would let another run overwrite what this generation installed.
      return succeeded && comesAfterWriting(entry.phase)
        ? { status: "ok" }
        : { status: "ok", cancelledGeneration: entry.generation };
    }
    const asker = { ...entry, generation: standing.generation };
    const touches = diskIsTouched(entry.phase);
    switch (writerDecide(writerStanding(standing, entry.run), touches)) {
      case "replaced":
        return { status: "ok", cancelledGeneration: entry.generation };
      case "bystander":
        return { status: "ok" };
      case "wait":
        await writerRefused(tx, asker, standing.writer_run ?? entry.run);
        return { status: "other-writer", retryAfter: waitFor(standing) };
      case "exhausted":
        await installationEndBySystem(tx, asker, runsExhausted);
        return { status: "ok", cancelledGeneration: entry.generation };
      case "begin":
        await writerSet(tx, asker);
        break;
      case "take-over":
        await writerSet(tx, asker, {
          run: standing.writer_run ?? entry.run,
          reason: standing.writer_over_by ?? "silent",
        });
        break;
      case "go-on":
        await writerHeard(tx, asker);
        break;
      case "record":
        break;
    }
    await progressWrite(tx, entry, standing);
    return { status: "ok" };
  });
}

function writerStanding(standing: Standing, run: Uint8Array): WriterStanding {
  const { writer_run: writer } = standing;
  return {
    writer: writer === null ? "none" : writer.equals(run) ? "own" : "other",
    over: standing.writer_over_by !== null,
    replaced: standing.replaced,
    countedOthers: standing.counted_others,
  };
}

function waitFor({ writer_silent: silent }: Standing): number {
  const left = (writerSilence - (silent ?? 0)) * 1_000;
  const bounded = Math.min(waitBounds.most, Math.max(waitBounds.least, left));
  // Up to a quarter longer, so that several waiting runs ask at different times.
  return Math.round(bounded * (1 + Math.random() / 4));
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
  /** The recorded progress of this generation. */
  phase: string | null;
  run: Buffer | null;
  writer_run: Buffer | null;
  /** Why the writer is over; null if it is not, or there is none. */
  writer_over_by: "ended" | "power off" | "silent" | null;
  /** Seconds since the writer was last heard. */
  writer_silent: number | null;
  /** The asking run was the writer before. */
  replaced: boolean;
  /** Other runs that count towards {@link runsPerGeneration}. */
  counted_others: number;
}

async function generationStanding(tx: Tx, { machineId, run }: ProgressEntry): Promise<Standing | undefined> {
  const { rows } = await sql<Standing>`
    SELECT q.generation, installation_pending(q.generation, r.generation) AS pending, r.generation AS reported, r.result,
      p.phase, p.run, w.run AS writer_run,
      CASE WHEN writer_over(w.heard_at, w.ended_at, w.power_off_at) THEN
        CASE WHEN w.ended_at IS NOT NULL THEN 'ended' WHEN w.power_off_at > w.heard_at THEN 'power off' ELSE 'silent' END
      END AS writer_over_by,
      extract(epoch FROM now() - w.heard_at)::float8 AS writer_silent,
      coalesce(bool_or(u.replaced_at IS NOT NULL) FILTER (WHERE u.run = ${Buffer.from(run)}), false) AS replaced,
      (count(*) FILTER (WHERE u.counted AND u.run <> ${Buffer.from(run)}))::integer AS counted_others
    FROM machine_os_installation_request q
    LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
    LEFT JOIN machine_os_installation_progress p ON p.machine_id = q.machine_id AND p.generation = q.generation
    LEFT JOIN machine_os_installation_writer w ON w.machine_id = q.machine_id AND w.generation = q.generation
    LEFT JOIN machine_os_installation_run u ON u.machine_id = q.machine_id AND u.generation = q.generation
    WHERE q.machine_id = ${machineId}
    GROUP BY q.machine_id, r.machine_id, p.machine_id, w.machine_id`.execute(tx);
  return rows[0];
}

async function progressWrite(tx: Tx, entry: ProgressEntry, standing: Standing): Promise<void> {
  const { machineId, phase, lastError = "", givesUpInSeconds = 0 } = entry;
  const generation = standing.generation;
  const actor = { kind: "agent", name: keyStart(entry.publicKey) } as const;
  const run = Buffer.from(entry.run);
  const touched = diskIsTouched(phase);
  await sql`
    INSERT INTO machine_os_installation_progress AS p (
      machine_id, generation, run, phase, bytes_done, bytes_total, detail, last_error, gives_up_at, writing_since,
      progressed_at
    ) VALUES (
      ${machineId}, ${generation}, ${run}, ${phase}, ${entry.bytesDone}, ${entry.bytesTotal}, ${entry.detail},
      ${lastError},
      CASE WHEN ${lastError !== "" && givesUpInSeconds > 0} THEN now() + make_interval(secs => ${givesUpInSeconds}) END,
      CASE WHEN ${touched} THEN now() END, now()
    ) ON CONFLICT (machine_id) DO UPDATE SET
      bytes_per_second = CASE
        WHEN (p.generation, p.run, p.phase) = (excluded.generation, excluded.run, excluded.phase)
        THEN ${progressRate(sql`excluded.bytes_done`)} END,
      generation = excluded.generation, run = excluded.run, phase = excluded.phase, bytes_done = excluded.bytes_done,
      bytes_total = excluded.bytes_total, detail = excluded.detail, last_error = excluded.last_error,
      gives_up_at = excluded.gives_up_at, progressed_at = excluded.progressed_at,
      writing_since = CASE WHEN p.generation = excluded.generation
        THEN coalesce(p.writing_since, excluded.writing_since) ELSE excluded.writing_since END`.execute(tx);
  if (touched) {
    await diskBegun(tx, machineId, generation);
  }
  const removed = touched
    ? await tx
        .deleteFrom("machine_os_installed")
        .where("machine_id", "=", machineId)
        .returning("generation")
        .executeTakeFirst()
    : undefined;
  const phaseIsNew = standing.phase !== phase || standing.run?.equals(run) !== true;
  await historyAppend(tx, [
    ...(phaseIsNew && (await historyRoom(tx, machineId, generation))
      ? [
          {
            machineId,
            actor,
            event: "installation_progressed" as const,
            generation,
            detail: {
              phase,
              run: runStart(run),
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

/** Entries of one generation's progress: a run has six phases, and phases in turn without end are an agent's own doing. */
const progressEntries = 200;

async function historyRoom(tx: Tx, machineId: MachineId, generation: Generation): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM history WHERE machine_id = ${machineId} AND generation = ${generation} AND event = 'installation_progressed'
    LIMIT ${progressEntries}`.execute(tx);
  return rows.length < progressEntries;
}
