import { memo, type ReactNode } from "react";
import { useLiveMachine } from "../../live/machine-store.ts";
import { classes } from "../../ui/classes.ts";
import { machineName, type MachineColumn } from "./columns.tsx";
import type { ListRow } from "./list-query.ts";

/** What a {@link MachineLine} takes. */
export interface MachineLineProps {
  row: ListRow;
  /** Its place among all, from 0. */
  index: number;
  /** Pixels from the top of the list. */
  top: number;
  height: number;
  columns: readonly MachineColumn[];
  marked: boolean;
  /** What would change by reading the list anew. */
  note: "moved" | "left" | undefined;
  /** It is where the keyboard is. */
  current: boolean;
  onMark: (index: number, range: boolean) => void;
  onCurrent: (index: number) => void;
  onOpen: (id: string) => void;
}

/** Whether a click asks for no other tab or window. */
function isPlain({
  metaKey,
  ctrlKey,
  shiftKey,
  altKey,
}: Pick<MouseEvent, "metaKey" | "ctrlKey" | "shiftKey" | "altKey">): boolean {
  return !metaKey && !ctrlKey && !shiftKey && !altKey;
}

const notes = { moved: "would stand elsewhere now", left: "no longer in this list" } as const;

/** A machine of the list. What the stream says of it is shown in place. */
export const MachineLine = memo(function MachineLine(props: MachineLineProps): ReactNode {
  const { row, index, top, height, columns, marked, note, current, onMark, onCurrent, onOpen } = props;
  const live = useLiveMachine(row.machine.id);
  const newer = live !== undefined && live.sequence > row.sequence ? live : undefined;
  const machine = newer?.machine ?? row.machine;
  const deleted = newer !== undefined && newer.machine === undefined;
  const name = machineName(machine);
  return (
    <tr
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={marked}
      tabIndex={current ? 0 : -1}
      onFocus={() => onCurrent(index)}
      onClick={(event) => {
        const pressed = (event.target as Element).closest("a, button, input, label");
        if (pressed === null || (pressed.matches("a") && isPlain(event))) {
          // In place of a whole new page.
          event.preventDefault();
          onOpen(machine.id);
        }
      }}
      style={{ transform: `translateY(${top}px)`, height }}
      className={classes(
        "machine-row border-line hover:bg-hover absolute inset-x-0 top-0 cursor-pointer border-b text-sm outline-offset-[-2px]",
        marked && "bg-accent-soft",
        (note !== undefined || deleted) && "border-l-2 border-l-warn",
        deleted && "line-through",
      )}
    >
      <td role="cell" data-column="mark">
        <label className="grid size-7 place-items-center">
          <input
            type="checkbox"
            aria-label={`Mark ${name}`}
            tabIndex={-1}
            checked={marked}
            className="accent-accent size-4"
            onChange={(event) => onMark(index, (event.nativeEvent as MouseEvent).shiftKey)}
          />
        </label>
      </td>
      {columns.map((column) => (
        <td key={column.name} role="cell" data-column={column.name} className="min-w-0">
          {column.cell(machine)}
          {column.name === "name" && (note !== undefined || deleted) ? (
            <span className="text-warn block text-xs">{deleted ? "deleted" : notes[note ?? "left"]}</span>
          ) : null}
        </td>
      ))}
    </tr>
  );
});
