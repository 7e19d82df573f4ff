/** One figure. */
export interface Figure {
  /** P1 … P13, or another name. */
  id: string;
  value: number;
  target?: number;
  better: "higher" | "lower";
  unit?: string;
  /** The day of the run, in UTC, and its processors. Absent until it is written into the document. */
  measured?: string;
  details: Record<string, unknown>;
}

/** Everything that this process has reported. */
export const reported: Figure[] = [];

/** Whether a figure reaches its target. */
export function isMet({ value, target, better }: Figure): boolean {
  return target === undefined || (better === "higher" ? value >= target : value <= target);
}

/** Prints a figure, as lines for people or as a JSON object on one line, and stores it. */
export function report(figure: Figure, json: boolean): void {
  reported.push(figure);
  if (json) {
    process.stdout.write(`${JSON.stringify(figure)}\n`);
    return;
  }
  const { id, value, target, better, unit = "" } = figure;
  const met = isMet(figure);
  const wanted =
    target === undefined
      ? ""
      : ` (target ${better === "higher" ? "≥" : "≤"} ${target}${unit}: ${met ? "met" : "MISSED"})`;
  process.stdout.write(`${id}: ${rounded(value)}${unit}${wanted}\n`);
  for (const [name, detail] of Object.entries(figure.details)) {
    process.stdout.write(`  ${name}: ${typeof detail === "number" ? rounded(detail) : JSON.stringify(detail)}\n`);
  }
}

/**
 * Three significant digits, without decimals for whole numbers, with commas between thousands: "0.844", "12", "9,778".
 */
export function rounded(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toPrecision(3);
}

/** The median. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
