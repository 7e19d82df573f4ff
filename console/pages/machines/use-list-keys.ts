import { useMemo, useState, type RefObject } from "react";
import { useShortcuts, type Shortcut } from "../../layout/shortcuts.ts";

/** What the keys of the list need. */
export interface ListKeysOptions {
  count: number;
  field: RefObject<HTMLInputElement | null>;
  onMark: (index: number, range: boolean) => void;
  onOpen: (index: number) => void;
  onClear: () => void;
  onRefresh: () => void;
}

/** Where the keyboard is in a list, and the keys that move it. */
export function useListKeys(options: ListKeysOptions): {
  current: { index: number; focus: boolean };
  setCurrent: (index: number) => void;
} {
  const { count, field, onMark, onOpen, onClear, onRefresh } = options;
  const [current, set] = useState({ index: 0, focus: false });
  const shortcuts = useMemo((): Shortcut[] => {
    const move = (step: number) => (): void =>
      set(({ index, focus }) => ({
        index: Math.max(0, Math.min(count - 1, focus ? index + step : index)),
        focus: true,
      }));
    const at = (then: (index: number) => void) => (): void => set((now) => (then(now.index), now));
    return [
      { keys: "j", words: "next row", run: move(1) },
      { keys: "k", words: "row before", run: move(-1) },
      { keys: "ArrowDown", words: "next row", run: move(1) },
      { keys: "ArrowUp", words: "row before", run: move(-1) },
      { keys: "x", words: "mark the row, or take the mark away", run: at((index) => onMark(index, false)) },
      { keys: "X", words: "mark from the row that was marked last", run: at((index) => onMark(index, true)) },
      { keys: "Enter", words: "open the row", run: at(onOpen) },
      { keys: "Escape", words: "take all marks away", run: onClear },
      { keys: "/", words: "filter", run: () => field.current?.select() },
      { keys: "r", words: "read the list again, in its order", run: onRefresh },
    ];
  }, [count, field, onMark, onOpen, onClear, onRefresh]);
  useShortcuts(shortcuts);
  return { current, setCurrent: (index) => set((now) => (now.index === index ? now : { index, focus: true })) };
}
