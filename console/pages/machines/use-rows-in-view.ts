import { useCallback, useRef, useSyncExternalStore, type RefObject } from "react";
import { firstPageDrawn } from "../../layout/page-drawn.ts";

/** Rows that are drawn beyond those that are seen, on each side. */
const beyond = 12;

/** The rows to draw of a list whose rows all have the same height; ends before `end`. */
export interface RowsInView {
  begin: number;
  end: number;
}

/** Which rows of `count` stand in a part of the list, and `more` on each side. Pure. */
export function rowsInView(top: number, seen: number, height: number, count: number, more = beyond): RowsInView {
  const begin = Math.max(0, Math.floor(top / height) - more);
  return { begin: Math.min(begin, count), end: Math.min(count, Math.ceil((top + seen) / height) + more) };
}

/** The rows that are in view of a place that scrolls; draws anew only when others come into view. */
export function useRowsInView(place: RefObject<HTMLElement | null>, height: number, count: number): RowsInView {
  // The first drawing has what is seen and no more, so that it is there sooner.
  const drawn = useRef(false);
  const subscribe = useCallback(
    (listener: () => void) => {
      const element = place.current;
      if (element === null) {
        return () => undefined;
      }
      const observer = new ResizeObserver(listener);
      observer.observe(element);
      const ending = new AbortController();
      void firstPageDrawn().then(() => {
        drawn.current = true;
        return ending.signal.aborted ? undefined : listener();
      });
      element.addEventListener("scroll", listener, { passive: true });
      return () => {
        ending.abort();
        observer.disconnect();
        element.removeEventListener("scroll", listener);
      };
    },
    [place],
  );
  const [begin = 0, end = 0] = useSyncExternalStore(subscribe, () => {
    const element = place.current;
    // Before it is there: as high as the window, so that the first drawing has all rows that are seen.
    const more = drawn.current ? beyond : 0;
    const view = rowsInView(element?.scrollTop ?? 0, element?.clientHeight ?? innerHeight, height, count, more);
    // A text, because it is compared: steps of a few rows, so that not every one draws anew.
    return `${Math.floor(view.begin / 4) * 4} ${Math.min(count, Math.ceil(view.end / 4) * 4)}`;
  })
    .split(" ")
    .map(Number);
  return { begin, end };
}

/** Scrolls as little as needed to show a row wholly, below a head of `head` pixels. */
export function rowShow(element: HTMLElement, index: number, height: number, head: number): void {
  const top = index * height;
  if (top < element.scrollTop) {
    element.scrollTop = top;
  } else if (top + height + head > element.scrollTop + element.clientHeight) {
    element.scrollTop = top + height + head - element.clientHeight;
  }
}
