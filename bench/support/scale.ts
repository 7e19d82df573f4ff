/**
 * The scale of a benchmark: 1, or FARRIER_BENCH_SCALE (0.01: a hundredth of the machines, calls and seconds), which
 * only tests that a benchmark works. Its figures are then not measurements.
 * @throws {Error} if it is not a number above 0 and up to 1
 */
function scaleOf(text = process.env["FARRIER_BENCH_SCALE"]): number {
  const value = text === undefined ? 1 : Number(text);
  if (!(value > 0 && value <= 1)) {
    throw new Error(`FARRIER_BENCH_SCALE is ${JSON.stringify(text)}: expected a number above 0 and up to 1`);
  }
  return value;
}

/** The scale of this run, above 0 and up to 1. */
export const scale: number = scaleOf();

/** A size at this run's scale: a whole number, at least `least`. */
export function scaled(full: number, least: number): number {
  return Math.max(Math.min(full, least), Math.round(full * scale));
}
