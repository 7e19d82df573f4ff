import { printable } from "../../lib/format/printable.ts";

/** The separator between columns. */
const gap = "  ";

/** A column's title, and how the column shrinks if lines are too long. */
export interface Column {
  title: string;
  /** Never cut, because half of it (a time, an id) is useless. */
  whole?: boolean;
  /** Cut before all other columns. */
  spare?: boolean;
  /** For the last column: wrapped into further lines instead of cut. */
  wrapped?: boolean;
}

/** How a table is printed. */
export interface TableOptions {
  /** Width of a line in characters; undefined means unlimited. */
  width?: number | undefined;
  /** Styles a cell with sequences that take no room. For terminals only. */
  paint?: ((text: string, title: string) => string) | undefined;
}

/** Lays out a table no wider than the terminal. The widest columns are cut first, except those marked `whole`. */
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
    // Trailing blanks would become visible under colours.
    return column === columns.length - 1 ? shown : shown + blank;
  }
}

/** A column narrower than this is useless. */
const narrowest = 6;
/** Wrapped text narrower than this is hard to read. */
const narrowestText = 24;

/** The width that the other columns leave for a wrapped column. */
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

/** Wraps a text into lines of at most `width`: at blanks if there are any, otherwise anywhere. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(" ", width);
    const next = rest.indexOf(" ", blank + 1);
    const word = (next === -1 ? rest.length : next) - blank - 1;
    // A word too long for any line is broken here.
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
