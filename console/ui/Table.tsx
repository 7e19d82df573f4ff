// Plain tables: sorting and paging are the server's.
import type { ComponentProps, ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon } from "./Icon.tsx";

/** What a {@link Table} takes. */
export interface TableProps {
  /** Says what the table holds; read by screen readers, and seen where `captionShown`. */
  caption: ReactNode;
  captionShown?: boolean;
  /** All rows that there are, with those that are not drawn; "unknown" where the server has not said. */
  rows: number | "unknown";
  /** Rows of before, while the next ones are on their way. */
  stale?: boolean;
  children: ReactNode;
  className?: string;
}

/** A table that scrolls by itself where the page is too narrow. */
export function Table({ caption, captionShown, rows, stale, children, className }: TableProps): ReactElement {
  return (
    // The keyboard scrolls it where it is wider than the page.
    <div className="overflow-x-auto" tabIndex={0}>
      {/* The roles are written out, because rows that are drawn as cards on a phone would lose them. */}
      <table
        role="table"
        aria-rowcount={rows === "unknown" ? -1 : rows + 1}
        aria-busy={stale === true || undefined}
        className={classes(
          "table-cards w-full border-collapse text-left text-sm",
          stale === true && "opacity-60",
          className,
        )}
      >
        <caption className={captionShown === true ? "pb-1 text-left text-dim" : "unseen"}>{caption}</caption>
        {children}
      </table>
    </div>
  );
}

/** The row of headings. */
export function TableHead({ children }: { children: ReactNode }): ReactElement {
  return (
    <thead role="rowgroup" className="bg-surface sticky top-0 z-10">
      <tr role="row" aria-rowindex={1} className="border-b border-line-strong">
        {children}
      </tr>
    </thead>
  );
}

/** What a {@link TableHeading} takes. */
export interface TableHeadingProps {
  children: ReactNode;
  /** The order that it stands for now; undefined if the list is in another one. */
  sorted?: "ascending" | "descending" | undefined;
  /** Sorts by it; left out where the server has no such order. */
  onSort?: (() => void) | undefined;
  /** Numbers stand at the right. */
  number?: boolean;
}

/** The heading of a column. */
export function TableHeading({ children, sorted, onSort, number = false }: TableHeadingProps): ReactElement {
  const look = classes(
    "px-2 py-1.5 text-xs font-semibold whitespace-nowrap text-dim",
    number ? "text-left sm:text-right" : "text-left",
  );
  if (onSort === undefined) {
    return (
      <th role="columnheader" scope="col" className={look}>
        {children}
      </th>
    );
  }
  return (
    <th role="columnheader" scope="col" aria-sort={sorted ?? "none"} className={look}>
      <button type="button" onClick={onSort} className="inline-flex min-h-7 items-center gap-1 hover:text-text">
        {children}
        {sorted === undefined ? null : <Icon name={sorted === "ascending" ? "up" : "down"} size={12} />}
      </button>
    </th>
  );
}

/** A row. @param index its place among all rows, from 0 */
export function TableRow({
  index,
  marked,
  className,
  ...rest
}: ComponentProps<"tr"> & { index: number; marked?: boolean }): ReactElement {
  return (
    <tr
      role="row"
      {...rest}
      aria-rowindex={index + 2}
      aria-selected={marked}
      className={classes("border-b border-line hover:bg-hover", marked === true && "bg-accent-soft", className)}
    />
  );
}

/** A cell. @param label the column's heading, which stands before it where rows are cards */
export function TableCell({
  number = false,
  label,
  className,
  ...rest
}: ComponentProps<"td"> & { number?: boolean; label?: string }): ReactElement {
  return (
    <td
      role="cell"
      data-label={label}
      {...rest}
      className={classes("px-2 py-1.5 align-top", number && "sm:text-right", className)}
    />
  );
}
