import { hostname } from "node:os";
import { sql } from "kysely";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Database } from "./connect.ts";
import { translate } from "./errors.ts";
import type { SessionId } from "./ids.ts";
import { historyAppend } from "./history.ts";
import { transact } from "./transaction.ts";

/** A live component's lease in the database. */
export interface Session extends AsyncDisposable {
  id: SessionId;
  component: string;
  /** Aborts once the session is lost, or may be: work under it must stop. */
  lost: AbortSignal;
}

/** Seconds that a session lives without a poke. */
export const defaultLeaseSeconds = 15;

/** What a session needs. */
export interface SessionOptions {
  component: string;
  log: Logger;
  clock: Clock;
  leaseSeconds?: number;
}

/**
 * Starts a session and pokes it three times per lease. A poke that fails or hangs is only repeated. The session is lost
 * when the database says so, or when a whole lease has passed without an answer.
 * @throws {DatabaseError} `unavailable`
 */
export async function sessionStart(database: Database, options: SessionOptions): Promise<Session> {
  const lease = options.leaseSeconds ?? defaultLeaseSeconds;
  const begun = options.clock.monotonic();
  const { session_id: id } = await database.kysely
    .insertInto("sessions")
    .values({
      session_component: options.component,
      session_runtime_info: `${hostname()} ${process.pid}`,
      session_interval_seconds: lease,
      session_deadline: sql<Date>`now() + make_interval(secs => ${lease})`,
    })
    .returning("session_id")
    .executeTakeFirstOrThrow()
    .catch((error: unknown) => Promise.reject(translate(error)));
  const lost = new AbortController();
  const ended = new AbortController();
  const poking = pokeUntilEnded(database, { ...options, id, lease, begun, lost, ended: ended.signal });
  return {
    id,
    component: options.component,
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await poking;
      lost.abort(new Error(`session ${id} was ended`));
      await sessionEnd(database, id, options).catch((error: unknown) => {
        // The database is unreachable: the session expires by itself, and the janitor deletes it.
        options.log.warn(
          { session: id, error: describeError(error) },
          "the session could not be ended; it will expire",
        );
      });
    },
  };
}

interface Poking extends SessionOptions {
  id: SessionId;
  lease: number;
  begun: number;
  lost: AbortController;
  ended: AbortSignal;
}

async function pokeUntilEnded(database: Database, poking: Poking): Promise<void> {
  const { clock, log, id, lease, lost, ended } = poking;
  const third = (lease * 1000) / 3;
  // Measured from before the poke was sent, so the database's deadline is never earlier.
  let lastPoke = poking.begun;
  let next = poking.begun + third;
  while (!ended.aborted) {
    const wait = Math.min(next, lastPoke + lease * 1000) - clock.monotonic();
    await clock.sleep(Math.max(0, wait), ended).catch(() => undefined);
    if (ended.aborted) {
      return;
    }
    const sent = clock.monotonic();
    const left = lease * 1000 - (sent - lastPoke);
    const answer = left <= 0 ? "unknown" : await pokeWithin(database, poking, Math.min(third, left));
    // After a failure the next poke follows soon: there are at least ten before the lease is over.
    next = sent + (answer === "alive" ? third : third / 5);
    if (answer === "alive") {
      lastPoke = sent;
    } else if (sessionIsLost(answer, clock.monotonic() - lastPoke, lease)) {
      log.error({ session: id, answer }, "the session is lost; its work is dropped");
      lost.abort(new Error(`session ${id} is lost`));
      return;
    }
  }
}

/**
 * A poke that hangs must neither outlive the lease unnoticed nor block the next poke, which uses another connection.
 */
function pokeWithin(database: Database, poking: Poking, milliseconds: number): Promise<"alive" | "gone" | "unknown"> {
  const { clock, log, id, ended } = poking;
  return Promise.race([
    sessionPoke(database, id).catch((error: unknown) => {
      log.warn({ session: id, error: describeError(error) }, "the session's poke failed; trying again");
      return "unknown" as const;
    }),
    clock.sleep(milliseconds, ended).then(
      () => "unknown" as const,
      () => "unknown" as const,
    ),
  ]);
}

/**
 * Whether a session must be given up: the database said that it is gone, or no poke was answered for a whole lease.
 * `sincePoke` is milliseconds since the last answered poke; the lease is in seconds. Pure.
 */
export function sessionIsLost(answer: "gone" | "unknown", sincePoke: number, lease: number): boolean {
  return answer === "gone" || sincePoke >= lease * 1000;
}

/**
 * Moves the deadline unless it has passed: a poke never revives an expired session, even if it expired while the poke
 * waited for its row. Hence clock_timestamp(), which advances while a statement waits.
 */
export async function sessionPoke(database: Database, id: SessionId): Promise<"alive" | "gone"> {
  const { rows } = await sql`
    UPDATE sessions SET session_deadline = now() + make_interval(secs => session_interval_seconds)
    WHERE session_id = ${id} AND session_deadline > clock_timestamp() RETURNING session_id`.execute(database.kysely);
  return rows.length === 1 ? "alive" : "gone";
}

/** Deletes a session that ends normally, and frees its work. */
async function sessionEnd(database: Database, id: SessionId, options: SessionOptions): Promise<void> {
  await transact(database, null, async (tx) => {
    // Locks the session before its work, as everywhere.
    await tx.selectFrom("sessions").select("session_id").where("session_id", "=", id).forUpdate().execute();
    const held = await tx
      .deleteFrom("work")
      .where("session_id", "=", id)
      .returning(["machine_id", "process"])
      .execute();
    await tx.deleteFrom("sessions").where("session_id", "=", id).execute();
    await historyAppend(
      tx,
      held.map((work) => ({
        machineId: work.machine_id,
        actor: { kind: "component", name: options.component },
        event: "work_cancelled",
        sessionId: id,
        process: work.process,
        detail: { cause: "the component stopped" },
      })),
    );
  });
}
