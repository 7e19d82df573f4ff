import type { Clock } from "../lib/clock.ts";

/** The database's time, between two times that it was asked. */
export interface DatabaseTime {
  /** In seconds since 1970; 0 before it was known. */
  now(): number;
  /** What the database has just said. */
  set(seconds: number): void;
}

/** Starts without a time. */
export function databaseTimeFollow(clock: Pick<Clock, "monotonic">): DatabaseTime {
  let known: { seconds: number; at: number } | undefined;
  return {
    now: () => (known === undefined ? 0 : known.seconds + (clock.monotonic() - known.at) / 1000),
    set: (seconds) => {
      known = { seconds, at: clock.monotonic() };
    },
  };
}
