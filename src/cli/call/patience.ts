import type { Clock } from "../../lib/clock.ts";
import { retryDelay, type RetryDelays } from "../../lib/retry.ts";
import { CliError } from "../errors.ts";

const policy: RetryDelays = { initial: 250, maximum: 5_000, factor: 2 };

/** Milliseconds that a waiting command tolerates an unreachable control plane. */
export const patienceMilliseconds = 300_000;

/**
 * Repeats a call while the control plane is unreachable, since it may be restarting. `note` is called once when it
 * becomes unreachable and once when it answers again.
 * @throws what the call throws; `unreachable` only after five minutes
 */
export async function patiently<T>(call: () => Promise<T>, clock: Clock, note: (text: string) => void): Promise<T> {
  const deadline = clock.monotonic() + patienceMilliseconds;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await call();
      if (attempt > 0) {
        note("the control plane answers again");
      }
      return answer;
    } catch (error) {
      if (!(error instanceof CliError && error.code === "unreachable") || clock.monotonic() >= deadline) {
        throw error;
      }
      if (attempt === 0) {
        note(`${error.message}; still trying`);
      }
      await clock.sleep(retryDelay(policy, attempt));
    }
  }
}
