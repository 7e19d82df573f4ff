import { useCallback, useEffect, useRef, type CSSProperties, type ReactNode } from "react";
import { Icon } from "../../ui/Icon.tsx";
import { classes } from "../../ui/classes.ts";
import type { MachineColumn } from "./columns.tsx";
import type { ListView, MachineOrder } from "./list-address.ts";
import { MachineLine } from "./MachineLine.tsx";
import type { MachineRows } from "./use-list.ts";
import { useNarrow } from "./use-narrow.ts";
import { rowShow, useRowsInView } from "./use-rows-in-view.ts";

/** What a {@link MachineTable} takes. */
export interface MachineTableProps {
  list: MachineRows;
  view: ListView;
  columns: readonly MachineColumn[];
  /** How many there are in all; undefined where it is not known. */
  total: number | undefined;
  marked: ReadonlySet<string>;
  /** Where the keyboard is, and whether it takes the focus there. */
  current: { index: number; focus: boolean };
  onMark: (index: number, range: boolean) => void;
  onMarkAll: () => void;
  onCurrent: (index: number) => void;
  onOpen: (id: string) => void;
  onSort: (order: MachineOrder, descending: boolean) => void;
}

/** Rows from the end at which the next page is read. */
const ahead = 30;

/** The list of machines: only the rows that are seen are drawn. */
export function MachineTable(props: MachineTableProps): ReactNode {
  const { list, view, columns, total, marked, current, onMark, onMarkAll, onCurrent, onOpen, onSort } = props;
  const { rows, drift, stale, more } = list;
  const place = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const height = narrow ? 88 : 36;
  const { begin, end } = useRowsInView(place, height, rows.length);
  const drawn = Array.from({ length: Math.max(0, end - begin) }, (_, offset) => begin + offset);
  // The row that has the focus stays, however far away it is.
  if (current.index < rows.length && (current.index < begin || current.index >= end)) {
    drawn.push(current.index);
  }
  useEffect(() => {
    if (current.focus && place.current !== null) {
      rowShow(place.current, current.index, height, narrow ? 0 : height);
      place.current.querySelector<HTMLElement>(`tr[data-index="${current.index}"]`)?.focus({ preventScroll: true });
    }
  }, [current, height, narrow]);
  useEffect(() => {
    if (end >= rows.length - ahead) {
      more();
    }
  }, [end, rows.length, more]);
  const noteOf = useCallback(
    (id: string) => (drift.left.has(id) ? ("left" as const) : drift.moved.has(id) ? ("moved" as const) : undefined),
    [drift],
  );
  const grid = { "--columns": `2rem ${columns.map(({ width }) => width).join(" ")}` } as CSSProperties;
  return (
    <div ref={place} className="border-line bg-surface min-h-40 grow overflow-auto rounded-md border" style={grid}>
      <table
        role="table"
        aria-rowcount={total === undefined ? -1 : total + 1}
        aria-busy={stale}
        className={classes("machine-table block", stale && "opacity-60")}
      >
        <caption className="unseen">Machines</caption>
        <thead role="rowgroup" className="bg-surface sticky top-0 z-10 block">
          <tr role="row" aria-rowindex={1} className="machine-row border-line-strong border-b text-xs">
            <th role="columnheader" scope="col" data-column="mark">
              <label className="grid size-7 place-items-center">
                <span className="unseen">Mark all that are loaded</span>
                <input
                  type="checkbox"
                  className="accent-accent size-4"
                  checked={rows.length > 0 && rows.every(({ machine }) => marked.has(machine.id))}
                  onChange={onMarkAll}
                />
              </label>
            </th>
            {columns.map(({ name, title, order }) => (
              <SortedHeading key={name} name={name} title={title} order={order} view={view} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" className="relative block" style={{ height: rows.length * height }}>
          {drawn.map((index) => {
            const row = rows[index];
            return row === undefined ? null : (
              <MachineLine
                // By its place: another list is drawn into the rows that are there, which takes half of the time.
                key={index}
                row={row}
                index={index}
                top={index * height}
                height={height}
                columns={columns}
                marked={marked.has(row.machine.id)}
                note={noteOf(row.machine.id)}
                current={index === current.index}
                onMark={onMark}
                onCurrent={onCurrent}
                onOpen={onOpen}
              />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function SortedHeading({
  name,
  title,
  order,
  view,
  onSort,
}: { name: string; title: string; order: MachineOrder | undefined } & Pick<
  MachineTableProps,
  "view" | "onSort"
>): ReactNode {
  if (order === undefined) {
    return (
      <th role="columnheader" scope="col" data-column={name} className="text-dim text-left font-semibold">
        {title}
      </th>
    );
  }
  const sorted = view.order === order;
  // The longest time in a state is the earliest time since.
  const upwards = order === "since" || order === "created" ? view.descending : !view.descending;
  return (
    <th
      role="columnheader"
      scope="col"
      data-column={name}
      aria-sort={sorted ? (upwards ? "ascending" : "descending") : "none"}
      className="text-dim text-left font-semibold"
    >
      <button
        type="button"
        className="hover:text-text inline-flex min-h-7 items-center gap-1"
        onClick={() => onSort(order, sorted ? !view.descending : false)}
      >
        {title}
        {sorted ? <Icon name={upwards ? "up" : "down"} size={12} /> : null}
      </button>
    </th>
  );
}
