import type { Clock } from "../../lib/clock.ts";

/** Milliseconds: the first pause, the longest pause, and the total time. */
export interface Patience {
  first: number;
  most: number;
  total: number;
  /** What each pause is multiplied by; 2 if absent. */
  factor?: number;
}

/** Yields rounds until the total time is over. The first comes at once; the pauses between rounds grow. */
export async function* rounds(clock: Clock, patience: Patience, signal: AbortSignal): AsyncGenerator<number> {
  const end = clock.monotonic() + patience.total;
  for (
    let round = 0, pause = patience.first;
    ;
    round += 1, pause = Math.min(pause * (patience.factor ?? 2), patience.most)
  ) {
    yield round;
    const left = end - clock.monotonic();
    if (left <= 0) {
      return;
    }
    await clock.sleep(Math.min(pause, left), signal);
  }
}
