/** Milliseconds before the next try, by the number of tries that have failed in a row: 1, 2, 4, 8, 15, 15 … s. Pure. */
export function nextTryAfter(failed: number): number {
  return Math.min(15_000, 1_000 * 2 ** Math.max(0, failed - 1));
}
