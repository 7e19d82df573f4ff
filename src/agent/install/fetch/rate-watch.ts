/** A window that is over. */
export interface RateWindow {
  /** What came in it. */
  bytes: number;
  enough: boolean;
}

/**
 * Watches a rate over windows of time that was spent waiting: a slow disk is no fault of the server's. The answer of each call
 * is undefined within a window, and at its end says how it was.
 * @param window milliseconds
 * @param least bytes that are enough for a window
 */
export function createRateWatch(
  window: number,
  least: number,
): (bytes: number, waited: number) => RateWindow | undefined {
  let came = 0;
  let time = 0;
  return (bytes, waited) => {
    came += bytes;
    time += waited;
    if (time < window) {
      return undefined;
    }
    const over = { bytes: came, enough: came >= least };
    came = 0;
    time = 0;
    return over;
  };
}
