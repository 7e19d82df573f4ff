import { printable } from "../../lib/format/printable.ts";

/** What separates columns. */
const gap = "  ";

/** A column's title, and how it gives way where lines are too long. */
export interface Column {
  title: string;
  /** Never cut: half a time or id says nothing. */
  whole?: boolean;
  /** Cut before all others are. */
  spare?: boolean;
  /** Of the last column: never cut, but goes on in further lines. */
  wrapped?: boolean;
}

/** How a table is printed. */
export interface TableOptions {
  /** Characters of a line; undefined = as wide as it gets. */
  width?: number | undefined;
  /** What makes a cell stand out; it may add nothing that takes room. Only for a terminal. */
  paint?: ((text: string, title: string) => string) | undefined;
}

/** A table of lines no wider than the terminal: the widest columns are cut to fit, save those that must not be. */
export function table(
  header: readonly (string | Column)[],
  rows: readonly (readonly string[])[],
  { width, paint = (text) => text }: TableOptions = {},
): string {
  const columns = header.map((column): Column => (typeof column === "string" ? { title: column } : column));
  const titles = columns.map(({ title }) => title);
  const cells = [titles, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const wrapped = columns.at(-1)?.wrapped === true ? columns.length - 1 : undefined;
  if (width !== undefined) {
    const room = width - gap.length * (widths.length - 1);
    if (wrapped !== undefined) {
      widths[wrapped] = wrappedWidth(widths.slice(0, -1), widths[wrapped] ?? 0, room, columns);
    }
    const kept = (column: number): boolean => columns[column]?.whole === true || column === wrapped;
    shrink(widths, room, (column) => kept(column) || columns[column]?.spare !== true);
    shrink(widths, room, kept);
  }
  const lines = cells.flatMap((row, index) => {
    const parts = row.map((cell, column) => {
      const columnWidth = widths[column] ?? 0;
      return column === wrapped ? wrap(cell, columnWidth) : [cut(cell, columnWidth)];
    });
    const height = Math.max(1, ...parts.map((part) => part.length));
    return Array.from({ length: height }, (_, line) =>
      parts.map((part, column) => padded(part[line] ?? "", column, index === 0 ? undefined : titles[column])).join(gap),
    );
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join("");

  function padded(text: string, column: number, title: string | undefined): string {
    const blank = " ".repeat(Math.max(0, (widths[column] ?? 0) - text.length));
    const shown = text === "" ? "" : paint(text, title ?? "");
    // Blanks after the last column would be left standing behind colours.
    return column === columns.length - 1 ? shown : shown + blank;
  }
}

/** Below this a column tells nothing any more. */
const narrowest = 6;
/** Below this a text in several lines is hard to read. */
const narrowestText = 24;

/** What the other columns leave to a column that may go on in further lines. */
function wrappedWidth(others: readonly number[], wanted: number, room: number, columns: readonly Column[]): number {
  const left = room - others.reduce((sum, width) => sum + width, 0);
  const least = others.reduce(
    (sum, width, column) => sum + (columns[column]?.whole === true ? width : Math.min(width, narrowest)),
    0,
  );
  return Math.min(wanted, Math.max(left, Math.min(narrowestText, room - least), narrowest));
}

function shrink(widths: number[], room: number, kept: (column: number) => boolean): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...widths.filter((_, column) => !kept(column)));
    if (widest <= narrowest) {
      return;
    }
    widths[widths.findIndex((width, column) => width === widest && !kept(column))] = widest - 1;
    excess -= 1;
  }
}

/** Lines of a text, no longer than that: broken at blanks where there are some, else wherever the line ends. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(" ", width);
    const next = rest.indexOf(" ", blank + 1);
    const word = (next === -1 ? rest.length : next) - blank - 1;
    // A word that has no room on a line of its own either goes on here.
    const end = blank > 0 && (blank > width / 2 || word <= width) ? blank : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  lines.push(rest);
  return lines;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
}
