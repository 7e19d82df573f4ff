/** What separates columns. */
const gap = "  ";

/**
 * Text from elsewhere (an agent's error, a disk's serial) made safe for a terminal: control characters would move its
 * cursor or change its settings.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === "\n" || character === "\t" ? " " : "\uFFFD",
  );
}

/** A table of lines no wider than `width` (undefined = as wide as it gets): the widest columns are cut to fit. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], width?: number): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  if (width !== undefined) {
    shrink(widths, width - gap.length * (widths.length - 1));
  }
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cut(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** Below this a column tells nothing any more. */
const narrowest = 6;

function shrink(widths: number[], room: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) {
      return;
    }
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
}
