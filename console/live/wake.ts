/** Milliseconds between two looks at the clock; a longer pause means that the computer slept. */
const look = 5_000;

/** Calls `listener` when a new try is worthwhile at once: the network or the tab is back, or the computer woke up. */
export function wakeSubscribe(listener: () => void): () => void {
  const seen = (): void => {
    if (!document.hidden) {
      listener();
    }
  };
  let last = Date.now();
  const timer = setInterval(() => {
    const passed = Date.now() - last;
    last += passed;
    if (passed > 4 * look) {
      listener();
    }
  }, look);
  globalThis.addEventListener("online", listener);
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearInterval(timer);
    globalThis.removeEventListener("online", listener);
    document.removeEventListener("visibilitychange", seen);
  };
}
