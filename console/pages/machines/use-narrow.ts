import { useSyncExternalStore } from "react";

const narrow = globalThis.matchMedia("(width < 40rem)");

/** Whether the window is as narrow as a phone: rows of lists are cards there. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener("change", listener);
      return () => narrow.removeEventListener("change", listener);
    },
    () => narrow.matches,
  );
}
