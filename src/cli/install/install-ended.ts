import type { Outcome } from "./install-outcome.ts";

/** What follows "installed": by which addresses the system reported that it came up, or why that is not waited for. Pure. */
export function succeededText({ cameUp, unasked }: Extract<Outcome, { kind: "succeeded" }>): string {
  if (cameUp !== undefined) {
    const { from, addresses } = cameUp;
    return addresses.length === 0
      ? `; it came up, reported from ${from} without its addresses`
      : `; it came up at ${addresses.join(", ")}`;
  }
  return unasked === undefined ? "" : `; ${unasked}`;
}

/** What to do about a system that did not report. Pure. */
export function silentWaysOut(title: string): string {
  return (
    `nothing is installed again by itself, and a later report still counts. Look at the machine's console, and at what is known: ` +
    `\`farrier machine explain ${title}\``
  );
}
