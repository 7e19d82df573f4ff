import { inspect } from "node:util";

/**
 * Polls `check` until it gives something true, and returns that. Tests wait for states with this, never for a time:
 * only what hangs takes as long as `timeoutMs`.
 * An error that `check` throws counts as "not yet".
 * @throws what was waited for, and the last value or error seen
 */
export async function waitFor<Value>(
  description: string,
  check: () => Value | Promise<Value>,
  { timeoutMs = 60_000, intervalMs = 5 }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<Exclude<Value, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
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
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  throw new Error(`waited ${timeoutMs} ms for ${description}; last seen: ${last}`, { cause });
}
