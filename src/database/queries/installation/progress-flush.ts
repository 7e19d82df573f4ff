import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import type { ProgressEntry } from "./progress.ts";
import { progressRate } from "./progress-rate.ts";
import { transact } from "../../transaction.ts";

/**
 * Writes byte counts of many machines in one statement, sorted by machine. If the recorded generation, run or phase
 * differs from the entry's, nothing is written.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function progressFlush(
  database: Database,
  session: Parameters<typeof transact>[1],
  entries: readonly ProgressEntry[],
): Promise<void> {
  const sorted = entries.toSorted((a, b) => (a.machineId < b.machineId ? -1 : 1));
  await transact(database, session, async (tx) => {
    // The writer's row before its progress, the same order as when a phase is recorded.
    await sql`
      WITH input AS MATERIALIZED (
        SELECT * FROM unnest(
          ${sorted.map((entry) => entry.machineId)}::uuid[], ${sorted.map((entry) => entry.generation)}::bigint[],
          ${sorted.map((entry) => Buffer.from(entry.run))}::bytea[]
        ) AS i (machine_id, generation, run)
      ), locked AS MATERIALIZED (
        SELECT w.machine_id FROM input i JOIN machine_os_installation_writer w USING (machine_id, generation, run)
        ORDER BY machine_id FOR NO KEY UPDATE OF w
      )
      UPDATE machine_os_installation_writer w SET heard_at = now() FROM locked l
      WHERE w.machine_id = l.machine_id`.execute(tx);
    await sql`
      WITH input AS MATERIALIZED (
        SELECT * FROM unnest(
          ${sorted.map((entry) => entry.machineId)}::uuid[], ${sorted.map((entry) => entry.generation)}::bigint[],
          ${sorted.map((entry) => Buffer.from(entry.run))}::bytea[], ${sorted.map((entry) => entry.phase)}::text[],
          ${sorted.map((entry) => entry.bytesDone)}::bigint[], ${sorted.map((entry) => entry.bytesTotal)}::bigint[],
          ${sorted.map((entry) => entry.detail)}::text[]
        ) AS i (machine_id, generation, run, phase, bytes_done, bytes_total, detail)
      ), locked AS MATERIALIZED (
        SELECT i.* FROM input i JOIN machine_os_installation_progress p USING (machine_id, generation, run, phase)
        ORDER BY machine_id FOR NO KEY UPDATE OF p
      )
      UPDATE machine_os_installation_progress p
      SET bytes_per_second = ${progressRate(sql`l.bytes_done`)}, bytes_done = l.bytes_done, bytes_total = l.bytes_total, detail = l.detail, progressed_at = now()
      FROM locked l
      WHERE p.machine_id = l.machine_id AND p.generation = l.generation AND p.run = l.run
        AND p.phase = l.phase`.execute(tx);
  });
}
