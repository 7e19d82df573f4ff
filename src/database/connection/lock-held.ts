import type pg from "pg";

/** The connection that holds an awaited lock. */
export interface LockHolder {
  /** The pid of its server process, as in pg_stat_activity. */
  pid: number;
  /** Its application_name; empty if it has none. */
  application: string;
  /** When its transaction began; absent without permission to see it. */
  since?: Date;
}

const holders = new WeakMap<pg.ClientBase, LockHolder>();

/** Remembers the holder of the lock that a connection waits for. */
export function holderNote(client: pg.ClientBase, holder: LockHolder): void {
  holders.set(client, holder);
}

/** Adds the holder to the error of an unavailable lock; other errors are left unchanged. */
export function holderTell(client: pg.ClientBase, error: unknown): void {
  const holder = holders.get(client);
  if (holder !== undefined && typeof error === "object" && error !== null) {
    Object.assign(error, { holder });
    holders.delete(client);
  }
}

/** The holder of the lock, from an error; undefined if unknown. */
export function holderOf(error: unknown): LockHolder | undefined {
  return typeof error === "object" && error !== null && "holder" in error ? (error.holder as LockHolder) : undefined;
}

/** The error text for an unavailable lock. Pure. */
export function lockedText(holder: LockHolder | undefined): string {
  if (holder === undefined) {
    return "another change holds a lock that this one needs, so nothing was done: try again";
  }
  const { pid, application, since } = holder;
  const who = application === "" ? "a program without a name" : application;
  return (
    `a lock that this change needs is held in the database by process ${pid} (${who}` +
    `${since === undefined ? "" : `, since ${since.toISOString()}`}), so nothing was done: try again when that is done, or ` +
    `end it with the SQL \`SELECT pg_terminate_backend(${pid})\``
  );
}
