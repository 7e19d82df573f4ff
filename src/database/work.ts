import { sql } from "kysely";
import { backoffJittered, backoffNext, type BackoffPolicy } from "./backoff.ts";
import type { Database } from "./connect.ts";
import { candidates, eligible, type Eligibility } from "./eligibility.ts";
import { DatabaseError } from "./errors.ts";
import type { MachineId, Process } from "./ids.ts";
import { historyAppend, type HistoryEvent } from "./history.ts";
import type { Session } from "./session.ts";
import { transact, type Tx } from "./transaction.ts";

/** A machine that this session holds for a process, until it is finished, failed or cancelled, or the session is lost. */
export interface Work {
  machineId: MachineId;
  process: Process;
  /** Commits the caller's tags, gives the machine back and clears its backoff. On an error nothing of it happened. */
  finish(tags?: (tx: Tx) => Promise<void>): Promise<void>;
  /** Gives the machine back, not to be taken again before the policy's next interval has passed; commits the tags. */
  fail(policy: BackoffPolicy, cause: string, tags?: (tx: Tx) => Promise<void>): Promise<void>;
  /** Gives the machine back as if it had not been taken. */
  cancel(cause: string): Promise<void>;
}

/** Tries of a claim whose picked machines others took first. */
const claimTries = 5;

/**
 * Takes up to `limit` machines for a process, and holds them for the session.
 *
 * Two statements in one transaction: the pick locks the machines' rows and skips those that another claim has locked; the
 * insert asks the whole predicate again, in a snapshot that is newer than the locks. The lock alone asks nothing again.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function workClaim(
  database: Database,
  session: Session,
  eligibility: Eligibility,
  limit: number,
): Promise<Work[]> {
  const { process } = eligibility;
  let taken: MachineId[] = [];
  // Others may take all that was picked before it can be inserted: then there may be more to pick.
  for (let attempt = 1, picked = 1; attempt <= claimTries && picked > 0 && taken.length === 0; attempt += 1) {
    taken = await transact(database, session, async (tx) => {
      const machines = await workPick(tx, eligibility, limit);
      picked = machines.length;
      return workInsert(tx, session, eligibility, machines);
    });
  }
  return taken.map((machineId) => workOf(database, session, machineId, process));
}

/** The first half of a claim: eligible machines, locked. */
export async function workPick(tx: Tx, eligibility: Eligibility, limit: number): Promise<MachineId[]> {
  const { rows } = await sql<{ machine_id: MachineId }>`
    SELECT m.machine_id FROM ${candidates(eligibility)} AND ${eligible(eligibility)}
    LIMIT ${limit} FOR NO KEY UPDATE OF m SKIP LOCKED`.execute(tx);
  return rows.map((row) => row.machine_id);
}

/** The second half: those of them that are eligible still, held. */
export async function workInsert(
  tx: Tx,
  session: Session,
  eligibility: Eligibility,
  picked: MachineId[],
): Promise<MachineId[]> {
  if (picked.length === 0) {
    return [];
  }
  const { process } = eligibility;
  const { rows } = await sql<{ machine_id: MachineId }>`
    INSERT INTO work (machine_id, process, session_id)
    SELECT m.machine_id, ${process}, ${session.id} FROM machines m
    WHERE m.machine_id = ANY (${picked}::uuid[]) AND ${eligible(eligibility)}
    ORDER BY m.machine_id
    ON CONFLICT DO NOTHING RETURNING machine_id`.execute(tx);
  const taken = rows.map((row) => row.machine_id);
  await historyAppend(
    tx,
    taken.map((machineId) => workEntry(session, machineId, process, "work_claimed")),
  );
  return taken;
}

function workOf(database: Database, session: Session, machineId: MachineId, process: Process): Work {
  /** Ends the work in one transaction; it is over only when that has committed. */
  const end = (event: HistoryEvent, detail: () => Record<string, unknown>, action: (tx: Tx) => Promise<void>) =>
    transact(database, session, async (tx) => {
      await tx
        .selectFrom("machines")
        .select("machine_id")
        .where("machine_id", "=", machineId)
        .forNoKeyUpdate()
        .execute();
      const given = await tx
        .deleteFrom("work")
        .where("machine_id", "=", machineId)
        .where("process", "=", process)
        .where("session_id", "=", session.id)
        .returning("machine_id")
        .execute();
      if (given.length === 0) {
        throw new DatabaseError("not_found", `this session no longer holds ${process} on machine ${machineId}`);
      }
      await action(tx);
      await historyAppend(tx, [{ ...workEntry(session, machineId, process, event), detail: detail() }]);
    });

  return {
    machineId,
    process,
    finish: (tags) =>
      end(
        "work_finished",
        () => ({}),
        async (tx) => {
          await tx
            .deleteFrom("work_backoff")
            .where("machine_id", "=", machineId)
            .where("process", "=", process)
            .execute();
          await tags?.(tx);
        },
      ),
    fail: (policy, cause, tags) => {
      let interval = 0;
      return end(
        "work_failed",
        () => ({ cause, backoffSeconds: interval }),
        async (tx) => {
          interval = await backoffSet(tx, machineId, process, policy, cause);
          await tags?.(tx);
        },
      );
    },
    cancel: (cause) =>
      end(
        "work_cancelled",
        () => ({ cause }),
        () => Promise.resolve(),
      ),
  };
}

function workEntry(session: Session, machineId: MachineId, process: Process, event: HistoryEvent) {
  return {
    machineId,
    process,
    event,
    sessionId: session.id,
    actor: { kind: "component", name: session.component } as const,
  };
}

/** Moves a machine's "not before" one step on; returns the interval in seconds. */
async function backoffSet(
  tx: Tx,
  machineId: MachineId,
  process: Process,
  policy: BackoffPolicy,
  cause: string,
): Promise<number> {
  const before = await tx
    .selectFrom("work_backoff")
    .select("last_interval_seconds")
    .where("machine_id", "=", machineId)
    .where("process", "=", process)
    .executeTakeFirst();
  const interval = backoffNext(policy, before === undefined ? undefined : Number(before.last_interval_seconds));
  const row = {
    backoff_until: sql<Date>`now() + make_interval(secs => ${backoffJittered(interval)})`,
    last_interval_seconds: BigInt(interval),
    cause,
  };
  await tx
    .insertInto("work_backoff")
    .values({ machine_id: machineId, process, ...row })
    .onConflict((conflict) => conflict.columns(["machine_id", "process"]).doUpdateSet(row))
    .execute();
  return interval;
}
