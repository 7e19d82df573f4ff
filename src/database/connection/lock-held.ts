import type pg from "pg";

/** Who holds a lock that is waited for. */
export interface LockHolder {
  /** Of its server process, as in pg_stat_activity. */
  pid: number;
  /** Its application_name; empty = it has none. */
  application: string;
  /** When its transaction began; absent = we may not know. */
  since?: Date;
}

const holders = new WeakMap<pg.ClientBase, LockHolder>();

/** Notes who a connection waits for. */
export function holderNote(client: pg.ClientBase, holder: LockHolder): void {
  holders.set(client, holder);
}

/** Puts the holder into the error of a lock that was not to be had, which is handed on as it is. */
export function holderTell(client: pg.ClientBase, error: unknown): void {
  const holder = holders.get(client);
  if (holder !== undefined && typeof error === "object" && error !== null) {
    Object.assign(error, { holder });
    holders.delete(client);
  }
}

/** Who held the lock, of an error; undefined = not known. */
export function holderOf(error: unknown): LockHolder | undefined {
  return typeof error === "object" && error !== null && "holder" in error ? (error.holder as LockHolder) : undefined;
}

/** What is said of a lock that was not to be had. Pure. */
export function lockedText(holder: LockHolder | undefined): string {
  if (holder === undefined) {
    return "what this is about is held by another change at this moment, so nothing was done: try again";
  }
  const { pid, application, since } = holder;
  const who = application === "" ? "a program without a name" : application;
  return (
    `what this is about is locked in the database by process ${pid} (${who}` +
    `${since === undefined ? "" : `, since ${since.toISOString()}`}), so nothing was done: try again when that is done, or ` +
    `end it with the SQL \`SELECT pg_terminate_backend(${pid})\``
  );
}
