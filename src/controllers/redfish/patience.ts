import type { Clock } from "../../lib/clock.ts";

/** Milliseconds: the first pause, the longest one, and all together. */
export interface Patience {
  first: number;
  most: number;
  total: number;
}

/** Goes round until the time is over, with pauses that double; the first round comes at once. */
export async function* rounds(clock: Clock, patience: Patience, signal: AbortSignal): AsyncGenerator<number> {
  const end = clock.monotonic() + patience.total;
  for (let round = 0, pause = patience.first; ; round += 1, pause = Math.min(pause * 2, patience.most)) {
    yield round;
    const left = end - clock.monotonic();
    if (left <= 0) {
      return;
    }
    await clock.sleep(Math.min(pause, left), signal);
  }
}
