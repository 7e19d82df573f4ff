/** A completed window. */
export interface RateWindow {
  /** The bytes received in it. */
  bytes: number;
  enough: boolean;
}

/**
 * Watches a rate over windows of waiting time: a slow disk is not the server's fault. Each call returns undefined
 * within a window, and the result at its end.
 * @param window milliseconds
 * @param least the minimum bytes for a window
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
