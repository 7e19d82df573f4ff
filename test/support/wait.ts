import { inspect } from "node:util";

/**
 * Polls `check` until it gives something true, and returns that. Tests wait for states with this, never for a time:
 * only what hangs takes as long as `timeoutMs`. On a busy host waits of 50 s have come true.
 * An error that `check` throws counts as "not yet".
 * @throws what was waited for, and the last value or error seen
 */
export async function waitFor<Value>(
  description: string,
  check: () => Value | Promise<Value>,
  { timeoutMs = 120_000, intervalMs }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<Exclude<Value, false | null | undefined>> {
  const begun = performance.now();
  const deadline = begun + timeoutMs;
  let last = "nothing yet";
  let cause: unknown;
  for (;;) {
    // Once more after it: this process may have slept since it last looked.
    const over = performance.now() >= deadline;
    try {
      const value = await check();
      if (value !== false && value !== null && value !== undefined) {
        return value as Exclude<Value, false | null | undefined>;
      }
      last = inspect(value);
      cause = undefined;
    } catch (error) {
      last = inspect(error, { depth: 0 });
      cause = error;
    }
    if (over) {
      break;
    }
    const waited = performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, intervalMs ?? pollInterval(waited)));
  }
  throw new Error(`waited ${timeoutMs} ms for ${description}; last seen: ${last}`, { cause });
}

/** Short at first, so that nothing waits for a poll; then longer, because polls keep the processors from what is waited for. */
function pollInterval(waitedMs: number): number {
  return Math.min(20, Math.max(5, waitedMs / 50));
}
