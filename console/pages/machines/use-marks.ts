import { useCallback, useRef, useState } from "react";
import { markedMost } from "../../commands/selection.ts";
import type { ListRow } from "./list-query.ts";

/** Marked rows: they stay with their machines, wherever those stand. */
export interface Marks {
  /** Ids. */
  marked: ReadonlySet<string>;
  /** Marks a row or takes its mark away; a range from the row that was marked last. */
  mark: (index: number, range: boolean) => void;
  /** Marks all rows that are loaded, or takes every mark away. */
  markAll: () => void;
  clear: () => void;
}

/** Marks of the rows of a list. */
export function useMarks(rows: readonly ListRow[]): Marks {
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const last = useRef(0);
  const mark = useCallback(
    (index: number, range: boolean) => {
      const from = range ? last.current : index;
      last.current = index;
      setMarked((before) => {
        const next = new Set(before);
        const on = range || !before.has(rows[index]?.machine.id ?? "");
        for (const { machine } of rows.slice(Math.min(from, index), Math.max(from, index) + 1)) {
          if (!on) {
            next.delete(machine.id);
          } else if (next.size < markedMost) {
            next.add(machine.id);
          }
        }
        return next;
      });
    },
    [rows],
  );
  const clear = useCallback(() => setMarked(new Set()), []);
  const markAll = useCallback(
    () =>
      setMarked((before) =>
        rows.every(({ machine }) => before.has(machine.id))
          ? new Set()
          : new Set([...before, ...rows.map(({ machine }) => machine.id)].slice(0, markedMost)),
      ),
    [rows],
  );
  return { marked, mark, markAll, clear };
}
