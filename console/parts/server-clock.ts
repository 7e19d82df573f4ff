// The server's time, by which all ages are counted: the browser's clock may be a year off.
import { useSyncExternalStore } from "react";

let heard: { at: number; monotonic: number } | undefined;
let second = 0;
let held: { now: Date | undefined; monotonic: number } = { now: undefined, monotonic: -Infinity };
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/**
 * Notes the server's time, as an answer has just given it. An earlier time than what is known by now came with an answer
 * that took longer, and is left out, unless the two are more than a minute apart, as after the server's clock was set.
 */
export function serverTimeHeard(at: Date): void {
  const known = serverNow();
  if (known === undefined || at.getTime() > known.getTime() || known.getTime() - at.getTime() > 60_000) {
    heard = { at: at.getTime(), monotonic: performance.now() };
    tell();
  }
}

/** The server's time now; undefined as long as no answer has said it. */
export function serverNow(): Date | undefined {
  return heard === undefined ? undefined : new Date(heard.at + performance.now() - heard.monotonic);
}

/** The server's time, to the second: draws anew each second while the page is seen. */
export function useServerNow(): Date | undefined {
  useSyncExternalStore(subscribe, secondRead, secondRead);
  return serverNow();
}

/** What `words` says of the server's time now: draws anew only where it says something else than before. */
export function useServerWords(words: (now: Date | undefined) => string): string {
  const read = (): string => words(secondNow());
  return useSyncExternalStore(subscribe, read, read);
}

/** The server's time, which stays the same for a second: what is drawn together says the same. */
function secondNow(): Date | undefined {
  const monotonic = performance.now();
  if (monotonic - held.monotonic >= 1_000) {
    held = { now: serverNow(), monotonic };
  }
  return held.now;
}

function secondRead(): number {
  return second;
}

function tell(): void {
  second += 1;
  held = { now: serverNow(), monotonic: performance.now() };
  for (const listener of listeners) {
    listener();
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // One timer for all ages on the page; a hidden page draws nothing.
  timer ??= setInterval(() => (document.hidden ? undefined : tell()), 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
